//! Streams: what holds from one pulse to the next, what is held to a rate, and what waits.
//!
//! A rate shows in how long a known amount must at least take: a slow machine only takes longer.

use super::fixture::{Script, call, config, prepare, run_prepared};
use super::guest::component;
use crate::{Call, CallError, Report, Runtime, Stream};
use if_core::{Ask, Broker, Code, Explain, Frame, Refusal, RefusalKind, Reply};
use std::sync::Arc;
use std::time::Duration;

const EMIT: &str =
    r#"(import "infrafabric:adapter/output@0.1.0" "emit" (func $emit (param i32 i32 i32)))"#;

const NOW: &str = r#"(import "wasi:clocks/monotonic-clock@0.2.6" "now" (func $now (result i64)))"#;

/// The text `{"ok":true}` of the fixture, as an event.
const EVENT: &str = "(call $emit (i32.const 1024) (i32.const 11) (i32.const 512))";

/// 100,000 turns of nothing.
const SPIN: &str = "(local.set $i (i32.const 0))
    (loop $s
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $s (i32.lt_u (local.get $i) (i32.const 100000))))";

fn looping(body: &str) -> String {
    format!("(loop $l {body} (br $l)) unreachable")
}

/// So many turns of the outer loop, then `$ok`.
fn counted(turns: u32, body: &str) -> String {
    format!(
        "(loop $l {body}
          (i32.store (i32.const 900) (i32.add (i32.load (i32.const 900)) (i32.const 1)))
          (br_if $l (i32.lt_u (i32.load (i32.const 900)) (i32.const {turns}))))
        (call $ok)"
    )
}

/// Silent for a second at most.
fn streaming(stop_after_ms: Option<u64>) -> Call {
    Call { deadline_ms: 1_000, stream: Some(Stream { stop_after_ms }), ..call() }
}

fn run(imports: &str, body: &str, call: Call, broker: Arc<dyn Broker>) -> Report {
    let dir = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(config(dir.path())).unwrap();
    let prepared = prepare(&runtime, &component(imports, body));
    run_prepared(&runtime, &prepared, call, broker)
}

/// The report, and how long the call took.
fn timed(imports: &str, body: &str, call: Call, broker: Arc<dyn Broker>) -> (Report, Duration) {
    let dir = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(config(dir.path())).unwrap();
    let prepared = prepare(&runtime, &component(imports, body));
    let started = tokio::time::Instant::now();
    let report = run_prepared(&runtime, &prepared, call, broker);
    (report, started.elapsed())
}

fn code(report: &Report) -> Code {
    report.result.clone().unwrap_err().code()
}

#[test]
fn fuel_is_for_each_event_and_burns_at_a_rate() {
    let mut call = streaming(None);
    call.limits.fuel_max = 300_000_000;
    call.limits.host_calls_max = u64::MAX;
    call.limits.output_bytes_max = u64::MAX;
    let body = counted(1_000, &format!("{EVENT} {SPIN}"));
    let (report, took) = timed(EMIT, &body, call, Script::done());
    assert!(report.result.is_ok(), "{:?}", report.result);
    let fuel = report.usage.fuel;
    assert!(fuel > 600_000_000, "more than a call may burn: {fuel}");
    // One limit at once, then one a second; what follows the last event is not paid for.
    let paid = Duration::from_millis((fuel - 310_000_000) / 300_000);
    assert!(took >= paid, "{fuel} in {took:?}");
}

#[test]
fn without_events_a_streams_fuel_ends() {
    let mut call = streaming(None);
    call.limits.fuel_max = 50_000_000;
    let body = format!("{EVENT} {}", looping(SPIN));
    assert_eq!(code(&run(EMIT, &body, call, Script::done())), Code::LimitFuel);
}

#[test]
fn events_are_held_to_a_rate_and_none_is_lost() {
    let mut call = streaming(None);
    call.limits.output_bytes_max = 1_100;
    let broker = Script::done();
    let (report, took) = timed(EMIT, &counted(250, EVENT), call, broker.clone());
    assert!(report.result.is_ok(), "{:?}", report.result);
    let emitted = broker.asked().iter().filter(|ask| matches!(ask, Ask::Emit { .. })).count();
    assert_eq!(emitted, 250);
    // A hundred events at once, and a hundred a second.
    assert!(took >= Duration::from_millis(1_490), "{took:?}");
}

#[test]
fn one_event_is_no_larger_than_a_whole_calls_output() {
    let mut call = streaming(None);
    call.limits.output_bytes_max = 10;
    assert_eq!(code(&run(EMIT, &looping(EVENT), call, Script::done())), Code::LimitOutput);
}

#[test]
fn host_calls_begin_anew_with_each_event_and_end_without_one() {
    let mut call = streaming(None);
    call.limits.host_calls_max = 500;
    let imports = format!("{EMIT} {NOW}");
    let calls = "(drop (call $now))".repeat(400);
    let body = counted(3, &format!("{EVENT} {calls}"));
    let (report, took) = timed(&imports, &body, call.clone(), Script::done());
    assert!(report.result.is_ok(), "{:?}", report.result);
    assert_eq!(report.usage.host_calls, 3 * 401);
    // What follows the last event is not held back any more.
    assert!(took >= Duration::from_millis(600), "{took:?}");
    let body = format!("{EVENT} {}", looping("(drop (call $now))"));
    assert_eq!(code(&run(&imports, &body, call, Script::done())), Code::LimitHostCalls);
}

const CONNECTION: &str = r#"
  (import "infrafabric:adapter/connection@0.1.0" "open"
    (func $open (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "infrafabric:adapter/connection@0.1.0" "[method]session.receive"
    (func $receive (param i32 i32 i32)))"#;

/// Opens `ws://h.example:1/` within a second; the session's handle is at 516.
const OPEN: &str = "
    (call $open (i32.const 0) (i32.const 1100) (i32.const 9) (i32.const 1) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 512))
    (local.set $handle (i32.load (i32.const 516)))";

const RECEIVE: &str = "(call $receive (local.get $handle) (i32.const 1000000) (i32.const 512))";

/// A peer that says something every so often, or never.
struct Peer {
    script: Arc<Script>,
    every: Option<Duration>,
}

impl Broker for Peer {
    fn ask(&self, ask: Ask) -> if_core::BoxFuture<'_, if_core::Answer> {
        Box::pin(async move {
            if matches!(ask, Ask::Receive { .. }) {
                match self.every {
                    Some(every) => tokio::time::sleep(every).await,
                    None => std::future::pending().await,
                }
            }
            self.script.ask(ask).await
        })
    }

    fn finish(&self) -> if_core::BoxFuture<'_, ()> {
        self.script.finish()
    }
}

fn peer(every: Option<Duration>) -> Arc<Peer> {
    let script = Script::new(|ask| {
        Ok(match ask {
            Ask::Open { .. } => Reply::Opened {
                connection: if_core::ConnectionId(1),
                fresh: true,
                local: "127.0.0.1:1".into(),
                subprotocol: None,
            },
            Ask::Receive { .. } => Reply::Frame { frame: Some(Frame::Text("{}".into())) },
            _ => Reply::Done,
        })
    });
    Arc::new(Peer { script, every })
}

#[test]
fn a_quiet_wait_has_no_deadline() {
    let body = format!("{OPEN} {}", looping(RECEIVE));
    let quiet = run(CONNECTION, &body, streaming(Some(2_500)), peer(None));
    assert_eq!(quiet.result, Err(CallError::Stopped));
    let seldom = peer(Some(Duration::from_millis(1_500)));
    let report = run(CONNECTION, &body, streaming(Some(4_000)), seldom.clone());
    assert_eq!(report.result, Err(CallError::Stopped));
    let heard = seldom.script.asked().iter().filter(|a| matches!(a, Ask::Receive { .. })).count();
    assert!((1..=2).contains(&heard), "{heard}");
}

#[test]
fn a_call_that_is_no_stream_waits_no_longer_than_its_deadline() {
    let body = format!("{OPEN} {}", looping(RECEIVE));
    let call = Call { stream: None, ..streaming(None) };
    assert_eq!(code(&run(CONNECTION, &body, call, peer(None))), Code::LimitDeadline);
}

#[test]
fn a_stream_that_hangs_elsewhere_ends_at_its_deadline() {
    let sleep = r#"
      (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration"
        (func $after (param i64) (result i32)))
      (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
      (import "wasi:io/poll@0.2.6" "[resource-drop]pollable" (func $drop (param i32)))"#;
    let doze = "(local.set $handle (call $after (i64.const 300000000)))
        (call $block (local.get $handle)) (call $drop (local.get $handle))";
    // A sleep that the broker grants at once would spin: this one takes its time.
    struct Slow(Arc<Script>);
    impl Broker for Slow {
        fn ask(&self, ask: Ask) -> if_core::BoxFuture<'_, if_core::Answer> {
            Box::pin(async move {
                if let Ask::Sleep { nanos } = ask {
                    tokio::time::sleep(Duration::from_nanos(nanos)).await;
                }
                self.0.ask(ask).await
            })
        }
        fn finish(&self) -> if_core::BoxFuture<'_, ()> {
            self.0.finish()
        }
    }
    let slow = Arc::new(Slow(Script::done()));
    let report = run(sleep, &looping(doze), streaming(None), slow.clone());
    assert_eq!(code(&report), Code::LimitDeadline);
    assert!(slow.0.asked().len() <= 3, "a second of naps: {:?}", slow.0.asked());
}

#[test]
fn a_peer_that_cannot_be_reached_is_a_sign_of_life_and_a_refusal_of_the_host_is_none() {
    let refusing = |kind, code| Script::new(move |_| Err(Refusal::new(kind, code, "no")));
    let body = looping(OPEN);
    let mut call = streaming(Some(1_500));
    call.limits.host_calls_max = 100;
    let gone = refusing(RefusalKind::Unreachable, Code::Unreachable);
    let report = run(CONNECTION, &body, call.clone(), gone);
    assert_eq!(report.result, Err(CallError::Stopped));
    let denied = refusing(RefusalKind::Denied, Code::EgressDenied);
    assert_eq!(code(&run(CONNECTION, &body, call, denied)), Code::LimitHostCalls);
}
