//! `discover`: the host looks around, the guest says which of the answers are its device, and what
//! it says is held against the manifest before anybody reads it.
//!
//! The look comes behind the intent, because it sends; in a dry run it is only planned. What was
//! found and where was looked stands in the log with the operation.

use crate::host::Host;
use crate::job::Job;
use crate::request::{Action, Planned, Request};
use crate::run::block_on;
use crate::wish::{Seen, Wishes};
use if_broker::discover::{self, Looked, Subnet, Surroundings as Around};
use if_core::{Code, EventSink, Mode, Problem, Word};
use if_manifest::model::{Discover, Predicate};
use if_registry::Loaded;
use if_runtime::Call;
use if_witness::Traffic;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Most instances that are shown: more are a network of impostors.
const INSTANCES_MAX: usize = 64;

/// Where to look; decided before the operation begins, used after.
pub(crate) type Surroundings = Around;

impl Host {
    /// This machine's networks, narrowed as the operator said. Nothing unless this is a discovery.
    pub(crate) fn surroundings(&self, request: &Request) -> Result<Option<Surroundings>, Problem> {
        let Action::Discover { networks } = &request.action else { return Ok(None) };
        let usage = |text: String| {
            let hint = format!("ifctl {} discover --network 192.168.1.0/24", request.provider);
            Problem::new(Code::Usage, text).hint(hint)
        };
        let parsed: Result<Vec<Subnet>, _> = networks.iter().map(|text| text.parse()).collect();
        let around = Around::of_this_machine(parsed.map_err(usage)?).map_err(|error| {
            let text = "this machine does not tell its networks";
            Problem::new(Code::Bug, text).because(error.to_string())
        })?;
        if around.networks.is_empty() && !networks.is_empty() {
            let text = format!("{}: none of this machine's private networks", networks.join(", "));
            return Err(usage(text));
        }
        Ok(Some(around))
    }

    /// Looks and hands what was found to the guest. False when the operator stopped it.
    pub(crate) fn look_around(
        &self,
        around: &Surroundings,
        loaded: &Loaded,
        job: &Job<'_>,
        call: &mut Call,
        wishes: &mut Wishes,
    ) -> Result<bool, Problem> {
        let what = &loaded.manifest.discover;
        let looked = match job.mode {
            Mode::DryRun => {
                also(wishes, plan(what, around), Vec::new());
                Looked { complete: true, ..Looked::default() }
            }
            Mode::Live => match look(what, around, job.deadline_ms)? {
                None => return Ok(false),
                Some(looked) => looked,
            },
        };
        if job.mode == Mode::Live {
            also(wishes, Vec::new(), traffic(&looked));
            let evidence = evidence(around, &looked).to_string();
            // Its size is bounded by the bounds of a look.
            let _ = wishes.events.attach("looked", &evidence);
        }
        call.facts.settings = json!({ "candidates": looked.candidates }).to_string();
        Ok(true)
    }

    /// What the guest named, as far as it makes sense, and a line for each entry that does not.
    pub(crate) fn named(&self, predicate: &Predicate, found: Value) -> (Value, Vec<String>) {
        let known = self.instances(&predicate.provider).unwrap_or_default();
        let known: Vec<_> = known.into_iter().map(|it| (it.name, it.settings)).collect();
        let (rows, faults) = named(predicate, &known, found);
        (Value::Array(rows), faults)
    }
}

fn look(what: &Discover, around: &Surroundings, within_ms: u64) -> Result<Option<Looked>, Problem> {
    block_on(async {
        tokio::select! {
            looked = discover::look(what, around, Duration::from_millis(within_ms)) => Some(looked),
            _ = tokio::signal::ctrl_c() => None,
        }
    })
}

fn plan(what: &Discover, around: &Surroundings) -> Vec<Planned> {
    let row = |it: if_broker::PlannedMessage| Planned {
        endpoint: it.endpoint,
        effect: it.effect,
        summary: it.summary,
    };
    discover::plan(what, around).into_iter().map(row).collect()
}

fn traffic(looked: &Looked) -> Vec<Traffic> {
    crate::connect::traffic(&looked.traffic)
}

/// Adds to what the broker will have seen.
fn also(wishes: &mut Wishes, plan: Vec<Planned>, traffic: Vec<Traffic>) {
    let seen = std::mem::replace(&mut wishes.seen, Box::new(Seen::default));
    wishes.seen = Box::new(move || {
        let mut seen = seen();
        seen.plan.extend(plan.iter().cloned());
        seen.traffic.extend(traffic.iter().cloned());
        seen
    });
}

/// Where was looked and who answered; without the answers, which are long and nobody's business.
fn evidence(around: &Surroundings, looked: &Looked) -> Value {
    let networks: Vec<_> = around.networks.iter().map(ToString::to_string).collect();
    let candidates = looked.candidates.iter().map(|it| {
        let name: String = it.name.chars().take(64).collect();
        json!({ "name": name, "host": it.host, "port": it.port })
    });
    json!({
        "networks": networks,
        "complete": looked.complete,
        "candidates": candidates.collect::<Vec<_>>(),
    })
}

type Known = (Word, Map<String, Value>);

fn named(predicate: &Predicate, known: &[Known], found: Value) -> (Vec<Value>, Vec<String>) {
    let Value::Array(found) = found else {
        return (Vec::new(), vec!["the plugin did not answer with a list of instances".to_owned()]);
    };
    let (mut rows, mut faults, mut names) = (Vec::<Value>::new(), Vec::new(), Vec::<String>::new());
    for (index, entry) in found.iter().take(INSTANCES_MAX).enumerate() {
        let settings = match settings(predicate, entry) {
            Ok(settings) => settings,
            Err(fault) => {
                faults.push(format!("entry {} of the plugin is left out: {fault}", index + 1));
                continue;
            }
        };
        let name = free(&word(predicate, entry.get("name").and_then(Value::as_str)), &names, known);
        let same = |it: &&Known| settings.iter().all(|(key, value)| it.1.get(key) == Some(value));
        let about: String = entry
            .get("about")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .chars()
            .take(200)
            .collect();
        let configured = known.iter().find(same).map(|(name, _)| name.to_string());
        rows.push(json!({
            "name": name, "settings": settings, "about": about, "configured": configured,
        }));
        names.push(name);
    }
    (rows, faults)
}

/// Only settings that the manifest declares, each of its kind; a secret is never among them.
fn settings(predicate: &Predicate, entry: &Value) -> Result<Map<String, Value>, String> {
    let settings = entry.get("settings").and_then(Value::as_object);
    let settings = settings.filter(|it| !it.is_empty()).ok_or("it has no settings")?;
    for (name, value) in settings {
        let declared = predicate.settings.iter().find(|it| it.name.as_str() == name);
        let declared = declared.ok_or_else(|| format!("there is no setting `{name}`"))?;
        declared.kind.check(value).map_err(|fault| format!("{name}: {fault}"))?;
    }
    Ok(settings.clone())
}

/// A name that can be typed, made from whatever a device calls itself; the provider's when that is
/// nothing.
fn word(predicate: &Predicate, name: Option<&str>) -> String {
    let legal = |it: char| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '-' };
    let text: String = name.unwrap_or_default().chars().take(40).map(legal).collect();
    let text = text.trim_matches('-');
    if text.is_empty() { predicate.provider.to_string() } else { text.to_owned() }
}

/// The name, or with a number behind it when it is taken.
fn free(name: &str, taken: &[String], known: &[Known]) -> String {
    let is_taken =
        |it: &String| taken.contains(it) || known.iter().any(|(known, _)| known.as_str() == it);
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|it| !is_taken(it)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn predicate() -> Predicate {
        let setting = |name: &str, kind: Value| json!({"name": name, "summary": "s", "kind": kind});
        serde_json::from_value(json!({
            "id": "if://capability/test.mixer", "provider": "mixer", "version": "1.0.0",
            "release": 1, "kind": "provider", "world": "w", "summary": "s",
            "settings": [
                setting("host", json!({"string": {"length_max": 20}})),
                setting("port", json!({"int": {"min": 1, "max": 65535}})),
            ],
        }))
        .unwrap()
    }

    fn found(entries: Value) -> (Vec<Value>, Vec<String>) {
        let known = (Word::new("desk").unwrap(), json!({"host": "10.0.0.1", "port": 1, "x": true}));
        let Value::Object(settings) = known.1 else { panic!() };
        named(&predicate(), &[(known.0, settings)], entries)
    }

    #[test]
    fn names_can_be_typed_and_are_free() {
        let entry = |name: &str| json!({"name": name, "settings": {"host": "h"}, "about": "a"});
        let names = ["Desk", "desk", "Ünïcode Köln!", "", "--x", "a;rm -rf ~"];
        let (rows, faults) = found(names.iter().map(|name| entry(name)).collect());
        let got: Vec<_> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
        assert_eq!(got, ["desk-2", "desk-3", "n-code-k-ln", "mixer", "x", "a-rm--rf"]);
        assert!(got.iter().all(|name| Word::new(*name).is_ok()));
        assert!(faults.is_empty());
    }

    #[test]
    fn only_declared_settings_of_their_kind_are_shown() {
        for (settings, fault) in [
            (json!({"host": "h", "password": "x"}), "there is no setting `password`"),
            (json!({"host": "h", "port": 0}), "port: "),
            (json!({"host": 5}), "host: "),
            (json!({}), "it has no settings"),
            (json!("host"), "it has no settings"),
        ] {
            let (rows, faults) = found(json!([{"name": "a", "settings": settings}]));
            assert!(rows.is_empty());
            assert!(faults[0].contains(fault), "{faults:?}");
        }
        assert_eq!(found(json!({"name": "a"})).1.len(), 1);
        let many = json!(vec![json!({"name": "a", "settings": {"host": "h"}}); 200]);
        assert_eq!(found(many).0.len(), INSTANCES_MAX);
    }

    #[test]
    fn what_is_configured_already_is_said() {
        let configured = |host: &str| {
            let entry = json!([{"name": "a", "settings": {"host": host, "port": 1}}]);
            found(entry).0[0]["configured"].clone()
        };
        assert_eq!(configured("10.0.0.1"), "desk");
        assert_eq!(configured("10.0.0.2"), Value::Null);
    }
}
