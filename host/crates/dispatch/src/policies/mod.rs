//! Policies, asked: which of them are for a command, what they are told, and what they answer.
//!
//! Each is a signed component like any provider, behind the same two walls, with nothing to talk
//! to. One that cannot be loaded, crashes, takes too long or says what it does not declare denies
//! the commands that it is for, and nothing else.

mod apply;
mod catalog;
mod facts;
mod settings;
mod shown;
mod trial;

pub use apply::Applied;
pub(crate) use facts::{Case, recent};
pub use if_governor::Finding;
pub use shown::{PolicyShown, ReasonShown};
pub(crate) use trial::{APPROVED, given};
pub use trial::{Differed, Trial};

use crate::engine::of_home;
use crate::host::Host;
use crate::job::explain;
use crate::run::block_on;
use if_config::{PolicyEntry, PolicyFile};
use if_core::{CapabilityId, Code, Digest, Explain as _, Problem, UnixMillis};
use if_governor::{Combined, Given, Obligation, Reason, Ruling, Verdict, combine};
use if_manifest::model::{Need, PluginKind};
use if_manifest::trust::PolicySet;
use if_registry::Loaded;
use if_runtime::{Action, Call, Facts as GuestFacts, Made, NoBroker, Prepared, Runtime};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Longest time for one policy to decide. It computes and waits for nothing; every command waits
/// for it.
const DECIDE_MS_MAX: u64 = 2_000;

/// Longest text of a reason, and most reasons of one policy: people read them.
const REASON_CHARS_MAX: usize = 400;
const REASONS_MAX: usize = 16;

/// Most approvals that a policy may ask for.
const APPROVALS_MAX: u32 = 9;

/// The reason of a policy that did not answer.
const FAILED: &str = "policy-failed";

/// The set of policies remembers its version beside those of plugins, under an id that no manifest
/// may claim.
pub(crate) const SET: &str = "if://capability/host.policy-set";

/// The set that holds.
pub(crate) struct Policies {
    pub file: PolicyFile,
    /// Of the file and of every policy's manifest: stands in each intent.
    pub digest: Digest,
    /// Of the signature, where there is one.
    pub version: Option<u64>,
}

/// What all policies say about one command.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    pub combined: Combined,
    /// What they were told.
    pub facts: Value,
    pub set: Digest,
    pub version: Option<u64>,
}

/// A policy that is ready to be asked.
pub(crate) struct Member {
    pub loaded: Loaded,
    /// JSON, checked against its schema, with defaults filled in.
    pub settings: String,
}

impl Host {
    /// The set of policies that holds here. `signed`: the trust root asks for a signature.
    pub(crate) fn policies(&self, signed: bool) -> Result<Policies, Problem> {
        let file = PolicyFile::load(&self.home).map_err(explain)?;
        let version = match signed {
            true => Some(self.signed_set(&file)?.version),
            false => None,
        };
        let digest = self.set_digest(&file);
        Ok(Policies { file, digest, version })
    }

    /// The signature over this very file, no older than one that counted before.
    fn signed_set(&self, file: &PolicyFile) -> Result<PolicySet, Problem> {
        let wrong = |why: String| {
            Problem::new(Code::PolicyUnsigned, format!("policies.yaml does not count: {why}"))
                .hint("ifctl governor policy apply ~/.if/policies.yaml")
        };
        let set = if_registry::signed_policy_set(&self.layout);
        let set = set.map_err(|error| wrong(error.problem().to_string()))?;
        let set = set.ok_or_else(|| wrong("the set of policies is not signed".to_owned()))?;
        if set.sha256 != file.digest() {
            return Err(wrong("it is not the file that was signed".to_owned()));
        }
        match self.set_seen()? {
            Some(seen) if set.version < seen => {
                Err(wrong(format!("it is version {}, and {seen} was seen here", set.version)))
            }
            _ => Ok(set),
        }
    }

    /// The highest version of a signed set that ever counted here.
    pub(crate) fn set_seen(&self) -> Result<Option<u64>, Problem> {
        let seen = self.store.releases_seen().map_err(explain)?;
        Ok(CapabilityId::new(SET).ok().and_then(|id| seen.get(&id).copied()))
    }

    fn set_digest(&self, file: &PolicyFile) -> Digest {
        let mut text = file.text.clone();
        for entry in &file.entries {
            let manifest = self.layout.plugin_dir(&entry.policy).join("manifest.json");
            let manifest =
                if_config::read_regular(&manifest, if_manifest::MANIFEST_BYTES_MAX as u64);
            let digest = manifest.map(|bytes| if_manifest::sha256(&bytes).to_string());
            text.push_str(&format!("\n{} {}", entry.name, digest.unwrap_or_default()));
        }
        if_manifest::sha256(text.as_bytes())
    }

    /// Asks every policy that is for this command.
    pub(crate) fn judge(
        &self,
        set: &Policies,
        case: &Case<'_>,
        given: &Given,
        now: UnixMillis,
    ) -> Result<Judged, Problem> {
        let asked: Vec<&PolicyEntry> =
            set.file.entries.iter().filter(|entry| case.is_for(&entry.when)).collect();
        let facts = |needs: &BTreeSet<&str>| self.facts(case, needs, now);
        let (findings, facts) = self.ask(set, &asked, facts)?;
        let (combined, set_digest) = (combine(findings, given), set.digest);
        Ok(Judged { combined, facts, set: set_digest, version: set.version })
    }

    /// The answers of these policies, in their order, and the facts that they were told.
    pub(crate) fn ask(
        &self,
        set: &Policies,
        asked: &[&PolicyEntry],
        facts: impl FnOnce(&BTreeSet<&str>) -> Result<Value, Problem>,
    ) -> Result<(Vec<Finding>, Value), Problem> {
        if asked.is_empty() {
            return Ok((Vec::new(), facts(&BTreeSet::new())?));
        }
        // Its first worker starts while the policies' papers are read.
        let runtime = of_home(&self.home, &self.environment)?;
        let members: Vec<Result<Member, Problem>> =
            asked.iter().map(|entry| self.member(set, entry)).collect();
        let needs = members.iter().flatten().flat_map(Member::needs).collect();
        let facts = facts(&needs)?;
        let text = facts.to_string();
        let answers: Vec<Result<Ruling, String>> = std::thread::scope(|scope| {
            let (runtime, text) = (&runtime, text.as_str());
            let ask = |member| scope.spawn(move || answer(runtime, member, text));
            let asking: Vec<_> = members.iter().map(ask).collect();
            let lost = |_| Err("its thread was lost".to_owned());
            asking.into_iter().map(|it| it.join().unwrap_or_else(lost)).collect()
        });
        let findings = asked.iter().zip(answers).map(|(entry, answer)| finding(entry, answer));
        Ok((findings.collect(), facts))
    }

    /// A policy, loaded on the one load path, with its settings checked.
    pub(crate) fn member(&self, set: &Policies, entry: &PolicyEntry) -> Result<Member, Problem> {
        let loaded = self.load(&entry.policy)?;
        if loaded.manifest.kind != PluginKind::Policy {
            let what = format!("`{}` is a provider, not a policy", entry.policy);
            return Err(explain(set.file.fault(entry, "", None, &what)));
        }
        let settings = settings::checked(&set.file, entry, &loaded.manifest.settings);
        Ok(Member { settings: settings.map_err(explain)?.to_string(), loaded })
    }
}

/// Its machine code; what it imports is held against its manifest.
fn staged(runtime: &Runtime, loaded: &Loaded) -> Result<Prepared, Problem> {
    let mut bytes = || loaded.component_bytes().map_err(explain);
    let prepared = runtime.prepare(&loaded.component_digest, &mut bytes).map_err(explain)?;
    if_registry::check_imports(&Runtime::imports(&prepared), &loaded.manifest).map_err(explain)?;
    Ok(prepared)
}

impl Member {
    fn needs(&self) -> Vec<&'static str> {
        let needs = self.loaded.manifest.rules.iter().flat_map(|rules| &rules.needs);
        needs.map(|need| word(*need)).collect()
    }
}

/// A need, as facts are asked for.
fn word(need: Need) -> &'static str {
    match need {
        Need::Recent => facts::RECENT,
        Need::Budgets => facts::BUDGETS,
        Need::Capabilities => facts::CAPABILITIES,
    }
}

/// One policy's answer; why there is none, in a line.
fn answer(
    runtime: &Runtime,
    member: &Result<Member, Problem>,
    facts: &str,
) -> Result<Ruling, String> {
    let member = member.as_ref().map_err(ToString::to_string)?;
    let component = &member.loaded.component_digest;
    let stage = staged(runtime, &member.loaded).map_err(|problem| problem.to_string())?;
    let prepared = match runtime.recall(component, &member.settings) {
        Some(prepared) => prepared,
        None => {
            let action = Action::Prepare { settings: member.settings.clone() };
            let made = call(runtime, &stage, member, action)?;
            match serde_json::from_str(&made).map_err(|error| error.to_string())? {
                Made::Prepared(prepared) => {
                    runtime.keep(component, &member.settings, &prepared);
                    prepared
                }
                Made::Faults(faults) => {
                    let first = faults.first().map(|it| format!("{}: {}", it.at, it.message));
                    return Err(format!("settings: {}", first.unwrap_or_default()));
                }
            }
        }
    };
    let action = Action::Evaluate { prepared, facts: facts.to_owned() };
    let text = call(runtime, &stage, member, action)?;
    let ruling: Ruling =
        serde_json::from_str(&text).map_err(|error| format!("its answer is none: {error}"))?;
    held_to(ruling, member)
}

/// An answer, if it is one that the policy's manifest declares.
fn held_to(mut ruling: Ruling, member: &Member) -> Result<Ruling, String> {
    let declared = member.loaded.manifest.rules.as_ref().map(|rules| &rules.reasons);
    for reason in &mut ruling.reasons {
        if !declared.is_some_and(|declared| declared.contains_key(&reason.code)) {
            return Err(format!(
                "it gives the reason `{}`, which it does not declare",
                reason.code
            ));
        }
        reason.text =
            reason.text.chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect();
    }
    if ruling.verdict != Verdict::Allow && ruling.reasons.is_empty() {
        return Err("it gives no reason".to_owned());
    }
    if ruling.reasons.len() > REASONS_MAX || ruling.approvals > APPROVALS_MAX {
        return Err("it asks for more than a policy may".to_owned());
    }
    Ok(ruling)
}

/// Calls a pure function of a policy.
pub(crate) fn call(
    runtime: &Runtime,
    prepared: &Prepared,
    member: &Member,
    action: Action,
) -> Result<String, String> {
    let limits = member.loaded.manifest.limits;
    let call = Call {
        action,
        facts: GuestFacts::none(),
        limits,
        start: UnixMillis(0),
        seed: [0; 32],
        deadline_ms: limits.deadline_ms.min(DECIDE_MS_MAX),
        stream: None,
        interrupt: None,
        standing: None,
    };
    let report = block_on(runtime.call(prepared, call, Arc::new(NoBroker)));
    let report = report.map_err(|problem| problem.to_string())?;
    report.result.map_err(|error| error.to_string())
}

fn finding(entry: &PolicyEntry, answer: Result<Ruling, String>) -> Finding {
    let policy = entry.name.clone();
    match answer {
        Ok(ruling) => Finding { policy, ruling, fault: None },
        Err(why) => {
            let text = format!("the policy `{policy}` gave no answer that counts: {why}");
            let code = if_core::Word::new(FAILED);
            let reasons =
                code.into_iter().map(|code| Reason { code, text: text.clone() }).collect();
            let (obligations, approvals) = (BTreeSet::new(), 0);
            let ruling = Ruling { verdict: Verdict::Deny, reasons, obligations, approvals };
            Finding { policy, ruling, fault: Some(why) }
        }
    }
}

impl Judged {
    /// Where no policy holds, nobody is told anything.
    pub fn unasked(set: &Policies) -> Self {
        let combined = combine(Vec::new(), &Given::default());
        Self { combined, facts: Value::Null, set: set.digest, version: set.version }
    }

    /// What stands in the erasable record of the decision; nothing where nobody was asked.
    pub fn body(&self) -> Option<Vec<u8>> {
        let findings = &self.combined.findings;
        let body = || json!({"facts": self.facts, "findings": findings}).to_string().into_bytes();
        (!findings.is_empty()).then(body)
    }

    /// The denial, in words, with the line that gives what is missing.
    pub fn denial(&self, line: &str) -> Problem {
        let combined = &self.combined;
        let failed = combined.findings.iter().find(|it| it.fault.is_some());
        if let Some(failed) = failed {
            let text = failed.ruling.reasons.first().map(|it| it.text.clone()).unwrap_or_default();
            return Problem::new(Code::PolicyFailed, text)
                .hint(format!("ifctl governor policy test --command \"{}\"", bare(line)));
        }
        let denies = combined.findings.iter().any(|it| it.ruling.verdict == Verdict::Deny);
        if denies {
            let lines = self.lines();
            let problem =
                Problem::new(Code::PolicyDenied, format!("`{line}` is denied by a policy"));
            return lines
                .into_iter()
                .fold(problem, Problem::because)
                .hint(format!("ifctl governor policy test --command \"{}\"", bare(line)));
        }
        let flags: Vec<&str> = combined.missing.iter().map(|it| it.flag()).collect();
        let text = format!("`{line}` needs {}, which a policy asks for", flags.join(" and "));
        let given: Vec<&str> = combined.missing.iter().map(|it| example(*it)).collect();
        let problem = Problem::new(Code::PolicyDenied, text);
        self.lines()
            .into_iter()
            .fold(problem, Problem::because)
            .hint(format!("{line} {}", given.join(" ")))
    }

    /// The reasons of those who decided, one line each.
    pub fn lines(&self) -> Vec<String> {
        let of = |it: &Finding| -> Vec<String> {
            let reasons = it.ruling.reasons.iter();
            reasons.map(|reason| format!("{}: {}", it.policy, reason.text)).collect()
        };
        self.combined.speaking().flat_map(of).collect()
    }
}

/// A line without the program's name.
fn bare(line: &str) -> &str {
    line.strip_prefix("ifctl ").unwrap_or(line)
}

fn example(obligation: Obligation) -> &'static str {
    match obligation {
        Obligation::Why => "--why \"…\"",
        Obligation::Yes => "--yes",
        Obligation::IdempotencyKey => "--idempotency-key …",
    }
}
