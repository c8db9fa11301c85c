//! The Home Assistant provider against a real Home Assistant 2024.3.3: every command, what it does
//! to devices, what it refuses, and what it never shows.
//!
//! One Home Assistant takes seconds to start, so each test drives one through a table of lines.

mod lines;
mod watch;

use crate::lab::{Lab, Run};
use if_fakes::http::{Canned, HttpFake};
use if_servers::HomeAssistant;
use lines::{CORE_COMMANDS, LOOKS, REFUSED, WRITES};
use serde_json::{Value, json};

/// A lab in which this Home Assistant is the instance `myhome`.
fn home(url: &str, token: &str) -> Lab {
    let lab = Lab::with(&["ha"]);
    lab.run(["ha", "add", "myhome", "--url", url]).ok();
    lab.feed(["secret", "set", "ha", "myhome", "token"], token).ok();
    lab
}

/// A line as one would type it: words, in single quotes where they hold blanks.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for sign in line.chars() {
        match sign {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            sign => words.last_mut().unwrap().push(sign),
        }
    }
    words
}

fn run(lab: &Lab, line: &str) -> Run {
    lab.run(words(line))
}

#[track_caller]
fn json_of(lab: &Lab, line: &str) -> Value {
    let run = run(lab, &format!("{line} --json"));
    assert_eq!(run.exit, 0, "{line}\nstdout: {}\nstderr: {}", run.stdout, run.stderr);
    serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{line}: {}", run.stdout))
}

/// The stored state of an entity.
#[track_caller]
fn state(lab: &Lab, entity: &str) -> Value {
    json_of(lab, &format!("ha state myhome {entity}"))["state"].clone()
}

#[test]
fn real_ha_answers_every_command_that_looks() {
    if !if_servers::require!(HomeAssistant) {
        return;
    }
    let ha = HomeAssistant::start().unwrap();
    let lab = home(&ha.url(), &ha.tokens.administrator);
    for (line, pointer) in LOOKS {
        let answer = json_of(&lab, line);
        assert!(answer.pointer(pointer).is_some_and(|value| !value.is_null()), "{line}: {answer}");
        // People get an answer too.
        run(&lab, line).ok();
    }
    let url = json_of(&lab, "ha camera stream myhome camera.stage")["url"].clone();
    let url = url.as_str().unwrap();
    assert!(url.starts_with(&format!("{}/api/hls/", ha.url())), "{url}");
    assert!(url.ends_with(".m3u8"), "{url}");
    let picture = lab.path().join("door.jpg");
    let line = format!("ha camera snapshot myhome front_door --file {}", picture.display());
    assert_eq!(json_of(&lab, &line)["type"], "image/jpeg");
    assert!(std::fs::read(&picture).unwrap().starts_with(b"\xff\xd8"), "no JPEG");
    assert_eq!(json_of(&lab, "ha template myhome '{{ 6 * 7 }}'")["text"], "42");
    run(&lab, "witness verify").ok();
}

#[test]
fn real_ha_takes_every_core_command() {
    if !if_servers::require!(HomeAssistant) {
        return;
    }
    let ha = HomeAssistant::start().unwrap();
    let lab = home(&ha.url(), &ha.tokens.administrator);
    for line in CORE_COMMANDS {
        let answer = json_of(&lab, line);
        assert!(answer.get("result").is_some(), "{line}: {answer}");
    }
    let heard = json_of(&lab, CORE_COMMANDS[14]);
    assert_eq!(heard["events"][0]["result"], 2, "{heard}");
    // One that 2024.3.3 is too old for, one that nobody has, one that the table does not know.
    let error = run(&lab, "ha ws myhome slugify --data '{}'").fails("IF_ERR_PROVIDER", 1);
    assert!(error.contains("2024.3.3 does not know `slugify`"), "{error}");
    let error = run(&lab, "ha ws myhome get_statess").fails("IF_ERR_CONFIRMATION_NEEDED", 4);
    assert!(error.contains("get_states"), "{error}");
    let error = run(&lab, "ha ws myhome get_statess --yes").fails("IF_ERR_PROVIDER", 1);
    assert!(error.contains("did you mean `get_states`"), "{error}");
    // There is no subscription of that number on a new connection: Home Assistant's own words.
    let error = run(&lab, "ha ws myhome unsubscribe_events --data '{\"subscription\": 7}'");
    assert!(error.stderr.contains("Subscription not found"), "{}", error.stderr);
}

#[test]
fn real_ha_devices_change_as_they_are_told() {
    if !if_servers::require!(HomeAssistant) {
        return;
    }
    let ha = HomeAssistant::start().unwrap();
    let lab = home(&ha.url(), &ha.tokens.administrator);
    for (line, entity, expect) in WRITES {
        run(&lab, line).ok();
        // Some devices of the demo take a second to move; what they show at once is not the point.
        let reached = (0..200).any(|_| state(&lab, entity) == *expect);
        assert!(reached, "{line}: {entity} is {}", state(&lab, entity));
    }
    assert_eq!(json_of(&lab, "ha state myhome climate.hall")["attributes"]["temperature"], 19.0);
    let changed = json_of(&lab, "ha set myhome light.studio off");
    assert_eq!(changed["services"], json!(["light.turn_off"]));
    assert_eq!((&changed["state"], &changed["changed"]), (&json!("off"), &json!(true)));
    assert_eq!(json_of(&lab, "ha set myhome light.studio off")["changed"], false);
    let answer = json_of(
        &lab,
        "ha service myhome weather.get_forecasts --entity weather.demo_weather_south --data \
         '{\"type\": \"daily\"}'",
    );
    let forecast = &answer["response"]["weather.demo_weather_south"]["forecast"];
    assert!(forecast.as_array().is_some_and(|days| !days.is_empty()), "{answer}");
    let line = "ha script run myhome answer --variables '{\"who\": \"Ada\"}' --wait";
    assert_eq!(json_of(&lab, line)["response"]["text"], "hello Ada");
    for line in [
        "ha notify myhome 'Doors open' --title Show",
        "ha notify myhome 'Doors open' --service demo_test_target_name",
        "ha tts myhome media_player.living_room 'Doors open' --language en",
        "ha media play myhome media_player.living_room --url http://127.0.0.1:9/intro.mp3",
        "ha forget myhome sensor.stored",
        "ha intent myhome HassTurnOn --data '{\"name\": \"Bed Light\"}' --yes",
    ] {
        json_of(&lab, line);
    }
    assert_eq!(state(&lab, "light.bed_light"), "on", "the intent's doing");
    run(&lab, "ha state myhome sensor.stored").fails("no entity `sensor.stored`", 1);
    run(&lab, "witness verify").ok();
}

#[test]
fn real_ha_refusals_say_what_to_write() {
    if !if_servers::require!(HomeAssistant) {
        return;
    }
    let ha = HomeAssistant::start().unwrap();
    let lab = home(&ha.url(), &ha.tokens.administrator);
    for (line, code, exit, said) in REFUSED {
        let run = run(&lab, line);
        assert!(
            run.exit == *exit && run.stderr.contains(code) && run.stderr.contains(said),
            "{line}: expected {exit} {code} {said}\n{} {}{}",
            run.exit,
            run.stdout,
            run.stderr
        );
    }
    let picture = lab.path().join("none.jpg");
    let line = format!("ha camera snapshot myhome frnt_door --file {}", picture.display());
    let error = run(&lab, &line).fails("IF_ERR_PROVIDER", 1);
    assert!(error.contains("did you mean `camera.front_door`?"), "{error}");
    // What was refused did nothing, and a dry run does nothing either.
    assert_eq!(state(&lab, "lock.front_door"), "locked");
    assert_eq!(state(&lab, "input_number.level"), "0.0");
    for line in [
        "ha set myhome light.studio on --brightness 9 --dry-run",
        "ha service myhome lock.unlock --entity lock.front_door --dry-run",
        "ha set myhome input_number.level 7 --state-only --dry-run",
        "ha event fire myhome bell_rung --dry-run",
        "ha forget myhome light.studio --dry-run",
        "ha restart myhome --dry-run",
    ] {
        let plan = json_of(&lab, line);
        assert_eq!(plan["plan"].as_array().map(Vec::len), Some(1), "{line}: {plan}");
    }
    assert_eq!(state(&lab, "lock.front_door"), "locked");
    assert_eq!(state(&lab, "light.studio"), "off");
    assert_eq!(state(&lab, "input_number.level"), "0.0");
    assert_eq!(state(&lab, "counter.takes"), "0");
}

#[test]
fn real_ha_tokens_are_judged_and_never_shown() {
    if !if_servers::require!(HomeAssistant) {
        return;
    }
    let ha = HomeAssistant::start().unwrap();
    let lab = home(&ha.url(), &ha.tokens.administrator);
    json_of(&lab, "ha test myhome");
    json_of(&lab, "ha set myhome light.studio on -v -v");
    let mut said = Vec::new();
    for (token, lines) in [
        // A user without rights: what it may, it may; what not, is said as that.
        (
            ha.tokens.user.as_str(),
            &[
                ("ha state myhome light.studio", ""),
                ("ha set myhome light.studio off", ""),
                ("ha template myhome '{{ 1 }}'", "token of an administrator"),
                ("ha event fire myhome bell_rung", "token of an administrator"),
                ("ha error-log myhome", "token of an administrator"),
                ("ha set myhome light.studio x --state-only", "token of an administrator"),
                ("ha ws myhome config/auth/list", "token of an administrator"),
                ("ha event watch myhome bell_rung", "token of an administrator"),
            ][..],
        ),
        (
            ha.tokens.expired.as_str(),
            &[
                ("ha state myhome light.studio", "wrong, expired or was deleted"),
                ("ha set myhome light.studio off", "wrong, expired or was deleted"),
                ("ha test myhome", "ifctl secret set ha myhome token"),
                ("ha watch myhome", "wrong, expired or was deleted"),
            ],
        ),
        ("not-a-token-at-all-7f3a91", &[("ha entities myhome", "wrong, expired or was deleted")]),
    ] {
        lab.feed(["secret", "rotate", "ha", "myhome", "token"], token).ok();
        for (line, expect) in lines {
            let run = run(&lab, &format!("{line} -v -v"));
            assert_eq!(run.exit == 0, expect.is_empty(), "{line}: {}", run.stderr);
            assert!(run.stderr.contains(expect), "{line}: {}", run.stderr);
            if !expect.is_empty() {
                assert!(run.stderr.contains("IF_ERR_PROVIDER_AUTH"), "{line}: {}", run.stderr);
            }
            said.push(run.stdout + &run.stderr);
        }
        for text in &said {
            assert!(!text.contains(token), "{text}");
        }
    }
    let tokens = [&ha.tokens.administrator, &ha.tokens.user, &ha.tokens.expired];
    for (path, bytes) in lab.files() {
        for token in tokens {
            let found = bytes.windows(token.len()).any(|window| window == token.as_bytes());
            assert!(!found, "a token stands in {}", path.display());
        }
    }
}

#[test]
fn an_instance_without_a_token_names_the_line_that_sets_it() {
    let fake = HttpFake::start(|_| Canned::ok("{}")).unwrap();
    let lab = Lab::with(&["ha"]);
    lab.run(["ha", "add", "myhome", "--url", &format!("http://127.0.0.1:{}", fake.port)]).ok();
    let error = run(&lab, "ha state myhome light.studio").fails("IF_ERR_PROVIDER_AUTH", 1);
    assert!(error.contains("ifctl secret set ha myhome token"), "{error}");
}

/// What no 2024.3.3 shows: newer and older ones, another protocol, half and wrong answers.
#[test]
fn scripts_without_a_home_assistant_play() {
    let lab = Lab::fresh();
    let folder = lab.path().join("ha");
    let package = lab.package("ha");
    std::fs::create_dir_all(folder.join("tests")).unwrap();
    std::fs::rename(package, folder.join("package")).unwrap();
    crate::lab::copy_tree(
        &crate::lab::root().join("plugins/ha/tests/cassettes"),
        &folder.join("tests/cassettes"),
    );
    let played = lab.run(["plugin", "test", &folder.display().to_string()]).ok();
    assert!(played.contains("9 passed, 0 failed"), "{played}");
}

#[test]
fn an_address_that_is_none_is_refused_when_it_is_typed() {
    let lab = Lab::with(&["ha"]);
    for (url, why) in [
        ("homeassistant.local:8123", "such as http://"),
        ("ftp://homeassistant.local", "must begin with"),
        ("http://user:word@homeassistant.local", "user name"),
        ("http://homeassistant.local/lovelace", "end behind its host and port"),
    ] {
        let error = lab.run(["ha", "add", "myhome", "--url", url]).fails("IF_ERR_USAGE", 2);
        assert!(error.contains(why), "{url}: {error}");
    }
    assert_eq!(lab.run(["ha", "list", "--json"]).json()["instances"], json!([]));
}

#[test]
fn what_is_no_home_assistant_gets_a_typed_error() {
    let page = "<!DOCTYPE html><title>Sign in</title>";
    for (answer, code, said) in [
        (Canned::ok(page), "IF_ERR_PROVIDER_PROTOCOL", "a web page instead of JSON"),
        (Canned::ok(r#"{"state": "o"#), "IF_ERR_PROVIDER_PROTOCOL", ""),
        (Canned::ok(r#"["a list"]"#), "IF_ERR_PROVIDER_PROTOCOL", ""),
        (Canned::status(502, page), "IF_ERR_PROVIDER", "502"),
        (Canned::status(403, "403: Forbidden"), "IF_ERR_PROVIDER_AUTH", "bans"),
        (Canned::hang_up(), "IF_ERR_UNREACHABLE", ""),
    ] {
        let fake = HttpFake::start(move |_| answer.clone()).unwrap();
        let lab = home(&format!("http://127.0.0.1:{}", fake.port), "fake-token-for-tests");
        let error = run(&lab, "ha state myhome light.studio").fails(code, 1);
        assert!(error.contains(said), "{error}");
        assert!(!error.contains("fake-token-for-tests"), "{error}");
        // Nor does it take a plain web server for the WebSocket API.
        run(&lab, "ha set myhome light.studio on").fails("IF_ERR_", 1);
    }
}
