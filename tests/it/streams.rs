//! Commands that stream: they run for as long as somebody listens, and no bound goes with that.
//!
//! The hostile guest's limits are low (two seconds of silence, 64 KiB of output, four connections),
//! so that what holds for an hour shows in a second.

use crate::lab::Lab;
use if_fakes::ObsFake;
use serde_json::Value;

fn hostile(port: u16) -> Lab {
    let lab = Lab::with(&["hostile"]);
    lab.run(["hostile", "add", "target", "--host", "127.0.0.1", "--port", &port.to_string()]).ok();
    lab
}

/// The outcome of the last operation in the log.
fn outcome(lab: &Lab) -> Value {
    let logged = lab.run(["witness", "query", "--provider", "hostile", "--json", "-n", "1"]).json();
    logged["entries"][0]["closed"]["leaf"].clone()
}

fn fires(command: &str, code: &str) {
    let lab = hostile(9);
    lab.run(["hostile", command, "target"]).fails(code, 5);
    assert_eq!(outcome(&lab)["outcome"]["code"], code);
    lab.run(["witness", "verify"]).ok();
}

/// Stopped after this time; its stdout and its leaf.
fn stopped(lab: &Lab, command: &str, time: &str) -> (String, Value) {
    let stdout = lab.run(["hostile", command, "target", "--timeout", time]).ok();
    let leaf = outcome(lab);
    assert_eq!(leaf["outcome"]["status"], "ok", "{leaf}");
    (stdout, leaf)
}

fn number(leaf: &Value, pointer: &str) -> u64 {
    leaf.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer}: {leaf}"))
}

#[test]
fn a_stream_that_gives_nothing_ends_at_its_deadline() {
    fires("stream-silent", "IF_ERR_LIMIT_DEADLINE");
}

#[test]
fn a_stream_that_computes_for_ever_ends_with_its_fuel() {
    fires("stream-spin", "IF_ERR_LIMIT_FUEL");
}

#[test]
fn an_event_is_bounded() {
    fires("stream-big-event", "IF_ERR_LIMIT_OUTPUT");
}

#[test]
fn host_calls_between_two_events_are_bounded() {
    fires("stream-calls", "IF_ERR_LIMIT_HOST_CALLS");
}

#[test]
fn a_streams_memory_is_that_of_a_call() {
    fires("stream-hoard", "IF_ERR_LIMIT_MEMORY");
}

#[test]
fn fuel_is_burnt_at_a_rate() {
    let lab = hostile(9);
    let (_, leaf) = stopped(&lab, "stream-burn", "2s");
    // 300 million at once, as many in two seconds, and what the engine's ticks miss.
    let (fuel, wall_ms) = (number(&leaf, "/usage/fuel"), number(&leaf, "/timing/wall_ms"));
    let most = 300_000_000 + 150_000 * wall_ms + 300_000_000;
    assert!(fuel < most, "{fuel} in {wall_ms} ms");
}

#[test]
fn events_come_at_a_rate_in_order_and_none_is_lost() {
    let lab = hostile(9);
    let (stdout, leaf) = stopped(&lab, "stream-flood", "2s");
    let numbers = stdout.lines().map(|line| {
        let event: Value = serde_json::from_str(line).unwrap();
        event["number"].as_u64().unwrap()
    });
    let numbers: Vec<u64> = numbers.collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    let (bytes, wall_ms) = (number(&leaf, "/usage/output_bytes"), number(&leaf, "/timing/wall_ms"));
    assert!(bytes <= (64 << 10) + (32 << 10) * wall_ms / 1000 + (4 << 10), "{bytes} in {wall_ms}");
    assert!(numbers.len() > 60, "{}", numbers.len());
}

#[test]
fn connections_are_made_at_a_rate() {
    let fake = ObsFake::script().start().unwrap();
    let lab = hostile(fake.port);
    let answer = lab.run(["hostile", "stream-hammer", "target", "--json"]).json();
    assert_eq!(answer["connected"], 4, "{answer}");
    assert!(answer["ended"].as_str().unwrap().contains("4 new connections in 2000 ms"), "{answer}");
}

#[test]
fn a_streams_oldest_placeholders_are_forgotten() {
    let lab = hostile(9);
    lab.feed(["secret", "set", "hostile", "target", "password"], "canary-of-streams-71c").ok();
    let (stdout, _) = stopped(&lab, "stream-tokens", "1s");
    assert!(stdout.lines().count() > 256, "{}", stdout.lines().count());
}

#[test]
fn log_lines_between_two_events_are_bounded() {
    let lab = hostile(9);
    let run = lab.run(["hostile", "stream-logs", "target", "--timeout", "1s"]);
    assert_eq!(run.exit, 0, "{}", run.stderr);
    let (said, events) = (run.stderr.len(), run.stdout.lines().count());
    // Sixteen kilobytes of each hundred, and in all no more than the rate of output.
    assert!(said <= events.saturating_add(1) * (17 << 10), "{said} for {events} events");
    assert!(said <= 160 << 10, "{said}");
}

#[test]
fn a_stream_that_listens_outlives_its_deadline() {
    let fake = ObsFake::script().start().unwrap();
    let lab = hostile(fake.port);
    let (stdout, leaf) = stopped(&lab, "stream-listen", "3s");
    assert_eq!(stdout.lines().count(), 1, "the fake's Hello: {stdout}");
    assert!(number(&leaf, "/timing/wall_ms") >= 3_000);
}
