//! Results, failures, traps, exits, interrupts: how calls end.

use super::fixture::{Script, Silent, call, config, digest, prepare, run, run_prepared};
use super::guest::{component, returning};
use crate::{Action, CallError, GuestFailure, Runtime, RuntimeError};
use if_core::{Code, Explain, Refusal, RefusalKind, Reply};
use std::sync::atomic::Ordering;

#[test]
fn a_result_comes_back_with_its_usage() {
    let broker = Script::done();
    let report = run(&returning(r#"{"scene":"Main"}"#), call(), broker.clone());
    assert_eq!(report.result.as_deref(), Ok(r#"{"scene":"Main"}"#));
    assert!(report.usage.fuel > 0);
    assert_eq!(report.usage.memory_peak_bytes, 1 << 20);
    assert_eq!(report.usage.output_bytes, 16);
    assert_eq!(broker.finished.load(Ordering::Relaxed), 1);
}

#[test]
fn every_export_is_reached() {
    for action in [Action::Describe, Action::Check, Action::Discover] {
        let report = run(&returning("1"), crate::Call { action, ..call() }, Script::done());
        assert_eq!(report.result.as_deref(), Ok(r#"{"ok":true}"#));
    }
}

#[test]
fn what_is_not_json_is_misbehaviour() {
    let report = run(&returning("{scene: Main}"), call(), Script::done());
    assert!(matches!(report.result, Err(CallError::Misbehaved { .. })), "{:?}", report.result);
}

#[test]
fn a_trap_is_a_crash() {
    let report = run(&component("", "unreachable"), call(), Script::done());
    assert!(matches!(report.result, Err(CallError::Panicked { .. })), "{:?}", report.result);
}

#[test]
fn exit_is_no_result() {
    let exit = r#"(import "wasi:cli/exit@0.2.6" "exit" (func $exit (param i32)))"#;
    let report =
        run(&component(exit, "(call $exit (i32.const 0)) (call $ok)"), call(), Script::done());
    let Err(CallError::Misbehaved { message }) = report.result else { panic!("{report:?}") };
    assert!(message.contains("exit(0)"), "{message}");
}

#[test]
fn a_plan_comes_back_as_one() {
    // failure::planned is case 6 of the error, whose variant stands at offset 4.
    let body = "(i32.store8 (i32.const 0) (i32.const 1)) (i32.store8 (i32.const 4) (i32.const 6))
                (i32.const 0)";
    let report = run(&component("", body), call(), Script::done());
    assert_eq!(report.result, Err(CallError::Failure(GuestFailure::Planned)));
}

#[test]
fn ctrl_c_ends_a_waiting_guest() {
    let sleep = r#"
      (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration"
        (func $alarm (param i64) (result i32)))
      (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))"#;
    let body = "(call $block (call $alarm (i64.const 1000000000))) (call $ok)";
    let (_sender, receiver) = tokio::sync::watch::channel(true);
    let interrupted = crate::Call { interrupt: Some(receiver), ..call() };
    let report = run(&component(sleep, body), interrupted, std::sync::Arc::new(Silent));
    assert_eq!(report.result, Err(CallError::Interrupted));
}

#[test]
fn ctrl_c_ends_a_computing_guest() {
    let log = r#"(import "infrafabric:adapter/output@0.1.0" "log"
        (func $log (param i32 i32 i32)))"#;
    let body =
        "(call $log (i32.const 1) (i32.const 1024) (i32.const 2)) (loop $l (br $l)) unreachable";
    let (sender, receiver) = tokio::sync::watch::channel(false);
    // The interrupt comes while the guest is running: with its first wish.
    let broker = Script::new(move |_| {
        sender.send(true).unwrap();
        Ok(Reply::Done)
    });
    let mut call = crate::Call { interrupt: Some(receiver), ..call() };
    call.limits.fuel_max = u64::MAX / 2;
    let report = run(&component(log, body), call, broker);
    assert_eq!(report.result, Err(CallError::Interrupted));
}

/// Lost at the second look: while the guest runs, and not before.
#[derive(Debug, Default)]
struct LostLater(std::sync::atomic::AtomicU32);

impl if_core::Standing for LostLater {
    fn lost(&self) -> Option<Refusal> {
        let refusal = || Refusal::fatal(RefusalKind::Denied, Code::Revoked, "stolen");
        (self.0.fetch_add(1, Ordering::SeqCst) > 0).then(refusal)
    }
}

#[test]
fn a_revoked_plugin_ends_whether_it_waits_or_computes() {
    let sleep = r#"
      (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration"
        (func $alarm (param i64) (result i32)))
      (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))"#;
    let waits = "(call $block (call $alarm (i64.const 1000000000))) (call $ok)";
    for body in [waits, "(loop $l (br $l)) unreachable"] {
        let standing = std::sync::Arc::new(LostLater::default());
        let mut call = crate::Call { standing: Some(standing), deadline_ms: 60_000, ..call() };
        call.limits.fuel_max = u64::MAX / 2;
        let report = run(&component(sleep, body), call, std::sync::Arc::new(Silent));
        let Err(CallError::Refused(refusal)) = report.result else { panic!("{report:?}") };
        assert_eq!((refusal.code, refusal.message.as_str()), (Code::Revoked, "stolen"));
    }
}

#[test]
fn an_import_that_nobody_offers_is_named() {
    let strange = r#"(import "test:guests/strange" "oddity" (func $oddity))"#;
    let component = component(strange, "(call $oddity) (call $ok)");
    let dir = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(config(dir.path())).unwrap();
    let error = runtime.prepare(&digest(&component), &mut || Ok(component.clone())).err().unwrap();
    assert!(matches!(&error, RuntimeError::ImportUnknown(name) if name == "test:guests/strange"));
    assert_eq!(error.code(), Code::ImportsUndeclared);
}

#[test]
fn a_component_without_the_provider_interface_is_no_provider() {
    let component = wat::parse_str("(component)").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(config(dir.path())).unwrap();
    let error = runtime.prepare(&digest(&component), &mut || Ok(component.clone())).err().unwrap();
    assert!(matches!(error, RuntimeError::World(_)), "{error}");
}

#[test]
fn imports_are_listed_as_written() {
    let exit = r#"(import "wasi:cli/exit@0.2.6" "exit" (func $exit (param i32)))"#;
    let component = component(exit, "(call $exit (i32.const 0)) (call $ok)");
    let dir = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(config(dir.path())).unwrap();
    let imports = |prepared| Runtime::imports(&prepared);
    let compiled = imports(prepare(&runtime, &component));
    assert_eq!(compiled, ["wasi:cli/exit@0.2.6", "infrafabric:adapter/types@0.1.0"]);
    assert_eq!(imports(prepare(&runtime, &component)), compiled, "from the cache");
}

#[test]
fn a_component_of_another_runtime_is_refused() {
    let component = returning("1");
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let here = Runtime::new(config(here.path())).unwrap();
    let there = Runtime::new(config(there.path())).unwrap();
    let foreign = prepare(&there, &component);
    let report = run_prepared(&here, &foreign, call(), Script::done());
    assert_eq!(report.result.unwrap_err().code(), Code::Bug);
}
