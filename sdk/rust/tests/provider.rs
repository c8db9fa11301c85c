//! A provider as the host meets it: what it describes, and what it does with what arrives.

use if_sdk::prelude::*;
use if_sdk::{Facts, Mode, file_in, file_out, json as any_json, url};
use std::collections::BTreeMap;

fn provider() -> Provider {
    Provider::new("a lamp")
        .settings((
            text("host", "its address"),
            int("port", "its port").or(80),
            url("page", "its web page", &["http", "https"]).optional(),
        ))
        .commands([
            write("dim", "set the brightness")
                .takes((
                    text("lamp", "its name")
                        .positional()
                        .longest(20)
                        .completes("scene list", "/scenes/*"),
                    int("level", "percent").between(0, 100).or(50),
                    decimal("gamma", "curve").between(0.5, 3.0).optional(),
                    flag("slow", "take your time"),
                ))
                .example("lamp dim hall desk --level 40")
                .run(|_, (lamp, level, gamma, slow): (String, i64, Option<f64>, bool)| {
                    Ok(json!({ "lamp": lamp, "level": level, "gamma": gamma, "slow": slow }))
                }),
            read("scene list", "all scenes")
                .table("/scenes", &["name"])
                .run(|_, ()| Err(Failure::timeout("lost", true))),
            dangerous("burn", "burn out").run(|_, ()| Err(Failure::timeout("lost", true))),
            by_table("raw", "anything", "requests", "type")
                .takes((text("type", "which"), record("values", "fields").or(json!({}))))
                .text("/answer")
                .run(|_, (kind, values): (String, BTreeMap<String, String>)| {
                    Ok(json!({ "answer": kind, "values": values }))
                }),
            read("all kinds", "one of each")
                .takes((
                    choice("mode", "which", &["a", "b"]).optional(),
                    duration("after", "when").optional(),
                    list(int("numbers", "some")).optional(),
                    any_json("data", "anything").optional(),
                    file_in("image", "a picture", 1 << 20).optional(),
                    file_out("copy", "where to", 1 << 20).optional(),
                ))
                .streams()
                .json()
                .run(|_, (.., image, copy)| Ok(json!([image, copy]))),
        ])
}

fn call() -> Call {
    Call::new(Facts {
        name: "hall".into(),
        settings: r#"{"host": "h", "port": 8080}"#.into(),
        actor: "test".into(),
        trace_id: "t".into(),
        idempotency_key: None,
        deadline_ms: 10_000,
        mode: Mode::Live,
    })
}

fn run(path: &str, arguments: &str) -> Outcome {
    provider().run_command(&call(), path, arguments)
}

/// The host's own types read the description, unknown fields refused: the two schemas agree.
#[test]
fn the_host_reads_the_description() {
    let description = provider().describe();
    let read: if_manifest::model::Description = serde_json::from_str(&description).unwrap();
    assert_eq!(read.commands.len(), 5);
    let lamp = read.commands[0].parameters[0].complete.as_ref().unwrap();
    assert_eq!((lamp.command.as_str(), lamp.pointer.as_str()), ("scene list", "/scenes/*"));
    let again = serde_json::to_value(&read).unwrap();
    assert_eq!(again, serde_json::from_str::<Value>(&description).unwrap());
    assert_eq!(description, provider().describe());
}

#[test]
fn values_arrive_typed_and_defaults_fill_in() {
    let all = r#"{"lamp": "desk", "level": 40, "gamma": 1.5, "slow": true}"#;
    let expected = json!({ "lamp": "desk", "level": 40, "gamma": 1.5, "slow": true });
    assert_eq!(run("dim", all), Ok(expected));
    let expected = json!({ "lamp": "desk", "level": 50, "gamma": null, "slow": false });
    assert_eq!(run("dim", r#"{"lamp": "desk", "gamma": null}"#), Ok(expected));
    let expected = json!({ "answer": "x", "values": {} });
    assert_eq!(run("raw", r#"{"type": "x"}"#), Ok(expected));
}

#[test]
fn what_does_not_fit_is_a_usage_failure_that_names_it() {
    let usage = |path: &str, arguments: &str| match run(path, arguments) {
        Err(Failure::Usage(text)) => text,
        other => panic!("{other:?}"),
    };
    assert_eq!(usage("dimm", "{}"), "there is no command `dimm`; did you mean `dim`?");
    assert_eq!(usage("dim", "{}"), "`lamp` is missing");
    let fault = "`dim` has no parameter `levle`; did you mean `level`?";
    assert_eq!(usage("dim", r#"{"lamp": "x", "levle": 1}"#), fault);
    assert!(usage("dim", r#"{"lamp": 7}"#).starts_with("`lamp`: invalid type"));
    assert!(usage("dim", "[]").starts_with("the arguments are no JSON object"));
}

#[test]
fn a_read_that_got_lost_leaves_nothing_in_doubt() {
    assert_eq!(run("scene list", "{}"), Err(Failure::timeout("lost", false)));
    assert_eq!(run("burn", "{}"), Err(Failure::timeout("lost", true)));
}

#[test]
fn only_reads_are_tried_again() {
    use std::cell::Cell;
    use std::rc::Rc;
    let tries = |draft: fn(&str, &str) -> if_sdk::Draft<()>, fails: u32| {
        let count = Rc::new(Cell::new(0));
        let counted = count.clone();
        let command = draft("go", "goes").takes(text("to", "where")).retries(2).run(move |_, _| {
            counted.set(counted.get() + 1);
            match counted.get() <= fails {
                true => Err(Failure::unreachable("gone", true)),
                false => Ok(json!("there")),
            }
        });
        let outcome =
            Provider::new("p").commands([command]).run_command(&call(), "go", r#"{"to": "x"}"#);
        (outcome, count.get())
    };
    assert_eq!(tries(read, 2), (Ok(json!("there")), 3));
    assert_eq!(tries(read, 9), (Err(Failure::unreachable("gone", false)), 3));
    assert_eq!(tries(write, 9), (Err(Failure::unreachable("gone", true)), 1));
}

#[test]
fn settings_are_typed_and_their_faults_named() {
    let settings: (String, u16) = {
        let settings: Value = call().settings().unwrap();
        (settings.at("host").as_str().unwrap().into(), 8080)
    };
    assert_eq!(settings, ("h".to_owned(), 8080));
    let wrong = call().settings::<BTreeMap<String, u16>>();
    assert!(matches!(wrong, Err(Failure::Usage(text)) if text.contains("instance `hall`")));
    assert_eq!(call().patience_ms(), 9_000);
}
