//! Policies are asked about every command, and people are: signed components, their settings, what
//! they say together, and what waits.

mod holds;
mod sets;
mod shipped;

use crate::lab::{Lab, switcher};
use if_fakes::VmixSimulator;
use serde_json::Value;
use std::fs;

/// A vMix simulator as the instance `switcher`, and these policies installed.
pub fn governed(policies: &[&str]) -> (Lab, VmixSimulator) {
    let (lab, vmix) = switcher();
    policies.iter().for_each(|policy| lab.install(policy));
    (lab, vmix)
}

/// Makes a set hold.
#[track_caller]
pub fn apply(lab: &Lab, set: &str) {
    let path = written(lab, set);
    lab.run(["governor", "policy", "apply", &path]).ok();
}

/// A set in a file.
pub fn written(lab: &Lab, set: &str) -> String {
    let path = lab.path().join("set.yaml");
    fs::write(&path, set).unwrap();
    path.display().to_string()
}

/// The newest entry of the log.
pub fn newest(lab: &Lab) -> Value {
    lab.run(["witness", "query", "--json", "-n", "1"]).json()["entries"][0].clone()
}

/// A second person's key, which the trust root lets approve.
pub fn person(lab: &Lab, name: &str) -> String {
    let path = lab.path().join(name).display().to_string();
    lab.run(["trust", "new-key", &path, "--no-passphrase"]).ok();
    lab.run(["trust", "add-key", "approver", &format!("{path}.pub")]).ok();
    path
}

/// Everybody waits for one other person.
pub const TWO: &str = "policies:
  - policy: two-person
    when: { provider: vmix }
    settings: { effect: write }
";
