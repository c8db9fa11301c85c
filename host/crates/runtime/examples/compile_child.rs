//! The compiling child by itself, as the binary runs it behind a hidden argument: a component on
//! stdin, machine code on stdout, a complaint on stderr.

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
