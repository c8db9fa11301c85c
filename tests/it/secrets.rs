//! Secrets go in, are used, and never come out: not to the plugin, not to the disk, not to a
//! person.

use crate::lab::Lab;
use if_fakes::ObsFake;
use if_fakes::http::{Canned, HttpFake};

/// Long and odd, so that finding it anywhere is a leak and no accident.
const CANARY: &str = "canary-9f27b1-never-to-be-seen";

fn reversed() -> String {
    CANARY.chars().rev().collect()
}

fn hostile(port: u16) -> Lab {
    let lab = Lab::with(&["hostile"]);
    lab.run(["hostile", "add", "target", "--host", "127.0.0.1", "--port", &port.to_string()]).ok();
    lab.feed(["secret", "set", "hostile", "target", "password"], CANARY).ok();
    lab
}

#[test]
fn a_secret_is_used_in_a_header_and_is_not_in_the_guests_memory_afterwards() {
    let device = HttpFake::start(|_| Canned::ok("{}")).unwrap();
    let lab = hostile(device.port);
    let answer =
        lab.run(["hostile", "use-header", "target", "--reversed", &reversed(), "--json"]).json();
    assert_eq!(device.requests()[0].header("x-token"), Some(CANARY));
    assert_eq!(answer["found"], 0, "{answer}");
    assert!(answer["token"].as_str().unwrap().starts_with("ifp-"), "{answer}");
}

#[test]
fn a_derived_secret_is_used_in_a_frame_and_is_not_in_the_guests_memory_afterwards() {
    let obs = ObsFake::script().start().unwrap();
    let lab = hostile(obs.port);
    let run = lab.run(["hostile", "use-frame", "target", "--reversed", &reversed(), "--json"]);
    let sent = obs.frames().iter().map(ToString::to_string).collect::<String>();
    assert!(!sent.contains("ifp-"), "{sent}");
    assert!(!run.stdout.contains(CANARY) && !run.stderr.contains(CANARY));
    assert!(run.exit != 0 || run.json()["found"] == 0);
}

#[test]
fn a_placeholder_in_a_wrong_place_stays_a_placeholder() {
    for place in
        ["header", "other-path", "path", "query", "body", "method", "frame", "log", "result"]
    {
        let device = HttpFake::start(|_| Canned::ok("{}")).unwrap();
        let lab = hostile(device.port);
        let run = lab.run(["hostile", "misplace", "target", place]);
        let arrived =
            device.requests().iter().map(|request| format!("{request:?}")).collect::<String>();
        assert!(!arrived.contains(CANARY), "{place}: {arrived}");
        assert!(!run.stdout.contains(CANARY) && !run.stderr.contains(CANARY), "{place}");
    }
}

#[test]
fn an_answer_that_repeats_the_secret_ends_the_call() {
    use base64::Engine;
    let base64 = base64::engine::general_purpose::STANDARD.encode(CANARY);
    let hex: String = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    for echo in [CANARY.to_owned(), base64, hex] {
        let body = format!("{{\"you_said\": \"{echo}\"}}");
        let device = HttpFake::start(move |_| Canned::ok(body.clone())).unwrap();
        let lab = hostile(device.port);
        let run = lab.run(["hostile", "use-header", "target", "--reversed", &reversed()]);
        assert!(!run.stdout.contains(&echo) && !run.stderr.contains(&echo), "{run:?}");
        run.fails("IF_ERR_SECRET_ECHO", 4);
    }
}

#[test]
fn a_secret_is_stored_listed_rotated_and_removed_and_is_nowhere_in_clear() {
    let lab = hostile(9);
    let listed = lab.run(["secret", "list", "--json"]).json();
    assert_eq!(listed["secrets"][0]["name"], "hostile/target/password");
    assert_eq!(listed["secrets"][0]["version"], 1);
    lab.feed(["secret", "rotate", "hostile", "target", "password"], "another-canary-value\n").ok();
    assert_eq!(lab.run(["secret", "list", "--json"]).json()["secrets"][0]["version"], 2);
    for (path, bytes) in lab.files() {
        for secret in [CANARY, "another-canary-value"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a secret stands in {}", path.display());
        }
    }
    lab.run(["secret", "remove", "hostile", "target", "password"]).ok();
    lab.feed(["secret", "rotate", "hostile", "target", "password"], "x")
        .fails("IF_ERR_SECRET_MISSING", 2);
    lab.feed(["secret", "set", "hostile", "target", "pasword"], "x").fails("password", 2);
}

#[test]
fn a_secret_may_come_from_the_environment() {
    let device = HttpFake::start(|_| Canned::ok("{}")).unwrap();
    let lab = Lab::with(&["hostile"]);
    let text = format!(
        "instances:\n  target:\n    host: 127.0.0.1\n    port: {}\n    private_network: true\n\
         \x20   secrets:\n      password: env:DEVICE_PASSWORD\n",
        device.port
    );
    std::fs::write(lab.home().join("providers/hostile.yaml"), text).unwrap();
    let words = ["hostile", "use-header", "target", "--reversed", &reversed()];
    let output = lab.command(words).env("DEVICE_PASSWORD", CANARY).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(device.requests()[0].header("x-token"), Some(CANARY));
    lab.run(words).fails("IF_ERR_SECRET_MISSING", 2);
}
