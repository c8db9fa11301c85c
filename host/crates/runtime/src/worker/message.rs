//! What the two processes say to each other. Before all of it goes one byte with the machine code's
//! file descriptor.

use crate::call::{Call, Report};
use crate::error::RuntimeError;
use if_core::{Answer, Ask};
use serde::{Deserialize, Serialize};

/// The byte that carries the descriptor.
pub(super) const HANDOVER: u8 = b'M';

/// The version of this program.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// From outside to the worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "kebab-case")]
pub(super) enum Told {
    /// The one call of this worker.
    Call {
        call: Box<Call>,
    },
    Answer {
        id: u64,
        answer: Answer,
    },
    /// Ctrl-C.
    Interrupt,
}

/// From the worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "kebab-case")]
pub(super) enum Said {
    Loaded {
        /// The version of its program: two versions do not speak to each other.
        version: String,
        imports: Vec<String>,
    },
    Unloadable {
        why: Unloadable,
    },
    Ask {
        id: u64,
        ask: Ask,
    },
    /// Nobody waits for this answer any more.
    Dropped {
        id: u64,
    },
    /// The last word.
    Report {
        report: Report,
    },
}

/// Why machine code cannot be run there.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Unloadable {
    /// Not for this engine.
    Stale(String),
    ImportUnknown(String),
    World(String),
    Other(String),
}

impl From<RuntimeError> for Unloadable {
    fn from(error: RuntimeError) -> Self {
        match error {
            RuntimeError::Compile(why) => Self::Stale(why),
            RuntimeError::ImportUnknown(name) => Self::ImportUnknown(name),
            RuntimeError::World(why) => Self::World(why),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<Unloadable> for RuntimeError {
    fn from(why: Unloadable) -> Self {
        match why {
            Unloadable::Stale(why) => Self::Compile(why),
            Unloadable::ImportUnknown(name) => Self::ImportUnknown(name),
            Unloadable::World(why) => Self::World(why),
            Unloadable::Other(why) => Self::Worker(why),
        }
    }
}
