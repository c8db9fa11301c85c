//! One operation, from the request to the outcome in the log.
//!
//! The order is the product: trust, then decision, then the intent on disk, then the guest, then
//! the outcome on disk, then the answer. Whatever ends a step early leaves a record that says why.

use crate::decide::{self, Facts};
use crate::engine::Ready;
use crate::governed::Governed;
use crate::host::{Host, fill_random};
use crate::intent::Known;
use crate::job::{Job, explain};
use crate::memory;
use crate::outcome::{self, Ending};
use crate::policies::Case;
use crate::purse::{Bill, Overrun, Purse};
use crate::recorded::{DROPPED, RecordedCall};
use crate::request::{Action, Performed, Request};
use crate::standing::Standing;
use crate::wish::{Seen, Wishes};
use if_config::{PriceBook, SecretReference};
use if_core::{Code, EventSink, Exit, Mode, Problem, Refusal, UnixMillis};
use if_governor::Asked;
use if_governor::hold::Held;
use if_manifest::model::{PluginKind, Secret};
use if_manifest::trust::Warning;
use if_optimise::{Payer, Spending, Use};
use if_registry::{Loaded, Stamps};
use if_runtime::{Call, CallError, Facts as GuestFacts, Report};
use if_witness::{Evidence, Intent, Operation, Outcome, Status, Timing, Usage};
use serde_json::Value;
use std::sync::Arc;

impl Host {
    /// Performs one operation. An `Err` never reached a guest; it is in the log when the request
    /// made sense at all.
    pub fn run(&self, request: Request, face: Arc<dyn EventSink>) -> Result<Performed, Problem> {
        self.perform(&request, None, face)
    }

    /// The same, where people have approved it.
    pub(crate) fn run_approved(
        &self,
        request: Request,
        held: &Held,
        face: Arc<dyn EventSink>,
    ) -> Result<Performed, Problem> {
        self.perform(&request, Some(held), face)
    }

    fn perform(
        &self,
        request: &Request,
        approved: Option<&Held>,
        face: Arc<dyn EventSink>,
    ) -> Result<Performed, Problem> {
        let engine = self.engine();
        let before = Stamps::of(&self.layout);
        let loaded = self.load_provider(request)?;
        let timeout_ms = request.flags.timeout_default_ms.or(self.timeout_ms()?);
        let book = PriceBook::load(&self.home).map_err(explain)?;
        let job = Job::resolve(&loaded.manifest, request, timeout_ms, &book)?;
        let known = Known { plugin: Some((&loaded, &job)), judged: None };
        let refused = |problem| self.refused(request, known, problem);
        let facts = facts(&job, request.flags.yes);
        let decision = decide::decide(facts);
        if !decision.allowed {
            return Err(refused(decide::denial(facts)));
        }
        let ready = engine.and_then(|engine| self.ready(engine, &loaded)).map_err(refused)?;
        let purse = Purse::new(request.flags.max_cost, job.tariff.clone()).map_err(problem_of);
        let purse = Arc::new(purse.map_err(refused)?);
        let around = self.surroundings(request).map_err(refused)?;
        let set = self.policies(loaded.trusted.policies_signed).map_err(refused)?;
        let (by, charge) = (self.asker(request)?, purse.charge());
        let case = Case { request, loaded: &loaded, job: &job, by, charge };
        let consent = self.consent(&set, &case, approved)?;
        let governed = self.governed(request, &loaded).map_err(refused)?;
        let waited = governed.turn(self).map_err(refused)?;
        let mut wishes = self.connect(request, &loaded, &job, face, purse.clone())?;
        let reasons = decision.reasons.into_iter().chain(consent.reasons());
        let reasons = reasons.chain(in_grace(&loaded)).chain(waited).collect();
        let mut intent = self.intent(request, &loaded, &job, &consent.judged, reasons)?;
        intent.charge.reserved = purse.charge();
        let trace = intent.trace.clone().unwrap_or_default();
        let mut call = self.call(request, &job, &wishes, &trace)?;
        let standing = loaded.standing(&self.layout, before);
        call.standing = Some(Arc::new(Standing::new(standing, self.clock.clone())));
        let started = self.now();
        let (payer, id) = (payer(&intent), intent.operation.clone());
        let operation = self.begin_agreed(&set, &case, consent, intent, |tx, at| {
            memory::remember(tx, &loaded.trusted).map_err(explain)?;
            let trying = governed.admit(tx, &id, job.deadline_ms, at)?;
            let (operation, payer) = (id.clone(), payer.clone());
            let spending = |currency| Spending { operation, at, payer, currency };
            let standings = purse.open(tx, &self.store, spending)?;
            let standings = standings.iter().map(ToString::to_string);
            Ok(trying.into_iter().chain(standings).collect())
        })?;
        let goes_on = self.fetch(&job, &mut call, &mut wishes)?
            && match &around {
                Some(around) => self.look_around(around, &loaded, &job, &mut call, &mut wishes)?,
                None => true,
            };
        let told = call.clone();
        let report = if goes_on { drive(&ready, call, &wishes)? } else { stopped() };
        let recorded = RecordedCall::of(&told, &report.result, wishes.events.said());
        let ran = Ran { report, recorded, governed };
        let mut performed = self.conclude(operation, started, &job, ran, wishes)?;
        performed.result =
            performed.result.map_err(|problem| self.with_secret_lines(problem, request, &loaded));
        performed.result = performed.result.map_err(|problem| with_more_time(problem, &job));
        performed.trace = trace;
        performed.warnings.extend(loaded.warnings.iter().cloned());
        if let (Some(_), Ok(found)) = (&around, &mut performed.result) {
            let (named, faults) = self.named(&loaded.manifest, found.take());
            *found = named;
            performed.warnings.extend(faults);
        }
        Ok(performed)
    }

    /// The plugin of a request, which must be a provider: nobody calls a policy.
    fn load_provider(&self, request: &Request) -> Result<Loaded, Problem> {
        let loaded = self.load(&request.provider).and_then(|loaded| match loaded.manifest.kind {
            PluginKind::Provider => Ok(loaded),
            PluginKind::Policy => {
                let what = format!("`{}` is a policy: the governor asks it", request.provider);
                Err(Problem::new(Code::Usage, what).hint("ifctl governor policy list"))
            }
        });
        loaded.map_err(|problem| self.refused(request, Known::default(), problem))
    }

    /// What the governor has to say of a request.
    fn governed(&self, request: &Request, loaded: &Loaded) -> Result<Governed, Problem> {
        let asked = Asked {
            provider: request.provider.clone(),
            instance: request.instance.clone(),
            command: request.action.name().to_owned(),
            component: loaded.manifest.id.clone(),
            swarm: self.asker(request)?.swarm,
        };
        Governed::new(self, asked, matches!(request.action, Action::Check))
    }

    fn call(
        &self,
        request: &Request,
        job: &Job<'_>,
        wishes: &Wishes,
        trace: &str,
    ) -> Result<Call, Problem> {
        let mut seed = [0u8; 32];
        fill_random(&mut seed)?;
        let action = guest_action(request, job);
        let facts = GuestFacts {
            instance: request.instance.as_ref().map(ToString::to_string).unwrap_or_default(),
            settings: Value::Object(wishes.settings.clone()).to_string(),
            actor: self.asker(request)?.actor,
            trace_id: trace.to_owned(),
            idempotency_key: request.flags.idempotency_key.clone(),
            mode: job.mode,
            secrets_available: wishes.outside.available(),
        };
        let (limits, start, deadline_ms) = (job.limits, self.now(), job.deadline_ms);
        let (stream, interrupt, standing) = (job.stream, None, None);
        Ok(Call { action, facts, limits, start, seed, deadline_ms, stream, interrupt, standing })
    }

    /// Judges how it ended and makes that durable; only then does anybody hear of it.
    fn conclude(
        &self,
        operation: Operation,
        started: UnixMillis,
        job: &Job<'_>,
        Ran { report, recorded, governed }: Ran,
        wishes: Wishes,
    ) -> Result<Performed, Problem> {
        let seen = (wishes.seen)();
        let end = outcome::judge(report.result.as_ref().map(|_| ()), &seen, job.mode, &job.line);
        let ended = self.now();
        let timing = Timing { started, ended, wall_ms: ended.millis_since(started) };
        let id = operation.id().to_string();
        let plan = seen.plan.clone();
        let placeholders = seen.placeholders.clone();
        let recorded = recorded.map(|call| call.with(placeholders));
        let moved = matches!(end.status, Status::Ok | Status::Unknown)
            || (end.status == Status::Interrupted && seen.sent.wrote);
        let bill = wishes.purse.bill(counted(&seen, timing), moved);
        let mut record = record(&end, timing, job, &report, &wishes, seen, &bill);
        record.call = recorded.and_then(|call| serde_json::to_vec(&call).ok());
        let mut warnings: Vec<String> = bill.overrun.iter().map(ToString::to_string).collect();
        let (mut alerts, mut opened) = (Vec::new(), Vec::new());
        let live = job.mode == Mode::Live;
        let fate = end.fate(report.result.as_ref().map(|_| ()));
        let own = operation.id().clone();
        operation
            .finish_with(record, |tx| {
                alerts = wishes.purse.settle(tx, &bill)?;
                opened = governed.record(tx, &own, fate, ended)?;
                if live { wishes.save_state(tx) } else { Ok(()) }
            })
            .map_err(explain)?;
        warnings.extend(alerts.iter().map(|alert| alert.standing.to_string()));
        warnings.extend(opened.iter().map(|name| {
            format!(
                "the circuit {name} is open now: calls keep failing (ifctl governor circuit status)"
            )
        }));
        let result = match end.problem {
            Some(problem) => Err(problem),
            None => Ok(report
                .result
                .ok()
                .and_then(|text| serde_json::from_str(&text).ok())
                .unwrap_or_default()),
        };
        let log = report.usage.log;
        let trace = String::new();
        Ok(Performed { operation: id, trace, result, plan, warnings, log, wall_ms: timing.wall_ms })
    }
}

impl Host {
    /// Where credentials were not accepted, the lines that set them, or the places they came from.
    fn with_secret_lines(&self, problem: Problem, request: &Request, loaded: &Loaded) -> Problem {
        let (Code::ProviderAuth, Some(instance)) = (problem.code, &request.instance) else {
            return problem;
        };
        let known = self.configured(&request.provider, instance);
        let elsewhere = known.map(|instance| instance.secrets).unwrap_or_default();
        let line = |secret: &Secret| match elsewhere.get(&secret.name) {
            None | Some(SecretReference::Vault) => {
                format!("ifctl secret set {} {instance} {}", request.provider, secret.name)
            }
            Some(from) => format!("`{}` comes from `{from}`: mend it there", secret.name),
        };
        loaded.manifest.secrets.iter().map(line).fold(problem, Problem::hint)
    }
}

/// A call that has ended, and what is kept of it for a replay.
struct Ran {
    report: Report,
    recorded: Option<RecordedCall>,
    /// Who wants to hear how it ended.
    governed: Governed,
}

/// Names the time that would be allowed, where less was given.
fn with_more_time(problem: Problem, job: &Job<'_>) -> Problem {
    match (problem.code, job.time_not_used_ms()) {
        (Code::LimitDeadline | Code::Timeout, Some(allowed)) => problem.hint(format!(
            "to allow more time: --timeout {allowed}ms, the most that the manifest allows"
        )),
        _ => problem,
    }
}

/// That it runs although the allow-list has expired: for some days more, and marked.
fn in_grace(loaded: &Loaded) -> Option<String> {
    let grace = |warning: &&Warning| matches!(warning, Warning::AllowGrace { .. });
    loaded.trusted.warnings.iter().find(grace).map(ToString::to_string)
}

/// Whose budgets it counts for, as its intent says.
fn payer(intent: &Intent) -> Payer {
    Payer {
        provider: intent.provider.clone(),
        instance: intent.instance.clone(),
        command: intent.command.clone(),
        category: intent.charge.category.clone(),
        swarm: intent.charge.swarm.clone(),
        agent: intent.charge.agent.clone(),
    }
}

/// What the host counted of a call that a price may be multiplied with.
fn counted(seen: &Seen, timing: Timing) -> Use {
    let bytes = seen.traffic.iter().map(|it| it.bytes_in.saturating_add(it.bytes_out));
    let bytes = bytes.fold(0, u64::saturating_add);
    Use { millis: Some(timing.wall_ms), bytes: Some(bytes), ..Use::default() }
}

/// What the decision is taken on.
fn facts<'a>(job: &'a Job<'_>, yes: bool) -> Facts<'a> {
    let unlisted = job.unlisted.as_ref().map(|(word, nearest)| (word.as_str(), nearest.as_deref()));
    Facts { line: &job.typed, effect: job.effect, unlisted, mode: job.mode, yes }
}

/// The request's action as the sandbox takes it.
pub(crate) fn guest_action(request: &Request, job: &Job<'_>) -> if_runtime::Action {
    match &request.action {
        Action::Check => if_runtime::Action::Check,
        Action::Discover { .. } => if_runtime::Action::Discover,
        Action::Command { path, .. } => if_runtime::Action::Call {
            command: path.clone(),
            arguments: Value::Object(job.arguments.clone()).to_string(),
        },
    }
}

/// Runs the guest; Ctrl-C ends it in order.
fn drive(ready: &Ready, mut call: Call, wishes: &Wishes) -> Result<Report, Problem> {
    let (interrupt, interrupted) = tokio::sync::watch::channel(false);
    call.interrupt = Some(interrupted);
    block_on(async {
        let mut running =
            std::pin::pin!(ready.engine.call(&ready.prepared, call, wishes.broker.clone()));
        tokio::select! {
            // Listened for before the guest says its first word: who hears that may stop it.
            biased;
            _ = tokio::signal::ctrl_c() => {
                interrupt.send_replace(true);
                running.await
            }
            report = &mut running => report,
        }
    })
}

/// The operator stopped it before the guest was called.
fn stopped() -> Report {
    Report { result: Err(CallError::Interrupted), usage: if_runtime::Usage::default() }
}

/// Drives a future on a single-threaded event loop of its own: one command, one thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Problem> {
    let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let event_loop = event_loop.map_err(|e| {
        Problem::new(Code::Store, "no event loop can be made").because(e.to_string())
    })?;
    Ok(event_loop.block_on(future))
}

fn record(
    end: &Ending,
    timing: Timing,
    job: &Job<'_>,
    report: &Report,
    wishes: &Wishes,
    seen: Seen,
    bill: &Bill,
) -> Outcome {
    let exit = end.problem.as_ref().map_or(Exit::Ok, |problem| problem.code.exit());
    let usage = &report.usage;
    let plan = seen.plan.iter().map(
        |m| serde_json::json!({"endpoint": m.endpoint, "effect": m.effect, "message": m.summary}),
    );
    let plan: Vec<Value> = plan.collect();
    let dropped = (seen.transcript_dropped > 0)
        .then(|| (DROPPED.to_owned(), seen.transcript_dropped.to_string()));
    let evidence = dropped.into_iter().chain(wishes.events.evidence());
    Outcome {
        code: end.problem.as_ref().map(|problem| problem.code),
        cost: bill.cost,
        overrun: bill.overrun.map(Overrun::above),
        currency: job.tariff.currency.as_ref().map(ToString::to_string),
        usage: Some(Usage {
            fuel: usage.fuel,
            memory_peak_bytes: usage.memory_peak_bytes,
            host_calls: usage.host_calls,
            host_bytes: usage.host_bytes,
            output_bytes: usage.output_bytes,
        }),
        traffic: seen.traffic,
        secrets: seen.secrets,
        evidence: evidence.map(|(name, evidence)| Evidence { name, evidence }).collect(),
        result: report.result.as_ref().ok().map(|text| text.clone().into_bytes()),
        transcript: seen.transcript,
        sources: wishes.sources.as_ref().and_then(|sources| serde_json::to_vec(sources).ok()),
        plan: (!plan.is_empty()).then(|| Value::Array(plan).to_string().into_bytes()),
        error: end.problem.as_ref().map(ToString::to_string),
        log: (!usage.log.is_empty()).then(|| usage.log.clone()),
        ..Outcome::new(end.status, exit, timing)
    }
}

/// A refusal before the guest ran, as a problem.
pub(crate) fn problem_of(refusal: Refusal) -> Problem {
    let problem = Problem::new(refusal.code, refusal.message);
    refusal.hints.into_iter().fold(problem, Problem::hint)
}
