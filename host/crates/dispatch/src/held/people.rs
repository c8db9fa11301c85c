//! What people do with held commands: look, say yes or no, and have them run.

use super::asked::AskedFor;
use super::{approvers, closed};
use crate::host::Host;
use crate::job::explain;
use crate::request::Performed;
use if_core::{Code, EventSink, Problem};
use if_governor::hold::{self, Held, Standing, Unheard, Voice};
use if_manifest::trust::{Decision, HeldVoice, sign_held, verify_held};
use if_store::{Sql, StoreError};
use serde::Serialize;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// A held command, laid open.
#[derive(Debug, Clone, Serialize)]
pub struct HeldShown {
    #[serde(flatten)]
    pub held: Held,
    /// How it stands now.
    pub now: Standing,
    pub asked: Value,
    pub what: String,
    pub voices: Vec<Voice>,
    /// Whose approvals count.
    pub approvers: Vec<String>,
}

/// What became of a word.
#[derive(Debug)]
pub struct Decided {
    pub shown: HeldShown,
    /// How it went, where it could run now.
    pub performed: Option<Result<Performed, Problem>>,
}

impl Host {
    /// Held commands, the latest first: those that are open, or all.
    pub fn holds(&self, all: bool) -> Result<Vec<HeldShown>, Problem> {
        self.expire()?;
        let now = self.now();
        let found = self.store.read(|view| hold::list(view, !all, now)).map_err(store)?;
        found.into_iter().map(|held| self.held_shown(held)).collect()
    }

    /// One held command.
    pub fn held_command(&self, id: &str) -> Result<HeldShown, Problem> {
        let found = self.store.read(|view| hold::find(view, id)).map_err(store)?;
        let held = found.ok_or_else(|| {
            Problem::new(Code::Usage, format!("there is no held command `{id}`"))
                .hint("ifctl governor holds list --all")
        })?;
        self.held_shown(held)
    }

    fn held_shown(&self, held: Held) -> Result<HeldShown, Problem> {
        let voices = self.store.read(|view| hold::voices(view, &held.id)).map_err(store)?;
        let approvers = match voices.is_empty() {
            true => Vec::new(),
            false => approvers(&held, &voices, &self.trust()?.root),
        };
        let asked = AskedFor::parse(&held.request)?;
        let (what, now) = (asked.what(), held.standing_at(self.now()));
        Ok(HeldShown { now, asked: asked.shown(), what, voices, approvers, held })
    }

    /// Says yes or no to a held command, as the principal of this key. With enough approvals it
    /// runs.
    pub fn decide_held(
        &self,
        id: &str,
        decision: Decision,
        key: Option<&Path>,
        face: Arc<dyn EventSink>,
    ) -> Result<Decided, Problem> {
        let shown = self.held_command(id)?;
        let standing = self.say(&shown, decision, key)?;
        let performed = match standing {
            Standing::Approved => Some(self.run_held(&shown.held, face)),
            _ => None,
        };
        Ok(Decided { shown: self.held_command(id)?, performed })
    }

    /// Puts a word down; how the hold stands by it.
    fn say(
        &self,
        shown: &HeldShown,
        decision: Decision,
        key: Option<&Path>,
    ) -> Result<Standing, Problem> {
        let (held, now) = (&shown.held, self.now());
        let key = self.key(key)?;
        let principal = key.id().to_string();
        held.hears(&principal, &shown.voices, now).map_err(|why| unheard(held, why, now))?;
        let said =
            HeldVoice { intent_sha256: held.intent_sha256, principal: key.id(), decision, at: now };
        let root = self.trust()?.root;
        let refused = |error: if_manifest::TrustError| {
            Problem::new(Code::ApprovalRefused, error.to_string())
                .hint("to let a key approve: ifctl trust add-key approver <key file>.pub")
        };
        let envelope = sign_held(&said, &key).map_err(refused)?;
        verify_held(&envelope, &root).map_err(refused)?;
        let word = if decision == Decision::Approve { "approve" } else { "reject" };
        let voice = Voice { principal, decision: word.to_owned(), at: now, envelope };
        let mut standing = Standing::Waiting;
        let note = match decision {
            Decision::Approve => {
                format!("held command {} approved by {}", held.id, voice.principal)
            }
            Decision::Reject => format!("held command {} denied by {}", held.id, voice.principal),
        };
        let mut put = |sql: &dyn Sql| {
            hold::say(sql, &held.id, &voice)?;
            let voices = hold::voices(sql, &held.id)?;
            let have = approvers(held, &voices, &root).len();
            standing = match decision {
                Decision::Reject => Standing::Denied,
                Decision::Approve if have >= held.approvals as usize => Standing::Approved,
                Decision::Approve => Standing::Waiting,
            };
            hold::advance(sql, &held.id, Standing::Waiting, standing, now, None).map(|_| ())
        };
        self.witness.note_with(&note, |tx| put(tx)).map_err(explain)?;
        Ok(standing)
    }

    /// Runs what was approved, as it was asked.
    fn run_held(&self, held: &Held, face: Arc<dyn EventSink>) -> Result<Performed, Problem> {
        let asked = AskedFor::parse(&held.request)?;
        let line = Some(format!("ifctl {}", asked.what()));
        let request = asked.request(Some(held.id.to_string()), line);
        self.run_approved(request, held, face)
    }
}

fn unheard(held: &Held, why: Unheard, now: if_core::UnixMillis) -> Problem {
    let refused = |text: String| Problem::new(Code::ApprovalRefused, text);
    match why {
        Unheard::Decided(_) => closed(held, now),
        Unheard::OwnVoice => refused(format!("{} was asked for with this very key", held.id))
            .hint(format!("somebody else: ifctl governor holds approve {} --key <file>", held.id)),
        Unheard::Twice => refused("this key has spoken already: each counts once".to_owned())
            .hint(format!("ifctl governor holds show {}", held.id)),
        Unheard::ClockBack => {
            let text = "the clock runs behind the time at which the command was held";
            Problem::new(Code::ClockBack, text).hint("set the clock of this machine, then again")
        }
    }
}

fn store(error: StoreError) -> Problem {
    explain(error)
}
