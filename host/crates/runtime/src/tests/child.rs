//! The compiling child as a real process: `ifctl-compile`, as the workspace's build leaves it.

use super::fixture::{Script, call, config, digest, prepare, run_prepared};
use super::guest::returning;
use crate::{Compiler, Runtime, Source};
use if_core::{Code, Explain};
use std::path::PathBuf;

fn runtime(dir: &std::path::Path, program: impl Into<PathBuf>, arguments: &[&str]) -> Runtime {
    let mut config = config(dir);
    let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    config.compiler = Compiler::Child { program: program.into(), arguments };
    Runtime::new(config).unwrap()
}

fn compiler() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.join("ifctl-compile")
}

#[test]
fn what_the_child_compiled_runs_and_is_kept() {
    let (dir, component) = (tempfile::tempdir().unwrap(), returning("5"));
    let runtime = runtime(dir.path(), compiler(), &[]);
    let prepared = prepare(&runtime, &component);
    assert_eq!(prepared.source(), Source::Compiled { kept: true });
    let report = run_prepared(&runtime, &prepared, call(), Script::done());
    assert_eq!(report.result.as_deref(), Ok("5"));
    assert_eq!(prepare(&runtime, &component).source(), Source::Cache);
}

fn failure(program: &str, arguments: &[&str]) -> String {
    failure_of(PathBuf::from(program), arguments, &returning("5"))
}

fn failure_of(program: PathBuf, arguments: &[&str], component: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let runtime = runtime(dir.path(), program, arguments);
    let bytes = &mut || Ok(component.to_vec());
    let error = runtime.prepare(&digest(component), bytes).err().unwrap();
    assert_eq!(error.code(), Code::Compile, "{error}");
    assert_eq!(fs_err::read_dir(dir.path().join("aot")).unwrap().count(), 0, "nothing is kept");
    error.to_string()
}

#[test]
fn a_broken_component_is_the_childs_complaint() {
    let mut component = returning("5");
    component.truncate(component.len() - 3);
    let message = failure_of(compiler(), &[], &component);
    assert_eq!(message.matches("cannot be compiled").count(), 1, "{message}");
}

#[test]
fn children_that_fail_echo_or_are_missing_are_told_apart() {
    assert!(failure("/bin/false", &[]).contains("exit status: 1"));
    assert!(failure("/nowhere/child", &[]).contains("no `/nowhere/child`"));
    let complaint = failure("/bin/sh", &["-c", "echo no thanks >&2; exit 3"]);
    assert!(complaint.contains("no thanks"), "{complaint}");
    // Echoes the component, which is not machine code.
    failure("/bin/cat", &[]);
}

#[test]
fn an_endless_artefact_is_cut_off() {
    let message = failure("/bin/sh", &["-c", "cat >/dev/null; exec cat /dev/zero"]);
    assert!(message.contains("larger than 256 MiB"), "{message}");
}

#[test]
fn the_child_closes_itself_off_before_it_reads_a_byte() {
    let mut child =
        std::process::Command::new(compiler()).stdin(std::process::Stdio::piped()).spawn().unwrap();
    let state = await_closed(&mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    let (limits, status) = state.unwrap();
    let line = |name: &str| limits.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("Max address space").contains("2147483648"), "{limits}");
    assert!(line("Max cpu time").contains(" 60 "), "{limits}");
    for none in ["Max core file size", "Max open files"] {
        assert!(line(none).contains(" 0 "), "{limits}");
    }
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
}

/// The child's limits and status as the kernel shows them, once it filters its system calls: the
/// last that is done.
fn await_closed(child: &mut std::process::Child) -> std::io::Result<(String, String)> {
    let id = child.id();
    while child.try_wait()?.is_none() {
        let status = fs_err::read_to_string(format!("/proc/{id}/status"))?;
        if status.contains("Seccomp:\t2") {
            return Ok((fs_err::read_to_string(format!("/proc/{id}/limits"))?, status));
        }
        std::thread::yield_now();
    }
    Err(std::io::Error::other("the child ended and was never closed"))
}
