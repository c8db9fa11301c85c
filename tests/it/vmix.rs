//! The vMix provider against the vMix simulator.

use crate::lab::switcher;

#[test]
fn cut_fade_and_preview_change_the_mix() {
    let (lab, _vmix) = switcher();
    lab.run(["vmix", "preview", "switcher", "--input", "2"]).ok();
    assert_eq!(lab.run(["vmix", "state", "switcher", "--json"]).json()["preview"], 2);
    lab.run(["vmix", "cut", "switcher", "--input", "2"]).ok();
    assert_eq!(lab.run(["vmix", "state", "switcher", "--json"]).json()["active"], 2);
    lab.run(["vmix", "fade", "switcher", "--input", "1", "--duration", "500"]).ok();
    assert_eq!(lab.run(["vmix", "state", "switcher", "--json"]).json()["active"], 1);
}

#[test]
fn inputs_are_a_table_for_people_and_json_for_programs() {
    let (lab, _vmix) = switcher();
    let table = lab.run(["vmix", "inputs", "switcher"]).ok();
    assert!(table.lines().next().unwrap().contains("NUMBER"), "{table}");
    let inputs = lab.run(["vmix", "inputs", "switcher", "--json"]).json();
    assert!(inputs.to_string().contains("\"number\":1"), "{inputs}");
}

#[test]
fn a_function_takes_key_value_words_and_refusals_are_passed_on() {
    let (lab, vmix) = switcher();
    lab.run(["vmix", "function", "switcher", "SetVolume", "Input=2", "Value=50"]).ok();
    assert!(vmix.functions_seen().contains(&"SetVolume".to_owned()));
    let run = lab.run(["vmix", "cut", "switcher", "--input", "No Such Input"]);
    assert_eq!(run.exit, 1, "{run:?}");
}

#[test]
fn every_operation_is_in_the_log_failures_included() {
    let (lab, _vmix) = switcher();
    lab.run(["vmix", "state", "switcher", "--why", "looking around"]).ok();
    lab.run(["vmix", "cut", "switcher", "--input", "No Such Input"]);
    let logged = lab.run(["witness", "query", "--provider", "vmix", "--json"]).json();
    let entries = logged["entries"].as_array().unwrap();
    let commands: Vec<_> =
        entries.iter().map(|e| e["opened"]["leaf"]["command"].as_str().unwrap()).collect();
    assert_eq!(commands, ["test", "state", "cut"]);
    assert_eq!(entries[1]["parts"]["why"], "looking around");
    assert_eq!(entries[2]["closed"]["leaf"]["outcome"]["status"], "failed");
}
