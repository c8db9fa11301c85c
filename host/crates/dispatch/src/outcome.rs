//! How a call ended, in the words of the log and of the exit code.
//!
//! The one rule that needs care: when a write may have left and no answer came, the outcome is
//! `unknown`, whatever else went wrong.

use if_core::{Code, Explain, Mode, Problem};
use if_runtime::{CallError, GuestFailure};
use crate::wish::Seen;
use if_witness::Status;

/// What the broker knows when the call is over.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sent {
    /// A write or dangerous message left.
    pub wrote: bool,
    /// One of them has no answer yet.
    pub unanswered: bool,
}

/// The end of a call, judged.
#[derive(Debug)]
pub(crate) struct Ending {
    pub status: Status,
    pub problem: Option<Problem>,
}

/// Judges what the sandbox reported against what the broker saw leave.
pub(crate) fn judge(result: Result<(), &CallError>, seen: &Seen, mode: Mode, line: &str) -> Ending {
    let sent = seen.sent;
    let error = match result {
        Ok(()) if mode == Mode::DryRun => return Ending { status: Status::Planned, problem: None },
        Ok(()) => return Ending { status: Status::Ok, problem: None },
        Err(error) => error,
    };
    if mode == Mode::DryRun && is_planned(error) {
        return Ending { status: Status::Planned, problem: None };
    }
    let problem = to_problem(error, line);
    let ended_without_answer = matches!(problem.code, Code::Timeout | Code::Unreachable | Code::LimitDeadline | Code::Interrupted);
    if mode == Mode::Live && sent.wrote && sent.unanswered && ended_without_answer {
        let unknown = Problem::new(Code::OutcomeUnknown, "sent, and no answer came: it may have happened")
            .because(problem.message.clone());
        let problem = if problem.code == Code::Interrupted { problem } else { unknown };
        return Ending { status: Status::Unknown, problem: Some(problem) };
    }
    Ending { status: status_of(problem.code), problem: Some(problem) }
}

fn is_planned(error: &CallError) -> bool {
    match error {
        CallError::Failure(GuestFailure::Planned) => true,
        CallError::Refused(refusal) => refusal.kind == if_core::RefusalKind::Planned,
        _ => false,
    }
}

fn status_of(code: Code) -> Status {
    match code.exit() {
        if_core::Exit::Denied => Status::Denied,
        if_core::Exit::Interrupted => Status::Interrupted,
        _ => Status::Failed,
    }
}

/// The guest's failure in the host's words. Only the host adds hints; a plugin's is marked as such.
fn to_problem(error: &CallError, line: &str) -> Problem {
    let CallError::Failure(failure) = error else { return error.problem() };
    match failure {
        GuestFailure::Refused { code, message, hint } => {
            let code = if code.is_empty() { String::new() } else { format!(" ({code})") };
            let problem = Problem::new(Code::Provider, format!("the provider refused{code}: {message}"));
            match hint {
                Some(hint) => problem.because(hint.clone()),
                None => problem,
            }
        }
        GuestFailure::Auth(message) => {
            Problem::new(Code::ProviderAuth, format!("the provider did not accept the credentials: {message}"))
        }
        GuestFailure::Protocol(message) => Problem::new(Code::ProviderProtocol, message.clone()),
        GuestFailure::Unreachable { message, sent: false } => Problem::new(Code::Unreachable, message.clone()),
        GuestFailure::Timeout { message, sent: false } => Problem::new(Code::Timeout, message.clone()),
        GuestFailure::Unreachable { message, sent: true } | GuestFailure::Timeout { message, sent: true } => {
            Problem::new(Code::OutcomeUnknown, message.clone())
        }
        GuestFailure::Usage(message) => Problem::new(Code::Usage, message.clone()).hint(format!("{line} --help")),
        GuestFailure::Planned => Problem::new(Code::PluginMisbehaved, "the plugin speaks of a dry run, and this is none"),
        GuestFailure::Host { .. } => error.problem(),
    }
}
