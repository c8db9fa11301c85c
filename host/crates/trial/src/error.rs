//! Why no trial could be held. An attack that gets through is not an error here: it is a verdict.

use if_core::{Code, Explain};

/// What keeps a trial from being held.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    #[error("the trial's stage cannot be set")]
    Stage(#[from] std::io::Error),
    #[error("the table of attacks cannot be read: {0}")]
    Table(String),
    /// The program does not do what it must do for an honest plugin.
    #[error("this program fails at `{line}`")]
    Program { line: String, source: Complaint },
}

/// What the program said.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Complaint(pub String);

impl Explain for TrialError {
    fn code(&self) -> Code {
        match self {
            Self::Stage(_) => Code::Store,
            Self::Table(_) => Code::Bug,
            Self::Program { .. } => Code::SandboxUnsound,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Program { .. } => {
                vec![
                    "ifctl, ifctl-compile and ifctl-worker must be of one build, side by side"
                        .into(),
                ]
            }
            _ => Vec::new(),
        }
    }
}
