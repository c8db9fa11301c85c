//! Home Assistant itself: does it run, what is it, is its configuration sound, what went wrong.

use crate::entities::domain_of;
use crate::home::Home;
use crate::service::call_service;
use crate::socket::Socket;
use crate::target::Target;
use if_sdk::prelude::*;
use std::collections::BTreeMap;

/// Lines of the log that are shown unless more are asked for.
const LOG_LINES: i64 = 100;

pub fn commands() -> [Command; 10] {
    [
        read("status", "does it run: the API's answer and the core's state")
            .example("ha status myhome")
            .run(|call, ()| {
                let home = Home::of(call)?;
                let api = home.object_at("/api/")?;
                let core = home.object_at("/api/core/state")?;
                Ok(json!({ "state": core.at("state"), "api": api.at("message") }))
            }),
        read("core state", "the core's state: RUNNING, STARTING, STOPPING …")
            .example("ha core state myhome")
            .text("/state")
            .run(|call, ()| Home::of(call)?.object_at("/api/core/state")),
        read("info", "version, place, units, and how many entities of which domain")
            .example("ha info myhome")
            .run(info),
        read("config", "the configuration that its web page knows")
            .example("ha config myhome")
            .json()
            .run(|call, ()| Home::of(call)?.object_at("/api/config")),
        read("components", "integrations that are loaded").example("ha components myhome").run(
            |call, ()| {
                let mut names = Home::of(call)?.list_at("/api/components")?;
                if let Some(names) = names.as_array_mut() {
                    names.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
                }
                Ok(json!({ "components": names }))
            },
        ),
        read("check-config", "are the files of its configuration sound: ask before a restart")
            .example("ha check-config myhome")
            .run(check_config),
        read("error-log", "the last lines of its log")
            .takes(int("lines", "how many").between(1, 100_000).or(LOG_LINES))
            .example("ha error-log myhome --lines 20")
            .text("/log")
            .run(error_log),
        read("template", "render a Jinja template against its states")
            .takes((
                text("template", "such as \"{{ states('sun.sun') }}\"").positional(),
                if_sdk::json("variables", "for the template, a JSON object").or(json!({})),
            ))
            .example("ha template myhome \"{{ states.light | count }} lights\"")
            .text("/text")
            .run(template),
        dangerous("intent", "do what a spoken sentence would: an intent by name")
            .takes((
                text("name", "such as HassTurnOn").positional(),
                if_sdk::json("data", "its slots as a JSON object").or(json!({})),
            ))
            .example("ha intent myhome HassTurnOn --data '{\"name\": \"Kitchen\"}' --yes")
            .json()
            .run(intent),
        dangerous("restart", "restart Home Assistant, after checking its configuration")
            .example("ha restart myhome --yes")
            .run(restart),
    ]
}

/// Address, token and rights, in one conversation.
pub fn check(call: &Call) -> Outcome {
    let mut socket = Socket::open(&Home::of(call)?)?;
    let config = socket.ask("get_config", json!({}))?;
    let user = socket.ask("auth/current_user", json!({}))?;
    Ok(json!({
        "version": socket.version,
        "name": config.at("location_name"),
        "state": config.at("state"),
        "user": user.at("name"),
        "administrator": user.at("is_admin"),
    }))
}

fn info(call: &Call, (): ()) -> Outcome {
    let home = Home::of(call)?;
    let config = home.object_at("/api/config")?;
    let states = home.list_at("/api/states")?;
    let mut domains: BTreeMap<&str, u64> = BTreeMap::new();
    for id in states.items().iter().filter_map(|state| state.at("entity_id").as_str()) {
        *domains.entry(domain_of(id)).or_default() += 1;
    }
    let mut info = config.pick(&[
        ("name", "location_name"),
        ("version", "version"),
        ("state", "state"),
        ("time_zone", "time_zone"),
        ("language", "language"),
        ("country", "country"),
        ("currency", "currency"),
        ("units", "unit_system"),
        ("safe_mode", "safe_mode"),
        ("recovery_mode", "recovery_mode"),
    ]);
    if let Some(info) = info.as_object_mut() {
        info.insert("components".into(), json!(config.at("components").items().len()));
        info.insert("entities".into(), json!(states.items().len()));
        info.insert("domains".into(), json!(domains));
    }
    Ok(info)
}

/// An unsound configuration fails the command: a script must not go on to restart.
fn check_config(call: &Call, (): ()) -> Outcome {
    let home = Home::of(call)?;
    sound(&home)
}

fn sound(home: &Home<'_>) -> Outcome {
    let answer = home.object(home.request("POST", "/api/config/core/check_config")?)?;
    if answer.at("result") == "valid" {
        return Ok(json!({ "result": "valid", "warnings": answer.at("warnings") }));
    }
    let errors = answer.at("errors").as_str().unwrap_or("no reason given").trim().to_owned();
    Err(Failure::refused("invalid", format!("the configuration is not sound: {errors}")))
}

fn restart(call: &Call, (): ()) -> Outcome {
    let home = Home::of(call)?;
    sound(&home)?;
    let mut socket = Socket::open(&home)?;
    let (nothing, none) = (Target::default(), Map::new());
    call_service(&mut socket, "homeassistant.restart", &nothing, &none, false)?;
    Ok(json!({ "restarting": true }))
}

fn error_log(call: &Call, lines: i64) -> Outcome {
    let home = Home::of(call)?;
    let answer = home.send(home.request("GET", "/api/error_log")?)?;
    let text = String::from_utf8_lossy(&answer.body);
    let all: Vec<&str> = text.lines().collect();
    let wanted = usize::try_from(lines).unwrap_or(usize::MAX);
    let shown = all.get(all.len().saturating_sub(wanted)..).unwrap_or_default();
    Ok(json!({ "lines": shown.len(), "log": shown.join("\n") }))
}

fn template(call: &Call, (template, variables): (String, Value)) -> Outcome {
    let home = Home::of(call)?;
    let body = json!({ "template": template, "variables": variables });
    let answer = home.send(home.request("POST", "/api/template")?.json(&body))?;
    Ok(json!({ "text": answer.text()? }))
}

fn intent(call: &Call, (name, data): (String, Value)) -> Outcome {
    let home = Home::of(call)?;
    let body = json!({ "name": name, "data": data });
    home.object(home.request("POST", "/api/intent/handle")?.json(&body))
}
