//! Where secrets come from and rest. That a plugin uses one and never sees it is in the rows of
//! `attacks.toml`.

use crate::lab::Lab;
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
