//! Streams: what holds from one pulse to the next, what is held to a rate, and what waits.
//!
//! Time is the test's own: it passes only when everybody waits, so that a rate is a number and not a
//! matter of luck.

use super::fixture::{Script, call, config, prepare};
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

fn streaming(stop_after_ms: Option<u64>) -> Call {
    Call { deadline_ms: 10_000, stream: Some(Stream { stop_after_ms }), ..call() }
}

fn run(imports: &str, body: &str, call: Call, broker: Arc<dyn Broker>) -> Report {
    let dir = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(config(dir.path())).unwrap();
    let prepared = prepare(&runtime, &component(imports, body));
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    executor.block_on(async {
        tokio::time::pause();
        runtime.call(&prepared, call, broker).await
    })
}

fn code(report: &Report) -> Code {
    report.result.clone().unwrap_err().code()
}

#[test]
fn fuel_is_for_each_event_and_burns_at_a_rate() {
    let mut call = streaming(Some(5_000));
    call.limits.fuel_max = 500_000_000;
    call.limits.host_calls_max = u64::MAX;
    call.limits.output_bytes_max = u64::MAX;
    let report = run(EMIT, &looping(&format!("{EVENT} {SPIN}")), call, Script::done());
    assert_eq!(report.result, Err(CallError::Stopped));
    // One limit at once, half a limit in half a period, and what one look of the engine misses.
    let fuel = report.usage.fuel;
    assert!((600_000_000..1_250_000_000).contains(&fuel), "{fuel}");
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
    let mut call = streaming(Some(20_000));
    call.limits.fuel_max = u64::MAX / 2;
    call.limits.output_bytes_max = 1_100;
    let broker = Script::done();
    let report = run(EMIT, &looping(EVENT), call, broker.clone());
    assert_eq!(report.result, Err(CallError::Stopped));
    // 100 events at once and 10 a second: the 301st would come after the end.
    let emitted = broker.asked().iter().filter(|ask| matches!(ask, Ask::Emit { .. })).count();
    assert!((299..=302).contains(&emitted), "{emitted}");
    assert_eq!(report.usage.output_bytes, 11 * emitted as u64);
}

#[test]
fn one_event_is_no_larger_than_a_whole_calls_output() {
    let mut call = streaming(None);
    call.limits.output_bytes_max = 10;
    assert_eq!(code(&run(EMIT, &looping(EVENT), call, Script::done())), Code::LimitOutput);
}

#[test]
fn host_calls_begin_anew_with_each_event_and_end_without_one() {
    let mut call = streaming(Some(60_000));
    call.limits.host_calls_max = 50;
    let imports = format!("{EMIT} {NOW}");
    let calls = "(drop (call $now))".repeat(40);
    let report = run(&imports, &looping(&format!("{EVENT} {calls}")), call.clone(), Script::done());
    assert_eq!(report.result, Err(CallError::Stopped));
    // Five a second, and fifty at once.
    assert!((300..400).contains(&report.usage.host_calls), "{}", report.usage.host_calls);
    let body = format!("{EVENT} {}", looping("(drop (call $now))"));
    assert_eq!(code(&run(&imports, &body, call, Script::done())), Code::LimitHostCalls);
}

const CONNECTION: &str = r#"
  (import "infrafabric:adapter/connection@0.1.0" "open"
    (func $open (param i32 i32)))
  (import "infrafabric:adapter/connection@0.1.0" "[method]session.receive"
    (func $receive (param i32 i32 i32)))"#;

/// Opens `ws://h.example:1/` from a record at 3000; the session's handle is at 516.
const OPEN: &str = "
    (i32.store8 (i32.const 3000) (i32.const 0))
    (i32.store (i32.const 3004) (i32.const 1100)) (i32.store (i32.const 3008) (i32.const 9))
    (i32.store16 (i32.const 3012) (i32.const 1))
    (i32.store8 (i32.const 3016) (i32.const 0))
    (i32.store (i32.const 3028) (i32.const 0)) (i32.store (i32.const 3032) (i32.const 0))
    (i32.store (i32.const 3036) (i32.const 1000))
    (call $open (i32.const 3000) (i32.const 512))
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
    let hour = 3_600_000;
    let body = format!("{OPEN} {}", looping(RECEIVE));
    let quiet = run(CONNECTION, &body, streaming(Some(hour)), peer(None));
    assert_eq!(quiet.result, Err(CallError::Stopped));
    let seldom = peer(Some(Duration::from_secs(600)));
    let report = run(CONNECTION, &body, streaming(Some(hour)), seldom.clone());
    assert_eq!(report.result, Err(CallError::Stopped));
    let heard = seldom.script.asked().iter().filter(|a| matches!(a, Ask::Receive { .. })).count();
    assert!((5..=6).contains(&heard), "{heard}");
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
    let doze = "(local.set $handle (call $after (i64.const 1000000000)))
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
    assert_eq!(slow.0.asked().len(), 9, "ten seconds, the last of them not slept to its end");
}

#[test]
fn a_peer_that_cannot_be_reached_is_a_sign_of_life_and_a_refusal_of_the_host_is_none() {
    let refusing = |kind, code| Script::new(move |_| Err(Refusal::new(kind, code, "no")));
    let body = looping(&format!("{OPEN}"));
    let mut call = streaming(Some(100_000));
    call.limits.host_calls_max = 100;
    let gone = refusing(RefusalKind::Unreachable, Code::Unreachable);
    let report = run(CONNECTION, &body, call.clone(), gone);
    assert_eq!(report.result, Err(CallError::Stopped));
    let denied = refusing(RefusalKind::Denied, Code::EgressDenied);
    assert_eq!(code(&run(CONNECTION, &body, call, denied)), Code::LimitHostCalls);
}
