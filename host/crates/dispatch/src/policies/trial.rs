//! What policies would say: about a command that nobody runs, about a task, and about what was
//! recorded.

use super::{Case, Judged, Policies};
use crate::decide;
use crate::host::Host;
use crate::job::{Job, explain};
use crate::purse::Purse;
use crate::request::Request;
use if_config::{PolicyEntry, PriceBook};
use if_core::{Code, Effect, Mode, Problem, UnixMillis, Word};
use if_governor::{Combined, Given, Obligation, combine};
use if_manifest::trust::Role;
use if_witness::{Entry, Filter};
use serde_json::{Map, Value, json};
use std::path::Path;

/// Most recorded operations that are judged anew at once.
const REJUDGED_MAX: usize = 10_000;

/// What would be decided.
#[derive(Debug, Clone)]
pub struct Trial {
    pub combined: Combined,
    /// What policies were told.
    pub facts: Value,
    /// Why the command would be refused whatever policies say.
    pub refused: Option<Problem>,
}

/// A recorded operation that would be decided differently.
#[derive(Debug, Clone)]
pub struct Differed {
    pub operation: String,
    pub at: UnixMillis,
    pub what: String,
    pub was: String,
    pub would_be: String,
    /// `two-person: needs-approvals`
    pub rules: Vec<String>,
}

impl Host {
    /// Judges a command that is not run. `set`: another than the one that holds.
    pub fn try_policies(&self, request: &Request, set: Option<&Path>) -> Result<Trial, Problem> {
        let loaded = self.load(&request.provider)?;
        let book = PriceBook::load(&self.home).map_err(explain)?;
        let job = Job::resolve(&loaded.manifest, request, None, &book)?;
        let set = self.set_or(set, loaded.trusted.policies_signed)?;
        let purse = Purse::new(request.flags.max_cost, job.tariff.clone());
        let charge = purse.ok().and_then(|purse| purse.charge());
        let by = self.asker(request)?;
        let case = Case { request, loaded: &loaded, job: &job, by, charge };
        let Judged { combined, facts, .. } =
            self.judge(&set, &case, &given(request, 0, 0), self.now())?;
        let own = decide::Facts {
            line: &job.typed,
            effect: job.effect,
            unlisted: None,
            mode: job.mode,
            yes: request.flags.yes,
        };
        let refused = (!decide::decide(own).allowed).then(|| decide::denial(own));
        Ok(Trial { combined, facts, refused })
    }

    /// Judges a task that somebody would take on, without a command.
    pub fn try_task(
        &self,
        task: &str,
        swarm: Option<&Word>,
        set: Option<&Path>,
    ) -> Result<Trial, Problem> {
        let signed = !self.trust()?.root.role(Role::Policy).keys.is_empty();
        let set = self.set_or(set, signed)?;
        let facts = self.task_facts(task, swarm)?;
        let asked: Vec<&PolicyEntry> = set
            .file
            .entries
            .iter()
            .filter(|entry| entry.when.provider.is_none() && entry.when.command.is_none())
            .collect();
        let (findings, facts) = self.ask(&set, &asked, |_| Ok(facts))?;
        let combined = combine(findings, &Given::default());
        Ok(Trial { combined, facts, refused: None })
    }

    /// What a set would have decided about what was recorded, where it is not what was decided.
    pub fn rejudge(
        &self,
        since: UnixMillis,
        set: Option<&Path>,
    ) -> Result<(usize, Vec<Differed>), Problem> {
        let signed = !self.trust()?.root.role(Role::Policy).keys.is_empty();
        let set = self.set_or(set, signed)?;
        let filter = Filter { since: Some(since), limit: Some(REJUDGED_MAX), ..Filter::default() };
        let entries = self.witness.query(&filter).map_err(explain)?;
        let (mut looked_at, mut differed) = (0, Vec::new());
        for listed in entries {
            let Some(operation) = listed.opened.leaf.operation else { continue };
            // A list has the short parts only; what policies were told is none of them.
            let Some(entry) = self.witness.entry(&operation).map_err(explain)? else { continue };
            let Some(recorded) = Recorded::of(&entry) else { continue };
            looked_at += 1;
            let asked: Vec<&PolicyEntry> =
                set.file.entries.iter().filter(|it| recorded.is_for(it)).collect();
            let facts = recorded.facts.clone();
            let (findings, _) = self.ask(&set, &asked, |_| Ok(facts))?;
            let combined = combine(findings, &recorded.given());
            let would_be = combined.verdict.to_string();
            if would_be != recorded.verdict {
                differed.push(Differed {
                    operation: recorded.operation,
                    at: recorded.at,
                    what: recorded.what,
                    was: recorded.verdict,
                    would_be,
                    rules: combined.rules(),
                });
            }
        }
        Ok((looked_at, differed))
    }

    fn set_or(&self, path: Option<&Path>, signed: bool) -> Result<Policies, Problem> {
        match path {
            Some(path) => self.validated(path),
            None => self.policies(signed),
        }
    }
}

/// What the caller gives with a request.
pub(crate) fn given(request: &Request, approvals: u32, approvals_least: u32) -> Given {
    let flags = &request.flags;
    let gives = [
        (Obligation::Why, flags.why.is_some()),
        (Obligation::Yes, flags.yes),
        (Obligation::IdempotencyKey, flags.idempotency_key.is_some()),
    ];
    let obligations = gives.into_iter().filter(|(_, given)| *given).map(|(it, _)| it).collect();
    Given { obligations, approvals, approvals_least }
}

/// An operation as it was judged.
struct Recorded {
    operation: String,
    at: UnixMillis,
    what: String,
    verdict: String,
    provider: Word,
    instance: Option<Word>,
    command: String,
    effect: Effect,
    facts: Value,
    approved: bool,
}

impl Recorded {
    /// `None` for what no policy was asked about: remarks, and what was refused by something else.
    fn of(entry: &Entry) -> Option<Self> {
        let leaf = &entry.opened.leaf;
        let decision = leaf.decision.as_ref()?;
        let by_policies =
            |code: Code| matches!(code, Code::PolicyDenied | Code::PolicyFailed | Code::Held);
        let refused_by = leaf.outcome.and_then(|outcome| outcome.code);
        if refused_by.is_some_and(|code| !by_policies(code)) {
            return None;
        }
        let decided = entry.parts.get("decided");
        let told = decided.and_then(|text| serde_json::from_str::<Value>(text).ok());
        let facts = told.and_then(|it| it.get("facts").cloned()).unwrap_or_else(|| plain(entry));
        Some(Self {
            operation: leaf.operation.as_ref()?.to_string(),
            at: leaf.at,
            what: entry.what(),
            verdict: decision.verdict.clone(),
            provider: leaf.provider.clone()?,
            instance: leaf.instance.clone(),
            command: leaf.command.clone()?,
            effect: leaf.effect?,
            approved: decision.reasons.iter().any(|it| it.starts_with(APPROVED)),
            facts,
        })
    }

    fn is_for(&self, entry: &PolicyEntry) -> bool {
        entry.when.covers(&self.provider, self.instance.as_ref(), &self.command, self.effect)
    }

    fn given(&self) -> Given {
        let is = |name: &str| self.facts.get(name).is_some_and(|it| *it == Value::Bool(true));
        let gives = [
            (Obligation::Why, self.facts.get("why").is_some_and(Value::is_string)),
            (Obligation::Yes, is("confirmed")),
            (Obligation::IdempotencyKey, is("idempotent")),
        ];
        let obligations = gives.into_iter().filter(|(_, given)| *given).map(|(it, _)| it);
        // Who has approved then would approve now.
        let approvals = if self.approved { u32::MAX } else { 0 };
        Given { obligations: obligations.collect(), approvals, approvals_least: 0 }
    }
}

/// How the reason begins that tells of approvals.
pub(crate) const APPROVED: &str = "approved by ";

/// The facts of an operation from before they were recorded: what the log knows anyway.
fn plain(entry: &Entry) -> Value {
    let leaf = &entry.opened.leaf;
    let params = entry.parts.get("params").and_then(|it| serde_json::from_str::<Value>(it).ok());
    let arguments = params.and_then(|it| it.get("arguments").cloned());
    let mode = if leaf.mode == Some(Mode::DryRun) { "dry-run" } else { "live" };
    json!({
        "at": leaf.at.0, "actor": leaf.actor, "swarm": leaf.swarm, "agent": leaf.agent,
        "command": {
            "provider": leaf.provider, "path": leaf.command, "instance": leaf.instance,
            "category": leaf.category, "effect": leaf.effect, "mode": mode, "scopes": [],
        },
        "plugin": leaf.plugin.as_ref().map(|it| json!({
            "id": it.id, "version": it.version, "release": it.release,
        })).unwrap_or_else(|| json!({"id": "", "version": "", "release": 0})),
        "arguments": arguments.unwrap_or_else(|| Value::Object(Map::new())),
        "settings": {}, "why": entry.parts.get("why"),
        "confirmed": leaf.effect == Some(Effect::Dangerous), "idempotent": false,
        "claims": {}, "cost": null,
    })
}
