//! vMix's XML as it is written, cut off, and wrong.

use super::*;

const STATE: &str = include_str!("../../tests/state.xml");

fn at(state: &Value, pointer: &str) -> Value {
    state.pointer(pointer).cloned().unwrap_or(json!("absent"))
}

#[test]
fn the_whole_state_keeps_its_types() {
    let state = parse(STATE).unwrap();
    for (pointer, value) in [
        ("/version", json!("28.0.0.39")),
        ("/preset", json!("C:\\Shows\\evening.vmix")),
        ("/inputs/0/number", json!(1)),
        ("/inputs/0/title", json!("1")),
        ("/inputs/0/loop", json!(false)),
        ("/inputs/0/cc/hue", json!(0.5)),
        ("/inputs/0/position", json!(0)),
        ("/inputs/0/placement", json!({ "panX": 0, "zoomX": 1 })),
        ("/inputs/1/title", json!("True")),
        ("/inputs/1/volume", json!(74.80429)),
        ("/inputs/1/gainDb", json!(3)),
        ("/inputs/1/audiobusses", json!(["M", "A"])),
        (
            "/inputs/1/texts",
            json!([
                { "index": 0, "name": "Headline.Text", "value": "42" },
                { "index": 1, "name": "Sub.Text", "value": "" },
            ]),
        ),
        ("/inputs/1/images/0/value", json!("c:\\logo.png")),
        ("/inputs/1/layers/0/position", json!({ "panX": 0.5, "zoomX": 0.5 })),
        ("/inputs/1/layers/0/crop", json!({ "X1": 0, "X2": 0.9 })),
        ("/inputs/2/list/0", json!({ "enabled": true, "selected": true, "value": "a.mp4" })),
        ("/inputs/2/list/1", json!("b.mp4")),
        ("/inputs/2/selectedIndex", json!(1)),
        ("/inputs/3/replay/timecode", json!("2026-01-31T20:15:00.000")),
        ("/replay/live", json!(true)),
        ("/replay/eventsA", json!(12)),
        (
            "/overlays",
            json!([
                { "number": 1, "input": 2 },
                { "number": 2, "preview": true, "input": null },
            ]),
        ),
        ("/active", json!(1)),
        ("/preview", json!(2)),
        ("/fadeToBlack", json!(false)),
        ("/transitions", json!([{ "number": 1, "effect": "Fade", "duration": 500 }])),
        ("/recording", json!({ "duration": 12, "filename1": "1.mp4", "active": true })),
        (
            "/streaming",
            json!({ "active": true, "channels": [
                { "channel": 0, "active": true },
                { "channel": 1, "active": false },
            ]}),
        ),
        ("/external", json!({ "active": false })),
        ("/mixes", json!([{ "number": 2, "preview": 0, "active": 1 }])),
        ("/audio/master/meterF1", json!(0.03125)),
        (
            "/outputs/0",
            json!({ "type": "output", "number": 1, "source": "Mix", "mix": 0, "ndi": true }),
        ),
        ("/dynamic", json!({ "input1": "", "value1": "7" })),
        ("/futureThing/depth", json!(3)),
        ("/notes", json!([])),
    ] {
        assert_eq!(at(&state, pointer), value, "{pointer}");
    }
}

#[test]
fn a_wrong_number_is_null_and_noted() {
    let wrong = STATE
        .replace("volume=\"74.80429\"", "volume=\"loud\"")
        .replace("<active>1</active>", "<active>one</active>")
        .replace("loop=\"False\"", "loop=\"maybe\"");
    let state = parse(&wrong).unwrap();
    for pointer in ["/inputs/1/volume", "/active", "/inputs/0/loop"] {
        assert_eq!(at(&state, pointer), Value::Null, "{pointer}");
    }
    let notes = at(&state, "/notes");
    assert_eq!(
        notes,
        json!([
            "/inputs/1 loop: `maybe` is neither True nor False",
            "/inputs/2 volume: `loud` is no number",
            "/active: `one` is no number",
            "/mix/active: `one` is no number",
        ])
    );
}

#[test]
fn an_old_vmix_has_empty_places() {
    let old = "<vmix><version>11.0.0.16</version><inputs></inputs><overlays><overlay number=\"1\"/>\
               </overlays><preview>1</preview><active>2</active>\
               <recording>False</recording></vmix>";
    let state = parse(old).unwrap();
    for (pointer, value) in [
        ("/version", json!("11.0.0.16")),
        ("/edition", Value::Null),
        ("/inputs", json!([])),
        ("/mixes", json!([])),
        ("/recording", json!({ "active": false })),
        ("/streaming", json!({ "active": null, "channels": [] })),
        ("/audio", json!({})),
        ("/notes", json!([])),
    ] {
        assert_eq!(at(&state, pointer), value, "{pointer}");
    }
}

#[test]
fn other_answers_are_protocol_failures() {
    let bomb = r#"<!DOCTYPE v [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><vmix>&b;</vmix>"#;
    let half = &STATE[..STATE.len() / 2];
    for (answer, words) in [
        ("", "is not vMix's XML"),
        ("<html/>", "is `html` and not vMix's state"),
        ("<vmix>", "breaks off after 6 bytes"),
        (half, "breaks off after"),
        ("<vmix><a></b></vmix>", "is not vMix's XML"),
        ("{}", "is not vMix's XML"),
        (bomb, "is not vMix's XML"),
    ] {
        match parse(answer) {
            Err(Failure::Protocol(text)) => assert!(text.contains(words), "{text}"),
            other => panic!("{answer}: {other:?}"),
        }
    }
}

#[test]
fn a_thousand_wrong_numbers_do_not_grow_without_end() {
    let inputs = "<input number=\"x\"/>".repeat(1000);
    let state = parse(&format!("<vmix><inputs>{inputs}</inputs></vmix>")).unwrap();
    assert_eq!(state.at("notes").items().len(), NOTES_MAX);
}

/// A hundred thousand elements in each other would be a hundred thousand calls in each other.
#[test]
fn what_is_nested_without_end_is_refused_and_not_walked_into() {
    let deep =
        |levels: usize| format!("<vmix>{}{}</vmix>", "<x>".repeat(levels), "</x>".repeat(levels));
    assert!(parse(&deep(31)).is_ok());
    for levels in [32, 100_000] {
        let Err(Failure::Protocol(text)) = parse(&deep(levels)) else { panic!("{levels} levels") };
        assert!(text.contains("nested far deeper"), "{text}");
    }
}
