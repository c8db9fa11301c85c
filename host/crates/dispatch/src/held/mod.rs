//! Commands that wait for people: kept as they were asked, decided by others, and then run exactly
//! so.

mod asked;
mod people;
mod tell;

pub(crate) use asked::AskedFor;
pub use people::{Decided, HeldShown};

use crate::host::{Host, fresh_id};
use crate::job::explain;
use crate::policies::Judged;
use if_core::{Code, Digest, OperationId, Problem, UnixMillis};
use if_governor::Verdict;
use if_governor::hold::{self, Held, LASTS_MS, OPEN_MAX, Standing, Voice};
use if_manifest::trust::{Decision, TrustRoot, verify_held};
use if_store::{Sql, StoreError};
use if_witness::{Intent, WitnessError};
use serde_json::json;

/// An open hold in which the very same was asked, and who has approved it so far.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub held: Held,
    pub approvers: Vec<String>,
}

impl Waiting {
    pub fn approvals(&self) -> u32 {
        u32::try_from(self.approvers.len()).unwrap_or(u32::MAX)
    }
}

impl Host {
    /// The open hold of what is asked, if there is one.
    pub(crate) fn waiting(&self, asked: &Digest) -> Result<Option<Waiting>, Problem> {
        let now = self.now();
        let found = self.store.read(|view| {
            let Some(held) = hold::same(view, asked, now)? else { return Ok(None) };
            let voices = hold::voices(view, &held.id)?;
            Ok::<_, StoreError>(Some((held, voices)))
        });
        let Some((held, voices)) = found.map_err(explain)? else { return Ok(None) };
        let approvers = match voices.is_empty() {
            true => Vec::new(),
            false => approvers(&held, &voices, &self.trust()?.root),
        };
        Ok(Some(Waiting { held, approvers }))
    }

    /// Keeps a command that is held, tells people, and says what to do. The same again joins the
    /// hold that there is.
    pub(crate) fn hold(
        &self,
        asked: &AskedFor,
        mut intent: Intent,
        judged: &Judged,
        waiting: Option<&Waiting>,
        line: &str,
    ) -> Problem {
        if let Some(waiting) = waiting {
            intent.trace = Some(waiting.held.id.to_string());
            let problem = held_problem(&waiting.held, line, waiting.approvals());
            return match self.witness.deny(intent, Code::Held, &problem.message) {
                Ok(_) => problem,
                Err(error) => explain(error),
            };
        }
        match self.keep(asked, intent, judged, line) {
            Ok(held) => {
                let problem = held_problem(&held, line, 0);
                match self.tell(&held, line) {
                    Ok(()) => problem,
                    Err(why) => problem.because(why),
                }
            }
            Err(problem) => problem,
        }
    }

    fn keep(
        &self,
        asked: &AskedFor,
        mut intent: Intent,
        judged: &Judged,
        line: &str,
    ) -> Result<Held, Problem> {
        self.expire()?;
        let root = self.trust()?.root;
        let least = root.role(root.approving()).threshold;
        let id = fresh_id(self.now())?;
        // Who looks for the one finds the other, and what becomes of it.
        intent.trace = Some(id.to_string());
        let mut kept = None;
        let text = format!("`{line}` waits for approval: {id}");
        let verdict = judged.combined.verdict;
        let (approvals, reasons) = (judged.combined.approvals.max(least), judged.lines());
        let principal = if_registry::own_key(&self.layout).map(|key| key.to_string());
        let quota = self.witness.deny_with(intent, Code::Held, &text, |tx, at| {
            if hold::waiting(tx, &asked.actor, at).map_err(store)? >= OPEN_MAX {
                return Err(WitnessError::Refused(quota()));
            }
            let held = Held {
                asked_sha256: asked.digest(),
                intent_sha256: intent_digest(&id, at, approvals, &asked.text()),
                request: asked.text(),
                actor: asked.actor.clone(),
                principal,
                verdict,
                reasons,
                approvals,
                at,
                expires: at.plus_millis(LASTS_MS),
                standing: Standing::Waiting,
                ended: None,
                operation: None,
                id,
            };
            hold::keep(tx, &held).map_err(store)?;
            kept = Some(held);
            Ok(())
        });
        quota.map_err(|error| match error {
            WitnessError::Refused(problem) => problem,
            error => explain(error),
        })?;
        kept.ok_or_else(|| Problem::new(Code::Bug, "a hold was kept and is not there"))
    }

    /// Says of every hold whose time is over that it is denied.
    pub(crate) fn expire(&self) -> Result<(), Problem> {
        let now = self.now();
        let over = self.store.read(|view| hold::overdue(view, now)).map_err(explain_store)?;
        for held in over {
            let note = format!("held command {} expired: denied", held.id);
            let ended = |tx: &dyn Sql| {
                hold::advance(tx, &held.id, held.standing, Standing::Expired, now, None).map(|_| ())
            };
            self.witness.note_with(&note, |tx| ended(tx)).map_err(explain)?;
        }
        Ok(())
    }
}

/// Takes an approved hold for the operation that now begins, in the transaction of its intent.
///
/// # Errors
/// Somebody else has, or it is over.
pub(crate) fn take(
    sql: &dyn Sql,
    held: &Held,
    operation: &OperationId,
    now: UnixMillis,
) -> Result<(), Problem> {
    let taken =
        hold::advance(sql, &held.id, Standing::Approved, Standing::Done, now, Some(operation));
    match taken.map_err(explain_store)? && now < held.expires {
        true => Ok(()),
        false => Err(closed(held, now)),
    }
}

/// Whose approvals count now: distinct, signed over this very intent, by principals who may still
/// approve, and not by who asked.
pub(crate) fn approvers(held: &Held, voices: &[Voice], root: &TrustRoot) -> Vec<String> {
    let counts = |voice: &&Voice| {
        verify_held(&voice.envelope, root).is_ok_and(|said| {
            said.decision == Decision::Approve
                && said.intent_sha256 == held.intent_sha256
                && said.principal.to_string() == voice.principal
                && held.principal.as_deref() != Some(voice.principal.as_str())
        })
    };
    let mut found: Vec<String> =
        voices.iter().filter(counts).map(|voice| voice.principal.clone()).collect();
    found.sort();
    found.dedup();
    found
}

/// What approvals are signatures over.
fn intent_digest(id: &OperationId, at: UnixMillis, approvals: u32, request: &str) -> Digest {
    let text = json!({
        "hold": id, "at": at.0, "approvals": approvals, "request": request,
    });
    if_manifest::sha256(text.to_string().as_bytes())
}

fn held_problem(held: &Held, line: &str, approvals: u32) -> Problem {
    let word = match held.verdict {
        Verdict::Escalate => "is escalated and waits",
        _ => "waits",
    };
    let text = format!("`{line}` {word} for approval ({approvals} of {})", held.approvals);
    let problem = Problem::new(Code::Held, text);
    let problem = held.reasons.iter().fold(problem, |problem, line| problem.because(line));
    problem.hint(format!("somebody else approves: ifctl governor holds approve {}", held.id))
}

fn quota() -> Problem {
    let text = format!("{OPEN_MAX} commands of yours wait for approval already");
    Problem::new(Code::HoldQuota, text).hint("ifctl governor holds list")
}

/// A hold that is decided, or over.
pub(crate) fn closed(held: &Held, now: UnixMillis) -> Problem {
    let text = match held.standing_at(now) {
        Standing::Expired => {
            format!("the held command {} is denied: nobody decided in time", held.id)
        }
        standing => format!("the held command {} is {} already", held.id, standing.as_str()),
    };
    Problem::new(Code::HoldClosed, text).hint("ifctl governor holds list --all")
}

fn store(error: StoreError) -> WitnessError {
    error.into()
}

fn explain_store(error: StoreError) -> Problem {
    explain(error)
}
