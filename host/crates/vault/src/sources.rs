//! Where an instance's secrets come from: the vault unless the operator says otherwise.
//!
//! The operator's instance may name an environment variable, a file or a place outside instead. A
//! reference never falls back: when the named place is empty, that is said, and the vault is not
//! asked. The environment is a function that is handed in; this room reads none. Nor does it know
//! the places outside: somebody else asks there, and brings what they gave.

use crate::file::{Closed, Links, read_private};
use crate::vault::check_size;
use crate::{SecretName, VALUE_BYTES_MAX, Vault, VaultError};
use if_core::{Code, Explain, Problem, SecretSource, SecretValue};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
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
    /// Somebody brings it, see [`Sources::bring`].
    Outside,
}

/// Looks up an environment variable; `None` when it is not set.
type Environment = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What places outside gave.
type Brought = BTreeMap<SecretName, Result<SecretValue, Problem>>;

/// The chain that answers [`SecretSource`].
pub struct Sources {
    vault: Arc<Vault>,
    environment: Environment,
    references: BTreeMap<SecretName, Reference>,
    brought: Mutex<Brought>,
}

impl Sources {
    /// All secrets from the vault, until [`Sources::refer`] says otherwise.
    pub fn new(
        vault: Arc<Vault>,
        environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let (references, brought) = (BTreeMap::new(), Mutex::default());
        Self { vault, environment: Box::new(environment), references, brought }
    }

    /// The secret `name` (`<provider>/<instance>/<secret>`) comes from there.
    ///
    /// # Errors
    /// [`VaultError::Name`].
    pub fn refer(mut self, name: &str, reference: Reference) -> Result<Self, VaultError> {
        self.references.insert(SecretName::parse(name)?, reference);
        Ok(self)
    }

    /// What the place outside gave for this secret; a value is held to the vault's bounds.
    pub fn bring(&self, name: &SecretName, outcome: Result<SecretValue, Problem>) {
        let outcome = outcome.and_then(|value| match check_size(name, value.expose()) {
            Ok(()) => Ok(value),
            Err(error) => Err(error.problem()),
        });
        let mut brought = self.brought.lock().unwrap_or_else(PoisonError::into_inner);
        brought.insert(name.clone(), outcome);
    }

    /// Whether the secret is set. In doubt (a locked vault, an open mode, a place outside that was
    /// not asked yet or does not answer) it is taken for set, so that asking for it tells what is
    /// wrong instead of quietly going without.
    pub fn available(&self, name: &str) -> bool {
        let Ok(parsed) = SecretName::parse(name) else { return false };
        match self.references.get(&parsed) {
            None | Some(Reference::Vault) => self.vault.contains(name).unwrap_or(true),
            Some(Reference::Env(variable)) => self.variable(variable).is_some(),
            Some(Reference::File(path)) => path.exists(),
            Some(Reference::Outside) => self.is_brought(&parsed),
        }
    }

    fn is_brought(&self, name: &SecretName) -> bool {
        let brought = self.brought.lock().unwrap_or_else(PoisonError::into_inner);
        !matches!(brought.get(name), Some(Err(why)) if why.code == Code::SecretMissing)
    }

    fn outside(&self, name: &SecretName) -> Result<SecretValue, Problem> {
        let brought = self.brought.lock().unwrap_or_else(PoisonError::into_inner);
        match brought.get(name) {
            Some(Ok(value)) => Ok(SecretValue::new(value.expose().to_vec())),
            Some(Err(why)) => Err(why.clone()),
            None => Err(Problem::new(Code::Bug, format!("secret `{name}` was not fetched"))),
        }
    }

    fn find(&self, name: &str) -> Result<SecretValue, Problem> {
        let parsed = SecretName::parse(name).map_err(|error| error.problem())?;
        let found = match self.references.get(&parsed) {
            None | Some(Reference::Vault) => self.vault.get(name),
            Some(Reference::Env(variable)) => match self.variable(variable) {
                Some(text) => value(&parsed, text.as_bytes()),
                None => {
                    let variable = variable.clone();
                    Err(VaultError::VariableMissing { name: parsed, variable })
                }
            },
            Some(Reference::File(path)) => from_file(parsed, path),
            Some(Reference::Outside) => return self.outside(&parsed),
        };
        found.map_err(|error| error.problem())
    }

    /// The variable, unless it is unset or empty.
    fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        (self.environment)(name).filter(|text| !text.is_empty()).map(Zeroizing::new)
    }
}

impl SecretSource for Sources {
    fn secret(&self, name: &str) -> Result<SecretValue, Problem> {
        self.find(name)
    }
}

/// One exact allocation, which `SecretValue` zeroes.
fn value(name: &SecretName, bytes: &[u8]) -> Result<SecretValue, VaultError> {
    check_size(name, bytes)?;
    Ok(SecretValue::new(bytes.to_vec()))
}

/// The token that a server's own tool left in a file, closed to others; one line end at its end
/// does not count. `None` when there is no such file.
///
/// # Errors
/// [`VaultError::Unsafe`], [`VaultError::FileTooLarge`], [`VaultError::Io`].
pub fn read_token(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
    match read_private(path, Closed::ToAll, Links::Follow, VALUE_BYTES_MAX) {
        Ok((mut bytes, _)) => {
            let end = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
            let length = end.strip_suffix(b"\r").unwrap_or(end).len();
            bytes.truncate(length);
            Ok(Some(bytes))
        }
        Err(VaultError::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
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
