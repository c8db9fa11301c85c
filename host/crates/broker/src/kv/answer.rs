//! What a KV engine answered: pure, from status and body to a secret or a reason.
//!
//! The body holds every field of the secret, so it is a zeroed buffer, and each field another. A
//! parser's words may quote what it read; they are dropped.

use super::KvWhy;
use if_core::SecretValue;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use zeroize::Zeroizing;

/// One version of a secret. No `Debug`.
pub struct KvSecret {
    fields: BTreeMap<String, Field>,
    /// Counted by the engine, from 1.
    pub version: u64,
}

#[derive(Deserialize)]
struct Answer {
    data: Versioned,
}

/// What stands in `data` of an engine of version 2.
#[derive(Deserialize)]
struct Versioned {
    /// Null where the version was deleted.
    #[serde(default)]
    data: Option<BTreeMap<String, Field>>,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    version: u64,
}

/// A field of a secret.
enum Field {
    /// Zeroed when dropped.
    Text(Zeroizing<String>),
    Other,
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field of a secret")
    }

    fn visit_str<E>(self, text: &str) -> Result<Field, E> {
        Ok(Field::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Field, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }
}

/// The secret in an answer.
pub(super) fn read(status: u16, body: &Zeroizing<Vec<u8>>) -> Result<KvSecret, KvWhy> {
    match status {
        200 => {
            let Versioned { data, metadata: Metadata { version } } = versioned(body)?;
            data.map(|fields| KvSecret { fields, version }).ok_or(KvWhy::Deleted { version })
        }
        // A deleted version has the form of one that is there, without its data.
        404 => Err(match versioned(body) {
            Ok(deleted) => KvWhy::Deleted { version: deleted.metadata.version },
            Err(_) => KvWhy::Missing,
        }),
        403 => Err(KvWhy::Refused),
        503 => Err(KvWhy::Sealed),
        300..=399 => Err(KvWhy::Redirected),
        status => Err(KvWhy::Status(status)),
    }
}

fn versioned(body: &[u8]) -> Result<Versioned, KvWhy> {
    let answer: Result<Answer, _> = serde_json::from_slice(body);
    answer.map(|answer| answer.data).map_err(|_| match serde_json::from_slice::<IgnoredAny>(body) {
        Ok(_) => KvWhy::NotVersioned,
        Err(_) => KvWhy::NotJson,
    })
}

impl KvSecret {
    /// The field's value, which must be text.
    ///
    /// # Errors
    /// [`KvWhy::FieldMissing`], [`KvWhy::FieldForm`].
    pub fn field(&self, name: &str) -> Result<SecretValue, KvWhy> {
        match self.fields.get(name) {
            Some(Field::Text(text)) => Ok(SecretValue::new(text.as_bytes().to_vec())),
            Some(Field::Other) => Err(KvWhy::FieldForm),
            None => Err(KvWhy::FieldMissing { version: self.version }),
        }
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
        read(status, &Zeroizing::new(body.as_bytes().to_vec())).map(|secret| secret.version)
    }

    #[test]
    fn a_version_and_its_fields_are_read() {
        let secret = read(200, &Zeroizing::new(GOOD.as_bytes().to_vec())).unwrap();
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
        let odd = GOOD.replace(r#""n":5"#, "5");
        assert_eq!(reads(200, &odd), Err(KvWhy::NotJson));
        let list = r#"{"data":{"data":["password"],"metadata":{"version":1}}}"#;
        assert_eq!(reads(200, list), Err(KvWhy::NotVersioned));
        // No key is magic.
        let magic = r#"{"data":{"data":{"password":{"$serde_json::private::RawValue":"x"}},
            "metadata":{"version":1}}}"#;
        let magic = read(200, &Zeroizing::new(magic.as_bytes().to_vec())).unwrap();
        assert_eq!(magic.field("password").unwrap_err(), KvWhy::FieldForm);
    }
}
