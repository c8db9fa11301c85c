//! Why a home, a file or a setting was refused, as data with the line that would mend it.
//!
//! No variant quotes a value from a file: what stands in the wrong place may be a password.

use if_core::{Code, Explain, Word};
use std::io;
use std::path::PathBuf;

/// Everything that can go wrong in this room.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("nothing says where the home is: neither IF_HOME nor HOME is set")]
    HomeUnknown,
    #[error("there is no home at `{}`", .0.display())]
    HomeMissing(PathBuf),
    #[error("home `{}` {why}", path.display())]
    HomeUnsafe { path: PathBuf, why: &'static str, mend: Option<String> },
    #[error("environment variable `{name}` {why}")]
    Variable { name: &'static str, why: String },
    #[error("{}: {what}", place(path, *line, *column))]
    File { path: PathBuf, line: u64, column: u64, what: String, hint: Option<String> },
    #[error("`{}` is larger than {bytes_max} bytes", path.display())]
    FileTooLarge { path: PathBuf, bytes_max: usize },
    #[error("`{}` is not the file of a provider: its name must be <provider>.yaml", .0.display())]
    FileName(PathBuf),
    #[error("{provider} instance `{instance}` holds the secret `{key}` in plain text")]
    LiteralSecret { provider: Word, instance: Word, key: String },
    #[error("there is no context `{name}`")]
    ContextUnknown { name: String, nearest: Option<String> },
    #[error("{provider} has no instance `{name}`")]
    InstanceUnknown { provider: Word, name: String, nearest: Option<String>, known: bool },
    #[error("{provider} already has an instance `{name}`")]
    InstanceExists { provider: Word, name: Word },
    #[error("{provider} instance `{instance}` has an unknown setting `{key}`")]
    SettingUnknown { provider: Word, instance: Word, key: String, hint: Option<String> },
    #[error("{provider} instance `{instance}` lacks the setting `{key}`")]
    SettingMissing { provider: Word, instance: Word, key: Word },
    #[error("{provider} instance `{instance}`: setting `{key}` {why}")]
    SettingInvalid { provider: Word, instance: Word, key: Word, why: String },
    #[error("`{}` is laid out in a way that cannot be edited without losing something",
        path.display())]
    NotEditable { path: PathBuf, by_hand: String },
    #[error("another process has held `{}` for too long", .0.display())]
    Busy(PathBuf),
    #[error("a file of the home could not be read or written")]
    Io(#[from] io::Error),
}

/// `path` with line and column, as editors take it: `/home/ann/.if/config.yaml:3:1`.
fn place(path: &std::path::Path, line: u64, column: u64) -> String {
    match line {
        0 => path.display().to_string(),
        _ => format!("{}:{line}:{column}", path.display()),
    }
}

impl ConfigError {
    /// A fault at a line and column of a file, said in one line: a key may have been spread over
    /// several, or hold what a terminal obeys.
    pub(crate) fn in_file(
        path: &std::path::Path,
        (line, column): (u64, u64),
        what: &str,
        hint: Option<String>,
    ) -> Self {
        let shown = |letter: char| match letter.is_control() {
            true => letter.escape_default().to_string(),
            false => letter.to_string(),
        };
        let what = what.chars().map(shown).collect();
        Self::File { path: path.to_owned(), line, column, what, hint }
    }
}

impl Explain for ConfigError {
    fn code(&self) -> Code {
        match self {
            Self::HomeUnknown | Self::HomeMissing(_) => Code::HomeMissing,
            Self::HomeUnsafe { .. } => Code::HomeUnsafe,
            Self::Variable { .. } | Self::InstanceExists { .. } | Self::ContextUnknown { .. } => {
                Code::Usage
            }
            Self::LiteralSecret { .. } => Code::ConfigLiteralSecret,
            Self::InstanceUnknown { .. } => Code::InstanceUnknown,
            Self::Busy(_) => Code::StoreBusy,
            Self::Io(error) if error.kind() == io::ErrorKind::StorageFull => Code::StoreFull,
            Self::Io(_) => Code::Store,
            _ => Code::Config,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::HomeUnknown => vec!["export IF_HOME=/path/to/your/home".to_owned()],
            Self::HomeMissing(_) => vec!["ifctl init".to_owned()],
            Self::HomeUnsafe { mend: hint, .. }
            | Self::File { hint, .. }
            | Self::SettingUnknown { hint, .. } => hint.iter().cloned().collect(),
            Self::LiteralSecret { provider, instance, key } => vec![
                format!("ifctl secret set {provider} {instance} {}", key.replace('_', "-")),
                format!("then delete `{key}` of `{instance}` from providers/{provider}.yaml"),
            ],
            Self::InstanceUnknown { provider, nearest, known, .. } => match (nearest, known) {
                (Some(name), _) => vec![format!("did you mean `{name}`?")],
                (None, true) => vec![format!("ifctl {provider} list")],
                (None, false) => vec![format!("ifctl {provider} add --help")],
            },
            Self::ContextUnknown { nearest: Some(name), .. } => {
                vec![format!("did you mean `{name}`?")]
            }
            Self::ContextUnknown { nearest: None, .. } => vec!["ifctl context list".to_owned()],
            Self::InstanceExists { provider, name } => {
                vec![format!("ifctl {provider} remove {name}")]
            }
            Self::SettingMissing { provider, instance, key } => {
                vec![format!("write `{key}: …` under `{instance}:` in providers/{provider}.yaml")]
            }
            Self::NotEditable { by_hand, .. } => vec![by_hand.clone()],
            _ => Vec::new(),
        }
    }
}
