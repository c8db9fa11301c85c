//! What a plugin declares: the signed manifest, the author's `plugin.toml` and tables, and the
//! comparison of two versions.

use crate::alike::alike;
use crate::input::{halves, text};
use if_manifest::diff::{Difference, Verdict, diff as differences};
use if_manifest::model::{Description, Manifest, Predicate};
use if_manifest::{
    MANIFEST_BYTES_MAX, RESERVED_COMMANDS, RESERVED_PROVIDERS, parse_manifest, parse_strict,
};
use if_registry::fuzzing as registry;
use serde_json::Value;

/// `manifest-json`.
pub fn json(data: &[u8]) {
    let Ok(manifest) = parse_manifest(data) else { return };
    let predicate = &manifest.predicate;
    assert!(!RESERVED_PROVIDERS.contains(&predicate.provider.as_str()));
    for command in &predicate.commands {
        let first = command.path.split(' ').next().unwrap();
        assert!(!RESERVED_COMMANDS.contains(&first), "`{}` is the host's", command.path);
    }
    for endpoint in &predicate.endpoints {
        assert!(!endpoint.host.contains(['*', '/', '@', ' ']), "{}", endpoint.host);
        assert!(!endpoint.protocols.is_empty());
    }
    assert!(manifest.subject.iter().all(|it| manifest.subject_digest(&it.name).is_some()));
    let written = serde_json::to_value(&manifest).unwrap();
    let anew = parse_manifest(written.to_string().as_bytes()).expect("it is one when written anew");
    assert!(alike(&written, &serde_json::to_value(&anew).unwrap()));
    assert!(differences(predicate, &anew.predicate).is_empty(), "it differs from itself");
}

/// `description`: what a component says of itself before anybody signed anything.
pub fn description(data: &[u8]) {
    let Ok(described) = parse_strict::<Description>(data, MANIFEST_BYTES_MAX) else { return };
    let written = serde_json::to_value(&described).unwrap();
    let anew = parse_strict::<Description>(written.to_string().as_bytes(), usize::MAX);
    let anew = serde_json::to_value(anew.expect("it is one when written anew")).unwrap();
    assert!(alike(&written, &anew));
}

/// `manifest-toml`: `plugin.toml`, and the place of each fault in it.
pub fn toml(data: &[u8]) {
    let Some(text) = text(data) else { return };
    match registry::declaration(text) {
        Ok(declaration) => {
            let plain: toml::Table = toml::from_str(text).expect("a declaration is TOML");
            assert_eq!(plain["id"].as_str(), Some(declaration.id.as_str()));
            assert_eq!(plain["provider"].as_str(), Some(declaration.provider.as_str()));
            assert_eq!(plain["version"].as_str(), Some(declaration.version.to_string().as_str()));
        }
        Err(fault) => placed(&fault, text),
    }
}

/// `effect-table`: the lines `key,effect`.
pub fn effect_table(data: &[u8]) {
    let Some(text) = text(data) else { return };
    match registry::effect_table(text) {
        Ok(table) => {
            let row = |(key, effect): (&String, _)| format!("{key},{effect}\n");
            let written: String = table.iter().map(row).collect();
            // A key that begins like a comment, and the one that is a header, are none any more.
            let lost = |key: &String| key.starts_with('#');
            if !table.keys().any(lost) {
                assert_eq!(registry::effect_table(&written).unwrap(), table);
            }
            assert!(table.len() <= text.lines().count());
        }
        Err(fault) => placed(&fault, text),
    }
}

/// A fault stands somewhere in the text.
fn placed(fault: &if_registry::RegistryError, text: &str) {
    let if_registry::RegistryError::Declaration { line, column, what, .. } = fault else { return };
    assert!((1..=text.matches('\n').count() + 1).contains(line), "line {line} of {text:?}");
    let longest = text.split('\n').map(|line| line.chars().count()).max().unwrap_or(0);
    assert!((1..=longest + 1).contains(column), "column {column} of {text:?}");
    assert!(!what.contains('\n'));
}

/// `manifest-diff`: a manifest, and lines `pointer value` that make another of it. What widens from
/// one to the other does not widen on the way back, but in doubt; and no difference means none.
pub fn diff(data: &[u8]) {
    let (manifest, edits) = halves(data);
    let Ok(old) = parse_manifest(manifest) else { return };
    let Some(new) = text(edits).and_then(|edits| edited(&old, edits)) else { return };
    let (old, new) = (&old.predicate, &new.predicate);
    let (there, back) = (differences(old, new), differences(new, old));
    assert_eq!(there.is_empty(), back.is_empty());
    assert!(there.iter().all(|one| back.iter().any(|other| mirrored(one, other))));
    if there.is_empty() {
        let (old, new) = (compared(old), compared(new));
        assert!(alike(&old, &new), "nothing differs between {old} and {new}");
    }
}

fn edited(manifest: &Manifest, edits: &str) -> Option<Manifest> {
    let mut value = serde_json::to_value(manifest).unwrap();
    for line in edits.lines() {
        let (pointer, replacement) = line.split_once(' ')?;
        *value.pointer_mut(pointer)? = serde_json::from_str(replacement).ok()?;
    }
    parse_manifest(value.to_string().as_bytes()).ok()
}

fn mirrored(one: &Difference, other: &Difference) -> bool {
    let turned = match one.verdict {
        Verdict::Widens => other.verdict != Verdict::Changes,
        Verdict::Narrows => other.verdict == Verdict::Widens,
        Verdict::Changes => other.verdict == Verdict::Changes,
    };
    turned && one.part == other.part && one.what == other.what
}

/// The fields that a comparison speaks of: no release and version, which stand above it, and no
/// words for people about single things.
fn compared(predicate: &Predicate) -> Value {
    let mut value = serde_json::to_value(predicate).unwrap();
    let summary = value["summary"].take();
    silence(&mut value);
    value["plugin"] = summary;
    value
}

fn silence(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for name in ["release", "version", "summary", "details", "examples"] {
                members.remove(name);
            }
            members.values_mut().for_each(silence);
        }
        Value::Array(items) => items.iter_mut().for_each(silence),
        _ => {}
    }
}
