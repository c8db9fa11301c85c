//! Secret values from a person, a file or another program; never from an argument, which other
//! users of the machine and the shell's history would see.

use crate::print::stdin_is_terminal;
use if_core::{Code, Problem, SecretValue};
use std::io::Read;
use std::path::Path;

/// Largest secret: a private key with its certificate chain fits.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// A value from the file, else from a prompt on a terminal, else from stdin. One trailing line
/// break is dropped.
///
/// # Errors
/// Usage problems: unreadable, too large, empty.
pub fn secret(prompt: &str, from_file: Option<&Path>) -> Result<SecretValue, Problem> {
    let bytes = match from_file {
        Some(path) => read_bounded(fs_err::File::open(path).map_err(|e| unreadable(&e))?)?,
        None if stdin_is_terminal() => return prompted(prompt)?.ok_or_else(empty),
        None => read_bounded(std::io::stdin().lock())?,
    };
    if bytes.is_empty() {
        return Err(empty());
    }
    Ok(SecretValue::new(bytes))
}

/// Fewest characters of a passphrase: a guess costs about a second, and shorter ones are guessed
/// nevertheless.
const PASSPHRASE_CHARS_MIN: usize = 8;

/// A new passphrase, from the file or as [`secret`] gets it; a person types it twice.
///
/// # Errors
/// Usage problems: those of [`secret`], too short, not the same twice.
pub fn new_passphrase(prompt: &str, from_file: Option<&Path>) -> Result<SecretValue, Problem> {
    let typed = from_file.is_none() && stdin_is_terminal();
    let passphrase = secret(prompt, from_file)?;
    let characters = String::from_utf8_lossy(passphrase.expose()).chars().count();
    if characters < PASSPHRASE_CHARS_MIN {
        let text = format!("the passphrase has fewer than {PASSPHRASE_CHARS_MIN} characters");
        return Err(Problem::new(Code::Usage, text));
    }
    if typed && secret("once more: ", None)?.expose() != passphrase.expose() {
        return Err(Problem::new(Code::Usage, "the two passphrases differ"));
    }
    Ok(passphrase)
}

/// A value typed by a person and not shown; `None` when they just press Enter.
pub fn prompted(prompt: &str) -> Result<Option<SecretValue>, Problem> {
    let text = rpassword::prompt_password(prompt).map_err(|e| unreadable(&e))?;
    Ok((!text.is_empty()).then(|| SecretValue::new(text.into_bytes())))
}

fn empty() -> Problem {
    Problem::new(Code::Usage, "the secret is empty")
}

fn read_bounded(source: impl Read) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    source.take(SECRET_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|e| unreadable(&e))?;
    if bytes.len() as u64 > SECRET_BYTES_MAX {
        return Err(Problem::new(Code::Usage, "the secret is larger than 64 KiB"));
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(bytes)
}

fn unreadable(error: &std::io::Error) -> Problem {
    Problem::new(Code::Usage, "the secret cannot be read").because(error.to_string())
}
