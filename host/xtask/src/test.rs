//! `cargo xtask test`: the guests, then the tests, then the list of what was skipped, by name.
//!
//! As root it first installs the servers that tests drive. Without nextest it falls back to
//! `cargo test`, which runs the same tests. CI calls the same function with `--require-servers`.

use crate::stage::Stages;
use crate::{plugins, setup, shell};
use anyhow::{Context as _, Result};
use if_servers::Size;
use if_servers::availability::{REPLAYS_FILE_VARIABLE, REQUIRE_VARIABLE, SKIPPED_FILE_VARIABLE};
use std::collections::BTreeMap;
use std::path::Path;

/// A part of the tests, as data: whole packages, and tests of `if-tests` by their module.
struct Suite {
    name: &'static str,
    packages: &'static [&'static str],
    /// Modules of the end-to-end tests.
    modules: &'static [&'static str],
}

const SUITES: &[Suite] = &[
    Suite {
        name: "core",
        packages: &[
            "if-core",
            "if-config",
            "if-disk",
            "if-harm",
            "if-dispatch",
            "if-runtime",
            "if-store",
            "if-postgres",
            "if-tlog",
            "if-vault",
            "if-keyring",
            "if-wall",
            "if-witness",
            "if-optimise",
            "if-governor",
            "if-world",
            "infrafabric",
            "if-compiler",
            "if-worker",
            "xtask",
            "if-pages",
            "if-bench",
        ],
        modules: &[
            "anchors",
            "anchors_s3",
            "backup",
            "budgets",
            "completion",
            "context",
            "durability",
            "cosign",
            "errors",
            "evidence",
            "face",
            "face_json",
            "governor",
            "guides",
            "limits",
            "export",
            "falsify",
            "papers",
            "policies",
            "proofs",
            "replay",
            "report",
            "lint",
            "scripts",
            "setup",
            "shell",
            "stores",
            "streams",
            "usage",
        ],
    },
    Suite {
        name: "studio",
        packages: &["if-broker", "if-fakes", "if-servers"],
        modules: &[
            "discover",
            "ha",
            "obs",
            "obs_commands",
            "obs_events",
            "obs_requests",
            "vmix",
            "vmix_streams",
        ],
    },
    Suite {
        name: "trust",
        packages: &["if-manifest", "if-sigstore", "if-registry", "if-trial"],
        modules: &[
            "trust",
            "trust_lists",
            "trust_root",
            "keyring",
            "kv",
            "keys",
            "reviewers",
            "revocation",
            "lock_file",
            "sigstore",
            "attacks",
            "sandbox",
            "bundle",
            "cache",
            "traffic",
            "secrets",
            "secrets_audit",
            "worker",
            "remains",
            "rebinding",
        ],
    },
    // The seeds; `cargo xtask fuzz` looks for more.
    Suite { name: "fuzz", packages: &["if-fuzz"], modules: &[] },
    Suite { name: "providers", packages: &[], modules: &["author", "ha", "obs", "vmix"] },
];

/// What to test.
#[derive(Debug, Default, PartialEq)]
pub struct Options {
    suite: Option<&'static str>,
    /// A missing server fails its tests instead of skipping them.
    require_servers: bool,
    /// How large tests are, where not as usual.
    sizes: BTreeMap<Size, u32>,
}

impl Options {
    /// Everything, with every server, as CI does.
    pub fn ci() -> Self {
        Self { require_servers: true, ..Self::default() }
    }

    /// Reads the flags.
    pub fn parse(flags: &[&str]) -> Result<Self> {
        let mut options = Self::default();
        let mut flags = flags.iter();
        while let Some(flag) = flags.next() {
            match *flag {
                "--require-servers" => options.require_servers = true,
                "--suite" => options.suite = named(flags.next().copied().unwrap_or_default())?,
                other => {
                    let size = sized(other)?;
                    let number = flags.next().and_then(|text| text.parse().ok());
                    let number = number.with_context(|| format!("{other} wants a number"))?;
                    options.sizes.insert(size, number);
                }
            }
        }
        Ok(options)
    }

    fn suite(&self) -> Option<&'static Suite> {
        SUITES.iter().find(|suite| Some(suite.name) == self.suite)
    }
}

/// The size that this flag sets.
fn sized(flag: &str) -> Result<Size> {
    let known = Size::ALL.iter().find(|size| size.flag() == flag).copied();
    let sizes = || Size::ALL.iter().map(|size| size.flag()).collect::<Vec<_>>().join(" N, ");
    known.with_context(|| {
        format!("unknown: {flag}; test knows --suite NAME, --require-servers, {} N", sizes())
    })
}

fn named(name: &str) -> Result<Option<&'static str>> {
    if name == "all" {
        return Ok(None);
    }
    let known = SUITES.iter().find(|suite| suite.name == name);
    let names = || SUITES.iter().map(|suite| suite.name).collect::<Vec<_>>().join(", ");
    Ok(Some(known.with_context(|| format!("no suite `{name}`; there are: {}, all", names()))?.name))
}

/// Runs the command.
pub fn run(options: &Options) -> Result<()> {
    let mut stages = Stages::default();
    let outcome = run_stages(options, &mut stages);
    println!("\n{}", stages.table());
    outcome
}

fn run_stages(options: &Options, stages: &mut Stages) -> Result<()> {
    stages.run("servers", || servers(options))?;
    stages.run("plugins and guests", plugins::run)?;
    if matches!(options.suite, None | Some("providers" | "fuzz")) {
        stages.run("plugins' own tests", plugins::test)?;
    }
    stages.run("build", || shell::run(&mut shell::build()))?;
    stages.run("tests", || workspace(options))?;
    if options.suite.is_none() {
        stages.run("examples in the documentation", || {
            shell::run(&mut shell::cargo(&["test", "--quiet", "--workspace", "--doc"]))
        })?;
    }
    Ok(())
}

/// A server that cannot be installed, as without a network, skips its tests unless they are
/// required.
fn servers(options: &Options) -> Result<()> {
    match setup::servers() {
        Err(error) if !options.require_servers => {
            println!("a server cannot be installed, its tests are skipped: {error:#}");
            Ok(())
        }
        outcome => outcome,
    }
}

fn workspace(options: &Options) -> Result<()> {
    let skipped = shell::root().join("target/skipped-tests.txt");
    if skipped.exists() {
        fs_err::remove_file(&skipped)?;
    }
    let replays = shell::root().join("target/replays.txt");
    if replays.exists() {
        fs_err::remove_file(&replays)?;
    }
    let outcome =
        runs(options.suite(), shell::has("cargo-nextest")).into_iter().try_for_each(|arguments| {
            let mut tests = shell::command("cargo");
            tests.args(arguments).env(SKIPPED_FILE_VARIABLE, &skipped);
            tests.env(REPLAYS_FILE_VARIABLE, &replays);
            if options.require_servers {
                tests.env(REQUIRE_VARIABLE, "1");
            }
            for (size, number) in &options.sizes {
                tests.env(size.variable(), number.to_string());
            }
            shell::run(&mut tests)
        });
    print!("{}{}", skipped_list(&skipped), replayed(&replays));
    outcome
}

/// The lines of arguments that run a suite; several only for `cargo test`, which has no filters.
fn runs(suite: Option<&Suite>, nextest: bool) -> Vec<Vec<String>> {
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    match (suite, nextest) {
        (None, true) => vec![words("nextest run --workspace")],
        (Some(suite), true) => {
            let mut line = words("nextest run --workspace --filterset");
            line.push(filter(suite));
            vec![line]
        }
        // One test at a time: there are no groups to keep the servers' tests apart.
        (None, false) => {
            vec![words("test --workspace --all-targets -- --test-threads=1 --nocapture")]
        }
        (Some(suite), false) => {
            let package =
                |name: &&str| format!("test --package {name} --all-targets -- --nocapture");
            let module =
                |name: &&str| format!("test --package if-tests {name}:: -- --test-threads=1");
            let packages = suite.packages.iter().map(package);
            packages.chain(suite.modules.iter().map(module)).map(|line| words(&line)).collect()
        }
    }
}

fn filter(suite: &Suite) -> String {
    let packages = suite.packages.iter().map(|name| format!("package(={name})"));
    let modules =
        suite.modules.iter().map(|name| format!("(package(=if-tests) & test(/^{name}::/))"));
    packages.chain(modules).collect::<Vec<_>>().join(" | ")
}

fn skipped_list(file: &Path) -> String {
    let Ok(text) = fs_err::read_to_string(file) else { return String::new() };
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    format!("\n{} tests were skipped:\n  {}\n", lines.len(), lines.join("\n  "))
}

/// What the end-to-end tests recorded and replayed, by verdict.
fn replayed(file: &Path) -> String {
    let Ok(text) = fs_err::read_to_string(file) else { return String::new() };
    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in text.lines() {
        *verdicts.entry(line.trim_matches('"')).or_default() += 1;
    }
    let parts: Vec<String> =
        verdicts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    format!("\nrecorded operations, replayed: {}\n", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::floors;

    #[test]
    fn flags_are_read_and_unknown_ones_refused() {
        let options = Options::parse(&["--suite", "trust", "--require-servers"]).unwrap();
        assert_eq!(options, Options { suite: Some("trust"), ..Options::ci() });
        let options = Options::parse(&["--mutants", "100000", "--kills", "200"]).unwrap();
        assert_eq!(options.sizes, [(Size::Mutants, 100_000), (Size::Kills, 200)].into());
        assert!(Options::parse(&["--mutants", "many"]).is_err());
        assert_eq!(Options::parse(&["--suite", "all"]).unwrap(), Options::default());
        assert!(Options::parse(&["--suite", "trist"]).unwrap_err().to_string().contains("trust"));
        assert!(Options::parse(&["--suite"]).is_err());
        assert!(Options::parse(&["--servers"]).is_err());
    }

    #[test]
    fn every_package_is_in_a_suite() {
        for package in floors::PACKAGES.iter().filter(|package| **package != "if-tests") {
            let held = SUITES.iter().any(|suite| suite.packages.contains(package));
            assert!(held, "{package} is in no suite");
        }
    }

    #[test]
    fn every_end_to_end_module_is_in_a_suite() {
        let main = fs_err::read_to_string(shell::root().join("tests/it/main.rs")).unwrap();
        let modules = main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
        let known = |name: &&str| SUITES.iter().any(|suite| suite.modules.contains(name));
        // The laboratory and its terminal hold no tests.
        let forgotten: Vec<_> =
            modules.filter(|name| !["lab", "terminal"].contains(name) && !known(name)).collect();
        assert!(forgotten.is_empty(), "in no suite: {forgotten:?}");
        for module in SUITES.iter().flat_map(|suite| suite.modules) {
            assert!(main.contains(&format!("mod {module};")), "{module} is gone");
        }
    }

    #[test]
    fn a_suite_becomes_a_filter() {
        let suite = Suite { name: "two", packages: &["if-a", "if-b"], modules: &["doors"] };
        let expected = "package(=if-a) | package(=if-b) | (package(=if-tests) & test(/^doors::/))";
        assert_eq!(filter(&suite), expected);
        assert_eq!(runs(Some(&suite), false).len(), 3);
        assert_eq!(runs(None, true), [["nextest", "run", "--workspace"]]);
    }

    #[test]
    fn skipped_tests_are_listed_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("skipped");
        assert_eq!(skipped_list(&file), "");
        fs_err::write(&file, "skipped: b: obs-studio is not installed\nskipped: a: x\n").unwrap();
        let list = skipped_list(&file);
        assert!(list.contains("2 tests were skipped:\n  skipped: a: x\n  skipped: b"), "{list}");
    }
}
