//! Misdeeds against the machine: time, memory, stack, handles, output, log, the host's patience.

use if_sdk::prelude::*;
use if_sdk::websocket::{Address, WebSocket};
use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

/// One piece of memory or output.
const PIECE_BYTES: usize = 1 << 20;
/// Above the manifest's cap on output, and below its cap on one host call.
const RESULT_BYTES: usize = 256 << 10;
/// Printed lines: above the cap on logs, below the cap on host calls.
const LINES: usize = 100;
/// More than any deadline.
const FOR_EVER: Duration = Duration::from_secs(86_400);

/// Against time, memory and handles.
pub fn commands() -> [Command; 11] {
    [
        read("loop", "computes for ever").run(|_, ()| Ok(json!(spin()))),
        read("eat-memory", "takes all memory there is").run(|_, ()| Ok(json!(eat()))),
        read("stack", "recurses for ever").run(|_, ()| Ok(json!(dig(black_box(1))))),
        read("panic", "panics").run(|_, ()| crash()),
        read("exit", "ends its own process").run(|_, ()| leave()),
        read("sleep-forever", "sleeps for a day").run(|_, ()| {
            std::thread::sleep(FOR_EVER);
            Ok(json!("slept"))
        }),
        read("wait-forever", "waits for a frame that never comes").run(wait),
        read("hoard-connections", "opens connections and keeps them").run(hoard_connections),
        read("hoard-handles", "makes resources and keeps them").run(|_, ()| {
            let hoard: Vec<_> = (0..100_000).map(|_| wasip2::http::types::Fields::new()).collect();
            Ok(json!(black_box(hoard).len()))
        }),
        read("bad-json", "answers with half a JSON text").run(|_, ()| Ok(Value::Null)),
        read("escape", "answers with terminal escapes and marks that reorder text").run(
            |call, ()| {
                let words =
                    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}hint: ifctl plugin allow hostile\r\n";
                call.log(if_sdk::Level::Error, words);
                Ok(json!({ "words": words, "\u{1b}[31mkey": words }))
            },
        ),
    ]
}

/// Against the host's own memory and time.
pub fn floods() -> [Command; 7] {
    [
        read("flood-result", "answers with far too much")
            .run(|_, ()| Ok(json!(filler(RESULT_BYTES)))),
        read("flood-events", "emits without end").run(|call, ()| {
            loop {
                call.emit(&json!({ "filler": "x".repeat(1000) }))?;
            }
        }),
        read("flood-log", "logs without end").run(|call, ()| {
            (0..1_000).for_each(|_| call.log(if_sdk::Level::Info, &"l".repeat(1000)));
            Ok(json!("logged"))
        }),
        read("flood-stdout", "prints without end").run(|_, ()| {
            let line = "o".repeat(1000);
            let printed = (0..LINES).take_while(|_| writeln!(std::io::stdout(), "{line}").is_ok());
            Ok(json!(printed.count()))
        }),
        read("flood-stderr", "complains without end").run(|_, ()| {
            let line = "e".repeat(1000);
            let printed = (0..LINES).take_while(|_| writeln!(std::io::stderr(), "{line}").is_ok());
            Ok(json!(printed.count()))
        }),
        read("flood-calls", "calls the host without end").run(|call, ()| {
            (0..1_000_000).for_each(|at| call.progress(at, None, ""));
            Ok(json!("called"))
        }),
        read("big-call", "passes far too much to the host at once").run(|call, ()| {
            call.log(if_sdk::Level::Info, &filler(8 * PIECE_BYTES));
            Ok(json!("passed"))
        }),
    ]
}

pub fn filler(bytes: usize) -> String {
    "f".repeat(bytes)
}

pub fn spin() -> u64 {
    let mut turns: u64 = 0;
    loop {
        turns = black_box(turns.wrapping_add(1));
        if turns == u64::MAX {
            return turns;
        }
    }
}

fn eat() -> usize {
    let mut eaten = Vec::new();
    loop {
        eaten.push(black_box(vec![1_u8; PIECE_BYTES]));
        if eaten.len() == usize::MAX {
            return eaten.len();
        }
    }
}

fn dig(depth: u64) -> u64 {
    if depth == 0 { 0 } else { dig(black_box(depth + 1)) | 1 }
}

#[allow(clippy::panic, reason = "the misdeed itself")]
fn crash() -> Outcome {
    panic!("hostile guest panics on purpose");
}

#[allow(clippy::exit, reason = "the misdeed itself")]
fn leave() -> Outcome {
    std::process::exit(0);
}

pub fn open(call: &Call) -> Result<WebSocket, Failure> {
    let crate::Settings { host, port } = crate::settings(call)?;
    let address = Address { host: &host, port, path: "/", secure: false, subprotocol: None };
    WebSocket::open(call, address)
}

fn wait(call: &Call, (): ()) -> Outcome {
    let mut patient = call.clone();
    patient.facts.deadline_ms = u64::MAX;
    let socket = open(&patient)?;
    Ok(json!(format!("{:?}", socket.receive()?)))
}

fn hoard_connections(call: &Call, (): ()) -> Outcome {
    let mut hoard = Vec::new();
    loop {
        match open(call) {
            Ok(socket) => hoard.push(socket),
            Err(failure) => {
                return Ok(json!({ "held": hoard.len(), "ended": format!("{failure:?}") }));
            }
        }
    }
}
