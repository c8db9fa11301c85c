//! This program in the compiler's place: cargo calls it for the crates of a workspace, and for no
//! dependency, so that only our own are compiled otherwise and everything else is shared with the
//! ordinary build.

use crate::shell;
use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// How the crates of the workspace are to be compiled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum As {
    /// With a name in the place of the number that cargo makes of where a crate lies: the order of
    /// all that is linked follows from it.
    Placeless,
    /// With the counters of a fuzzer.
    Counted,
    /// Not into a program: judged by clippy. `cargo clippy` would read every dependency once more.
    Judged,
    /// With neither fuel nor interruptions, to be measured beside the product.
    Unbounded,
}

const ALL: &[As] = &[As::Placeless, As::Counted, As::Judged, As::Unbounded];

/// Tells the program in the compiler's place which of them.
const HOW: &str = "XTASK_COMPILES";

/// Counters at every edge and comparison: what `cargo fuzz` gives the compiler.
const COUNTERS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
];

impl As {
    fn word(self) -> &'static str {
        match self {
            As::Placeless => "placeless",
            As::Counted => "counted",
            As::Judged => "judged",
            As::Unbounded => "unbounded",
        }
    }

    fn named(word: &str) -> Option<Self> {
        ALL.iter().copied().find(|how| how.word() == word)
    }

    /// Who compiles, before the compiler's own words.
    fn compiler(self, rustc: &str) -> Command {
        match self {
            As::Judged => {
                let mut clippy = Command::new("clippy-driver");
                clippy.arg(rustc);
                clippy
            }
            _ => Command::new(rustc),
        }
    }

    /// The compiler's arguments.
    fn arguments(self, words: &[&str]) -> Vec<String> {
        match self {
            As::Placeless => placeless(words),
            As::Counted => with(COUNTERS, words),
            As::Judged => judged(words, Path::exists),
            As::Unbounded => with(&["--cfg=if_unbounded"], words),
        }
    }
}

/// Has cargo compile so.
pub fn set(cargo: &mut Command, how: As) -> Result<()> {
    cargo.env("RUSTC_WORKSPACE_WRAPPER", program()?).env(HOW, how.word());
    Ok(())
}

/// A copy of this program to be called as the compiler: the stages of CI build this very program
/// anew while it runs, and then there is nothing any more at the place that it was started from.
fn program() -> Result<PathBuf> {
    let place = shell::root().join("target/xtask-as-compiler");
    let own = fs_err::read("/proc/self/exe")?;
    if fs_err::read(&place).ok().as_ref() != Some(&own) {
        let fresh = place.with_extension("new");
        fs_err::copy("/proc/self/exe", &fresh)?;
        fs_err::rename(&fresh, &place)?;
    }
    Ok(place)
}

/// This program as cargo calls it in the compiler's place: with the compiler as the first word.
/// `None` when it was called by anybody else.
#[allow(clippy::disallowed_methods)] // cargo passes its environment on; no configuration is read
pub fn run(words: &[&str]) -> Option<Result<()>> {
    let how = As::named(&std::env::var(HOW).ok()?)?;
    let (compiler, words) = words.split_first()?;
    (Path::new(compiler).file_stem()? == "rustc").then(|| {
        let mut rustc = how.compiler(compiler);
        rustc.args(how.arguments(words));
        let status = rustc.status()?;
        let name = crate_name(words).unwrap_or("it");
        ensure!(status.success(), "{name} was not compiled ({status})");
        Ok(())
    })
}

fn placeless(words: &[&str]) -> Vec<String> {
    let name = crate_name(words).unwrap_or_default();
    let number = |word: &str| word.starts_with("metadata=") && !name.is_empty();
    let replaced = |word: &&str| match number(word) {
        true => format!("metadata={name}"),
        false => (*word).to_owned(),
    };
    words.iter().map(replaced).collect()
}

/// The same with more words, but for what runs during the build.
fn with(more: &[&str], words: &[&str]) -> Vec<String> {
    let more = if is_for_later(words) { more } else { &[] };
    words.iter().chain(more).map(|word| (*word).to_owned()).collect()
}

/// No code is made, only what the next crate must know of this one; of those before it there may
/// be no more either.
fn judged(words: &[&str], exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let known = |word: &str| {
        let known = word.strip_suffix(".rlib").map(|stem| format!("{stem}.rmeta"));
        known.filter(|known| known.split_once('=').is_some_and(|(_, file)| exists(file.as_ref())))
    };
    let replaced = |word: &&str| match word.strip_prefix("--emit=") {
        Some(_) => "--emit=dep-info,metadata".to_owned(),
        None => known(word).unwrap_or_else(|| (*word).to_owned()),
    };
    match is_for_later(words) {
        true => words.iter().map(replaced).chain(["--deny=warnings".to_owned()]).collect(),
        false => words.iter().map(|word| (*word).to_owned()).collect(),
    }
}

/// Neither runs during the build nor is a question about the compiler.
fn is_for_later(words: &[&str]) -> bool {
    let runs_here = |word: &&str| *word == "proc-macro" || *word == "build_script_build";
    crate_name(words).is_some() && !words.iter().any(runs_here)
}

fn crate_name<'a>(words: &[&'a str]) -> Option<&'a str> {
    let pair = words.windows(2).find(|pair| pair.first() == Some(&"--crate-name"))?;
    pair.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_told_by_its_name_and_not_by_its_place() {
        let words = ["--crate-name", "if_sdk", "-C", "metadata=8f3a", "-C", "opt-level=s"];
        let expected = ["--crate-name", "if_sdk", "-C", "metadata=if_sdk", "-C", "opt-level=s"];
        assert_eq!(As::Placeless.arguments(&words), expected);
        assert_eq!(As::Placeless.arguments(&["-vV"]), ["-vV"]);
    }

    #[test]
    fn counters_are_for_what_the_fuzzer_runs() {
        let has = |words: &[&str]| As::Counted.arguments(words).len() > words.len();
        assert!(has(&["--crate-name", "if_core", "--crate-type", "lib"]));
        assert!(!has(&["--crate-name", "build_script_build", "build.rs"]));
        assert!(!has(&["--crate-name", "macros", "--crate-type", "proc-macro"]));
        assert!(!has(&["-vV"]));
    }

    #[test]
    fn what_is_judged_becomes_no_program_and_needs_none() {
        let words =
            ["--crate-name", "if_core", "--emit=dep-info,link", "--extern", "a=/d/liba.rlib"];
        let judged = |words: &[&str]| judged(words, |file| file == Path::new("/d/liba.rmeta"));
        let expected =
            ["--crate-name", "if_core", "--emit=dep-info,metadata", "--extern", "a=/d/liba.rmeta"];
        assert_eq!(judged(&words)[..5], expected);
        assert_eq!(judged(&words)[5..], ["--deny=warnings"]);
        assert_eq!(judged(&["--crate-name", "x", "b=/d/libb.rlib"])[2], "b=/d/libb.rlib");
        let runs = ["--crate-name", "build_script_build", "--emit=dep-info,link"];
        assert_eq!(judged(&runs), runs);
    }

    #[test]
    fn nobody_but_cargo_calls_the_compiler() {
        assert!(run(&["plugins"]).is_none());
        for how in ALL {
            assert_eq!(As::named(how.word()), Some(*how));
        }
    }
}
