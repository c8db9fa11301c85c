//! What an operator writes: provider files, `config.yaml`, where a secret comes from.

use crate::input::text;
use if_config::{ConfigError, SecretReference, fuzzing as config};
use if_core::{Explain, Word};

/// `provider-file`: an instance that was read is the same when this program writes it.
pub fn provider_file(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let provider = Word::new("obs").unwrap();
    let instances = match config::instances(&provider, text) {
        Ok(instances) => instances,
        Err(error) => return placed(&error, text),
    };
    for instance in instances {
        assert!(instance.hosts.as_ref().is_none_or(|hosts| hosts.len() <= 64));
        let Some(written) = config::written(&instance) else { continue };
        // What cannot be written so is refused by `add`, which reads it before it writes.
        if let Ok(again) = config::instances(&provider, &written) {
            assert_eq!(again.len(), 1, "{written}");
            assert_eq!(again[0].name, instance.name);
            assert_eq!(again[0].secrets, instance.secrets);
            assert_eq!(again[0].private_network, instance.private_network);
            assert_eq!(again[0].hosts, instance.hosts);
        }
    }
}

/// `config-file`.
pub fn settings(data: &[u8]) {
    let Some(text) = text(data) else { return };
    match config::settings(text) {
        Ok(settings) => {
            let timeout = settings.defaults.timeout_ms;
            assert!(timeout.is_none_or(|millis| (1..=3_600_000).contains(&millis)));
            if let Some(name) = &settings.context {
                let context = settings.context_named(name.as_str());
                assert!(context.is_ok(), "a context is in use that is not there");
            }
        }
        Err(error) => placed(&error, text),
    }
}

/// A fault stands in the file, and its message is one line.
fn placed(error: &ConfigError, text: &str) {
    let _ = (error.code(), error.hints());
    let ConfigError::File { line, what, .. } = error else { return };
    // YAML ends a line at a carriage return too.
    let lines = text.split(['\n', '\r']).count();
    assert!(*line as usize <= lines + 1, "line {line} of {text:?}");
    assert!(!what.contains('\n'), "{what:?}");
}

/// `secret-reference`: what is one prints as it was written.
pub fn secret_reference(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Some(reference) = SecretReference::parse(text) else { return };
    match &reference {
        SecretReference::Vault => assert_eq!(text, "vault"),
        SecretReference::Env(name) => assert!(!name.is_empty() && name.is_ascii()),
        SecretReference::File(path) => assert!(path.is_absolute()),
        SecretReference::Keyring(item) => {
            assert!(!item.service.is_empty() && !item.account.is_empty());
        }
        SecretReference::Kv(place) => {
            assert!(!place.mount.is_empty() && !place.field.is_empty());
            assert!(place.path.split('/').all(|part| !["", ".", ".."].contains(&part)));
        }
    }
    assert_eq!(SecretReference::parse(&reference.to_string()), Some(reference));
}
