//! What a caller says of its own doubts decides who must look before something changes.
//!
//! Claims are unchecked, so they only ever make a decision stricter. A claim that cannot be read is
//! treated as the worst it could have said.

use if_policy::prelude::*;

/// The policy `hazard`.
pub struct Hazard;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    conflict: f64,
    confidence_escalate: f64,
    confidence_hold: f64,
    effect: Effect,
    required: bool,
}

impl Policy for Hazard {
    type Settings = Settings;

    fn about() -> About {
        About::new("what a caller doubts, people look at first")
            .setting(decimal("conflict", "a larger share of dissent escalates", 0.0, 1.0).or(0.2))
            .setting(decimal("confidence-escalate", "less confidence escalates", 0.0, 1.0).or(0.2))
            .setting(decimal("confidence-hold", "less confidence waits", 0.0, 1.0).or(0.3))
            .setting(
                choice("effect", "from which effect on", &["read", "write", "dangerous"])
                    .or("write"),
            )
            .setting(flag("required", "a change without the claim `confidence` waits"))
            .reason("legal", "the caller claims a legal hazard")
            .reason("safety", "the caller claims a hazard to people")
            .reason("conflict", "too large a share of the caller's sources disagree")
            .reason("confidence-lowest", "the caller has next to no confidence in it")
            .reason("confidence-low", "the caller has little confidence in it")
            .reason("confidence-missing", "the caller does not say how confident it is")
            .reason("claim-unreadable", "a claim is of the wrong type or out of range")
    }

    fn validate(settings: &Settings, _catalog: &Value) -> Vec<Issue> {
        let Settings { confidence_escalate: escalate, confidence_hold: hold, .. } = settings;
        if hold >= escalate {
            return Vec::new();
        }
        let message = format!("{hold} is below `confidence-escalate`, {escalate}: nothing waits");
        vec![Issue::at("/confidence-hold", message)]
    }

    fn evaluate(settings: &Settings, facts: &Facts) -> Ruling {
        if facts.command.mode == Mode::DryRun || facts.command.effect < settings.effect {
            return Ruling::allow();
        }
        flagged(facts, "legal", "a legal hazard")
            .and(flagged(facts, "safety", "a hazard to people"))
            .and(conflict(settings, facts))
            .and(confidence(settings, facts))
    }
}

/// A claim that is true or false, under the code of its own name.
fn flagged(facts: &Facts, name: &str, what: &str) -> Ruling {
    match facts.claims.get(name) {
        None | Some(Value::Bool(false)) => Ruling::allow(),
        Some(Value::Bool(true)) => {
            let text = format!("`{}`: the caller claims {what}", facts.command.line());
            Ruling::escalate(name, text)
        }
        Some(_) => unreadable(name, "true or false"),
    }
}

fn conflict(settings: &Settings, facts: &Facts) -> Ruling {
    match share(facts, "conflict") {
        Ok(Some(share)) if share > settings.conflict => {
            let text = format!("a conflict of {share} is above {}", settings.conflict);
            Ruling::escalate("conflict", text)
        }
        Ok(_) => Ruling::allow(),
        Err(unreadable) => unreadable,
    }
}

fn confidence(settings: &Settings, facts: &Facts) -> Ruling {
    let Settings { confidence_escalate: escalate, confidence_hold: hold, .. } = settings;
    match share(facts, "confidence") {
        Ok(Some(share)) if share < *escalate => {
            let text = format!("a confidence of {share} is below {escalate}");
            Ruling::escalate("confidence-lowest", text)
        }
        Ok(Some(share)) if share < *hold => {
            Ruling::hold("confidence-low", format!("a confidence of {share} is below {hold}"))
        }
        Ok(None) if settings.required && facts.command.changes() => {
            let text = format!("`{}` needs `--claim confidence=0..1`", facts.command.line());
            Ruling::hold("confidence-missing", text)
        }
        Ok(_) => Ruling::allow(),
        Err(unreadable) => unreadable,
    }
}

/// A claim between 0 and 1, or what it means that it is none.
fn share(facts: &Facts, name: &str) -> Result<Option<f64>, Ruling> {
    let Some(value) = facts.claims.get(name) else { return Ok(None) };
    let share = value.as_f64().filter(|share| (0.0..=1.0).contains(share));
    share.map(Some).ok_or_else(|| unreadable(name, "a number from 0 to 1"))
}

fn unreadable(name: &str, expected: &str) -> Ruling {
    Ruling::escalate("claim-unreadable", format!("the claim `{name}` is not {expected}"))
}

if_policy::policy!(Hazard);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(required: bool) -> Settings {
        Settings {
            conflict: 0.2,
            confidence_escalate: 0.2,
            confidence_hold: 0.3,
            effect: Effect::Write,
            required,
        }
    }

    /// Claims against the verdict and its codes, for a write.
    fn check(claims: Value, verdict: Verdict, codes: &[&str]) {
        let mut facts = Facts::example("obs", "stream stop", Effect::Write);
        facts.claims = claims.as_object().cloned().unwrap();
        let ruling = Hazard::evaluate(&settings(false), &facts);
        let said: Vec<&str> = ruling.reasons.iter().map(|it| it.code.as_str()).collect();
        assert_eq!((ruling.verdict, said.as_slice()), (verdict, codes), "{claims}");
        assert_eq!(ruling.approvals, u32::from(verdict != Verdict::Allow), "{claims}");
    }

    #[test]
    fn no_doubt_is_allowed() {
        check(json!({}), Verdict::Allow, &[]);
        check(
            json!({"legal": false, "safety": false, "conflict": 0, "confidence": 1}),
            Verdict::Allow,
            &[],
        );
    }

    #[test]
    fn law_and_safety_are_for_people() {
        check(json!({"legal": true}), Verdict::Escalate, &["legal"]);
        check(json!({"safety": true}), Verdict::Escalate, &["safety"]);
        check(json!({"legal": true, "safety": true}), Verdict::Escalate, &["legal", "safety"]);
    }

    #[test]
    fn the_bounds_are_where_they_are_said_to_be() {
        check(json!({"conflict": 0.20}), Verdict::Allow, &[]);
        check(json!({"conflict": 0.2000001}), Verdict::Escalate, &["conflict"]);
        check(json!({"conflict": 1}), Verdict::Escalate, &["conflict"]);
        check(json!({"confidence": 0.30}), Verdict::Allow, &[]);
        check(json!({"confidence": 0.2999999}), Verdict::Hold, &["confidence-low"]);
        check(json!({"confidence": 0.20}), Verdict::Hold, &["confidence-low"]);
        check(json!({"confidence": 0.1999999}), Verdict::Escalate, &["confidence-lowest"]);
        check(json!({"confidence": 0}), Verdict::Escalate, &["confidence-lowest"]);
    }

    #[test]
    fn the_strictest_of_several_counts_and_all_are_named() {
        check(
            json!({"conflict": 0.5, "confidence": 0.25}),
            Verdict::Escalate,
            &["conflict", "confidence-low"],
        );
    }

    #[test]
    fn what_cannot_be_read_is_for_people() {
        for claims in [
            json!({"legal": "false"}),
            json!({"legal": null}),
            json!({"safety": 0}),
            json!({"conflict": "0.1"}),
            json!({"conflict": -0.1}),
            json!({"conflict": 1.1}),
            json!({"confidence": 90}),
            json!({"confidence": [0.9]}),
            json!({"confidence": null}),
        ] {
            check(claims, Verdict::Escalate, &["claim-unreadable"]);
        }
    }

    #[test]
    fn a_change_says_how_confident_it_is_where_it_must() {
        let facts = Facts::example("obs", "stream stop", Effect::Write);
        let ruling = Hazard::evaluate(&settings(true), &facts);
        assert_eq!((ruling.verdict, ruling.approvals), (Verdict::Hold, 1));
        assert_eq!(ruling.reasons[0].code, "confidence-missing");
        let sure = facts.clone().claiming("confidence", 0.9);
        assert_eq!(Hazard::evaluate(&settings(true), &sure), Ruling::allow());
        let mut look = settings(true);
        look.effect = Effect::Read;
        let read = Facts::example("obs", "status", Effect::Read);
        assert_eq!(Hazard::evaluate(&look, &read), Ruling::allow());
    }

    #[test]
    fn milder_effects_and_dry_runs_are_not_looked_at() {
        let read = Facts::example("obs", "status", Effect::Read).claiming("legal", true);
        assert_eq!(Hazard::evaluate(&settings(true), &read), Ruling::allow());
        let mut look = settings(false);
        look.effect = Effect::Read;
        assert_eq!(Hazard::evaluate(&look, &read).verdict, Verdict::Escalate);
        let mut dry = Facts::example("obs", "stream stop", Effect::Dangerous);
        dry.command.mode = Mode::DryRun;
        let dry = dry.claiming("safety", true);
        assert_eq!(Hazard::evaluate(&settings(true), &dry), Ruling::allow());
    }

    #[test]
    fn bounds_in_the_wrong_order_are_an_issue() {
        let mut settings = settings(false);
        assert_eq!(Hazard::validate(&settings, &Value::Null), []);
        settings.confidence_hold = 0.2;
        assert_eq!(Hazard::validate(&settings, &Value::Null), []);
        settings.confidence_hold = 0.1;
        let issues = Hazard::validate(&settings, &Value::Null);
        assert_eq!(issues.len(), 1);
        assert_eq!(issues[0].at, "/confidence-hold");
        assert!(issues[0].message.contains("below `confidence-escalate`"));
    }
}
