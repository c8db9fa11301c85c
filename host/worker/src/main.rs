//! `ifctl-worker`: the process in which one plugin runs for one call, over the socket that is its
//! standard input.
//!
//! A program of its own, so that a guest which breaks out of the sandbox finds no network code, no
//! database and no vault around it. It reads no file, no home, no environment and no argument, and
//! closes itself off before the guest's first instruction.

use std::process::ExitCode;

fn main() -> ExitCode {
    match if_runtime::worker_main() {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody reads here; the status is all that whoever started it will see.
        Err(_) => ExitCode::FAILURE,
    }
}
