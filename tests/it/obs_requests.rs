//! Every request of obs-websocket: those that a real OBS knows against it, all others against the
//! published tables.

use crate::lab::Lab;
use crate::obs::studio;
use if_fakes::ObsFake;
use if_fakes::obs::table;
use if_servers::{Obs, ObsClient};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// `request | data | ok, code, or usage`; the file says how to read it.
const ROWS: &str = include_str!("data/obs-requests.txt");

struct Row {
    request: &'static str,
    data: String,
    expect: &'static str,
}

fn rows(home: &str) -> impl Iterator<Item = Row> {
    let lines = ROWS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(move |line| {
        let cells: Vec<&str> = line.split(" | ").collect();
        let [request, data, expect] = cells[..] else { panic!("not a row: {line}") };
        Row { request, data: data.replace("HOME", home), expect }
    })
}

/// What OBS itself says to the same question.
enum Said {
    Answer(Value),
    Refusal { code: String, comment: String },
}

/// `EventSubscription::Outputs` of obs-websocket.
const OUTPUTS: u32 = 1 << 6;

struct Outside {
    runtime: tokio::runtime::Runtime,
    client: ObsClient,
    outputs: ObsClient,
}

impl Outside {
    fn of(obs: &Obs) -> Outside {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(ObsClient::connect(obs.port, &obs.password)).unwrap();
        let outputs = ObsClient::listen(obs.port, &obs.password, OUTPUTS);
        let outputs = runtime.block_on(outputs).unwrap();
        Outside { runtime, client, outputs }
    }

    /// Waits until an attempt to stream to nobody has failed: OBS 29 dies of a segmentation fault
    /// when a second one starts before, and no status tells that one is under way.
    fn await_end_of_stream(&mut self) {
        let end = json!("OBS_WEBSOCKET_OUTPUT_STOPPED");
        self.runtime.block_on(async {
            while self.outputs.event("StreamStateChanged").await.unwrap()["outputState"] != end {}
        });
    }

    fn ask(&mut self, request: &str, data: &str) -> Said {
        let data = serde_json::from_str(data).unwrap();
        match self.runtime.block_on(self.client.request(request, data)) {
            Ok(answer) => Said::Answer(answer),
            Err(error) => {
                let text = error.to_string();
                let words = text.split_once(" was refused with ").map(|(_, words)| words).unwrap();
                let (code, comment) = words.split_once(": ").unwrap_or((words, ""));
                Said::Refusal { code: code.into(), comment: comment.into() }
            }
        }
    }
}

/// Answers that are the same when asked twice in a row.
fn is_steady(request: &str) -> bool {
    request.starts_with("Get") && !["GetStats", "GetSourceScreenshot"].contains(&request)
}

fn starts_a_stream(request: &str) -> bool {
    ["ToggleStream", "StartStream"].contains(&request)
}

#[test]
fn real_obs_each_of_its_requests_with_good_and_bad_data() {
    if !if_servers::require!(Obs) {
        return;
    }
    let obs = Obs::start().unwrap();
    let lab = studio(obs.port, &obs.password);
    let mut outside = Outside::of(&obs);
    let Said::Answer(version) = outside.ask("GetVersion", "{}") else { panic!("no version") };
    let known: BTreeSet<&str> =
        version["availableRequests"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let home = obs.home().display().to_string();
    let covered: BTreeSet<&str> = rows(&home).map(|row| row.request).collect();
    assert_eq!(covered, known, "the file names each request of this OBS");
    let mut faults = Vec::new();
    for row in rows(&home) {
        let mut found = fault(&lab, &mut outside, &row);
        // A real OBS resets a connection now and then; a fault that stays is one.
        if found.as_ref().is_some_and(|text| text.contains("IF_ERR_UNREACHABLE")) {
            found = fault(&lab, &mut outside, &row);
        }
        if found.is_none() && starts_a_stream(row.request) {
            outside.await_end_of_stream();
        }
        if let Some(fault) = found {
            faults.push(format!("{} {}: {fault}", row.request, row.data));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    lab.run(["witness", "verify"]).ok();
}

/// How what we report differs from what the row and OBS say.
fn fault(lab: &Lab, outside: &mut Outside, row: &Row) -> Option<String> {
    let Row { request, data, expect } = row;
    let words = ["obs", "request", "studio", request, "--data", data, "--yes", "--json"];
    let run = lab.run(words);
    let error = || {
        let text = run.stderr.lines().last().unwrap_or_default();
        serde_json::from_str::<Value>(text).unwrap_or_default()["error"].clone()
    };
    if *expect == "ok" {
        if run.exit != 0 {
            return Some(format!("expected an answer: {}", run.stderr));
        }
        if !is_steady(request) {
            return None;
        }
        let ours: Value = serde_json::from_str(&run.stdout).unwrap_or_default();
        let Said::Answer(theirs) = outside.ask(request, data) else {
            return Some("OBS itself refuses".into());
        };
        let theirs = if theirs.is_null() { json!({}) } else { theirs };
        return (ours != theirs).then(|| format!("{ours} is not {theirs}"));
    }
    if *expect == "usage" {
        let code = error()["code"].clone();
        return (code != "IF_ERR_USAGE").then(|| format!("expected a usage error: {}", run.stderr));
    }
    let message = error()["message"].as_str().unwrap_or_default().to_owned();
    if run.exit != 1 || !message.contains(&format!("({expect})")) {
        return Some(format!("expected {expect}: {} {}", run.stdout, run.stderr));
    }
    // What was refused is refused again; OBS's own words must have arrived.
    match outside.ask(request, data) {
        Said::Refusal { code, comment } => {
            let same = code == *expect && message.contains(&comment);
            (!same).then(|| format!("OBS says {code} {comment}; we say {message}"))
        }
        Said::Answer(answer) => Some(format!("OBS itself answers {answer}")),
    }
}

#[test]
fn every_request_is_made_as_the_tables_say() {
    let fake = ObsFake::script().newest().start().unwrap();
    let lab = studio(fake.port, "");
    for request in table::requests() {
        let data = table::example(request);
        let text = data.to_string();
        // Outside of a batch OBS refuses it; here it is the table that answers.
        lab.run(["obs", "request", "studio", request, "--data", &text, "--yes", "--json"]).ok();
        let frames = fake.frames();
        let last = frames.last().unwrap();
        assert_eq!(last["d"]["requestType"], *request);
        assert_eq!(last["d"]["requestData"], data, "{request}");
    }
}

#[test]
fn every_request_has_help() {
    let lab = studio(9, "");
    for request in table::requests() {
        let help = lab.run(["obs", "request-help", "studio", request, "--json"]).json();
        assert_eq!(help["request"], *request);
        let example = table::example(request);
        let fields = help["fields"].as_array().unwrap().len();
        assert!(fields >= example.as_object().unwrap().len(), "{help}");
        assert!(["read", "write", "dangerous"].contains(&help["effect"].as_str().unwrap()));
    }
    let help = lab.run(["obs", "request", "--help"]).ok();
    assert!(table::requests().iter().all(|request| help.contains(request)), "{help}");
    lab.run(["obs", "request-help", "studio", "GetSceneLst"]).fails("GetSceneList", 2);
}

#[test]
fn an_effect_is_what_the_table_says_of_the_request() {
    let fake = ObsFake::script().newest().start().unwrap();
    let lab = studio(fake.port, "");
    let request =
        |words: &[&str]| lab.run(["obs", "request", "studio"].iter().chain(words).copied());
    request(&["StopStream"]).fails("IF_ERR_CONFIRMATION_NEEDED", 4);
    let plan = request(&["StartStream", "--dry-run", "--json"]).json();
    assert_eq!(plan["plan"][0]["effect"], "write", "{plan}");
    assert!(!fake.requests().iter().any(|name| name.ends_with("Stream")));
}

#[test]
fn a_batch_is_as_strong_as_its_strongest_request() {
    let fake = ObsFake::script()
        .newest()
        .refuse("GetInputMute", 600, "No source was found by the name of `Mc`.")
        .start()
        .unwrap();
    let lab = studio(fake.port, "");
    let batch = |requests: Value, words: &[&str]| {
        let data = requests.to_string();
        let line = ["obs", "batch", "studio", "--data", &data, "--json"];
        lab.run(line.iter().chain(words).copied())
    };
    let reads = json!([{ "requestType": "GetVersion" }, { "requestType": "GetStats" }]);
    let answer = batch(reads, &[]).json();
    assert_eq!((&answer["asked"], &answer["refused"]), (&json!(2), &json!(0)));
    assert!(answer["results"][1]["answer"]["cpuUsage"].is_number(), "{answer}");
    let sent = fake.frames();
    let stop = json!([{ "requestType": "GetVersion" }, { "requestType": "StopStream" }]);
    batch(stop.clone(), &[]).fails("IF_ERR_CONFIRMATION_NEEDED", 4);
    let plan = batch(stop, &["--yes", "--dry-run"]).json();
    assert_eq!(plan["plan"][0]["effect"], "dangerous", "{plan}");
    let unlisted = json!([{ "requestType": "GetVersion" }, { "requestType": "GetVersionn" }]);
    batch(unlisted, &[]).fails("GetVersion", 4);
    let wrong = json!([{ "requestType": "SetInputMute", "requestData": { "inputMuted": "x" } }]);
    batch(wrong, &[]).fails("request 1: `SetInputMute`: field `inputMuted`", 2);
    let batches = fake.frames().iter().filter(|frame| frame["op"] == 8).count();
    assert_eq!(batches, 1, "only the reads left: {sent:?}");
    let refused = json!([{ "requestType": "GetInputMute", "requestData": { "inputName": "Mc" } },
        { "requestType": "GetStats" }]);
    let error = batch(refused.clone(), &[]).fails("IF_ERR_PROVIDER", 1);
    assert!(error.contains("request 1 (GetInputMute): 600 No source"), "{error}");
    let all = batch(refused.clone(), &["--tolerate"]).json();
    assert_eq!(all["results"].as_array().unwrap().len(), 2);
    let halted = batch(refused, &["--tolerate", "--halt", "--execution", "frame"]).json();
    assert_eq!(halted["results"].as_array().unwrap().len(), 1);
    assert_eq!(fake.frames().last().unwrap()["d"]["executionType"], 1);
}

#[test]
fn real_obs_answers_a_batch() {
    if !if_servers::require!(Obs) {
        return;
    }
    let obs = Obs::start().unwrap();
    let lab = studio(obs.port, &obs.password);
    let data = json!([
        { "requestType": "CreateScene", "requestData": { "sceneName": "Batch" } },
        { "requestType": "Sleep", "requestData": { "sleepMillis": 10 } },
        { "requestType": "SetCurrentProgramScene", "requestData": { "sceneName": "Batch" } },
        { "requestType": "GetSceneList" },
    ])
    .to_string();
    let answer = lab.run(["obs", "batch", "studio", "--data", &data, "--json"]).json();
    assert_eq!(answer["refused"], 0, "{answer}");
    assert_eq!(answer["results"][3]["answer"]["currentProgramSceneName"], "Batch");
    let data = json!([{ "requestType": "GetStats" },
        { "requestType": "GetInputMute", "requestData": { "inputName": "Nothing" } }]);
    let words = ["obs", "batch", "studio", "--data", &data.to_string()];
    let error = lab.run(words).fails("IF_ERR_PROVIDER", 1);
    assert!(error.contains("600") && error.contains("`Nothing`"), "{error}");
}
