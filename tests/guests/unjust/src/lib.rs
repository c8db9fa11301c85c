//! A policy that does not decide as it should, in the way that its settings name.
#![allow(clippy::panic)] // crashing is one of the ways

use if_policy::{About, Compiled, Issue, Ruling, choice, serde_json};
use serde::Deserialize;
use serde_json::Value;

/// The policy `unjust`.
pub struct Unjust;

#[derive(Debug, Deserialize)]
pub struct Settings {
    how: String,
}

/// The ways; `late-issue` and `issue` are refused before it ever decides.
const WAYS: [&str; 9] =
    ["fair", "panic", "loop", "eat", "error", "undeclared", "mute", "greedy", "issue"];

impl Compiled for Unjust {
    type Settings = Settings;

    fn about() -> About {
        About::new("does not decide as it should")
            .setting(choice("how", "in which way", &WAYS).or("fair"))
            .reason("unfair", "it does not want to")
    }

    fn validate(settings: &Settings, catalog: &Value) -> Vec<Issue> {
        let known = catalog.get("providers").and_then(Value::as_array).map_or(0, Vec::len);
        match settings.how.as_str() {
            "issue" => vec![Issue::at("/how", format!("of {known} providers none is fair"))],
            _ => Vec::new(),
        }
    }

    fn prepare(settings: Settings) -> Result<Vec<u8>, Vec<Issue>> {
        Ok(settings.how.into_bytes())
    }

    fn evaluate(prepared: &[u8], _: &str) -> Result<Ruling, String> {
        match prepared {
            b"panic" => panic!("no decision today"),
            b"loop" => loop {
                std::hint::spin_loop();
            },
            b"eat" => {
                let mut eaten: Vec<Vec<u8>> = Vec::new();
                loop {
                    eaten.push(vec![1; 1 << 20]);
                    std::hint::black_box(&eaten);
                }
            }
            b"error" => Err("it cannot decide".to_owned()),
            b"undeclared" => Ok(Ruling::deny("because", "a reason that nobody was told of")),
            b"mute" => {
                let mut ruling = Ruling::deny("unfair", "");
                ruling.reasons.clear();
                Ok(ruling)
            }
            b"greedy" => Ok(Ruling::hold("unfair", "everybody must approve").by(1_000)),
            _ => Ok(Ruling::allow()),
        }
    }
}

if_policy::policy!(Unjust);
