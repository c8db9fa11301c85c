//! `obs events`: all sixty, in order, none lost, over a restart of OBS, for as long as it takes.

use crate::lab::{Lab, Run};
use crate::obs::studio;
use crate::worker::children;
use if_fakes::ObsFake;
use if_fakes::obs::{numbered, table};
use if_servers::Obs;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

/// A burst that reaches stdout whole, and how long a stream is left alone; longer when
/// `IF_SOAK_SECONDS` says so.
const BURST: usize = 10_000;
const SOAK: Duration = Duration::from_secs(4);

/// Longest wait for an event that may have been too early to be heard.
const MOMENT: Duration = Duration::from_millis(500);

/// A running `obs events`, its lines read by a thread of their own.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(lab: &Lab, words: &[&str]) -> Watch {
        let line = ["obs", "events", "studio", "--json"];
        let mut command = lab.command(line.iter().chain(words).copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = sync_channel(64);
        std::thread::spawn(move || {
            for line in stdout.lines() {
                if sender.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        Watch { child, lines }
    }

    /// The next event; the test runner ends a test that waits in vain.
    fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.recv().unwrap()).unwrap()
    }

    /// The next event, if one comes within a moment.
    fn soon(&mut self) -> Option<Value> {
        let line = self.lines.recv_timeout(MOMENT).ok()?;
        Some(serde_json::from_str(&line).unwrap())
    }

    /// Ctrl-C; what else came, and what stands on stderr.
    fn interrupt(self) -> (Vec<Value>, Run) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let rest = self.lines.iter().map(|line| serde_json::from_str(&line).unwrap());
        let rest: Vec<Value> = rest.collect();
        (rest, Run::from(self.child.wait_with_output().unwrap()))
    }

    /// Resident memory of the command and its worker.
    fn kilobytes(&self) -> u64 {
        let worker = children(self.child.id());
        std::iter::once(self.child.id()).chain(worker).map(kilobytes_of).sum()
    }
}

fn kilobytes_of(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_burst_reaches_stdout_in_order_and_whole() {
    let fake = ObsFake::script().events(numbered(BURST)).start().unwrap();
    let lab = studio(fake.port, "");
    let mut watch = Watch::start(&lab, &[]);
    for number in 0..BURST {
        let event = watch.next();
        assert_eq!(event["data"]["number"], number, "{event}");
    }
    let (rest, run) = watch.interrupt();
    assert_eq!((rest.len(), run.exit), (0, 130), "{run:?}");
    let words = ["witness", "query", "--provider", "obs", "--json", "-n", "1"];
    let logged = lab.run(words).json();
    let outcome = &logged["entries"][0]["closed"]["leaf"]["outcome"];
    assert_eq!(outcome["status"], "interrupted", "{logged}");
    lab.run(["witness", "verify"]).ok();
}

#[test]
fn what_the_transcript_no_longer_holds_is_counted() {
    let fake = ObsFake::script().events(numbered(BURST)).start().unwrap();
    let lab = studio(fake.port, "");
    let mut watch = Watch::start(&lab, &[]);
    (0..BURST).for_each(|_| drop(watch.next()));
    watch.interrupt();
    let words = ["witness", "query", "--provider", "obs", "--json", "-n", "1"];
    let logged = lab.run(words).json();
    let operation = logged["entries"][0]["opened"]["leaf"]["operation"].as_str().unwrap();
    let logged = lab.run(["witness", "query", "--operation", operation, "--json"]).json();
    let evidence = logged["parts"].to_string();
    assert!(evidence.contains("transcript-dropped"), "{evidence}");
}

#[test]
fn all_sixty_events_come_as_obs_sends_them() {
    let fake = ObsFake::script().events(table::events()).start().unwrap();
    let lab = studio(fake.port, "");
    let types: Vec<String> =
        table::events().iter().map(|e| e["eventType"].as_str().unwrap().to_owned()).collect();
    let words: Vec<&str> = types.iter().flat_map(|name| ["--type", name.as_str()]).collect();
    let mut watch = Watch::start(&lab, &words);
    for sent in table::events() {
        let event = watch.next();
        assert_eq!((&event["event"], &event["data"]), (&sent["eventType"], &sent["eventData"]));
    }
    watch.interrupt();
    let masks = masks(&fake);
    assert_eq!(masks, [0xf_0fff]);
}

/// Subscription masks that the fake was sent.
fn masks(fake: &ObsFake) -> Vec<u64> {
    let frames = fake.frames().into_iter().filter(|frame| frame["op"] == 3);
    frames.map(|frame| frame["d"]["eventSubscriptions"].as_u64().unwrap()).collect()
}

#[test]
fn only_what_is_asked_for_is_subscribed_to_and_shown() {
    let script = || ObsFake::script().events(table::events());
    let fake = script().start().unwrap();
    let lab = studio(fake.port, "");
    let mut watch = Watch::start(&lab, &["--type", "SceneCreated", "--type", "SceneRemoved"]);
    let seen = [watch.next()["event"].clone(), watch.next()["event"].clone()];
    assert_eq!(seen, ["SceneCreated", "SceneRemoved"]);
    let (rest, _) = watch.interrupt();
    assert!(rest.is_empty(), "{rest:?}");
    assert_eq!(masks(&fake), [1 << 2]);
    // Without names: everything but the four that come many times a second.
    let fake = script().start().unwrap();
    let lab = studio(fake.port, "");
    let mut watch = Watch::start(&lab, &[]);
    (0..56).for_each(|_| drop(watch.next()));
    let (rest, _) = watch.interrupt();
    assert_eq!((rest.len(), masks(&fake)), (0, vec![0xfff]));
    lab.run(["obs", "events", "studio", "--type", "SceneCreate"]).fails("SceneCreated", 2);
}

#[test]
fn a_broken_connection_is_said_resumed_and_gives_nothing_twice() {
    let fake =
        ObsFake::script().events(numbered(3)).events(numbered(5).split_off(3)).start().unwrap();
    let lab = studio(fake.port, "");
    let mut watch = Watch::start(&lab, &[]);
    let numbers: Vec<Value> = (0..5).map(|_| watch.next()["data"]["number"].clone()).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    let (rest, run) = watch.interrupt();
    assert!(rest.is_empty(), "{rest:?}");
    assert!(run.stderr.contains("OBS is gone"), "{}", run.stderr);
    assert!(run.stderr.contains("OBS is back"), "{}", run.stderr);
}

#[test]
fn a_stream_ends_in_time_when_asked_to_and_is_a_success() {
    let fake = ObsFake::script().events(numbered(2)).start().unwrap();
    let lab = studio(fake.port, "");
    let run = lab.run(["obs", "events", "studio", "--timeout", "1s"]);
    assert_eq!((run.exit, run.stdout.lines().count()), (0, 2), "{run:?}");
}

#[test]
fn real_obs_killed_and_restarted_is_resumed() {
    if !if_servers::require!(Obs) {
        return;
    }
    let mut obs = Obs::start().unwrap();
    let lab = studio(obs.port, &obs.password);
    let mut watch = Watch::start(&lab, &["--type", "SceneCreated"]);
    let make = |name: &str| lab.run(["obs", "scene", "create", "studio", name]);
    // The first may be made before the watch listens.
    let mut made = 0;
    let seen = loop {
        made += 1;
        make(&format!("Before {made}")).ok();
        if let Some(event) = watch.soon() {
            break event;
        }
    };
    assert_eq!(seen["event"], "SceneCreated");
    obs.kill();
    obs.restart().unwrap();
    // As above: made until one is heard by the resumed watch.
    let after = loop {
        made += 1;
        make(&format!("After {made}")).ok();
        if let Some(event) = watch.soon()
            && event["data"]["sceneName"].as_str().unwrap().starts_with("After")
        {
            break event;
        }
    };
    let (rest, run) = watch.interrupt();
    let mut names: Vec<String> = [&seen, &after]
        .into_iter()
        .chain(&rest)
        .map(|event| event["data"]["sceneName"].as_str().unwrap().to_owned())
        .collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "nothing twice: {names:?}");
    assert!(run.stderr.contains("OBS is gone") && run.stderr.contains("OBS is back"), "{run:?}");
}

#[test]
fn a_stream_left_alone_keeps_its_memory() {
    let soak = std::env::var("IF_SOAK_SECONDS").ok().and_then(|text| text.parse().ok());
    let soak = soak.map_or(SOAK, Duration::from_secs);
    let fake = ObsFake::script().events(numbered(4 * BURST)).start().unwrap();
    let lab = studio(fake.port, "");
    let mut watch = Watch::start(&lab, &[]);
    // The transcript's ring is full, and has come round, after the first half.
    (0..2 * BURST).for_each(|_| drop(watch.next()));
    let before = watch.kilobytes();
    (0..2 * BURST).for_each(|_| drop(watch.next()));
    let busy = watch.kilobytes();
    assert_eq!(watch.lines.recv_timeout(soak), Err(RecvTimeoutError::Timeout), "left alone");
    let quiet = watch.kilobytes();
    println!(
        "resident: {before} kB after {} events, {busy} after twice, {quiet} at the end",
        2 * BURST
    );
    // Pages of an allocator come and go; a leak of a hundred bytes an event would be two megabytes.
    assert!(busy <= before + 1024 && quiet <= before + 1024, "{before} {busy} {quiet}");
    watch.interrupt();
}
