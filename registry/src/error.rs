//! Why a package cannot be made, believed, found or written.

use if_core::{Code, Digest, Explain, Problem};
use if_manifest::{KeyError, ManifestError, TrustError};
use std::io;
use std::path::PathBuf;

/// The line that makes the lock file anew.
const RELOCK: &str = "to lock what is installed now, after reading it: ifctl plugin lock";

/// Everything that can go wrong here.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// A file that cannot be read or written; the text names it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A package that is none.
    #[error("the package is not valid: {file}: {what}")]
    Malformed { file: String, what: String },
    /// plugin.toml, or a table beside it.
    #[error("{}:{line}:{column}: {what}", path.display())]
    Declaration { path: PathBuf, line: usize, column: usize, what: String },
    /// What the component says about itself.
    #[error("the component's description is not valid: {0}")]
    Description(String),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Not believed. `target` is what the operator typed, or would.
    #[error("{error}")]
    Trust { error: TrustError, target: String },
    /// A trust file of this home that cannot be used.
    #[error("{}: {error}", path.display())]
    TrustFile { path: PathBuf, error: TrustError },
    #[error("{file} has digest {found}, but {signed} was signed")]
    Tampered { file: String, found: Digest, signed: Digest },
    #[error("the component imports {}, which its manifest does not declare", missing.join(", "))]
    Imports { missing: Vec<String> },
    #[error("the component describes itself differently from its manifest in `{0}`")]
    DescriptionChanged(&'static str),
    #[error("no plugin `{word}` is installed")]
    Unknown { word: String, nearest: Option<String> },
    #[error("there are trust files in {} already", .0.display())]
    TrustExists(PathBuf),
    /// `named` is the digest that the operator gave; only an `untouched` home may take it.
    #[error("the bundle's trust root {found} is not this home's")]
    RootUnknown { found: Digest, named: Option<Digest>, untouched: bool },
    #[error("there is no trust root in {}", .0.display())]
    TrustMissing(PathBuf),
    /// How many of the old root's and of the new root's keys have to sign.
    #[error(
        "root version {version} needs the signatures of {old} root keys of the version before \
         it and of {new} of its own"
    )]
    SignersMissing { version: u64, old: u32, new: u32 },
    /// What is, or would be, installed differs from the lock file: one line per difference.
    #[error("not what the lock file {} says", path.display())]
    LockDrift { path: PathBuf, lines: Vec<String> },
    #[error("the lock file needs the signatures of {need} allowlist keys, and has {have}")]
    LockSigners { have: usize, need: usize },
    #[error("the set of policies needs the signatures of {need} policy keys, and has {have}")]
    PolicySigners { have: usize, need: usize },
    #[error("the key {} is not here", .0.display())]
    KeyMissing(PathBuf),
    #[error("the key {} can be read by others", .0.display())]
    KeyOpen(PathBuf),
    #[error("{}: {error}", path.display())]
    Key { path: PathBuf, error: KeyError },
    #[error("another process is changing {}", .0.display())]
    Busy(PathBuf),
    #[error("the index of commands cannot be read: {0}")]
    Index(String),
    /// A request that makes no sense; the text says why.
    #[error("{0}")]
    Usage(String),
    /// What the runtime said about the component, or the guard about a key.
    #[error(transparent)]
    Component(#[from] Problem),
}

impl Explain for RegistryError {
    fn code(&self) -> Code {
        match self {
            RegistryError::Io(error) if error.kind() == io::ErrorKind::StorageFull => {
                Code::StoreFull
            }
            RegistryError::Io(_) | RegistryError::Index(_) => Code::Store,
            RegistryError::Malformed { .. } => Code::PackageMalformed,
            RegistryError::Declaration { .. } | RegistryError::Description(_) => {
                Code::ManifestMalformed
            }
            RegistryError::Manifest(error) => error.code(),
            RegistryError::Trust { error, .. } | RegistryError::TrustFile { error, .. } => {
                error.code()
            }
            RegistryError::Tampered { .. } => Code::Tampered,
            RegistryError::Imports { .. } => Code::ImportsUndeclared,
            RegistryError::DescriptionChanged(_) => Code::DescriptionChanged,
            RegistryError::Unknown { .. } => Code::PluginUnknown,
            RegistryError::TrustExists(_) | RegistryError::Usage(_) => Code::Usage,
            RegistryError::RootUnknown { .. } => Code::RootUnknown,
            RegistryError::TrustMissing(_) => Code::HomeMissing,
            RegistryError::KeyMissing(_)
            | RegistryError::SignersMissing { .. }
            | RegistryError::LockSigners { .. }
            | RegistryError::PolicySigners { .. }
            | RegistryError::KeyOpen(_)
            | RegistryError::Key { .. } => Code::KeyMissing,
            RegistryError::LockDrift { .. } => Code::LockDrift,
            RegistryError::Busy(_) => Code::StoreBusy,
            RegistryError::Component(problem) => problem.code,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            RegistryError::Trust { error, target } => error.hints_for(target),
            RegistryError::TrustFile { path, .. } if path.ends_with("lock.json") => {
                vec![RELOCK.to_owned()]
            }
            RegistryError::TrustFile { error, .. } => error.hints(),
            RegistryError::Unknown { nearest: Some(word), .. } => {
                vec![format!("did you mean `{word}`?")]
            }
            RegistryError::Unknown { nearest: None, .. } => {
                vec!["to see what is installed: ifctl plugin list".to_owned()]
            }
            RegistryError::RootUnknown { untouched: false, .. } => vec![
                "this home has allowed plugins under its own root; an empty one takes another: \
                 ifctl init --home <folder>"
                    .to_owned(),
            ],
            RegistryError::RootUnknown { named: Some(named), .. } => {
                vec![format!("you named {named}: ask again, and do not install this bundle")]
            }
            RegistryError::RootUnknown { found, .. } => vec![format!(
                "if whoever made the bundle tells you the same digest, repeat with --trust-root \
                 {found}"
            )],
            RegistryError::LockDrift { .. } => {
                vec![RELOCK.to_owned()]
            }
            RegistryError::SignersMissing { .. }
            | RegistryError::LockSigners { .. }
            | RegistryError::PolicySigners { .. } => {
                vec!["each further key signs with --key <file>".to_owned()]
            }
            RegistryError::TrustExists(_) => vec!["ifctl trust show".to_owned()],
            RegistryError::TrustMissing(_) => vec!["ifctl init".to_owned()],
            RegistryError::KeyOpen(path) => vec![format!("chmod 600 {}", path.display())],
            RegistryError::Imports { .. } => {
                vec!["the author packs it again: ifctl plugin pack <folder>".to_owned()]
            }
            RegistryError::Component(problem) => problem.hints.clone(),
            _ => Vec::new(),
        }
    }

    fn problem(&self) -> Problem {
        match self {
            RegistryError::Component(problem) => problem.clone(),
            RegistryError::LockDrift { lines, .. } => crate::lock_file::because(self, lines),
            other => {
                let mut problem = Problem::new(other.code(), other.to_string());
                problem.hints = other.hints();
                problem
            }
        }
    }
}

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Problem {
        error.problem()
    }
}

impl RegistryError {
    /// A package's file that is not what it should be.
    pub(crate) fn malformed(file: impl Into<String>, what: impl ToString) -> RegistryError {
        RegistryError::Malformed { file: file.into(), what: what.to_string() }
    }
}
