//! The process environment, read once and handed down.
//!
//! Variables that mean something to us stand in one table, from which the reference page is made.
//! All others are kept too, for `env:` secrets, hence no `Debug`: any of them may be a password.

use crate::ConfigError;
use if_manifest::model::Kind;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

const IF_HOME: &str = "IF_HOME";
const IF_CACHE: &str = "IF_CACHE";
const IF_TIMEOUT: &str = "IF_TIMEOUT";
const IF_CONTEXT: &str = "IF_CONTEXT";
const IF_KEY_PASSPHRASE_FILE: &str = "IF_KEY_PASSPHRASE_FILE";
const HOME: &str = "HOME";
const XDG_CACHE_HOME: &str = "XDG_CACHE_HOME";
const USER: &str = "USER";
const LOGNAME: &str = "LOGNAME";
const DBUS_SESSION_BUS_ADDRESS: &str = "DBUS_SESSION_BUS_ADDRESS";
const XDG_RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";
const NO_COLOR: &str = "NO_COLOR";
const TERM: &str = "TERM";

/// Every variable that is read, and what it does; the reference page is this table.
pub const ENVIRONMENT_VARIABLES: &[(&str, &str)] = &[
    (IF_HOME, "The home folder, instead of `$HOME/.if`."),
    (IF_CACHE, "The folder for compiled plugins, instead of one under the user's cache folder."),
    (IF_TIMEOUT, "How long a command may take, such as `5s`; `--timeout` goes before it."),
    (IF_CONTEXT, "The context whose defaults hold; `--context` goes before it."),
    (
        IF_KEY_PASSPHRASE_FILE,
        "A file with the passphrase of the signing key; `--passphrase-file` goes before it.",
    ),
    (HOME, "Where the home folder `.if` is looked for."),
    (XDG_CACHE_HOME, "The user's cache folder, instead of `$HOME/.cache`; must be absolute."),
    (crate::prices::IF_SWARM, "The swarm whose budgets a command counts for."),
    (crate::prices::IF_AGENT, "The agent whose budgets a command counts for."),
    (USER, "Who is named in the log as the one who asked."),
    (LOGNAME, "The same, where `USER` is not set."),
    (DBUS_SESSION_BUS_ADDRESS, "The bus on which the desktop's keyring is; a Unix socket."),
    (XDG_RUNTIME_DIR, "The folder of that bus, where its address is not set."),
    ("BAO_ADDR", "The KV server, where `config.yaml` names none; else `VAULT_ADDR`."),
    ("VAULT_ADDR", "The same, for HashiCorp Vault."),
    ("BAO_NAMESPACE", "The namespace on that server; else `VAULT_NAMESPACE`."),
    ("VAULT_NAMESPACE", "The same, for HashiCorp Vault."),
    ("BAO_CACERT", "A PEM file with that server's only authorities; else `VAULT_CACERT`."),
    ("VAULT_CACERT", "The same, for HashiCorp Vault."),
    (
        "BAO_TOKEN",
        "The token for the KV server, unless `config.yaml` names a file; else `VAULT_TOKEN`, else \
         `$HOME/.vault-token`.",
    ),
    ("VAULT_TOKEN", "The same, for HashiCorp Vault."),
    (NO_COLOR, "When set and not empty: no colour (no-color.org)."),
    (TERM, "When `dumb`: no colour."),
];

/// A snapshot of the environment. No `Debug`.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// The environment of this process. Called once, by the binary.
    #[allow(clippy::disallowed_methods, reason = "the one place that may read the environment")]
    pub fn from_process() -> Self {
        std::env::vars_os().collect()
    }

    /// Any variable by name, for `env:` secrets. `None` when it is unset, empty or not UTF-8.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// Whether the variable is set, not empty and text.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// The person who asked, as the session names them: a label, not a proof.
    pub fn user(&self) -> Option<&str> {
        self.text(USER).or_else(|| self.text(LOGNAME))
    }

    /// Whether colour is welcome, as far as the environment can tell.
    pub fn colour(&self) -> bool {
        self.raw(NO_COLOR).is_none() && self.text(TERM) != Some("dumb")
    }

    /// `IF_CONTEXT`.
    pub fn context(&self) -> Option<&str> {
        self.text(IF_CONTEXT)
    }

    /// The same environment with another home, for looking at one that is not in place yet.
    #[must_use]
    pub fn with_home(&self, home: &Path) -> Self {
        let mut other = self.clone();
        other.0.insert(IF_HOME.into(), home.into());
        other
    }

    /// `IF_TIMEOUT` in milliseconds.
    ///
    /// # Errors
    /// [`ConfigError::Variable`] when it is not a duration.
    pub fn timeout_ms(&self) -> Result<Option<u64>, ConfigError> {
        let Some(text) = self.raw(IF_TIMEOUT) else { return Ok(None) };
        let variable = |why| ConfigError::Variable { name: IF_TIMEOUT, why };
        let parsed = Kind::Duration { max_ms: None }.parse_text(&text.to_string_lossy());
        match parsed.map(|value| value.as_u64().filter(|millis| *millis > 0)) {
            Ok(Some(millis)) => Ok(Some(millis)),
            Ok(None) => Err(variable("must be longer than nothing".to_owned())),
            Err(why) => Err(variable(why)),
        }
    }

    /// `IF_KEY_PASSPHRASE_FILE`.
    pub fn key_passphrase_file(&self) -> Option<PathBuf> {
        self.raw(IF_KEY_PASSPHRASE_FILE).map(PathBuf::from)
    }

    /// `DBUS_SESSION_BUS_ADDRESS`.
    pub fn session_bus(&self) -> Option<&str> {
        self.text(DBUS_SESSION_BUS_ADDRESS)
    }

    /// `XDG_RUNTIME_DIR`; a relative one is ignored, as the XDG base directory specification
    /// demands.
    pub fn runtime_dir(&self) -> Option<PathBuf> {
        self.raw(XDG_RUNTIME_DIR).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// `IF_HOME`.
    pub(crate) fn if_home(&self) -> Option<PathBuf> {
        self.raw(IF_HOME).map(PathBuf::from)
    }

    /// `HOME`.
    pub(crate) fn user_home(&self) -> Option<PathBuf> {
        self.raw(HOME).map(PathBuf::from)
    }

    /// `IF_CACHE`.
    pub(crate) fn if_cache(&self) -> Option<PathBuf> {
        self.raw(IF_CACHE).map(PathBuf::from)
    }

    /// The user's cache folder; a relative one is ignored, as the XDG base directory
    /// specification demands.
    pub(crate) fn user_cache(&self) -> Option<PathBuf> {
        let xdg = self.raw(XDG_CACHE_HOME).map(PathBuf::from).filter(|path| path.is_absolute());
        xdg.or_else(|| self.user_home().map(|home| home.join(".cache")))
    }

    /// Set and not empty.
    fn raw(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.raw(name)?.to_str()
    }
}

/// An environment made by hand, for tests and embedders.
impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_core::{Code, Explain};
    use std::os::unix::ffi::OsStringExt;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().copied().collect()
    }

    #[test]
    fn an_empty_variable_is_an_unset_one() {
        let set = environment(&[("USER", ""), ("LOGNAME", "ann"), ("NO_COLOR", ""), ("X", "")]);
        assert_eq!(set.user(), Some("ann"));
        assert!(set.colour());
        assert_eq!(set.variable("X"), None);
        assert!(!environment(&[("NO_COLOR", "1")]).colour());
        assert!(!environment(&[("TERM", "dumb")]).colour());
    }

    #[test]
    fn a_value_that_is_not_text_is_no_secret() {
        let odd = OsString::from_vec(vec![0xff, 0xfe]);
        let set: Environment = [(OsString::from("OBS_PASSWORD"), odd)].into_iter().collect();
        assert_eq!(set.variable("OBS_PASSWORD"), None);
    }

    #[test]
    fn a_timeout_is_a_duration_or_an_error_that_names_the_variable() {
        assert_eq!(environment(&[("IF_TIMEOUT", "5s")]).timeout_ms().unwrap(), Some(5000));
        assert_eq!(environment(&[]).timeout_ms().unwrap(), None);
        for bad in ["soon", "0s", "-1s"] {
            let error = environment(&[("IF_TIMEOUT", bad)]).timeout_ms().unwrap_err();
            assert_eq!(error.code(), Code::Usage);
            assert!(error.to_string().starts_with("environment variable `IF_TIMEOUT` "), "{error}");
        }
    }

    #[test]
    fn a_relative_cache_folder_is_ignored() {
        let set = environment(&[("XDG_CACHE_HOME", "cache"), ("HOME", "/home/ann")]);
        assert_eq!(set.user_cache(), Some(PathBuf::from("/home/ann/.cache")));
    }
}
