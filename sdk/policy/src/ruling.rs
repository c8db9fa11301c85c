//! What a policy answers.

use serde::{Deserialize, Serialize};

/// From the mildest to the strictest: where policies differ, the strictest counts.
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

/// Why, by a code that `About` names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: String,
    pub text: String,
}

/// What the caller must give for the command to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Obligation {
    /// `--why`
    Why,
    /// `--yes`
    Yes,
    /// `--idempotency-key`
    IdempotencyKey,
}

/// A decision with its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    pub verdict: Verdict,
    #[serde(default)]
    pub reasons: Vec<Reason>,
    #[serde(default)]
    pub obligations: Vec<Obligation>,
    /// How many distinct people must approve, where it waits.
    #[serde(default)]
    pub approvals: u32,
}

impl Ruling {
    /// Nothing against it.
    pub fn allow() -> Self {
        Self { verdict: Verdict::Allow, reasons: Vec::new(), obligations: Vec::new(), approvals: 0 }
    }

    /// It must not happen.
    pub fn deny(code: &str, text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Deny, ..Self::allow() }.because(code, text)
    }

    /// It waits until somebody else approves.
    pub fn hold(code: &str, text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Hold, approvals: 1, ..Self::allow() }.because(code, text)
    }

    /// It waits until somebody else approves, and people are told at once.
    pub fn escalate(code: &str, text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Escalate, approvals: 1, ..Self::allow() }.because(code, text)
    }

    /// A further reason.
    #[must_use]
    pub fn because(mut self, code: &str, text: impl Into<String>) -> Self {
        self.reasons.push(Reason { code: code.to_owned(), text: text.into() });
        self
    }

    /// By so many distinct people.
    #[must_use]
    pub fn by(mut self, approvals: u32) -> Self {
        self.approvals = approvals;
        self
    }

    /// Only if the caller gives this.
    #[must_use]
    pub fn needs(mut self, obligation: Obligation) -> Self {
        self.obligations.push(obligation);
        self
    }

    /// The stricter of the two, with the reasons and obligations of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.verdict = self.verdict.max(other.verdict);
        self.reasons.extend(other.reasons);
        self.obligations.extend(other.obligations);
        self.approvals = self.approvals.max(other.approvals);
        self
    }
}
