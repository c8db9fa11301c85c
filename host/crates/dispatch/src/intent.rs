//! Requests as the log knows them, and refusals written down.

use crate::host::{Host, fresh_id};
use crate::job::{Job, explain};
use crate::request::{Action, Request};
use if_config::Caller;
use if_core::{Effect, Mode, Problem};
use if_manifest::model::Predicate;
use if_registry::Loaded;
use if_witness::{Charge, Decision, Intent, Plugin};
use serde_json::{Value, json};

/// The verdict words of a decision.
const ALLOW: &str = "allow";
const DENY: &str = "deny";

impl Host {
    /// The intent of a request that may run.
    pub(crate) fn intent(
        &self,
        request: &Request,
        loaded: &Loaded,
        job: &Job<'_>,
        reasons: Vec<String>,
    ) -> Result<Intent, Problem> {
        let mut intent = self.bare_intent(request, ALLOW, reasons)?;
        intent.effect = job.effect;
        intent.charge.category = loaded.manifest.category.clone();
        intent.plugin = Some(plugin(loaded, &loaded.manifest));
        Ok(intent)
    }

    /// Writes a refusal into the log and hands its problem on. That it cannot be written would be
    /// the worse problem, and is handed on instead.
    pub(crate) fn refused(
        &self,
        request: &Request,
        known: Option<(&Loaded, &Job<'_>)>,
        problem: Problem,
    ) -> Problem {
        match self.record_refusal(request, known, &problem) {
            Ok(()) => problem,
            Err(worse) => worse.because(problem.message),
        }
    }

    fn record_refusal(
        &self,
        request: &Request,
        known: Option<(&Loaded, &Job<'_>)>,
        problem: &Problem,
    ) -> Result<(), Problem> {
        let mut intent = self.bare_intent(request, DENY, vec![problem.message.clone()])?;
        if let Some((loaded, job)) = known {
            intent.effect = job.effect;
            intent.charge.category = loaded.manifest.category.clone();
            intent.plugin = Some(plugin(loaded, &loaded.manifest));
        }
        self.witness.deny(intent, problem.code, &problem.message).map(|_| ()).map_err(explain)
    }

    fn bare_intent(
        &self,
        request: &Request,
        verdict: &str,
        reasons: Vec<String>,
    ) -> Result<Intent, Problem> {
        let operation = fresh_id(self.now())?;
        let Caller { swarm, agent } = self.environment.caller().map_err(explain)?;
        let trace = request.flags.trace.clone().unwrap_or_else(|| operation.to_string());
        Ok(Intent {
            operation,
            trace: Some(trace),
            provider: request.provider.clone(),
            instance: request.instance.clone(),
            command: request.action.name().to_owned(),
            effect: Effect::Read,
            actor: self.actor(),
            mode: if request.flags.dry_run { Mode::DryRun } else { Mode::Live },
            plugin: None,
            decision: Decision { verdict: verdict.to_owned(), reasons },
            charge: Charge { swarm, agent, ..Charge::default() },
            params: params(request).to_string().into_bytes(),
            why: request.flags.why.clone(),
        })
    }
}

/// What was asked, beside the names: it goes into the erasable body.
fn params(request: &Request) -> Value {
    let arguments = match &request.action {
        Action::Command { arguments, .. } => Value::Object(arguments.clone()),
        Action::Check => json!({}),
        Action::Discover { networks } => json!({ "networks": networks }),
    };
    match &request.flags.idempotency_key {
        Some(key) => json!({"arguments": arguments, "idempotency_key": key}),
        None => json!({"arguments": arguments}),
    }
}

fn plugin(loaded: &Loaded, predicate: &Predicate) -> Plugin {
    Plugin {
        id: predicate.id.clone(),
        version: predicate.version.to_string(),
        release: predicate.release,
        manifest: loaded.manifest_digest,
        component: loaded.component_digest,
    }
}
