//! Automations, scripts and scenes: what the operator's own Home Assistant can do by name.

use crate::entities::{domain_of, entity, list};
use crate::home::Home;
use crate::service::{invoke, on_entity};
use crate::socket::Socket;
use crate::target::Target;
use if_sdk::prelude::*;

pub fn commands() -> [Command; 9] {
    let automation = |verb: &str, service: &'static str, about: &str| {
        write(&format!("automation {verb}"), about)
            .takes(member("automation"))
            .example(&format!("ha automation {verb} myhome automation.evening"))
            .json()
            .run(move |call, id: String| {
                on_entity(call, service, &full("automation", &id)?, json!({}))
            })
    };
    [
        list("automation list", "automation", "automations"),
        automation("trigger", "automation.trigger", "run its actions now"),
        automation("enable", "automation.turn_on", "let it run by itself again"),
        automation("disable", "automation.turn_off", "keep it from running by itself"),
        list("script list", "script", "scripts"),
        script_run(),
        list("scene list", "scene", "scenes"),
        write("scene activate", "bring everything into a scene's states")
            .takes((
                member("scene"),
                decimal("transition", "seconds that lights may take")
                    .between(0.0, 300.0)
                    .optional(),
            ))
            .example("ha scene activate myhome scene.show --transition 2")
            .json()
            .run(|call, (id, transition): (String, Option<f64>)| {
                let data = transition.map_or(json!({}), |seconds| json!({ "transition": seconds }));
                on_entity(call, "scene.turn_on", &full("scene", &id)?, data)
            }),
        write("script stop", "end a script that is running")
            .takes(member("script"))
            .example("ha script stop myhome script.greet")
            .json()
            .run(|call, id: String| {
                on_entity(call, "script.turn_off", &full("script", &id)?, json!({}))
            }),
    ]
}

fn member(domain: &str) -> if_sdk::Parameter<String> {
    let about = format!("such as {domain}.evening; `{domain}.` may be left out");
    entity(&about).completes(&format!("{domain} list"), &format!("/{domain}s/*/entity"))
}

/// `evening` or `scene.evening` as the id of an entity of this domain.
pub fn full(domain: &str, id: &str) -> Result<String, Failure> {
    match domain_of(id) {
        _ if !id.contains('.') => Ok(format!("{domain}.{id}")),
        of if of == domain => Ok(id.to_owned()),
        of => Err(Failure::usage(format!("`{id}` is a {of}, no {domain}"))),
    }
}

/// Started and left alone, or waited for: a script may hold delays of minutes.
fn script_run() -> Command {
    write("script run", "start a script; --wait until it is through, for what it answers")
        .takes((
            member("script"),
            if_sdk::json("variables", "for the script, as a JSON object").or(json!({})),
            flag("wait", "wait for its end (as long as --timeout allows) and give its answer"),
        ))
        .example("ha script run myhome script.greet --variables '{\"who\": \"Ada\"}'")
        .json()
        .run(|call, (id, variables, wait): (String, Value, bool)| {
            if !variables.is_object() {
                return Err(Failure::usage("`variables` must be a JSON object"));
            }
            let id = full("script", &id)?;
            if !wait {
                let data = match variables.as_object().is_some_and(Map::is_empty) {
                    true => json!({}),
                    false => json!({ "variables": variables }),
                };
                return on_entity(call, "script.turn_on", &id, data);
            }
            waited(call, &id, variables.as_object().cloned().unwrap_or_default())
        })
}

/// Every script is a service of its own name; it may answer.
fn waited(call: &Call, id: &str, variables: Map<String, Value>) -> Outcome {
    let mut socket = Socket::open(&Home::of(call)?)?;
    crate::entities::Followed::these(&mut socket, &[id.to_owned()])?;
    let services = socket.ask("get_services", json!({}))?;
    let answers = crate::schema::Service::find(&services, id)?.answers();
    let respond = answers != crate::schema::Answers::Nothing;
    invoke(&mut socket, id, &Target::default(), &variables, respond)
}
