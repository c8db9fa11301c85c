//! What the log proves to others, and what it notices of itself, through the real program.

use crate::lab::{Lab, sql};
use std::fs;

fn noop() -> Lab {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
    lab
}

/// The id of the latest operation of the plugin.
fn operation(lab: &Lab) -> String {
    let found = lab.run(["witness", "query", "--provider", "noop", "--json", "-n", "1"]).json();
    found["entries"][0]["opened"]["leaf"]["operation"].as_str().unwrap().to_owned()
}

#[test]
fn a_receipt_proves_an_operation_to_whoever_has_the_key_and_nothing_else() {
    let lab = noop();
    let (operation, key) =
        (operation(&lab), lab.run(["witness", "checkpoint", "--key"]).ok().trim().to_owned());
    let receipt = lab.run(["witness", "prove", &operation]).ok();
    let file = lab.path().join("ping.tlog-proof");
    fs::write(&file, &receipt).unwrap();
    let file = file.to_str().unwrap();

    let stranger = Lab::fresh();
    let shown = stranger.run(["witness", "verify", "--receipt", file, "--key", &key]).ok();
    assert!(shown.contains("\"kind\":\"outcome\"") && shown.contains(&operation), "{shown}");
    stranger.run(["witness", "verify", "--receipt", file]).fails("IF_ERR_WITNESS_BROKEN", 4);
    lab.run(["witness", "verify", "--receipt", file]).ok();

    fs::write(file, receipt.replace("index ", "index 1")).unwrap();
    let error = lab.run(["witness", "verify", "--receipt", file]);
    error.fails("IF_ERR_WITNESS_BROKEN", 4);
    fs::write(file, receipt.replace("extra ", "extra AAAA")).unwrap();
    lab.run(["witness", "verify", "--receipt", file]).fails("IF_ERR_WITNESS_BROKEN", 4);
    lab.run(["witness", "verify", "--receipt", file, "--key", "x"]).fails("IF_ERR_USAGE", 2);
    lab.run(["witness", "verify", "--receipt", "nowhere"]).fails("IF_ERR_USAGE", 2);
}

#[test]
fn an_intent_has_a_receipt_of_its_own() {
    let lab = noop();
    let receipt = lab.run(["witness", "prove", &operation(&lab), "--intent"]).ok();
    let file = lab.path().join("intent.tlog-proof");
    fs::write(&file, receipt).unwrap();
    let shown = lab.run(["witness", "verify", "--receipt", file.to_str().unwrap()]).ok();
    assert!(shown.contains("\"kind\":\"intent\""), "{shown}");
}

#[test]
fn a_checkpoint_is_a_note_that_grows_with_the_log() {
    let lab = noop();
    let first = lab.run(["witness", "checkpoint"]).ok();
    assert!(first.starts_with("infrafabric/log/") && first.contains("\n\n\u{2014} "), "{first}");
    assert_eq!(lab.run(["witness", "checkpoint"]).ok(), first);
    lab.run(["noop", "ping", "here"]).ok();
    assert_ne!(lab.run(["witness", "checkpoint"]).ok(), first);
    lab.run(["witness", "verify"]).ok();
}

#[test]
fn a_database_that_is_put_back_stops_the_next_command_before_anything_runs() {
    let lab = noop();
    sql(&lab, "pragma wal_checkpoint(truncate)");
    let older = lab.path().join("older");
    crate::lab::copy_tree(&lab.home(), &older);
    lab.run(["noop", "ping", "here"]).ok();
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(lab.home().join(format!("if.db{end}")));
    }
    fs::copy(older.join("if.db"), lab.home().join("if.db")).unwrap();

    let error = lab.run(["noop", "ping", "here"]).fails("IF_ERR_WITNESS_BROKEN", 4);
    assert!(error.contains("rolled back"), "{error}");
    lab.run(["witness", "verify"]).fails("rolled back", 4);
    lab.run(["witness", "anchor", "reset"]).fails("IF_ERR_CONFIRMATION_NEEDED", 4);
    lab.run(["witness", "anchor", "reset", "--yes"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
    lab.run(["witness", "verify"]).ok();
    assert!(lab.run(["witness", "log"]).ok().contains("anchor reset"));
}

#[test]
fn one_operation_is_verified_alone_and_what_was_changed_in_it_is_named() {
    let lab = noop();
    let operation = operation(&lab);
    let line = ["witness", "verify", &operation];
    let told = lab.run(line.iter().copied().chain(["--json"])).json();
    assert_eq!(told["entries"].as_array().unwrap().len(), 2);
    assert!(told["bodies"].as_u64().unwrap() > 0, "{told}");
    let unknown = ["witness", "verify", "0192aa00000070008000000000000001"];
    lab.run(unknown).fails("there is no operation", 2);
    sql(&lab, "UPDATE body SET bytes = CAST('{\"x\":1}' AS BLOB) WHERE part <> 'why'");
    lab.run(line).fails("that does not fit its commitment", 4);
}

#[test]
fn a_checkpoint_kept_elsewhere_tells_whether_the_log_still_begins_so() {
    let lab = noop();
    let file = lab.path().join("tonight.checkpoint").display().to_string();
    fs::write(&file, lab.run(["witness", "checkpoint"]).ok()).unwrap();
    lab.run(["noop", "ping", "here"]).ok();
    let line = ["witness", "verify", "--since", &file];
    let told = lab.run(line.iter().copied().chain(["--json"])).json();
    assert_eq!(told["since"]["after"], 2, "{told}");
    // A fork: the home as it was, with another end.
    let (earlier, later) = (lab.path().join("earlier"), lab.path().join("later"));
    lab.run(["backup", &earlier.display().to_string(), "--no-passphrase"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
    fs::write(&file, lab.run(["witness", "checkpoint"]).ok()).unwrap();
    let home = later.to_str().unwrap();
    let mut restored = lab.command(["restore", earlier.to_str().unwrap(), "--yes"]);
    assert!(restored.env("IF_HOME", home).output().unwrap().status.success());
    let mut verified = lab.command(line);
    let said = verified.env("IF_HOME", home).output().unwrap();
    let error = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.status.code() == Some(4) && error.contains("IF_ERR_WITNESS_BROKEN"), "{error}");
    let stranger = Lab::fresh();
    stranger.run(line).fails("IF_ERR_WITNESS_BROKEN", 4);
    lab.run(["witness", "verify", "--since", "nowhere"]).fails("IF_ERR_USAGE", 2);
}
