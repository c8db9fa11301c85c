//! Limits and counts in, verdicts out.

use super::*;
use serde_json::json;

fn limits(limits: Value) -> Settings {
    serde_json::from_value(json!({"limits": limits})).unwrap()
}

/// A write on `obs`; each count is another, so that none can be taken for its neighbour.
fn busy() -> Facts {
    let row = |seconds, base: u64| Recent {
        seconds,
        actor: base + 4,
        provider: base + 3,
        instance: base + 2,
        command: base + 1,
    };
    let facts = Facts::example("obs", "stream stop", Effect::Write);
    Facts { recent: vec![row(60, 10), row(3_600, 20), row(86_400, 30)], ..facts }
}

fn verdict(written: Value, facts: &Facts) -> Verdict {
    Rate::evaluate(&limits(json!([written])), facts).verdict
}

#[test]
fn each_limit_looks_at_its_own_count() {
    for (within, base) in [("minute", 10), ("hour", 20), ("day", 30)] {
        for (per, more) in [("actor", 4), ("provider", 3), ("instance", 2), ("command", 1)] {
            let reached = json!({"per": per, "within": within, "most": base + more});
            assert_eq!(verdict(reached, &busy()), Verdict::Deny, "{per} {within}");
            let room = json!({"per": per, "within": within, "most": base + more + 1});
            assert_eq!(verdict(room, &busy()), Verdict::Allow, "{per} {within}");
        }
    }
}

#[test]
fn a_limit_of_one_allows_the_first() {
    let one = json!({"per": "actor", "within": "day", "most": 1});
    let mut facts = busy();
    facts.recent[2].actor = 0;
    assert_eq!(verdict(one.clone(), &facts), Verdict::Allow);
    facts.recent[2].actor = 1;
    assert_eq!(verdict(one.clone(), &facts), Verdict::Deny);
    // A host that does not say has counted nothing.
    facts.recent.clear();
    assert_eq!(verdict(one, &facts), Verdict::Allow);
}

#[test]
fn the_reason_names_the_limit() {
    let settings = limits(json!([
        {"per": "actor", "within": "hour", "most": 5, "then": "hold"},
        {"per": "command", "within": "minute", "most": 2, "then": "escalate"},
        {"per": "instance", "within": "day", "most": 1_000},
    ]));
    let ruling = Rate::evaluate(&settings, &busy());
    assert_eq!((ruling.verdict, ruling.approvals), (Verdict::Escalate, 1));
    let reasons: Vec<(&str, &str)> =
        ruling.reasons.iter().map(|it| (it.code.as_str(), it.text.as_str())).collect();
    assert_eq!(
        reasons,
        [
            (
                "too-often",
                "there were as many already as the limit allows: 2 per command within a minute"
            ),
            (
                "too-often",
                "there were as many already as the limit allows: 5 per actor within an hour"
            ),
        ]
    );
}

#[test]
fn the_operator_says_what_follows() {
    for (then, expect) in
        [("deny", Verdict::Deny), ("hold", Verdict::Hold), ("escalate", Verdict::Escalate)]
    {
        let limit = json!({"per": "actor", "within": "hour", "most": 1, "then": then});
        assert_eq!(verdict(limit, &busy()), expect);
    }
}

#[test]
fn a_limit_is_for_the_commands_that_it_names() {
    let with = |key: &str, value: &str| {
        let mut limit = json!({"per": "actor", "within": "hour", "most": 1});
        limit[key] = json!(value);
        limit
    };
    for (key, value, expect) in [
        ("provider", "obs", Verdict::Deny),
        ("provider", "vmix", Verdict::Allow),
        ("command", "stream stop", Verdict::Deny),
        ("command", "stream", Verdict::Allow),
        ("effect", "read", Verdict::Deny),
        ("effect", "write", Verdict::Deny),
        ("effect", "dangerous", Verdict::Allow),
    ] {
        assert_eq!(verdict(with(key, value), &busy()), expect, "{key} {value}");
    }
    // Without an effect it looks at reads too, and not at what only concerns the session.
    let mut facts = busy();
    let any = json!({"per": "actor", "within": "hour", "most": 1});
    for (effect, expect) in [
        (Effect::Session, Verdict::Allow),
        (Effect::Read, Verdict::Deny),
        (Effect::Dangerous, Verdict::Deny),
    ] {
        facts.command.effect = effect;
        assert_eq!(verdict(any.clone(), &facts), expect);
    }
}

#[test]
fn dry_runs_are_not_limited() {
    let mut facts = busy();
    facts.command.mode = Mode::DryRun;
    let limit = json!({"per": "actor", "within": "hour", "most": 1});
    assert_eq!(verdict(limit, &facts), Verdict::Allow);
}

#[test]
fn many_limits_name_the_strictest_first() {
    let mut many = vec![json!({"per": "actor", "within": "hour", "most": 1, "then": "hold"}); 40];
    many.push(json!({"per": "actor", "within": "hour", "most": 2}));
    let ruling = Rate::evaluate(&limits(json!(many)), &busy());
    assert_eq!((ruling.verdict, ruling.reasons.len()), (Verdict::Deny, NAMED_MAX));
    assert!(ruling.reasons[0].text.ends_with(": 2 per actor within an hour"));
}

#[test]
fn each_fault_has_its_place() {
    let issues = |written| Rate::validate(&limits(written), &Value::Null);
    let limit = |most: i64| json!({"per": "actor", "within": "hour", "most": most});
    assert_eq!(issues(json!([])), [Issue::at("/limits", "has no limit")]);
    assert_eq!(issues(json!([limit(1), limit(1_000_000)])), []);
    let what = "must be 1 to 1000000";
    assert_eq!(
        issues(json!([limit(0), limit(1), limit(-1), limit(1_000_001)])),
        ["/limits/0/most", "/limits/2/most", "/limits/3/most"].map(|at| Issue::at(at, what))
    );
    let mut session = limit(1);
    session["effect"] = json!("session");
    let what = "must be read, write or dangerous";
    assert_eq!(issues(json!([limit(1), session])), [Issue::at("/limits/1/effect", what)]);
    // Should nobody have asked, it is no licence.
    assert_eq!(verdict(limit(-1), &busy()), Verdict::Deny);
}

#[test]
fn a_limit_of_another_shape_is_no_limit() {
    for wrong in [
        json!({"per": "actor", "within": "hour"}),
        json!({"per": "planet", "within": "hour", "most": 1}),
        json!({"per": "actor", "within": "week", "most": 1}),
        json!({"per": "actor", "within": "hour", "most": 1, "then": "allow"}),
        json!({"per": "actor", "within": "hour", "most": 1, "instance": "studio"}),
    ] {
        assert!(serde_json::from_value::<Limit>(wrong).is_err());
    }
}
