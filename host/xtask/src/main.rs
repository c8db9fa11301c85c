//! `cargo xtask …`: everything one does with this repository, in one place and in Rust.
//!
//! One command, one module. CI runs exactly what the README tells a user to run, so each stage is
//! a function that both call. It prints what it does and how long that took; it installs nothing
//! without saying so, and nothing outside `target/` but what `setup` and `install` name.

// The one program besides the binary that talks to people.
#![allow(clippy::print_stdout)]

mod advisories;
mod author;
mod bench;
mod ci;
mod compiler;
mod demo;
mod deny;
mod fuzz;
mod install;
mod minimal;
mod plugins;
mod reference;
mod scenario;
mod setup;
mod shell;
mod stage;
mod test;
mod tidy;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  setup [--servers] [--tools]   get what is missing: wasm target, the tests' servers, CI's tools
  demo                          build everything, then a minute's tour, every line checked
  test [--suite NAME] [--require-servers]
       [--mutants N] [--images N] [--faults N] [--kills N] [--flips N]
       [--tasks N] [--seconds N]
                                the whole suite, or one of: core, studio, trust, providers, fuzz;
                                and how large the tests are that find more the longer they run
  fuzz [--seconds N] [--inputs N] [--replay FILE] [--list] [TARGET]...
                                bytes that nobody thought of, at every parser of foreign bytes
  plugins                       build the plugins and the tests' guests
  reproduce                     build the plugins of a second checkout, and compare the digests
  tidy                          the invariants that no compiler checks
  lints                         clippy over every crate, nothing waived
  deny                          licences, duplicates, sources and floors of the dependencies
  advisories [--from FOLDER]    no dependency has a known hole; from a checkout, the facts anew
  gen [--check]                 write docs/reference, or compare it
  minimal                       build and try the host without network and vault
  bench [cold|wall|trust|bounds|lag|log|obs|ha|calls|sizes|help]…
                                what it costs beside bare programs; all of it to docs/BENCH.md
  author                        a plugin from the template, built, packed and tested
  install [--to FOLDER]         a release build onto your path: ifctl, and if beside it
  ci                            all of it, as CI does";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = compiler::run(&words).unwrap_or_else(|| run(&words));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nfailed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<()> {
    match words {
        ["setup", flags @ ..] => setup::run(flags),
        ["demo"] => demo::run(),
        ["test", flags @ ..] => test::run(&test::Options::parse(flags)?),
        ["fuzz", words @ ..] => fuzz::run(&fuzz::Options::parse(words)?),
        ["plugins"] => plugins::run(),
        ["reproduce"] => plugins::reproduce(),
        ["tidy"] => tidy::run(),
        ["lints"] => ci::lints(),
        ["deny"] => deny::run(),
        ["advisories", flags @ ..] => advisories::run(flags),
        ["gen"] => reference::write(),
        ["gen", "--check"] => reference::check(),
        ["minimal"] => minimal::run(),
        ["bench", only @ ..] => bench::run(only),
        ["author"] => author::run(),
        ["install"] => install::run(None),
        ["install", "--to", folder] => install::run(Some(folder)),
        ["ci"] => ci::run(),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        other => bail!("unknown: {}\n\n{USAGE}", other.join(" ")),
    }
}
