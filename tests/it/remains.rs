//! What a command leaves of a secret: in the processes it starts, in its own memory once the call
//! is over, and on the disk when it is killed in the middle of one.

mod bug;
mod protocols;

use crate::lab::{Lab, Run};
use crate::worker::{GONE, children, remembers};
use if_fakes::http::{Canned, HttpFake};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

const CANARY: &str = "canary-6e02d4-never-to-be-seen";
/// As long as a secret in a header may be with usual servers.
const LONG_BYTES: usize = 12 << 10;
/// What a pipe holds before its writer must wait.
const PIPE_BYTES: usize = 64 << 10;

/// A device that takes a request and answers when it is told to.
struct Slow {
    /// Dropped before the device, which could not end while it waits for this.
    _answer: Sender<()>,
    arrived: Receiver<Option<String>>,
    device: HttpFake,
}

impl Slow {
    fn start() -> Self {
        let ((arrives, arrived), (answer, told)) = (channel(), channel());
        let (arrives, told) = (Mutex::new(arrives), Mutex::new(told));
        let device = HttpFake::start(move |request| {
            let token = request.header("x-token").map(str::to_owned);
            let _ = arrives.lock().unwrap().send(token);
            // Who drops the other end is done with it.
            let _ = told.lock().unwrap().recv();
            Canned::ok("{}")
        });
        Self { _answer: answer, arrived, device: device.unwrap() }
    }

    /// Waits until the secret has arrived: the call is in its middle.
    fn hears(&self) {
        let token = self.arrived.recv_timeout(GONE).unwrap();
        assert!(token.is_some_and(|token| token.ends_with(CANARY)), "the secret did not arrive");
    }
}

/// A home whose vault holds this secret.
fn lab(port: u16, secret: &str) -> Lab {
    let lab = Lab::with(&["hostile"]);
    lab.run(["hostile", "add", "target", "--host", "127.0.0.1", "--port", &port.to_string()]).ok();
    lab.feed(["secret", "set", "hostile", "target", "password"], secret).ok();
    lab
}

/// A home that finds its secret in the environment.
fn lab_of_the_environment(port: u16) -> Lab {
    let lab = Lab::with(&["hostile"]);
    let text = format!(
        "instances:\n  target:\n    host: 127.0.0.1\n    port: {port}\n    private_network: true\n\
         \x20   secrets:\n      password: env:DEVICE_PASSWORD\n"
    );
    fs::write(lab.home().join("providers/hostile.yaml"), text).unwrap();
    lab
}

/// The command that uses the secret, from a shell that allows core dumps, in an empty folder.
fn used(lab: &Lab) -> Command {
    let tok = r#"[{"token":"plain","headers":{"x-token":"{token}"}}]"#;
    let plain = lab.command(["hostile", "send", "target", tok]);
    let mut command = allowing_dumps(lab);
    command.arg(plain.get_program()).args(plain.get_args()).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

fn allowing_dumps(lab: &Lab) -> Command {
    let here = lab.path().join("here");
    let _ = fs::create_dir(&here);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -c unlimited 2>/dev/null; exec \"$@\"", "sh"]);
    command.current_dir(here).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Sends a signal until its receiver is gone: the first may only take a handler away.
fn kill(signal: &str, process: u32, gone: &mut dyn FnMut() -> bool) {
    let begun = Instant::now();
    while !gone() {
        let _ = Command::new("kill").args([signal, &process.to_string()]).output();
        assert!(begun.elapsed() < GONE, "{signal} does not end it");
    }
}

fn ended(child: &mut Child) -> Option<ExitStatus> {
    child.try_wait().unwrap()
}

fn file(process: u32, name: &str) -> String {
    let bytes = fs::read(format!("/proc/{process}/{name}")).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_nowhere_in(lab: &Lab) {
    for (path, bytes) in lab.files() {
        let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        assert!(!found, "the secret stands in {}", path.display());
    }
    assert_eq!(fs::read_dir(lab.path().join("here")).unwrap().count(), 0, "something is written");
}

/// Whether a process that is killed dumps its memory on this machine.
fn dumps_here() -> bool {
    let lab = Lab::bare();
    let mut command = allowing_dumps(&lab);
    command.args(["sh", "-c", "kill -ABRT $$"]).status().unwrap().core_dumped()
}

#[test]
fn no_process_of_a_command_is_told_a_secret_by_its_words_or_its_environment() {
    let slow = Slow::start();
    let lab = lab_of_the_environment(slow.device.port);
    let mut child = used(&lab).env("DEVICE_PASSWORD", CANARY).spawn().unwrap();
    slow.hears();
    let started = children(child.id());
    assert!(!started.is_empty(), "no worker");
    for process in started {
        for name in ["cmdline", "environ"] {
            assert!(!file(process, name).contains(CANARY), "{name} of {process}");
        }
        assert!(!remembers(process, CANARY), "memory of {process}");
    }
    assert!(file(child.id(), "environ").contains(CANARY), "the search finds what is there");
    assert!(!file(child.id(), "cmdline").contains(CANARY));
    child.kill().unwrap();
    child.wait().unwrap();
    is_nowhere_in(&lab);
}

#[test]
fn a_command_that_is_killed_in_the_middle_of_a_call_dumps_nothing() {
    if !dumps_here() {
        if_servers::skip!("nothing dumps its memory here");
        return;
    }
    for signal in ["-ABRT", "-SEGV", "-QUIT"] {
        let slow = Slow::start();
        let lab = lab(slow.device.port, CANARY);
        let mut child = used(&lab).spawn().unwrap();
        slow.hears();
        let mut status = None;
        kill(signal, child.id(), &mut || {
            status = ended(&mut child);
            status.is_some()
        });
        let status = status.unwrap();
        assert!(status.signal().is_some() && !status.core_dumped(), "{signal}: {status}");
        is_nowhere_in(&lab);
    }
}

#[test]
fn a_worker_that_is_killed_in_the_middle_of_a_call_dumps_nothing() {
    if !dumps_here() {
        if_servers::skip!("nothing dumps its memory here");
        return;
    }
    for signal in ["-ABRT", "-SEGV"] {
        let slow = Slow::start();
        let lab = lab(slow.device.port, CANARY);
        let child = used(&lab).spawn().unwrap();
        slow.hears();
        let worker = children(child.id()).pop().expect("a worker");
        kill(signal, worker, &mut || !fs::exists(format!("/proc/{worker}")).unwrap());
        let said = Run::from(child.wait_with_output().unwrap());
        let said = said.fails("error[IF_ERR_PLUGIN_MISBEHAVED]", 1);
        assert!(said.contains("its process ended (signal: "), "{said}");
        assert!(!said.contains("core dumped"), "{said}");
        is_nowhere_in(&lab);
    }
}
