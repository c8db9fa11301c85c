//! A problem as data: what every error becomes before a person or a script sees it.
//!
//! Each crate keeps its own error enum and says, through [`Explain`], which stable code it carries
//! and which line would mend it. One place, the binary, turns a [`Problem`] into text or JSON.

use crate::Code;
use serde::Serialize;

/// `{code, message, because, hints}`: the only shape in which an error reaches a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Stable, documented, `IF_ERR_…`.
    pub code: Code,
    /// What happened: lower case, one line, no period.
    pub message: String,
    /// The chain of causes, nearest first.
    pub because: Vec<String>,
    /// Exact lines to write that would mend it.
    pub hints: Vec<String>,
}

impl Problem {
    /// A problem without causes or hints yet.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), because: Vec::new(), hints: Vec::new() }
    }

    /// Adds a cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.because.push(cause.into());
        self
    }

    /// Adds a line to write.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// A word as a shell needs it, for the lines of a hint.
pub fn quoted(word: &str) -> String {
    let plain = !word.is_empty()
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./:=,@%+".contains(&b));
    match plain {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// What a crate's error enum tells about itself.
pub trait Explain: std::error::Error {
    /// The stable code of this error.
    fn code(&self) -> Code;

    /// Lines to write that would mend it; none when there is no such line.
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }

    /// The error with its chain of causes as data.
    fn problem(&self) -> Problem
    where
        Self: Sized,
    {
        let mut problem = Problem::new(self.code(), self.to_string());
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            problem.because.push(error.to_string());
            cause = error.source();
        }
        problem.hints = self.hints();
        problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_read_it_otherwise() {
        for (word, expect) in [
            ("studio/obs@2", "studio/obs@2"),
            ("", "''"),
            ("Main Scene", "'Main Scene'"),
            ("$(rm)", "'$(rm)'"),
            ("it's", r"'it'\''s'"),
        ] {
            assert_eq!(quoted(word), expect);
        }
    }
}
