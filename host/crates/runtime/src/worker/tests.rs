//! A worker that has been taken over: the test speaks in its place.

mod loading;

use super::frame::encode;
use super::message::Said;
use super::outside::Worker;
use crate::tests::fixture::{Script, Silent, call};
use crate::{Call, CallError, Report, Stream, Usage};
use if_core::{Ask, Broker, Code, Explain, LogLevel, Micros, Refusal, RefusalKind, Reply};
use rustix::event::{PollFd, PollFlags, poll};
use serde::Serialize;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// What becomes of a call whose worker does that, after the call has reached it.
fn taken_over(
    call: Call,
    broker: Arc<dyn Broker>,
    acts: impl FnOnce(UnixStream) + Send + 'static,
) -> Report {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let child = asleep();
    let process = format!("/proc/{}", child.id());
    let acting = std::thread::spawn(move || {
        theirs.read_exact(&mut [0; 4]).unwrap();
        acts(theirs);
    });
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let report = executor.block_on(Worker::of(child, ours).run(call, broker));
    acting.join().unwrap();
    assert!(!fs_err::exists(process).unwrap(), "a worker's process ends with its call");
    report
}

/// A process to be ended, as a worker has one.
fn asleep() -> Child {
    Command::new("/bin/sleep").arg("600").stdin(Stdio::null()).spawn().unwrap()
}

/// Says that and waits to be ended.
fn saying(call: Call, said: &[Said]) -> Report {
    let frames: Vec<u8> = said.iter().flat_map(|said| encode(said).unwrap()).collect();
    taken_over(call, Script::done(), move |mut socket| {
        // The house hangs up in the middle of a flood.
        let _ = socket.write_all(&frames);
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
    })
}

fn reporting(result: Result<String, CallError>) -> Report {
    let report = Report { result, usage: Usage::default() };
    saying(call(), &[Said::Report { report }])
}

/// The message of a call that ended because its process cannot be ours.
fn found_out(report: Report) -> String {
    let error = report.result.unwrap_err();
    assert_eq!(error.code(), Code::PluginMisbehaved, "{error}");
    error.to_string()
}

fn event(text: &str) -> Ask {
    Ask::Emit { event: text.to_owned() }
}

#[test]
fn an_honest_report_is_believed() {
    assert_eq!(reporting(Ok("1".to_owned())).result.as_deref(), Ok("1"));
    let limit = CallError::Limit { code: Code::LimitMemory, message: "much".to_owned() };
    assert_eq!(reporting(Err(limit.clone())).result, Err(limit));
    let own = Refusal::new(RefusalKind::Limit, Code::LimitNetwork, "long");
    assert_eq!(
        reporting(Err(CallError::Refused(own.clone()))).result,
        Err(CallError::Refused(own))
    );
}

#[test]
fn nobody_but_the_house_speaks_for_the_house() {
    let refusal = Refusal::new(RefusalKind::Denied, Code::TrustMalformed, "no").hint("run evil");
    let refused = found_out(reporting(Err(CallError::Refused(refusal.clone()))));
    assert!(refused.contains("a refusal that nobody gave"), "{refused}");
    let limit = CallError::Limit { code: Code::SignatureInvalid, message: String::new() };
    assert!(found_out(reporting(Err(limit))).contains("a limit that is none"));
    assert!(found_out(reporting(Err(CallError::Interrupted))).contains("Ctrl-C"));
    assert!(found_out(reporting(Err(CallError::Stopped))).contains("a stop"));

    let given = refusal.clone();
    let broker = Script::new(move |_| Err(given.clone()));
    let said = [
        Said::Ask { id: 0, ask: event("1") },
        Said::Report { report: Report::of(CallError::Refused(refusal.clone())) },
    ];
    let frames = said.map(|said| encode(&said).unwrap());
    let report = taken_over(call(), broker, move |mut socket| {
        socket.write_all(&frames[0]).unwrap();
        await_answer(&mut socket);
        socket.write_all(&frames[1]).unwrap();
    });
    assert_eq!(report.result, Err(CallError::Refused(refusal)), "what was given may be reported");
}

/// Reads until an answer has come: the rest of the call first.
fn await_answer(socket: &mut UnixStream) {
    let (mut heard, mut piece) = (String::new(), [0; 4096]);
    while !heard.contains("\"told\":\"answer\"") {
        let count = socket.read(&mut piece).unwrap();
        assert_ne!(count, 0, "hung up: {heard}");
        heard.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
}

#[test]
fn a_refusal_of_the_sandbox_has_its_own_code_and_no_line_to_write() {
    let refusal = |code| Refusal::new(RefusalKind::Denied, code, "no");
    let reported = |refusal| found_out(reporting(Err(CallError::Refused(refusal))));
    let foreign = reported(refusal(Code::TrustMalformed));
    assert!(foreign.contains("a refusal that nobody gave"), "{foreign}");
    let advising = reported(refusal(Code::LimitNetwork).hint("run evil"));
    assert!(advising.contains("a refusal that nobody gave"), "{advising}");
}

#[test]
fn refusals_are_not_remembered_without_end() {
    let asks = 65;
    let number = std::sync::atomic::AtomicU64::new(0);
    let broker = Script::new(move |_| {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Err(Refusal::new(RefusalKind::Denied, Code::TrustMalformed, number.to_string()))
    });
    let first = Refusal::new(RefusalKind::Denied, Code::TrustMalformed, "0");
    let report = taken_over(call(), broker, move |mut socket| {
        for id in 0..asks {
            socket.write_all(&encode(&Said::Ask { id, ask: event("1") }).unwrap()).unwrap();
            await_answer(&mut socket);
        }
        let report = Report::of(CallError::Refused(first));
        socket.write_all(&encode(&Said::Report { report }).unwrap()).unwrap();
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
    });
    assert!(found_out(report).contains("a refusal that nobody gave"));
}

#[test]
fn every_wish_that_is_printed_or_kept_counts_by_its_words() {
    let text = || "12345678901".to_owned();
    let micros = Micros::default();
    let wishes = [
        Ask::Emit { event: text() },
        Ask::Progress { done: 1, total: None, message: text() },
        Ask::Log { level: LogLevel::Info, message: text() },
        Ask::Attach { name: "n".to_owned(), evidence: text() },
        Ask::Attach { name: text(), evidence: "1".to_owned() },
        Ask::CostReserve { micros, reason: text() },
        Ask::CostReport { micros, usage: text() },
    ];
    for ask in wishes {
        let mut short = call();
        (short.limits.output_bytes_max, short.limits.log_bytes_max) = (50, 50);
        let said: Vec<Said> = (0..10).map(|id| Said::Ask { id, ask: ask.clone() }).collect();
        assert!(found_out(saying(short, &said)).contains("more words"), "{ask:?}");
    }
}

#[test]
fn floods_end_at_a_counter_that_no_guest_reaches() {
    let asks = |ask: &Ask, count: u64| -> Vec<Said> {
        (0..count).map(|id| Said::Ask { id, ask: ask.clone() }).collect()
    };
    let mut few = call();
    few.limits.host_calls_max = 10;
    assert!(found_out(saying(few, &asks(&event("1"), 11))).contains("more wishes than"));
    let mut short = call();
    (short.limits.output_bytes_max, short.limits.log_bytes_max) = (50, 50);
    assert!(found_out(saying(short, &asks(&event("12345678901"), 10))).contains("more words"));
    let mut narrow = call();
    narrow.limits.handles_max = 5;
    let frames: Vec<u8> =
        asks(&event("1"), 7).iter().flat_map(|said| encode(said).unwrap()).collect();
    let report = taken_over(narrow, Arc::new(Silent), move |mut socket| {
        let _ = socket.write_all(&frames);
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
    });
    assert!(found_out(report).contains("more wishes at once"));
}

#[test]
fn long_results_and_messages_are_refused() {
    let mut short = call();
    short.limits.output_bytes_max = 10;
    let report = Report { result: Ok("\"0123456789\"".to_owned()), usage: Usage::default() };
    assert!(found_out(saying(short, &[Said::Report { report }])).contains("a longer result"));
    let log = "x".repeat((call().limits.log_bytes_max + (2 << 20)) as usize);
    let usage = Usage { log, ..Usage::default() };
    let report = Report { result: Ok("1".to_owned()), usage };
    assert!(found_out(saying(call(), &[Said::Report { report }])).contains("a longer log"));
    let report = taken_over(call(), Script::done(), |mut socket| {
        socket.write_all(&[0xff; 4]).unwrap();
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
    });
    assert!(found_out(report).contains("bytes;"));
}

#[test]
fn nonsense_and_words_out_of_turn_end_the_call() {
    #[derive(Serialize)]
    struct Nonsense {
        said: &'static str,
    }
    let frame = encode(&Nonsense { said: "open-sesame" }).unwrap();
    let report = taken_over(call(), Script::done(), move |mut socket| {
        socket.write_all(&frame).unwrap();
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
    });
    assert!(found_out(report).contains("unknown variant"));
    let loaded = Said::Loaded { version: String::new(), imports: Vec::new() };
    assert!(found_out(saying(call(), &[loaded])).contains("out of turn"));
}

#[test]
fn who_hangs_up_or_says_nothing_is_ended() {
    let report = taken_over(call(), Script::done(), drop);
    assert!(found_out(report).contains("fell silent"));
    let hurried = Call { deadline_ms: 50, ..call() };
    let report = saying(hurried, &[]);
    assert_eq!(report.result.unwrap_err().code(), Code::LimitDeadline);
    let stream = Some(Stream { stop_after_ms: None });
    let report = saying(Call { deadline_ms: 50, stream, ..call() }, &[]);
    assert_eq!(report.result.unwrap_err().code(), Code::LimitDeadline);
    let stream = Some(Stream { stop_after_ms: Some(50) });
    let report = saying(Call { stream, ..call() }, &[]);
    assert_eq!(report.result, Err(CallError::Stopped));
}

#[test]
fn who_does_not_hear_ctrl_c_is_ended_all_the_same() {
    let (interrupt, interrupted) = tokio::sync::watch::channel(true);
    let report = saying(Call { interrupt: Some(interrupted), ..call() }, &[]);
    drop(interrupt);
    assert_eq!(report.result, Err(CallError::Interrupted));
}

/// Waits, and reads nothing.
fn await_hang_up(socket: &UnixStream) {
    let mut waited = [PollFd::new(socket, PollFlags::empty())];
    poll(&mut waited, None).unwrap();
}

#[test]
fn who_asks_and_never_listens_is_ended() {
    let answers = || {
        let bytes = vec![0; 1 << 20];
        Script::new(move |_| Ok(Reply::Bytes { bytes: bytes.clone(), end: false }))
    };
    let read = Ask::BlobRead { blob: "data:table".to_owned(), offset: 0, bytes_max: 1 << 20 };
    let frame = encode(&Said::Ask { id: 0, ask: read }).unwrap();
    for stream in [None, Some(Stream { stop_after_ms: None })] {
        let (frame, deaf) = (frame.clone(), Call { deadline_ms: 50, stream, ..call() });
        let report = taken_over(deaf, answers(), move |mut socket| {
            let _ = socket.write_all(&frame);
            await_hang_up(&socket);
        });
        assert_eq!(report.result.unwrap_err().code(), Code::LimitDeadline, "{stream:?}");
    }
}

#[test]
fn the_report_of_a_worker_that_waits_for_no_answer_is_heard() {
    let said = [
        Said::Ask { id: 0, ask: event("1") },
        Said::Report { report: Report { result: Ok("1".to_owned()), usage: Usage::default() } },
    ];
    let frames: Vec<u8> = said.iter().flat_map(|said| encode(said).unwrap()).collect();
    let report = taken_over(call(), Script::done(), move |mut socket| {
        socket.write_all(&frames).unwrap();
    });
    assert_eq!(report.result.as_deref(), Ok("1"));
}

#[test]
fn a_wish_that_is_given_up_is_dropped_before_the_next_begins() {
    let one = |id| [Said::Ask { id, ask: event("1") }, Said::Dropped { id }];
    let report =
        Said::Report { report: Report { result: Ok("1".to_owned()), usage: Usage::default() } };
    let said: Vec<Said> = (0..5).flat_map(one).chain([report]).collect();
    let mut narrow = call();
    narrow.limits.handles_max = 1;
    let frames: Vec<u8> = said.iter().flat_map(|said| encode(said).unwrap()).collect();
    let report = taken_over(narrow, Arc::new(Silent), move |mut socket| {
        socket.write_all(&frames).unwrap();
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
    });
    assert_eq!(report.result.as_deref(), Ok("1"));
}
