//! What the plugins' and the SDK's parsers must hold, one function each: like `targets`, but of the
//! plugins' own workspace. A panic in a plugin is a trap and no answer to anybody.

// Here a panic is the result: it says what was found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod ha;
mod obs;
mod sdk;
mod vmix;

use if_sdk::serde_json::Value;

/// One parser under fire: its name, which is that of its folder of seeds, and what it must hold.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("plugin-ha-discover", ha::discover),
    ("plugin-ha-moment", ha::moment),
    ("plugin-ha-states", ha::states),
    ("plugin-obs-answer", obs::answer),
    ("plugin-vmix-discover", vmix::discover),
    ("plugin-vmix-line", vmix::line),
    ("plugin-vmix-state", vmix::state),
    ("sdk-answer", sdk::answer),
    ("sdk-line", sdk::line),
];

/// The host refuses what is nested deeper.
const RESULT_DEPTH_MAX: usize = 100;

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// A result that the host will take.
fn presentable(result: &Value) {
    assert!(depth(result) <= RESULT_DEPTH_MAX, "the host refuses what is nested so deeply");
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// A name that the host accepts for an instance.
fn is_word(name: &Value) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.as_str().is_some_and(|name| {
        (1..=63).contains(&name.len()) && !name.starts_with('-') && name.bytes().all(legal)
    })
}
