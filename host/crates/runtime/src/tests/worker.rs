//! The worker as a real process: `ifctl-worker`, as the workspace's build leaves it.

use super::fixture::{Script, Silent, call, config, digest, prepare};
use super::guest::{component, returning};
use crate::{Action, Call, CallError, Place, Prepared, Report, Runtime, Source, Stream};
use if_core::{Answer, Ask, BoxFuture, Broker, Code, Explain, UnixMillis};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const EMIT: &str = r#"(import "infrafabric:adapter/output@0.1.0" "emit"
    (func $emit (param i32 i32 i32)))"#;

fn program() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("ifctl-worker")
}

fn runtime(dir: &Path) -> Runtime {
    let mut config = config(dir);
    config.place = Place::Worker { program: program() };
    Runtime::new(config).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    executor.block_on(future)
}

fn run_prepared(
    runtime: &Runtime,
    prepared: &Prepared,
    call: Call,
    broker: Arc<dyn Broker>,
) -> Report {
    block_on(runtime.call(prepared, call, broker))
}

fn run(component: &[u8], call: Call, broker: Arc<dyn Broker>) -> Report {
    let dir = tempfile::tempdir().unwrap();
    let runtime = runtime(dir.path());
    let prepared = prepare(&runtime, component);
    run_prepared(&runtime, &prepared, call, broker)
}

/// Ends of a report that tells the code.
fn code(report: &Report) -> Code {
    report.result.as_ref().unwrap_err().code()
}

#[test]
fn a_call_gives_the_same_in_a_worker_as_here_whatever_it_asks() {
    let emitting = component(
        EMIT,
        r#"
        (loop $again
          (call $emit (i32.const 1024) (i32.const 11) (i32.const 512))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $again (i32.lt_u (local.get $i) (i32.const 5))))
        (call $ok)"#,
    );
    let (far, near) = (Script::done(), Script::done());
    let there = run(&emitting, call(), far.clone());
    let here = super::fixture::run(&emitting, call(), near.clone());
    assert_eq!(there.result, here.result);
    assert_eq!(there.usage, here.usage);
    assert_eq!(far.asked(), near.asked());
    assert_eq!(far.asked().len(), 5);
    assert_eq!(far.finished.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[test]
fn one_prepared_component_is_called_again_and_again_each_time_in_its_own_process() {
    let (dir, guest) = (tempfile::tempdir().unwrap(), returning("7"));
    let runtime = runtime(dir.path());
    let prepared = prepare(&runtime, &guest);
    for _ in 0..3 {
        let report = run_prepared(&runtime, &prepared, call(), Script::done());
        assert_eq!(report.result.as_deref(), Ok("7"));
    }
    let describing = Call { action: Action::Describe, ..call() };
    assert!(run_prepared(&runtime, &prepared, describing, Script::done()).result.is_ok());
    assert_eq!(prepare(&runtime, &guest).source(), Source::Cache);
}

#[test]
fn limits_are_named_as_they_are_here() {
    let endless = component("", "(loop $l (br $l)) (call $ok)");
    let fuel = run(&endless, call(), Script::done());
    assert_eq!(code(&fuel), Code::LimitFuel);
    let mut short = call();
    (short.limits.fuel_max, short.deadline_ms) = (u64::MAX >> 1, 300);
    let late = run(&endless, short, Script::done());
    assert_eq!(code(&late), Code::LimitDeadline);
    assert!(late.usage.fuel > 0, "the sandbox ended it, not the house: {late:?}");
    let waiting =
        component(EMIT, "(call $emit (i32.const 1024) (i32.const 11) (i32.const 512)) (call $ok)");
    let slow = Call { deadline_ms: 300, ..call() };
    assert_eq!(code(&run(&waiting, slow, Arc::new(Silent))), Code::LimitDeadline);
}

#[test]
fn ctrl_c_reaches_a_busy_guest() {
    let endless = component("", "(loop $l (br $l)) (call $ok)");
    let (dir, mut busy) = (tempfile::tempdir().unwrap(), call());
    busy.limits.fuel_max = u64::MAX >> 1;
    let (interrupt, interrupted) = tokio::sync::watch::channel(false);
    busy.interrupt = Some(interrupted);
    let runtime = runtime(dir.path());
    let prepared = prepare(&runtime, &endless);
    let report = block_on(async {
        let running = runtime.call(&prepared, busy, Script::done());
        let stop = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            interrupt.send_replace(true);
        };
        tokio::join!(running, stop).0
    });
    assert_eq!(report.result, Err(CallError::Interrupted));
    assert!(report.usage.fuel > 0, "{report:?}");
}

#[test]
fn a_stream_stops_when_it_was_asked_to() {
    let emitting = component(
        EMIT,
        "(loop $l (call $emit (i32.const 1024) (i32.const 11) (i32.const 512)) (br $l)) (call $ok)",
    );
    let stream = Some(Stream { stop_after_ms: Some(200) });
    let report = run(&emitting, Call { stream, ..call() }, Script::done());
    assert_eq!(report.result, Err(CallError::Stopped));
}

/// Looks at the worker while its guest waits for an answer.
struct Looking(std::sync::Mutex<Option<Seen>>);

/// What the kernel says of a worker.
#[derive(Debug)]
struct Seen {
    status: String,
    limits: String,
    environment: usize,
    arguments: String,
    folder: PathBuf,
    descriptors: Vec<String>,
    /// A group of its own, so that the terminal's Ctrl-C passes it by.
    leads_its_group: bool,
}

impl Broker for Looking {
    fn ask(&self, _: Ask) -> BoxFuture<'_, Answer> {
        *self.0.lock().unwrap() = Some(look());
        let result = Ok(if_core::Reply::Done);
        Box::pin(std::future::ready(Answer { at: UnixMillis(1), effect: None, result }))
    }

    fn finish(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// The one child of this test's process.
fn look() -> Seen {
    let me = std::process::id();
    let children = fs_err::read_to_string(format!("/proc/self/task/{me}/children"));
    let tasks = fs_err::read_dir("/proc/self/task").unwrap().map(|task| {
        fs_err::read_to_string(task.unwrap().path().join("children")).unwrap_or_default()
    });
    let all = children.into_iter().chain(tasks).collect::<Vec<_>>().join(" ");
    let child = all.split_whitespace().next().unwrap();
    let file = |name: &str| fs_err::read_to_string(format!("/proc/{child}/{name}")).unwrap();
    let link = |path: PathBuf| fs_err::read_link(path).unwrap();
    let descriptors = fs_err::read_dir(format!("/proc/{child}/fd")).unwrap();
    let process = rustix::process::Pid::from_raw(child.parse().unwrap());
    Seen {
        leads_its_group: rustix::process::getpgid(process).ok() == process,
        status: file("status"),
        limits: file("limits"),
        environment: file("environ").len(),
        arguments: file("cmdline"),
        folder: link(format!("/proc/{child}/cwd").into()),
        descriptors: descriptors
            .map(|entry| link(entry.unwrap().path()).to_string_lossy().into_owned())
            .collect(),
    }
}

#[test]
fn a_guest_runs_behind_the_wall_with_a_socket_and_nothing_else() {
    let guest =
        component(EMIT, "(call $emit (i32.const 1024) (i32.const 11) (i32.const 512)) (call $ok)");
    let looking = Arc::new(Looking(std::sync::Mutex::new(None)));
    // Where this process may not dump either, the worker would show nothing of its own.
    let core = rustix::process::getrlimit(rustix::process::Resource::Core);
    let all = rustix::process::Rlimit { current: core.maximum, ..core };
    rustix::process::setrlimit(rustix::process::Resource::Core, all).unwrap();
    let inherited = std::io::pipe().unwrap();
    rustix::io::fcntl_setfd(&inherited.0, rustix::io::FdFlags::empty()).unwrap();
    run(&guest, call(), looking.clone()).result.unwrap();
    let seen = looking.0.lock().unwrap().take().unwrap();
    for line in ["Seccomp:\t2", "NoNewPrivs:\t1"] {
        assert!(seen.status.contains(line), "{}", seen.status);
    }
    let none = ["Max core file size", "Max open files"];
    for limit in none {
        let line = seen.limits.lines().find(|line| line.starts_with(limit)).unwrap();
        assert!(line.contains(" 0 "), "{line}");
    }
    let address = seen.limits.lines().find(|line| line.starts_with("Max address space")).unwrap();
    assert!(address.contains(" 137438953472 "), "{address}");
    let cpu = seen.limits.lines().find(|line| line.starts_with("Max cpu time")).unwrap();
    assert!(cpu.contains(" 25 "), "{cpu}");
    let data = seen.limits.lines().find(|line| line.starts_with("Max data size")).unwrap();
    assert!(!data.contains("unlimited"), "{data}");
    assert_eq!((seen.environment, seen.folder.as_path()), (0, Path::new("/")));
    assert!(seen.leads_its_group);
    assert_eq!(seen.arguments.matches('\0').count(), 1, "{}", seen.arguments);
    let known = ["socket:", "/dev/null", "anon_inode:", "/memfd:artefact"];
    for descriptor in &seen.descriptors {
        assert!(known.iter().any(|known| descriptor.starts_with(known)), "{descriptor}");
    }
}

#[test]
fn machine_code_that_can_still_be_changed_is_not_run() {
    let error = crate::cache::Artefact::handed(
        rustix::fs::memfd_create("open", rustix::fs::MemfdFlags::ALLOW_SEALING).unwrap(),
    );
    assert!(error.is_err());
}

#[test]
fn workers_that_are_missing_or_not_ours_are_told_apart() {
    let failure = |program: &str| {
        let (dir, guest) = (tempfile::tempdir().unwrap(), returning("5"));
        let mut config = config(dir.path());
        config.place = Place::Worker { program: program.into() };
        let prepared = Runtime::new(config)
            .and_then(|runtime| runtime.prepare(&digest(&guest), &mut || Ok(guest.clone())));
        let error = prepared.err().unwrap();
        assert_eq!(error.code(), Code::Worker, "{error}");
        error.to_string()
    };
    assert!(failure("/nowhere/worker").contains("no `/nowhere/worker`"));
    assert!(failure("/bin/true").contains("before it began"));
    // Sends back what it is given, which is no word of a worker.
    assert!(failure("/bin/cat").contains("cannot be used"));
}
