//! `cargo xtask author`: docs/guide/author.md, typed as a stranger would type it, in an empty
//! folder with a home of its own. What the guide shows is compared with what happens.
//!
//! After it, the guide's other way to build: a component of `cargo component` must pack and pass
//! as well.

use crate::scenario::Scene;
use crate::{setup, shell};
use anyhow::{Context as _, Result, bail};
use if_pages::{Block, Shell, blocks, difference};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The page.
const GUIDE: &str = "docs/guide/author.md";
/// The port that the guide's lamp listens on.
const PORT: &str = "8080";
/// The token of the guide's lamp.
const TOKEN: &str = "open-sesame";
/// The guide promises ten minutes, most of them a person's. The machine's part may take half.
const MACHINE_TIME_MAX: Duration = Duration::from_secs(300);

/// Runs the command.
pub fn run() -> Result<()> {
    setup::target(setup::TARGET)?;
    setup::component()?;
    shell::run(&mut shell::build())?;
    let folder = tempfile::Builder::new().prefix("infrafabric-").tempdir()?;
    let mut stranger = stranger(folder.path())?;
    let took = walk(&mut stranger, &fs_err::read_to_string(shell::root().join(GUIDE))?)?;
    println!("\nthe guide took the machine {:.0} s", took.as_secs_f64());
    if took > MACHINE_TIME_MAX {
        println!("that leaves a reader too little of ten minutes: this machine is slow, or busy");
    }
    println!("\nthe same plugin with cargo component:");
    other_way(&mut stranger)
}

/// A shell in an empty folder, with our binary and the machine's Rust on its path.
fn stranger(folder: &Path) -> Result<Shell> {
    let (home, bin, empty) = (folder.join("home"), folder.join("bin"), folder.join("empty"));
    for made in [&home, &bin, &empty] {
        fs_err::create_dir(made)?;
    }
    symlink(Scene::debug_binary(), bin.join("ifctl"))?;
    let path = std::env::join_paths(
        [bin, shell::tools().join("bin")]
            .into_iter()
            .chain(std::env::split_paths(&inherited("PATH"))),
    )?;
    let mut stranger = Shell::new(&home, &empty, &path.to_string_lossy())?;
    for (name, usual) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        stranger.set(name, &home_of(name, usual).display().to_string());
    }
    stranger.word(PORT, &free_port()?.to_string());
    stranger.answer("secret set", TOKEN);
    Ok(stranger)
}

/// Types every line of the guide; the time that the machine took.
#[allow(clippy::disallowed_methods)] // the clock of a tool that reports durations
fn walk(stranger: &mut Shell, page: &str) -> Result<Duration> {
    let begun = Instant::now();
    for step in blocks(page).iter().flat_map(Block::steps) {
        println!("  $ {}", step.typed.lines().next().unwrap_or_default());
        let said = stranger.take(&step)?;
        if said.exit != step.exit {
            bail!(
                "{GUIDE}:{}: `{}` ended with {} instead of {}:\n{}",
                step.line,
                step.typed,
                said.exit,
                step.exit,
                said.printed
            );
        }
        if let Some(difference) = step.prints.and_then(|prints| difference(&prints, &said.printed))
        {
            bail!("{GUIDE}:{}: `{}`: {difference}", step.line, step.typed);
        }
        pin_versions(&stranger.folder()?)?;
    }
    Ok(begun.elapsed())
}

/// The versions the plugins of this repository were tested with, not whatever is newest today.
fn pin_versions(folder: &Path) -> Result<()> {
    let lock = folder.join("Cargo.lock");
    if folder.join("plugin.toml").exists() && !lock.exists() {
        fs_err::copy(shell::root().join("plugins/Cargo.lock"), lock)?;
    }
    Ok(())
}

/// In the plugin's folder, where the guide ended.
fn other_way(stranger: &mut Shell) -> Result<()> {
    let component = "target/wasm32-wasip1/release/plugin.wasm";
    for line in [
        "rm -r package",
        "cargo component build --quiet --release",
        &format!("ifctl plugin pack . --component {component}"),
        "ifctl plugin test .",
    ] {
        println!("  $ {line}");
        let said = stranger.run(line)?;
        if said.exit != 0 {
            bail!("`{line}` ended with {}:\n{}", said.exit, said.printed);
        }
    }
    Ok(())
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr()?.port())
}

fn home_of(variable: &str, usual: &str) -> PathBuf {
    let set = inherited(variable);
    if set.is_empty() { Path::new(&inherited("HOME")).join(usual) } else { set.into() }
}

#[allow(clippy::disallowed_methods)] // where programs and cargo live; no configuration is read
fn inherited(name: &str) -> std::ffi::OsString {
    std::env::var_os(name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(page: &str) -> Result<Duration> {
        let folder = tempfile::tempdir().unwrap();
        let mut stranger = Shell::new(folder.path(), folder.path(), "/usr/bin:/bin").unwrap();
        walk(&mut stranger, page)
    }

    #[test]
    fn a_guide_that_is_not_true_is_named_by_its_line() {
        walked("```console\n$ echo a\na\n```\n\n```sh\nfalse # exit 1\n```\n").unwrap();
        let error = walked("text\n\n```sh\ntrue\nfalse\n```\n").unwrap_err().to_string();
        assert!(error.starts_with("docs/guide/author.md:5: `false` ended with 1"), "{error}");
        let error = walked("```console\n$ echo a\nb\n```\n").unwrap_err().to_string();
        assert!(error.contains(":2: `echo a`: the page says:\nb"), "{error}");
    }

    #[test]
    fn the_guide_has_lines_to_type_and_output_to_compare() {
        let page = fs_err::read_to_string(shell::root().join(GUIDE)).unwrap();
        let steps: Vec<_> = blocks(&page).iter().flat_map(Block::steps).collect();
        assert!(steps.len() > 20, "{}", steps.len());
        assert!(steps.iter().any(|step| step.prints.is_some()));
    }
}
