//! A stream under a passphrase: how a backup leaves the home.
//!
//! The form is age's own (age-encryption.org/v1, scrypt recipient), so any age tool opens it. Each
//! chunk is authenticated: a file that was changed or cut short gives an error, never other bytes.

use crate::VaultError;
use age::scrypt;
use age::secrecy::SecretString;
use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, Decryptor, Encryptor};
use if_core::SecretValue;
use std::io::{Read, Write};

/// Cost of one guess, as a power of two: 2^18 is the age tool's own, about a second and 256 MiB.
const WORK_LOG: u8 = 18;

/// Most that a file may demand of whoever opens it: 4 GiB and half a minute.
const WORK_LOG_MAX: u8 = 22;

/// What every file in this form begins with.
pub const MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// Encrypts what is written to `output`; [`StreamWriter::finish`] completes it.
///
/// # Errors
/// [`VaultError::Passphrase`] when it is not text; the I/O error of `output`.
pub fn seal_stream<W: Write>(
    output: W,
    passphrase: &SecretValue,
) -> Result<StreamWriter<W>, VaultError> {
    let mut recipient = scrypt::Recipient::new(text(passphrase)?);
    recipient.set_work_factor(WORK_LOG);
    let encryptor = Encryptor::with_recipients(std::iter::once(&recipient as _));
    Ok(encryptor.map_err(VaultError::Encrypt)?.wrap_output(output)?)
}

/// Decrypts what is read from `input`.
///
/// # Errors
/// [`VaultError::PassphraseWrong`]; [`VaultError::ArchiveForm`] for what is no such file.
pub fn open_stream<R: Read>(
    input: R,
    passphrase: &SecretValue,
) -> Result<StreamReader<R>, VaultError> {
    open_at_most(input, passphrase, WORK_LOG_MAX)
}

/// The same, at another cost.
pub(crate) fn open_at_most<R: Read>(
    input: R,
    passphrase: &SecretValue,
    work_log_max: u8,
) -> Result<StreamReader<R>, VaultError> {
    let explain = |error: DecryptError| match error {
        DecryptError::NoMatchingKeys
        | DecryptError::DecryptionFailed
        | DecryptError::KeyDecryptionFailed => VaultError::PassphraseWrong,
        // Shorter than any header: no archive, whatever it is.
        DecryptError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            VaultError::ArchiveForm
        }
        DecryptError::Io(error) => VaultError::Io(error),
        _ => VaultError::ArchiveForm,
    };
    let decryptor = Decryptor::new(input).map_err(explain)?;
    // Only now: to make one takes the library a measurement of this machine.
    let mut identity = scrypt::Identity::new(text(passphrase)?);
    identity.set_max_work_factor(work_log_max);
    decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)).map_err(explain)
}

fn text(passphrase: &SecretValue) -> Result<SecretString, VaultError> {
    let text = std::str::from_utf8(passphrase.expose()).map_err(|_| VaultError::Passphrase)?;
    Ok(SecretString::from(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretValue {
        SecretValue::new(text.as_bytes().to_vec())
    }

    #[test]
    fn only_the_passphrase_opens_it_and_a_change_is_noticed() {
        let mut sealed = Vec::new();
        let mut writer = seal_stream(&mut sealed, &secret("correct horse")).unwrap();
        writer.write_all(b"the whole home").unwrap();
        writer.finish().unwrap();
        assert!(sealed.starts_with(MAGIC));
        assert!(!sealed.windows(5).any(|part| part == b"whole"));

        let mut plain = Vec::new();
        open_stream(&sealed[..], &secret("correct horse"))
            .unwrap()
            .read_to_end(&mut plain)
            .unwrap();
        assert_eq!(plain, b"the whole home");
        let wrong = open_stream(&sealed[..], &secret("battery staple"));
        assert!(matches!(wrong.err(), Some(VaultError::PassphraseWrong)));

        *sealed.last_mut().unwrap() ^= 1;
        let mut changed = open_stream(&sealed[..], &secret("correct horse")).unwrap();
        assert!(changed.read_to_end(&mut Vec::new()).is_err());
        let other = open_stream(&b"something else"[..], &secret("correct horse"));
        assert!(matches!(other.err(), Some(VaultError::ArchiveForm)));
    }
}
