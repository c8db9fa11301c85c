//! Who may act when: turns that all processes share, and breakers.

use crate::lab::{Lab, switcher};
use if_fakes::VmixSimulator;
use serde_json::Value;
use std::fs;
use std::sync::Mutex;
use std::time::{Duration, Instant};

fn ruled(lab: &Lab, rules: &str) {
    fs::write(lab.home().join("governor.yaml"), rules).unwrap();
}

fn pinging() -> Lab {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    lab.run(["noop", "add", "there"]).ok();
    lab
}

/// The newest entry of the log.
fn newest(lab: &Lab) -> Value {
    lab.run(["witness", "query", "--json", "-n", "1"]).json()["entries"][0].clone()
}

fn circuit(lab: &Lab, name: &str) -> Value {
    let status = lab.run(["governor", "circuit", "status", "--json"]).json();
    let all = status["circuits"].as_array().unwrap();
    all.iter().find(|it| it["name"] == name).cloned().unwrap_or_default()
}

#[test]
fn a_command_waits_for_its_turn_or_is_told_when_it_is() {
    let lab = pinging();
    ruled(&lab, "rates:\n  - { provider: noop, rps: 0.2, burst: 2 }\n");
    lab.run(["noop", "ping", "here"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
    lab.run(["noop", "ping", "there"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
    let reasons = newest(&lab)["opened"]["leaf"]["decision"]["reasons"].to_string();
    assert!(reasons.contains("its turn in noop/here"), "{reasons}");
    ruled(&lab, "rates:\n  - { provider: noop, rps: 0.2, burst: 2, wait_ms: 0 }\n");
    let said = lab.run(["noop", "ping", "here"]).fails("IF_ERR_RATE_LIMITED", 5);
    assert!(said.contains("noop/here has no turn left"), "{said}");
    assert_eq!(newest(&lab)["opened"]["leaf"]["kind"], "denied");
    let said = lab.run(["noop", "ping", "here"]).fails("IF_ERR_RATE_LIMITED", 5);
    assert!(said.contains("the next one is in 4") || said.contains("in 5.0"), "no turn was used");
    ruled(&lab, "rates:\n  - { provider: noop, rps: 0 }\n");
    let said = lab.run(["noop", "ping", "here"]).fails("IF_ERR_CONFIG", 2);
    assert!(said.contains("governor.yaml:2:28: `rps` is between 0.001"), "{said}");
    let found = lab.run(["lint"]);
    assert!(found.exit == 2 && found.stdout.contains("governor.yaml:2:28"), "{}", found.stdout);
}

/// `--seconds N` of `cargo xtask test`: 64 processes at a time from a minute on.
#[test]
fn many_processes_share_one_bucket_and_nobody_is_starved() {
    let seconds = u64::from(if_servers::Size::Seconds.asked());
    let (processes, rps, burst) = if seconds >= 60 { (64, 3, 6) } else { (8, 5, 6) };
    let lab = pinging();
    let rule = format!("rps: {rps}, burst: {burst}, wait_ms: 60000");
    ruled(&lab, &format!("rates:\n  - {{ provider: noop, {rule} }}\n"));
    let (begun, passed) = (Instant::now(), Mutex::new(vec![0_u64; processes]));
    std::thread::scope(|scope| {
        for process in 0..processes {
            let (lab, passed) = (&lab, &passed);
            scope.spawn(move || {
                while begun.elapsed() < Duration::from_secs(seconds) {
                    let run = lab.run(["noop", "ping", "here"]);
                    if !run.stderr.contains("IF_ERR_STORE_BUSY") {
                        run.ok();
                        passed.lock().unwrap()[process] += 1;
                    }
                }
            });
        }
    });
    let found = lab.run(["witness", "query", "--provider", "noop", "--json", "-n", "9999"]).json();
    let time = |it: &Value| it["opened"]["leaf"]["at"].as_u64().unwrap();
    let mut times: Vec<u64> = found["entries"].as_array().unwrap().iter().map(time).collect();
    times.sort_unstable();
    // Between its turn and its entry a process may be kept waiting by others that compute: what was
    // late is then crowded by what is on time.
    let late = rps;
    for (first, from) in times.iter().enumerate() {
        let within = times[first..].iter().filter(|at| **at < from + 1000).count() as u64;
        assert!(within <= burst + rps + late, "{within} within a second: {times:?}");
    }
    let span = (times.last().unwrap() - times[0]) / 1000 + 1;
    assert!(times.len() as u64 <= burst + rps * span, "{} in {span} s", times.len());
    let passed = passed.into_inner().unwrap();
    let share = times.len() as u64 / processes as u64;
    let starved = passed.iter().filter(|passed| **passed * 3 < share).count();
    assert_eq!(starved, 0, "{passed:?}, share {share}");
}

#[test]
fn a_provider_that_keeps_failing_is_left_alone_until_it_works_again() {
    let (lab, vmix) = switcher();
    drop(vmix);
    for _ in 0..4 {
        lab.run(["vmix", "state", "switcher"]).fails("IF_ERR_UNREACHABLE", 1);
    }
    let fifth = lab.run(["vmix", "state", "switcher"]);
    assert!(
        fifth.stderr.contains("the circuit instance:vmix/switcher is open"),
        "{}",
        fifth.stderr
    );
    let at = circuit(&lab, "instance:vmix/switcher");
    assert_eq!((&at["calls"], &at["failures"]), (&6.into(), &5.into()), "{at}");
    assert_eq!(circuit(&lab, "component:if://capability/vmix.switcher")["state"], "closed");
    // It stays open for as long as this test takes.
    crate::lab::sql(&lab, "update circuit set until = until + 20000 where opened > 0");
    let said = lab.run(["vmix", "state", "switcher"]).fails("IF_ERR_CIRCUIT_OPEN", 5);
    assert!(said.contains("ifctl vmix test switcher"), "{said}");
    assert_eq!(newest(&lab)["opened"]["leaf"]["kind"], "denied");
    // Another one is not its concern; a test passes, fails, and leaves it open for longer.
    lab.run(["vmix", "add", "other", "--host", "127.0.0.1", "--port", "9"]).ok();
    lab.run(["vmix", "state", "other"]).fails("IF_ERR_UNREACHABLE", 1);
    lab.run(["vmix", "test", "switcher"]).fails("IF_ERR_UNREACHABLE", 1);
    assert_eq!(circuit(&lab, "instance:vmix/switcher")["opened"], 2);
    crate::lab::sql(&lab, "update circuit set until = until + 20000 where opened > 0");
    // It works again, at another port: the test closes the circuit.
    let vmix = VmixSimulator::start().unwrap();
    let file = lab.home().join("providers/vmix.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let port = text.lines().find(|line| line.contains(" port: ")).unwrap().trim().to_owned();
    fs::write(&file, text.replace(&port, &format!("port: {}", vmix.http_port))).unwrap();
    lab.run(["vmix", "test", "switcher"]).ok();
    let tried = newest(&lab)["opened"]["leaf"]["decision"]["reasons"].to_string();
    assert!(tried.contains("tries whether instance:vmix/switcher works again"), "{tried}");
    assert_eq!(circuit(&lab, "instance:vmix/switcher")["state"], "closed");
    lab.run(["vmix", "state", "switcher"]).ok();
}

#[test]
fn a_circuit_is_shown_and_closed_by_hand() {
    let lab = Lab::with(&["vmix"]);
    lab.run(["vmix", "add", "away", "--host", "127.0.0.1", "--port", "9"]).ok();
    // That it is not there was found out when it was added, too.
    ruled(&lab, "circuits:\n  - { provider: vmix, failures: 3 }\n");
    for _ in 0..2 {
        lab.run(["vmix", "state", "away"]).fails("IF_ERR_UNREACHABLE", 1);
    }
    let shown = lab.run(["governor", "circuit", "status"]).ok();
    assert!(shown.contains("instance:vmix/away") && shown.contains("open"), "{shown}");
    let config = lab.run(["governor", "circuit", "config", "--json"]).json();
    assert_eq!(config["usual"]["failures"], 5, "{config}");
    let component = ["governor", "circuit", "status", "--component", "vmix.switcher", "--json"];
    assert_eq!(lab.run(component).json()["circuits"].as_array().unwrap().len(), 1);
    let reset = ["governor", "circuit", "reset", "instance:vmix/away"];
    lab.run(reset).ok();
    lab.run(reset).fails("IF_ERR_USAGE", 2);
    assert_eq!(circuit(&lab, "instance:vmix/away"), Value::Null);
    let noted = lab.run(["witness", "query", "--text", "circuit instance:vmix/away reset"]).ok();
    assert!(!noted.contains("no entries"), "{noted}");
    lab.run(["vmix", "state", "away"]).fails("IF_ERR_UNREACHABLE", 1);
}
