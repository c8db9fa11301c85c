//! Why the vault or another source of secrets refused, as data with the line that would mend it.
//!
//! No variant can hold a secret: paths, names and sizes only. Causes from libraries that quote what
//! they could not read (a JSON or base64 parser) are dropped on purpose.

use crate::SecretName;
use if_core::{Code, Explain};
use std::io;
use std::path::PathBuf;

/// Everything that can go wrong in this room.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("`{0}` is not the name of a secret: expected <provider>/<instance>/<secret>")]
    Name(String),
    #[error("secret `{0}` is not set")]
    Missing(SecretName),
    #[error("secret `{name}` is to come from environment variable `{variable}`, which is not set")]
    VariableMissing { name: SecretName, variable: String },
    #[error("secret `{name}` is to come from `{}`, and there is no such file", path.display())]
    FileMissing { name: SecretName, path: PathBuf },
    #[error("the value of secret `{0}` is empty")]
    Empty(SecretName),
    #[error("the value of secret `{name}` is larger than {bytes_max} bytes")]
    ValueTooLarge { name: SecretName, bytes_max: usize },
    #[error("the vault would grow beyond {bytes_max} bytes")]
    Full { bytes_max: usize },
    #[error("`{}` already exists and is never overwritten", .0.display())]
    Exists(PathBuf),
    #[error("there is no vault here: neither `{}` nor its key exists", .0.display())]
    NoVault(PathBuf),
    #[error("`{}` is missing, and without it the vault cannot be opened", .0.display())]
    PartMissing(PathBuf),
    #[error("`{}` {why}", path.display())]
    Unsafe { path: PathBuf, why: &'static str, mend: Option<String> },
    #[error("`{}` is larger than {bytes_max} bytes", path.display())]
    FileTooLarge { path: PathBuf, bytes_max: usize },
    #[error("`{}` does not hold an age X25519 identity", .0.display())]
    NotAKey(PathBuf),
    #[error("the key does not open `{}`: they do not belong together, or the file was changed",
        .0.display())]
    WrongKey(PathBuf),
    #[error("`{}` was changed or cut short after it was written", .0.display())]
    Damaged(PathBuf),
    #[error("`{}` is not in a form that this version knows", .0.display())]
    UnknownForm(PathBuf),
    #[error("another process has held `{}` for too long", .0.display())]
    Busy(PathBuf),
    #[error("the passphrase is not text")]
    Passphrase,
    #[error("the passphrase does not open the file")]
    PassphraseWrong,
    #[error("the file is not encrypted in a form that this version knows")]
    ArchiveForm,
    #[error("the vault could not be encrypted")]
    Encrypt(#[source] age::EncryptError),
    #[error("a file of the vault could not be read or written")]
    Io(#[from] io::Error),
}

impl Explain for VaultError {
    fn code(&self) -> Code {
        match self {
            Self::Name(_)
            | Self::Empty(_)
            | Self::ValueTooLarge { .. }
            | Self::Passphrase
            | Self::PassphraseWrong
            | Self::ArchiveForm => Code::Usage,
            Self::Missing(_) | Self::VariableMissing { .. } | Self::FileMissing { .. } => {
                Code::SecretMissing
            }
            Self::Io(error) if error.kind() == io::ErrorKind::StorageFull => Code::StoreFull,
            _ => Code::VaultLocked,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Missing(name) => vec![name.set_line()],
            Self::VariableMissing { name, variable } => vec![
                format!("set `{variable}` in the environment of this command"),
                name.vault_instead(),
            ],
            Self::FileMissing { name, path } => vec![
                format!("write the value into `{}`, mode 600", path.display()),
                name.vault_instead(),
            ],
            Self::Unsafe { mend: Some(line), .. } => vec![line.clone()],
            Self::NoVault(_) => vec!["ifctl init".to_owned()],
            _ => Vec::new(),
        }
    }
}
