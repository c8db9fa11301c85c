//! Where an instance's secret is to come from, as the operator writes it under `secrets:`.
//!
//! A reference is read from the operator's own file and from nowhere else. What is none of its
//! forms may be a secret itself, so it is never repeated. Nothing is looked up here.

use std::fmt;
use std::path::PathBuf;

/// The forms, for messages.
pub(crate) const FORMS: &str = "`vault`, `env:NAME`, `file:/absolute/path`, \
     `keyring:service/account` or `kv:mount/path#field`";

/// Longest service, account, mount, path or field: what a store of secrets takes as a name is
/// shorter, and a message repeats it.
const NAME_BYTES_MAX: usize = 512;

/// Where the operator says a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretReference {
    /// `vault`, the default.
    Vault,
    /// `env:OBS_PASSWORD`.
    Env(String),
    /// `file:/run/credentials/obs`, absolute.
    File(PathBuf),
    /// `keyring:obs/studio`.
    Keyring(KeyringItem),
    /// `kv:secret/studio/obs#password`.
    Kv(KvField),
}

/// An item of the desktop's keyring, by the two attributes that the libraries of many languages
/// agree on: `service` and `username`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyringItem {
    pub service: String,
    /// What stands in the attribute `username`.
    pub account: String,
}

/// A field of a secret in a KV engine of version 2.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KvField {
    /// Where the engine is mounted: `secret`.
    pub mount: String,
    /// Segments joined by `/`, none of them empty, `.` or `..`.
    pub path: String,
    pub field: String,
}

impl SecretReference {
    /// Reads one of the forms. `None` for anything else, which may be a secret itself and must not
    /// be repeated in a message.
    pub fn parse(text: &str) -> Option<Self> {
        let (form, rest) = match text.split_once(':') {
            Some(parts) => parts,
            None => return (text == "vault").then_some(Self::Vault),
        };
        match form {
            "env" => is_variable(rest).then(|| Self::Env(rest.to_owned())),
            "file" => {
                let path = PathBuf::from(rest);
                path.is_absolute().then_some(Self::File(path))
            }
            "keyring" => KeyringItem::parse(rest).map(Self::Keyring),
            "kv" => KvField::parse(rest).map(Self::Kv),
            _ => None,
        }
    }
}

impl KeyringItem {
    /// `service/account`: the first slash ends the service.
    fn parse(text: &str) -> Option<Self> {
        let (service, account) = text.split_once('/')?;
        let legal = is_name(service) && is_name(account);
        legal.then(|| Self { service: service.to_owned(), account: account.to_owned() })
    }
}

impl KvField {
    /// `mount/path#field`: the first slash ends the mount, the first `#` the path.
    fn parse(text: &str) -> Option<Self> {
        let (place, field) = text.split_once('#')?;
        let (mount, path) = place.split_once('/')?;
        let plain = |segment: &str| !matches!(segment, "" | "." | "..");
        let legal = is_name(mount)
            && is_name(path)
            && is_name(field)
            && path.split('/').chain([mount]).all(plain);
        let owned = |text: &str| text.to_owned();
        legal.then(|| Self { mount: owned(mount), path: owned(path), field: owned(field) })
    }
}

fn is_variable(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && name.bytes().all(legal)
}

/// Something that can be asked for by name and repeated in a message.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= NAME_BYTES_MAX
        && text.trim() == text
        && !text.chars().any(char::is_control)
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vault => f.write_str("vault"),
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Keyring(item) => write!(f, "keyring:{}/{}", item.service, item.account),
            Self::Kv(kv) => write!(f, "kv:{}/{}#{}", kv.mount, kv.path, kv.field),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_one_of_its_forms_and_is_written_as_it_was_read() {
        for text in [
            "vault",
            "env:OBS_PASSWORD",
            "file:/run/credentials/obs",
            "keyring:obs/studio",
            "keyring:Studio Safe/ann@example.com",
            "keyring:obs/a/b",
            "kv:secret/obs#password",
            "kv:secret/studio/obs#stream key",
            "kv:secret/obs#a#b",
        ] {
            assert_eq!(SecretReference::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for text in [
            "",
            "hunter2",
            "Vault",
            "vault:",
            "env:",
            "env:A B",
            "env:$X",
            "file:",
            "file:relative",
            "keyring:",
            "keyring:obs",
            "keyring:obs/",
            "keyring:/studio",
            "keyring:obs/stu\ndio",
            "keyring: obs/studio",
            "kv:",
            "kv:secret#f",
            "kv:secret/#f",
            "kv:/obs#f",
            "kv:secret/obs",
            "kv:secret/obs#",
            "kv:secret//obs#f",
            "kv:secret/../sys#f",
            "kv:secret/./obs#f",
            "kv:../obs#f",
            "kv:secret/obs/#f",
            "kv:secret/o\tbs#f",
            "keyring",
        ] {
            assert_eq!(SecretReference::parse(text), None, "{text}");
        }
        assert_eq!(SecretReference::parse(&format!("keyring:obs/{}", "x".repeat(513))), None);
    }

    #[test]
    fn the_parts_of_a_reference_are_told_apart() {
        let Some(SecretReference::Kv(kv)) = SecretReference::parse("kv:secret/studio/obs#password")
        else {
            panic!("not read")
        };
        let expect = ("secret", "studio/obs", "password");
        assert_eq!((kv.mount.as_str(), kv.path.as_str(), kv.field.as_str()), expect);
        let Some(SecretReference::Keyring(item)) = SecretReference::parse("keyring:obs/a/b") else {
            panic!("not read")
        };
        assert_eq!((item.service.as_str(), item.account.as_str()), ("obs", "a/b"));
    }
}
