//! Recipes against what others published: `vectors.json`, with its sources.
//!
//! A recipe there is written as a manifest writes it, so the whole tree is what is tested.

use super::recipes::{Ingredients, derive, secrets_of};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use if_core::{SecretValue, UnixMillis, Word};
use if_manifest::model::Step;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    recipes: BTreeMap<String, Step>,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    /// Who published it.
    source: String,
    recipe: String,
    secret: Secret,
    #[serde(default)]
    inputs: BTreeMap<String, String>,
    /// The call's time, since 1970.
    #[serde(default)]
    seconds: u64,
    expect: String,
    /// A P-256 point: the signature is a new one each time and is verified instead of compared.
    verified_with: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Secret {
    Text(String),
    Hex(String),
}

impl Secret {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Hex(digits) => hex::decode(digits).unwrap(),
        }
    }
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn verifies(vector: &Vector, signature: &str) -> bool {
    let point = hex::decode(vector.verified_with.as_ref().unwrap()).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let message = vector.inputs["message"].as_bytes();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, &signature).is_ok()
}

#[test]
fn every_recipe_makes_what_was_published() {
    let Vectors { recipes, vectors } = vectors();
    for vector in &vectors {
        let name = Word::new("s").unwrap();
        let secrets = BTreeMap::from([(name, SecretValue::new(vector.secret.bytes()))]);
        let now = UnixMillis(vector.seconds * 1000);
        let from = Ingredients { secrets: &secrets, inputs: &vector.inputs, now };
        let made = derive(&recipes[&vector.recipe], &from).unwrap();
        let made = std::str::from_utf8(&made).unwrap();
        let what = format!("{}: {} of {:?}", vector.source, vector.recipe, vector.inputs);
        if vector.verified_with.is_some() {
            assert!(verifies(vector, made) && verifies(vector, &vector.expect), "{what}");
        } else {
            assert_eq!(made, vector.expect, "{what}");
        }
    }
}

#[test]
fn every_kind_of_step_has_a_vector() {
    let Vectors { recipes, vectors } = vectors();
    let used: BTreeSet<&String> = vectors.iter().map(|vector| &vector.recipe).collect();
    let mut kinds = BTreeSet::new();
    for (name, step) in &recipes {
        assert!(used.contains(name), "recipe {name} has no vector");
        let mut secrets = Vec::new();
        secrets_of(step, &mut secrets);
        assert_eq!(secrets.len(), 1, "recipe {name} has no secret in it");
        kinds_in(&serde_json::to_value(step).unwrap(), &mut kinds);
    }
    // As the manifest's schema lists them.
    let all = [
        "base64",
        "base64-url",
        "concat",
        "ed-dsa",
        "es256",
        "hex",
        "hmac-sha1",
        "hmac-sha256",
        "hmac-sha384",
        "hmac-sha512",
        "input",
        "jwt",
        "md5",
        "pbkdf2-sha1",
        "pbkdf2-sha256",
        "percent",
        "rs256",
        "secret",
        "sha1",
        "sha256",
        "sha384",
        "sha512",
        "sha512-256",
        "text",
        "totp",
        "un-base64",
        "un-base64-url",
        "un-hex",
    ];
    let missing: Vec<_> = all.iter().filter(|kind| !kinds.contains(**kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn kinds_in(value: &serde_json::Value, kinds: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                kinds.insert(name.clone());
                kinds_in(value, kinds);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| kinds_in(item, kinds)),
        _ => {}
    }
}
