//! Each limit, tripped by a guest that does nothing else.

use super::fixture::{Script, call, run};
use super::guest::{component, returning};
use crate::{Call, CallError, Report};
use if_core::{Code, Explain};

const NOW: &str = r#"(import "wasi:clocks/monotonic-clock@0.2.6" "now" (func $now (result i64)))"#;

const STDERR: &str = r#"
  (import "wasi:cli/stderr@0.2.6" "get-stderr" (func $stderr (result i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.check-write"
    (func $check (param i32 i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))"#;

const LOG: &str =
    r#"(import "infrafabric:adapter/output@0.1.0" "log" (func $log (param i32 i32 i32)))"#;

const EMIT: &str =
    r#"(import "infrafabric:adapter/output@0.1.0" "emit" (func $emit (param i32 i32 i32)))"#;

fn trip(component: &[u8], call: Call) -> (Code, Report) {
    let report = run(component, call, Script::done());
    (report.result.clone().unwrap_err().code(), report)
}

fn looping(body: &str) -> String {
    format!("(loop $l {body} (br $l)) unreachable")
}

#[test]
fn fuel() {
    let (code, report) = trip(&component("", &looping("")), call());
    assert_eq!(code, Code::LimitFuel);
    assert!(report.usage.fuel >= 49_000_000, "{}", report.usage.fuel);
}

#[test]
fn deadline_of_a_computing_guest() {
    let mut call = call();
    call.limits.fuel_max = u64::MAX / 2;
    call.deadline_ms = 50;
    assert_eq!(trip(&component("", &looping("")), call).0, Code::LimitDeadline);
}

#[test]
fn deadline_of_a_waiting_guest() {
    let placeholder = r#"(import "infrafabric:adapter/secrets@0.1.0" "placeholder"
        (func $ask (param i32 i32 i32 i32 i32)))"#;
    let ask =
        "(call $ask (i32.const 1024) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 512))
               (call $ok)";
    let mut call = call();
    call.deadline_ms = 50;
    let silent = std::sync::Arc::new(super::fixture::Silent);
    let report = run(&component(placeholder, ask), call, silent);
    assert_eq!(report.result.unwrap_err().code(), Code::LimitDeadline);
}

#[test]
fn memory_that_grows() {
    let (code, report) =
        trip(&component("", &looping("(drop (memory.grow (i32.const 1)))")), call());
    assert_eq!(code, Code::LimitMemory);
    assert_eq!(report.usage.memory_peak_bytes, 4 << 20);
}

#[test]
fn memory_from_the_beginning() {
    let mut call = call();
    call.limits.memory_bytes_max = (1 << 20) - 1;
    assert_eq!(trip(&returning("1"), call).0, Code::LimitMemory);
}

#[test]
fn stack() {
    let recursion = r#"(func $deep (result i32) (i32.add (call $deep) (i32.const 1)))"#;
    assert_eq!(trip(&component(recursion, "(call $deep)"), call()).0, Code::LimitStack);
}

#[test]
fn host_calls_of_our_own_interfaces_are_exact() {
    let mut call = call();
    call.limits.host_calls_max = 100;
    let (code, report) = trip(&component(NOW, &looping("(drop (call $now))")), call);
    assert_eq!((code, report.usage.host_calls), (Code::LimitHostCalls, 101));
}

#[test]
fn host_calls_of_streams_end_with_the_next_tick() {
    let mut call = call();
    call.limits.host_calls_max = 100;
    call.limits.fuel_max = u64::MAX / 2;
    let body = format!(
        "(local.set $handle (call $stderr)) {}",
        looping("(call $check (local.get $handle) (i32.const 512))")
    );
    assert_eq!(trip(&component(STDERR, &body), call).0, Code::LimitHostCalls);
}

#[test]
fn bytes_of_one_host_call() {
    let mut call = call();
    call.limits.host_call_bytes_max = 1_000;
    let body = "(call $log (i32.const 1) (i32.const 1024) (i32.const 2000)) (call $ok)";
    assert_eq!(trip(&component(LOG, body), call).0, Code::LimitHostCalls);
}

#[test]
fn resources_of_the_host() {
    let mut call = call();
    call.limits.handles_max = 50;
    assert_eq!(
        trip(&component(STDERR, &looping("(drop (call $stderr))")), call).0,
        Code::LimitHandles
    );
}

#[test]
fn handles_without_resources() {
    let network = r#"(import "wasi:sockets/instance-network@0.2.6" "instance-network"
        (func $network (result i32)))"#;
    let mut call = call();
    call.limits.handles_max = 50;
    assert_eq!(
        trip(&component(network, &looping("(drop (call $network))")), call).0,
        Code::LimitHandles
    );
}

#[test]
fn tables() {
    let table = "(table $t 1 funcref)";
    let body = looping("(drop (table.grow $t (ref.null func) (i32.const 1000)))");
    assert_eq!(trip(&component(table, &body), call()).0, Code::LimitHandles);
}

#[test]
fn many_tables() {
    assert_eq!(
        trip(&component(&"(table 1 funcref)".repeat(17), "(call $ok)"), call()).0,
        Code::LimitHandles
    );
}

#[test]
fn a_large_result() {
    let mut call = call();
    call.limits.output_bytes_max = 4;
    assert_eq!(trip(&returning("12345"), call).0, Code::LimitOutput);
}

#[test]
fn many_events() {
    let mut call = call();
    call.limits.output_bytes_max = 100;
    // The text `{"ok":true}` of the fixture, over and over.
    let body = looping("(call $emit (i32.const 1024) (i32.const 11) (i32.const 512))");
    let (code, report) = trip(&component(EMIT, &body), call);
    assert_eq!((code, report.usage.output_bytes), (Code::LimitOutput, 110));
}

#[test]
fn a_flood_of_stderr_is_cut_and_the_call_goes_on() {
    let body = "(local.set $handle (call $stderr))
      (loop $l
        (call $write (local.get $handle) (i32.const 1024) (i32.const 4096) (i32.const 512))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get $i) (i32.const 100))))
      (call $ok)";
    let mut call = call();
    call.limits.log_bytes_max = 10_000;
    let report = run(&component(STDERR, body), call, Script::done());
    assert!(report.result.is_ok(), "{:?}", report.result);
    assert!(report.usage.log.starts_with(r#"{"ok":true}"#));
    assert!(report.usage.log.ends_with("[log cut: limit reached]\n"));
    assert!(report.usage.log.len() < 10_100);
}

#[test]
fn a_flood_of_log_lines_is_dropped_and_the_call_goes_on() {
    let body = "(loop $l
        (call $log (i32.const 1) (i32.const 1024) (i32.const 11))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get $i) (i32.const 100))))
      (call $ok)";
    let mut call = call();
    call.limits.log_bytes_max = 40;
    let broker = Script::done();
    let report = run(&component(LOG, body), call, broker.clone());
    assert!(report.result.is_ok(), "{:?}", report.result);
    assert_eq!(broker.asked().len(), 3);
}

#[test]
fn a_crash_leaves_the_runtime_usable() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = crate::Runtime::new(super::fixture::config(dir.path())).unwrap();
    let crashing = super::fixture::prepare(&runtime, &component("", "unreachable"));
    let working = super::fixture::prepare(&runtime, &returning("1"));
    for _ in 0..3 {
        let run = |prepared| {
            super::fixture::run_prepared(&runtime, prepared, call(), Script::done()).result
        };
        assert!(matches!(run(&crashing), Err(CallError::Panicked { .. })));
        assert_eq!(run(&working).as_deref(), Ok("1"));
    }
}
