//! A type that holds bytes of a secret derives no `Debug`: the wrapper that zeroes them would print
//! them, one by one, into whatever error or log line a later change writes.
//!
//! Only what lies in a type itself is seen. A type that holds such a type cannot derive `Debug`
//! either, because that one has none; the compiler sees to it.

use super::{Finding, files::Tree, skeleton};

/// Bytes that are zeroed when dropped.
const WRAPPER: &str = "Zeroizing<";
/// Its name in the broker, and how a file says that it is this one.
const ALIAS: &str = "Value";
const ALIASED: &[&str] = &["recipes::Value", "recipes::{", "type Value = Zeroizing"];

/// Derives that would print a secret.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let rooms = tree.ending(".rs").filter(|(path, _)| path.starts_with("host/"));
    rooms.flat_map(|(path, text)| telling(path, &skeleton::of(text))).collect()
}

fn telling(path: &str, text: &str) -> Vec<Finding> {
    let aliased = ALIASED.iter().any(|words| text.contains(words));
    let lines: Vec<&str> = text.lines().collect();
    let derives = |line: &str| line.trim_start().starts_with("#[derive(") && line.contains("Debug");
    let holds =
        |line: &&str| line.contains(WRAPPER) || (aliased && words(line).any(|word| word == ALIAS));
    let found = lines.iter().enumerate().filter(|(at, line)| {
        derives(line) && body(lines.get(at + 1..).unwrap_or_default()).any(|line| holds(&line))
    });
    let advice = "derives `Debug` and holds bytes of a secret: write one that says nothing";
    found.map(|(at, _)| Finding::new(path, at + 1, advice)).collect()
}

/// The lines of the item that begins here.
fn body<'a>(lines: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    let ends = |line: &str| line.ends_with(';') || line.trim() == "}" || line.ends_with(" }");
    let last = lines.iter().position(|line| ends(line)).unwrap_or(lines.len());
    lines.iter().take(last + 1).copied()
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|sign: char| !sign.is_alphanumeric() && sign != '_' && sign != ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let tree = Tree::of(&[("host/crates/broker/src/a.rs", text)]);
        check(&tree).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_derive_that_would_print_a_secret_is_found() {
        assert_eq!(lines("#[derive(Debug)]\nstruct Key(Zeroizing<Vec<u8>>);\n"), [1]);
        let deep = "pub struct A {\n    a: u8,\n    b: Zeroizing<String>,\n}\n";
        assert_eq!(lines(&format!("\n#[derive(Clone, Debug)]\n{deep}")), [2]);
        let named = "#[derive(Debug)]\nenum P {\n    T(Value),\n}\n";
        assert_eq!(lines(&format!("use x::recipes::{{Value, y}};\n{named}")), [2]);
    }

    #[test]
    fn what_prints_none_is_left_alone() {
        assert!(lines("#[derive(Clone)]\nstruct Key(Zeroizing<Vec<u8>>);\n").is_empty());
        assert!(lines("#[derive(Debug)]\nstruct A;\nstruct K(Zeroizing<Vec<u8>>);\n").is_empty());
        let json = "use serde_json::Value;\n#[derive(Debug)]\nenum P {\n    T(Value),\n}\n";
        assert!(lines(json).is_empty());
        let path = "#[derive(Debug)]\nenum P {\n    T(serde_json::Value),\n}\n";
        assert!(lines(&format!("use x::recipes::{{joined}};\n{path}")).is_empty());
    }
}
