//! What policies are told. The names are a wire format: they are added to, and never change their
//! meaning.

use crate::capabilities::{Capability, WHOLE};
use crate::host::Host;
use crate::job::{Job, explain};
use crate::request::{AskedBy, Request};
use if_config::{When, check_settings};
use if_core::{Mode, Money, Problem, UnixMillis, Word};
use if_governor::{WINDOWS, tallies};
use if_optimise::Payer;
use if_registry::Loaded;
use if_store::StoreError;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Facts that are gathered only for those who need them.
pub(super) const RECENT: &str = "recent";
pub(super) const BUDGETS: &str = "budgets";
pub(super) const CAPABILITIES: &str = "capabilities";

/// One command, as it is judged.
pub(crate) struct Case<'a> {
    pub request: &'a Request,
    pub loaded: &'a Loaded,
    pub job: &'a Job<'a>,
    pub by: AskedBy,
    /// What is set aside for it.
    pub charge: Option<Money>,
}

impl Case<'_> {
    /// Whether a policy with this condition is asked.
    pub fn is_for(&self, when: &When) -> bool {
        let request = self.request;
        when.covers(
            &request.provider,
            request.instance.as_ref(),
            request.action.name(),
            self.job.effect,
        )
    }

    pub fn payer(&self) -> Payer {
        Payer {
            provider: self.request.provider.clone(),
            instance: self.request.instance.clone(),
            command: self.request.action.name().to_owned(),
            category: self.loaded.manifest.category.clone(),
            swarm: self.by.swarm.clone(),
            agent: self.by.agent.clone(),
        }
    }

    /// Under which names it is counted: the actor, the provider, the instance, the command.
    pub fn tallied(&self) -> Vec<String> {
        let Request { provider, instance, action, .. } = self.request;
        let place = match instance {
            Some(instance) => format!("{provider}/{instance}"),
            None => provider.to_string(),
        };
        vec![
            format!("actor:{}", self.by.actor),
            format!("provider:{provider}"),
            format!("instance:{place}"),
            format!("command:{place} {}", action.name()),
        ]
    }
}

impl Host {
    /// Everything about one command.
    pub(super) fn facts(
        &self,
        case: &Case<'_>,
        needs: &BTreeSet<&str>,
        now: UnixMillis,
    ) -> Result<Value, Problem> {
        let Case { request, loaded, job, by, charge } = case;
        let settings = match &request.instance {
            None => Map::new(),
            Some(name) => {
                let instance = self.configured(&request.provider, name)?;
                check_settings(&instance, &loaded.manifest.settings).map_err(explain)?
            }
        };
        let flags = &request.flags;
        let mode = if job.mode == Mode::DryRun { "dry-run" } else { "live" };
        let mut facts = json!({
            "at": now.0, "actor": by.actor, "swarm": by.swarm, "agent": by.agent,
            "command": {
                "provider": request.provider, "path": request.action.name(),
                "instance": request.instance, "category": loaded.manifest.category,
                "effect": job.effect, "mode": mode, "scopes": loaded.trusted.scopes,
            },
            "plugin": {
                "id": loaded.manifest.id, "version": loaded.manifest.version.to_string(),
                "release": loaded.manifest.release,
            },
            "arguments": job.arguments, "settings": settings, "why": flags.why,
            "confirmed": flags.yes, "idempotent": flags.idempotency_key.is_some(),
            "claims": flags.claims, "cost": charge.as_ref().map(cost),
        });
        if let Some(facts) = facts.as_object_mut() {
            self.further(facts, case, needs, now)?;
        }
        Ok(facts)
    }

    /// Those that somebody needs.
    fn further(
        &self,
        facts: &mut Map<String, Value>,
        case: &Case<'_>,
        needs: &BTreeSet<&str>,
        now: UnixMillis,
    ) -> Result<(), Problem> {
        if needs.contains(RECENT) {
            let names = case.tallied();
            let counts = self.store.read(|view| tallies(view, &names, now));
            facts.insert(RECENT.to_owned(), recent(&counts.map_err(explain_store)?));
        }
        if needs.contains(BUDGETS) {
            let payer = case.payer();
            let standings = self.store.read(|view| if_optimise::standings_of(view, &payer, now));
            let rows = standings.map_err(explain_store)?;
            let row = |it: &if_optimise::Standing| {
                json!({
                    "scope": it.budget.scope.to_string(), "period": it.budget.period.as_str(),
                    "currency": it.budget.currency, "limit_micros": it.budget.most.0,
                    "used_micros": it.spent.0,
                })
            };
            facts.insert(BUDGETS.to_owned(), rows.iter().map(row).collect());
        }
        if let (true, Some(swarm)) = (needs.contains(CAPABILITIES), &case.by.swarm) {
            facts.extend(self.skills(swarm.as_str())?);
        }
        Ok(())
    }
}

impl Host {
    /// Everything about a task that no command does yet.
    pub(super) fn task_facts(&self, task: &str, swarm: Option<&Word>) -> Result<Value, Problem> {
        let now = self.now();
        let mut facts = json!({
            "at": now.0, "actor": self.actor(), "swarm": swarm, "agent": null,
            "command": {
                "provider": "", "path": "", "instance": null, "category": null,
                "effect": "write", "mode": "live", "scopes": [],
            },
            "plugin": {"id": "", "version": "", "release": 0}, "arguments": {}, "settings": {},
            "why": null, "confirmed": false, "idempotent": false, "claims": {"task": task},
            "cost": null, "recent": [], "budgets": [],
        });
        if let (Some(swarm), Some(facts)) = (swarm, facts.as_object_mut()) {
            facts.extend(self.skills(swarm.as_str())?);
        }
        Ok(facts)
    }
}

impl Host {
    /// What a swarm is good at, and how far it was right; nothing of one that nobody registered.
    fn skills(&self, swarm: &str) -> Result<Map<String, Value>, Problem> {
        let all = self.swarms()?;
        let Some(known) = all.iter().find(|it| it.name.as_str() == swarm) else {
            return Ok(Map::new());
        };
        let row = |it: &Capability| json!({"name": it.name, "score": share(it.score)});
        let capabilities: Vec<Value> = known.capabilities.iter().map(row).collect();
        Ok(Map::from_iter([
            (CAPABILITIES.to_owned(), capabilities.into()),
            ("reputation".to_owned(), share(known.reputation)),
        ]))
    }
}

/// Thousandths as policies read them: 0 to 1.
fn share(thousandths: u64) -> Value {
    let text = format!("{}.{:03}", thousandths / WHOLE, thousandths % WHOLE);
    serde_json::from_str(&text).unwrap_or_default()
}

/// The counts of each window, by what was counted.
pub(crate) fn recent(counts: &[[u64; WINDOWS.len()]]) -> Value {
    let of = |name: usize, window: usize| {
        counts.get(name).and_then(|row| row.get(window)).copied().unwrap_or_default()
    };
    let row = |(window, seconds): (usize, u64)| {
        json!({
            "seconds": seconds, "actor": of(0, window), "provider": of(1, window),
            "instance": of(2, window), "command": of(3, window),
        })
    };
    WINDOWS.into_iter().enumerate().map(row).collect()
}

fn cost(money: &Money) -> Value {
    json!({"micros": money.micros.0, "currency": money.currency})
}

fn explain_store(error: StoreError) -> Problem {
    explain(error)
}
