//! `cargo xtask ci`: every stage, in the order in which a mistake is cheapest to find.
//!
//! It stops at the first failure and always ends with the table of durations. Each stage is a
//! command that anybody can run alone. The servers of the tests are fetched while the compiler
//! works: they are waited for more than computed.

use crate::stage::Stages;
use crate::{
    advisories, author, compiler, demo, deny, fuzz, minimal, plugins, reference, setup, shell,
    test, tidy,
};
use anyhow::{Context as _, Result, ensure};
use std::path::PathBuf;
use std::process::{Child, Stdio};

type Stage = (&'static str, fn() -> Result<()>);

/// Nothing of these needs much of the machine. The tools come before the servers: two may not
/// install packages at once.
const QUICK: &[Stage] = &[
    ("format", format),
    ("tidy", tidy::run),
    ("tools", || setup::run(&["--tools"])),
    ("deny", deny::run),
    ("advisories", advisories::check),
];

/// The compiler's work, with the servers being fetched beside it.
const COMPILED: &[Stage] = &[
    ("plugins", plugins::run),
    ("reproduce", plugins::reproduce),
    ("lints", lints),
    ("reference", reference::check),
];

/// What runs the product.
const TRIED: &[Stage] = &[
    ("test", || test::run(&test::Options::ci())),
    ("fuzz", || fuzz::run(&fuzz::Options::ci())),
    ("author", author::run),
    ("demo", demo::run),
    // Last: it is another set of features, and leaves another binary behind.
    ("minimal host", minimal::run),
];

/// Runs the command.
pub fn run() -> Result<()> {
    let mut stages = Stages::default();
    let outcome = run_stages(&mut stages);
    println!("\n{}", stages.table());
    outcome
}

fn run_stages(stages: &mut Stages) -> Result<()> {
    each(QUICK, stages)?;
    let servers = Servers::begin()?;
    each(COMPILED, stages)?;
    stages.run("servers", || servers.ready())?;
    each(TRIED, stages)
}

fn each(list: &[Stage], stages: &mut Stages) -> Result<()> {
    list.iter().try_for_each(|(name, stage)| stages.run(name, stage))
}

/// `cargo xtask setup --servers`, running beside.
struct Servers {
    child: Child,
    said: PathBuf,
}

impl Servers {
    fn begin() -> Result<Self> {
        let said = shell::root().join("target/servers.log");
        let log = fs_err::File::create(&said)?;
        let mut setup = shell::command("/proc/self/exe");
        setup.args(["setup", "--servers"]).stdin(Stdio::null());
        setup.stdout(log.file().try_clone()?).stderr(log.into_parts().0);
        Ok(Self { child: setup.spawn().context("cannot run `setup --servers`")?, said })
    }

    /// Waits for the end; what it said is printed here, where it disturbs no other stage.
    fn ready(mut self) -> Result<()> {
        let status = self.child.wait()?;
        print!("{}", fs_err::read_to_string(&self.said)?);
        ensure!(status.success(), "`setup --servers` ended with {status}");
        Ok(())
    }
}

impl Drop for Servers {
    /// Whoever installs packages is not to be ended in the middle.
    fn drop(&mut self) {
        let _ = self.child.wait();
    }
}

fn format() -> Result<()> {
    shell::run(&mut shell::cargo(&["fmt", "--all", "--check"]))?;
    let plugins = ["fmt", "--all", "--check", "--manifest-path", plugins::MANIFEST];
    shell::run(&mut shell::cargo(&plugins))
}

/// `cargo xtask lints`: the host as it is, without its default features, and the plugins for their
/// own target.
pub fn lints() -> Result<()> {
    judge(&["--workspace", "--all-targets"])?;
    judge(&[&["--all-targets"], minimal::BESIDE_THE_REST].concat())?;
    plugins::judge()
}

/// A build by clippy: what is no crate of ours is compiled as the next stages need it.
fn judge(words: &[&str]) -> Result<()> {
    let mut cargo = shell::cargo(&["build", "--quiet"]);
    compiler::set(cargo.args(words), compiler::As::Judged)?;
    shell::run(&mut cargo)
}
