//! Secrets from the desktop's keyring, by the real program against a real GNOME Keyring on a bus
//! of its own. Whatever goes wrong is said with the line that mends it, nothing falls back to the
//! vault, and no value is in any output or file.

use crate::lab::{Lab, Run};
use if_fakes::ObsFake;
use if_fakes::http::{Canned, HttpFake};
use if_servers::Keyring;
use serde_json::{Value, json};
use std::os::unix::net::UnixListener;
use std::process::Command;

const CANARY: &str = "canary-3be7d5-never-to-be-seen";

/// A device, and a home whose plugin takes its password for it from the keyring.
struct Desk {
    lab: Lab,
    device: HttpFake,
    keyring: Keyring,
}

impl Desk {
    /// None where there is no keyring to start.
    fn new(keyring: Keyring) -> Self {
        let device = HttpFake::start(|_| Canned::ok("{}")).unwrap();
        let lab = Lab::with(&["hostile"]);
        refer(&lab, "hostile", "target", device.port);
        Self { lab, device, keyring }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.lab.command(words);
        command.env("DBUS_SESSION_BUS_ADDRESS", self.keyring.address());
        command
    }

    /// Runs it on the keyring's bus; no value may be in what it says.
    fn run(&self, words: &[&str]) -> Run {
        let run = Run::from(self.command(words).output().unwrap());
        for said in [&run.stdout, &run.stderr] {
            assert!(!said.contains(CANARY), "{words:?}: {said}");
        }
        run
    }

    /// A call that puts the password into a header, and tells what the device was shown.
    fn use_it(&self) -> Run {
        let reversed: String = CANARY.chars().rev().collect();
        self.run(&["hostile", "use-header", "target", "--reversed", &reversed])
    }

    fn shown(&self) -> Option<String> {
        let requests = self.device.requests();
        requests.last().and_then(|it| it.header("x-token").map(str::to_owned))
    }
}

/// An instance whose password comes from `keyring:<provider>/<instance>`.
fn refer(lab: &Lab, provider: &str, instance: &str, port: u16) {
    let text = format!(
        "instances:\n  {instance}:\n    host: 127.0.0.1\n    port: {port}\n    \
         private_network: true\n    secrets:\n      password: keyring:{provider}/{instance}\n"
    );
    std::fs::write(lab.home().join(format!("providers/{provider}.yaml")), text).unwrap();
}

fn store(keyring: &Keyring, value: &[u8]) {
    keyring.store("hostile", "target", value).unwrap();
}

#[test]
fn a_real_call_uses_the_value_and_leaves_none_behind() {
    if !if_servers::require!(Keyring) {
        return;
    }
    let desk = Desk::new(Keyring::start().unwrap());
    store(&desk.keyring, CANARY.as_bytes());
    desk.use_it().ok();
    assert_eq!(desk.shown().as_deref(), Some(CANARY));
    let used = desk.run(&["secret", "audit", "--json"]).json()["used"][0].clone();
    assert_eq!((&used["secret"], &used["outcome"]), (&json!("password"), &json!("ok")));
    assert_eq!(used["source"], "keyring:hostile/target");
    assert!(desk.run(&["secret", "audit"]).ok().contains("keyring:hostile/target"));
    for (path, bytes) in desk.lab.files() {
        let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        assert!(!found, "the secret stands in {}", path.display());
    }
}

#[test]
fn obs_takes_its_password_from_the_keyring_in_a_dry_run_too() {
    if !if_servers::require!(Keyring) {
        return;
    }
    let version = json!({
        "obsVersion": "30.2.3", "obsWebSocketVersion": "5.5.2", "rpcVersion": 1,
        "platform": "ubuntu", "platformDescription": "Debian", "availableRequests": [],
    });
    let script = ObsFake::script().password(CANARY).answer("GetVersion", version);
    let obs = script.answer("StopRecord", json!({})).start().unwrap();
    let keyring = Keyring::start().unwrap();
    keyring.store("obs", "studio", CANARY.as_bytes()).unwrap();
    let lab = Lab::with(&["obs"]);
    refer(&lab, "obs", "studio", obs.port);
    let run = |words: &[&str]| {
        let mut command = lab.command(words);
        let run = command.env("DBUS_SESSION_BUS_ADDRESS", keyring.address()).output().unwrap();
        Run::from(run)
    };
    run(&["obs", "test", "studio"]).ok();
    let plan = run(&["obs", "record", "stop", "studio", "--dry-run"]).ok();
    assert!(plan.contains("StopRecord"), "{plan}");
    // What is wrong there is mended there.
    keyring.store("obs", "studio", b"another password").unwrap();
    let said = run(&["obs", "test", "studio"]).fails("IF_ERR_PROVIDER_AUTH", 1);
    assert!(said.contains("`password` comes from `keyring:obs/studio`"), "{said}");
    assert!(!said.contains("secret set"), "{said}");
}

#[test]
fn what_is_not_there_is_said_with_the_line_that_stores_it_and_nothing_falls_back() {
    if !if_servers::require!(Keyring) {
        return;
    }
    let desk = Desk::new(Keyring::start().unwrap());
    // The vault has one, under the very name; it is not asked.
    let set = desk.lab.feed(["secret", "set", "hostile", "target", "password"], CANARY);
    let unused = "`password` of hostile target comes from `keyring:hostile/target`";
    assert!(set.stderr.contains(unused), "{set:?}");
    set.ok();
    let said = desk.use_it().fails("IF_ERR_SECRET_MISSING", 2);
    for part in [
        "secret `hostile/target/password` is to come from `keyring:hostile/target`",
        "the keyring has no such item",
        "secret-tool store --label='hostile target' service hostile username target",
        "or drop `password` from `secrets:` of `target` in providers/hostile.yaml and run: \
         ifctl secret set hostile target password",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(desk.device.requests().is_empty());
    let listed = desk.run(&["secret", "list", "--json"]).json();
    let row = |index: usize| {
        let row = &listed["secrets"][index];
        (row["from"].as_str().unwrap().to_owned(), row["used"].as_bool().unwrap())
    };
    assert_eq!(row(0), ("vault".to_owned(), false));
    assert_eq!(row(1), ("keyring:hostile/target".to_owned(), true));
    let table = desk.run(&["secret", "list"]).ok();
    assert!(table.contains("vault, not used"), "{table}");
}

#[test]
fn a_locked_keyring_an_ambiguous_item_and_no_bus_are_told_apart() {
    if !if_servers::require!(Keyring) {
        return;
    }
    let desk = Desk::new(Keyring::start().unwrap());
    store(&desk.keyring, CANARY.as_bytes());
    let more = ["service", "hostile", "username", "target", "application", "other"];
    desk.keyring.store_as(&more, CANARY.as_bytes()).unwrap();
    let said = desk.use_it().fails("IF_ERR_SECRET_SOURCE", 74);
    assert!(said.contains("2 items of the keyring match"), "{said}");
    assert!(said.contains("hint: secret-tool clear service hostile username target"), "{said}");
    let clear = ["clear", "service", "hostile", "username", "target"];
    assert!(desk.keyring.command("secret-tool").args(clear).status().unwrap().success());

    store(&desk.keyring, CANARY.as_bytes());
    desk.keyring.lock().unwrap();
    let said = desk.use_it().fails("IF_ERR_SECRET_SOURCE", 74);
    let line = "hint: secret-tool search --unlock service hostile username target > /dev/null";
    assert!(said.contains(line), "{said}");
    assert!(!desk.keyring.log().contains("prompt"), "it asked: {}", desk.keyring.log());

    let said = desk.lab.run(["hostile", "use-header", "target", "--reversed", "x"]);
    let said = said.fails("IF_ERR_SECRET_SOURCE", 74);
    assert!(said.contains("there is no session bus"), "{said}");
    assert!(desk.device.requests().is_empty());
}

#[test]
fn a_bus_that_does_not_answer_is_not_waited_for_beyond_the_calls_time() {
    let lab = Lab::with(&["hostile"]);
    refer(&lab, "hostile", "target", 9);
    let _listener = UnixListener::bind(lab.path().join("bus")).unwrap();
    let line = ["hostile", "use-header", "target", "--reversed", "x", "--timeout", "200ms"];
    let mut command = lab.command(line);
    let run = Run::from(command.env("XDG_RUNTIME_DIR", lab.path()).output().unwrap());
    let said = run.fails("IF_ERR_SECRET_SOURCE", 74);
    assert!(said.contains("the keyring did not answer within 200 ms"), "{said}");
}

#[test]
fn a_value_is_held_to_the_bounds_of_the_vault_and_of_its_place() {
    if !if_servers::require!(Keyring) {
        return;
    }
    let desk = Desk::new(Keyring::start().unwrap());
    store(&desk.keyring, b"");
    let said = desk.use_it().fails("IF_ERR_USAGE", 2);
    assert!(said.contains("the value of secret `hostile/target/password` is empty"), "{said}");
    // A line break cannot become a header of its own.
    store(&desk.keyring, format!("{CANARY}\r\nx-more: 1").as_bytes());
    desk.use_it().fails("IF_ERR_SECRET_SINK", 4);
    assert!(desk.device.requests().is_empty());
}

#[test]
fn doctor_and_show_tell_where_secrets_come_from_and_whether_they_do() {
    if !if_servers::require!(Keyring) {
        return;
    }
    let desk = Desk::new(Keyring::start().unwrap());
    let shown = desk.run(&["hostile", "show", "target", "--json"]).json();
    let secrets = json!([{"name": "password", "from": "keyring:hostile/target"}]);
    assert_eq!(shown["secrets"], secrets);
    let text = desk.run(&["hostile", "show", "target"]).ok();
    assert!(text.contains("password from keyring:hostile/target"), "{text}");
    let finding = || {
        let report: Value = serde_json::from_str(&desk.run(&["doctor", "--json"]).stdout).unwrap();
        let checks = report["checks"].as_array().unwrap().clone();
        let mut found = checks.into_iter().filter(|check| check["check"] == "secret");
        let check = found.next().unwrap();
        assert!(found.next().is_none());
        (check["health"].clone(), check["about"].as_str().unwrap().to_owned())
    };
    let (health, about) = finding();
    assert_eq!(health, "good");
    assert!(about.ends_with("the keyring has no such item; it is optional"), "{about}");
    store(&desk.keyring, CANARY.as_bytes());
    let there = "hostile/target/password comes from keyring:hostile/target".to_owned();
    assert_eq!(finding(), (json!("good"), there));
    desk.keyring.lock().unwrap();
    let (health, about) = finding();
    assert_eq!(health, "bad");
    assert!(about.contains("is locked [IF_ERR_SECRET_SOURCE]"), "{about}");
    desk.run(&["doctor"]).fails("secret-tool search --unlock", 74);
}

#[test]
fn doctor_warns_of_a_secret_that_its_plugin_cannot_do_without() {
    let lab = Lab::with(&["ha"]);
    let text = "instances:\n  house:\n    url: http://127.0.0.1:9\n    secrets:\n      \
                token: env:NOT_SET\n";
    std::fs::write(lab.home().join("providers/ha.yaml"), text).unwrap();
    let report = lab.run(["doctor", "--json"]).json();
    let mut checks = report["checks"].as_array().unwrap().iter();
    let check = checks.find(|check| check["check"] == "secret").unwrap();
    assert_eq!(check["health"], "warning");
    let about = check["about"].as_str().unwrap();
    assert!(about.contains("`ha/house/token`") && about.contains("`NOT_SET`"), "{about}");
}
