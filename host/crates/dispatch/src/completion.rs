//! Live values for a shell's completion: the result of a read command, taken apart.
//!
//! The command is an ordinary operation, decided, limited and recorded; it differs only in its
//! short deadline and in that its result is kept for a few seconds, so that a person who presses
//! TAB five times asks the device once.

use crate::host::Host;
use crate::request::{Action, Flags, Request};
use if_config::{Environment, Home};
use if_core::{Clock, EventSink, LogLevel, Refusal, Word};
use if_disk::write_atomic;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Time for the read command. A person feels a wait from a third of a second on.
const DEADLINE_MS: u64 = 300;

/// How long an answer, or the lack of one, is taken for the present: long enough to choose a word,
/// short enough that a scene made a moment ago is offered.
const FRESH_MS: u64 = 10_000;

/// Most values offered; nobody reads more, and a shell draws them all.
const VALUES_MAX: usize = 1_000;

/// Longest value offered.
const VALUE_CHARS_MAX: usize = 200;

/// Largest answer that is kept.
const KEPT_BYTES_MAX: u64 = 1 << 20;

/// What a parameter's values are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub provider: String,
    pub instance: String,
    /// A read command that needs nothing but the instance.
    pub command: String,
    /// Where the values stand; `*` is every member.
    pub pointer: String,
}

/// An answer and when it came.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    at: u64,
    result: Value,
}

/// The values there are right now; none when anything fails.
pub fn values(environment: Environment, question: &Question) -> Vec<String> {
    let result = kept(&environment, question).or_else(|| ask(environment, question));
    let Some(result) = result else { return Vec::new() };
    let mut found = Vec::new();
    collect(&result, question.pointer.split('/').skip(1), &mut found);
    found
}

/// The answer of a few seconds ago. A file that others could have written is none.
fn kept(environment: &Environment, question: &Question) -> Option<Value> {
    let path = path(environment, question)?;
    let facts = fs_err::symlink_metadata(&path).ok()?;
    if !facts.is_file() || facts.mode() & 0o077 != 0 || facts.len() > KEPT_BYTES_MAX {
        return None;
    }
    let kept: Kept = serde_json::from_slice(&fs_err::read(path).ok()?).ok()?;
    let age = crate::clock::SystemClock.now().0.checked_sub(kept.at)?;
    (age <= FRESH_MS).then_some(kept.result)
}

fn ask(environment: Environment, question: &Question) -> Option<Value> {
    let host = Host::open(environment).ok()?;
    let word = |text: &str| Word::new(text).ok();
    let action = Action::Command {
        path: question.command.clone(),
        arguments: serde_json::Map::new(),
        files: Default::default(),
    };
    let mut request = Request::new(word(&question.provider)?, word(&question.instance)?, action);
    request.flags = Flags {
        why: Some("shell completion".to_owned()),
        timeout_ms: Some(DEADLINE_MS),
        ..Flags::default()
    };
    let result = host.run(request, Arc::new(Silence)).ok().and_then(|done| done.result.ok());
    let at = host.now().0;
    // A device that does not answer is not asked again at the next TAB.
    let kept = Kept { at, result: result.clone().unwrap_or_default() };
    let _ = keep(&host.environment, question, &kept);
    result
}

fn keep(environment: &Environment, question: &Question, kept: &Kept) -> Option<()> {
    let path = path(environment, question)?;
    let bytes = serde_json::to_vec(kept).ok()?;
    if bytes.len() as u64 > KEPT_BYTES_MAX {
        return None;
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path.parent()?).ok()?;
    write_atomic(&path, &bytes, 0o600).ok()
}

/// `<cache>/complete/obs.studio.scene-list.json`: words have no dots.
fn path(environment: &Environment, question: &Question) -> Option<PathBuf> {
    let home = Home::open(Home::locate(environment, None)).ok()?;
    let command = question.command.replace(' ', ".");
    let words = [question.provider.as_str(), &question.instance].into_iter();
    let legal = words.chain(command.split('.')).all(|word| Word::new(word).is_ok());
    let name = format!("{}.{}.{command}.json", question.provider, question.instance);
    legal.then(|| home.cache_dir(environment).join(Path::new("complete")).join(name))
}

/// Follows the pointer, taking every member where it says `*`.
fn collect<'a>(
    value: &Value,
    mut steps: impl Iterator<Item = &'a str> + Clone,
    found: &mut Vec<String>,
) {
    if found.len() >= VALUES_MAX {
        return;
    }
    let Some(step) = steps.next() else {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return,
        };
        let fits = !text.is_empty() && text.chars().count() <= VALUE_CHARS_MAX;
        if fits && !found.contains(&text) {
            found.push(text);
        }
        return;
    };
    let name = step.replace("~1", "/").replace("~0", "~");
    match value {
        Value::Array(items) if step == "*" => {
            items.iter().for_each(|item| collect(item, steps.clone(), found));
        }
        Value::Object(members) if step == "*" => {
            members.values().for_each(|member| collect(member, steps.clone(), found));
        }
        Value::Object(members) => {
            if let Some(member) = members.get(&name) {
                collect(member, steps, found);
            }
        }
        Value::Array(items) => {
            if let Some(item) = name.parse::<usize>().ok().and_then(|index| items.get(index)) {
                collect(item, steps, found);
            }
        }
        _ => {}
    }
}

/// A listener that hears nothing: a shell's line has no room for talk.
struct Silence;

impl EventSink for Silence {
    fn emit(&self, _: &str) -> Result<(), Refusal> {
        Ok(())
    }

    fn progress(&self, _: u64, _: Option<u64>, _: &str) {}

    fn log(&self, _: LogLevel, _: &str) {}

    fn attach(&self, _: &str, _: &str) -> Result<(), Refusal> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(pointer: &str, result: Value, expect: &[&str]) {
        let mut found = Vec::new();
        collect(&result, pointer.split('/').skip(1), &mut found);
        assert_eq!(found, expect, "{pointer}");
    }

    #[test]
    fn a_star_takes_every_member() {
        let scenes = json!({"scenes": [{"name": "A"}, {"name": "B"}, {"name": "A"}, {"x": 1}, 7]});
        check("/scenes/*/name", scenes.clone(), &["A", "B"]);
        check("/scenes/1/name", scenes.clone(), &["B"]);
        check("/scenes/x/name", scenes.clone(), &[]);
        check("/nothing/*", scenes, &[]);
        check("/*/n~1a~0", json!({"p": {"n/a~": "v"}, "q": {"n/a~": 2}}), &["v", "2"]);
        check("", json!("only"), &["only"]);
        check("/*", json!([true, null, "", "x"]), &["x"]);
        check("/*", json!(["y".repeat(VALUE_CHARS_MAX + 1)]), &[]);
    }

    #[test]
    fn no_more_values_than_a_shell_can_show() {
        let many: Vec<String> = (0..VALUES_MAX + 5).map(|n| n.to_string()).collect();
        let mut found = Vec::new();
        collect(&json!(many), ["*"].into_iter(), &mut found);
        assert_eq!(found.len(), VALUES_MAX);
    }
}
