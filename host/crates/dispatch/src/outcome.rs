//! How a call ended, in the words of the log and of the exit code.
//!
//! The one rule that needs care: when a write may have left and no answer came, the outcome is
//! `unknown`, whatever else went wrong.

use crate::wish::Seen;
use if_core::{Code, Explain, Mode, Problem};
use if_runtime::{CallError, GuestFailure};
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

/// Whose fault it was, as a breaker counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nobody's: it went well, or the provider had a reason to refuse.
    Well,
    /// The provider was away, late, or spoke nonsense.
    Provider,
    /// The plugin broke down.
    Plugin,
    /// It says nothing of either.
    Neither,
}

/// Provider's codes that say that it cannot, not that it will not.
const OVERLOADED: &str = "429";
const BROKEN: char = '5';

impl Ending {
    /// What the end says of those who were called.
    pub fn fate(&self, result: Result<(), &CallError>) -> Fate {
        if let Err(CallError::Failure(GuestFailure::Refused { code, .. })) = result {
            let server = code.len() == 3 && code.starts_with(BROKEN);
            return if server || code == OVERLOADED { Fate::Provider } else { Fate::Well };
        }
        match self.problem.as_ref().map(|problem| problem.code) {
            None => Fate::Well,
            Some(
                Code::Unreachable
                | Code::Timeout
                | Code::ProviderProtocol
                | Code::OutcomeUnknown
                | Code::LimitDeadline,
            ) => Fate::Provider,
            Some(
                Code::PluginPanicked
                | Code::PluginMisbehaved
                | Code::LimitMemory
                | Code::LimitFuel
                | Code::LimitStack
                | Code::LimitHandles
                | Code::LimitHostCalls
                | Code::LimitOutput
                | Code::Worker,
            ) => Fate::Plugin,
            Some(_) => Fate::Neither,
        }
    }
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
    if *error == CallError::Stopped && !(sent.wrote && sent.unanswered) {
        let status = if mode == Mode::DryRun { Status::Planned } else { Status::Ok };
        return Ending { status, problem: None };
    }
    let problem = to_problem(error, sent, line);
    let ended_without_answer = matches!(
        problem.code,
        Code::Timeout | Code::Unreachable | Code::LimitDeadline | Code::Interrupted | Code::Revoked
    );
    if mode == Mode::Live && sent.wrote && sent.unanswered && ended_without_answer {
        let unknown =
            Problem::new(Code::OutcomeUnknown, "sent, and no answer came: it may have happened")
                .because(problem.message.clone());
        let problem = match error {
            CallError::Interrupted => problem,
            // Who sees it must learn that the plugin was revoked, not only that nobody answered.
            _ if problem.code == Code::Revoked => problem,
            _ => unknown,
        };
        return Ending { status: Status::Unknown, problem: Some(problem) };
    }
    let status = if problem.code == Code::OutcomeUnknown {
        Status::Unknown
    } else {
        status_of(problem.code)
    };
    Ending { status, problem: Some(problem) }
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
///
/// Whether something was sent is the broker's word alone: a plugin that says so after a mere read
/// is not believed.
fn to_problem(error: &CallError, sent: Sent, line: &str) -> Problem {
    let CallError::Failure(failure) = error else { return error.problem() };
    match failure {
        GuestFailure::Refused { code, message, hint } => {
            let code = if code.is_empty() { String::new() } else { format!(" ({code})") };
            let problem =
                Problem::new(Code::Provider, format!("the provider refused{code}: {message}"));
            match hint {
                Some(hint) => problem.because(hint.clone()),
                None => problem,
            }
        }
        GuestFailure::Auth(message) => Problem::new(
            Code::ProviderAuth,
            format!("the provider did not accept the credentials: {message}"),
        ),
        GuestFailure::Protocol(message) => Problem::new(Code::ProviderProtocol, message.clone()),
        GuestFailure::Unreachable { sent: true, message }
        | GuestFailure::Timeout { sent: true, message }
            if sent.wrote =>
        {
            Problem::new(Code::OutcomeUnknown, message.clone())
        }
        GuestFailure::Unreachable { message, .. } => {
            Problem::new(Code::Unreachable, message.clone())
        }
        GuestFailure::Timeout { message, .. } => Problem::new(Code::Timeout, message.clone()),
        GuestFailure::Usage(message) => {
            Problem::new(Code::Usage, message.clone()).hint(format!("{line} --help"))
        }
        GuestFailure::Planned => {
            Problem::new(Code::PluginMisbehaved, "the plugin speaks of a dry run, and this is none")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(error: CallError, wrote: bool, unanswered: bool, mode: Mode) -> (Status, Option<Code>) {
        let seen = Seen { sent: Sent { wrote, unanswered }, ..Seen::default() };
        let end = judge(Err(&error), &seen, mode, "ifctl x");
        (end.status, end.problem.map(|problem| problem.code))
    }

    fn timeout(sent: bool) -> CallError {
        CallError::Failure(GuestFailure::Timeout { message: "no answer".into(), sent })
    }

    #[test]
    fn a_breaker_hears_whose_fault_it_was() {
        let fate = |error: CallError| {
            let end = judge(Err(&error), &Seen::default(), Mode::Live, "ifctl x");
            end.fate(Err(&error))
        };
        let refused = |code: &str| {
            let (code, message) = (code.to_owned(), "no".to_owned());
            CallError::Failure(GuestFailure::Refused { code, message, hint: None })
        };
        for cannot in ["500", "503", "429"] {
            assert_eq!(fate(refused(cannot)), Fate::Provider, "{cannot}");
        }
        for will_not in ["", "404", "600", "5", "E_NO_SCENE"] {
            assert_eq!(fate(refused(will_not)), Fate::Well, "{will_not}");
        }
        assert_eq!(fate(timeout(false)), Fate::Provider);
        let usage = GuestFailure::Usage("no such scene".into());
        assert_eq!(fate(CallError::Failure(usage)), Fate::Neither);
        assert_eq!(fate(CallError::Failure(GuestFailure::Planned)), Fate::Plugin);
        assert_eq!(fate(CallError::Interrupted), Fate::Neither);
        let end = judge(Ok(()), &Seen::default(), Mode::Live, "ifctl x");
        assert_eq!(end.fate(Ok(())), Fate::Well);
    }

    #[test]
    fn only_what_the_broker_saw_leave_makes_an_outcome_unknown() {
        let unknown = (Status::Unknown, Some(Code::OutcomeUnknown));
        assert_eq!(ends(timeout(true), true, true, Mode::Live), unknown);
        assert_eq!(ends(timeout(false), true, true, Mode::Live), unknown);
        assert_eq!(
            ends(timeout(true), false, false, Mode::Live),
            (Status::Failed, Some(Code::Timeout))
        );
        let deadline = CallError::Limit { code: Code::LimitDeadline, message: "late".into() };
        assert_eq!(ends(deadline, true, true, Mode::Live), unknown);
    }

    #[test]
    fn an_interrupted_write_without_answer_is_unknown_and_says_interrupted() {
        let end = ends(CallError::Interrupted, true, true, Mode::Live);
        assert_eq!(end, (Status::Unknown, Some(Code::Interrupted)));
        let end = ends(CallError::Interrupted, false, false, Mode::Live);
        assert_eq!(end, (Status::Interrupted, Some(Code::Interrupted)));
    }

    #[test]
    fn a_revoked_write_without_answer_is_unknown_and_says_revoked() {
        let revoked = || {
            let kind = if_core::RefusalKind::Denied;
            CallError::Refused(if_core::Refusal::fatal(kind, Code::Revoked, "stolen"))
        };
        let end = ends(revoked(), true, true, Mode::Live);
        assert_eq!(end, (Status::Unknown, Some(Code::Revoked)));
        let end = ends(revoked(), true, false, Mode::Live);
        assert_eq!(end, (Status::Denied, Some(Code::Revoked)));
    }

    #[test]
    fn a_stream_that_was_asked_to_stop_has_succeeded_unless_a_write_is_unanswered() {
        assert_eq!(ends(CallError::Stopped, false, false, Mode::Live), (Status::Ok, None));
        assert_eq!(ends(CallError::Stopped, true, false, Mode::Live), (Status::Ok, None));
        assert_eq!(ends(CallError::Stopped, true, false, Mode::DryRun), (Status::Planned, None));
        let unknown = (Status::Unknown, Some(Code::OutcomeUnknown));
        assert_eq!(ends(CallError::Stopped, true, true, Mode::Live), unknown);
    }

    #[test]
    fn a_plan_is_an_end_only_in_a_dry_run() {
        let planned = || CallError::Failure(GuestFailure::Planned);
        assert_eq!(ends(planned(), false, false, Mode::DryRun), (Status::Planned, None));
        let live = ends(planned(), false, false, Mode::Live);
        assert_eq!(live, (Status::Failed, Some(Code::PluginMisbehaved)));
    }

    #[test]
    fn a_plugins_hint_is_a_cause_and_never_a_hint_of_the_host() {
        let refused = GuestFailure::Refused {
            code: "600".into(),
            message: "no scene".into(),
            hint: Some("rm -rf".into()),
        };
        let end = judge(Err(&CallError::Failure(refused)), &Seen::default(), Mode::Live, "ifctl x");
        let problem = end.problem.unwrap();
        assert_eq!((problem.because, problem.hints), (vec!["rm -rf".to_owned()], vec![]));
    }
}
