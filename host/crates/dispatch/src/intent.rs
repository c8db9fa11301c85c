//! Requests as the log knows them, and refusals written down.

use crate::host::{Host, fresh_id};
use crate::job::{Job, explain};
use crate::policies::Judged;
use crate::request::{Action, AskedBy, Request};
use if_core::{Effect, Mode, Problem};
use if_manifest::model::Predicate;
use if_registry::Loaded;
use if_witness::{Charge, Decision, Intent, Plugin};
use serde_json::{Value, json};

/// The verdict words of a decision that no policy took.
const ALLOW: &str = "allow";
const DENY: &str = "deny";

/// What is known of a request when it is refused.
#[derive(Clone, Copy, Default)]
pub(crate) struct Known<'a> {
    pub plugin: Option<(&'a Loaded, &'a Job<'a>)>,
    pub judged: Option<&'a Judged>,
}

impl Host {
    /// The intent of a request that may run.
    pub(crate) fn intent(
        &self,
        request: &Request,
        loaded: &Loaded,
        job: &Job<'_>,
        judged: &Judged,
        reasons: Vec<String>,
    ) -> Result<Intent, Problem> {
        let known = Known { plugin: Some((loaded, job)), judged: Some(judged) };
        self.known_intent(request, known, ALLOW, reasons)
    }

    /// The intent of a request that waits for people.
    pub(crate) fn held_intent(
        &self,
        request: &Request,
        known: Known<'_>,
        judged: &Judged,
    ) -> Result<Intent, Problem> {
        let verdict = judged.combined.verdict.to_string();
        self.known_intent(request, known, &verdict, judged.combined.rules())
    }

    fn known_intent(
        &self,
        request: &Request,
        known: Known<'_>,
        verdict: &str,
        reasons: Vec<String>,
    ) -> Result<Intent, Problem> {
        let mut intent = self.bare_intent(request, verdict, reasons)?;
        if let Some((loaded, job)) = known.plugin {
            intent.effect = job.effect;
            intent.charge.category = loaded.manifest.category.clone();
            intent.plugin = Some(plugin(loaded, &loaded.manifest));
        }
        if let Some(judged) = known.judged {
            intent.decision.policies = Some(judged.set);
            intent.decided = judged.body();
        }
        Ok(intent)
    }

    /// Writes a refusal into the log and hands its problem on. That it cannot be written would be
    /// the worse problem, and is handed on instead.
    pub(crate) fn refused(&self, request: &Request, known: Known<'_>, problem: Problem) -> Problem {
        match self.record_refusal(request, known, &problem) {
            Ok(()) => problem,
            Err(worse) => worse.because(problem.message),
        }
    }

    fn record_refusal(
        &self,
        request: &Request,
        known: Known<'_>,
        problem: &Problem,
    ) -> Result<(), Problem> {
        let rules = known.judged.map(|judged| judged.combined.rules()).unwrap_or_default();
        let reasons = std::iter::once(problem.message.clone()).chain(rules).collect();
        let intent = self.known_intent(request, known, DENY, reasons)?;
        self.witness.deny(intent, problem.code, &problem.message).map(|_| ()).map_err(explain)
    }

    fn bare_intent(
        &self,
        request: &Request,
        verdict: &str,
        reasons: Vec<String>,
    ) -> Result<Intent, Problem> {
        let operation = fresh_id(self.now())?;
        let AskedBy { actor, swarm, agent } = self.asker(request)?;
        let trace = request.flags.trace.clone().unwrap_or_else(|| operation.to_string());
        Ok(Intent {
            operation,
            trace: Some(trace),
            provider: request.provider.clone(),
            instance: request.instance.clone(),
            command: request.action.name().to_owned(),
            effect: Effect::Read,
            actor,
            mode: if request.flags.dry_run { Mode::DryRun } else { Mode::Live },
            plugin: None,
            decision: Decision { verdict: verdict.to_owned(), reasons, policies: None },
            charge: Charge { swarm, agent, ..Charge::default() },
            params: params(request).to_string().into_bytes(),
            why: request.flags.why.clone(),
            decided: None,
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
