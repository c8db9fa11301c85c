//! What a KV engine answered: pure, from status and body to a secret or a reason.
//!
//! The body holds every field of the secret, so it stays one zeroed buffer, and only the field that
//! is asked for is taken out of it. A parser's words may quote what it read; they are dropped.

use super::KvWhy;
use if_core::SecretValue;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// One version of a secret. No `Debug`.
pub struct KvSecret {
    body: Zeroizing<Vec<u8>>,
    /// Counted by the engine, from 1.
    pub version: u64,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// What stands in `data` of an engine of version 2.
#[derive(Deserialize)]
struct Versioned<'a> {
    /// Null where the version was deleted.
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    version: u64,
}

/// The secret in an answer.
pub(super) fn read(status: u16, body: Zeroizing<Vec<u8>>) -> Result<KvSecret, KvWhy> {
    match status {
        200 => {
            let version = versioned(&body)?;
            match version.data {
                Some(_) => Ok(KvSecret { version: version.metadata.version, body }),
                None => Err(KvWhy::Deleted { version: version.metadata.version }),
            }
        }
        // A deleted version has the form of one that is there, without its data.
        404 => Err(match versioned(&body) {
            Ok(deleted) => KvWhy::Deleted { version: deleted.metadata.version },
            Err(_) => KvWhy::Missing,
        }),
        403 => Err(KvWhy::Refused),
        503 => Err(KvWhy::Sealed),
        300..=399 => Err(KvWhy::Redirected),
        status => Err(KvWhy::Status(status)),
    }
}

fn versioned(body: &[u8]) -> Result<Versioned<'_>, KvWhy> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|_| KvWhy::NotJson)?;
    let data = answer.data.ok_or(KvWhy::NotVersioned)?;
    serde_json::from_str(data.get()).map_err(|_| KvWhy::NotVersioned)
}

impl KvSecret {
    /// The field's value, which must be text.
    ///
    /// # Errors
    /// [`KvWhy::FieldMissing`], [`KvWhy::FieldForm`].
    pub fn field(&self, name: &str) -> Result<SecretValue, KvWhy> {
        let data = versioned(&self.body)?.data.ok_or(KvWhy::NotVersioned)?;
        let fields: BTreeMap<String, &RawValue> =
            serde_json::from_str(data.get()).map_err(|_| KvWhy::NotVersioned)?;
        let raw = fields.get(name).ok_or(KvWhy::FieldMissing { version: self.version })?;
        let text: String = serde_json::from_str(raw.get()).map_err(|_| KvWhy::FieldForm)?;
        Ok(SecretValue::new(text.into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As an OpenBao 2.7 answers.
    const GOOD: &str = r#"{"request_id":"a767999a","lease_id":"","renewable":false,
        "lease_duration":0,"data":{"data":{"n":5,"none":null,"password":"p\u00f6\"1"},"metadata":
        {"created_time":"2026-11-30T05:35:42Z","custom_metadata":null,"deletion_time":"",
        "destroyed":false,"version":3}},"wrap_info":null,"warnings":null,"auth":null}"#;
    const DELETED: &str = r#"{"request_id":"41c854de","data":{"data":null,"metadata":
        {"deletion_time":"2026-11-30T05:35:42Z","destroyed":false,"version":2}},"auth":null}"#;
    /// As an engine of version 1 answers.
    const FLAT: &str = r#"{"request_id":"00c55ced","data":{"password":"v1"},"auth":null}"#;

    fn reads(status: u16, body: &str) -> Result<u64, KvWhy> {
        read(status, Zeroizing::new(body.as_bytes().to_vec())).map(|secret| secret.version)
    }

    #[test]
    fn a_version_and_its_fields_are_read() {
        let secret = read(200, Zeroizing::new(GOOD.as_bytes().to_vec())).unwrap();
        assert_eq!(secret.version, 3);
        assert_eq!(secret.field("password").unwrap().expose(), "pö\"1".as_bytes());
        assert_eq!(secret.field("n").unwrap_err(), KvWhy::FieldForm);
        assert_eq!(secret.field("none").unwrap_err(), KvWhy::FieldForm);
        assert_eq!(secret.field("Password").unwrap_err(), KvWhy::FieldMissing { version: 3 });
    }

    #[test]
    fn what_is_no_secret_is_told_apart() {
        for (status, body, expect) in [
            (404, r#"{"errors":[]}"#, KvWhy::Missing),
            (404, r#"{"errors":["no handler for route"]}"#, KvWhy::Missing),
            (404, "not found", KvWhy::Missing),
            (404, DELETED, KvWhy::Deleted { version: 2 }),
            (200, DELETED, KvWhy::Deleted { version: 2 }),
            (200, FLAT, KvWhy::NotVersioned),
            (200, r#"{"data":null}"#, KvWhy::NotVersioned),
            (200, r#"{"data":[1]}"#, KvWhy::NotVersioned),
            (200, r#"{"data":{"data":{"password":"p"}}}"#, KvWhy::NotVersioned),
            (200, "<html>welcome</html>", KvWhy::NotJson),
            (200, "", KvWhy::NotJson),
            (403, r#"{"errors":["permission denied"]}"#, KvWhy::Refused),
            (503, r#"{"errors":["Vault is sealed"]}"#, KvWhy::Sealed),
            (307, "", KvWhy::Redirected),
            (301, GOOD, KvWhy::Redirected),
            (429, "", KvWhy::Status(429)),
            (500, GOOD, KvWhy::Status(500)),
            (204, "", KvWhy::Status(204)),
        ] {
            assert_eq!(reads(status, body), Err(expect), "{status} {body}");
        }
        // Fields that are none.
        let odd = read(200, Zeroizing::new(GOOD.replace(r#""n":5"#, "5").into_bytes()));
        assert!(odd.is_err());
        let list = r#"{"data":{"data":["password"],"metadata":{"version":1}}}"#;
        let list = read(200, Zeroizing::new(list.as_bytes().to_vec())).unwrap();
        assert_eq!(list.field("password").unwrap_err(), KvWhy::NotVersioned);
    }
}
