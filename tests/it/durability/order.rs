//! In which order the kernel is asked: what is acknowledged, or what others are told, comes after
//! the flush of what is recorded about it.

use super::noop;
use crate::lab::{Lab, Run, switcher};
use std::collections::BTreeMap;
use std::process::Command;

/// Something that the program asked the kernel for, in the order of the trace.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Bytes, to a file or another descriptor.
    Wrote(String),
    /// A flush that has ended.
    Flushed(String),
}

/// What stands between the angle brackets behind a descriptor: the file, or what kind of pipe.
fn target(call: &str) -> Option<String> {
    let (_, rest) = call.split_once('<')?;
    // A connection has an arrow in its name.
    let end = [">,", ">)", "> "].iter().filter_map(|end| rest.find(end)).min()?;
    Some(rest.get(..end)?.to_owned())
}

/// The steps of a trace of several processes: a flush counts when it is over.
fn steps(trace: &str) -> Vec<Step> {
    let mut waiting: BTreeMap<&str, String> = BTreeMap::new();
    let mut steps = Vec::new();
    for line in trace.lines() {
        let Some((process, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if call.starts_with("<... ") && call.contains("sync resumed") {
            steps.extend(waiting.remove(process).map(Step::Flushed));
        } else if call.starts_with("fsync") || call.starts_with("fdatasync") {
            let Some(target) = target(call) else { continue };
            match call.ends_with("<unfinished ...>") {
                true => drop(waiting.insert(process, target)),
                false => steps.push(Step::Flushed(target)),
            }
        } else if let Some((name, rest)) = call.split_once('(')
            && ["write", "writev", "pwrite64", "sendto", "sendmsg"].contains(&name)
        {
            let stdout = rest.starts_with("1<");
            steps.extend(
                target(call).map(|it| Step::Wrote(if stdout { "stdout".to_owned() } else { it })),
            );
        }
    }
    steps
}

/// Runs a command under the tracer; its steps, and `None` where it cannot be traced.
fn traced(lab: &Lab, words: &[&str]) -> Option<Vec<Step>> {
    let trace = lab.path().join("trace");
    let command = lab.command(words);
    let mut traced = Command::new("strace");
    traced.args(["-f", "-yy", "-e", "trace=write,writev,pwrite64,sendto,sendmsg,fsync,fdatasync"]);
    traced.arg("-o").arg(&trace).arg(command.get_program()).args(command.get_args());
    traced.env_clear();
    for (name, value) in command.get_envs() {
        traced.env(name, value.unwrap_or_default());
    }
    let output = traced.output().ok()?;
    if String::from_utf8_lossy(&output.stderr).contains("ptrace") {
        return None;
    }
    Run::from(output).ok();
    Some(steps(&std::fs::read_to_string(trace).unwrap()))
}

/// Whether what was written to this file before `end` was flushed before it too, if anything was.
fn is_flushed(steps: &[Step], file: &str, end: usize) -> bool {
    let before = &steps[..end];
    let written =
        before.iter().rposition(|step| matches!(step, Step::Wrote(to) if to.ends_with(file)));
    let Some(written) = written else { return false };
    before[written..].iter().any(|step| matches!(step, Step::Flushed(it) if it.ends_with(file)))
}

fn first_to(steps: &[Step], target: &str) -> usize {
    let found =
        steps.iter().position(|step| matches!(step, Step::Wrote(to) if to.contains(target)));
    found.unwrap_or_else(|| panic!("nothing was written to {target}: {steps:#?}"))
}

#[test]
fn a_trace_is_read_in_the_order_in_which_flushes_end() {
    let trace = "\
12 pwrite64(5</h/if.db-wal>, \"x\", 1, 0) = 1
12 fdatasync(5</h/if.db-wal> <unfinished ...>
13 write(1<pipe:[7]>, \"{}\", 2) = 2
12 <... fdatasync resumed>) = 0
";
    let (log, out) = ("/h/if.db-wal".to_owned(), "stdout".to_owned());
    let steps = steps(trace);
    assert_eq!(steps, [Step::Wrote(log.clone()), Step::Wrote(out), Step::Flushed(log)]);
    assert!(!is_flushed(&steps, "if.db-wal", first_to(&steps, "stdout")));
    assert!(is_flushed(&steps, "if.db-wal", 3));
}

#[test]
fn the_outcome_and_the_head_of_the_log_are_flushed_before_the_result_is_printed() {
    if !if_servers::require!(Strace) {
        return;
    }
    let lab = noop();
    lab.run(["noop", "ping", "here"]).ok();
    // Often enough that the log of the database is folded once.
    for _ in 0..12 {
        let Some(steps) = traced(&lab, &["noop", "ping", "here", "n=1"]) else {
            if_servers::skip!("processes may not be traced here");
            return;
        };
        let printed = first_to(&steps, "stdout");
        for file in ["/if.db-wal", "/if.anchor"] {
            assert!(is_flushed(&steps, file, printed), "{file}: {steps:#?}");
        }
    }
}

#[test]
fn an_intent_is_flushed_before_the_device_hears_of_it() {
    if !if_servers::require!(Strace) {
        return;
    }
    let (lab, vmix) = switcher();
    let Some(steps) = traced(&lab, &["vmix", "cut", "switcher", "--input", "2"]) else {
        if_servers::skip!("processes may not be traced here");
        return;
    };
    let sent = first_to(&steps, &format!("127.0.0.1:{}", vmix.http_port));
    assert!(is_flushed(&steps, "/if.db-wal", sent), "{steps:#?}");
}
