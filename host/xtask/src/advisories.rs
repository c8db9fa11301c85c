//! `cargo xtask advisories`: no dependency of ours stands in the RustSec advisory database.
//!
//! The database is a repository on the network, which a build must not need. So a snapshot of its
//! facts (which versions of which crate, nothing of its texts) is committed, and CI holds the lock
//! files against that. `--from FOLDER` makes the snapshot anew from a checkout of the database;
//! `cargo deny check advisories` asks the network itself.

use crate::shell;
use anyhow::{Context as _, Result, bail, ensure};
use semver::{Version, VersionReq};
use serde::Deserialize;
use std::path::Path;

/// The snapshot, below the root.
const SNAPSHOT: &str = "host/xtask/advisories.tsv";

/// What is held against it.
const LOCKS: &[&str] = &["Cargo.lock", "plugins/Cargo.lock"];

/// Advisories that do not touch us, each with the reason. One that matches nothing is an error.
const ACCEPTED: &[(&str, &str)] = &[];

/// First line of the snapshot.
const HEADER: &str = "id\tcrate\tkind\tpatched\tunaffected";

/// Between two requirements in one column.
const OR: &str = " | ";

/// Kinds that tell of the future, not of a hole: they are said, and fail nothing.
const SAID_ONLY: &[&str] = &["unmaintained", "notice"];

/// One advisory, as far as it decides.
#[derive(Debug, PartialEq)]
struct Advisory {
    id: String,
    package: String,
    /// `hole`, or what the database calls it: `unsound`, `unmaintained`, `notice`.
    kind: String,
    /// Versions without it, as the database writes requirements.
    patched: Vec<String>,
    unaffected: Vec<String>,
}

/// A dependency as it is locked.
#[derive(Debug, Deserialize)]
struct Locked {
    name: String,
    version: Version,
    /// Absent for what is our own.
    source: Option<String>,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

/// Runs the command.
pub fn run(words: &[&str]) -> Result<()> {
    match words {
        [] => check(),
        ["--from", folder] => take(Path::new(folder)),
        _ => bail!("unknown: {}; advisories knows --from FOLDER", words.join(" ")),
    }
}

/// Holds the lock files against the snapshot.
pub fn check() -> Result<()> {
    let text = fs_err::read_to_string(shell::root().join(SNAPSHOT))?;
    let advisories = parse(&text)?;
    let mut locked = Vec::new();
    for lock in LOCKS {
        let lock: Lock = toml::from_str(&fs_err::read_to_string(shell::root().join(lock))?)?;
        locked.extend(lock.package.into_iter().filter(|one| one.source.is_some()));
    }
    let found = found(&advisories, &locked)?;
    let (said, holes): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(one, _)| SAID_ONLY.contains(&one.kind.as_str()));
    for (advisory, locked) in said {
        println!("note: {}: {} is {}", advisory.id, locked.name, advisory.kind);
    }
    let accepted = |id: &str| ACCEPTED.iter().any(|(accepted, _)| *accepted == id);
    let unused =
        ACCEPTED.iter().find(|(id, _)| !holes.iter().any(|(advisory, _)| advisory.id == *id));
    if let Some((id, _)) = unused {
        bail!("{id} touches nothing any more: take it off the list of the accepted");
    }
    let holes: Vec<String> = holes
        .into_iter()
        .filter(|(advisory, _)| !accepted(&advisory.id))
        .map(|(advisory, locked)| line(advisory, locked))
        .collect();
    ensure!(holes.is_empty(), "dependencies with known holes:\n{}", holes.join("\n"));
    println!("{} dependencies, {} advisories, none touches us", locked.len(), advisories.len());
    Ok(())
}

fn line(advisory: &Advisory, locked: &Locked) -> String {
    let Advisory { id, kind, patched, .. } = advisory;
    let patched = if patched.is_empty() { "nowhere".to_owned() } else { patched.join(OR) };
    format!("{id} ({kind}): {} {}; mended in {patched}", locked.name, locked.version)
}

/// Each advisory with the dependency that it touches.
fn found<'a>(
    advisories: &'a [Advisory],
    locked: &'a [Locked],
) -> Result<Vec<(&'a Advisory, &'a Locked)>> {
    let mut found = Vec::new();
    for advisory in advisories {
        for one in locked.iter().filter(|one| one.name == advisory.package) {
            if touches(advisory, &one.version)? {
                found.push((advisory, one));
            }
        }
    }
    Ok(found)
}

fn touches(advisory: &Advisory, version: &Version) -> Result<bool> {
    for requirement in advisory.patched.iter().chain(&advisory.unaffected) {
        let parsed = VersionReq::parse(requirement)
            .with_context(|| format!("{}: `{requirement}`", advisory.id))?;
        if parsed.matches(version) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn parse(text: &str) -> Result<Vec<Advisory>> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    ensure!(lines.next() == Some(HEADER), "{SNAPSHOT} begins otherwise");
    let several =
        |column: &str| column.split(OR).filter(|one| !one.is_empty()).map(str::to_owned).collect();
    lines
        .map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
            [id, package, kind, patched, unaffected] => Ok(Advisory {
                id: id.to_owned(),
                package: package.to_owned(),
                kind: kind.to_owned(),
                patched: several(patched),
                unaffected: several(unaffected),
            }),
            _ => bail!("{SNAPSHOT}: not five columns: {line}"),
        })
        .collect()
}

/// The front matter of an advisory's file.
#[derive(Deserialize)]
struct File {
    advisory: About,
    #[serde(default)]
    versions: Versions,
}

#[derive(Deserialize)]
struct About {
    id: String,
    package: String,
    informational: Option<String>,
    withdrawn: Option<toml::Value>,
}

#[derive(Default, Deserialize)]
struct Versions {
    #[serde(default)]
    patched: Vec<String>,
    #[serde(default)]
    unaffected: Vec<String>,
}

/// Makes the snapshot anew from a checkout of the database.
fn take(database: &Path) -> Result<()> {
    let mut rows = Vec::new();
    for package in fs_err::read_dir(database.join("crates"))? {
        for file in fs_err::read_dir(package?.path())? {
            let path = file?.path();
            let text = fs_err::read_to_string(&path)?;
            rows.extend(row(&text).with_context(|| path.display().to_string())?);
        }
    }
    rows.sort();
    let mut log = shell::command("git");
    log.arg("-C").arg(database).args(["log", "-1", "--format=%H of %as"]);
    let state = shell::output(&mut log)?;
    let about = format!("# Facts of the RustSec advisory database at {}\n", state.trim());
    let text = format!("{about}{HEADER}\n{}\n", rows.join("\n"));
    fs_err::write(shell::root().join(SNAPSHOT), text)?;
    println!("{} advisories in {SNAPSHOT}", rows.len());
    check()
}

/// A line of the snapshot; none for an advisory that was withdrawn.
fn row(text: &str) -> Result<Option<String>> {
    let matter = text.split("```").nth(1).and_then(|block| block.strip_prefix("toml"));
    let File { advisory, versions } = toml::from_str(matter.context("no front matter")?)?;
    if advisory.withdrawn.is_some() {
        return Ok(None);
    }
    let kind = advisory.informational.unwrap_or_else(|| "hole".to_owned());
    let (patched, unaffected) = (versions.patched.join(OR), versions.unaffected.join(OR));
    let columns = [advisory.id, advisory.package, kind, patched, unaffected];
    Ok(Some(columns.join("\t")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2021-0072\"\npackage = \"tokio\"\n\
        [versions]\npatched = [\">= 1.5.1, < 1.6.0\", \">= 1.8.1\"]\nunaffected = [\"< 0.3.0\"]\n\
        ```\n# Words\n";

    fn of(file: &str) -> Vec<Advisory> {
        parse(&format!("# state\n{HEADER}\n{}\n", row(file).unwrap().unwrap())).unwrap()
    }

    #[test]
    fn a_version_between_the_mended_ones_is_found() {
        let advisories = of(FILE);
        let touched = |version: &str| {
            let version = Version::parse(version).unwrap();
            let locked = [Locked { name: "tokio".into(), version, source: None }];
            !found(&advisories, &locked).unwrap().is_empty()
        };
        assert!(touched("0.3.0") && touched("1.5.0") && touched("1.6.0") && touched("1.8.0"));
        assert!(!touched("0.2.9") && !touched("1.5.1") && !touched("1.8.1") && !touched("2.0.0"));
    }

    #[test]
    fn what_was_withdrawn_is_left_out() {
        let withdrawn = FILE.replace("[versions]", "withdrawn = \"2022-01-01\"\n[versions]");
        assert_eq!(row(&withdrawn).unwrap(), None);
        let unmaintained =
            FILE.replace("[versions]", "informational = \"unmaintained\"\n[versions]");
        assert_eq!(of(&unmaintained)[0].kind, "unmaintained");
    }

    #[test]
    fn the_snapshot_can_be_read_to_its_last_requirement() {
        let text = fs_err::read_to_string(shell::root().join(SNAPSHOT)).unwrap();
        let advisories = parse(&text).unwrap();
        assert!(advisories.len() > 500, "{}", advisories.len());
        for advisory in &advisories {
            touches(advisory, &Version::new(1, 0, 0)).unwrap();
        }
    }
}
