//! Where an instance's secrets come from: the vault unless the operator says otherwise.
//!
//! The operator's instance may name an environment variable or a file instead. A reference never
//! falls back: when the named place is empty, that is said, and the vault is not asked. The
//! environment is a function that is handed in; this room reads none.

use crate::file::{Closed, Links, read_private};
use crate::vault::check_size;
use crate::{SecretName, VALUE_BYTES_MAX, Vault, VaultError};
use if_core::{Explain, Problem, SecretSource, SecretValue};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A value may end in CR LF that is not part of it.
const LINE_END_BYTES_MAX: usize = 2;

/// The place of one secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    Vault,
    /// A variable of this name.
    Env(String),
    /// A file, closed to others; one line end at its end does not count.
    File(PathBuf),
}

/// Looks up an environment variable; `None` when it is not set.
type Environment = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The chain that answers [`SecretSource`].
pub struct Sources {
    vault: Arc<Vault>,
    environment: Environment,
    references: BTreeMap<SecretName, Reference>,
}

impl Sources {
    /// All secrets from the vault, until [`Sources::refer`] says otherwise.
    pub fn new(
        vault: Arc<Vault>,
        environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self { vault, environment: Box::new(environment), references: BTreeMap::new() }
    }

    /// The secret `name` (`<provider>/<instance>/<secret>`) comes from there.
    ///
    /// # Errors
    /// [`VaultError::Name`].
    pub fn refer(mut self, name: &str, reference: Reference) -> Result<Self, VaultError> {
        self.references.insert(SecretName::parse(name)?, reference);
        Ok(self)
    }

    /// Whether the secret is set. In doubt (a locked vault, an open mode) the answer is yes, so
    /// that
    /// asking for it tells what is wrong instead of quietly going without.
    pub fn available(&self, name: &str) -> bool {
        let Ok(parsed) = SecretName::parse(name) else { return false };
        match self.references.get(&parsed) {
            None | Some(Reference::Vault) => self.vault.contains(name).unwrap_or(true),
            Some(Reference::Env(variable)) => self.variable(variable).is_some(),
            Some(Reference::File(path)) => path.exists(),
        }
    }

    fn find(&self, name: &str) -> Result<SecretValue, VaultError> {
        let parsed = SecretName::parse(name)?;
        match self.references.get(&parsed) {
            None | Some(Reference::Vault) => self.vault.get(name),
            Some(Reference::Env(variable)) => match self.variable(variable) {
                Some(text) => value(&parsed, text.as_bytes()),
                None => {
                    let variable = variable.clone();
                    Err(VaultError::VariableMissing { name: parsed, variable })
                }
            },
            Some(Reference::File(path)) => from_file(parsed, path),
        }
    }

    /// The variable, unless it is unset or empty.
    fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        (self.environment)(name).filter(|text| !text.is_empty()).map(Zeroizing::new)
    }
}

impl SecretSource for Sources {
    fn secret(&self, name: &str) -> Result<SecretValue, Problem> {
        self.find(name).map_err(|error| error.problem())
    }
}

/// One exact allocation, which `SecretValue` zeroes.
fn value(name: &SecretName, bytes: &[u8]) -> Result<SecretValue, VaultError> {
    check_size(name, bytes)?;
    Ok(SecretValue::new(bytes.to_vec()))
}

fn from_file(name: SecretName, path: &Path) -> Result<SecretValue, VaultError> {
    let bytes_max = VALUE_BYTES_MAX + LINE_END_BYTES_MAX;
    match read_private(path, Closed::ToAll, Links::Follow, bytes_max) {
        Ok((bytes, _)) => {
            let trimmed = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
            value(&name, trimmed.strip_suffix(b"\r").unwrap_or(trimmed))
        }
        Err(VaultError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            Err(VaultError::FileMissing { name, path: path.to_owned() })
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
