//! Whoever does not do a thing well enough does not do it: a swarm's score in the capability that a
//! command needs, times its reputation, reaches a threshold.
//!
//! Which capability that is, the claim `task` says, else the operator's rules. Nobody checks
//! claims, so a caller can name what it is good at instead of what it does: this keeps work from
//! those who would do it badly, not from those who lie. Scores and reputation are the host's.

use if_policy::Command;
use if_policy::prelude::*;

/// The policy `capability-match`.
pub struct CapabilityMatch;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    rules: Vec<Rule>,
    threshold: f64,
    without_swarm: Answer,
    below: Answer,
}

/// Which commands need what; the first that fits counts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    provider: Option<String>,
    command: Option<String>,
    /// `video.encode`
    capability: String,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Allow,
    Hold,
    Escalate,
    Deny,
}

impl Policy for CapabilityMatch {
    type Settings = Settings;

    fn about() -> About {
        let rules = "each with capability: video.encode, and provider, command it is needed for";
        let threshold = "the least that score times reputation must be";
        let below = choice("below", "what becomes of less", &["deny", "hold", "escalate"]);
        let without = "what becomes of a caller without a swarm";
        About::new("a swarm is good enough at what a command needs")
            .setting(list("rules", rules, json_kind()).or(Vec::<Value>::new()))
            .setting(decimal("threshold", threshold, 0.0, 1.0).or(0.7))
            .setting(choice("without-swarm", without, &["allow", "hold", "deny"]).or("allow"))
            .setting(below.or("deny"))
            .reason("no-swarm", "the caller belongs to no swarm, whose capabilities are known")
            .reason("not-capable", "the swarm is not good enough at it")
            .needs(Need::Capabilities)
    }

    fn validate(settings: &Settings, _: &Value) -> Vec<Issue> {
        let wrong = settings.rules.iter().enumerate();
        let wrong = wrong.filter(|(_, rule)| !is_capability(&rule.capability));
        let issue = |(index, rule): (usize, &Rule)| {
            let what =
                format!("`{}` must be words with dots between: video.encode", rule.capability);
            Issue::at(&format!("/rules/{index}/capability"), what)
        };
        wrong.map(issue).collect()
    }

    fn evaluate(settings: &Settings, facts: &Facts) -> Ruling {
        let Some(needed) = needed(settings, facts) else { return Ruling::allow() };
        let Some(swarm) = &facts.swarm else {
            let text = format!("it needs `{needed}`, and its caller belongs to no swarm");
            return settings.without_swarm.ruling("no-swarm", text);
        };
        let (score, reputation) = (best(needed, facts), facts.reputation.unwrap_or(1.0));
        let threshold = settings.threshold;
        if score * reputation >= threshold {
            return Ruling::allow();
        }
        let text = format!(
            "it needs `{needed}` at {threshold}; `{swarm}` has a score of {score} and a reputation \
             of {reputation}, together {:.3}",
            score * reputation
        );
        settings.below.ruling("not-capable", text)
    }
}

impl Answer {
    fn ruling(self, code: &str, text: String) -> Ruling {
        match self {
            Answer::Allow => Ruling::allow().because(code, text),
            Answer::Hold => Ruling::hold(code, text),
            Answer::Escalate => Ruling::escalate(code, text),
            Answer::Deny => Ruling::deny(code, text),
        }
    }
}

impl Rule {
    fn is_for(&self, command: &Command) -> bool {
        self.provider.as_ref().is_none_or(|it| *it == command.provider)
            && self.command.as_ref().is_none_or(|it| *it == command.path)
    }
}

/// The capability that it takes, if any.
fn needed<'a>(settings: &'a Settings, facts: &'a Facts) -> Option<&'a str> {
    let ruled = || settings.rules.iter().find(|rule| rule.is_for(&facts.command));
    match facts.claims.get("task") {
        Some(Value::String(task)) => Some(task),
        _ => ruled().map(|rule| rule.capability.as_str()),
    }
}

/// The highest score that covers it; none is 0.
fn best(needed: &str, facts: &Facts) -> f64 {
    let covering = facts.capabilities.iter().filter(|it| covers(&it.name, needed));
    covering.map(|it| it.score).fold(0.0, f64::max)
}

/// `video` covers `video` and `video.encode`, not `videos`.
fn covers(had: &str, needed: &str) -> bool {
    let rest = needed.strip_prefix(had);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.') && !had.is_empty())
}

/// Words with dots between them.
fn is_capability(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.split('.').all(|word| !word.is_empty() && word.bytes().all(legal))
}

if_policy::policy!(CapabilityMatch);

#[cfg(test)]
mod tests;
