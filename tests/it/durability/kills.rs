//! Processes that are killed at random moments while others use the same home.

use super::noop;
use crate::lab::Lab;
use if_harm::Dice;
use if_servers::Size;
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Processes on one home at a time.
const AT_ONCE: u64 = 3;

/// The traces of the commands that had printed their result, killed afterwards or not.
struct Acknowledged(Mutex<Vec<String>>);

/// Runs one command, which nobody disturbs or which is killed after so long; whether it was killed.
fn run(lab: &Lab, trace: &str, moment: Option<Duration>, acknowledged: &Acknowledged) -> bool {
    let trace_flag = format!("--trace={trace}");
    let mut command = lab.command(["noop", "ping", "here", "n=1", "--json", &trace_flag]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    if let Some(moment) = moment {
        let _ = if_harm::after(moment, || child.kill());
    }
    let output = child.wait_with_output().unwrap();
    let killed = output.status.signal() == Some(9);
    assert!(killed || output.status.success(), "{output:?}");
    if serde_json::from_slice::<Value>(&output.stdout).is_ok() {
        acknowledged.0.lock().unwrap().push(trace.to_owned());
    }
    killed
}

/// How every operation with a trace ended, by that; open ones have no word.
fn outcomes(lab: &Lab) -> BTreeMap<String, Option<String>> {
    let log = lab.run(["witness", "export", "--format", "json", "--provider", "noop"]).json();
    let entries = log["entries"].as_array().unwrap().iter();
    let of = |entry: &Value| {
        let trace = entry["opened"]["leaf"]["trace"].as_str()?.to_owned();
        let status = entry["closed"]["leaf"]["outcome"]["status"].as_str().map(str::to_owned);
        Some((trace, status))
    };
    entries.filter_map(of).collect()
}

#[test]
fn nothing_acknowledged_is_lost_however_many_processes_are_killed() {
    let lab = noop();
    let (begun, kills) = (Instant::now(), Size::Kills.asked());
    lab.run(["noop", "ping", "here", "n=1"]).ok();
    let usual = begun.elapsed();
    let (killed, acknowledged) = (AtomicU32::new(0), Acknowledged(Mutex::default()));
    std::thread::scope(|scope| {
        for process in 0..AT_ONCE {
            let (lab, killed, acknowledged) = (&lab, &killed, &acknowledged);
            scope.spawn(move || {
                let mut dice = Dice::new(process);
                let mut number = 0;
                while killed.load(Ordering::SeqCst) < kills {
                    // Three at once are slower than one; every fourth is left alone.
                    let longest = usize::try_from(usual.as_micros()).unwrap() * 3;
                    let moment = Duration::from_micros(dice.below(longest) as u64);
                    let moment = (dice.below(4) > 0).then_some(moment);
                    let trace = format!("kills-{process}-{number}");
                    if run(lab, &trace, moment, acknowledged) {
                        killed.fetch_add(1, Ordering::SeqCst);
                    }
                    number += 1;
                }
            });
        }
    });
    // Whoever comes next closes what the dead have left open.
    lab.run(["noop", "ping", "here", "n=1"]).ok();
    lab.run(["witness", "verify"]).ok();
    let outcomes = outcomes(&lab);
    for trace in acknowledged.0.into_inner().unwrap() {
        let outcome = outcomes.get(&trace).cloned().flatten();
        assert_eq!(outcome.as_deref(), Some("ok"), "{trace} was acknowledged");
    }
    for (trace, outcome) in &outcomes {
        let outcome = outcome.as_deref();
        assert!(matches!(outcome, Some("ok" | "unknown")), "{trace}: {outcome:?}");
    }
    println!("{} killed, {} operations recorded", killed.into_inner(), outcomes.len());
}
