//! Which calls go out: over an encrypted line, to listed destinations, not too many at once.
//!
//! Whoever pays for calls is robbed by calls to dear numbers. So a list is only as good as the
//! reading of a destination: what is not plainly readable, or could mean a listed number in another
//! spelling, passes no list. That includes numbers without a country code.

mod destination;

use destination::{Destination, Pattern};
use if_policy::Command;
use if_policy::prelude::*;

/// The policy `sip-admission`.
pub struct SipAdmission;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    tls: bool,
    allow: Vec<String>,
    deny: Vec<String>,
    per_minute: u32,
    providers: Vec<String>,
}

/// The port of SIP over TLS, where an instance names no transport: RFC 3261, 19.1.2.
const PORT_TLS: u64 = 5061;

const MINUTE_SECONDS: u64 = 60;

impl Policy for SipAdmission {
    type Settings = Settings;

    fn about() -> About {
        let none = Vec::<Value>::new;
        let allow =
            "destinations that may be called: +3120*, sip:*@example.com; all without a list";
        let deny = "destinations that may not be called, whatever `allow` says";
        let per_minute = "most commands within a minute on one instance";
        let providers = "providers that it is for, beside those of the category sip";
        About::new("calls go over TLS, to listed destinations, and not too many at once")
            .setting(flag("tls", "the instance must use tls or wss").or(true))
            .setting(list("allow", allow, text_kind()).or(none()))
            .setting(list("deny", deny, text_kind()).or(none()))
            .setting(int("per-minute", per_minute, 1, 10_000).or(30))
            .setting(list("providers", providers, text_kind()).or(none()))
            .reason("no-tls", "the instance's line is not encrypted")
            .reason("not-listed", "the destination is not on the list, or cannot be read")
            .reason("listed-as-denied", "the destination is on the list of those denied")
            .reason("storm", "there were too many within a minute")
            .needs(Need::Recent)
    }

    fn validate(settings: &Settings, _: &Value) -> Vec<Issue> {
        let what = "must be +3120*, +31201234567 or sip:*@example.com";
        let wrong = |list: &str, patterns: &[String]| -> Vec<Issue> {
            let wrong = patterns.iter().enumerate().filter(|(_, it)| Pattern::read(it).is_none());
            wrong.map(|(index, _)| Issue::at(&format!("/{list}/{index}"), what)).collect()
        };
        [wrong("allow", &settings.allow), wrong("deny", &settings.deny)].concat()
    }

    fn evaluate(settings: &Settings, facts: &Facts) -> Ruling {
        match is_sip(settings, &facts.command) {
            true => {
                encrypted(settings, facts).and(listed(settings, facts)).and(calm(settings, facts))
            }
            false => Ruling::allow(),
        }
    }
}

fn is_sip(settings: &Settings, command: &Command) -> bool {
    command.category.as_deref() == Some("sip") || settings.providers.contains(&command.provider)
}

fn encrypted(settings: &Settings, facts: &Facts) -> Ruling {
    let encrypted = match facts.settings.get("transport") {
        None | Some(Value::Null) => {
            facts.settings.get("port").and_then(Value::as_u64) == Some(PORT_TLS)
        }
        Some(transport) => transport
            .as_str()
            .is_some_and(|it| ["tls", "wss"].iter().any(|known| it.eq_ignore_ascii_case(known))),
    };
    match encrypted || !settings.tls {
        true => Ruling::allow(),
        false => Ruling::deny("no-tls", "the instance's `transport` must be tls or wss"),
    }
}

fn listed(settings: &Settings, facts: &Facts) -> Ruling {
    let to = facts.arguments.get("to").filter(|to| !to.is_null());
    let Some(to) = to.filter(|_| !settings.allow.is_empty() || !settings.deny.is_empty()) else {
        return Ruling::allow();
    };
    let Some(to) = to.as_str().and_then(Destination::read) else {
        let text = "the destination must be written as +31201234567 or sip:user@example.com";
        return Ruling::deny("not-listed", text);
    };
    // A pattern that makes no sense admits nothing, and denies everything.
    let denied = |it: &&String| Pattern::read(it).is_none_or(|pattern| pattern.may_reach(&to));
    if let Some(pattern) = settings.deny.iter().find(denied) {
        let text = format!("{to} is denied by `{pattern}`");
        return Ruling::deny("listed-as-denied", text);
    }
    let admits = |it: &String| Pattern::read(it).is_some_and(|pattern| pattern.is_of(&to));
    match settings.allow.is_empty() || settings.allow.iter().any(admits) {
        true => comparable(settings, &to),
        false => Ruling::deny("not-listed", format!("{to} is not on the list of those allowed")),
    }
}

/// An address whose user could be a denied number, spelled as nobody can tell.
fn comparable(settings: &Settings, to: &Destination) -> Ruling {
    let mut denied = settings.deny.iter().filter_map(|it| Pattern::read(it));
    match to.is_ambiguous() && denied.any(|pattern| pattern.is_number()) {
        true => {
            let text = format!("{to} cannot be held against denied numbers: write it with + first");
            Ruling::deny("not-listed", text)
        }
        false => Ruling::allow(),
    }
}

fn calm(settings: &Settings, facts: &Facts) -> Ruling {
    let minute = facts.recent.iter().find(|row| row.seconds == MINUTE_SECONDS);
    let (count, most) = (minute.map_or(0, |row| row.instance), settings.per_minute);
    match count >= u64::from(most) {
        true => {
            let text = format!("{count} within a minute on this instance, where {most} may be");
            Ruling::deny("storm", text)
        }
        false => Ruling::allow(),
    }
}

if_policy::policy!(SipAdmission);

#[cfg(test)]
mod tests;
