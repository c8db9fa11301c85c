//! Scores and a need in, verdicts out.

use super::*;
use if_policy::Capability;
use serde_json::json;

/// As the host gives them: what is written, and the described defaults for the rest.
fn settings(mut written: Value) -> Settings {
    let about: Value = serde_json::from_str(&CapabilityMatch::about().describe()).unwrap();
    for one in about["settings"].as_array().unwrap() {
        let name = one["name"].as_str().unwrap();
        if written.get(name).is_none() {
            written[name] = one["default"].clone();
        }
    }
    serde_json::from_value(written).unwrap()
}

/// Asked by the swarm `media`, which is that good at these.
fn swarm(capabilities: &[(&str, f64)], reputation: Option<f64>) -> Facts {
    let known =
        |(name, score): &(&str, f64)| Capability { name: (*name).to_owned(), score: *score };
    let facts = Facts::example("obs", "stream stop", Effect::Write);
    let capabilities = capabilities.iter().map(known).collect();
    Facts { swarm: Some("media".to_owned()), capabilities, reputation, ..facts }
}

fn verdict(written: Value, facts: &Facts) -> Verdict {
    CapabilityMatch::evaluate(&settings(written), facts).verdict
}

#[test]
fn a_score_reaches_the_threshold_or_the_command_is_denied() {
    use Verdict::{Allow, Deny};
    for (score, reputation, expect) in [
        (0.7, None, Allow),
        (0.6999, None, Deny),
        (1.0, Some(0.7), Allow),
        (0.9, Some(0.5), Deny),
        (1.0, Some(0.0), Deny),
        (0.0, None, Deny),
    ] {
        let facts = swarm(&[("video.encode", score)], reputation).claiming("task", "video.encode");
        assert_eq!(verdict(json!({}), &facts), expect, "{score} {reputation:?}");
    }
    let facts = swarm(&[("video", 0.5)], None).claiming("task", "video");
    assert_eq!(verdict(json!({"threshold": 0.5}), &facts), Allow);
    assert_eq!(verdict(json!({"threshold": 1}), &facts), Deny);
    assert_eq!(verdict(json!({"threshold": 0}), &facts.clone().claiming("task", "any")), Allow);
}

#[test]
fn the_reason_names_capability_score_and_threshold() {
    let facts = swarm(&[("video", 0.9)], Some(0.5)).claiming("task", "video.encode");
    let text = "it needs `video.encode` at 0.7; `media` has a score of 0.9 and a reputation of \
                0.5, together 0.450";
    assert_eq!(
        CapabilityMatch::evaluate(&settings(json!({})), &facts),
        Ruling::deny("not-capable", text)
    );
}

#[test]
fn the_best_score_that_covers_it_counts() {
    for (capabilities, needed, expect) in [
        (&[("video", 0.8)][..], "video.encode", Verdict::Allow),
        (&[("video", 0.8)], "video.encode.hevc", Verdict::Allow),
        (&[("video", 0.2), ("video.encode", 0.9)], "video.encode", Verdict::Allow),
        (&[("video", 0.9), ("video.encode", 0.2)], "video.encode", Verdict::Allow),
        (&[("video.encode", 1.0)], "video", Verdict::Deny),
        (&[("video", 1.0)], "videos", Verdict::Deny),
        (&[("video", 1.0)], "video-encode", Verdict::Deny),
        (&[("video", 1.0)], "Video", Verdict::Deny),
        (&[("", 1.0)], ".video", Verdict::Deny),
        (&[("video", 1.0)], "", Verdict::Deny),
        (&[], "video", Verdict::Deny),
    ] {
        let facts = swarm(capabilities, None).claiming("task", needed);
        assert_eq!(verdict(json!({}), &facts), expect, "{capabilities:?} {needed}");
    }
}

#[test]
fn the_first_rule_that_fits_says_what_is_needed_unless_the_caller_does() {
    let rules = json!([
        {"provider": "vmix", "capability": "mixing"},
        {"provider": "obs", "command": "stream start", "capability": "starting"},
        {"command": "stream stop", "capability": "stopping"},
        {"provider": "obs", "capability": "anything"},
    ]);
    let written = json!({"rules": rules});
    let facts = swarm(&[("stopping", 1.0)], None);
    assert_eq!(verdict(written.clone(), &facts), Verdict::Allow);
    let mut other = facts.clone();
    other.command.path = "stream start".to_owned();
    let ruling = CapabilityMatch::evaluate(&settings(written.clone()), &other);
    assert!(ruling.reasons[0].text.starts_with("it needs `starting` at 0.7"));
    other.command.path = "scene switch".to_owned();
    let ruling = CapabilityMatch::evaluate(&settings(written.clone()), &other);
    assert!(ruling.reasons[0].text.starts_with("it needs `anything`"));
    other.command.provider = "ha".to_owned();
    assert_eq!(verdict(written.clone(), &other), Verdict::Allow);
    let claimed = facts.clone().claiming("task", "mixing");
    assert_eq!(verdict(written.clone(), &claimed), Verdict::Deny);
    // A claim that is no text names no capability.
    let unclear = swarm(&[], None).claiming("task", 5);
    assert_eq!(verdict(written, &unclear), Verdict::Deny);
    assert_eq!(verdict(json!({}), &unclear), Verdict::Allow);
}

#[test]
fn the_operator_says_what_becomes_of_less() {
    for (below, expect) in
        [("deny", Verdict::Deny), ("hold", Verdict::Hold), ("escalate", Verdict::Escalate)]
    {
        let facts = swarm(&[], None).claiming("task", "video");
        let ruling = CapabilityMatch::evaluate(&settings(json!({"below": below})), &facts);
        assert_eq!((ruling.verdict, ruling.reasons[0].code.as_str()), (expect, "not-capable"));
    }
}

#[test]
fn a_caller_without_a_swarm_is_the_operators_choice() {
    let mut facts = swarm(&[("video", 1.0)], None).claiming("task", "video");
    facts.swarm = None;
    let text = "it needs `video`, and its caller belongs to no swarm";
    for (without, expect) in [
        ("allow", Ruling::allow().because("no-swarm", text)),
        ("hold", Ruling::hold("no-swarm", text)),
        ("deny", Ruling::deny("no-swarm", text)),
    ] {
        let settings = settings(json!({"without-swarm": without}));
        assert_eq!(CapabilityMatch::evaluate(&settings, &facts), expect);
    }
    assert_eq!(verdict(json!({}), &facts), Verdict::Allow);
    facts.claims.clear();
    assert_eq!(verdict(json!({"without-swarm": "deny"}), &facts), Verdict::Allow);
}

#[test]
fn each_fault_has_its_place() {
    let issues = |capabilities: &[&str]| {
        let rule = |it: &&str| json!({"provider": "obs", "capability": it});
        let rules: Vec<Value> = capabilities.iter().map(rule).collect();
        CapabilityMatch::validate(&settings(json!({"rules": rules})), &Value::Null)
    };
    assert_eq!(issues(&["video", "video.encode", "a-b.c_d.9"]), []);
    for wrong in ["", ".", "video.", ".video", "video..encode", "video encode", "ｖideo"] {
        let what = format!("`{wrong}` must be words with dots between: video.encode");
        assert_eq!(issues(&["video", wrong]), [Issue::at("/rules/1/capability", what)]);
    }
}

#[test]
fn a_rule_of_another_shape_is_no_rule() {
    for wrong in [
        json!({"provider": "obs"}),
        json!({"capability": "video", "score": 1}),
        json!({"capability": 5}),
    ] {
        assert!(serde_json::from_value::<Rule>(wrong).is_err());
    }
}
