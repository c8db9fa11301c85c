//! Runs a program to its end and prints the largest memory it had resident, in KiB.
//!
//! A process of its own, because the kernel's figure covers every child waited for, and because
//! what starts a child must be smaller than the child: at `exec` the kernel counts the starter's.
//! Measured, never shipped.
//!
//! `peak-memory <program> [arguments…]`

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use std::process::{Command, Stdio};

fn main() -> Result<()> {
    let mut words = std::env::args_os().skip(1);
    let program = words.next().context("usage: peak-memory <program> [arguments…]")?;
    let own = getrusage(UsageWho::RUSAGE_SELF)?.max_rss();
    let status = Command::new(program).args(words).stdout(Stdio::null()).status()?;
    ensure!(status.success(), "it ended with {status}");
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss();
    ensure!(peak > own, "the program is smaller than what measures it");
    println!("{peak}");
    Ok(())
}
