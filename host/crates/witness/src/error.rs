//! Why evidence could not be written or read. A command whose evidence fails, fails.

use crate::anchor::AnchorFault;
use crate::verify::Fault;
use if_core::{Code, Explain, OperationId, Problem};
use if_store::StoreError;
use if_tlog::{BundleError, CheckpointError, NoteError, Refused};
use std::path::PathBuf;

/// What went wrong. Nothing was recorded in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a file of the log cannot be used")]
    File(#[source] std::io::Error),
    #[error("the key of the log is missing: {path}")]
    KeyMissing { path: PathBuf },
    #[error("the key of the log exists already: {path}")]
    KeyExists { path: PathBuf },
    #[error("the key of the log may be read by other users: {path} (mode {mode:03o})")]
    KeyUnsafe { path: PathBuf, mode: u32 },
    #[error("not an Ed25519 key in PKCS#8 PEM: {path}")]
    KeyMalformed { path: PathBuf },
    #[error("the log belongs to key {log}, but {path} holds key {found}")]
    KeyOfAnotherLog { log: String, found: String, path: PathBuf },
    #[error("operation {0} is already in the log")]
    OperationTaken(OperationId),
    #[error("operation {0} already has an outcome: another process took it for dead")]
    OperationClosed(OperationId),
    #[error("operation {0} is being run by another process")]
    OperationRunning(OperationId),
    #[error("there is no operation {0}")]
    OperationUnknown(OperationId),
    #[error("operation {0} has not ended")]
    OperationOpen(OperationId),
    #[error("an entry of {0} bytes is larger than the log's format allows")]
    LeafTooLarge(usize),
    #[error("entry {seq} of the log cannot be read")]
    Unreadable { seq: u64 },
    #[error("there is no entry {seq} in the log")]
    NoEntry { seq: u64 },
    #[error(transparent)]
    Anchor(#[from] AnchorFault),
    #[error("the log cannot be continued: {0}")]
    Broken(#[source] Fault),
    #[error(
        "a checkpoint of {signed} entries was signed, and the log of {leaves} does not begin with \
         them"
    )]
    Inconsistent { signed: u64, leaves: u64 },
    #[error("a checkpoint of the log cannot be read")]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Cosign(Refused),
    #[error("no log `{origin}` was cosigned before, so its key is needed")]
    LogUnknown { origin: String },
    #[error("the key is of the log `{named}`, not of `{origin}`")]
    LogOfAnotherName { origin: String, named: String },
    #[error("the log `{origin}` has the key {known}, not {named}")]
    LogOfAnotherKey { origin: String, known: String, named: String },
    #[error("entries cannot be bundled")]
    Bundle(#[from] BundleError),
    #[error("operation {operation} is listed as unfinished, but entry {seq} is not its intent")]
    NoIntent { operation: OperationId, seq: u64 },
    #[error("the system gives no random numbers")]
    Random,
    #[error("an entry cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    /// Somebody who was asked in the transaction of an intent said no.
    #[error(transparent)]
    Refused(#[from] Problem),
}

impl From<NoteError> for WitnessError {
    fn from(error: NoteError) -> Self {
        WitnessError::Checkpoint(error.into())
    }
}

impl Explain for WitnessError {
    fn code(&self) -> Code {
        match self {
            WitnessError::Store(error) => error.code(),
            WitnessError::File(error) if error.kind() == std::io::ErrorKind::StorageFull => {
                Code::StoreFull
            }
            WitnessError::File(_) | WitnessError::OperationRunning(_) | WitnessError::Random => {
                Code::Store
            }
            WitnessError::KeyMissing { .. } => Code::KeyMissing,
            WitnessError::Refused(problem) => problem.code,
            WitnessError::KeyExists { .. } => Code::Usage,
            WitnessError::KeyUnsafe { .. } => Code::HomeUnsafe,
            WitnessError::OperationClosed(_) => Code::OutcomeUnknown,
            WitnessError::KeyMalformed { .. }
            | WitnessError::KeyOfAnotherLog { .. }
            | WitnessError::NoIntent { .. }
            | WitnessError::Unreadable { .. }
            | WitnessError::Anchor(_)
            | WitnessError::Broken(_)
            | WitnessError::Inconsistent { .. }
            | WitnessError::Checkpoint(_) => Code::WitnessBroken,
            WitnessError::Cosign(refused) => refused_code(refused),
            WitnessError::LogOfAnotherKey { .. } => Code::LogUnsigned,
            WitnessError::NoEntry { .. }
            | WitnessError::LogUnknown { .. }
            | WitnessError::LogOfAnotherName { .. }
            | WitnessError::OperationUnknown(_)
            | WitnessError::OperationOpen(_) => Code::Usage,
            WitnessError::OperationTaken(_)
            | WitnessError::LeafTooLarge(_)
            | WitnessError::Bundle(_)
            | WitnessError::Json(_) => Code::Bug,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            WitnessError::Store(error) => error.hints(),
            WitnessError::Refused(problem) => problem.hints.clone(),
            WitnessError::KeyMissing { .. } => vec!["ifctl init".to_owned()],
            WitnessError::KeyUnsafe { path, .. } => vec![format!("chmod 600 {}", path.display())],
            WitnessError::Unreadable { .. } => vec!["ifctl witness verify".to_owned()],
            WitnessError::NoEntry { .. } | WitnessError::OperationUnknown(_) => {
                vec!["ifctl witness log".to_owned()]
            }
            WitnessError::Anchor(_) | WitnessError::Broken(_) => vec![
                "ifctl witness verify".to_owned(),
                "ifctl witness anchor reset --yes".to_owned(),
            ],
            WitnessError::OperationClosed(operation) => {
                vec![format!("ifctl witness query --operation {operation}")]
            }
            WitnessError::Cosign(Refused::Stale { last, .. }) => {
                vec![format!("where the log is: ifctl witness checkpoint --since {last}")]
            }
            WitnessError::LogUnknown { .. } | WitnessError::LogOfAnotherName { .. } => {
                let key = "what `ifctl witness checkpoint --key` prints where the log is";
                vec![format!("--log-key KEY, which is {key}")]
            }
            _ => Vec::new(),
        }
    }
}

/// The code of what a witness does not vouch for.
fn refused_code(refused: &Refused) -> Code {
    match refused {
        Refused::Unsigned(_) => Code::LogUnsigned,
        Refused::RolledBack { .. } => Code::LogRolledBack,
        Refused::Forked { .. } | Refused::Unproven { .. } => Code::LogForked,
        Refused::Stale { .. } => Code::Usage,
    }
}
