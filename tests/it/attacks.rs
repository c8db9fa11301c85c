//! Nothing hostile gets through: every row of `tests/guests/hostile/attacks.toml` is run through
//! the real binary against a home and a device of its group.
//!
//! After each row: the named limit fired and no other, in time, in little memory, with its entry in
//! the log; nothing secret came out or arrived anywhere; the next command works.

mod component;
mod device;
mod table;

use crate::lab::{Lab, Run};
use device::Device;
use if_fakes::ObsFake;
use serde_json::Value;
use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;
use table::{Attack, CANARY};

/// How much later than its deadline a command may end: what a user would call at once.
const LATE_MS: u64 = 1_000;
/// What an attack may cost the host beside what a harmless command costs it.
const MEMORY_KIB_MAX: u64 = 128 << 10;

/// Runs a command, waits for it, and writes down its highest memory and its time. The kernel counts
/// both exactly; whoever looked from outside would miss the last moment.
const MEASURE: &str = "
import json, resource, subprocess, sys, time
begun = time.monotonic()
code = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL).returncode
took = int((time.monotonic() - begun) * 1000)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
open(sys.argv[1], 'w').write(json.dumps([peak, took]))
sys.exit(code)
";

/// A run, its peak of memory in KiB and its time.
struct Measured {
    run: Run,
    peak_kib: u64,
    took: Duration,
}

impl Measured {
    fn of<S: AsRef<OsStr>>(lab: &Lab, words: impl IntoIterator<Item = S>) -> Self {
        let sheet = lab.path().join("measured.json");
        let line = lab.command(words);
        let mut command = Command::new("python3");
        command.args(["-c", MEASURE]).arg(&sheet).arg(line.get_program()).args(line.get_args());
        command.env_clear().envs(line.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let run = Run::from(command.output().unwrap());
        let text = std::fs::read_to_string(sheet).unwrap_or_else(|_| panic!("{}", run.stderr));
        let (peak_kib, took_ms) = serde_json::from_str(&text).unwrap();
        Self { run, peak_kib, took: Duration::from_millis(took_ms) }
    }
}

/// Where the rows of a group are tried.
struct Arena {
    lab: Lab,
    device: Device,
    obs: ObsFake,
    harmless_kib: u64,
}

impl Arena {
    fn new() -> Self {
        let (device, obs) = (Device::start(), ObsFake::script().start().unwrap());
        let lab = Lab::with(&["hostile"]);
        // Attack follows attack: no breaker comes between.
        let patience = "circuits:\n  - { failures: 1000, percent: 100 }\n";
        std::fs::write(lab.home().join("governor.yaml"), patience).unwrap();
        for (instance, port) in [("target", device.port), ("socket", obs.port), ("other", 9)] {
            let port = port.to_string();
            lab.run(["hostile", "add", instance, "--host", "127.0.0.1", "--port", &port]).ok();
        }
        lab.feed(["secret", "set", "hostile", "target", "password"], CANARY).ok();
        lab.feed(["secret", "set", "hostile", "socket", "password"], CANARY).ok();
        let mut arena = Self { lab, device, obs, harmless_kib: 0 };
        let harmless = arena.measured(&["leftovers".into(), "target".into()]);
        assert_eq!(harmless.run.exit, 0, "{}", harmless.run.stderr);
        arena.harmless_kib = harmless.peak_kib;
        arena
    }

    fn measured(&self, argv: &[String]) -> Measured {
        Measured::of(&self.lab, ["hostile"].into_iter().chain(argv.iter().map(String::as_str)))
    }

    /// Runs one row; what went wrong, if anything.
    fn attempt(&self, attack: &Attack) -> Vec<String> {
        self.device.plays(attack.device.clone().unwrap_or_default());
        let frames_before = self.obs.frames().len();
        let measured = self.measured(&attack.argv(self.device.port));
        let frames: String =
            self.obs.frames().iter().skip(frames_before).map(Value::to_string).collect();
        let arrived = self.device.arrived() + &frames;
        let mut wrong = attack.verdict(&measured.run, &arrived);
        let most = Duration::from_millis(attack.deadline_ms + LATE_MS);
        if measured.took > most {
            wrong.push(format!("took {:?}, not {most:?} at most", measured.took));
        }
        if measured.peak_kib > self.harmless_kib + MEMORY_KIB_MAX {
            wrong.push(format!("took {} KiB of memory", measured.peak_kib));
        }
        if attack.logged {
            wrong.extend(self.unlogged(attack));
        }
        let next = self.lab.run(["hostile", "leftovers", "target"]);
        if next.exit != 0 {
            wrong.push(format!("the next command fails: {}", next.stderr));
        }
        wrong
    }

    /// What the log should say of this row, and does not.
    fn unlogged(&self, attack: &Attack) -> Option<String> {
        let query = ["witness", "query", "--provider", "hostile", "--json", "-n", "1"];
        let logged = self.lab.run(query).json();
        let entry = &logged["entries"][0];
        let outcome = &entry["closed"]["leaf"]["outcome"];
        let code = outcome["code"].as_str().unwrap_or_default();
        let status = outcome["status"].as_str().unwrap_or("none");
        // The harmless command between two rows keeps a row from finding its neighbour's entry.
        let command = entry["opened"]["leaf"]["command"].as_str();
        let fits = code == attack.code && attack.ends_as(status);
        (!fits || command != Some(attack.command()))
            .then(|| format!("the log says {code:?}: {entry}"))
    }
}

/// Runs every row of a group and reports all that failed, not the first alone.
fn holds(group: &str) {
    let rows: Vec<Attack> = table::rows().into_iter().filter(|row| row.group == group).collect();
    assert!(!rows.is_empty(), "no row is of the group {group}");
    let arena = Arena::new();
    let report: Vec<String> = rows
        .iter()
        .flat_map(|row| {
            let wrong = arena.attempt(row);
            wrong.into_iter().map(|wrong| format!("{}: {wrong}", row.name))
        })
        .collect();
    arena.lab.run(["witness", "verify"]).ok();
    assert!(report.is_empty(), "{} rows:\n{}", rows.len(), report.join("\n"));
}

#[test]
fn every_row_is_of_a_group_that_is_run_and_has_a_name_of_its_own() {
    let rows = table::rows();
    let names: std::collections::BTreeSet<_> = rows.iter().map(|row| &row.name).collect();
    assert_eq!(names.len(), rows.len(), "a name stands twice");
    let deeds: std::collections::BTreeSet<_> = rows.iter().map(Attack::deed).collect();
    assert_eq!(deeds.len(), rows.len(), "two rows do the same");
    let known =
        ["machine", "words", "streams", "effects", "places", "secrets", "echoes", "answers"];
    assert!(rows.iter().all(|row| known.contains(&row.group.as_str())));
}

#[test]
fn attacks_on_the_machine_end_at_their_limit() {
    holds("machine");
}

#[test]
fn attacks_by_words_do_not_reach_a_terminal_and_are_no_answer() {
    holds("words");
}

#[test]
fn attacks_by_streams_end_at_their_limit() {
    holds("streams");
}

#[test]
fn attacks_by_effect_do_not_leave() {
    holds("effects");
}

#[test]
fn attacks_on_other_places_do_not_arrive() {
    holds("places");
}

#[test]
fn attacks_on_secrets_get_a_placeholder() {
    holds("secrets");
}

#[test]
fn attacks_by_echo_end_the_call() {
    holds("echoes");
}

#[test]
fn attacks_by_answers_end_at_their_limit() {
    holds("answers");
}
