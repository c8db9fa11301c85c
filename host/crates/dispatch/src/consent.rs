//! What policies and people say of a command, and that it is still so when its intent stands.
//!
//! Policies are asked before the intent, outside of any transaction: they are components and take
//! their time. What they were told can have changed by then in one way that matters: somebody else
//! was counted. So the counts are compared in the intent's own commit, and where they differ the
//! policies are asked again.

use crate::held::{self, AskedFor, Waiting};
use crate::host::Host;
use crate::intent::Known;
use crate::job::explain;
use crate::policies::{APPROVED, Case, Judged, Policies, SET, given, recent};
use if_core::{CapabilityId, Code, Exit, Problem, UnixMillis};
use if_governor::hold::Held;
use if_governor::{Verdict, tallies, tally};
use if_store::{Sql, Transaction, remember_release};
use if_witness::{Intent, Operation, WitnessError};
use std::cell::Cell;

/// How often a command is judged again because others were counted meanwhile: each time somebody
/// else got on, and so many at once that it happens more often wait for a moment.
const JUDGED_AGAIN_MAX: usize = 50;

/// A command that may go on.
pub(crate) struct Consent {
    pub judged: Judged,
    /// The hold by which people let it through.
    approved: Option<Waiting>,
}

impl Host {
    /// Asks everybody. A command that may not go on is in the log when this returns. `approved`:
    /// the hold that it runs by.
    pub(crate) fn consent(
        &self,
        set: &Policies,
        case: &Case<'_>,
        approved: Option<&Held>,
    ) -> Result<Consent, Problem> {
        let known = Known { plugin: Some((case.loaded, case.job)), judged: None };
        let refused = |problem| self.refused(case.request, known, problem);
        if set.file.entries.is_empty() && approved.is_none() {
            return Ok(Consent { judged: Judged::unasked(set), approved: None });
        }
        let (parameters, by) = (case.job.parameters, case.by.clone());
        let asked = AskedFor::of(case.request, parameters, by, case.loaded.manifest_digest);
        let asked = asked.map_err(refused)?;
        let waiting = self.waiting(&asked.digest()).map_err(refused)?;
        if let Some(held) = approved
            && waiting.as_ref().is_none_or(|waiting| waiting.held.id != held.id)
        {
            let text = format!("what {} was about is not what it was: a plugin or a file", held.id);
            let problem = Problem::new(Code::HoldClosed, text);
            return Err(refused(problem.hint("ask for the command again: it is held anew")));
        }
        let (have, least) =
            waiting.as_ref().map_or((0, 0), |it| (it.approvals(), it.held.approvals));
        let judged = self.judge(set, case, &given(case.request, have, least), self.now());
        let judged = judged.map_err(refused)?;
        let known = Known { judged: Some(&judged), ..known };
        match judged.combined.verdict {
            Verdict::Allow => {
                let lifted =
                    waiting.filter(|_| judged.combined.approvals > 0 || approved.is_some());
                Ok(Consent { judged, approved: lifted })
            }
            Verdict::Deny => Err(self.refused(case.request, known, judged.denial(&case.job.typed))),
            Verdict::Hold | Verdict::Escalate => {
                let intent = self.held_intent(case.request, known, &judged)?;
                Err(self.hold(&asked, intent, &judged, waiting.as_ref(), &case.job.typed))
            }
        }
    }

    /// Writes the intent of a command that may go on, with what `also` writes. Where others were
    /// counted meanwhile, everybody is asked again.
    pub(crate) fn begin_agreed(
        &self,
        set: &Policies,
        case: &Case<'_>,
        mut consent: Consent,
        mut intent: Intent,
        also: impl Fn(&Transaction<'_>, UnixMillis) -> Result<Vec<String>, Problem>,
    ) -> Result<Operation, Problem> {
        let held = consent.approved.as_ref().map(|it| it.held.clone());
        let known = Known { plugin: Some((case.loaded, case.job)), judged: None };
        for _ in 0..JUDGED_AGAIN_MAX {
            let overtaken = Cell::new(false);
            let begun = self.witness.begin_if(intent.clone(), |tx, at| {
                overtaken.set(consent.is_overtaken(tx, case)?);
                if overtaken.get() {
                    return Err(busy());
                }
                consent.record(tx, case, &intent, at)?;
                also(tx, at)
            });
            match begun {
                Err(WitnessError::Refused(_)) if overtaken.get() => {}
                Err(WitnessError::Refused(problem))
                    if matches!(problem.code.exit(), Exit::Limit | Exit::Denied) =>
                {
                    let known = Known { judged: Some(&consent.judged), ..known };
                    return Err(self.refused(case.request, known, problem));
                }
                begun => return begun.map_err(explain),
            }
            consent = self.consent(set, case, held.as_ref())?;
            intent.decided = consent.judged.body();
        }
        Err(self.refused(case.request, known, busy()))
    }
}

impl Consent {
    /// Names of rules, and who approved, for the log.
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons = self.judged.combined.rules();
        reasons.extend(self.approved.as_ref().map(|it| {
            let short = |key: &String| key.chars().take(19).collect::<String>();
            let who: Vec<String> = it.approvers.iter().map(short).collect();
            format!("{APPROVED}{} (held command {})", who.join(" "), it.held.id)
        }));
        reasons
    }

    /// Whether somebody was counted since policies looked.
    fn is_overtaken(&self, sql: &dyn Sql, case: &Case<'_>) -> Result<bool, Problem> {
        let (Some(told), Some(at)) = (self.judged.facts.get("recent"), self.told_at()) else {
            return Ok(false);
        };
        let counts = tallies(sql, &case.tallied(), at).map_err(explain)?;
        Ok(recent(&counts) != *told)
    }

    fn told_at(&self) -> Option<UnixMillis> {
        self.judged.facts.get("at").and_then(serde_json::Value::as_u64).map(UnixMillis)
    }

    /// What stands with the intent: the count, the version of the set, the end of the hold.
    fn record(
        &self,
        tx: &Transaction<'_>,
        case: &Case<'_>,
        intent: &Intent,
        at: UnixMillis,
    ) -> Result<(), Problem> {
        if self.judged.facts.get("recent").is_some() {
            tally(tx, &case.tallied(), at).map_err(explain)?;
        }
        if let (Some(version), Ok(id)) = (self.judged.version, CapabilityId::new(SET)) {
            remember_release(tx, &id, version).map_err(explain)?;
        }
        match &self.approved {
            Some(waiting) => held::take(tx, &waiting.held, &intent.operation, at),
            None => Ok(()),
        }
    }
}

fn busy() -> Problem {
    Problem::new(Code::StoreBusy, "too many commands at once were counted before this one")
}
