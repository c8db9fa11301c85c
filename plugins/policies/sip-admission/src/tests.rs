//! Calls in, verdicts and reason codes out; and every spelling that must not slip past a list.

use super::*;
use if_policy::Recent;
use serde_json::json;

/// As the host gives them: what is written, and the described defaults for the rest.
fn settings(mut written: Value) -> Settings {
    let about: Value = serde_json::from_str(&SipAdmission::about().describe()).unwrap();
    for one in about["settings"].as_array().unwrap() {
        let name = one["name"].as_str().unwrap();
        if written.get(name).is_none() {
            written[name] = one["default"].clone();
        }
    }
    serde_json::from_value(written).unwrap()
}

/// A call over TLS.
fn call(arguments: Value) -> Facts {
    let mut facts = Facts::example("asterisk", "call start", Effect::Write);
    facts.command.category = Some("sip".to_owned());
    facts.arguments = arguments.as_object().unwrap().clone();
    facts.settings.insert("transport".to_owned(), json!("tls"));
    facts
}

fn codes(written: &Value, facts: &Facts) -> Vec<String> {
    let ruling = SipAdmission::evaluate(&settings(written.clone()), facts);
    let denied = ruling.verdict == Verdict::Deny;
    assert_eq!(denied, !ruling.reasons.is_empty(), "{ruling:?}");
    ruling.reasons.into_iter().map(|it| it.code).collect()
}

/// The one code for a destination; empty where it is allowed.
fn to(written: &Value, to: &str) -> String {
    codes(written, &call(json!({"to": to}))).join(" ")
}

#[test]
fn a_line_is_encrypted() {
    for (instance, allowed) in [
        (json!({"transport": "tls"}), true),
        (json!({"transport": "wss"}), true),
        (json!({"transport": "TLS"}), true),
        (json!({"transport": null, "port": 5061}), true),
        (json!({"port": 5061}), true),
        (json!({"transport": "udp", "port": 5061}), false),
        (json!({"transport": "tcp"}), false),
        (json!({"transport": "ws"}), false),
        (json!({"transport": "tls "}), false),
        (json!({"transport": ""}), false),
        (json!({"transport": true}), false),
        (json!({"port": 5060}), false),
        (json!({"port": "5061"}), false),
        (json!({}), false),
    ] {
        let mut facts = call(json!({}));
        facts.settings = instance.as_object().unwrap().clone();
        let expect = if allowed { &[][..] } else { &["no-tls"] };
        assert_eq!(codes(&json!({}), &facts), expect, "{instance}");
        assert!(codes(&json!({"tls": false}), &facts).is_empty());
    }
}

#[test]
fn it_is_for_sip_and_for_the_providers_named() {
    let mut facts = call(json!({}));
    facts.settings.clear();
    assert_eq!(codes(&json!({}), &facts), ["no-tls"]);
    facts.command.category = Some("studio".to_owned());
    assert!(codes(&json!({}), &facts).is_empty());
    assert!(codes(&json!({"providers": ["twilio"]}), &facts).is_empty());
    assert_eq!(codes(&json!({"providers": ["asterisk"]}), &facts), ["no-tls"]);
    facts.command.category = None;
    assert_eq!(codes(&json!({"providers": ["asterisk"]}), &facts), ["no-tls"]);
}

#[test]
fn only_what_is_listed_is_called() {
    let listed = json!({"allow": ["+3120*", "+44 20 7946 0000", "sip:*@Example.com"]});
    for allowed in [
        "+31201234567",
        "0031201234567",
        "+31 20 123-45.67",
        "(0031) 20 1234567",
        "tel:+31201234567",
        "TEL:+31-20-1234567",
        "+442079460000",
        "00442079460000",
        "sip:bob@example.com",
        "SIP:bob@EXAMPLE.COM",
        "sips:bob.b+x_y-z@example.com",
        "sip:100@example.com",
    ] {
        assert_eq!(to(&listed, allowed), "", "{allowed}");
    }
    for other in [
        "+31301234567",
        "+4420794600001",
        "+44207946000",
        "sip:bob@sub.example.com",
        "sip:bob@example.com.evil.org",
        "sip:bob@example.org",
        "sip:+31201234567@evil.org",
    ] {
        assert_eq!(to(&listed, other), "not-listed", "{other}");
    }
    assert_eq!(to(&json!({}), "anything at all"), "");
}

#[test]
fn what_is_denied_is_denied_whatever_is_allowed() {
    let listed =
        json!({"allow": ["+31*", "sip:*@gw.example"], "deny": ["+31900*", "sip:*@evil.org"]});
    for (destination, expect) in [
        ("+31201234567", ""),
        ("+319001234", "listed-as-denied"),
        ("00319001234", "listed-as-denied"),
        ("tel:00 31 (900) 1234", "listed-as-denied"),
        ("sip:bob@gw.example", ""),
        ("sip:+31201234567@gw.example", ""),
        // The number counts, whoever's gateway it goes over.
        ("sip:+319001234@gw.example", "listed-as-denied"),
        ("SIPS:00319001234@gw.example", "listed-as-denied"),
        ("sip:+31-900-1234@gw.example", "listed-as-denied"),
        ("sip:bob@evil.org", "listed-as-denied"),
        ("sip:bob@EVIL.org", "listed-as-denied"),
        // Which numbers are these?
        ("sip:09001234@gw.example", "not-listed"),
        ("sip:319001234@gw.example", "not-listed"),
        ("sip:+00319001234@gw.example", "not-listed"),
        ("sip:+31900CALL@gw.example", "not-listed"),
    ] {
        assert_eq!(to(&listed, destination), expect, "{destination}");
    }
    let only_denied = json!({"deny": ["+31900*"]});
    assert_eq!(to(&only_denied, "+31201234567"), "");
    assert_eq!(to(&only_denied, "sip:bob@example.com"), "");
    assert_eq!(to(&only_denied, "09001234"), "not-listed");
}

/// Neither list lets it pass: nobody can tell what it means.
#[track_caller]
fn unreadable(destinations: &[&str]) {
    for list in [
        json!({"deny": ["+31900*", "sip:*@evil.org"]}),
        json!({"allow": ["+31*", "sip:*@gw.example"]}),
    ] {
        for destination in destinations {
            assert_eq!(to(&list, destination), "not-listed", "{destination:?} {list}");
        }
    }
}

#[test]
fn another_alphabets_digits_slip_past_no_list() {
    unreadable(&[
        "+３１９００1234",
        "＋319001234",
        "+31٩٠٠1234",
        "+31\u{a0}9001234",
        "+31\u{200b}9001234",
        "+31–9001234",
    ]);
}

#[test]
fn the_end_of_a_line_slips_past_no_list() {
    unreadable(&[
        "+31201234567\r\nTo: +319001234",
        "+319001234\n",
        "\r\n+319001234",
        "+31\t9001234",
        "+319001234\0",
        "sip:bob@gw.example\r\nRoute: <sip:evil.org>",
        "sip:bob\r\n@gw.example",
    ]);
}

#[test]
fn an_escape_slips_past_no_list() {
    unreadable(&[
        "%2B319001234",
        "+31%39001234",
        "sip:%2B319001234@gw.example",
        "sip:bob@%65vil.org",
        "sip:bob%40evil.org@gw.example",
        "sip%3Abob@evil.org",
    ]);
}

#[test]
fn what_stands_around_an_address_slips_past_no_list() {
    unreadable(&[
        "sip:bob@gw.example;maddr=10.0.0.1",
        "sip:bob@gw.example;transport=udp",
        "sip:bob@gw.example?Route=evil.org",
        "sip:bob@gw.example:5060",
        "sip:bob:secret@gw.example",
        "sip:bob@evil.org@gw.example",
        "sip:gw.example",
        "sip:@gw.example",
        "sip:bob@",
        "sip:bob@evil.org.",
        "sip:bob@еvil.org",
        "sip:bob@[::1]",
        "sip:bob@0x0a000001",
        "sip:bob@167772161",
        "sip:bob@10.1",
        "sip:bob@010.0.0.1",
        " sip:bob@gw.example",
        "\"Bob\" <sip:bob@gw.example>",
        "bob@gw.example",
        "sip:sip:bob@gw.example",
        "http://gw.example",
    ]);
}

#[test]
fn a_number_that_a_switch_may_read_as_another_slips_past_no_list() {
    unreadable(&[
        "09001234",
        "319001234",
        "+00319001234",
        "00 00 319001234",
        "+31 (0)900 1234",
        "+31 ( 0 ) 900 1234",
        "+31 (0900) 1234",
        "+319001234;ext=1",
        "+319001234,,1",
        "+319001234#",
        "*31*+319001234",
        "+31900ABCD",
        "+31900123456789012",
        "tel:tel:+319001234",
        "++319001234",
        "+",
        "00",
        "",
    ]);
}

#[test]
fn a_destination_that_is_no_text_slips_past_no_list() {
    for other in [json!(31_201_234_567_u64), json!(["+31201234567"]), json!(true)] {
        for list in [json!({"allow": ["+31*"]}), json!({"deny": ["+31900*"]})] {
            assert_eq!(codes(&list, &call(json!({"to": other}))), ["not-listed"]);
        }
    }
}

#[test]
fn the_case_of_a_scheme_changes_nothing() {
    let denied = json!({"deny": ["+31900*", "sip:*@evil.org"]});
    for scheme in ["tel", "TEL", "Tel", "tEl"] {
        assert_eq!(to(&denied, &format!("{scheme}:+319001234")), "listed-as-denied");
        assert_eq!(to(&denied, &format!("{scheme}:+31201234567")), "");
    }
    for scheme in ["sip", "SIP", "Sip", "sips", "SIPS", "sIpS"] {
        assert_eq!(to(&denied, &format!("{scheme}:bob@evil.org")), "listed-as-denied");
        assert_eq!(to(&denied, &format!("{scheme}:bob@example.com")), "");
    }
}

#[test]
fn a_command_without_a_destination_is_asked_for_the_rest() {
    let listed = json!({"allow": ["+31*"], "deny": ["+31900*"]});
    assert!(codes(&listed, &call(json!({}))).is_empty());
    assert!(codes(&listed, &call(json!({"to": null}))).is_empty());
    let mut facts = call(json!({}));
    facts.settings.clear();
    facts.recent = vec![Recent { seconds: 60, instance: 30, ..Recent::default() }];
    assert_eq!(codes(&listed, &facts), ["no-tls", "storm"]);
}

#[test]
fn a_storm_is_as_many_within_a_minute_as_may_be() {
    for (written, instance, expect) in [
        (json!({}), 29, &[][..]),
        (json!({}), 30, &["storm"]),
        (json!({"per-minute": 1}), 0, &[]),
        (json!({"per-minute": 1}), 1, &["storm"]),
        (json!({"per-minute": 10_000}), 9_999, &[]),
    ] {
        let mut facts = call(json!({}));
        let busy = Recent { actor: 99_999, provider: 99_999, command: 99_999, ..Recent::default() };
        let hour = Recent { seconds: 3_600, instance: 99_999, ..busy.clone() };
        facts.recent = vec![hour, Recent { seconds: 60, instance, ..busy }];
        assert_eq!(codes(&written, &facts), expect, "{written} {instance}");
    }
}

#[test]
fn each_fault_has_its_place() {
    let issues = |written| SipAdmission::validate(&settings(written), &Value::Null);
    let what = "must be +3120*, +31201234567 or sip:*@example.com";
    let good = json!(["+3120*", "0031 20*", "+31201234567", "sip:*@example.com", "SIP:*@10.0.0.1"]);
    assert_eq!(issues(json!({"allow": good, "deny": good})), []);
    for wrong in [
        "",
        "*",
        "+",
        "+*",
        "3120*",
        "020*",
        "+31*20",
        "+31**",
        "*20",
        "+0*",
        "+３１*",
        "+31%32*",
        "sip:*",
        "sip:*@",
        "sip:bob@example.com",
        "sip:*@*.example.com",
        "sip:*@example.com:5060",
        "*@example.com",
        "tel:+31*",
        "+31(0)20*",
        "+3120*\n",
    ] {
        assert_eq!(issues(json!({"allow": [wrong]})), [Issue::at("/allow/0", what)], "{wrong:?}");
        let second = json!({"deny": ["+31*", wrong]});
        assert_eq!(issues(second.clone()), [Issue::at("/deny/1", what)], "{wrong:?}");
        // Should nobody have asked, it is no licence.
        assert_eq!(to(&json!({"allow": [wrong]}), "+31201234567"), "not-listed");
        assert_eq!(to(&second, "+44201234567"), "listed-as-denied");
    }
}
