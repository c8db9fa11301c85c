//! Signing keys under a passphrase: age's own form, so that any age tool opens them.

use if_core::{Problem, SecretValue};
use if_registry::KeyGuard;
use std::path::Path;
use zeroize::Zeroizing;

/// Asks for the passphrase of the key in this file.
type Ask = dyn Fn(&Path) -> Result<SecretValue, Problem> + Send + Sync;

/// Opens keys with what it is told, and seals new ones.
pub struct Passphrases {
    ask: Box<Ask>,
    new: Option<SecretValue>,
}

impl Passphrases {
    /// `ask` is called for each sealed key that has to sign.
    pub fn asking(
        ask: impl Fn(&Path) -> Result<SecretValue, Problem> + Send + Sync + 'static,
    ) -> Passphrases {
        Passphrases { ask: Box::new(ask), new: None }
    }

    /// Keys that are made, or change their passphrase, are under this one; `None`: in the clear.
    #[must_use]
    pub fn sealing(self, new: Option<SecretValue>) -> Passphrases {
        Passphrases { new, ..self }
    }
}

impl KeyGuard for Passphrases {
    fn seal(&self, path: &Path, pem: &[u8]) -> Result<Option<Vec<u8>>, Problem> {
        self.new.as_ref().map(|passphrase| sealed(path, pem, passphrase)).transpose()
    }

    fn open(&self, path: &Path, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Problem> {
        unsealed(path, sealed, &(self.ask)(path)?)
    }
}

#[cfg(feature = "live")]
use encrypted::{sealed, unsealed};

#[cfg(feature = "live")]
mod encrypted {
    use crate::job::explain;
    use if_core::{Code, Explain as _, Problem, SecretValue};
    use if_vault::{VaultError, open_stream, seal_stream};
    use std::io::{Read, Write};
    use std::path::Path;
    use zeroize::Zeroizing;

    /// Room for the PEM of a key, so that reading it leaves no copies behind.
    const PEM_BYTES: usize = 4 << 10;

    pub fn sealed(_: &Path, pem: &[u8], passphrase: &SecretValue) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        let mut writer = seal_stream(&mut bytes, passphrase).map_err(explain)?;
        let written = writer.write_all(pem).and_then(|()| writer.finish());
        written.map_err(|error| VaultError::Io(error).problem())?;
        Ok(bytes)
    }

    pub fn unsealed(
        path: &Path,
        sealed: &[u8],
        passphrase: &SecretValue,
    ) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let shut =
            |why: &str| Problem::new(Code::Passphrase, format!("the key {} {why}", path.display()));
        let mut reader = open_stream(sealed, passphrase).map_err(|error| match error {
            VaultError::PassphraseWrong => shut("is not opened by this passphrase"),
            error => shut("cannot be opened").because(error.to_string()),
        })?;
        let mut pem = Zeroizing::new(Vec::with_capacity(PEM_BYTES));
        let read = reader.by_ref().take(PEM_BYTES as u64).read_to_end(&mut pem);
        read.map_err(|error| shut("was changed").because(error.to_string()))?;
        Ok(pem)
    }
}

/// Without the vault there is no encryption.
#[cfg(not(feature = "live"))]
fn shut(path: &Path) -> Problem {
    let text = format!("this build cannot encrypt, and the key {} would need it", path.display());
    Problem::new(if_core::Code::Passphrase, text)
}

#[cfg(not(feature = "live"))]
fn sealed(path: &Path, _: &[u8], _: &SecretValue) -> Result<Vec<u8>, Problem> {
    Err(shut(path))
}

#[cfg(not(feature = "live"))]
fn unsealed(path: &Path, _: &[u8], _: &SecretValue) -> Result<Zeroizing<Vec<u8>>, Problem> {
    Err(shut(path))
}

#[cfg(all(test, feature = "live"))]
mod tests {
    use super::*;
    use if_core::Code;
    use if_registry::SEALED;

    #[test]
    fn a_key_opens_by_its_passphrase_alone_and_a_change_is_noticed() {
        let told = |word: &'static str| {
            Passphrases::asking(move |_| Ok(SecretValue::new(word.as_bytes().to_vec())))
        };
        let (path, pem) = (Path::new("a.key"), b"-----BEGIN PRIVATE KEY-----");
        let guard = told("correct horse").sealing(Some(SecretValue::new(b"correct horse".into())));
        let mut sealed = guard.seal(path, pem).unwrap().unwrap();
        assert!(sealed.starts_with(SEALED) && !sealed.windows(7).any(|part| part == b"PRIVATE"));
        assert_eq!(guard.open(path, &sealed).unwrap().as_slice(), pem);
        let wrong = told("battery staple").open(path, &sealed).unwrap_err();
        assert_eq!((wrong.code, wrong.message.contains("a.key")), (Code::Passphrase, true));
        if let Some(last) = sealed.last_mut() {
            *last ^= 1;
        }
        assert_eq!(guard.open(path, &sealed).unwrap_err().code, Code::Passphrase);
        assert_eq!(told("x").seal(path, pem).unwrap(), None, "in the clear when asked to be");
    }
}
