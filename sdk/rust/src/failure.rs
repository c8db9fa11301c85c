//! How a command fails, in the words of the border, and the host's refusals turned into them.

use crate::{Error, ErrorKind, Failure, Lost, Refusal, nearest};

impl Failure {
    /// The provider answered and refused: its own code and words.
    pub fn refused(code: impl ToString, message: impl Into<String>) -> Self {
        Self::Refused(Refusal { code: code.to_string(), message: message.into(), hint: None })
    }

    /// The arguments make no sense to this provider.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// The answer does not follow the protocol.
    pub fn protocol(message: impl Into<String>) -> Self {
        Self::Protocol(message.into())
    }

    /// The provider did not answer in time; `sent` when a request had left.
    pub fn timeout(message: impl Into<String>, sent: bool) -> Self {
        Self::Timeout(Lost { message: message.into(), sent })
    }

    /// The provider could not be reached or went away; `sent` when a request had left.
    pub fn unreachable(message: impl Into<String>, sent: bool) -> Self {
        Self::Unreachable(Lost { message: message.into(), sent })
    }

    /// Adds a hint to a refusal; other failures have no place for one.
    #[must_use]
    pub fn hint(mut self, hint: Option<String>) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.hint = hint;
        }
        self
    }

    /// If the provider refused with this code because `given` does not exist: the nearest name that
    /// does, as a hint. `names` is asked only then; that it fails too is no matter.
    #[must_use]
    pub fn or_nearest(
        self,
        code: &str,
        given: &str,
        names: impl FnOnce() -> Result<Vec<String>, Self>,
    ) -> Self {
        match &self {
            Self::Refused(refusal) if refusal.code == code && refusal.hint.is_none() => {}
            _ => return self,
        }
        let names = names().unwrap_or_default();
        let near = nearest(given, names.iter().map(String::as_str));
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        self.hint(hint)
    }

    /// The host's refusal of a wish made after a request had left, or before.
    pub fn lost(error: Error, sent: bool) -> Self {
        match error.kind {
            ErrorKind::Planned => Self::Planned,
            ErrorKind::Unreachable => Self::unreachable(error.message, sent),
            ErrorKind::Timeout => Self::timeout(error.message, sent),
            ErrorKind::Protocol => Self::Protocol(error.message),
            ErrorKind::Denied | ErrorKind::Limit | ErrorKind::Invalid | ErrorKind::Budget => {
                Self::Host(error)
            }
        }
    }

    /// The same failure, saying which place did not answer.
    pub(crate) fn at(self, place: &str) -> Self {
        let named = |lost: Lost| Lost { message: format!("{place}: {}", lost.message), ..lost };
        match self {
            Self::Unreachable(lost) => Self::Unreachable(named(lost)),
            Self::Timeout(lost) => Self::Timeout(named(lost)),
            other => other,
        }
    }

    /// The same failure, with nothing left in doubt.
    pub(crate) fn unsent(self) -> Self {
        match self {
            Self::Unreachable(lost) => Self::Unreachable(Lost { sent: false, ..lost }),
            Self::Timeout(lost) => Self::Timeout(Lost { sent: false, ..lost }),
            other => other,
        }
    }
}

impl From<Error> for Failure {
    /// For wishes that send nothing: opening, asking for a placeholder, emitting.
    fn from(error: Error) -> Self {
        Self::lost(error, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_s_refusals_keep_their_meaning() {
        let error = |kind| Error { kind, message: "m".into() };
        assert_eq!(Failure::lost(error(ErrorKind::Planned), true), Failure::Planned);
        assert_eq!(Failure::lost(error(ErrorKind::Timeout), true), Failure::timeout("m", true));
        assert_eq!(Failure::from(error(ErrorKind::Timeout)), Failure::timeout("m", false));
        let denied = error(ErrorKind::Denied);
        assert_eq!(Failure::from(denied.clone()), Failure::Host(denied));
    }

    #[test]
    fn the_nearest_name_is_looked_for_only_where_one_is_missing() {
        let names = || Ok(vec!["Main".to_owned(), "Side".to_owned()]);
        let hint = |failure: Failure, given: &str| match failure.or_nearest("600", given, names) {
            Failure::Refused(refusal) => refusal.hint,
            _ => None,
        };
        let missing = || Failure::refused(600, "no scene");
        assert_eq!(hint(missing(), "Mian").as_deref(), Some("did you mean `Main`?"));
        assert_eq!(hint(missing(), "zzz"), None);
        assert_eq!(hint(Failure::refused(500, "running"), "Mian"), None);
        let kept = missing().or_nearest("600", "Mian", || Err(Failure::Planned));
        assert_eq!(kept, missing());
    }

    #[test]
    fn only_refusals_carry_hints() {
        let hinted = Failure::refused(600, "no scene").hint(Some("did you mean `A`?".into()));
        assert!(matches!(hinted, Failure::Refused(refusal) if refusal.hint.is_some()));
        assert_eq!(Failure::Planned.hint(Some("x".into())), Failure::Planned);
    }
}
