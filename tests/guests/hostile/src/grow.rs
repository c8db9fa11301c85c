//! Misdeeds against the machine by way of one import each: ask the host for too much, too often, or
//! for something that is none.

use if_sdk::bindings::infrafabric::adapter::{cost, output, secrets, state, witness};
use if_sdk::prelude::*;
use std::hint::black_box;
use wasip2::clocks::monotonic_clock::{now, subscribe_duration};
use wasip2::http::types::Fields;

/// More than any machine has.
const HUGE: u64 = 1 << 40;
/// A round of a flood.
const ROUND: usize = 1 << 20;

/// What can be asked for without end.
const KINDS: &[&str] = &[
    "string",
    "list",
    "map",
    "deep-json",
    "boxes",
    "random",
    "insecure-random",
    "zeroes",
    "stdin",
    "pollables",
    "poll-list",
    "streams",
    "clock",
    "naps",
    "header",
    "headers",
    "placeholders",
    "inputs",
    "recipe",
    "evidence",
    "evidence-once",
    "states",
    "state-value",
    "state-key",
    "available",
    "progress-text",
    "event-once",
    "cost",
    "cost-report",
    "cost-again",
    "file-bytes",
    "data-file",
];

/// Places for a text that is no UTF-8.
const TEXTS: &[&str] = &["log", "event", "progress", "recipe", "evidence", "state", "result"];

/// Ways to fail, each with words of the guest's choice.
const FAILURES: &[&str] =
    &["refused", "auth", "protocol", "unreachable", "timeout", "usage", "planned", "host"];

/// Against every import.
pub fn commands() -> [Command; 4] {
    [
        read("grow", "asks for more and more of one thing")
            .takes(choice("what", "of what", KINDS).positional())
            .run(grow),
        read("answer", "answers with this text, whatever it is")
            .takes((
                text("text", "the text"),
                int("times", "how often").or(1),
                text("end", "what stands behind it").or(""),
                choice("to", "whereto", &["result", "event", "evidence", "usage"]).or("result"),
            ))
            .run(answer),
        read("garble", "gives a text that is no UTF-8")
            .takes(choice("place", "where", TEXTS).positional())
            .run(garble),
        read("fail", "fails, and says why in its own words")
            .takes((
                choice("how", "as what", FAILURES).positional(),
                text("message", "the words").or("x"),
                int("times", "how often").or(1),
            ))
            .run(fail),
    ]
}

fn refused(error: if_sdk::Error) -> Failure {
    Failure::Host(error)
}

fn grow(call: &Call, what: String) -> Outcome {
    match what.as_str() {
        "string" | "list" | "map" | "deep-json" | "boxes" => Ok(json!(own_memory(&what))),
        "random" | "insecure-random" | "zeroes" | "stdin" | "pollables" | "poll-list"
        | "streams" | "clock" | "naps" | "header" | "headers" => Ok(json!(wasi(&what))),
        _ => adapter(call, &what),
    }
}

/// The component's own memory, in five shapes.
fn own_memory(what: &str) -> usize {
    let (mut text, mut list, mut map) = (String::from("s"), vec![1_u64], Map::new());
    let (mut deep, mut boxes) = (json!(1), Vec::new());
    for round in 0..usize::MAX {
        match what {
            "string" => text.push_str(&text.clone()),
            "list" => list.extend_from_within(..),
            "map" => drop(map.insert(round.to_string(), json!({ "round": round }))),
            "deep-json" => deep = json!([deep]),
            _ => boxes.push(Box::new(black_box(round))),
        }
    }
    text.len() + list.len() + map.len() + boxes.len() + usize::from(deep.is_array())
}

fn wasi(what: &str) -> usize {
    let fields = Fields::new();
    match what {
        "random" => return wasip2::random::random::get_random_bytes(HUGE).len(),
        "insecure-random" => {
            return wasip2::random::insecure::get_insecure_random_bytes(HUGE).len();
        }
        "zeroes" => {
            let stdout = wasip2::cli::stdout::get_stdout();
            return usize::from(stdout.write_zeroes(HUGE).is_ok());
        }
        "stdin" => {
            let stdin = wasip2::cli::stdin::get_stdin();
            return (0..ROUND).filter(|_| stdin.read(HUGE).is_ok()).count();
        }
        "poll-list" => {
            let one = subscribe_duration(0);
            let list = vec![&one; ROUND];
            return wasip2::io::poll::poll(&list).len();
        }
        _ => {}
    }
    let (mut pollables, mut streams) = (Vec::new(), Vec::new());
    for round in 0..ROUND {
        match what {
            "pollables" => pollables.push(subscribe_duration(HUGE)),
            "streams" => streams.push(wasip2::cli::stdout::get_stdout()),
            "clock" => drop(black_box(now())),
            "naps" => subscribe_duration(1_000_000).block(),
            "header" => drop(fields.append("x-same", &vec![b'h'; 1 << 10])),
            _ => drop(fields.append(&format!("x-{round}"), b"h")),
        }
    }
    pollables.len() + streams.len()
}

fn adapter(call: &Call, what: &str) -> Outcome {
    let long = || crate::exhaust::filler(2 << 20);
    match what {
        "recipe" => return Ok(json!(secrets::placeholder(&long(), &[]).map_err(refused)?)),
        "evidence-once" => witness::attach("big", &json!(long()).to_string()).map_err(refused)?,
        "event-once" => output::emit(&json!(long()).to_string()).map_err(refused)?,
        "state-value" => state::set("key", long().as_bytes()).map_err(refused)?,
        "state-key" => state::set(&long(), b"value").map_err(refused)?,
        "cost" => cost::reserve(u64::MAX, "everything").map_err(refused)?,
        "cost-report" => cost::report(u64::MAX, "{}").map_err(refused)?,
        "cost-again" => {
            cost::report(u64::MAX, "{}").map_err(refused)?;
            cost::reserve(1, "more").map_err(refused)?;
        }
        "file-bytes" => return file("parameter"),
        "data-file" => return file("data"),
        _ => return flood(call, what),
    }
    Ok(json!("passed"))
}

fn file(kind: &str) -> Outcome {
    use if_sdk::bindings::infrafabric::adapter::blob::{read_data, read_parameter};
    let name = "../../../../etc/passwd";
    let read = if kind == "data" { read_data } else { read_parameter };
    let (bytes, _) = read(name, 0, u32::MAX).map_err(refused)?;
    Ok(json!(String::from_utf8_lossy(&bytes)))
}

fn flood(call: &Call, what: &str) -> Outcome {
    for round in 0..ROUND {
        match what {
            "placeholders" => drop(call.placeholder("plain", &[])?),
            "inputs" => {
                let many: Vec<_> = (0..5_000).map(|at| (at.to_string(), "x".into())).collect();
                secrets::placeholder("digest", &many).map_err(refused)?;
            }
            "evidence" => witness::attach(&round.to_string(), "{}").map_err(refused)?,
            "states" => state::set(&round.to_string(), &[1; 512]).map_err(refused)?,
            "available" => drop(black_box(secrets::available("password"))),
            _ => output::progress(1, None, &crate::exhaust::filler(1 << 10)),
        }
    }
    Ok(json!("passed"))
}

fn answer(_: &Call, (text, times, end, to): (String, i64, String, String)) -> Outcome {
    let text = text.repeat(usize::try_from(times).unwrap_or(0)) + &end;
    match to.as_str() {
        "event" => output::emit(&text).map_err(refused)?,
        "evidence" => witness::attach("evidence", &text).map_err(refused)?,
        "usage" => cost::report(1, &text).map_err(refused)?,
        _ => return Ok(json!(text)),
    }
    Ok(json!("passed"))
}

/// Two bytes that begin a character and do not end it.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code)]
pub fn garbled() -> String {
    // SAFETY: none is claimed; the text is only passed to the host, whose duty it is to look.
    unsafe { String::from_utf8_unchecked(vec![b'"', 0xc3, 0x28, b'"']) }
}

#[cfg(not(target_arch = "wasm32"))]
pub fn garbled() -> String {
    String::new()
}

fn garble(call: &Call, place: String) -> Outcome {
    let text = black_box(garbled());
    match place.as_str() {
        "log" => call.log(if_sdk::Level::Info, &text),
        "event" => output::emit(&text).map_err(refused)?,
        "progress" => output::progress(1, None, &text),
        "recipe" => drop(secrets::placeholder(&text, &[]).map_err(refused)?),
        "evidence" => witness::attach("evidence", &text).map_err(refused)?,
        "state" => state::set(&text, b"value").map_err(refused)?,
        _ => return Ok(json!("the border does it")),
    }
    Ok(json!("passed"))
}

fn fail(_: &Call, (how, message, times): (String, String, i64)) -> Outcome {
    let message = message.repeat(usize::try_from(times).unwrap_or(0));
    let lost = |message| if_sdk::Lost { message, sent: true };
    Err(match how.as_str() {
        "refused" => Failure::Refused(if_sdk::Refusal {
            code: message.clone(),
            message: message.clone(),
            hint: Some(message),
        }),
        "auth" => Failure::Auth(message),
        "protocol" => Failure::Protocol(message),
        "unreachable" => Failure::Unreachable(lost(message)),
        "timeout" => Failure::Timeout(lost(message)),
        "usage" => Failure::Usage(message),
        "planned" => Failure::Planned,
        _ => Failure::Host(if_sdk::Error { kind: if_sdk::ErrorKind::Denied, message }),
    })
}
