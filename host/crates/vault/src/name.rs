//! `<provider>/<instance>/<secret>`: the name of a stored value, checked when it is made.
//!
//! Three [`Word`]s, so a name can neither climb out of its place nor carry a terminal escape. It
//! knows the line that would set it, because every message about a missing secret needs that line.

use crate::VaultError;
use if_core::Word;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whose secret, of which instance, under which name of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName {
    pub provider: Word,
    pub instance: Word,
    pub secret: Word,
}

impl SecretName {
    /// Reads `obs/studio/password`.
    ///
    /// # Errors
    /// [`VaultError::Name`] when there are not exactly three words.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let refuse = || VaultError::Name(text.to_owned());
        let mut words = text.split('/').map(|word| Word::new(word).map_err(|_| refuse()));
        let mut next = || words.next().unwrap_or_else(|| Err(refuse()));
        let (provider, instance, secret) = (next()?, next()?, next()?);
        if words.next().is_some() {
            return Err(refuse());
        }
        Ok(Self { provider, instance, secret })
    }

    /// How to stop referring elsewhere and keep the value in the vault.
    pub fn vault_instead(&self) -> String {
        format!(
            "or drop `{}` from `secrets:` of `{}` in providers/{}.yaml and run: {}",
            self.secret,
            self.instance,
            self.provider,
            self.set_line()
        )
    }

    /// The line that stores a value under this name. The value is asked for, never an argument.
    pub fn set_line(&self) -> String {
        format!("ifctl secret set {} {} {}", self.provider, self.instance, self.secret)
    }
}

impl TryFrom<String> for SecretName {
    type Error = VaultError;

    fn try_from(text: String) -> Result<Self, VaultError> {
        Self::parse(&text)
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> String {
        name.to_string()
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.provider, self.instance, self.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_exactly_three_words() {
        let name = SecretName::parse("obs/studio-2/password").unwrap();
        assert_eq!(name.to_string(), "obs/studio-2/password");
        assert_eq!(name.set_line(), "ifctl secret set obs studio-2 password");
        for bad in ["", "obs", "obs/studio", "obs/studio/a/b", "obs//password", "obs/../x", "a/b/C"]
        {
            assert!(matches!(SecretName::parse(bad), Err(VaultError::Name(_))), "{bad}");
        }
    }
}
