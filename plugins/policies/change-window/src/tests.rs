//! Instants in, verdicts out: across midnight, weeks, zones and both changes of the clock.

use super::*;
use jiff::Timestamp;
use serde_json::json;

/// As the host gives them: what is written, and the described defaults for the rest.
fn settings(mut written: Value) -> Settings {
    let about: Value = serde_json::from_str(&ChangeWindow::about().describe()).unwrap();
    for one in about["settings"].as_array().unwrap() {
        let name = one["name"].as_str().unwrap();
        if written.get(name).is_none() {
            written[name] = one["default"].clone();
        }
    }
    serde_json::from_value(written).unwrap()
}

/// One window in Amsterdam.
fn amsterdam(days: &[&str], from: &str, to: &str) -> Value {
    json!({"zone": "Europe/Amsterdam", "windows": [{"days": days, "from": from, "to": to}]})
}

fn at(time: &str) -> Facts {
    let mut facts = Facts::example("obs", "stream stop", Effect::Write);
    let time: Timestamp = time.parse().unwrap();
    facts.at = u64::try_from(time.as_millisecond()).unwrap();
    facts
}

/// Each time with when the next window begins, or nothing where it is in one.
#[track_caller]
fn check(written: &Value, rows: &[(&str, &str)]) {
    for (time, next) in rows {
        let ruling = ChangeWindow::evaluate(&settings(written.clone()), &at(time));
        if next.is_empty() {
            assert_eq!(ruling, Ruling::allow(), "{time}");
            continue;
        }
        let text = format!("changes are made within a window; the next one begins {next}");
        assert_eq!(ruling, Ruling::deny("outside-window", text), "{time}");
    }
}

#[test]
fn a_window_begins_with_its_first_minute_and_ends_before_its_last() {
    let written = amsterdam(&["mon", "tue"], "09:00", "17:00");
    check(
        &written,
        &[
            ("2026-01-12T08:59:59.999+01:00", "Mon 2026-01-12 09:00 CET"),
            ("2026-01-12T09:00:00+01:00", ""),
            ("2026-01-12T16:59:59.999+01:00", ""),
            ("2026-01-12T17:00:00+01:00", "Tue 2026-01-13 09:00 CET"),
            ("2026-01-13T17:00:00+01:00", "Mon 2026-01-19 09:00 CET"),
            ("2026-01-17T12:00:00+01:00", "Mon 2026-01-19 09:00 CET"),
            // The same hours of another zone's clock are none.
            ("2026-01-12T16:30:00Z", "Tue 2026-01-13 09:00 CET"),
        ],
    );
}

#[test]
fn past_midnight_a_window_belongs_to_the_day_it_began() {
    check(
        &amsterdam(&["fri"], "22:00", "02:00"),
        &[
            ("2026-01-16T01:00:00+01:00", "Fri 2026-01-16 22:00 CET"),
            ("2026-01-16T21:59:00+01:00", "Fri 2026-01-16 22:00 CET"),
            ("2026-01-16T22:00:00+01:00", ""),
            ("2026-01-17T00:00:00+01:00", ""),
            ("2026-01-17T01:59:59+01:00", ""),
            ("2026-01-17T02:00:00+01:00", "Fri 2026-01-23 22:00 CET"),
            ("2026-01-17T23:00:00+01:00", "Fri 2026-01-23 22:00 CET"),
        ],
    );
    // From a time to itself is a whole day; to midnight is the rest of one.
    check(
        &amsterdam(&["sun"], "06:00", "06:00"),
        &[
            ("2026-01-18T05:59:00+01:00", "Sun 2026-01-18 06:00 CET"),
            ("2026-01-18T06:00:00+01:00", ""),
            ("2026-01-19T05:59:00+01:00", ""),
            ("2026-01-19T06:00:00+01:00", "Sun 2026-01-25 06:00 CET"),
        ],
    );
    check(
        &amsterdam(&["sun"], "06:00", "00:00"),
        &[
            ("2026-01-18T23:59:59+01:00", ""),
            ("2026-01-19T00:00:00+01:00", "Sun 2026-01-25 06:00 CET"),
        ],
    );
}

#[test]
fn where_the_clock_is_put_forward_the_hour_left_out_has_no_window() {
    // Sunday 29 March 2026: 01:59:59 CET is followed by 03:00:00 CEST.
    check(
        &amsterdam(&["sun"], "02:00", "03:00"),
        &[
            ("2026-03-29T00:59:59Z", "Sun 2026-04-05 02:00 CEST"),
            ("2026-03-29T01:00:00Z", "Sun 2026-04-05 02:00 CEST"),
            ("2026-04-05T00:00:00Z", ""),
        ],
    );
    check(
        &amsterdam(&["sun"], "02:30", "03:30"),
        &[
            ("2026-03-29T00:59:59Z", "Sun 2026-03-29 03:00 CEST"),
            ("2026-03-29T01:00:00Z", ""),
            ("2026-03-29T01:29:59Z", ""),
            ("2026-03-29T01:30:00Z", "Sun 2026-04-05 02:30 CEST"),
        ],
    );
    // Across it, the wall's clock counts: 09:00 is an hour earlier for the rest of the world.
    check(
        &amsterdam(&["sat", "sun"], "09:00", "10:00"),
        &[
            ("2026-03-28T08:00:00Z", ""),
            ("2026-03-28T09:00:00Z", "Sun 2026-03-29 09:00 CEST"),
            ("2026-03-29T06:59:59Z", "Sun 2026-03-29 09:00 CEST"),
            ("2026-03-29T07:00:00Z", ""),
            ("2026-03-29T08:00:00Z", "Sat 2026-04-04 09:00 CEST"),
        ],
    );
}

#[test]
fn where_the_clock_is_put_back_the_hour_that_comes_twice_has_it_twice() {
    // Sunday 25 October 2026: 02:59:59 CEST is followed by 02:00:00 CET.
    check(
        &amsterdam(&["sun"], "02:15", "02:45"),
        &[
            ("2026-10-25T00:14:59Z", "Sun 2026-10-25 02:15 CEST"),
            ("2026-10-25T00:15:00Z", ""),
            ("2026-10-25T00:45:00Z", "Sun 2026-10-25 02:15 CET"),
            ("2026-10-25T01:14:59Z", "Sun 2026-10-25 02:15 CET"),
            ("2026-10-25T01:15:00Z", ""),
            ("2026-10-25T01:45:00Z", "Sun 2026-11-01 02:15 CET"),
        ],
    );
    // One that was over is entered again by the change itself.
    check(
        &amsterdam(&["sun"], "01:30", "02:30"),
        &[
            ("2026-10-25T00:29:59Z", ""),
            ("2026-10-25T00:30:00Z", "Sun 2026-10-25 02:00 CET"),
            ("2026-10-25T01:00:00Z", ""),
            ("2026-10-25T01:30:00Z", "Sun 2026-11-01 01:30 CET"),
        ],
    );
    check(
        &amsterdam(&["sat"], "22:00", "04:00"),
        &[
            ("2026-10-24T19:59:59Z", "Sat 2026-10-24 22:00 CEST"),
            ("2026-10-25T02:59:59Z", ""),
            ("2026-10-25T03:00:00Z", "Sat 2026-10-31 22:00 CET"),
        ],
    );
}

#[test]
fn any_of_several_windows_will_do_and_the_zone_is_utc_unless_written() {
    let windows = json!([
        {"days": ["mon"], "from": "09:00", "to": "12:00"},
        {"days": ["mon"], "from": "11:00", "to": "17:00"},
        {"days": ["wed"], "from": "05:00", "to": "06:00"},
    ]);
    check(
        &json!({"windows": windows}),
        &[
            ("2026-07-13T11:30:00Z", ""),
            ("2026-07-13T16:59:00Z", ""),
            ("2026-07-13T17:00:00Z", "Wed 2026-07-15 05:00 UTC"),
            ("2026-07-15T06:00:00Z", "Mon 2026-07-20 09:00 UTC"),
        ],
    );
}

#[test]
fn looks_dry_runs_and_lesser_effects_have_no_window() {
    let never = amsterdam(&["sun"], "06:00", "07:00");
    let ruled = |written: &Value, effect, mode| {
        let mut facts = at("2026-01-12T12:00:00Z");
        (facts.command.effect, facts.command.mode) = (effect, mode);
        ChangeWindow::evaluate(&settings(written.clone()), &facts).verdict
    };
    assert_eq!(ruled(&never, Effect::Read, Mode::Live), Verdict::Allow);
    assert_eq!(ruled(&never, Effect::Dangerous, Mode::DryRun), Verdict::Allow);
    assert_eq!(ruled(&never, Effect::Write, Mode::Live), Verdict::Deny);
    assert_eq!(ruled(&never, Effect::Dangerous, Mode::Live), Verdict::Deny);
    let mut dangerous = never;
    dangerous["effect"] = json!("dangerous");
    assert_eq!(ruled(&dangerous, Effect::Write, Mode::Live), Verdict::Allow);
    assert_eq!(ruled(&dangerous, Effect::Dangerous, Mode::Live), Verdict::Deny);
}

#[test]
fn the_operator_says_what_becomes_of_it_outside() {
    for (outside, verdict, approvals) in
        [("deny", Verdict::Deny, 0), ("hold", Verdict::Hold, 1), ("escalate", Verdict::Escalate, 1)]
    {
        let mut written = amsterdam(&["sun"], "06:00", "07:00");
        written["outside"] = json!(outside);
        let ruling = ChangeWindow::evaluate(&settings(written), &at("2026-01-12T12:00:00Z"));
        assert_eq!((ruling.verdict, ruling.approvals), (verdict, approvals));
        assert_eq!(ruling.reasons[0].code, "outside-window");
    }
}

#[test]
fn what_makes_no_sense_is_no_window() {
    let window = |from| json!([{"days": ["mon"], "from": from, "to": "17:00"}]);
    let deny = Ruling::deny("outside-window", "changes are made within a window");
    let noon = at("2026-01-12T12:00:00Z");
    for written in [
        json!({"windows": []}),
        json!({"windows": window("9")}),
        json!({"windows": window("09:00"), "zone": "Mars/Olympus"}),
    ] {
        assert_eq!(ChangeWindow::evaluate(&settings(written), &noon), deny);
    }
    let written = json!({"windows": window("09:00")});
    let never = Facts { at: u64::MAX, ..noon };
    assert_eq!(ChangeWindow::evaluate(&settings(written), &never), deny);
}

#[test]
fn each_fault_has_its_place() {
    let issues = |written| ChangeWindow::validate(&settings(written), &Value::Null);
    let window = |days: &[&str], from: &str, to: &str| {
        issues(json!({"windows": [
            {"days": ["mon"], "from": "00:00", "to": "23:59"},
            {"days": days, "from": from, "to": to},
        ]}))
    };
    let days = "must name days: mon, tue, wed, thu, fri, sat, sun";
    assert_eq!(window(&["sat"], "22:00", "02:00"), []);
    assert_eq!(window(&[], "22:00", "02:00"), [Issue::at("/windows/1/days", days)]);
    assert_eq!(window(&["sat", "Sunday"], "22:00", "02:00"), [Issue::at("/windows/1/days", days)]);
    for wrong in ["24:00", "9:00", "09:60", "0900", "+9:00", "09:00:00", "", "０９:00"] {
        let what = format!("`{wrong}` is no time from 00:00 to 23:59");
        assert_eq!(window(&["sat"], wrong, "02:00"), [Issue::at("/windows/1/from", what.as_str())]);
        assert_eq!(window(&["sat"], "22:00", wrong), [Issue::at("/windows/1/to", what)]);
    }
    let all = issues(json!({"zone": "Europe/Amsterdan", "windows": []}));
    assert_eq!(
        all,
        [
            Issue::at("/zone", "unknown zone `Europe/Amsterdan`; one is Europe/Amsterdam"),
            Issue::at("/windows", "has no window: nothing would ever change"),
        ]
    );
}

#[test]
fn a_window_of_another_shape_is_no_window() {
    for wrong in [
        json!({"days": ["mon"], "from": "09:00"}),
        json!({"days": "mon", "from": "09:00", "to": "17:00"}),
        json!({"days": ["mon"], "from": "09:00", "to": "17:00", "zone": "UTC"}),
    ] {
        assert!(serde_json::from_value::<Window>(wrong).is_err());
    }
}
