//! What an instance may say, and what its settings become beside a schema.

use super::*;
use if_core::{Code, Explain};
use serde_json::json;

fn parameter(name: &str, kind: Kind, default: Option<Value>, required: bool) -> Parameter {
    let name = Word::new(name).unwrap();
    Parameter {
        name,
        summary: String::new(),
        kind,
        required,
        positional: false,
        default,
        complete: None,
    }
}

fn schema() -> Vec<Parameter> {
    vec![
        parameter("host", Kind::String { length_max: 255 }, None, true),
        parameter("port", Kind::Int { min: Some(1), max: Some(65535) }, Some(json!(4455)), false),
        parameter("wait", Kind::Duration { max_ms: Some(10_000) }, None, false),
        parameter("key", Kind::String { length_max: 9 }, None, false),
        parameter("password", Kind::Secret, None, false),
        parameter("pin", Kind::Secret, None, false),
        parameter("token", Kind::String { length_max: 99 }, None, false),
    ]
}

fn instance(settings: Value) -> Instance {
    let mut instance = Instance::new(Word::new("obs").unwrap(), Word::new("studio").unwrap());
    instance.settings = settings.as_object().unwrap().clone();
    instance
}

fn refusal(settings: Value) -> ConfigError {
    check_settings(&instance(settings), &schema()).unwrap_err()
}

#[test]
fn defaults_are_filled_in_and_durations_become_milliseconds() {
    let given = instance(json!({"host": "10.0.0.5", "wait": "2s", "key": "F1"}));
    let checked = check_settings(&given, &schema()).unwrap();
    let expect = json!({"host": "10.0.0.5", "port": 4455, "wait": 2000, "key": "F1"});
    assert_eq!(Value::Object(checked), expect);
}

#[test]
fn a_setting_that_does_not_fit_is_named_with_its_reason() {
    for (settings, expect) in [
        (json!({}), "obs instance `studio` lacks the setting `host`"),
        (
            json!({"host": "a", "port": 0}),
            "obs instance `studio`: setting `port` must be at least 1",
        ),
        (json!({"host": 5}), "obs instance `studio`: setting `host` must be text"),
        (
            json!({"host": "a", "wait": "11s"}),
            "obs instance `studio`: setting `wait` must be at most",
        ),
        (json!({"host": "a", "prot": 1}), "obs instance `studio` has an unknown setting `prot`"),
    ] {
        let error = refusal(settings);
        assert!(error.to_string().starts_with(expect), "{error}");
        assert_eq!(error.code(), Code::Config);
    }
    assert_eq!(refusal(json!({"host": "a", "prot": 1})).hints(), ["did you mean `port`?"]);
    let hints = refusal(json!({"host": "a", "colour": 1})).hints();
    assert_eq!(hints, ["settings of obs: host, port, wait, key, token"]);
}

#[test]
fn a_secret_in_plain_text_is_refused_with_the_line_that_stores_it() {
    // Declared secret; declared as text by a plugin that would like to read it; not declared at
    // all.
    for key in ["password", "pin", "token", "api-key", "stream_key"] {
        let error = refusal(json!({"host": "a", key: "hunter2"}));
        assert_eq!(error.code(), Code::ConfigLiteralSecret, "{key}");
        let line = format!("ifctl secret set obs studio {}", key.replace('_', "-"));
        assert_eq!(error.hints().first(), Some(&line));
        assert!(!format!("{error} {error:?} {:?}", error.hints()).contains("hunter2"));
    }
    let error = check_settings(&instance(json!({"key": "x"})), &[]).unwrap_err();
    assert_eq!(error.code(), Code::ConfigLiteralSecret, "an undeclared key may be a secret");
}

#[test]
fn a_reference_beside_the_settings_is_sent_to_its_place() {
    let error = refusal(json!({"host": "a", "api-key": "env:OBS_KEY"}));
    assert_eq!(error.code(), Code::Config);
    assert_eq!(error.hints(), ["write it under `secrets:` of `studio`"]);
}
