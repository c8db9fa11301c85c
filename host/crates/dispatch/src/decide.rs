//! Whether a command may run: pure, so that the same facts always give the same decision.
//!
//! Policies as components come with the governor; what stands here is the rule no policy can waive:
//! a dangerous command needs somebody's yes.

use if_core::{Code, Effect, Mode, Problem};

/// What is known when the decision is taken.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub line: &'a str,
    pub effect: Effect,
    /// The argument that the signed table of effects does not know, and the nearest it knows.
    pub unlisted: Option<(&'a str, Option<&'a str>)>,
    pub mode: Mode,
    pub yes: bool,
}

/// A decision as data: it stands in the intent or, as a denial, alone in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub allowed: bool,
    pub reasons: Vec<String>,
}

/// Decides.
pub fn decide(facts: Facts<'_>) -> Decision {
    let reason = match (facts.effect, facts.mode, facts.yes) {
        (_, Mode::DryRun, _) => "a dry run changes nothing",
        (Effect::Dangerous, Mode::Live, true) => "dangerous, confirmed with --yes",
        (Effect::Dangerous, Mode::Live, false) => "dangerous, not confirmed",
        (Effect::Write, ..) => "a write",
        (Effect::Session | Effect::Read, ..) => "a read",
    };
    let allowed = facts.mode == Mode::DryRun || facts.effect < Effect::Dangerous || facts.yes;
    Decision { allowed, reasons: vec![reason.to_owned()] }
}

/// The problem a denial shows, with both lines a careful operator would type next.
pub fn denial(facts: Facts<'_>) -> Problem {
    let problem = Problem::new(
        Code::ConfirmationNeeded,
        format!("`{}` is dangerous and needs a yes", facts.line),
    );
    let problem = match facts.unlisted {
        None => problem,
        Some((word, nearest)) => {
            let problem =
                problem.because(format!("the plugin's signed table does not know `{word}`"));
            nearest
                .iter()
                .fold(problem, |problem, known| problem.hint(format!("did you mean `{known}`?")))
        }
    };
    problem.hint(format!("{} --dry-run", facts.line)).hint(format!("{} --yes", facts.line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(effect: Effect, mode: Mode, yes: bool) -> bool {
        decide(Facts { line: "ifctl x", effect, unlisted: None, mode, yes }).allowed
    }

    #[test]
    fn only_a_live_dangerous_command_without_a_yes_is_denied() {
        for effect in [Effect::Session, Effect::Read, Effect::Write] {
            assert!(allowed(effect, Mode::Live, false));
        }
        assert!(!allowed(Effect::Dangerous, Mode::Live, false));
        assert!(allowed(Effect::Dangerous, Mode::Live, true));
        assert!(allowed(Effect::Dangerous, Mode::DryRun, false));
    }
}
