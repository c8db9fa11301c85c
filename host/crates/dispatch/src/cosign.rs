//! Witnesses: what this log asks of others, and what this home says of somebody else's log.

use crate::host::Host;
use crate::job::explain;
use crate::proof::read;
use if_core::{Code, Problem};
use if_tlog::{Checkpoint, Name, Note, Submission, Verifier};
use if_witness::WitnessError;
use std::path::Path;

/// What a witness is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// Entries that it has vouched for.
    pub old: u64,
    /// Entries that it is to vouch for.
    pub size: u64,
    /// The body of an `add-checkpoint` request.
    pub body: String,
}

/// A checkpoint that was vouched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    pub origin: String,
    pub size: u64,
    pub root: String,
    /// To be put under the checkpoint, with its line end.
    pub line: String,
    /// The entry of this home's own log.
    pub seq: u64,
}

impl Host {
    /// A checkpoint of the whole log, with the proof for a witness that has vouched for `old`.
    pub fn submission(&self, old: u64) -> Result<Submitted, Problem> {
        let submission = self.witness.submission(old).map_err(|error| match error {
            WitnessError::NoEntry { .. } => {
                Problem::new(Code::Usage, format!("the log has fewer than {old} entries"))
                    .hint("ifctl witness checkpoint")
            }
            error => explain(error),
        })?;
        let size = Checkpoint::parse(submission.checkpoint.text())
            .map_err(|error| explain(WitnessError::Checkpoint(error)))?
            .size;
        Ok(Submitted { old, size, body: submission.to_string() })
    }

    /// The key that verifies this home's cosignatures, and a line end.
    pub fn cosigner(&self) -> Result<String, Problem> {
        Ok(format!("{}\n", self.witness.cosigner().map_err(explain)?))
    }

    /// Vouches for what the file submits of the log of that name, if it continues what was vouched
    /// for before. The log's key is needed the first time.
    pub fn cosign(
        &self,
        origin: &str,
        key: Option<&str>,
        file: &Path,
    ) -> Result<Cosigned, Problem> {
        let origin = Name::new(origin)
            .map_err(|error| Problem::new(Code::Usage, format!("`{origin}`: {error}")))?;
        let log = key.map(log_key).transpose()?;
        let submission = Submission::parse(&read(file)?).map_err(|error| {
            Problem::new(Code::Usage, format!("{} is no submission", file.display()))
                .because(error.to_string())
                .hint("where the log is: ifctl witness checkpoint --since 0")
        })?;
        let done = self.witness.cosign(&origin, log.as_ref(), &submission).map_err(explain)?;
        Ok(Cosigned {
            origin: done.checkpoint.origin,
            size: done.checkpoint.size,
            root: done.checkpoint.root.to_string(),
            line: done.line.to_string(),
            seq: done.entry.seq,
        })
    }

    /// The logs that were vouched for, and how many entries of each.
    pub fn cosigned(&self) -> Result<Vec<(String, u64)>, Problem> {
        self.witness.cosigned().map_err(explain)
    }
}

/// Somebody's key, as `witness checkpoint --key` prints it.
fn log_key(text: &str) -> Result<Verifier, Problem> {
    let key = text.trim().parse::<Verifier>();
    let key = key.ok().filter(|key| key.algorithm() == if_tlog::Algorithm::Ed25519);
    key.ok_or_else(|| {
        Problem::new(Code::Usage, "that is no key of a log")
            .hint("where the log is: ifctl witness checkpoint --key")
    })
}

/// Refuses a note that one of these witnesses has not cosigned.
pub(crate) fn vouched(note: &Note, witnesses: &[String]) -> Result<(), Problem> {
    for key in witnesses {
        let verifier = key.trim().parse::<Verifier>();
        let verifier =
            verifier.ok().filter(|key| key.algorithm() == if_tlog::Algorithm::Cosignature);
        let Some(verifier) = verifier else {
            return Err(Problem::new(Code::Usage, "that is no key of a witness")
                .hint("where the witness is: ifctl witness cosign --key"));
        };
        note.verified_by(&verifier).map_err(|error| {
            let what = format!("the witness {} has not cosigned it", verifier.name());
            Problem::new(Code::LogUnsigned, what).because(error.to_string())
        })?;
    }
    Ok(())
}
