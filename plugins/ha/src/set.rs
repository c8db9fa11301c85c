//! `set`: the state a person wants, made by the service of the entity's domain.
//!
//! `POST /api/states` changes only Home Assistant's stored copy, not the device, so it is used only
//! where `--state-only` says so. What opens, unlocks or sounds is `dangerous` in the signed table
//! and has to be called by its own name: `set` is a `write`, and the host holds it to that.

use crate::effects;
use crate::entities::{Followed, domain_of, entity};
use crate::home::Home;
use crate::service::call_service;
use crate::socket::Socket;
use crate::states::State;
use crate::target::Target;
use if_sdk::prelude::*;

/// A service with its data.
#[derive(Debug, PartialEq)]
struct Step {
    service: String,
    data: Map<String, Value>,
}

/// What a person wants.
#[derive(Debug, Default)]
struct Wish {
    state: Option<String>,
    brightness: Option<i64>,
    temperature: Option<f64>,
    data: Map<String, Value>,
}

pub fn command() -> Command {
    write("set", "bring an entity into a state, through the service of its device")
        .takes((
            entity("such as light.kitchen"),
            text("state", "on, off, toggle, heat, 42, an option, …").positional().optional(),
            int("brightness", "of a light").between(0, 255).optional(),
            decimal("temperature", "of a thermostat or water heater").optional(),
            if_sdk::json("data", "more fields of the service, a JSON object").or(json!({})),
            flag("state-only", "write only Home Assistant's stored copy; no device hears of it"),
        ))
        .example("ha set myhome light.kitchen on --brightness 128")
        .example("ha set myhome climate.hall --temperature 21.5")
        .example("ha set myhome input_number.level 42")
        .run(|call, (entity, state, brightness, temperature, data, state_only)| {
            let Value::Object(data) = data else {
                return Err(Failure::usage("`data` must be a JSON object"));
            };
            let wish = Wish { state, brightness, temperature, data };
            match state_only {
                true => store(call, &entity, wish),
                false => bring(call, &entity, &wish),
            }
        })
}

fn bring(call: &Call, entity: &str, wish: &Wish) -> Outcome {
    let steps = plan(domain_of(entity), wish).map_err(Failure::usage)?;
    for step in &steps {
        if effects::of_service(&step.service) == Some("dangerous") {
            return Err(Failure::usage(by_name(call, entity, step)));
        }
    }
    let mut socket = Socket::open(&Home::of(call)?)?;
    let mut followed = Followed::these(&mut socket, &[entity.to_owned()])?;
    if let Some(now) = followed.0.get(entity) {
        bounds(entity, now, &steps)?;
    }
    let target = Target::entity(entity);
    let mut services = Vec::new();
    for Step { service, data } in steps {
        call_service(&mut socket, &service, &target, &data, false)?;
        services.push(service);
    }
    let changed = !followed.changes(&mut socket)?.is_empty();
    let now = followed.0.get(entity).map(|state| state.state.clone());
    Ok(json!({ "entity": entity, "services": services, "state": now, "changed": changed }))
}

/// The line that calls a dangerous service by its name.
fn by_name(call: &Call, entity: &str, step: &Step) -> String {
    let mut line =
        format!("ifctl ha service {} {} --entity {entity}", call.facts.name, step.service);
    if !step.data.is_empty() {
        line.push_str(&format!(" --data '{}'", Value::Object(step.data.clone())));
    }
    format!("`{}` is dangerous and has to be called by its name: {line} --yes", step.service)
}

/// The stored copy alone.
fn store(call: &Call, entity: &str, wish: Wish) -> Outcome {
    let home = Home::of(call)?;
    let state = wish.state.ok_or_else(|| Failure::usage("--state-only needs a state"))?;
    let mut attributes = wish.data;
    attributes.extend(wish.brightness.map(|level| ("brightness".to_owned(), json!(level))));
    attributes.extend(wish.temperature.map(|degrees| ("temperature".to_owned(), json!(degrees))));
    let mut body = json!({ "state": state });
    if let (false, Some(body)) = (attributes.is_empty(), body.as_object_mut()) {
        body.insert("attributes".into(), Value::Object(attributes));
    }
    let request = home.request("POST", "/api/states")?.segment(entity).json(&body);
    let answer = home.object(request)?;
    Ok(json!({
        "entity": entity,
        "state": answer.at("state"),
        "stored_only": true,
    }))
}

/// The services that fulfil a wish, in order.
fn plan(domain: &str, wish: &Wish) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut data = wish.data.clone();
    let mut state = wish.state.as_deref();
    if let Some(level) = wish.brightness {
        if domain != "light" || state.is_some_and(|word| word != "on") {
            return Err("only a light that is set on has a brightness".to_owned());
        }
        data.insert("brightness".into(), json!(level));
        state = Some("on");
    }
    if let Some(word) = state {
        let (service, field) = service_for(domain, word)?;
        let mut data = data.clone();
        data.extend(field.map(|(name, value)| (name.to_owned(), value)));
        let called = called(domain);
        steps.push(Step { service: format!("{called}.{service}"), data });
    }
    if let Some(degrees) = wish.temperature {
        if !["climate", "water_heater"].contains(&domain) {
            return Err(format!("a {domain} has no temperature to set"));
        }
        let mut data = if steps.is_empty() { data } else { Map::new() };
        data.insert("temperature".into(), json!(degrees));
        steps.push(Step { service: format!("{domain}.set_temperature"), data });
    }
    match steps.is_empty() {
        true => Err("set it to what? a state, --brightness or --temperature".to_owned()),
        false => Ok(steps),
    }
}

/// A group has members of any domain.
fn called(domain: &str) -> &str {
    if domain == "group" { "homeassistant" } else { domain }
}

type Field = Option<(&'static str, Value)>;

/// The service of a domain that brings about a state, with the field that carries it.
fn service_for(domain: &str, word: &str) -> Result<(&'static str, Field), String> {
    let number: Option<f64> = word.parse().ok();
    let text = |name: &'static str| Some((name, json!(word)));
    let valued =
        |name: &'static str| Some((name, number.map_or(json!(word), |value| json!(value))));
    let found = match (domain, word, number) {
        ("input_number" | "number" | "counter", _, Some(_)) => Some(("set_value", valued("value"))),
        ("input_text" | "text", ..) => Some(("set_value", text("value"))),
        ("input_select" | "select", ..) => Some(("select_option", text("option"))),
        ("date", ..) => Some(("set_value", text("date"))),
        ("time", ..) => Some(("set_value", text("time"))),
        ("datetime", ..) => Some(("set_value", text("datetime"))),
        ("input_datetime", ..) => Some(("set_datetime", text(moment(word)))),
        ("fan", _, Some(_)) => Some(("set_percentage", valued("percentage"))),
        ("cover", _, Some(_)) => Some(("set_cover_position", valued("position"))),
        ("valve", _, Some(_)) => Some(("set_valve_position", valued("position"))),
        ("humidifier", _, Some(_)) => Some(("set_humidity", valued("humidity"))),
        ("media_player", _, Some(_)) => Some(("volume_set", valued("volume_level"))),
        ("climate", "off" | "heat" | "cool" | "heat_cool" | "auto" | "dry" | "fan_only", _) => {
            Some(("set_hvac_mode", text("hvac_mode")))
        }
        ("water_heater", word, _) if !["on", "off"].contains(&word) => {
            Some(("set_operation_mode", text("operation_mode")))
        }
        _ => WORDS
            .iter()
            .find(|(domains, words, _)| domains.contains(&domain) && words.contains(&word))
            .map(|(.., service)| (*service, None)),
    };
    found.ok_or_else(|| no_service(domain, word))
}

/// The field of `input_datetime.set_datetime` for this text.
fn moment(word: &str) -> &'static str {
    match (word.contains('-'), word.contains(':')) {
        (true, true) => "datetime",
        (true, false) => "date",
        _ => "time",
    }
}

const SWITCHED: &[&str] = &[
    "light",
    "switch",
    "fan",
    "input_boolean",
    "automation",
    "script",
    "climate",
    "media_player",
    "camera",
    "remote",
    "siren",
    "humidifier",
    "water_heater",
    "vacuum",
    "group",
];
const TOGGLED: &[&str] = &[
    "light",
    "switch",
    "fan",
    "input_boolean",
    "automation",
    "script",
    "climate",
    "media_player",
    "remote",
    "siren",
    "humidifier",
    "vacuum",
    "group",
    "cover",
    "valve",
];

/// Domains, words for a state, the service that brings it about.
const WORDS: &[(&[&str], &[&str], &str)] = &[
    (SWITCHED, &["on"], "turn_on"),
    (SWITCHED, &["off"], "turn_off"),
    (TOGGLED, &["toggle"], "toggle"),
    (&["scene"], &["on", "activate"], "turn_on"),
    (&["cover"], &["open", "opening"], "open_cover"),
    (&["cover"], &["closed", "close", "closing"], "close_cover"),
    (&["cover"], &["stop"], "stop_cover"),
    (&["valve"], &["open", "opening"], "open_valve"),
    (&["valve"], &["closed", "close", "closing"], "close_valve"),
    (&["valve"], &["stop"], "stop_valve"),
    (&["lock"], &["locked", "lock"], "lock"),
    (&["lock"], &["unlocked", "unlock"], "unlock"),
    (&["lock"], &["open"], "open"),
    (&["alarm_control_panel"], &["disarmed", "disarm"], "alarm_disarm"),
    (&["alarm_control_panel"], &["armed_home", "arm_home"], "alarm_arm_home"),
    (&["alarm_control_panel"], &["armed_away", "arm_away"], "alarm_arm_away"),
    (&["alarm_control_panel"], &["armed_night", "arm_night"], "alarm_arm_night"),
    (&["alarm_control_panel"], &["armed_vacation", "arm_vacation"], "alarm_arm_vacation"),
    (&["alarm_control_panel"], &["triggered", "trigger"], "alarm_trigger"),
    (&["media_player"], &["playing", "play"], "media_play"),
    (&["media_player"], &["paused", "pause"], "media_pause"),
    (&["media_player"], &["idle", "stop"], "media_stop"),
    (&["vacuum"], &["cleaning", "start"], "start"),
    (&["vacuum", "timer", "lawn_mower"], &["paused", "pause"], "pause"),
    (&["vacuum"], &["docked", "returning", "dock"], "return_to_base"),
    (&["lawn_mower"], &["mowing", "start"], "start_mowing"),
    (&["lawn_mower"], &["docked", "dock"], "dock"),
    (&["timer"], &["active", "start"], "start"),
    (&["timer"], &["idle", "cancel"], "cancel"),
    (&["timer"], &["finish"], "finish"),
    (&["counter"], &["reset"], "reset"),
    (&["button", "input_button"], &["press", "pressed"], "press"),
    (&["update"], &["install"], "install"),
];

/// Which words a domain knows, or that it knows none.
fn no_service(domain: &str, word: &str) -> String {
    let of_domain = WORDS.iter().filter(|(domains, ..)| domains.contains(&domain));
    let words: Vec<&str> = of_domain.filter_map(|(_, words, _)| words.first().copied()).collect();
    match words.is_empty() {
        true => format!(
            "no service sets a {domain}: it reports what it measures; --state-only writes Home \
             Assistant's stored copy, which no device hears of"
        ),
        false => format!("a {domain} is not set to `{word}`; it knows {}", words.join(", ")),
    }
}

/// Numbers against the bounds that the entity itself states, before anything is sent.
fn bounds(entity: &str, now: &State, steps: &[Step]) -> Result<(), Failure> {
    const FIELDS: &[(&str, &str, &str)] = &[
        ("value", "min", "max"),
        ("temperature", "min_temp", "max_temp"),
        ("humidity", "min_humidity", "max_humidity"),
    ];
    for (field, least, most) in FIELDS {
        let values = steps.iter().filter_map(|step| step.data.get(*field)?.as_f64());
        let bound = |name: &str| now.attributes.get(name).and_then(Value::as_f64);
        for value in values {
            let fault = match (bound(least), bound(most)) {
                (Some(least), _) if value < least => format!("at least {least}"),
                (_, Some(most)) if value > most => format!("at most {most}"),
                _ => continue,
            };
            return Err(Failure::usage(format!(
                "`{entity}`: {field} must be {fault}, not {value}"
            )));
        }
    }
    options(entity, now, steps)
}

/// An option against those that the entity states.
fn options(entity: &str, now: &State, steps: &[Step]) -> Result<(), Failure> {
    const FIELDS: &[(&str, &str)] =
        &[("option", "options"), ("hvac_mode", "hvac_modes"), ("operation_mode", "operation_list")];
    for (field, list) in FIELDS {
        let Some(known) = now.attributes.get(*list).and_then(Value::as_array) else { continue };
        let mut given = steps.iter().filter_map(|step| step.data.get(*field));
        if let Some(value) = given.find(|value| !known.contains(value)) {
            let names: Vec<&str> = known.iter().filter_map(Value::as_str).collect();
            let word = value.as_str().unwrap_or_default();
            let near = if_sdk::did_you_mean(word, names.iter().copied());
            let names = names.join(", ");
            return Err(Failure::usage(format!(
                "`{entity}` has no {field} `{word}`, only {names}{near}"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(domain: &str, wish: Wish) -> String {
        match plan(domain, &wish) {
            Ok(steps) => {
                let shown = |step: Step| format!("{} {}", step.service, Value::Object(step.data));
                steps.into_iter().map(shown).collect::<Vec<_>>().join("; ")
            }
            Err(fault) => fault,
        }
    }

    fn to(word: &str) -> Wish {
        Wish { state: Some(word.into()), ..Wish::default() }
    }

    #[test]
    fn a_state_becomes_the_service_that_brings_it_about() {
        for (domain, word, expect) in [
            ("light", "on", "light.turn_on {}"),
            ("switch", "toggle", "switch.toggle {}"),
            ("group", "off", "homeassistant.turn_off {}"),
            ("input_number", "42", "input_number.set_value {\"value\":42.0}"),
            ("input_select", "show", "input_select.select_option {\"option\":\"show\"}"),
            ("input_text", "7", "input_text.set_value {\"value\":\"7\"}"),
            (
                "input_datetime",
                "2026-01-02",
                "input_datetime.set_datetime {\"date\":\"2026-01-02\"}",
            ),
            ("input_datetime", "20:15", "input_datetime.set_datetime {\"time\":\"20:15\"}"),
            ("climate", "heat", "climate.set_hvac_mode {\"hvac_mode\":\"heat\"}"),
            ("climate", "on", "climate.turn_on {}"),
            ("fan", "30", "fan.set_percentage {\"percentage\":30.0}"),
            ("cover", "closed", "cover.close_cover {}"),
            ("cover", "50", "cover.set_cover_position {\"position\":50.0}"),
            ("media_player", "0.5", "media_player.volume_set {\"volume_level\":0.5}"),
            ("media_player", "paused", "media_player.media_pause {}"),
            ("lock", "unlocked", "lock.unlock {}"),
            ("light", "bright", "a light is not set to `bright`; it knows on, off, toggle"),
        ] {
            assert_eq!(planned(domain, to(word)), expect, "{domain} {word}");
        }
        assert!(planned("sensor", to("5")).starts_with("no service sets a sensor"));
    }

    #[test]
    fn brightness_and_temperature_go_where_they_belong() {
        let wish = Wish { brightness: Some(128), ..to("on") };
        assert_eq!(planned("light", wish), "light.turn_on {\"brightness\":128}");
        let wish = Wish { brightness: Some(128), ..Wish::default() };
        assert_eq!(planned("light", wish), "light.turn_on {\"brightness\":128}");
        let wish = Wish { brightness: Some(1), ..to("off") };
        assert!(planned("light", wish).contains("only a light that is set on"));
        let wish = Wish { brightness: Some(1), ..to("on") };
        assert!(planned("switch", wish).contains("only a light"));
        let wish = Wish { temperature: Some(21.5), ..to("heat") };
        let expect = "climate.set_hvac_mode {\"hvac_mode\":\"heat\"}; \
                      climate.set_temperature {\"temperature\":21.5}";
        assert_eq!(planned("climate", wish), expect);
        let wish = Wish { temperature: Some(21.5), ..Wish::default() };
        assert!(planned("light", wish).contains("no temperature"));
        assert!(planned("light", Wish::default()).starts_with("set it to what?"));
    }

    #[test]
    fn every_service_that_a_word_means_is_in_the_signed_table() {
        for (domains, words, _) in WORDS {
            for (domain, word) in
                domains.iter().flat_map(|domain| words.iter().map(move |word| (domain, word)))
            {
                let steps = plan(domain, &to(word)).unwrap();
                let service = &steps.first().unwrap().service;
                assert!(effects::of_service(service).is_some(), "{service}");
            }
        }
    }

    #[test]
    fn an_entity_s_own_bounds_hold() {
        let attributes = json!({ "min": 0, "max": 255, "options": ["a", "bell"] });
        let attributes = attributes.as_object().unwrap().clone();
        let now = State { state: json!("1"), attributes, changed: 0.0 };
        let fault = |domain: &str, word: &str| {
            let steps = plan(domain, &to(word)).unwrap();
            match bounds("x.y", &now, &steps) {
                Ok(()) => String::new(),
                Err(Failure::Usage(text)) => text,
                Err(other) => panic!("{other:?}"),
            }
        };
        assert_eq!(fault("input_number", "255"), "");
        assert_eq!(fault("input_number", "256"), "`x.y`: value must be at most 255, not 256");
        assert_eq!(fault("input_number", "-1"), "`x.y`: value must be at least 0, not -1");
        let expect = "`x.y` has no option `bel`, only a, bell; did you mean `bell`?";
        assert_eq!(fault("input_select", "bel"), expect);
    }
}
