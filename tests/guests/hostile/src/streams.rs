//! Misdeeds of a command that streams: it may run for ever, and everything else is still bounded.

use crate::exhaust::{filler, open, spin};
use if_sdk::prelude::*;
use std::hint::black_box;
use std::time::Duration;

/// More than the manifest's cap on output, less than its cap on one host call.
const EVENT_BYTES: usize = 128 << 10;
/// Turns between two events: some tens of millions of instructions.
const TURNS: u64 = 5_000_000;

/// Against a stream's limits.
pub fn commands() -> [Command; 11] {
    [
        read("stream-silent", "sleeps on and on and gives nothing").streams().run(|_, ()| {
            loop {
                std::thread::sleep(Duration::from_millis(100));
            }
        }),
        read("stream-spin", "gives one event and computes for ever").streams().run(|call, ()| {
            call.emit(&json!({}))?;
            Ok(json!(spin()))
        }),
        read("stream-burn", "computes for ever, and gives an event now and then").streams().run(
            |call, ()| {
                loop {
                    call.emit(&json!({}))?;
                    black_box((0..TURNS).map(black_box).sum::<u64>());
                }
            },
        ),
        read("stream-flood", "gives events without end").streams().run(|call, ()| {
            let mut number = 0_u64;
            loop {
                call.emit(&json!({ "number": number, "filler": filler(1000) }))?;
                number += 1;
            }
        }),
        read("stream-big-event", "gives one event that is far too large").streams().run(
            |call, ()| {
                call.emit(&json!(filler(EVENT_BYTES)))?;
                Ok(json!("given"))
            },
        ),
        read("stream-calls", "gives one event and calls the host without end").streams().run(
            |call, ()| {
                call.emit(&json!({}))?;
                (0..1_000_000).for_each(|at| call.progress(at, None, ""));
                Ok(json!("called"))
            },
        ),
        read("stream-hoard", "keeps every event it gives").streams().run(|call, ()| {
            let mut hoard = Vec::new();
            loop {
                call.emit(&json!({}))?;
                hoard.push(black_box(filler(1 << 20)));
            }
        }),
        read("stream-hammer", "connects as often as it can").streams().run(hammer),
        read("stream-tokens", "asks for a placeholder with every event").streams().run(
            |call, ()| {
                loop {
                    call.placeholder("plain", &[])?;
                    call.emit(&json!({}))?;
                }
            },
        ),
        read("stream-logs", "says far too much between two events").streams().run(|call, ()| {
            loop {
                (0..100).for_each(|_| call.log(if_sdk::Level::Warn, &filler(1000)));
                call.emit(&json!({}))?;
            }
        }),
        read("stream-listen", "waits quietly for a peer").streams().run(|call, ()| {
            let socket = open(call)?;
            loop {
                socket.wait()?;
                call.emit(&json!("heard"))?;
            }
        }),
    ]
}

fn hammer(call: &Call, (): ()) -> Outcome {
    let mut connected = 0_u32;
    loop {
        match open(call) {
            Ok(_closed_at_once) => connected += 1,
            Err(failure) => {
                return Ok(json!({ "connected": connected, "ended": format!("{failure:?}") }));
            }
        }
    }
}
