//! `config.yaml`: what holds for the whole installation. Without the file, the defaults hold.
//!
//! The log cannot be switched off here: a promise that one line can end is none.

use crate::context::{self, Context, FileContext};
use crate::kv::{self, FileKv, KvSettings};
use crate::store::{self, FileStore, StoreSettings};
use crate::yaml::Pairs;
use crate::{ConfigError, Environment, yaml};
use if_core::{Explain, Word};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::path::Path;

/// The form of the file; a later one is refused by this version.
const VERSION: u64 = 1;

/// Longest default timeout, one hour: a command that hangs must end before the shift does.
pub(crate) const TIMEOUT_MS_MAX: u64 = 3_600_000;

/// The installation's settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    pub defaults: Defaults,
    /// In the order of the file.
    pub contexts: Vec<Context>,
    /// The context in use where neither the line nor the environment names one; it exists.
    pub context: Option<Word>,
    /// Where `kv:` secrets are, if not where the environment says.
    pub kv: Option<KvSettings>,
    /// Where the database is, if not in the home.
    pub store: Option<StoreSettings>,
}

/// What holds where the command line says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Defaults {
    /// Time for a command in milliseconds; the manifest's limit when absent, and never more.
    pub timeout_ms: Option<u64>,
}

/// The file as it may be written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    version: Option<Spanned<u64>>,
    witness: Option<Witness>,
    defaults: Option<FileDefaults>,
    contexts: Option<Pairs<Option<FileContext>>>,
    context: Option<Spanned<String>>,
    kv: Option<FileKv>,
    store: Option<FileStore>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Witness {
    enabled: Option<Spanned<bool>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileDefaults {
    timeout_ms: Option<Spanned<u64>>,
}

impl Settings {
    /// Reads `config.yaml`.
    ///
    /// # Errors
    /// [`ConfigError::File`] with line and column for anything that is not as above.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        match yaml::read(path)? {
            Some(text) => Self::from_text(path, &text),
            None => Ok(Self::default()),
        }
    }

    /// The context that holds: the flag's, else `IF_CONTEXT`'s, else the one in use.
    ///
    /// # Errors
    /// [`ConfigError::ContextUnknown`] when flag or environment names one that is not there.
    pub fn context_for(
        &self,
        flag: Option<&str>,
        environment: &Environment,
    ) -> Result<Option<&Context>, ConfigError> {
        let in_use = self.context.as_ref().map(Word::as_str);
        let name = flag.or_else(|| environment.context()).or(in_use);
        name.map(|name| self.context_named(name)).transpose()
    }

    pub(crate) fn from_text(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let file: File = yaml::parse(path, text)?;
        if let Some(version) = file.version.filter(|version| version.value != VERSION) {
            let what = format!("version {} is not one this program knows", version.value);
            return Err(yaml::at(path, version.referenced, what, Some("version: 1".to_owned())));
        }
        let enabled = file.witness.and_then(|witness| witness.enabled);
        if let Some(enabled) = enabled.filter(|enabled| !enabled.value) {
            let what = "the witness cannot be switched off: every operation leaves evidence";
            let hint = Some("delete the line `enabled: false`".to_owned());
            return Err(yaml::at(path, enabled.referenced, what.to_owned(), hint));
        }
        let timeout = file.defaults.and_then(|defaults| defaults.timeout_ms);
        if let Some(timeout) = &timeout
            && !(1..=TIMEOUT_MS_MAX).contains(&timeout.value)
        {
            let what = format!("`timeout_ms` must be between 1 and {TIMEOUT_MS_MAX}");
            return Err(yaml::at(path, timeout.referenced, what, None));
        }
        let defaults = Defaults { timeout_ms: timeout.map(|timeout| timeout.value) };
        let contexts = context::parse(path, file.contexts.unwrap_or_default())?;
        let kv = file.kv.map(|kv| kv::parse(path, kv)).transpose()?;
        let store = file.store.map(|store| store::parse(path, store)).transpose()?;
        let mut settings = Self { defaults, contexts, context: None, kv, store };
        if let Some(in_use) = &file.context {
            let known = settings.context_named(&in_use.value).map(|context| context.name.clone());
            let refuse = |error: ConfigError| {
                let hint = error.hints().into_iter().next();
                yaml::at(path, in_use.referenced, error.to_string(), hint)
            };
            settings.context = Some(known.map_err(refuse)?);
        }
        Ok(settings)
    }

    /// Whether the two say the same, wherever it stands, apart from the context in use.
    pub(crate) fn same_but_places(&self, other: &Self) -> bool {
        let plain = |settings: &Self| {
            let mut contexts = settings.contexts.clone();
            for one in contexts.iter_mut().flat_map(|context| &mut context.instances) {
                (one.line, one.column) = (0, 0);
            }
            (settings.defaults.clone(), contexts, settings.kv.clone(), settings.store.clone())
        };
        plain(self) == plain(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_core::{Code, Explain};

    fn refusal(text: &str) -> (String, Vec<String>) {
        let error = Settings::from_text(Path::new("config.yaml"), text).unwrap_err();
        assert_eq!(error.code(), Code::Config);
        (error.to_string(), error.hints())
    }

    #[test]
    fn what_is_not_written_is_the_default() {
        let missing = Path::new("/nonexistent/config.yaml");
        assert_eq!(Settings::load(missing).unwrap(), Settings::default());
        for text in
            ["", "# nothing yet\n", "version: 1\n", "witness:\n", "witness:\n  enabled: true\n"]
        {
            assert_eq!(Settings::from_text(missing, text).unwrap(), Settings::default(), "{text}");
        }
        let text = "defaults:\n  timeout_ms: 1500\n";
        let settings = Settings::from_text(missing, text).unwrap();
        assert_eq!(settings.defaults.timeout_ms, Some(1500));
    }

    #[test]
    fn the_log_cannot_be_switched_off() {
        let (message, hints) = refusal("version: 1\nwitness:\n  enabled: false\n");
        assert!(message.starts_with("config.yaml:3:12: the witness cannot"), "{message}");
        assert_eq!(hints, ["delete the line `enabled: false`"]);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place_and_its_neighbour() {
        let (message, hints) = refusal("defaults:\n  timeout_m: 3\n");
        assert_eq!(message, "config.yaml:2:3: unknown key `timeout_m`");
        assert_eq!(hints, ["did you mean `timeout_ms`?"]);
        let (message, hints) = refusal("xyz: 1\n");
        assert_eq!(message, "config.yaml:1:1: unknown key `xyz`");
        assert_eq!(
            hints,
            ["known keys here: version, witness, defaults, contexts, context, kv, store"]
        );
    }

    #[test]
    fn a_key_over_several_lines_is_named_in_one() {
        let (message, _) = refusal("defaults:\n? time\n\n    out: 3\n");
        assert_eq!(message, "config.yaml:2:3: unknown key `time\\nout`");
    }

    #[test]
    fn bad_yaml_and_bad_values_are_named_with_their_place() {
        for (text, expect) in [
            ("version: 2\n", "config.yaml:1:10: version 2 is not"),
            ("version: 1\nversion: 1\n", "config.yaml:2:1: key `version` stands twice"),
            ("defaults:\n  timeout_ms: 0\n", "config.yaml:2:15: `timeout_ms` must be between 1"),
            ("defaults:\n  timeout_ms: 3600001\n", "config.yaml:2:15: `timeout_ms` must be"),
            ("witness:\n  enabled: no\n", "config.yaml:2:12: "),
            ("version: 1\n---\nversion: 1\n", "config.yaml:3:1: a second document begins"),
            ("version: [1\n", "config.yaml:1:"),
            ("- version\n", "config.yaml:1:1: "),
        ] {
            let (message, _) = refusal(text);
            assert!(message.starts_with(expect), "{text:?}: {message}");
            assert!(!message.contains(" at line "), "{message}");
        }
    }

    #[test]
    fn an_error_does_not_repeat_what_may_be_a_password() {
        for text in ["version: hunter2\n", "witness: hunter2\n", "witness:\n  enabled: hunter2\n"] {
            let (message, _) = refusal(text);
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
