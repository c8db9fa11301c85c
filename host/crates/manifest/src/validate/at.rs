//! Where in a document we are, for the one moment in which something is wrong.
//!
//! A chain of borrowed steps on the stack: checking a good manifest allocates nothing for places.

use crate::ManifestError;
use std::fmt;

/// A place in the manifest.
pub(super) struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

enum Step<'a> {
    Field(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> At<'a> {
    /// The document itself, or a named part standing alone.
    pub fn root(name: &'a str) -> At<'a> {
        At { parent: None, step: Step::Field(name) }
    }

    /// A member with a fixed name.
    pub fn field<'b>(&'b self, name: &'b str) -> At<'b> {
        At { parent: Some(self), step: Step::Field(name) }
    }

    /// An item of a list, from 0.
    pub fn index(&self, index: usize) -> At<'_> {
        At { parent: Some(self), step: Step::Index(index) }
    }

    /// A member of a map with free names.
    pub fn key<'b>(&'b self, key: &'b str) -> At<'b> {
        At { parent: Some(self), step: Step::Key(key) }
    }

    /// Refuses the manifest here unless `ok`.
    pub fn require(&self, ok: bool, what: impl FnOnce() -> String) -> Result<(), ManifestError> {
        if ok { Ok(()) } else { Err(self.fault(what())) }
    }

    /// The fault at this place.
    pub fn fault(&self, what: impl Into<String>) -> ManifestError {
        ManifestError::Invalid { at: self.to_string(), what: what.into() }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nested = self.parent.is_some_and(|parent| !parent.is_nameless());
        if let Some(parent) = self.parent {
            write!(f, "{parent}")?;
        }
        match self.step {
            Step::Field(name) if nested => write!(f, ".{name}"),
            Step::Field(name) => f.write_str(name),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) => write!(f, "[{key:?}]"),
        }
    }
}

impl At<'_> {
    fn is_nameless(&self) -> bool {
        self.parent.is_none() && matches!(self.step, Step::Field(""))
    }
}
