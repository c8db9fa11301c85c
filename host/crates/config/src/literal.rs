//! What looks like a secret in plain text.
//!
//! Two degrees. Some names mean a secret whatever a manifest says: a plugin must not get a password
//! by calling it a setting. A bare `key` may be many things and counts only where no manifest
//! declares it. A name that says it is about a secret (`token-url`, `key-file`) is none.

use serde_json::Value;

/// Words that mean a secret by themselves.
const SECRET_WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "credential",
    "credentials",
    "apikey",
    "bearer",
];

/// Words that make a following `key` a secret one.
const KEY_KINDS: &[&str] = &["api", "private", "access", "auth", "stream", "signing", "master"];

/// Last words that say: this is about a secret, not the secret.
const ABOUT_WORDS: &[&str] =
    &["id", "url", "uri", "file", "path", "name", "type", "ttl", "expiry", "length", "algorithm"];

/// Whether a setting of this name is a secret whoever declares it.
pub(crate) fn always_secret(name: &str) -> bool {
    let words = words(name);
    let plain = words.iter().map(String::as_str).collect::<Vec<_>>();
    if plain.last().is_none_or(|last| ABOUT_WORDS.contains(last)) {
        return false;
    }
    let secret_key = |pair: &[&str]| matches!(pair, [kind, "key"] if KEY_KINDS.contains(kind));
    plain.iter().any(|word| SECRET_WORDS.contains(word)) || plain.windows(2).any(secret_key)
}

/// Whether a setting of this name is a secret when nobody declares it.
pub(crate) fn perhaps_secret(name: &str) -> bool {
    always_secret(name) || words(name).last().is_some_and(|last| last == "key")
}

/// Whether the value could be a secret at all: `use-token: true` and `token: ""` could not.
pub(crate) fn is_literal(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Number(_) => true,
        _ => false,
    }
}

/// The lower-case words of `api-key`, `api_key` and `apiKey`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_lower = false;
    for character in name.chars() {
        let separator = !character.is_alphanumeric();
        if separator || (character.is_uppercase() && before_lower) {
            words.push(String::new());
        }
        if let (false, Some(word)) = (separator, words.last_mut()) {
            word.extend(character.to_lowercase());
        }
        before_lower = character.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_that_mean_a_secret_in_every_spelling() {
        for name in [
            "password",
            "obs-password",
            "obs_password",
            "obsPassword",
            "PASSWORD",
            "token",
            "access_token",
            "api-key",
            "apiKey",
            "client-secret",
            "stream_key",
            "private-key",
        ] {
            assert!(always_secret(name), "{name}");
        }
        for name in ["key", "ssh-key"] {
            assert!(!always_secret(name) && perhaps_secret(name), "{name}");
        }
    }

    #[test]
    fn names_that_only_sound_like_one() {
        for name in [
            "token-url",
            "access-key-id",
            "key-file",
            "keyboard",
            "monkey",
            "passage",
            "tokens-per-s",
            "host",
            "",
            "-",
        ] {
            assert!(!perhaps_secret(name), "{name}");
        }
    }

    #[test]
    fn only_text_and_numbers_can_be_secrets() {
        assert!(is_literal(&json!("x")) && is_literal(&json!(1234)));
        assert!(!is_literal(&json!("")) && !is_literal(&json!(true)) && !is_literal(&json!(null)));
    }
}
