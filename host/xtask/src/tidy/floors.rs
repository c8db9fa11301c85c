//! The floors: which of our crates may name which, and who may name the heavy libraries.
//!
//! From `cargo metadata`, so from what cargo itself resolves. Arrows point down; siblings on F2 are
//! blind to each other; the list of crates is exact, so that a new one is a decision.

use super::Finding;
use crate::shell;
use anyhow::{Context as _, Result};
use serde::Deserialize;

/// A room of the house: its package and the floor it stands on.
const ROOMS: &[(&str, u8)] = &[
    ("if-core", 0),
    ("if-disk", 0),
    ("if-sigstore", 0),
    ("if-tlog", 0),
    ("if-world", 1),
    ("if-manifest", 1),
    ("if-config", 1),
    ("if-store", 1),
    ("if-vault", 1),
    ("if-keyring", 1),
    ("if-wall", 1),
    ("if-trial", 1),
    ("if-postgres", 2),
    ("if-broker", 2),
    ("if-runtime", 2),
    ("if-witness", 2),
    ("if-optimise", 2),
    ("if-governor", 2),
    ("if-registry", 2),
    ("if-dispatch", 3),
    ("if-compiler", 6),
    ("if-worker", 6),
    ("infrafabric", 6),
];

/// Beside the house: what builds and tests it. No room may need one of them to be built.
const SCAFFOLD: &[&str] =
    &["xtask", "if-tests", "if-fakes", "if-servers", "if-harm", "if-pages", "if-bench", "if-fuzz"];

/// Arrows within a floor, each with its reason.
const WITHIN_A_FLOOR: &[(&str, &str)] = &[
    // An instance's settings are checked against the schema its plugin's manifest declares.
    ("if-config", "if-manifest"),
];

/// Every package of the workspace.
pub const PACKAGES: &[&str] = &[
    "if-core",
    "if-disk",
    "if-sigstore",
    "if-tlog",
    "if-world",
    "if-manifest",
    "if-config",
    "if-store",
    "if-vault",
    "if-keyring",
    "if-wall",
    "if-trial",
    "if-postgres",
    "if-broker",
    "if-runtime",
    "if-witness",
    "if-optimise",
    "if-governor",
    "if-registry",
    "if-dispatch",
    "if-compiler",
    "if-worker",
    "infrafabric",
    "xtask",
    "if-tests",
    "if-fakes",
    "if-servers",
    "if-harm",
    "if-pages",
    "if-bench",
    "if-fuzz",
];

/// A library, or a family of them when the name ends in `*`, and the rooms that may name it.
const LIBRARIES: &[(&[&str], &[&str])] = &[
    (&["wasmtime*", "cranelift*"], &["if-world", "if-runtime"]),
    (&["rusqlite"], &["if-store"]),
    (&["postgres*", "tokio-postgres*"], &["if-postgres"]),
    (&["rustls-native-certs", "tokio-rustls"], &["if-broker", "if-postgres"]),
    (&["age"], &["if-vault"]),
    (&["secret-service", "zbus*", "zvariant*", "dbus*"], &["if-keyring"]),
    (&["sigstore*", "cms", "x509-cert", "p256"], &["if-sigstore"]),
    (&["landlock", "seccompiler", "libc"], &["if-wall"]),
    (
        &[
            "hyper",
            "hyper-util",
            "rustls",
            "tokio-tungstenite",
            "tungstenite",
            "reqwest",
            "ureq",
            "curl",
            "socket2",
            "simple-dns",
            "if-addrs",
            "mio",
        ],
        &["if-broker"],
    ),
    (&["axum", "warp", "actix*", "tiny_http"], &[]),
    (&["clap*", "rpassword"], &["infrafabric"]),
    (&["anyhow"], &["infrafabric"]),
];

/// Rooms whose tests alone name such a library.
const IN_TESTS: &[(&str, &str)] = &[
    // They edit the database as a thief does.
    ("if-witness", "rusqlite"),
];

/// Rooms that decide and touch nothing, and what would let them.
const PURE: &[&str] = &["if-core", "if-sigstore", "if-manifest"];
const IMPURE: &[&str] = &["fs-err", "tokio", "rustix", "tempfile", "rusqlite"];

/// What `cargo metadata --no-deps` says of the workspace.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// Absent for an ordinary one, else `dev` or `build`.
    kind: Option<String>,
}

/// Asks cargo.
pub fn metadata() -> Result<Metadata> {
    let metadata = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let text = shell::output(&mut shell::cargo(&metadata))?;
    serde_json::from_str(&text).context("cargo metadata is not understood")
}

/// Everything that breaks a floor.
pub fn check(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = exact_list(metadata);
    for package in &metadata.packages {
        let blame = |message: String| Finding::new(&package.name, 0, message);
        let messages = package.dependencies.iter().flat_map(|dependency| {
            [arrow(package, dependency), library(package, dependency), purity(package, dependency)]
        });
        findings.extend(messages.flatten().map(blame));
    }
    findings
}

fn exact_list(metadata: &Metadata) -> Vec<Finding> {
    let names: Vec<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let unknown = names.iter().filter(|name| !PACKAGES.contains(*name)).map(|name| {
        Finding::new(name, 0, "a new crate is a decision: give it a floor in xtask and in the docs")
    });
    let missing = PACKAGES.iter().filter(|name| !names.contains(*name));
    unknown.chain(missing.map(|name| Finding::new(name, 0, "this crate is gone"))).collect()
}

fn floor(name: &str) -> Option<u8> {
    ROOMS.iter().find(|(room, _)| *room == name).map(|(_, floor)| *floor)
}

/// An arrow between our own crates that does not point down.
fn arrow(package: &Package, dependency: &Dependency) -> Option<String> {
    let from = floor(&package.name)?;
    let to = dependency.name.as_str();
    if SCAFFOLD.contains(&to) && dependency.kind.as_deref() != Some("dev") {
        return Some(format!("depends on {to}, which only tests may"));
    }
    let down = floor(to)? < from || WITHIN_A_FLOOR.contains(&(package.name.as_str(), to));
    (!down).then(|| format!("names {to}, which is not below it: meet through a port in if-core"))
}

/// A library in a room it has no business in. Tests of a room may talk to it over a socket of
/// their own, but not open the database or the sandbox behind its owner's back.
fn library(package: &Package, dependency: &Dependency) -> Option<String> {
    floor(&package.name)?;
    let (_, owners) = LIBRARIES.iter().find(|(names, _)| {
        names.iter().any(|name| match name.strip_suffix('*') {
            Some(family) => dependency.name.starts_with(family),
            None => *name == dependency.name,
        })
    })?;
    let pair = (package.name.as_str(), dependency.name.as_str());
    let in_tests = dependency.kind.as_deref() == Some("dev") && IN_TESTS.contains(&pair);
    let owned = owners.contains(&package.name.as_str()) || in_tests;
    let owners = if owners.is_empty() { "nobody".to_owned() } else { owners.join(" and ") };
    (!owned).then(|| format!("names {}, which only {owners} may", dependency.name))
}

fn purity(package: &Package, dependency: &Dependency) -> Option<String> {
    let pure = PURE.contains(&package.name.as_str()) && dependency.kind.is_none();
    let impure = IMPURE.contains(&dependency.name.as_str());
    (pure && impure).then(|| format!("is pure and may not name {}", dependency.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of one package with one dependency, in a workspace that is otherwise complete.
    fn said(package: &str, dependency: &str, kind: Option<&str>) -> Vec<String> {
        let dependency = Dependency { name: dependency.into(), kind: kind.map(str::to_owned) };
        let mut dependencies = vec![dependency];
        let packages = PACKAGES.iter().map(|name| {
            let dependencies =
                if *name == package { std::mem::take(&mut dependencies) } else { vec![] };
            Package { name: name.to_string(), dependencies }
        });
        check(&Metadata { packages: packages.collect() })
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn arrows_point_down_and_siblings_are_blind() {
        assert!(said("if-dispatch", "if-broker", None).is_empty());
        assert!(said("if-config", "if-manifest", None).is_empty());
        assert_eq!(said("if-manifest", "if-config", None).len(), 1);
        assert_eq!(said("if-broker", "if-runtime", None).len(), 1);
        assert_eq!(said("if-store", "if-witness", None).len(), 1);
        assert_eq!(said("if-core", "if-manifest", None).len(), 1);
        assert_eq!(said("if-broker", "if-runtime", Some("dev")).len(), 1);
        assert!(said("if-broker", "if-fakes", Some("dev")).is_empty());
        assert_eq!(said("if-broker", "if-fakes", None).len(), 1);
        assert!(said("if-tests", "if-fakes", None).is_empty());
    }

    #[test]
    fn libraries_stay_in_their_rooms() {
        for (package, library) in [
            ("if-dispatch", "wasmtime"),
            ("if-registry", "wasmtime-wasi"),
            ("if-dispatch", "rusqlite"),
            ("if-runtime", "hyper"),
            ("infrafabric", "tokio-tungstenite"),
            ("if-broker", "axum"),
            ("if-config", "anyhow"),
            ("if-registry", "clap_complete"),
            ("if-config", "age"),
            ("if-vault", "zbus"),
        ] {
            assert_eq!(said(package, library, None).len(), 1, "{package} {library}");
            assert_eq!(said(package, library, Some("dev")).len(), 1, "{package} {library} dev");
        }
        assert!(said("if-runtime", "wasmtime-wasi", None).is_empty());
        assert!(said("if-store", "rusqlite", None).is_empty());
        assert!(said("if-witness", "rusqlite", Some("dev")).is_empty());
        assert_eq!(said("if-witness", "rusqlite", None).len(), 1);
        assert!(said("if-broker", "hyper", None).is_empty());
        assert!(said("if-fakes", "hyper", None).is_empty());
    }

    #[test]
    fn pure_rooms_stay_pure() {
        assert_eq!(said("if-manifest", "tokio", None).len(), 1);
        assert_eq!(said("if-core", "fs-err", None).len(), 1);
        assert!(said("if-manifest", "tempfile", Some("dev")).is_empty());
    }

    #[test]
    fn the_list_of_crates_is_exact() {
        let package = |name: &str| Package { name: name.into(), dependencies: vec![] };
        let mut packages: Vec<_> = PACKAGES.iter().map(|name| package(name)).collect();
        packages.push(package("if-extra"));
        packages.remove(0);
        let findings = check(&Metadata { packages });
        let names: Vec<_> = findings.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(names, ["if-extra", "if-core"]);
        let listed: Vec<_> = ROOMS.iter().map(|(name, _)| name).chain(SCAFFOLD).collect();
        assert_eq!(listed, PACKAGES.iter().collect::<Vec<_>>());
    }
}
