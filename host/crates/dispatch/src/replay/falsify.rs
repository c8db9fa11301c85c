//! `--mode=falsify`: what would happen if the provider were at its worst just then.
//!
//! The command is planned first, as in a dry run. Then the component runs again for each adversity,
//! with the answers of the dry run up to the first message that would change something. Nothing of
//! that leaves the machine. What is looked for is a command that would say it is done although
//! nobody said so, and a plugin that breaks.

use super::adversary::{Adversary, Adversity};
use super::{Recording, Replayed};
use crate::engine::Ready;
use crate::host::Host;
use crate::outcome::{self, Ending};
use crate::request::{Performed, Planned, Request};
use crate::run::block_on;
use crate::wish::Seen;
use if_core::{Code, EventSink, Mode, Problem};
use if_runtime::Call;
use if_witness::Status;
use serde::Serialize;
use std::sync::Arc;

/// A command, planned and played at its worst.
#[derive(Debug)]
pub struct Falsified {
    /// The dry run in the log.
    pub operation: String,
    /// What would be sent.
    pub plan: Vec<Planned>,
    /// One for each adversity; none where nothing would be changed.
    pub cases: Vec<Case>,
    pub warnings: Vec<String>,
}

/// How the command would end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Case {
    pub adversity: Adversity,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Why nobody should rely on that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'static str>,
}

impl Falsified {
    /// The cases that speak against it.
    pub fn faults(&self) -> impl Iterator<Item = &Case> {
        self.cases.iter().filter(|case| case.fault.is_some())
    }
}

impl Host {
    /// Plans the command, and plays every adversity against it. Changes nothing.
    pub fn falsify(
        &self,
        mut request: Request,
        face: Arc<dyn EventSink>,
    ) -> Result<Falsified, Problem> {
        request.flags.dry_run = true;
        let line = request.line.clone().unwrap_or_default();
        let Performed { operation, result, plan, warnings, .. } = self.run(request, face)?;
        result?;
        let id = if_core::OperationId::new(operation.as_str())
            .map_err(|error| Problem::new(Code::Bug, error.to_string()))?;
        let entry = self.entry(&id)?;
        let recording = Recording::of(&entry).map_err(unplayable)?;
        let loaded = self.load(&recording.provider)?;
        let ready = self.ready(self.engine()?, &loaded)?;
        let mut cases = Vec::new();
        for adversity in Adversity::ALL {
            let start = recording.recorded.start;
            let Some(adversary) = Adversary::new(&recording.exchanges, start, adversity) else {
                break;
            };
            let mut call = recording.call.clone();
            call.facts.mode = Mode::Live;
            cases.push(play(&ready, call, adversary, adversity, &line)?);
        }
        let operation = Replayed::not(&entry, String::new()).operation;
        Ok(Falsified { operation, plan, cases, warnings })
    }
}

fn unplayable(why: String) -> Problem {
    Problem::new(Code::Usage, "the command cannot be falsified").because(why)
}

fn play(
    ready: &Ready,
    call: Call,
    adversary: Adversary,
    adversity: Adversity,
    line: &str,
) -> Result<Case, Problem> {
    let adversary = Arc::new(adversary);
    let running = ready.engine.call(&ready.prepared, call, adversary.clone());
    let report = block_on(running)?;
    let seen = Seen { sent: adversary.sent(), ..Seen::default() };
    let result = report.result.as_ref().map(|_| ());
    let Ending { status, problem } = outcome::judge(result, &seen, Mode::Live, line);
    let code = problem.as_ref().map(|problem| problem.code);
    let fault = match adversary.parted() {
        true => Some("it goes another way than in the dry run: nothing can be said of it"),
        false => fault(adversity, status, code),
    };
    Ok(Case { adversity, status, code, message: problem.map(|it| it.message), fault })
}

/// Why an end is not to be relied on.
fn fault(adversity: Adversity, status: Status, code: Option<Code>) -> Option<&'static str> {
    match (adversity, status, code) {
        (_, _, Some(Code::PluginPanicked | Code::PluginMisbehaved)) => Some("the plugin breaks"),
        (
            _,
            _,
            Some(Code::LimitFuel | Code::LimitMemory | Code::LimitHostCalls | Code::LimitDeadline),
        ) => Some("the plugin goes on until a limit ends it"),
        // An old answer may be taken for the new one; nobody can tell from here that it was not.
        (Adversity::Twice, ..) => None,
        (Adversity::Late, Status::Ok, _) => Some("it says that it is done, and nobody answered"),
        (_, Status::Ok, _) => Some("it says that it is done, and the provider did not say so"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_end_that_nobody_can_rely_on_is_a_fault() {
        let unknown = Some(Code::OutcomeUnknown);
        assert_eq!(fault(Adversity::Late, Status::Unknown, unknown), None);
        assert_eq!(fault(Adversity::Error, Status::Failed, Some(Code::Provider)), None);
        assert_eq!(fault(Adversity::Twice, Status::Ok, None), None);
        for adversity in [Adversity::Late, Adversity::Garbage, Adversity::Error] {
            assert!(fault(adversity, Status::Ok, None).is_some(), "{adversity:?}");
        }
        for broken in [Code::PluginPanicked, Code::LimitFuel] {
            assert!(fault(Adversity::Twice, Status::Failed, Some(broken)).is_some());
        }
    }
}
