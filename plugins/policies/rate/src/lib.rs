//! So many commands within a minute, an hour or a day, and no more.
//!
//! What is counted happened before: the command that is asked for is the next one. The host counts
//! every command that began after a policy like this was asked about it, whether a limit looks at
//! it or not, in steps of a few seconds. A dry run is not limited.

use if_policy::prelude::*;
use if_policy::{Command, Recent};
use std::fmt;

/// The policy `rate`.
pub struct Rate;

#[derive(Debug, Serialize, Deserialize)]
pub struct Settings {
    limits: Vec<Limit>,
}

/// As it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    per: Per,
    within: Within,
    most: i64,
    /// From which effect on it is looked at.
    #[serde(default = "from_reads_on")]
    effect: Effect,
    /// Of this provider alone.
    provider: Option<String>,
    /// Of this command alone.
    command: Option<String>,
    #[serde(default)]
    then: Then,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Per {
    Actor,
    Provider,
    Instance,
    Command,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Within {
    Minute,
    Hour,
    Day,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Then {
    #[default]
    Deny,
    Hold,
    Escalate,
}

/// Highest limit: more in a day no home has.
const MOST_MAX: i64 = 1_000_000;

/// Most limits that are named, the strictest first: a host takes 16 reasons of one policy.
const NAMED_MAX: usize = 12;

fn from_reads_on() -> Effect {
    Effect::Read
}

impl Policy for Rate {
    type Settings = Settings;

    fn about() -> About {
        let limits = "each with per: actor, provider, instance or command; within: minute, hour or \
                      day; most: 10; and effect, provider, command, then: deny, hold or escalate";
        About::new("so many commands within a minute, an hour or a day, and no more")
            .setting(list("limits", limits, json_kind()).required())
            .reason("too-often", "there were as many already as may be")
            .needs(Need::Recent)
    }

    fn validate(settings: &Settings, _: &Value) -> Vec<Issue> {
        if settings.limits.is_empty() {
            return vec![Issue::at("/limits", "has no limit")];
        }
        let limits = settings.limits.iter().enumerate();
        limits.flat_map(|(index, limit)| limit.faults(index)).collect()
    }

    fn evaluate(settings: &Settings, facts: &Facts) -> Ruling {
        let command = &facts.command;
        if command.mode == Mode::DryRun {
            return Ruling::allow();
        }
        let looked_at = settings.limits.iter().filter(|limit| limit.is_for(command));
        let reached = looked_at.filter(|limit| limit.is_reached(&facts.recent));
        let mut ruled: Vec<Ruling> = reached.map(Limit::ruling).collect();
        ruled.sort_by_key(|it| std::cmp::Reverse(it.verdict));
        ruled.into_iter().take(NAMED_MAX).fold(Ruling::allow(), Ruling::and)
    }
}

impl Limit {
    /// What its shape does not say.
    fn faults(&self, index: usize) -> Vec<Issue> {
        let most = (1..=MOST_MAX).contains(&self.most);
        let most = (!most).then(|| ("most", format!("must be 1 to {MOST_MAX}")));
        let effect = (self.effect < Effect::Read)
            .then(|| ("effect", "must be read, write or dangerous".to_owned()));
        let issue = |(field, what)| Issue::at(&format!("/limits/{index}/{field}"), what);
        most.into_iter().chain(effect).map(issue).collect()
    }

    fn is_for(&self, command: &Command) -> bool {
        command.effect >= self.effect
            && self.provider.as_ref().is_none_or(|it| *it == command.provider)
            && self.command.as_ref().is_none_or(|it| *it == command.path)
    }

    fn is_reached(&self, recent: &[Recent]) -> bool {
        let row = recent.iter().find(|row| row.seconds == self.within.seconds());
        let count = row.map_or(0, |row| match self.per {
            Per::Actor => row.actor,
            Per::Provider => row.provider,
            Per::Instance => row.instance,
            Per::Command => row.command,
        });
        // A limit below nothing is nothing.
        count >= u64::try_from(self.most).unwrap_or_default()
    }

    fn ruling(&self) -> Ruling {
        let text = format!("there were as many already as the limit allows: {self}");
        match self.then {
            Then::Deny => Ruling::deny("too-often", text),
            Then::Hold => Ruling::hold("too-often", text),
            Then::Escalate => Ruling::escalate("too-often", text),
        }
    }
}

/// `10 per actor within an hour`
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.per {
            Per::Actor => "actor",
            Per::Provider => "provider",
            Per::Instance => "instance",
            Per::Command => "command",
        };
        let within = match self.within {
            Within::Minute => "a minute",
            Within::Hour => "an hour",
            Within::Day => "a day",
        };
        write!(f, "{} per {per} within {within}", self.most)
    }
}

impl Within {
    fn seconds(self) -> u64 {
        match self {
            Within::Minute => 60,
            Within::Hour => 3_600,
            Within::Day => 86_400,
        }
    }
}

if_policy::policy!(Rate);

#[cfg(test)]
mod tests;
