//! `--mode=falsify`: a command played against a provider at its worst, before it is done.

use crate::lab::{Lab, switcher};
use crate::obs::studio;
use if_fakes::http::{Canned, HttpFake};
use if_servers::Obs;
use serde_json::Value;

/// Adversity → how the command would end.
fn ends(value: &Value) -> Vec<(String, String)> {
    let word = |case: &Value, name: &str| case[name].as_str().unwrap_or_default().to_owned();
    let cases = value["cases"].as_array().unwrap();
    cases.iter().map(|case| (word(case, "adversity"), word(case, "status"))).collect()
}

fn ended(value: &Value, adversity: &str) -> String {
    ends(value).into_iter().find(|(name, _)| name == adversity).unwrap().1
}

#[test]
fn a_command_is_planned_and_played_at_its_worst_and_nothing_is_changed() {
    let (lab, vmix) = switcher();
    let words = ["vmix", "fade-to-black", "switcher", "--mode=falsify"];
    let before = vmix.functions_seen();
    let shown = lab.run(words.into_iter().chain(["--json"])).json();
    assert_eq!(ends(&shown).len(), 4, "{shown}");
    assert_eq!(ended(&shown, "late"), "unknown", "{shown}");
    for adversity in ["garbage", "error", "twice"] {
        assert_eq!(ended(&shown, adversity), "failed", "{shown}");
    }
    assert_eq!(shown["plan"].as_array().unwrap().len(), 1, "{shown}");
    assert_eq!(vmix.functions_seen(), before);
    let said = lab.run(words).ok();
    assert!(
        said.contains("nothing was changed") && said.contains("IF_ERR_OUTCOME_UNKNOWN"),
        "{said}"
    );
    let log = lab.run(["witness", "log", "--json"]).json();
    let planned = |entry: &&Value| entry["closed"]["leaf"]["outcome"]["status"] == "planned";
    assert_eq!(log["entries"].as_array().unwrap().iter().filter(planned).count(), 2, "{log}");
}

#[test]
fn with_a_yes_it_is_done_once_nothing_speaks_against_it() {
    let (lab, vmix) = switcher();
    lab.run(["vmix", "fade-to-black", "switcher", "--mode=falsify", "--yes"]).ok();
    assert_eq!(vmix.functions_seen(), ["FadeToBlack"]);
    let read = lab.run(["vmix", "status", "switcher", "--mode=falsify"]).ok();
    assert!(read.contains("nothing to falsify"), "{read}");
    let both = ["vmix", "cut", "switcher", "--mode=falsify", "--dry-run"];
    lab.run(both).fails("IF_ERR_USAGE", 2);
    lab.run(["vmix", "cut", "switcher", "--mode=worst"]).fails("IF_ERR_USAGE", 2);
}

#[test]
fn a_plugin_that_claims_success_unheard_is_stopped_even_with_a_yes() {
    let device = HttpFake::start(|_| Canned::ok("{}")).unwrap();
    let lab = Lab::with(&["hostile"]);
    let port = device.port.to_string();
    lab.run(["hostile", "add", "target", "--host", "127.0.0.1", "--port", &port]).ok();
    let said = lab
        .run(["hostile", "ignore-plan", "target", "--mode=falsify", "--yes"])
        .fails("IF_ERR_FALSIFIED", 6);
    assert!(said.contains("late: it says that it is done, and nobody answered"), "{said}");
    assert!(said.contains("hint: ifctl hostile ignore-plan target --yes"), "{said}");
    assert!(device.requests().is_empty());
}

#[test]
fn real_obs_a_stream_that_would_be_stopped_is_falsified_by_its_own_answers() {
    if !if_servers::require!(Obs) {
        return;
    }
    let obs = Obs::start().unwrap();
    let lab = studio(obs.port, &obs.password);
    lab.run(["obs", "scene", "create", "studio", "Second"]).ok();
    let before = lab.run(["obs", "scene", "current", "studio", "--json"]).json();
    let words = ["obs", "scene", "switch", "studio", "Second", "--mode=falsify", "--json"];
    let shown = lab.run(words).json();
    assert_eq!(ended(&shown, "late"), "unknown", "{shown}");
    for adversity in ["garbage", "error", "twice"] {
        assert_ne!(ended(&shown, adversity), "ok", "{shown}");
    }
    assert_eq!(lab.run(["obs", "scene", "current", "studio", "--json"]).json(), before);
}
