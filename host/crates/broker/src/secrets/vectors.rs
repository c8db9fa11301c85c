//! Recipes against what others published: `vectors.json`, with its sources.
//!
//! A recipe there is written as a manifest writes it, so the whole tree is what is tested. Where a
//! standard has no vector of its own (digests with `auth-int`), the row's source says so.

use super::recipes::{Ingredients, children, derive, secrets_of};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use if_core::{SecretValue, UnixMillis, Word};
use if_manifest::model::{Step, Totp, TotpHash};
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

/// Every kind of step under a name. A kind that does not stand here does not compile; one that
/// stands here and has no vector fails.
macro_rules! kinds {
    ($($kind:pat $(if $of:ident is $word:literal)? => $name:literal,)*) => {
        const KINDS: &[&str] = &[$($name),*];

        fn kind(step: &Step) -> &'static str {
            match step {
                $($kind $(if $of.algorithm == $word)? => $name,)*
                // Words of a manifest, which `validate` compares with the four above.
                Step::Jwt(it) => panic!("no vector is signed by `{}`", it.algorithm),
            }
        }
    };
}

kinds! {
    Step::Secret(_) => "secret",
    Step::Input(_) => "input",
    Step::Text(_) => "text",
    Step::Concat(_) => "concat",
    Step::Md5(_) => "MD5",
    Step::Sha1(_) => "SHA-1",
    Step::Sha256(_) => "SHA-256",
    Step::Sha384(_) => "SHA-384",
    Step::Sha512(_) => "SHA-512",
    Step::Sha512T256(_) => "SHA-512/256",
    Step::HmacSha1(_) => "HMAC-SHA-1",
    Step::HmacSha256(_) => "HMAC-SHA-256",
    Step::HmacSha384(_) => "HMAC-SHA-384",
    Step::HmacSha512(_) => "HMAC-SHA-512",
    Step::Pbkdf2Sha1(_) => "PBKDF2-SHA-1",
    Step::Pbkdf2Sha256(_) => "PBKDF2-SHA-256",
    Step::Base64(_) => "base64",
    Step::Base64Url(_) => "base64url",
    Step::UnBase64(_) => "base64, read",
    Step::UnBase64Url(_) => "base64url, read",
    Step::Hex(_) => "hexadecimal",
    Step::UnHex(_) => "hexadecimal, read",
    Step::Percent(_) => "percent",
    Step::Rs256(_) => "RS256",
    Step::Es256(_) => "ES256",
    Step::EdDsa(_) => "EdDSA",
    Step::Jwt(it) if it is "HS256" => "JWT by HS256",
    Step::Jwt(it) if it is "RS256" => "JWT by RS256",
    Step::Jwt(it) if it is "ES256" => "JWT by ES256",
    Step::Jwt(it) if it is "EdDSA" => "JWT by EdDSA",
    Step::Totp(Totp { algorithm: None | Some(TotpHash::Sha1), .. }) => "TOTP with SHA-1",
    Step::Totp(Totp { algorithm: Some(TotpHash::Sha256), .. }) => "TOTP with SHA-256",
    Step::Totp(Totp { algorithm: Some(TotpHash::Sha512), .. }) => "TOTP with SHA-512",
}

fn kinds_in(step: &Step, kinds: &mut BTreeSet<&'static str>) {
    kinds.insert(kind(step));
    children(step).into_iter().for_each(|child| kinds_in(child, kinds));
}

/// What was signed, and the signature: a token holds both, a signature has its message beside it.
fn parts<'a>(vector: &'a Vector, made: &'a str) -> (&'a str, &'a str) {
    let message = vector.inputs.get("message");
    message.map_or_else(|| made.rsplit_once('.').unwrap(), |message| (message, made))
}

fn verifies(vector: &Vector, made: &str) -> bool {
    let point = hex::decode(vector.verified_with.as_ref().unwrap()).unwrap();
    let (message, signature) = parts(vector, made);
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    message == parts(vector, &vector.expect).0 && key.verify(message.as_bytes(), &signature).is_ok()
}

/// What is wrong with what this vector's recipe makes, if anything.
fn fault(recipes: &BTreeMap<String, Step>, vector: &Vector) -> Option<String> {
    let name = Word::new("s").unwrap();
    let secrets = BTreeMap::from([(name, SecretValue::new(vector.secret.bytes()))]);
    let now = UnixMillis(vector.seconds * 1000);
    let from = Ingredients { secrets: &secrets, inputs: &vector.inputs, now };
    let made = derive(&recipes[&vector.recipe], &from).map_err(|error| error.to_string());
    let made = made.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let right = match &made {
        Ok(made) if vector.verified_with.is_some() => {
            verifies(vector, made) && verifies(vector, &vector.expect)
        }
        Ok(made) => *made == vector.expect,
        Err(_) => false,
    };
    (!right).then(|| format!("{} by {} makes {made:?}", vector.source, vector.recipe))
}

#[test]
fn every_recipe_makes_what_was_published() {
    let Vectors { recipes, vectors } = vectors();
    let wrong: Vec<_> = vectors.iter().filter_map(|vector| fault(&recipes, vector)).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
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
        kinds_in(step, &mut kinds);
    }
    let missing: Vec<_> = KINDS.iter().filter(|kind| !kinds.contains(**kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
