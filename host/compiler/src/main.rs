//! `ifctl-compile`: a component on stdin, machine code on stdout, a complaint on stderr.
//!
//! A program of its own, so that the command which runs what was compiled carries no compiler: it
//! starts faster, and hostile bytes meet the compiler only in here, under limits of processor time
//! and address space. It reads no file, no home, no environment and no argument.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match if_runtime::compile_child_main(std::io::stdin().lock(), std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when even this fails.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}
