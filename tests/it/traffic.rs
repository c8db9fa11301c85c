//! What leaves only with a word of the operator. That a read cannot write, a dry run sends nothing
//! and nobody is reached who was not granted is in the rows of `attacks.toml`.

use crate::lab::{Lab, switcher};
use if_fakes::VmixSimulator;

#[test]
fn a_dangerous_command_needs_a_yes() {
    let (lab, vmix) = switcher();
    let error = lab
        .run(["vmix", "function", "switcher", "StopStreaming"])
        .fails("IF_ERR_CONFIRMATION_NEEDED", 4);
    assert!(error.contains("hint: ifctl vmix function switcher StopStreaming --yes"), "{error}");
    assert!(!vmix.functions_seen().contains(&"StopStreaming".to_owned()));
    lab.run(["vmix", "function", "switcher", "StopStreaming", "--yes"]).ok();
    assert!(vmix.functions_seen().contains(&"StopStreaming".to_owned()));
}

#[test]
fn a_name_that_resolves_to_the_own_network_needs_a_word_of_the_operator() {
    let vmix = VmixSimulator::start().unwrap();
    let lab = Lab::with(&["vmix"]);
    let port = vmix.http_port.to_string();
    let file = lab.home().join("providers/vmix.yaml");
    std::fs::write(
        file,
        format!("instances:\n  switcher:\n    host: localhost\n    port: {port}\n"),
    )
    .unwrap();
    lab.run(["vmix", "state", "switcher"]).fails("IF_ERR_ADDRESS_DENIED", 4);
    assert_eq!(vmix.requests_seen().len(), 0);
}
