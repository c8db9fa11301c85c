//! The SDK's way to test a plugin: scripts played against the real component, with no device.

use crate::lab::{Lab, binary, plugin_folder};
use if_sdk_testing::{Bench, Script};
use serde_json::{Value, json};

/// The packed OBS plugin, and the folder that holds it.
fn bench() -> (Lab, Bench) {
    let lab = Lab::bare();
    let package = lab.path().join("package").display().to_string();
    let source = plugin_folder("obs").display().to_string();
    lab.run(["plugin", "pack", &source, "--out", &package]).ok();
    let bench = Bench::of(lab.path())
        .with(binary())
        .variable("IF_HOME", lab.home())
        .variable("IF_CACHE", lab.path().join("cache"));
    (lab, bench)
}

/// A script for this command, as far as OBS has identified us.
fn identified(command: &str) -> Script {
    let challenge = json!({ "salt": "s", "challenge": "c" });
    let hello = json!({ "rpcVersion": 1, "authentication": challenge });
    let identity = json!({ "rpcVersion": 1, "eventSubscriptions": 0,
        "authentication": "<placeholder:auth>" });
    Script::command(command)
        .setting("host", "studio.example")
        .secret("password")
        .opens("ws", "studio.example", 4455)
        .receives(&json!({ "op": 0, "d": hello }))
        .sends(&json!({ "op": 1, "d": identity }))
        .receives(&json!({ "op": 2, "d": { "negotiatedRpcVersion": 1 } }))
}

fn request(id: &str, kind: &str, data: Value) -> Value {
    json!({ "op": 6, "d": { "requestType": kind, "requestId": id, "requestData": data } })
}

fn response(id: &str, status: Value, data: Value) -> Value {
    json!({ "op": 7, "d": { "requestId": id, "requestStatus": status, "responseData": data } })
}

#[test]
fn a_script_gives_what_its_device_says() {
    let (_lab, bench) = bench();
    let good = json!({ "result": true, "code": 100 });
    let scene = json!({ "sceneName": "Main", "sceneUuid": "u" });
    let script = identified("scene current")
        .sends(&request("1", "GetCurrentProgramScene", json!({})))
        .receives(&response("1", good, scene));
    bench.play(script.clone().gives(json!({ "scene": "Main", "uuid": "u" })));
    let other = script.gives(json!({ "scene": "Side", "uuid": "u" }));
    let difference = bench.difference(&other).unwrap();
    assert!(difference.contains("expected") && difference.contains("Side"), "{difference}");
}

#[test]
fn a_script_of_a_stream_ends_where_it_was_stopped() {
    let (_lab, bench) = bench();
    let event = |number: u32| {
        let data = json!({ "eventType": "CustomEvent", "eventIntent": 1,
            "eventData": { "number": number } });
        json!({ "op": 5, "d": data })
    };
    let shown = |number: u32| json!({ "event": "CustomEvent", "data": { "number": number } });
    let script = identified("events")
        .sends(&json!({ "op": 3, "d": { "eventSubscriptions": 0xfff } }))
        // Comes before the answer and is not lost.
        .receives(&event(1))
        .receives(&json!({ "op": 2, "d": { "negotiatedRpcVersion": 1 } }))
        .receives(&event(2));
    bench.play(script.clone().emits(json!([shown(1), shown(2)])));
    assert!(bench.difference(&script.emits(json!([shown(1)]))).is_some());
}

#[test]
fn a_script_whose_plugin_says_something_else_fails() {
    let (_lab, bench) = bench();
    let script = identified("scene switch")
        .argument("scene", "Main")
        .sends(&request("1", "RemoveScene", json!({ "sceneName": "Main" })))
        .fails("IF_ERR_PROVIDER");
    let difference = bench.difference(&script).unwrap();
    assert!(difference.contains("SetCurrentProgramScene"), "{difference}");
}
