//! Changes are made within windows of local time, and wait or are denied outside of them.
//!
//! What counts is what a clock on the wall shows. Where it is put forward, a window in the hour
//! that is left out does not take place; where it is put back, one in the hour that comes twice
//! takes place twice. The time zones are compiled in: a policy has neither files nor a clock.

mod windows;

use if_policy::prelude::*;
use windows::Windows;

/// The policy `change-window`.
pub struct ChangeWindow;

#[derive(Debug, Serialize, Deserialize)]
pub struct Settings {
    zone: String,
    windows: Vec<Window>,
    effect: Effect,
    outside: Outside,
}

/// As it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// On which it begins: `mon`.
    days: Vec<String>,
    /// `09:00`
    from: String,
    /// Not after `from`: on the next day.
    to: String,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outside {
    Deny,
    Hold,
    Escalate,
}

impl Policy for ChangeWindow {
    type Settings = Settings;

    fn about() -> About {
        let windows = "each with days: [mon, tue], from: '09:00', to: '17:00'";
        let outside = "what becomes of a change outside";
        About::new("changes are made within windows of local time")
            .setting(text("zone", "the windows' time zone: Europe/Amsterdam").or("UTC"))
            .setting(list("windows", windows, json_kind()).required())
            .setting(choice("effect", "from which effect on", &["write", "dangerous"]).or("write"))
            .setting(choice("outside", outside, &["deny", "hold", "escalate"]).or("deny"))
            .reason("outside-window", "it is no time for changes")
    }

    fn validate(settings: &Settings, _: &Value) -> Vec<Issue> {
        Windows::read(settings).err().unwrap_or_default()
    }

    fn evaluate(settings: &Settings, facts: &Facts) -> Ruling {
        if !facts.command.changes() || facts.command.effect < settings.effect {
            return Ruling::allow();
        }
        // Settings that make no sense have no window.
        let windows = Windows::read(settings).ok();
        if windows.as_ref().is_some_and(|it| it.covers(facts.at)) {
            return Ruling::allow();
        }
        let next = windows.and_then(|it| it.next(facts.at));
        let next = next.map(|time| format!("; the next one begins {time}")).unwrap_or_default();
        let text = format!("changes are made within a window{next}");
        match settings.outside {
            Outside::Deny => Ruling::deny("outside-window", text),
            Outside::Hold => Ruling::hold("outside-window", text),
            Outside::Escalate => Ruling::escalate("outside-window", text),
        }
    }
}

if_policy::policy!(ChangeWindow);

#[cfg(test)]
mod tests;
