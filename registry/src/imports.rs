//! What a component imports, set against what its manifest declares.

use crate::RegistryError;
use if_manifest::model::Predicate;
use std::collections::BTreeSet;

/// The interfaces every component may import: `wit/baseline.txt`, one per line, no version.
const BASELINE: &str = include_str!("../../wit/baseline.txt");

/// The interfaces that need no declaration, without version.
pub fn baseline() -> impl Iterator<Item = &'static str> {
    BASELINE.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// `wasi:http/outgoing-handler@0.2.9` as a manifest writes it: `wasi:http/outgoing-handler@0.2`.
/// Whatever is no versioned interface stays as it is, and so is never declared.
pub fn normalise(import: &str) -> String {
    let short = || {
        let (path, version) = import.split_once('@')?;
        let mut numbers = version.splitn(3, '.');
        let (major, minor) = (numbers.next()?, numbers.next()?);
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (digits(major) && digits(minor)).then(|| format!("{path}@{major}.{minor}"))
    };
    short().unwrap_or_else(|| import.to_owned())
}

/// The imports that need a declaration: normalised, sorted, each once.
pub(crate) fn beyond_baseline(imports: &[String]) -> BTreeSet<String> {
    let path = |import: &str| import.split('@').next().unwrap_or_default().to_owned();
    let inert = |import: &String| baseline().any(|known| known == path(import));
    imports.iter().filter(|import| !inert(import)).map(|import| normalise(import)).collect()
}

/// Component imports − baseline ⊆ manifest imports. `component_imports` are the full names as
/// the component states them.
pub fn check_imports(
    component_imports: &[String],
    manifest: &Predicate,
) -> Result<(), RegistryError> {
    let missing: Vec<String> = beyond_baseline(component_imports)
        .into_iter()
        .filter(|import| !manifest.imports.contains(import))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(RegistryError::Imports { missing }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_lose_their_patch_and_the_baseline_is_free() {
        for (import, expect) in [
            ("wasi:http/outgoing-handler@0.2.9", "wasi:http/outgoing-handler@0.2"),
            ("infrafabric:adapter/state@0.1.0", "infrafabric:adapter/state@0.1"),
            ("a:b/c@1.2.3-rc.1", "a:b/c@1.2"),
            ("a:b/c", "a:b/c"),
            ("env", "env"),
            ("a:b/c@x.1", "a:b/c@x.1"),
        ] {
            assert_eq!(normalise(import), expect);
        }
        assert!(baseline().any(|line| line == "wasi:io/poll"));
        assert!(baseline().all(|line| line.contains(':') && line.contains('/')), "no stray line");
        let imports =
            ["wasi:io/poll@0.2.9", "infrafabric:adapter/state@0.1.0", "wasi:io/poll2@0.2.0"];
        let found = beyond_baseline(&imports.map(str::to_owned));
        let expect = ["infrafabric:adapter/state@0.1", "wasi:io/poll2@0.2"];
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expect);
    }
}
