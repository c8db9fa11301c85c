//! Names the end of a call: from what the engine, a limit or the guest says to one `CallError`.

use crate::call::{CallError, GuestFailure};
use crate::limits::Stop;
use if_core::{Code, Refusal, RefusalKind};
use if_world::imports::types;
use wasmtime::Trap;
use wasmtime::component::ResourceTableError;

/// Longest text of a guest's failure: a screen or two; it is printed and kept.
const FAILURE_BYTES_MAX: usize = 4 << 10;

/// Longest quotation of a guest's last words.
const LAST_WORDS_CHARS_MAX: usize = 240;

/// An end that the host demanded.
pub(crate) fn of_stop(stop: Stop) -> CallError {
    match stop {
        Stop::Refused(refusal) => CallError::Refused(refusal),
        Stop::Limit { code, message } => CallError::Limit { code, message },
        Stop::Exit(status) => CallError::Misbehaved {
            message: format!("the plugin called exit({status}) instead of returning a result"),
        },
    }
}

/// An error out of the engine; `log` is what the guest wrote.
pub(crate) fn of_error(error: &wasmtime::Error, log: &str) -> CallError {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return of_stop(stop.clone());
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return of_trap(*trap, log);
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref() {
        return limit(Code::LimitHandles, "the plugin held too many resources at once");
    }
    // These ends have no type of their own in the engine; the tests trip each of them.
    let text = format!("{error:#}");
    if text.contains("fuel allocated for hostcalls has been exhausted") {
        return limit(Code::LimitHostCalls, "the plugin passed too much data in one host call");
    }
    if text.contains("total size of fields exceeds limit") {
        return limit(Code::LimitNetwork, "the plugin's headers are larger than headers may be");
    }
    if text.contains("store handle limit exceeded") {
        return limit(Code::LimitHandles, "the plugin held too many handles at once");
    }
    if text.contains("resource limit exceeded") {
        return limit(Code::LimitHandles, "the plugin has too many memories, tables or instances");
    }
    let cause = error.root_cause().to_string();
    CallError::Misbehaved { message: clip(format!("the plugin broke the interface: {cause}")) }
}

fn of_trap(trap: Trap, log: &str) -> CallError {
    match trap {
        Trap::OutOfFuel => limit(Code::LimitFuel, "the plugin computed longer than its limit"),
        Trap::StackOverflow => limit(Code::LimitStack, "the plugin recursed too deeply"),
        _ => {
            let words = last_words(log);
            let message = match words.is_empty() {
                true => format!("the plugin crashed: {trap}"),
                false => format!("the plugin crashed: {words}"),
            };
            CallError::Panicked { message }
        }
    }
}

pub(crate) fn limit(code: Code, message: impl Into<String>) -> CallError {
    CallError::Limit { code, message: message.into() }
}

/// The guest's own failure. Where it only passes on what the host said, the host's record of it
/// takes its place: that one has the code and the line to write. Nobody else speaks for the host.
pub(crate) fn of_failure(
    failure: types::Failure,
    refused: impl Fn(RefusalKind) -> Option<Refusal>,
) -> CallError {
    CallError::Failure(match failure {
        types::Failure::Host(error) => return of_report(error.kind.into(), error.message, refused),
        types::Failure::Refused(refused) => GuestFailure::Refused {
            code: clip(refused.code),
            message: clip(refused.message),
            hint: refused.hint.map(clip),
        },
        types::Failure::Auth(text) => GuestFailure::Auth(clip(text)),
        types::Failure::Protocol(text) => GuestFailure::Protocol(clip(text)),
        types::Failure::Usage(text) => GuestFailure::Usage(clip(text)),
        types::Failure::Unreachable(lost) => {
            // A guest's HTTP library has one word for many things; the host knows which it was.
            let known = refused(RefusalKind::Unreachable).map(|refusal| refusal.message);
            let message = known.unwrap_or_else(|| clip(lost.message));
            GuestFailure::Unreachable { message, sent: lost.sent }
        }
        types::Failure::Timeout(lost) => {
            GuestFailure::Timeout { message: clip(lost.message), sent: lost.sent }
        }
        types::Failure::Planned => GuestFailure::Planned,
    })
}

/// A guest's report that the host refused it something.
fn of_report(
    kind: RefusalKind,
    message: String,
    refused: impl Fn(RefusalKind) -> Option<Refusal>,
) -> CallError {
    match (refused(kind), kind) {
        (Some(refusal), _) => CallError::Refused(refusal),
        // A wish that makes no sense is told the guest without a record: it is its own fault.
        (None, RefusalKind::Invalid) => CallError::Misbehaved { message: clip(message) },
        (None, _) => {
            let said = clip(message);
            let message =
                format!("the plugin says that the host refused it, which is not so: {said}");
            CallError::Misbehaved { message }
        }
    }
}

/// Cuts a guest's text at a character.
fn clip(mut text: String) -> String {
    if text.len() > FAILURE_BYTES_MAX {
        let mut end = FAILURE_BYTES_MAX;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The place and message of a Rust panic, or the first lines of whatever was written last.
fn last_words(log: &str) -> String {
    let panic = log.rfind("panicked at").and_then(|at| log.get(at..)).unwrap_or(log);
    let lines: Vec<&str> = panic
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("note:"))
        .take(2)
        .collect();
    lines.join(" ").chars().take(LAST_WORDS_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_core::Explain;

    #[test]
    fn a_panic_is_quoted_without_its_note() {
        let log = "starting\n\nthread '<unnamed>' panicked at src/lib.rs:3:5:\nno scene\nnote: x\n";
        let CallError::Panicked { message } = of_trap(Trap::UnreachableCodeReached, log) else {
            panic!("not a panic")
        };
        assert_eq!(message, "the plugin crashed: panicked at src/lib.rs:3:5: no scene");
    }

    #[test]
    fn the_hosts_own_refusal_replaces_the_guests_report_of_it() {
        let refusal = Refusal::new(RefusalKind::Denied, Code::EgressDenied, "no").hint("line");
        let error = types::Error::from(&refusal);
        let given = |kind| (kind == RefusalKind::Denied).then(|| refusal.clone());
        let named = of_failure(types::Failure::Host(error.clone()), given);
        assert_eq!((named.code(), named.hints()), (Code::EgressDenied, vec!["line".to_owned()]));
    }

    #[test]
    fn a_refusal_that_the_host_never_gave_is_the_plugins_invention() {
        let kinds = [
            RefusalKind::Denied,
            RefusalKind::Limit,
            RefusalKind::Planned,
            RefusalKind::Unreachable,
            RefusalKind::Timeout,
            RefusalKind::Protocol,
            RefusalKind::Invalid,
            RefusalKind::Budget,
        ];
        for kind in kinds {
            let error = types::Error::from(&Refusal::new(kind, Code::Bug, "no"));
            let claimed = of_failure(types::Failure::Host(error), |_| None);
            assert_eq!(claimed.code(), Code::PluginMisbehaved, "{kind:?}");
        }
    }

    #[test]
    fn a_lost_write_is_an_unknown_outcome() {
        let lost = |sent| types::Lost { message: "gone".into(), sent };
        let code = |failure| of_failure(failure, |_| None).code();
        assert_eq!(code(types::Failure::Timeout(lost(true))), Code::OutcomeUnknown);
        assert_eq!(code(types::Failure::Timeout(lost(false))), Code::Timeout);
        assert_eq!(code(types::Failure::Unreachable(lost(true))), Code::OutcomeUnknown);
        assert_eq!(code(types::Failure::Unreachable(lost(false))), Code::Unreachable);
    }

    #[test]
    fn why_nobody_was_reached_is_the_hosts_to_say() {
        let lost = || types::Lost { message: "refused, perhaps".into(), sent: true };
        let said = |refused: fn(RefusalKind) -> Option<Refusal>| {
            of_failure(types::Failure::Unreachable(lost()), refused).to_string()
        };
        assert_eq!(said(|_| None), "refused, perhaps");
        let broke = |kind| Some(Refusal::new(kind, Code::Unreachable, "the answer broke off"));
        assert_eq!(said(broke), "the answer broke off");
    }

    #[test]
    fn texts_are_clipped_at_a_character() {
        let clipped = clip("ä".repeat(FAILURE_BYTES_MAX));
        assert!(clipped.len() <= FAILURE_BYTES_MAX + '…'.len_utf8());
        assert!(clipped.ends_with('…'));
    }
}
