//! A revocation reaches what is running: another process revokes, and the call ends within a
//! second, with its reason in the log. The bounds here are generous, for machines that are busy;
//! the time that it took is printed.

use crate::lab::{Lab, Run};
use if_fakes::ObsFake;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

/// Far more than the second it may take, far less than the stream would run.
const LAG_MAX: Duration = Duration::from_secs(10);

/// A stream of the hostile guest that has given its first event.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    fn start(lab: &Lab, command: &str, time: &str) -> Running {
        let mut command = lab.command(["hostile", command, "target", "--timeout", time]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "no event came");
        Running { child, stdout }
    }

    /// Reads on in the background, for a full pipe would hold the stream, and waits for the end.
    fn end(self) -> Run {
        let Running { child, mut stdout } = self;
        let reader = std::thread::spawn(move || {
            let mut rest = Vec::new();
            let _ = stdout.read_to_end(&mut rest);
        });
        let run = Run::from(child.wait_with_output().unwrap());
        reader.join().unwrap();
        run
    }
}

fn hostile(port: u16) -> Lab {
    let lab = Lab::with(&["hostile"]);
    lab.run(["hostile", "add", "target", "--host", "127.0.0.1", "--port", &port.to_string()]).ok();
    lab
}

fn outcome(lab: &Lab) -> Value {
    let logged = lab.run(["witness", "query", "--provider", "hostile", "--json", "-n", "1"]).json();
    logged["entries"][0]["closed"]["leaf"]["outcome"].clone()
}

/// Ends the stream by `revoke`; demands code, reason and entry, and a host that goes on.
fn ends(lab: &Lab, command: &str, reason: &str, revoke: impl FnOnce()) {
    let running = Running::start(lab, command, "60s");
    let drain = std::thread::spawn(move || (running.end(), Instant::now()));
    let before = Instant::now();
    revoke();
    let revoked = Instant::now();
    let (run, ended) = drain.join().unwrap();
    let lag = ended.saturating_duration_since(revoked);
    println!(
        "{command}: ended {} ms after the revoking command, {} ms after its start",
        lag.as_millis(),
        ended.saturating_duration_since(before).as_millis()
    );
    let said = run.fails("IF_ERR_REVOKED", 4);
    assert!(said.contains(reason), "{said}");
    assert!(lag < LAG_MAX, "{lag:?}");
    let outcome = outcome(lab);
    assert_eq!(
        (&outcome["code"], &outcome["status"]),
        (&"IF_ERR_REVOKED".into(), &"denied".into())
    );
    lab.run(["hostile", command, "target"]).fails("IF_ERR_REVOKED", 4);
    lab.run(["witness", "verify"]).ok();
}

#[test]
fn a_stream_that_waits_for_its_peer_ends_when_its_plugin_is_revoked() {
    let fake = ObsFake::script().start().unwrap();
    let lab = hostile(fake.port);
    ends(&lab, "stream-listen", "was revoked: stolen", || {
        lab.run(["plugin", "revoke", "hostile", "--reason", "stolen"]).ok();
    });
}

#[test]
fn a_stream_that_computes_ends_when_its_component_is_revoked() {
    let lab = hostile(9);
    let component = lab.run(["plugin", "verify", "hostile", "--json"]).json();
    let component = component["component"].as_str().unwrap().to_owned();
    ends(&lab, "stream-burn", "was revoked: a back door", || {
        lab.run(["plugin", "revoke", &component, "--reason", "a back door"]).ok();
    });
}

#[test]
fn a_stream_ends_when_its_publishers_key_is_revoked() {
    let fake = ObsFake::script().start().unwrap();
    let lab = hostile(fake.port);
    // The publisher has a key of its own: the home's must go on signing lists.
    let ada = lab.path().join("ada.key").display().to_string();
    lab.run(["trust", "new-key", &ada, "--no-passphrase"]).ok();
    let add = ["trust", "add-key", "publisher", &format!("{ada}.pub"), "--scope"];
    lab.run(add.iter().chain(&["if://capability/test."])).ok();
    let root = lab.run(["trust", "show", "--json"]).json();
    let own = root["own_key"].as_str().unwrap().to_owned();
    let key = root["root"]["keys"].as_array().unwrap().iter();
    let key = key.map(|key| key["id"].as_str().unwrap()).find(|id| *id != own).unwrap().to_owned();
    let package = lab.package("hostile");
    std::fs::remove_dir_all(format!("{package}/approvals")).ok();
    lab.run(["plugin", "sign", &package, "--key", &ada]).ok();
    lab.run(["plugin", "install", &package]).ok();
    ends(&lab, "stream-listen", "lost on a train", || {
        let key = format!("key:{key}");
        lab.run(["plugin", "revoke", &key, "--reason", "lost on a train"]).ok();
    });
}

#[test]
fn a_stream_ends_when_a_bundle_brings_the_revocation() {
    let fake = ObsFake::script().start().unwrap();
    let (signer, station) = (Lab::with(&["hostile", "noop"]), Lab::bare());
    crate::lab::copy_tree(signer.path(), station.path());
    let add = ["hostile", "add", "target", "--host", "127.0.0.1", "--port"];
    station.run(add.iter().chain(&[fake.port.to_string().as_str()])).ok();
    signer.run(["plugin", "revoke", "hostile", "--reason", "found out elsewhere"]).ok();
    let file = station.path().join("b.ifbundle").display().to_string();
    signer.run(["bundle", "create", &file, "noop"]).ok();
    ends(&station, "stream-listen", "found out elsewhere", || {
        station.run(["bundle", "install", &file]).ok();
    });
}

#[test]
fn what_concerns_others_ends_nothing() {
    let fake = ObsFake::script().start().unwrap();
    let lab = hostile(fake.port);
    let running = Running::start(&lab, "stream-listen", "6s");
    lab.install("noop");
    lab.run(["plugin", "revoke", "noop", "--reason", "a test"]).ok();
    lab.run(["trust", "rotate", "--no-passphrase"]).ok();
    // It goes on to the time that it was given.
    running.end().ok();
    assert_eq!(outcome(&lab)["status"], "ok");
}
