//! `cargo xtask ci`: every stage, in the order in which a mistake is cheapest to find.
//!
//! It stops at the first failure and always ends with the table of durations. Each stage is a
//! command that anybody can run alone.

use crate::stage::Stages;
use crate::{
    advisories, author, demo, deny, minimal, plugins, reference, setup, shell, test, tidy,
};
use anyhow::Result;

type Stage = (&'static str, fn() -> Result<()>);

const STAGES: &[Stage] = &[
    ("format", format),
    ("tidy", tidy::run),
    ("setup", tools),
    ("deny", deny::run),
    ("advisories", advisories::check),
    ("plugins", plugins::run),
    ("reproduce", plugins::reproduce),
    ("lints", lints),
    ("reference", reference::check),
    ("test", || test::run(&test::Options::ci())),
    ("author", author::run),
    ("demo", demo::run),
    // Last: it is another set of features, and leaves another binary behind.
    ("minimal host", minimal::run),
];

/// Runs the command.
pub fn run() -> Result<()> {
    let mut stages = Stages::default();
    let outcome = STAGES.iter().try_for_each(|(name, stage)| stages.run(name, stage));
    println!("\n{}", stages.table());
    outcome
}

fn format() -> Result<()> {
    shell::run(&mut shell::cargo(&["fmt", "--all", "--check"]))?;
    let plugins = ["fmt", "--all", "--check", "--manifest-path", plugins::MANIFEST];
    shell::run(&mut shell::cargo(&plugins))
}

fn tools() -> Result<()> {
    setup::run(&["--servers", "--tools"])
}

/// The host as it is, without its default features, and the plugins for their own target.
fn lints() -> Result<()> {
    let strict = ["--", "--deny", "warnings"];
    let host = ["clippy", "--quiet", "--workspace", "--all-targets"];
    shell::run(shell::cargo(&host).args(strict))?;
    let minimal = ["clippy", "--quiet", "--package", "infrafabric", "--no-default-features"];
    shell::run(shell::cargo(&minimal).args(strict))?;
    let plugins = ["clippy", "--quiet", "--release", "--workspace", "--target", setup::TARGET];
    shell::run(shell::cargo(&plugins).args(["--manifest-path", plugins::MANIFEST]).args(strict))
}
