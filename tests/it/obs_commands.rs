//! The named commands of the OBS provider, one after the other as on an evening, against a real
//! OBS; what that one is too old for, against the newest one's tables.

use crate::lab::{Lab, Run};
use crate::obs::studio;
use if_fakes::ObsFake;
use if_servers::Obs;
use serde_json::{Value, json};

/// A studio in which commands are said in short.
struct Desk {
    lab: Lab,
}

impl Desk {
    /// `scene switch Main` becomes `obs scene switch studio Main`; `path` words come first.
    fn run(&self, path: &str, words: &[&str]) -> Run {
        let line = ["obs"].into_iter().chain(path.split(' ')).chain(["studio"]);
        self.lab.run(line.chain(words.iter().copied()).chain(["--json"]))
    }

    fn ok(&self, path: &str, words: &[&str]) -> Value {
        self.run(path, words).json()
    }

    fn refused(&self, path: &str, words: &[&str], text: &str) -> String {
        self.run(path, words).fails(text, 1)
    }
}

#[test]
fn real_obs_scenes_and_sources_of_an_evening() {
    if !if_servers::require!(Obs) {
        return;
    }
    let obs = Obs::start().unwrap();
    let desk = Desk { lab: studio(obs.port, &obs.password) };
    desk.ok("scene create", &["Main"]);
    desk.ok("scene create", &["Side"]);
    desk.ok("scene rename", &["Side", "Interview"]);
    desk.ok("scene switch", &["--scene", "Main"]);
    assert_eq!(desk.ok("scene current", &[])["scene"], "Main");
    desk.refused("scene switch", &["Mian"], "did you mean `Main`?");

    // Kinds by what people say; what this OBS does not have is said so.
    let title = desk.ok("source add", &["Main", "Title", "--type", "text"]);
    assert_eq!(title["kind"], "text_ft2_source_v2");
    let wall = desk.ok("source add", &["--scene", "Main", "--source", "Wall", "--type", "color"]);
    assert_eq!(wall["kind"], "color_source_v3");
    let line = ["Main", "Clock", "--url", "http://127.0.0.1/"];
    desk.run("browser add", &line).fails("this OBS has no kind `browser`", 2);
    let clip = desk.ok("media add", &["Main", "Clip", "--file", "/nowhere.mp4", "--loop"]);
    assert_eq!(clip["kind"], "ffmpeg_source");
    let list = desk.ok("source list", &["Main"]);
    let names: Vec<_> = list["sources"].as_array().unwrap().iter().map(|s| &s["name"]).collect();
    assert_eq!(names, ["Clip", "Wall", "Title"], "front to back");

    desk.ok("source hide", &["Main", "Wall"]);
    let shown = |desk: &Desk| {
        let list = desk.ok("source list", &["Main"]);
        list["sources"].as_array().unwrap().iter().find(|s| s["name"] == "Wall").unwrap()["enabled"]
            .clone()
    };
    assert_eq!(shown(&desk), false);
    desk.ok("source show", &["Main", "Wall"]);
    assert_eq!(shown(&desk), true);
    desk.refused("source show", &["Main", "Wal"], "did you mean `Wall`?");
    desk.refused("source list", &["Nowhere"], "600");

    // Out of one scene it stays in OBS; everywhere, it is gone.
    let item = json!({ "sceneName": "Interview", "sourceName": "Wall" }).to_string();
    desk.ok("request", &["CreateSceneItem", "--data", &item]);
    desk.run("source remove", &["Main", "Wall"]).fails("IF_ERR_CONFIRMATION_NEEDED", 4);
    desk.ok("source remove", &["Main", "Wall", "--yes"]);
    let inputs = |desk: &Desk| desk.ok("input list", &[]).to_string();
    assert!(inputs(&desk).contains("Wall"));
    // It is drawn nowhere: OBS by itself would keep it until it is.
    let removed = desk.ok("source remove", &["Interview", "Wall", "--everywhere", "--yes"]);
    assert_eq!(removed["everywhere"], true);
    assert!(!inputs(&desk).contains("Wall"), "{}", inputs(&desk));
    assert_eq!(desk.ok("source list", &["Interview"])["sources"], json!([]));

    let file = desk.lab.path().join("main.png");
    let words = ["Main", "--width", "64", "--height", "36", "--file", file.to_str().unwrap()];
    let shot = desk.ok("screenshot", &words);
    let picture = std::fs::read(&file).unwrap();
    assert!(picture.starts_with(b"\x89PNG\r\n") && shot["bytes"] == picture.len(), "{shot}");
    let words = ["Mian", "--file", file.to_str().unwrap()];
    desk.refused("screenshot", &words, "did you mean `Main`?");
    assert_eq!(std::fs::read(&file).unwrap(), picture, "a failed picture leaves the old one");
    desk.ok("scene switch", &["Interview"]);
    desk.ok("scene remove", &["Main", "--yes"]);
}

#[test]
fn real_obs_inputs_filters_and_media() {
    if !if_servers::require!(Obs) {
        return;
    }
    let obs = Obs::start().unwrap();
    let desk = Desk { lab: studio(obs.port, &obs.password) };
    desk.ok("media add", &["Scene", "Clip", "--file", "/nowhere.mp4"]);
    desk.ok("input mute", &["Clip"]);
    assert_eq!(desk.ok("input status", &["Clip"])["muted"], true);
    desk.ok("input unmute", &["Clip"]);
    assert_eq!(desk.ok("input toggle", &["Clip"])["muted"], true);
    let volume = desk.ok("input volume", &["Clip", "--percent", "50"]);
    assert!((volume["db"].as_f64().unwrap() + 6.02).abs() < 0.01, "{volume}");
    let volume = desk.ok("input volume", &["Clip", "--db=-20"]);
    assert!((volume["percent"].as_f64().unwrap() - 10.0).abs() < 0.01, "{volume}");
    desk.run("input volume", &["Clip", "--db=27"]).fails("at most 26", 2);
    desk.run("input volume", &["Clip"]).fails("either --db or --percent", 2);
    desk.refused("input mute", &["Clap"], "did you mean `Clip`?");
    desk.ok("input set", &["Clip", "--settings", r#"{"speed_percent": 50}"#]);
    assert_eq!(desk.ok("input settings", &["Clip"])["settings"]["speed_percent"], 50);
    assert!(desk.ok("kinds", &[])["inputs"].to_string().contains("color_source_v3"));

    let added = desk.ok("filter add", &["Clip", "Key", "--type", "chroma-key"]);
    assert_eq!(added["kind"], "chroma_key_filter_v2", "found without a list of kinds");
    let words = ["--source", "Clip", "--filter", "Soft", "--type", "gain", "--settings"];
    desk.ok("filter add", &[&words[..], &[r#"{"db": -3}"#]].concat());
    desk.ok("filter set", &["Clip", "Soft", "--settings", r#"{"db": -4}"#]);
    desk.ok("filter disable", &["Clip", "Soft"]);
    let soft = |desk: &Desk| {
        let list = desk.ok("filter list", &["Clip"]);
        list["filters"].as_array().unwrap().iter().find(|f| f["name"] == "Soft").cloned()
    };
    let seen = soft(&desk).unwrap();
    assert_eq!((&seen["enabled"], &seen["settings"]["db"]), (&json!(false), &json!(-4)));
    desk.ok("filter enable", &["Clip", "Soft"]);
    desk.refused("filter enable", &["Clip", "Sft"], "did you mean `Soft`?");
    desk.refused("filter enable", &["Clap", "Soft"], "did you mean `Clip`?");
    desk.run("filter add", &["Clip", "X", "--type", "chroma-kee"]).fails("chroma-key", 2);
    desk.ok("filter remove", &["Clip", "Soft", "--yes"]);
    assert_eq!(soft(&desk), None);

    for action in ["play", "pause", "restart", "stop"] {
        assert_eq!(desk.ok(&format!("media {action}"), &["Clip"])["action"], action);
    }
    assert!(desk.ok("media status", &["Clip"])["state"].is_string());
    desk.refused("media seek", &["Clip", "5s"], "must be playing or paused");
}

#[test]
fn real_obs_studio_mode_outputs_and_wrong_states() {
    if !if_servers::require!(Obs) {
        return;
    }
    let obs = Obs::start().unwrap();
    let desk = Desk { lab: studio(obs.port, &obs.password) };
    desk.ok("scene create", &["Next"]);
    desk.refused("studio preview", &["Next"], "obs studio on");
    desk.ok("studio on", &[]);
    assert_eq!(desk.ok("studio status", &[])["studio_mode"], true);
    desk.ok("studio preview", &["Next"]);
    desk.ok("studio transition", &["--transition", "Cut"]);
    assert_eq!(desk.ok("transition list", &[])["current"], "Cut");
    desk.ok("transition set", &["Fade", "--duration", "300ms"]);
    desk.refused("transition set", &["Fad"], "did you mean `Fade`?");
    desk.ok("studio off", &[]);
    for (path, text) in [
        ("stream stop", "obs stream start"),
        ("record stop", "obs record start"),
        ("record resume", "not paused"),
        ("virtualcam start", "no driver"),
        ("replay save", "output settings"),
    ] {
        desk.refused(path, &["--yes"], text);
    }
    // Too old to be told where to record; and nothing was started.
    let error = desk.refused("record start", &["--directory", "/tmp"], "too old");
    assert!(error.contains("204"), "{error}");
    assert_eq!(desk.ok("record status", &[])["outputActive"], false);
    desk.run("record start", &["--file", "x.mkv"]).fails("--file", 2);
}

#[test]
fn the_newest_obs_is_asked_in_its_own_way() {
    let uuid = "0a1b2c3d-0000-1111-2222-333344445555";
    let fake = ObsFake::script()
        .newest()
        .answer("GetInputKindList", json!({ "inputKinds": ["browser_source", "text_gdiplus_v3"] }))
        .answer("GetSourceFilterKindList", json!({ "sourceFilterKinds": ["gain_filter"] }))
        .answer(
            "GetSceneItemList",
            json!({ "sceneItems": [{ "sceneItemId": 7, "sourceUuid": uuid }] }),
        )
        .start()
        .unwrap();
    let desk = Desk { lab: studio(fake.port, "") };
    let sent = |path: &str, words: &[&str]| {
        desk.ok(path, words);
        let frames = fake.frames();
        let last = frames.last().unwrap()["d"].clone();
        (last["requestType"].as_str().unwrap().to_owned(), last["requestData"].clone())
    };
    let expect = |kind: &str, data: Value| (kind.to_owned(), data);
    assert_eq!(
        sent("scene switch", &[uuid]),
        expect("SetCurrentProgramScene", json!({ "sceneUuid": uuid }))
    );
    assert_eq!(
        sent("scene switch", &["A", "--preview"]),
        expect("SetCurrentPreviewScene", json!({ "sceneName": "A" }))
    );
    assert_eq!(
        sent("input mute", &[uuid]),
        expect("SetInputMute", json!({ "inputUuid": uuid, "inputMuted": true }))
    );
    assert_eq!(
        sent("source show", &["A", uuid]),
        expect(
            "SetSceneItemEnabled",
            json!({ "sceneName": "A", "sceneItemId": 7, "sceneItemEnabled": true })
        )
    );
    assert_eq!(sent("source add", &["A", "B", "--type", "text"]).1["inputKind"], "text_gdiplus_v3");
    let page = sent("browser add", &["A", "B", "--url", "http://x/", "--width", "100"]);
    assert_eq!(
        page.1["inputSettings"],
        json!({ "url": "http://x/", "width": 100, "height": 1080 })
    );
    assert_eq!(sent("filter add", &["A", "B", "--type", "gain"]).1["filterKind"], "gain_filter");
    assert_eq!(sent("media seek", &["A", "90s"]).1["mediaCursor"], 90_000);
    desk.ok("record start", &["--directory", "/srv/show"]);
    let asked = fake.requests();
    assert_eq!(asked[asked.len() - 2..], ["SetRecordDirectory", "StartRecord"]);
    for path in ["replay start", "replay save", "replay status", "record pause", "virtualcam stop"]
    {
        desk.ok(path, &[]);
    }
    desk.ok("stream stop", &["--yes"]);
    desk.ok("replay stop", &["--yes"]);
}

#[test]
fn a_read_of_the_obs_provider_cannot_write() {
    let fake = ObsFake::script().newest().start().unwrap();
    let desk = Desk { lab: studio(fake.port, "") };
    for path in [
        "version",
        "status",
        "stats",
        "scene list",
        "scene current",
        "kinds",
        "input list",
        "stream status",
        "record status",
        "replay status",
        "studio status",
        "transition list",
    ] {
        desk.ok(path, &[]);
    }
    assert!(fake.requests().iter().all(|name| name.starts_with("Get")), "{:?}", fake.requests());
}
