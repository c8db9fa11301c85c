//! What the answers of all policies mean together. Pure: the same answers give the same decision.
//!
//! The rule: the strictest counts, deny before escalate before hold before allow. Who has not given
//! what a policy obliges the caller to give is denied, so that nobody waits for approvals in vain.
//! A hold or an escalation is lifted by so many approvals of distinct people as the most demanding
//! policy wants; a denial by nothing.

use if_core::Word;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// From the mildest to the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Allow,
    /// It waits for approvals.
    Hold,
    /// It waits for approvals, and people are told at once.
    Escalate,
    Deny,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Allow => "allow",
            Verdict::Hold => "hold",
            Verdict::Escalate => "escalate",
            Verdict::Deny => "deny",
        })
    }
}

/// Why, by a code of the policy's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    pub code: Word,
    pub text: String,
}

/// What the caller must give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Obligation {
    Why,
    Yes,
    IdempotencyKey,
}

impl Obligation {
    /// As it is typed.
    pub fn flag(self) -> &'static str {
        match self {
            Obligation::Why => "--why",
            Obligation::Yes => "--yes",
            Obligation::IdempotencyKey => "--idempotency-key",
        }
    }
}

/// What a policy answers, as it stands in its result. A wire type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ruling {
    pub verdict: Verdict,
    #[serde(default)]
    pub reasons: Vec<Reason>,
    #[serde(default)]
    pub obligations: BTreeSet<Obligation>,
    /// How many distinct people must approve, where it waits; at least one.
    #[serde(default)]
    pub approvals: u32,
}

/// A policy's answer under the name that the operator gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub policy: Word,
    #[serde(flatten)]
    pub ruling: Ruling,
    /// It did not answer, or not as it may; then `ruling` denies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// What the caller, and others, have given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    pub obligations: BTreeSet<Obligation>,
    /// Distinct people who have approved.
    pub approvals: u32,
    /// What the trust root asks of every approval; one where it says nothing.
    pub approvals_least: u32,
}

/// The decision of all together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Combined {
    pub verdict: Verdict,
    /// What the caller has not given; then the verdict is a denial.
    pub missing: BTreeSet<Obligation>,
    /// How many distinct people must approve; 0 where nobody must.
    pub approvals: u32,
    pub findings: Vec<Finding>,
}

/// Decides.
pub fn combine(findings: Vec<Finding>, given: &Given) -> Combined {
    let strictest = findings.iter().map(|it| it.ruling.verdict).max().unwrap_or(Verdict::Allow);
    let owed = findings.iter().flat_map(|it| it.ruling.obligations.iter());
    let missing: BTreeSet<Obligation> =
        owed.filter(|it| !given.obligations.contains(it)).copied().collect();
    let waits = |it: &&Finding| matches!(it.ruling.verdict, Verdict::Hold | Verdict::Escalate);
    let wanted = findings.iter().filter(waits).map(|it| it.ruling.approvals.max(1)).max();
    let approvals = wanted.map_or(0, |wanted| wanted.max(given.approvals_least));
    let verdict = match strictest {
        Verdict::Deny => Verdict::Deny,
        _ if !missing.is_empty() => Verdict::Deny,
        Verdict::Hold | Verdict::Escalate if given.approvals >= approvals => Verdict::Allow,
        strictest => strictest,
    };
    Combined { verdict, missing, approvals, findings }
}

impl Combined {
    /// Names of rules, for the log: `two-person: needs-approvals`.
    pub fn rules(&self) -> Vec<String> {
        let of = |it: &Finding| -> Vec<String> {
            let reasons = it.ruling.reasons.iter();
            reasons.map(|reason| format!("{}: {}", it.policy, reason.code)).collect()
        };
        self.findings.iter().flat_map(of).collect()
    }

    /// Those that speak for the verdict, or all where they were overruled.
    pub fn speaking(&self) -> impl Iterator<Item = &Finding> {
        let loud = self.findings.iter().any(|it| it.ruling.verdict == self.verdict);
        self.findings.iter().filter(move |it| !loud || it.ruling.verdict == self.verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The rule once more, said in another way: by asking each question of the whole list.
    fn model(findings: &[(Verdict, u32, Vec<Obligation>)], given: &Given) -> Verdict {
        let any = |wanted: Verdict| findings.iter().any(|(verdict, ..)| *verdict == wanted);
        if any(Verdict::Deny) {
            return Verdict::Deny;
        }
        for (_, _, obligations) in findings {
            for obligation in obligations {
                if !given.obligations.contains(obligation) {
                    return Verdict::Deny;
                }
            }
        }
        for (verdict, approvals, _) in findings {
            let waits = *verdict == Verdict::Hold || *verdict == Verdict::Escalate;
            let enough = given.approvals >= *approvals
                && given.approvals >= 1
                && given.approvals >= given.approvals_least;
            if waits && !enough {
                return if any(Verdict::Escalate) { Verdict::Escalate } else { Verdict::Hold };
            }
        }
        Verdict::Allow
    }

    fn obligations() -> impl Strategy<Value = Vec<Obligation>> {
        let one = prop_oneof![
            Just(Obligation::Why),
            Just(Obligation::Yes),
            Just(Obligation::IdempotencyKey)
        ];
        prop::collection::vec(one, 0..3)
    }

    fn verdict() -> impl Strategy<Value = Verdict> {
        prop_oneof![
            3 => Just(Verdict::Allow),
            2 => Just(Verdict::Hold),
            2 => Just(Verdict::Escalate),
            1 => Just(Verdict::Deny),
        ]
    }

    fn finding(
        index: usize,
        (verdict, approvals, owed): &(Verdict, u32, Vec<Obligation>),
    ) -> Finding {
        let reason = Reason { code: Word::new("why").unwrap(), text: "so".to_owned() };
        Finding {
            policy: Word::new(format!("p{index}")).unwrap(),
            ruling: Ruling {
                verdict: *verdict,
                reasons: vec![reason],
                obligations: owed.iter().copied().collect(),
                approvals: *approvals,
            },
            fault: None,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn it_decides_as_the_model_does(
            said in prop::collection::vec((verdict(), 0..4u32, obligations()), 0..6),
            have in obligations(), approvals in 0..4u32, approvals_least in 0..3u32,
        ) {
            let given =
                Given { obligations: have.into_iter().collect(), approvals, approvals_least };
            let findings: Vec<Finding> =
                said.iter().enumerate().map(|(index, it)| finding(index, it)).collect();
            let combined = combine(findings.clone(), &given);
            prop_assert_eq!(combined.verdict, model(&said, &given));
            // Another order is the same decision, and one answer more is never milder.
            let turned = combine(findings.iter().rev().cloned().collect(), &given);
            prop_assert_eq!(turned.verdict, combined.verdict);
            if let Some((_, fewer)) = findings.split_last() {
                prop_assert!(combine(fewer.to_vec(), &given).verdict <= combined.verdict);
            }
            prop_assert_eq!(combined.rules().len(), findings.len());
        }
    }

    #[test]
    fn nobody_against_it_is_allowed() {
        let combined = combine(Vec::new(), &Given::default());
        assert_eq!((combined.verdict, combined.approvals), (Verdict::Allow, 0));
    }

    #[test]
    fn those_speak_who_decided() {
        let said =
            [(Verdict::Hold, 2, vec![]), (Verdict::Deny, 0, vec![]), (Verdict::Allow, 0, vec![])];
        let findings = said.iter().enumerate().map(|(index, it)| finding(index, it)).collect();
        let combined = combine(findings, &Given { approvals: 9, ..Given::default() });
        let names: Vec<&str> = combined.speaking().map(|it| it.policy.as_str()).collect();
        assert_eq!((combined.verdict, names), (Verdict::Deny, vec!["p1"]));
        assert_eq!(combined.rules()[0], "p0: why");
    }

    #[test]
    fn an_answer_is_read_strictly() {
        let read = |text: &str| serde_json::from_str::<Ruling>(text);
        let short = read(r#"{"verdict": "allow"}"#).unwrap();
        assert_eq!((short.verdict, short.approvals), (Verdict::Allow, 0));
        for bad in [
            r#"{"verdict": "perhaps"}"#,
            r#"{"verdict": "allow", "reason": []}"#,
            r#"{"verdict": "hold", "reasons": [{"code": "A b", "text": ""}]}"#,
            r#"{"verdict": "hold", "approvals": -1}"#,
            r#"{}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
