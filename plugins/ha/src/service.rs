//! Calling services: any by name, and the shortcuts other commands are made of.
//!
//! Calls go over the WebSocket: only there does Home Assistant say why it refuses. Entities are
//! followed while they are called, so that the answer is what changed and not a tick.

use crate::entities::Followed;
use crate::home::Home;
use crate::schema::{self, Answers, Service};
use crate::socket::Socket;
use crate::target::Target;
use if_sdk::prelude::*;

pub fn commands() -> [Command; 3] {
    [
        call(),
        read("services", "every service of this Home Assistant")
            .takes(text("match", "only those with this in their name").optional())
            .example("ha services myhome --match light")
            .table("/services", &["service", "summary"])
            .run(list),
        read("service-help", "what a service takes: its fields, their ranges and meaning")
            .takes(name())
            .example("ha service-help myhome climate.set_temperature")
            .table("/fields", &["field", "required", "takes", "about"])
            .run(help),
    ]
}

fn name() -> if_sdk::Parameter<String> {
    let about = "such as light.turn_on";
    text("service", about).positional().completes("services", "/services/*/service")
}

fn call() -> Command {
    let options = (
        if_sdk::json("data", "its fields as a JSON object").or(json!({})),
        int("brightness", "the field of that name").between(0, 255).optional(),
        decimal("temperature", "the field of that name").optional(),
        flag("return-response", "ask for the answer of a service that may give one"),
        flag("unchecked", "leave the judgement of the data to Home Assistant"),
    );
    by_table("service", "call any service, checked against the live schema", "services", "service")
        .takes((name(), crate::target::parameters(), options))
        .example("ha service myhome light.turn_on --entity light.kitchen --brightness 128")
        .example(
            "ha service myhome weather.get_forecasts --entity weather.home --data '{\"type\": \
         \"daily\"}'",
        )
        .example("ha service myhome lock.unlock --entity lock.front_door --yes")
        .json()
        .run(|call, (name, target, (data, brightness, temperature, respond, unchecked))| {
            let Value::Object(mut data): Value = data else {
                return Err(Failure::usage("`data` must be a JSON object"));
            };
            let extra = [
                ("brightness", brightness.map(|level: i64| json!(level))),
                ("temperature", temperature.map(|degrees: f64| json!(degrees))),
            ];
            data.extend(extra.into_iter().filter_map(|(name, value)| Some((name.into(), value?))));
            let mut socket = Socket::open(&Home::of(call)?)?;
            let target = Target::resolve(&mut socket, target)?;
            named(&mut socket, &name, &target, &data, (respond, unchecked))
        })
}

/// Checks against the live schema and calls.
fn named(
    socket: &mut Socket,
    name: &str,
    target: &Target,
    data: &Map<String, Value>,
    (respond, unchecked): (bool, bool),
) -> Outcome {
    let services = socket.ask("get_services", json!({}))?;
    let service = Service::find(&services, name)?;
    if !unchecked {
        service.check(data)?;
    }
    let respond = match (service.answers(), respond) {
        (Answers::Always, _) | (Answers::WhenAsked, true) => true,
        (Answers::Nothing, true) => {
            return Err(Failure::usage(format!(
                "`{name}` gives no answer: leave out --return-response"
            )));
        }
        (_, false) => false,
    };
    invoke(socket, name, target, data, respond).map_err(|failure| service.explain(data, failure))
}

/// Calls a service and says what it changed, or what it answered.
pub fn invoke(
    socket: &mut Socket,
    name: &str,
    target: &Target,
    data: &Map<String, Value>,
    respond: bool,
) -> Outcome {
    let mut followed = Followed::these(socket, &target.entities_named(data))?;
    let mut answer = call_service(socket, name, target, data, respond)?;
    if respond {
        return Ok(json!({ "service": name, "response": answer.take_at("response") }));
    }
    Ok(json!({ "service": name, "changes": followed.changes(socket)? }))
}

/// The call alone: whoever calls this has made sure that the target exists.
pub fn call_service(
    socket: &mut Socket,
    name: &str,
    target: &Target,
    data: &Map<String, Value>,
    respond: bool,
) -> Outcome {
    let (domain, service) = schema::split(name)?;
    let mut message = json!({ "domain": domain, "service": service, "service_data": data });
    if let Some(message) = message.as_object_mut() {
        if !target.is_empty() {
            message.insert("target".into(), target.json());
        }
        if respond {
            message.insert("return_response".into(), json!(true));
        }
    }
    socket.tell("call_service", message)
}

/// One service of one entity, without further fields.
pub fn on_entity(call: &Call, name: &str, entity: &str, data: Value) -> Outcome {
    let data = data.as_object().cloned().unwrap_or_default();
    let mut socket = Socket::open(&Home::of(call)?)?;
    invoke(&mut socket, name, &Target::entity(entity), &data, false)
}

fn list(call: &Call, pattern: Option<String>) -> Outcome {
    let answer = Home::of(call)?.list_at("/api/services")?;
    let mut rows = Vec::new();
    for domain in answer.items() {
        let word = domain.at("domain").as_str().unwrap_or_default();
        for (service, about) in domain.at("services").as_object().into_iter().flatten() {
            let name = format!("{word}.{service}");
            if pattern.as_ref().is_none_or(|pattern| name.contains(pattern.as_str())) {
                rows.push(json!({ "service": name, "summary": about.at("description") }));
            }
        }
    }
    Ok(json!({ "services": rows }))
}

fn help(call: &Call, name: String) -> Outcome {
    let mut socket = Socket::open(&Home::of(call)?)?;
    let services = socket.ask("get_services", json!({}))?;
    let service = Service::find(&services, &name)?;
    let row = |(name, field): &(&str, &Value)| {
        json!({
            "field": name,
            "required": field.at("required") == true,
            "takes": schema::takes(field.at("selector")),
            "about": field.at("description"),
            "example": field.at("example"),
        })
    };
    Ok(json!({
        "service": name,
        "answers": service.answers() != Answers::Nothing,
        "fields": service.fields().iter().map(row).collect::<Vec<_>>(),
    }))
}
