//! The OBS provider against a real OBS, and against a fake where a real one does not misbehave.

use crate::lab::Lab;
use if_fakes::ObsFake;
use if_fakes::obs::Misbehaviour;
use if_servers::Obs;

pub fn studio(port: u16, password: &str) -> Lab {
    let lab = Lab::with(&["obs"]);
    lab.run(["obs", "add", "studio", "--host", "127.0.0.1", "--port", &port.to_string()]).ok();
    if !password.is_empty() {
        lab.feed(["secret", "set", "obs", "studio", "password"], password).ok();
    }
    lab
}

#[test]
fn real_obs_does_what_its_commands_say() {
    if !if_servers::require!(Obs) {
        return;
    }
    let obs = Obs::start().unwrap();
    let lab = studio(obs.port, &obs.password);
    let json = |words: &[&str]| lab.run(words.iter().copied().chain(["--json"])).json();
    assert!(json(&["obs", "version", "studio"])["obs"].is_string());
    assert!(json(&["obs", "stats", "studio"])["cpuUsage"].is_number());
    lab.run(["obs", "status", "studio"]).ok();
    lab.run(["obs", "test", "studio"]).ok();

    lab.run(["obs", "scene", "create", "studio", "Main Scene"]).ok();
    assert!(lab.run(["obs", "scene", "list", "studio"]).ok().contains("Main Scene"));
    lab.run(["obs", "scene", "switch", "studio", "Main Scene", "--why", "show start"]).ok();
    assert!(json(&["obs", "scene", "current", "studio"]).to_string().contains("Main Scene"));

    let error =
        lab.run(["obs", "scene", "switch", "studio", "Main Scen"]).fails("IF_ERR_PROVIDER", 1);
    assert!(error.contains("600") && error.contains("Main Scene"), "{error}");
    lab.run(["obs", "scene", "remove", "studio", "Main Scene"])
        .fails("IF_ERR_CONFIRMATION_NEEDED", 4);
    let plan = lab.run(["obs", "scene", "remove", "studio", "Main Scene", "--dry-run"]).ok();
    assert!(plan.contains("RemoveScene"), "{plan}");
    assert!(lab.run(["obs", "scene", "list", "studio"]).ok().contains("Main Scene"));

    for output in ["stream", "record"] {
        lab.run(["obs", output, "status", "studio"]).ok();
    }
    // A machine without the virtual camera's driver refuses; OBS says so, and so do we.
    let camera = lab.run(["obs", "virtualcam", "status", "studio"]);
    assert!(camera.exit == 0 || camera.stderr.contains("604"), "{camera:?}");
    let answer = json(&[
        "obs",
        "request",
        "studio",
        "GetInputKindList",
        "--data",
        r#"{"unversioned":true}"#,
    ]);
    assert!(answer.to_string().contains("inputKinds"), "{answer}");
    lab.run(["obs", "request", "studio", "GetInputKindLst"]).fails("GetInputKindList", 4);
    lab.run(["obs", "request", "studio", "SetSceneName", "--data", "{}"]).fails("newSceneName", 2);
    lab.run(["witness", "verify"]).ok();
}

#[test]
fn real_obs_password_is_nowhere() {
    if !if_servers::require!(Obs) {
        return;
    }
    let obs = Obs::start().unwrap();
    let lab = studio(obs.port, &obs.password);
    lab.run(["obs", "version", "studio"]).ok();
    lab.run(["obs", "scene", "create", "studio", "Seen", "-v", "-v"]).ok();
    let wrong =
        lab.feed(["secret", "rotate", "obs", "studio", "password"], "not-the-password-at-all");
    wrong.ok();
    let refused =
        lab.run(["obs", "version", "studio", "-v", "-v"]).fails("IF_ERR_PROVIDER_AUTH", 1);
    for secret in [obs.password.as_str(), "not-the-password-at-all"] {
        assert!(!refused.contains(secret));
        for (path, bytes) in lab.files() {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "the password stands in {}", path.display());
        }
    }
}

#[test]
fn real_obs_recording_is_started_and_stopped() {
    if !if_servers::require!(Obs) {
        return;
    }
    let obs = Obs::start().unwrap();
    let lab = studio(obs.port, &obs.password);
    lab.run(["obs", "record", "start", "studio"]).ok();
    // OBS starts and ends a recording in its own time, after it has accepted.
    let becomes = |active: bool| {
        (0..400).any(|_| {
            lab.run(["obs", "record", "status", "studio", "--json"]).json()["outputActive"]
                == active
        })
    };
    assert!(becomes(true));
    lab.run(["obs", "record", "stop", "studio"]).ok();
    assert!(becomes(false));
    let error = lab.run(["obs", "record", "stop", "studio"]).fails("IF_ERR_PROVIDER", 1);
    assert!(error.contains("501"), "{error}");
}

fn misbehaving(misbehaviour: Misbehaviour) -> (ObsFake, Lab) {
    let script = ObsFake::script().password("fake-password-for-tests").misbehave(misbehaviour);
    let fake = script.start().unwrap();
    let lab = studio(fake.port, "fake-password-for-tests");
    (fake, lab)
}

#[test]
fn a_fake_obs_that_misbehaves_gets_a_typed_error() {
    for (misbehaviour, code) in [
        (Misbehaviour::GarbageHello, "IF_ERR_PROVIDER_PROTOCOL"),
        (Misbehaviour::Garbage, "IF_ERR_PROVIDER_PROTOCOL"),
        (Misbehaviour::CloseOnRequest(4010, "unsupported RPC version".into()), "IF_ERR_"),
        (Misbehaviour::DropOnRequest, "IF_ERR_UNREACHABLE"),
        (Misbehaviour::EchoSecret, "IF_ERR_SECRET_ECHO"),
    ] {
        let name = format!("{misbehaviour:?}");
        let (_fake, lab) = misbehaving(misbehaviour);
        let run = lab.run(["obs", "version", "studio", "--timeout", "3s"]);
        assert!(run.stderr.contains(code), "{name}: {}", run.stderr);
        assert!(!run.stderr.contains("fake-password-for-tests"), "{name}: {}", run.stderr);
    }
}

#[test]
fn a_write_that_a_fake_obs_never_answers_is_an_unknown_outcome() {
    let (_fake, lab) = misbehaving(Misbehaviour::NoAnswer);
    let hint =
        lab.run(["obs", "version", "studio", "--timeout", "500ms"]).fails("IF_ERR_TIMEOUT", 1);
    assert!(hint.contains("hint: to allow more time: --timeout "), "{hint}");
    lab.run(["obs", "scene", "switch", "studio", "A", "--timeout", "500ms"])
        .fails("IF_ERR_OUTCOME_UNKNOWN", 7);
    let logged = lab.run(["witness", "query", "--outcome", "unknown", "--json"]).json();
    assert_eq!(logged["entries"].as_array().unwrap().len(), 1, "{logged}");
}

#[test]
fn a_missing_password_names_the_line_that_sets_it() {
    let fake = ObsFake::script().password("fake-password-for-tests").start().unwrap();
    let lab = studio(fake.port, "");
    let run = lab.run(["obs", "version", "studio"]);
    assert!(run.stderr.contains("ifctl secret set obs studio password"), "{}", run.stderr);
}
