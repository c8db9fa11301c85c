//! Who signs with Sigstore: a name by an issuer, or a P-256 key; and the id of either.

use crate::keys::{KeyError, KeyId};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use if_core::Digest;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest name or issuer: workflows of forges reach 200 characters.
const TEXT_MAX: usize = 512;

/// In front of what the id of an identity is the digest of. No SPKI begins so.
const IDENTITY: &str = "infrafabric sigstore identity v1";

/// SPKI DER of a P-256 key is these bytes and the 65 of an uncompressed point (RFC 5480).
const SPKI_PREFIX: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
const SPKI_BYTES: usize = SPKI_PREFIX.len() + 64;

/// Whose signature it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Who {
    /// Exactly this subject name (mail address, or URI) by a token of exactly this issuer.
    Identity { name: String, issuer: String },
    /// This P-256 key.
    Key(P256Key),
}

impl Who {
    /// The principal: the same whichever installation vouches, so that nobody counts twice.
    pub fn id(&self) -> KeyId {
        KeyId::of(&match self {
            Who::Identity { name, issuer } => format!("{IDENTITY}\n{issuer}\n{name}").into_bytes(),
            Who::Key(key) => key.0.clone(),
        })
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let Who::Identity { name, issuer } = self else { return Ok(()) };
        let plain = |text: &str| {
            text.len() <= TEXT_MAX && text.chars().all(|c| !c.is_control() && !c.is_whitespace())
        };
        let local = name.split_once('@').is_some_and(|(local, host)| {
            !local.is_empty() && !host.is_empty() && !host.contains('@')
        });
        if !plain(name) || !(local || name.contains("://")) {
            return Err(format!("`{name}` must be a mail address or a URI, in full"));
        }
        if !plain(issuer) || !issuer.contains("://") {
            return Err(format!("`{issuer}` must be the issuer's URL, in full"));
        }
        Ok(())
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Identity { name, issuer } => write!(f, "{name} ({issuer})"),
            Who::Key(key) => write!(f, "P-256 key {}", KeyId::of(&key.0).short()),
        }
    }
}

/// A P-256 public key as SPKI DER.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct P256Key(Vec<u8>);

impl P256Key {
    /// Reads an SPKI PEM, or the base64 in it.
    pub fn parse(text: &str) -> Result<P256Key, KeyError> {
        let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
        let spki = STANDARD.decode(body.trim()).map_err(|_| KeyError::P256)?;
        if spki.len() != SPKI_BYTES || !spki.starts_with(&SPKI_PREFIX) {
            return Err(KeyError::P256);
        }
        Ok(P256Key(spki))
    }

    /// SPKI DER.
    #[cfg_attr(not(feature = "sigstore"), allow(dead_code))]
    pub(super) fn spki(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<String> for P256Key {
    type Error = KeyError;
    fn try_from(text: String) -> Result<P256Key, KeyError> {
        P256Key::parse(&text)
    }
}

impl From<P256Key> for String {
    fn from(key: P256Key) -> String {
        STANDARD.encode(key.0)
    }
}

impl KeyId {
    /// The id that is the digest of these bytes.
    fn of(bytes: &[u8]) -> KeyId {
        KeyId::from_digest(crate::sha256(bytes))
    }
}

/// The id of a key whose digest a bundle names.
#[cfg_attr(not(feature = "sigstore"), allow(dead_code))]
pub(super) fn id_of_hint(digest: [u8; 32]) -> KeyId {
    KeyId::from_digest(Digest::from_bytes(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_named_in_full_and_has_one_id() {
        let who =
            |name: &str, issuer: &str| Who::Identity { name: name.into(), issuer: issuer.into() };
        let ada = who("ada@example.com", "https://login.example.com");
        assert!(ada.check().is_ok() && who("https://x/y", "https://z").check().is_ok());
        for other in [
            who("ada@example.com", "https://login.example.com/"),
            who("ada@example.con", "https://login.example.com"),
            who("https://login.example.com", "ada@example.com"),
        ] {
            assert_ne!(other.id(), ada.id());
        }
        for (name, issuer) in [
            ("ada", "https://z"),
            ("@example.com", "https://z"),
            ("ada@", "https://z"),
            ("a@b@c", "https://z"),
            ("ada@example.com\nx", "https://z"),
            ("ada @example.com", "https://z"),
            ("", "https://z"),
            ("ada@example.com", "z"),
            ("ada@example.com", "https://z\u{7}"),
            (&"a".repeat(600), "https://z"),
        ] {
            assert!(who(name, issuer).check().is_err(), "{name} {issuer}");
        }
    }

    #[test]
    fn a_key_is_one_of_p256_as_openssl_writes_it() {
        // openssl ecparam -name prime256v1 -genkey | openssl ec -pubout
        let pem = "-----BEGIN PUBLIC KEY-----\n\
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEnPyeVMLRWPJQpCHcUdG41k+oJiQE\n\
            jX4uGSX7ujPH7Iv5zQD3VYiHhyQ/oMJvc1vx+2Zk2DBcBhN9IT0eZjB2RQ==\n\
            -----END PUBLIC KEY-----\n";
        let key = P256Key::parse(pem).unwrap();
        assert_eq!(P256Key::parse(&String::from(key.clone())).unwrap(), key);
        // The SHA-256 of its DER, which is also how its log is named.
        let id = "f6fb357e481d95b94fc8cb9688b44041b120d219831c4e94c02f76571c8b4bc8";
        assert_eq!(Who::Key(key).id().to_string(), id);
        let compressed = pem.replace("QgAE", "QgAC");
        let other_curve = pem.replace("zj0DAQcD", "zj0DAQgD");
        for wrong in
            [&compressed, &other_curve, "", "AAAA", "ifk1:AAAA", &pem.replace("RQ==", "RQ=")]
        {
            assert_eq!(P256Key::parse(wrong), Err(KeyError::P256), "{wrong}");
        }
    }
}
