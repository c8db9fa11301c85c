//! From component to machine code, in a child under limits: compiling is where hostile bytes cost
//! the most, and the sandbox's makers do not count that as their bug. The child is a program of its
//! own, `ifctl-compile`; only that is built with the compiler.
//!
//! Refused before any compiler sees it: what is too large, and what is not a binary component —
//! core modules, text, and above all code that is already compiled, which would run unchecked.

use crate::config::Compiler;
#[cfg(feature = "compiler")]
use crate::config::{Allocation, Threads, compiling_engine};
use crate::error::RuntimeError;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use wasmtime::Engine;

/// Largest component. Interpreters compiled to wasm have 18 MB.
const COMPONENT_BYTES_MAX: usize = 64 << 20;

/// Largest artefact, at most a few times its component.
pub(crate) const ARTEFACT_BYTES_MAX: usize = 256 << 20;

/// What the child may use. 18 MB take some 8 seconds.
#[cfg(feature = "compiler")]
const CHILD_BOUNDS: if_wall::Bounds =
    if_wall::Bounds { cpu_seconds: Some(60), address_bytes: 2 << 30, data_bytes: None };

/// Longest silence of the child: its processor time and half as much for a busy machine.
const CHILD_SILENCE_SECONDS: i64 = 90;

/// Most of the child's complaint that is passed on.
const COMPLAINT_BYTES_MAX: u64 = 4 << 10;

/// How [`RuntimeError::Compile`] begins, in the child's mouth as in ours.
const COMPLAINT: &str = "the component cannot be compiled: ";

/// Preamble of a binary component: magic, version 13, layer 1.
const COMPONENT_PREAMBLE: &[u8] = b"\0asm\x0d\0\x01\0";

/// Machine code for `component`, by whoever is to make it.
pub(crate) fn compile(compiler: &Compiler, component: &[u8]) -> Result<Vec<u8>, RuntimeError> {
    check(component)?;
    match compiler {
        #[cfg(feature = "compiler")]
        Compiler::InProcess => precompile(component, Threads::Many),
        Compiler::Child { program, arguments } => in_child(program, arguments, component),
    }
}

/// The whole life of a compiling child: closes itself off (no file, no network, no process, limits
/// of processor time and memory), reads a component from `stdin`
/// to its end, writes the artefact to `stdout`. The caller prints the error and exits non-zero.
#[cfg(feature = "compiler")]
pub fn compile_child_main(
    mut stdin: impl Read,
    mut stdout: impl Write,
) -> Result<(), RuntimeError> {
    if_wall::forget_inherited();
    if_wall::close(CHILD_BOUNDS, if_wall::Calls::Piping).map_err(|error| {
        RuntimeError::Compile(format!("the child cannot be closed off: {error}"))
    })?;
    let mut component = Vec::new();
    let failed = |error: std::io::Error| RuntimeError::Compile(error.to_string());
    stdin
        .by_ref()
        .take(COMPONENT_BYTES_MAX as u64 + 1)
        .read_to_end(&mut component)
        .map_err(failed)?;
    check(&component)?;
    let artefact = precompile(&component, Threads::One)?;
    stdout.write_all(&artefact).and_then(|()| stdout.flush()).map_err(failed)
}

fn check(component: &[u8]) -> Result<(), RuntimeError> {
    if component.len() > COMPONENT_BYTES_MAX {
        return Err(RuntimeError::NotAComponent("is larger than 64 MiB"));
    }
    if Engine::detect_precompiled(component).is_some() {
        return Err(RuntimeError::NotAComponent("is compiled code, which is never accepted"));
    }
    if !component.starts_with(COMPONENT_PREAMBLE) {
        return Err(RuntimeError::NotAComponent("is not a binary WebAssembly component"));
    }
    Ok(())
}

#[cfg(feature = "compiler")]
fn precompile(component: &[u8], threads: Threads) -> Result<Vec<u8>, RuntimeError> {
    // The compiled form does not depend on how memory is given.
    compiling_engine(Allocation::OnDemand, threads)?
        .precompile_component(component)
        .map_err(|error| RuntimeError::Compile(format!("{error:#}")))
}

fn in_child(
    program: &Path,
    arguments: &[String],
    component: &[u8],
) -> Result<Vec<u8>, RuntimeError> {
    let failed = |error: std::io::Error| {
        RuntimeError::Compile(format!("child `{}`: {error}", program.display()))
    };
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => RuntimeError::CompilerMissing(program.to_owned()),
            _ => failed(error),
        })?;
    let talk = converse(&mut child, component);
    if talk.is_err() {
        // It may have ended by itself in between; either way it is awaited below.
        let _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    let (artefact, complaint) = talk.map_err(failed)?;
    if status.success() {
        return Ok(artefact);
    }
    let why = if complaint.is_empty() { status.to_string() } else { complaint };
    // The child is this program and says so at length; its reason is enough.
    let why = why.rsplit_once(COMPLAINT).map_or(why.as_str(), |(_, reason)| reason).to_owned();
    Err(RuntimeError::Compile(why))
}

/// Hands the component over and reads artefact and complaint, neither beyond its bound.
fn converse(child: &mut Child, component: &[u8]) -> std::io::Result<(Vec<u8>, String)> {
    if let Some(mut stdin) = child.stdin.take() {
        // A child that dies early breaks the pipe; its status tells more than the pipe does.
        let _ = stdin.write_all(component);
    }
    let mut artefact = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        let mut piece = vec![0; 64 << 10];
        loop {
            await_words(&stdout)?;
            let count = stdout.read(&mut piece)?;
            artefact.extend_from_slice(piece.get(..count).unwrap_or_default());
            if count == 0 {
                break;
            }
            if artefact.len() > ARTEFACT_BYTES_MAX {
                return Err(std::io::Error::other("the artefact is larger than 256 MiB"));
            }
        }
    }
    let mut complaint = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        stderr.take(COMPLAINT_BYTES_MAX).read_to_end(&mut complaint)?;
    }
    Ok((artefact, String::from_utf8_lossy(&complaint).trim().to_owned()))
}

fn await_words(stdout: &std::process::ChildStdout) -> std::io::Result<()> {
    let silence = Timespec { tv_sec: CHILD_SILENCE_SECONDS, tv_nsec: 0 };
    loop {
        match poll(&mut [PollFd::new(stdout, PollFlags::IN)], Some(&silence)) {
            Ok(0) => return Err(std::io::Error::other("the compiler did not finish in time")),
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        check(bytes).unwrap_err().to_string()
    }

    #[test]
    fn only_binary_components_are_compiled() {
        assert!(refusal(b"(component)").contains("not a binary"));
        assert!(refusal(b"\0asm\x01\0\0\0").contains("not a binary"));
        assert!(refusal(&vec![0; COMPONENT_BYTES_MAX + 1]).contains("larger"));
        assert!(check(&wat::parse_str("(component)").unwrap()).is_ok());
    }

    #[test]
    fn compiled_code_is_refused_as_a_component() {
        let artefact = precompile(&wat::parse_str("(component)").unwrap(), Threads::Many).unwrap();
        assert!(refusal(&artefact).contains("compiled code"));
    }
}
