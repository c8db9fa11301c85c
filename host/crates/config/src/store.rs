//! Where the database of this installation is, if not in its home: `store:` in `config.yaml`.
//!
//! No password passes through here, and none may stand in the file: it says where one is.

use crate::{ConfigError, Home, SecretReference, Settings, yaml};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::path::{Path, PathBuf};

/// A database on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// A URL without a password. Otherwise unchecked.
    pub postgres: String,
    /// In the environment or in a file: other places open only with the database.
    pub password: Option<SecretReference>,
    /// PEM file with the only authorities trusted; the system's when absent.
    pub ca_file: Option<PathBuf>,
}

/// The section as it may be written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileStore {
    postgres: Spanned<String>,
    password: Option<Spanned<String>>,
    ca_file: Option<Spanned<String>>,
}

/// How a URL begins.
const SCHEMES: [&str; 2] = ["postgresql://", "postgres://"];

/// Reads the section.
pub(crate) fn parse(path: &Path, file: FileStore) -> Result<StoreSettings, ConfigError> {
    let FileStore { postgres, password, ca_file } = file;
    let url = "postgres: postgresql://user@host/database";
    let refuse =
        |at, what: &str, line: &str| yaml::at(path, at, what.to_owned(), Some(line.into()));
    let rest = SCHEMES.iter().find_map(|scheme| postgres.value.strip_prefix(scheme));
    let Some(rest) = rest else {
        return Err(refuse(postgres.referenced, "`postgres` must be a URL", url));
    };
    let login = rest.split(['/', '?']).next().and_then(|host| host.rsplit_once('@'));
    let named = rest.split(['?', '&']).any(|part| part.starts_with("password="));
    if named || login.is_some_and(|(login, _)| login.contains(':')) {
        let line = "password: env:IF_STORE_PASSWORD, or file:/run/credentials/if-store";
        return Err(refuse(postgres.referenced, "a password does not belong in this file", line));
    }
    let secret = |it: &Spanned<String>| match SecretReference::parse(&it.value) {
        Some(secret @ (SecretReference::Env(_) | SecretReference::File(_))) => Ok(secret),
        _ => {
            let line = "password: env:IF_STORE_PASSWORD, or file:/run/credentials/if-store";
            let what = "`password` must name a variable or a file";
            Err(refuse(it.referenced, what, line))
        }
    };
    let absolute = |it: &Spanned<String>| match PathBuf::from(&it.value) {
        file if file.is_absolute() => Ok(file),
        _ => Err(refuse(it.referenced, "`ca_file` must be an absolute path", "ca_file: /…")),
    };
    Ok(StoreSettings {
        password: password.as_ref().map(secret).transpose()?,
        ca_file: ca_file.as_ref().map(absolute).transpose()?,
        postgres: postgres.value,
    })
}

impl StoreSettings {
    /// The section as it is written.
    pub fn text(&self) -> String {
        let quoted = |text: &str| {
            let text = serde_saphyr::to_string(&text).unwrap_or_default();
            text.trim_end().to_owned()
        };
        let mut text = format!("store:\n  postgres: {}\n", quoted(&self.postgres));
        if let Some(password) = &self.password {
            text.push_str(&format!("  password: {}\n", quoted(&password.to_string())));
        }
        if let Some(file) = &self.ca_file {
            text.push_str(&format!("  ca_file: {}\n", quoted(&file.display().to_string())));
        }
        text
    }
}

impl Home {
    /// Writes down where the database is, in a `config.yaml` that does not say so yet.
    ///
    /// # Errors
    /// The file says it already, or cannot be read or written; then it is as it was.
    pub fn add_store(&self, store: &StoreSettings) -> Result<(), ConfigError> {
        let path = self.config_file();
        let mut text = yaml::read(&path)?.unwrap_or_default();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&store.text());
        // Twice the same key, and whatever else it cannot be.
        Settings::from_text(&path, &text)?;
        Ok(if_disk::replace(&if_disk::Local, &path, text.as_bytes(), 0o600)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_core::Explain;

    fn read(text: &str) -> Result<Settings, ConfigError> {
        Settings::from_text(Path::new("config.yaml"), text)
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (password, ca_file) in [
            (None, None),
            (Some(SecretReference::Env("PW".into())), Some("/etc/ssl/db.pem".into())),
            (Some(SecretReference::File("/run/credentials/a b: #c".into())), None),
        ] {
            let postgres = "postgresql://if@db.example.com:5433/log?connect_timeout=3".to_owned();
            let store = StoreSettings { postgres, password, ca_file };
            let settings = read(&store.text()).unwrap();
            assert_eq!(settings.store.as_ref(), Some(&store), "{}", store.text());
        }
        assert_eq!(read("version: 1\n").unwrap().store, None);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_and_no_password_is_repeated() {
        for (text, expect) in [
            ("postgres: db.example.com", "2:13: `postgres` must be a URL"),
            ("postgres: postgresql://if:hunter2@db/log", "2:13: a password does not belong"),
            ("postgres: postgresql://db/log?password=hunter2", "2:13: a password does not belong"),
            ("postgres: postgresql://db/l\n  password: hunter2", "3:13: `password` must name"),
            ("postgres: postgresql://db/l\n  password: vault", "3:13: `password` must name"),
            ("postgres: postgresql://db/l\n  ca_file: db.pem", "3:12: `ca_file` must be"),
        ] {
            let error = read(&format!("store:\n  {text}\n")).unwrap_err();
            let message = error.to_string();
            assert!(message.starts_with(&format!("config.yaml:{expect}")), "{text}: {message}");
            assert!(!error.problem().to_string().contains("hunter2"), "{text}: {message}");
            assert!(!error.hints().is_empty(), "{text}");
        }
        // A port is no password, and neither is a socket.
        for good in ["postgresql://db:5433/log", "postgresql:///log?host=/run/postgresql"] {
            read(&format!("store:\n  postgres: {good}\n")).unwrap();
        }
    }
}
