//! The feature `fuzzing` opens rooms to the targets of `tests/fuzz`, and to nobody else: no program
//! that ships may have it. So only the targets may ask for it, and no other feature may imply it.

use super::{Finding, files::Tree};
use anyhow::{Context as _, Result};

/// Its name, wherever a room has it.
const FEATURE: &str = "fuzzing";
/// Who may switch it on.
const TARGETS: &[&str] = &["tests/fuzz/targets/Cargo.toml"];

/// Whoever else asks for it.
pub fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let manifests = tree.ending("Cargo.toml").filter(|(path, _)| !TARGETS.contains(path));
    for (path, text) in manifests {
        let manifest: toml::Value =
            toml::from_str(text).with_context(|| format!("{path} cannot be read"))?;
        if asks(&manifest) {
            let advice = format!("only tests/fuzz may ask for the feature `{FEATURE}`");
            findings.push(Finding::new(path, 0, advice));
        }
    }
    Ok(findings)
}

/// Whether the word stands as a value, in a list of features for instance. As a key, it is where a
/// room declares it.
fn asks(value: &toml::Value) -> bool {
    match value {
        toml::Value::String(text) => text == FEATURE || text.ends_with(&format!("/{FEATURE}")),
        toml::Value::Array(items) => items.iter().any(asks),
        toml::Value::Table(members) => members.values().any(asks),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).unwrap().len()
    }

    #[test]
    fn nobody_but_the_targets_asks_for_it() {
        let declares = "[features]\nfuzzing = []\n";
        let depends = "[dependencies]\na = { path = \"a\", features = [\"fuzzing\"] }\n";
        assert_eq!(found("registry/Cargo.toml", declares), 0);
        assert_eq!(found("tests/fuzz/targets/Cargo.toml", depends), 0);
        for asks in [
            depends,
            "[features]\nfuzzing = []\ndefault = [\"fuzzing\"]\n",
            "[features]\nlive = [\"if-broker/fuzzing\"]\n",
            "[workspace.dependencies]\na = { features = [\"fuzzing\"] }\n",
        ] {
            assert_eq!(found("host/Cargo.toml", asks), 1, "{asks}");
        }
    }
}
