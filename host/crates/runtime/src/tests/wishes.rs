//! What guests ask for, what the broker sees of it, and what refusals do.

use super::fixture::{Script, call, run};
use super::guest::component;
use crate::{Action, Call, CallError};
use if_core::{Ask, Code, ConnectionId, Explain, Frame, HttpResponse, Refusal, RefusalKind, Reply};

const PLACEHOLDER: &str = r#"(import "infrafabric:adapter/secrets@0.1.0" "placeholder"
    (func $ask (param i32 i32 i32 i32 i32)))"#;

/// Asks for a placeholder; the result stands at 512: 0 granted, 1 refused.
const ASK: &str =
    "(call $ask (i32.const 1026) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 512))";

fn denied() -> Refusal {
    Refusal::new(RefusalKind::Denied, Code::CapabilityDenied, "not yours").hint("grant it")
}

fn fatal() -> Refusal {
    Refusal::fatal(RefusalKind::Denied, Code::EffectExceeded, "a read command that writes")
}

#[test]
fn a_granted_wish_reaches_the_guest() {
    let broker = Script::new(|_| Ok(Reply::Placeholder { token: "tok".into() }));
    let body = format!(
        "{ASK} (call $assert (i32.eqz (i32.load8_u (i32.const 512))))
         (call $assert (i32.eq (i32.load (i32.const 520)) (i32.const 3))) (call $ok)"
    );
    let report = run(&component(PLACEHOLDER, &body), call(), broker.clone());
    assert!(report.result.is_ok(), "{report:?}");
    let wish = Ask::Placeholder { recipe: "ok".into(), inputs: Default::default() };
    assert_eq!(broker.asked(), [wish]);
    assert_eq!((report.usage.host_calls, report.usage.host_bytes), (1, 5));
}

#[test]
fn an_ordinary_refusal_is_the_guests_to_handle() {
    let body = format!("{ASK} (call $assert (i32.load8_u (i32.const 512))) (call $ok)");
    let report = run(&component(PLACEHOLDER, &body), call(), Script::new(|_| Err(denied())));
    assert!(report.result.is_ok(), "{report:?}");
}

#[test]
fn a_refusal_passed_on_comes_back_as_the_hosts_own() {
    // failure::host (case 7) with kind `denied` and an empty message.
    let body = format!(
        "{ASK} (i32.store8 (i32.const 0) (i32.const 1)) (i32.store8 (i32.const 4) (i32.const 7))
         (i64.store (i32.const 8) (i64.const 0)) (i64.store (i32.const 16) (i64.const 0))
         (i32.const 0)"
    );
    let report = run(&component(PLACEHOLDER, &body), call(), Script::new(|_| Err(denied())));
    let error = report.result.unwrap_err();
    assert_eq!(error, CallError::Refused(denied()));
    assert_eq!((error.code(), error.hints()), (Code::CapabilityDenied, vec!["grant it".into()]));
}

#[test]
fn a_fatal_refusal_ends_the_guest() {
    let body = format!("{ASK} (loop $l (br $l)) unreachable");
    let report = run(&component(PLACEHOLDER, &body), call(), Script::new(|_| Err(fatal())));
    assert_eq!(report.result, Err(CallError::Refused(fatal())));
    assert!(report.usage.fuel < 10_000, "it ran on: {}", report.usage.fuel);
}

#[test]
fn describing_knows_nothing_and_gets_nothing() {
    let mut resolve = call();
    resolve.action = Action::Describe;
    let broker = Script::done();
    let report =
        run(&component(PLACEHOLDER, &format!("{ASK} (call $ok)")), resolve, broker.clone());
    assert!(report.result.is_ok(), "{report:?}");
    assert_eq!(broker.asked(), []);
}

const CLOCK: &str = r#"
  (import "wasi:clocks/monotonic-clock@0.2.6" "now" (func $now (result i64)))
  (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration"
    (func $alarm (param i64) (result i32)))
  (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))"#;

#[test]
fn guest_time_moves_only_with_answers() {
    let body = "(call $assert (i64.eqz (call $now)))
      (call $assert (i64.eqz (call $now)))
      (call $block (call $alarm (i64.const 5000300)))
      (call $assert (i64.eq (call $now) (i64.const 5000300)))
      (call $ok)";
    let broker = Script::done();
    let report = run(&component(CLOCK, body), call(), broker.clone());
    assert!(report.result.is_ok(), "{report:?}");
    assert_eq!(broker.asked(), [Ask::Sleep { nanos: 5_000_300 }]);
}

#[test]
fn time_passes_even_where_nobody_waits() {
    let body = "(call $block (call $alarm (i64.const 70)))
      (call $assert (i64.ge_u (call $now) (i64.const 70))) (call $ok)";
    let report = run(&component(CLOCK, body), call(), Script::new(|_| Err(denied())));
    assert!(report.result.is_ok(), "{report:?}");
}

#[test]
fn randomness_is_the_seeds() {
    let random = r#"(import "wasi:random/random@0.2.6" "get-random-u64" (func $r (result i64)))
      (import "infrafabric:adapter/witness@0.1.0" "attach"
        (func $attach (param i32 i32 i32 i32 i32)))"#;
    // The number's low digit as JSON evidence.
    let body = "(i32.store8 (i32.const 600)
        (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (call $r) (i64.const 10)))))
      (call $attach (i32.const 1026) (i32.const 2) (i32.const 600) (i32.const 1) (i32.const 512))
      (call $ok)";
    let component = component(random, body);
    let drawn = |seed| {
        let broker = Script::done();
        run(&component, Call { seed: [seed; 32], ..call() }, broker.clone()).result.unwrap();
        broker.asked()
    };
    assert_eq!(drawn(1), drawn(1));
    assert!((2..20).any(|seed| drawn(seed) != drawn(1)), "the seed does not matter");
}

#[test]
fn there_are_no_folders_no_sockets_and_no_input() {
    let imports = r#"
      (import "wasi:filesystem/preopens@0.2.6" "get-directories" (func $dirs (param i32)))
      (import "wasi:sockets/tcp-create-socket@0.2.6" "create-tcp-socket"
        (func $socket (param i32 i32)))
      (import "wasi:sockets/instance-network@0.2.6" "instance-network"
        (func $network (result i32)))
      (import "wasi:sockets/ip-name-lookup@0.2.6" "resolve-addresses"
        (func $resolve (param i32 i32 i32 i32)))
      (import "wasi:cli/stdin@0.2.6" "get-stdin" (func $stdin (result i32)))
      (import "wasi:io/streams@0.2.6" "[method]input-stream.read"
        (func $read (param i32 i64 i32)))"#;
    let body = "(call $dirs (i32.const 512))
      (call $assert (i32.eqz (i32.load (i32.const 516))))
      (call $socket (i32.const 0) (i32.const 512))
      (call $assert (i32.load8_u (i32.const 512)))
      (call $assert (i32.eq (i32.load8_u (i32.const 516)) (i32.const 1)))
      (call $resolve (call $network) (i32.const 1100) (i32.const 9) (i32.const 512))
      (call $assert (i32.load8_u (i32.const 512)))
      (call $assert (i32.eq (i32.load8_u (i32.const 516)) (i32.const 1)))
      (call $read (call $stdin) (i64.const 10) (i32.const 512))
      (call $assert (i32.load8_u (i32.const 512)))
      (call $assert (i32.eq (i32.load8_u (i32.const 516)) (i32.const 1)))
      (call $ok)";
    let broker = Script::done();
    let report = run(&component(imports, body), call(), broker.clone());
    assert!(report.result.is_ok(), "{report:?}");
    assert_eq!(broker.asked(), []);
}

const HTTP: &str = r#"
  (import "wasi:http/types@0.2.6" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.6" "[constructor]outgoing-request"
    (func $request (param i32) (result i32)))
  (import "wasi:http/types@0.2.6" "[method]outgoing-request.set-authority"
    (func $authority (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.6" "[method]outgoing-request.set-path-with-query"
    (func $path (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/outgoing-handler@0.2.6" "handle" (func $handle (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.6" "[method]future-incoming-response.subscribe"
    (func $subscribe (param i32) (result i32)))
  (import "wasi:http/types@0.2.6" "[method]future-incoming-response.get"
    (func $get (param i32 i32)))
  (import "wasi:http/types@0.2.6" "[method]incoming-response.status"
    (func $status (param i32) (result i32)))
  (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
"#;

const BODY: &str = r#"
  (import "wasi:http/types@0.2.6" "[method]outgoing-request.body" (func $body (param i32 i32)))
  (import "wasi:http/types@0.2.6" "[method]outgoing-body.write" (func $writer (param i32 i32)))
  (import "wasi:http/types@0.2.6" "[static]outgoing-body.finish"
    (func $finish (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.6" "[resource-drop]output-stream" (func $drop (param i32)))"#;

/// Sends GET https://h.example/a?b=c and waits; the answer stands at 512.
const SEND_HEAD: &str = "
  (local.set $i (call $request (call $fields)))
  (call $assert (i32.eqz
    (call $authority (local.get $i) (i32.const 1) (i32.const 1100) (i32.const 9))))
  (call $assert (i32.eqz
    (call $path (local.get $i) (i32.const 1) (i32.const 1109) (i32.const 6))))";

const SEND_TAIL: &str = "
  (call $handle (local.get $i) (i32.const 0) (i32.const 0) (i32.const 512))
  (call $assert (i32.eqz (i32.load8_u (i32.const 512))))
  (local.set $handle (i32.load (i32.const 520)))
  (call $block (call $subscribe (local.get $handle)))
  (call $get (local.get $handle) (i32.const 512))";

#[test]
fn an_http_request_is_one_wish() {
    let body = format!(
        "{SEND_HEAD} {SEND_TAIL} (call $assert (i32.eqz (i32.load8_u (i32.const 528))))
         (call $assert (i32.eq (call $status (i32.load (i32.const 536))) (i32.const 204)))
         (call $ok)"
    );
    let broker = Script::new(|_| {
        Ok(Reply::Http {
            response: HttpResponse { status: 204, headers: Vec::new(), body: Vec::new() },
        })
    });
    let report = run(&component(HTTP, &body), call(), broker.clone());
    assert!(report.result.is_ok(), "{report:?}");
    let asked = broker.asked();
    let [Ask::Http { request }] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((request.method.as_str(), request.url.as_str()), ("GET", "https://h.example/a?b=c"));
    assert_eq!(request.headers, []);
    assert_eq!(request.timeout_ms, None);
}

#[test]
fn a_body_written_before_it_is_sent_does_not_block() {
    // 50 writes of 4 KiB, then `handle`.
    let write = "(local $body i32) (local $stream i32) (local $count i32)";
    let body = format!(
        "{SEND_HEAD}
         (call $body (local.get $i) (i32.const 512))
         (local.set $body (i32.load (i32.const 516)))
         (call $writer (local.get $body) (i32.const 512))
         (local.set $stream (i32.load (i32.const 516)))
         (loop $l
           (call $write (local.get $stream) (i32.const 4096) (i32.const 4096) (i32.const 512))
           (call $assert (i32.eqz (i32.load8_u (i32.const 512))))
           (local.set $count (i32.add (local.get $count) (i32.const 1)))
           (br_if $l (i32.lt_u (local.get $count) (i32.const 50))))
         (call $drop (local.get $stream))
         (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 512))
         {SEND_TAIL} (call $ok)"
    );
    let broker = Script::new(|_| Err(denied()));
    let component = component(&format!("{HTTP}{BODY}"), &format!("{write}{body}"));
    let report = run(&component, call(), broker.clone());
    assert!(report.result.is_ok(), "{report:?}");
    let asked = broker.asked();
    let [Ask::Http { request }] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(request.body.len(), 204_800);
}

#[test]
fn a_denied_http_request_has_the_typed_code() {
    // HTTP-request-denied is case 15.
    let body = format!(
        "{SEND_HEAD} {SEND_TAIL} (call $assert (i32.load8_u (i32.const 528)))
         (call $assert (i32.eq (i32.load8_u (i32.const 536)) (i32.const 15))) (call $ok)"
    );
    let report = run(&component(HTTP, &body), call(), Script::new(|_| Err(denied())));
    assert!(report.result.is_ok(), "{report:?}");
}

#[test]
fn a_fatal_http_refusal_ends_the_guest() {
    let body = format!("{SEND_HEAD} {SEND_TAIL} (call $ok)");
    let report = run(&component(HTTP, &body), call(), Script::new(|_| Err(fatal())));
    assert_eq!(report.result, Err(CallError::Refused(fatal())));
}

#[test]
fn a_session_opens_waits_receives_and_closes() {
    let imports = r#"
      (import "infrafabric:adapter/connection@0.1.0" "open"
        (func $open (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
      (import "infrafabric:adapter/connection@0.1.0" "[method]session.subscribe"
        (func $subscribe (param i32) (result i32)))
      (import "infrafabric:adapter/connection@0.1.0" "[method]session.receive"
        (func $receive (param i32 i32 i32)))
      (import "infrafabric:adapter/connection@0.1.0" "[resource-drop]session"
        (func $close (param i32)))
      (import "wasi:io/poll@0.2.9" "[method]pollable.block" (func $block (param i32)))
      (import "wasi:io/poll@0.2.9" "[resource-drop]pollable" (func $drop (param i32)))"#;
    // Target: ws, host `ok`, port 7, no path, no headers, 9 ms.
    let body = "
      (call $open (i32.const 0) (i32.const 1026) (i32.const 2) (i32.const 7) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 9) (i32.const 512))
      (call $assert (i32.eqz (i32.load8_u (i32.const 512))))
      (local.set $handle (i32.load (i32.const 516)))
      (local.set $i (call $subscribe (local.get $handle)))
      (call $block (local.get $i))
      (call $drop (local.get $i))
      (call $receive (local.get $handle) (i32.const 11) (i32.const 512))
      (call $assert (i32.eqz (i32.load8_u (i32.const 512))))
      (call $close (local.get $handle))
      (call $ok)";
    let connection = ConnectionId(1);
    let broker = Script::new(move |ask| {
        Ok(match ask {
            Ask::Open { .. } => Reply::Opened {
                connection,
                fresh: true,
                local: "127.0.0.1:1".into(),
                subprotocol: None,
            },
            Ask::Receive { .. } => Reply::Frame { frame: Some(Frame::Text("hello".into())) },
            _ => Reply::Done,
        })
    });
    let report = run(&component(imports, body), call(), broker.clone());
    assert!(report.result.is_ok(), "{report:?}");
    let asked = broker.asked();
    assert!(matches!(&asked[0], Ask::Open { target } if target.host == "ok" && target.port == 7));
    assert_eq!(
        asked[1..],
        [
            Ask::Ready { connection },
            Ask::Receive { connection, timeout_ms: 11 },
            Ask::Close { connection },
        ]
    );
}

#[test]
fn a_reply_of_the_wrong_kind_is_our_bug() {
    let broker = Script::new(|_| Ok(Reply::Done));
    let report = run(&component(PLACEHOLDER, &format!("{ASK} (call $ok)")), call(), broker);
    assert_eq!(report.result.unwrap_err().code(), Code::Bug);
}
