//! Derivations: a secret and public inputs in, the one value a sink may carry out.
//!
//! Pure and bounded: the secrets were fetched before, the time is an argument, and every result and
//! intermediate is zeroed when dropped. Hashes and signatures are ring's; MD5 stands here only
//! because SIP and HTTP digest (RFC 2617, 8760) still ask for it.

use super::signing;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use if_core::{SecretValue, UnixMillis, Word};
use if_manifest::model::{Keyed, Pbkdf2, Step};
use md5::{Digest as _, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use ring::{digest, hmac, pbkdf2};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use zeroize::Zeroizing;

/// Deepest derivation. Real ones need eight; recursion must not find the host's stack.
const DEPTH_MAX: usize = 32;
/// Largest value at any step: a signed token is some KiB.
const VALUE_BYTES_MAX: usize = 64 << 10;
/// Most PBKDF2 rounds: about half a second of one core, with which a plugin could stall the host.
const PBKDF2_ROUNDS_MAX: u32 = 1_000_000;
/// Longest PBKDF2 output: two SHA-512 blocks.
const PBKDF2_BYTES_MAX: u32 = 128;

/// More stack than the deepest derivation takes: a step has some hundred bytes, a signature some
/// KiB.
const STACK_BYTES: usize = 128 << 10;

/// Everything but the unreserved characters of RFC 3986.
pub const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Bytes that are zeroed when dropped.
pub type Value = Zeroizing<Vec<u8>>;

/// Why a value cannot be made. Says what, never a byte of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    #[error("secret `{0}` is not among those fetched")]
    Secret(Word),
    #[error("input `{0}` is missing")]
    Input(String),
    #[error("it is nested deeper than {DEPTH_MAX} steps")]
    Depth,
    #[error("a value is larger than {VALUE_BYTES_MAX} bytes")]
    Size,
    #[error("PBKDF2 with these rounds and length is not allowed")]
    Pbkdf2,
    #[error("a value is not {0}")]
    Encoding(&'static str),
    #[error("the key is not a usable {0} key")]
    Key(&'static str),
    #[error("{0}")]
    Jwt(&'static str),
    #[error("a one-time password needs 6 to 8 digits and a period")]
    Totp,
}

/// What a derivation may use.
pub struct Ingredients<'a> {
    pub secrets: &'a BTreeMap<Word, SecretValue>,
    pub inputs: &'a BTreeMap<String, String>,
    /// The call's time, for one-time passwords.
    pub now: UnixMillis,
}

/// Evaluates a tree, and leaves nothing of it on the stack.
pub fn derive(step: &Step, from: &Ingredients<'_>) -> Result<Value, RecipeError> {
    let value = evaluate(step, from, DEPTH_MAX);
    wipe_stack();
    value
}

/// Writes over what a derivation that has just returned to the same caller had on the stack: a hash
/// keeps there the last block of what it was given, in copies that no owner zeroes.
#[inline(never)]
fn wipe_stack() {
    drop(Zeroizing::new([0_u8; STACK_BYTES]));
}

/// The secrets that a tree names.
pub fn secrets_of(step: &Step, found: &mut Vec<Word>) {
    if let Step::Secret(name) = step
        && !found.contains(name)
    {
        found.push(name.clone());
    }
    for child in children(step) {
        secrets_of(child, found);
    }
}

pub(super) fn children(step: &Step) -> Vec<&Step> {
    match step {
        Step::Secret(_) | Step::Input(_) | Step::Text(_) => Vec::new(),
        Step::Concat(parts) => parts.iter().collect(),
        Step::Md5(of)
        | Step::Sha1(of)
        | Step::Sha256(of)
        | Step::Sha384(of)
        | Step::Sha512(of)
        | Step::Sha512T256(of)
        | Step::Base64(of)
        | Step::Base64Url(of)
        | Step::UnBase64(of)
        | Step::UnBase64Url(of)
        | Step::Hex(of)
        | Step::UnHex(of)
        | Step::Percent(of) => vec![of],
        Step::HmacSha1(k)
        | Step::HmacSha256(k)
        | Step::HmacSha384(k)
        | Step::HmacSha512(k)
        | Step::Rs256(k)
        | Step::Es256(k)
        | Step::EdDsa(k) => vec![&k.key, &k.message],
        Step::Pbkdf2Sha1(p) | Step::Pbkdf2Sha256(p) => vec![&p.password, &p.salt],
        Step::Jwt(jwt) => vec![&jwt.key, &jwt.header, &jwt.claims],
        Step::Totp(totp) => vec![&totp.key],
    }
}

#[inline(never)] // its frames must lie where `wipe_stack` writes
fn evaluate(step: &Step, from: &Ingredients<'_>, depth: usize) -> Result<Value, RecipeError> {
    let depth = depth.checked_sub(1).ok_or(RecipeError::Depth)?;
    let of = |step: &Step| evaluate(step, from, depth);
    let keyed = |k: &Keyed| Ok::<_, RecipeError>((of(&k.key)?, of(&k.message)?));
    let value = match step {
        Step::Secret(name) => {
            let secret = from.secrets.get(name).ok_or_else(|| RecipeError::Secret(name.clone()))?;
            Value::new(secret.expose().to_vec())
        }
        Step::Input(name) => {
            let input = from.inputs.get(name).ok_or_else(|| RecipeError::Input(name.clone()))?;
            Value::new(input.as_bytes().to_vec())
        }
        Step::Text(text) => Value::new(text.as_bytes().to_vec()),
        Step::Concat(parts) => concat(parts, &of)?,
        Step::Md5(part) => Value::new(Md5::digest(&*of(part)?).to_vec()),
        Step::Sha1(part) => hash(&digest::SHA1_FOR_LEGACY_USE_ONLY, &of(part)?),
        Step::Sha256(part) => hash(&digest::SHA256, &of(part)?),
        Step::Sha384(part) => hash(&digest::SHA384, &of(part)?),
        Step::Sha512(part) => hash(&digest::SHA512, &of(part)?),
        Step::Sha512T256(part) => hash(&digest::SHA512_256, &of(part)?),
        Step::HmacSha1(k) => mac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &keyed(k)?),
        Step::HmacSha256(k) => mac(hmac::HMAC_SHA256, &keyed(k)?),
        Step::HmacSha384(k) => mac(hmac::HMAC_SHA384, &keyed(k)?),
        Step::HmacSha512(k) => mac(hmac::HMAC_SHA512, &keyed(k)?),
        Step::Pbkdf2Sha1(p) => stretch(pbkdf2::PBKDF2_HMAC_SHA1, p, &of)?,
        Step::Pbkdf2Sha256(p) => stretch(pbkdf2::PBKDF2_HMAC_SHA256, p, &of)?,
        Step::Base64(part) => Value::new(STANDARD.encode(&*of(part)?).into_bytes()),
        Step::Base64Url(part) => Value::new(URL_SAFE_NO_PAD.encode(&*of(part)?).into_bytes()),
        Step::UnBase64(part) => Value::new(
            STANDARD.decode(trimmed(&of(part)?)).map_err(|_| RecipeError::Encoding("base64"))?,
        ),
        Step::UnBase64Url(part) => Value::new(
            URL_SAFE_NO_PAD
                .decode(trimmed(&of(part)?))
                .map_err(|_| RecipeError::Encoding("base64 of the URL alphabet"))?,
        ),
        Step::Hex(part) => Value::new(hex::encode(&*of(part)?).into_bytes()),
        Step::UnHex(part) => Value::new(
            hex::decode(trimmed(&of(part)?)).map_err(|_| RecipeError::Encoding("hexadecimal"))?,
        ),
        Step::Percent(part) => percent(&of(part)?),
        Step::Rs256(k) => signing::rs256(&keyed(k)?)?,
        Step::Es256(k) => signing::es256(&keyed(k)?)?,
        Step::EdDsa(k) => signing::eddsa(&keyed(k)?)?,
        Step::Jwt(jwt) => {
            signing::jwt(&jwt.algorithm, &of(&jwt.key)?, &of(&jwt.header)?, &of(&jwt.claims)?)?
        }
        Step::Totp(totp) => signing::totp(totp, &of(&totp.key)?, from.now)?,
    };
    if value.len() > VALUE_BYTES_MAX { Err(RecipeError::Size) } else { Ok(value) }
}

fn concat(
    parts: &[Step],
    of: &dyn Fn(&Step) -> Result<Value, RecipeError>,
) -> Result<Value, RecipeError> {
    let parts = parts.iter().map(of).collect::<Result<Vec<Value>, _>>()?;
    if parts.iter().map(|part| part.len()).sum::<usize>() > VALUE_BYTES_MAX {
        return Err(RecipeError::Size);
    }
    Ok(joined(&parts))
}

/// The parts in one buffer of the right size: a growing one leaves copies behind when it moves.
pub fn joined(parts: &[Value]) -> Value {
    let mut whole = Value::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| whole.extend_from_slice(part));
    whole
}

/// Each byte alone and in a buffer of the right size, so that no copy is left behind.
fn percent(bytes: &[u8]) -> Value {
    let pieces = percent_encode(bytes, UNRESERVED);
    let mut encoded = Value::new(Vec::with_capacity(3 * bytes.len()));
    pieces.for_each(|piece| encoded.extend_from_slice(piece.as_bytes()));
    encoded
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}

fn hash(algorithm: &'static digest::Algorithm, bytes: &[u8]) -> Value {
    Value::new(digest::digest(algorithm, bytes).as_ref().to_vec())
}

/// HMAC of (key, message), RFC 2104.
pub(super) fn mac(algorithm: hmac::Algorithm, (key, message): &(Value, Value)) -> Value {
    let key = hmac::Key::new(algorithm, key);
    Value::new(hmac::sign(&key, message).as_ref().to_vec())
}

fn stretch(
    algorithm: pbkdf2::Algorithm,
    step: &Pbkdf2,
    of: &dyn Fn(&Step) -> Result<Value, RecipeError>,
) -> Result<Value, RecipeError> {
    let rounds = NonZeroU32::new(step.rounds).ok_or(RecipeError::Pbkdf2)?;
    let length_ok = (1..=PBKDF2_BYTES_MAX).contains(&step.length_bytes);
    if step.rounds > PBKDF2_ROUNDS_MAX || !length_ok {
        return Err(RecipeError::Pbkdf2);
    }
    let mut out = Value::new(vec![0; step.length_bytes as usize]);
    pbkdf2::derive(algorithm, rounds, &of(&step.salt)?, &of(&step.password)?, &mut out);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn try_make(step: Json, secret: &[u8], inputs: &[(&str, &str)]) -> Result<Value, RecipeError> {
        let step: Step = serde_json::from_value(step).unwrap();
        let secrets =
            BTreeMap::from([(Word::new("s").unwrap(), SecretValue::new(secret.to_vec()))]);
        let inputs = inputs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        derive(&step, &Ingredients { secrets: &secrets, inputs: &inputs, now: UnixMillis(59_000) })
    }

    fn make(step: Json, secret: &[u8], inputs: &[(&str, &str)]) -> String {
        String::from_utf8(try_make(step, secret, inputs).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn pbkdf2_is_bounded_in_rounds_and_length() {
        for (rounds, length) in [(0, 20), (PBKDF2_ROUNDS_MAX + 1, 20), (1, 0), (1, 129)] {
            let step = json!({"pbkdf2-sha1": {"password": {"secret": "s"}, "salt": {"text": "salt"},
                "rounds": rounds, "length_bytes": length}});
            assert_eq!(try_make(step, b"p", &[]).unwrap_err(), RecipeError::Pbkdf2);
        }
    }

    #[test]
    fn encodings_go_both_ways() {
        let there = json!({"un-base64": {"base64": {"un-hex": {"hex": {"secret": "s"}}}}});
        assert_eq!(make(there, b"any", &[]), "any");
        assert_eq!(make(json!({"base64-url": {"secret": "s"}}), b"\xff\xfe?", &[]), "__4_");
        let percent = json!({"percent": {"secret": "s"}});
        assert_eq!(make(percent, "a-b_.~ ,&=%ä".as_bytes(), &[]), "a-b_.~%20%2C%26%3D%25%C3%A4");
        for name in ["un-base64", "un-base64-url", "un-hex"] {
            let step = json!({name: {"secret": "s"}});
            assert!(matches!(try_make(step, b"?!", &[]), Err(RecipeError::Encoding(_))));
        }
    }

    #[test]
    fn bounds_on_depth_and_size_hold() {
        let mut deep = json!({"secret": "s"});
        for _ in 0..DEPTH_MAX {
            deep = json!({"hex": deep});
        }
        assert_eq!(try_make(deep, b"", &[]).unwrap_err(), RecipeError::Depth);
        let parts = vec![json!({"secret": "s"}); 3];
        let big = try_make(json!({"concat": parts}), &vec![1; VALUE_BYTES_MAX / 2], &[]);
        assert_eq!(big.unwrap_err(), RecipeError::Size);
        let missing = try_make(json!({"input": "x"}), b"", &[]);
        assert_eq!(missing.unwrap_err(), RecipeError::Input("x".into()));
    }

    #[test]
    fn the_secrets_of_a_tree_are_found_wherever_they_stand() {
        let step: Step = serde_json::from_value(json!({"jwt": {"algorithm": "HS256",
            "key": {"secret": "a"}, "header": {"text": "{}"},
            "claims": {"hmac-sha1": {"key": {"secret": "b"}, "message": {"secret": "a"}}}}}))
        .unwrap();
        let mut found = Vec::new();
        secrets_of(&step, &mut found);
        assert_eq!(found.iter().map(Word::as_str).collect::<Vec<_>>(), ["a", "b"]);
    }
}
