//! The second wall, seen from outside: what a stranger finds who has broken out of the sandbox, and
//! what becomes of a command whose worker dies.

use crate::lab::{Lab, Run};
use crate::obs::studio;
use if_fakes::ObsFake;
use if_fakes::obs::numbered;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PASSWORD: &str = "only the broker knows this";

/// Longest wait for a process to be gone.
pub const GONE: Duration = Duration::from_secs(5);

/// A stream that has given its first event, so that its guest is at work.
struct Running {
    command: Child,
    worker: u32,
}

impl Running {
    fn start(lab: &Lab, words: &[&str]) -> Running {
        let mut line = lab.command(words);
        let mut command = line.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(command.stdout.take().unwrap());
        stdout.read_line(&mut String::new()).unwrap();
        // What follows goes nowhere, and nobody is blocked.
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        let worker = children(command.id()).pop().expect("a worker");
        Running { command, worker }
    }

    fn end(self) -> Run {
        Run::from(self.command.wait_with_output().unwrap())
    }
}

/// The processes that this one has started.
pub fn children(process: u32) -> Vec<u32> {
    let file = format!("/proc/{process}/task/{process}/children");
    let ids = fs::read_to_string(file).unwrap_or_default();
    ids.split_whitespace().map(|id| id.parse().unwrap()).collect()
}

fn kill(process: u32) {
    assert!(Command::new("kill").args(["-KILL", &process.to_string()]).status().unwrap().success());
}

/// Whether these bytes stand anywhere in a process's memory.
pub fn remembers(process: u32, text: &str) -> bool {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let mut memory = File::open(format!("/proc/{process}/mem")).unwrap();
    maps.lines().filter_map(range).any(|(start, end)| {
        let mut bytes = Vec::new();
        memory.seek(SeekFrom::Start(start)).unwrap();
        // Pages without content cannot be read, and hold nothing.
        let _ = memory.by_ref().take(end - start).read_to_end(&mut bytes);
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

/// Where a mapping lies that can be written.
fn range(line: &str) -> Option<(u64, u64)> {
    let (place, rest) = line.split_once(' ')?;
    let (start, end) = place.split_once('-')?;
    let hex = |text| u64::from_str_radix(text, 16).ok();
    rest.starts_with("rw").then_some((hex(start)?, hex(end)?))
}

#[test]
fn the_workers_memory_holds_what_the_guest_was_told_and_no_secret() {
    let fake = ObsFake::script().password(PASSWORD).events(numbered(1)).start().unwrap();
    let lab = studio(fake.port, PASSWORD);
    let mut running = Running::start(&lab, &["obs", "events", "studio", "--json"]);
    assert!(remembers(running.worker, "\"studio\""), "the search finds what is there");
    assert!(!remembers(running.worker, PASSWORD));
    running.command.kill().unwrap();
    running.end();
}

#[test]
fn a_worker_that_dies_ends_its_command_with_an_error_and_an_entry() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let running = Running::start(&lab, &["noop", "stream", "here"]);
    kill(running.worker);
    let said = running.end().fails("error[IF_ERR_PLUGIN_MISBEHAVED]", 1);
    assert!(said.contains("its process ended (signal: 9 (SIGKILL))"), "{said}");
    let entry = lab.run(["witness", "query", "--json", "-n", "1"]).ok();
    assert!(entry.contains("IF_ERR_PLUGIN_MISBEHAVED"), "{entry}");
    lab.run(["noop", "ping", "here"]).ok();
    lab.run(["witness", "verify"]).ok();
}

#[test]
fn no_worker_outlives_its_command() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let running = Running::start(&lab, &["noop", "stream", "here"]);
    let worker = running.worker;
    kill(running.command.id());
    running.end();
    let begun = std::time::Instant::now();
    while fs::exists(format!("/proc/{worker}")).unwrap() {
        assert!(begun.elapsed() < GONE, "the worker is still there");
        std::thread::yield_now();
    }
}

/// One that computes hears nothing of a closed socket: the kernel ends it.
#[test]
fn a_worker_asks_the_kernel_to_end_it_with_its_command() {
    if !if_servers::require!(Strace) {
        return;
    }
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let trace = lab.path().join("trace");
    let line = lab.command(["noop", "ping", "here"]);
    let mut traced = Command::new("strace");
    traced.args(["-f", "-e", "trace=prctl", "-o"]).arg(&trace).arg("--").arg(line.get_program());
    traced
        .args(line.get_args())
        .envs(line.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = traced.output().unwrap();
    let text = fs::read_to_string(&trace).unwrap_or_default();
    if text.is_empty() {
        if_servers::skip!("processes may not be traced here");
        return;
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("prctl(PR_SET_PDEATHSIG, SIGKILL)"), "{text}");
}
