//! Lengths: files, functions and lines, with a list of exceptions that may only shrink.
//!
//! An exception is an exact number. What outgrows it is a finding; what has become shorter is one
//! too, until the number follows; and a number that grew since the last commit, or a new one, is
//! refused by comparing with the committed list.

use super::{Finding, files::Tree, functions};
use crate::shell;
use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Where the exceptions stand.
const LIST: &str = "host/xtask/tidy-exceptions.toml";
/// A file one can read at a sitting.
const FILE_LINES_MAX: usize = 500;
/// A function one can see whole.
const FUNCTION_LINES_MAX: usize = 70;
/// Two files beside each other on a screen.
const WIDTH_MAX: usize = 100;

/// The list: path, or `path::function`, and the length it has.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    #[serde(default)]
    files: BTreeMap<String, usize>,
    #[serde(default)]
    functions: BTreeMap<String, usize>,
}

impl Exceptions {
    /// Reads the list.
    pub fn load(tree: &Tree) -> Result<Self> {
        let text = tree.files.get(LIST).with_context(|| format!("{LIST} is missing"))?;
        Self::parse(text)
    }

    fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).with_context(|| format!("{LIST} cannot be read"))
    }
}

/// Everything too long that is not excepted, and every exception that is too generous.
pub fn check(tree: &Tree, exceptions: &Exceptions) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut files, mut bodies) = (BTreeMap::new(), BTreeMap::new());
    for (path, text) in tree.ending(".rs") {
        files.insert(path.to_owned(), (0, text.lines().count()));
        for function in functions::of(text) {
            let slot = bodies.entry(format!("{path}::{}", function.name)).or_insert((0, 0));
            *slot = (function.line, function.lines).max(*slot);
        }
        let wide = text.lines().enumerate().filter(|(_, line)| line.chars().count() > WIDTH_MAX);
        findings.extend(wide.filter(|(_, line)| !unbreakable(line)).map(|(index, _)| {
            Finding::new(path, index + 1, format!("wider than {WIDTH_MAX} columns"))
        }));
    }
    findings.extend(lengths("the file", FILE_LINES_MAX, &files, &exceptions.files));
    findings.extend(lengths("the function", FUNCTION_LINES_MAX, &bodies, &exceptions.functions));
    findings
}

/// An address cannot be broken.
fn unbreakable(line: &str) -> bool {
    line.contains("https://")
}

fn lengths(
    what: &str,
    limit: usize,
    actual: &BTreeMap<String, (usize, usize)>,
    excepted: &BTreeMap<String, usize>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, (line, lines)) in actual {
        let path = name.split("::").next().unwrap_or(name);
        let message = match excepted.get(name) {
            None if lines > &limit => format!("{what} has {lines} lines; at most {limit}"),
            Some(allowed) if lines > allowed => {
                format!("{what} has {lines} lines; it is excepted up to {allowed}, not more")
            }
            Some(_) if lines <= &limit => {
                format!("{name} is short enough now: delete its line from {LIST}")
            }
            Some(allowed) if lines < allowed => {
                format!("{name} has become shorter: write {lines} in {LIST}")
            }
            _ => continue,
        };
        findings.push(Finding::new(path, *line, message));
    }
    let gone = excepted.keys().filter(|name| !actual.contains_key(*name));
    findings.extend(gone.map(|name| {
        Finding::new(LIST, 0, format!("{name} does not exist any more: delete its line"))
    }));
    findings
}

/// Exceptions that are new or larger than in the last commit. Without git there is nothing to
/// compare with, and the list as a whole stands.
pub fn grown(tree: &Tree) -> Result<Vec<Finding>> {
    let committed = shell::capture(shell::command("git").args(["show", &format!("HEAD:{LIST}")]));
    let Ok(committed) = committed else { return Ok(Vec::new()) };
    if !committed.status.success() {
        return Ok(Vec::new());
    }
    let before = Exceptions::parse(&String::from_utf8_lossy(&committed.stdout))?;
    Ok(compare(&before, &Exceptions::load(tree)?))
}

fn compare(before: &Exceptions, now: &Exceptions) -> Vec<Finding> {
    let pairs = [(&before.files, &now.files), (&before.functions, &now.functions)];
    let grown = pairs.into_iter().flat_map(|(before, now)| {
        now.iter().filter(|(name, lines)| before.get(*name).is_none_or(|old| old < *lines))
    });
    grown
        .map(|(name, _)| Finding::new(LIST, 0, format!("{name}: the list may only shrink")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(files: &[(&str, &str)], exceptions: &str) -> Vec<String> {
        let exceptions = Exceptions::parse(exceptions).unwrap();
        let findings = check(&Tree::of(files), &exceptions);
        findings.iter().map(Finding::to_string).collect()
    }

    fn function(lines: usize) -> String {
        format!("fn f() {{\n{}}}\n", "    g();\n".repeat(lines))
    }

    #[test]
    fn what_is_too_long_is_found() {
        assert!(messages(&[("a.rs", &"\n".repeat(500)), ("b.rs", &function(70))], "").is_empty());
        let long = messages(&[("a.rs", &"\n".repeat(501))], "");
        assert_eq!(long, ["a.rs: the file has 501 lines; at most 500"]);
        let long = messages(&[("b.rs", &function(71))], "");
        assert_eq!(long, ["b.rs:1: the function has 71 lines; at most 70"]);
        let wide = messages(&[("c.rs", &"é".repeat(101))], "");
        assert_eq!(wide, ["c.rs:1: wider than 100 columns"]);
        assert!(messages(&[("c.rs", &"é".repeat(100))], "").is_empty());
        let address = format!("// https://{}", "a".repeat(100));
        assert!(messages(&[("c.rs", &address)], "").is_empty());
    }

    #[test]
    fn exceptions_are_exact() {
        let files = [("a.rs", "\n".repeat(510)), ("b.rs", function(80))];
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let check = |list: &str| messages(&files, list);
        assert!(check("[files]\n\"a.rs\" = 510\n[functions]\n\"b.rs::f\" = 80").is_empty());
        let outgrown = check("[files]\n\"a.rs\" = 505\n[functions]\n\"b.rs::f\" = 80");
        assert_eq!(outgrown, ["a.rs: the file has 510 lines; it is excepted up to 505, not more"]);
        let generous = check("[files]\n\"a.rs\" = 510\n[functions]\n\"b.rs::f\" = 81");
        assert!(generous[0].contains("b.rs::f has become shorter: write 80"), "{generous:?}");
        let gone = messages(&[], "[files]\n\"a.rs\" = 510");
        assert!(gone[0].contains("a.rs does not exist any more"), "{gone:?}");
        let mended = messages(&[("a.rs", "\n")], "[files]\n\"a.rs\" = 510");
        assert!(mended[0].contains("short enough now"), "{mended:?}");
    }

    #[test]
    fn the_list_only_shrinks() {
        let list = |text: &str| Exceptions::parse(text).unwrap();
        let before = list("[files]\n\"a.rs\" = 510");
        assert!(compare(&before, &list("")).is_empty());
        assert!(compare(&before, &list("[files]\n\"a.rs\" = 505")).is_empty());
        assert_eq!(compare(&before, &list("[files]\n\"a.rs\" = 511")).len(), 1);
        assert_eq!(compare(&before, &list("[files]\n\"b.rs\" = 505")).len(), 1);
        assert_eq!(compare(&before, &list("[functions]\n\"a.rs::f\" = 71")).len(), 1);
    }
}
