//! Steps that sign: RS256, ES256, EdDSA, JSON Web Tokens and one-time passwords.
//!
//! Keys are PKCS#8, PEM or DER, and stay in this function's stack frame. ES256 gives the fixed
//! `r || s` form that JOSE wants (RFC 7518 §3.4), not ASN.1.

use super::recipes::{RecipeError, Value, mac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use if_core::UnixMillis;
use if_manifest::model::{Totp, TotpHash};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::Map;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

/// RSASSA-PKCS1-v1_5 with SHA-256 over (key, message).
pub fn rs256((key, message): &(Value, Value)) -> Result<Value, RecipeError> {
    let wrong = || RecipeError::Key("RSA");
    let pair = RsaKeyPair::from_pkcs8(&der(key)).map_err(|_| wrong())?;
    let mut signature = Value::new(vec![0; pair.public().modulus_len()]);
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
        .map_err(|_| wrong())?;
    Ok(signature)
}

/// ECDSA on P-256 with SHA-256 over (key, message).
pub fn es256((key, message): &(Value, Value)) -> Result<Value, RecipeError> {
    let wrong = |_| RecipeError::Key("P-256");
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der(key), &random)
        .map_err(|_| RecipeError::Key("P-256"))?;
    Ok(Value::new(pair.sign(&random, message).map_err(wrong)?.as_ref().to_vec()))
}

/// Ed25519 over (key, message), RFC 8032.
pub fn eddsa((key, message): &(Value, Value)) -> Result<Value, RecipeError> {
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der(key))
        .map_err(|_| RecipeError::Key("Ed25519"))?;
    Ok(Value::new(pair.sign(message).as_ref().to_vec()))
}

fn der(key: &[u8]) -> Value {
    match PrivatePkcs8KeyDer::from_pem_slice(key) {
        Ok(der) => Value::new(der.secret_pkcs8_der().to_vec()),
        Err(_) => Value::new(key.to_vec()),
    }
}

/// A compact JWS (RFC 7515) whose header begins with `alg` and `typ`.
pub fn jwt(
    algorithm: &str,
    key: &Value,
    header: &[u8],
    claims: &[u8],
) -> Result<Value, RecipeError> {
    let object = |bytes: &[u8]| match crate::traffic::json::parse(bytes) {
        Some(serde_json::Value::Object(members)) => Ok(members),
        _ => Err(RecipeError::Jwt("header and claims must be JSON objects")),
    };
    let extra = object(header)?;
    object(claims)?;
    if extra.contains_key("alg") || extra.contains_key("typ") {
        return Err(RecipeError::Jwt("the header may not set `alg` or `typ`"));
    }
    let mut members = Map::new();
    members.insert("alg".into(), algorithm.into());
    members.insert("typ".into(), "JWT".into());
    members.extend(extra);
    let header = serde_json::Value::Object(members).to_string();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let pair = (key.clone(), Value::new(signed.clone().into_bytes()));
    let signature = match algorithm {
        "HS256" => mac(ring::hmac::HMAC_SHA256, &pair),
        "RS256" => rs256(&pair)?,
        "ES256" => es256(&pair)?,
        "EdDSA" => eddsa(&pair)?,
        _ => return Err(RecipeError::Jwt("the algorithm must be HS256, RS256, ES256 or EdDSA")),
    };
    Ok(Value::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&*signature)).into_bytes()))
}

/// A time-based one-time password (RFC 6238, RFC 4226 §5.3).
pub fn totp(step: &Totp, key: &Value, now: UnixMillis) -> Result<Value, RecipeError> {
    if !(6..=8).contains(&step.digits) || step.period_seconds == 0 {
        return Err(RecipeError::Totp);
    }
    let counter = now.0 / 1000 / u64::from(step.period_seconds);
    let message = Value::new(counter.to_be_bytes().to_vec());
    let hash = match step.algorithm.unwrap_or(TotpHash::Sha1) {
        TotpHash::Sha1 => ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        TotpHash::Sha256 => ring::hmac::HMAC_SHA256,
        TotpHash::Sha512 => ring::hmac::HMAC_SHA512,
    };
    let tag = mac(hash, &(key.clone(), message));
    let offset = tag.last().map_or(0, |byte| usize::from(byte & 0x0f));
    let word = tag.get(offset..offset + 4).and_then(|four| <[u8; 4]>::try_from(four).ok());
    let code = u32::from_be_bytes(word.ok_or(RecipeError::Totp)?) & 0x7fff_ffff;
    let width = usize::from(step.digits);
    let digits = code % 10u32.pow(u32::from(step.digits));
    Ok(Value::new(format!("{digits:0width$}").into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{self, KeyPair, UnparsedPublicKey};

    fn value(bytes: &[u8]) -> Value {
        Value::new(bytes.to_vec())
    }

    #[test]
    fn a_key_may_be_pem_or_der() {
        let mut pkcs8 = hex::decode("302e020100300506032b657004220420").unwrap();
        pkcs8.extend([7; 32]);
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            base64::engine::general_purpose::STANDARD.encode(&pkcs8)
        );
        let sign = |key: &[u8]| eddsa(&(value(key), value(b"m"))).unwrap();
        assert_eq!(sign(pem.as_bytes()), sign(&pkcs8));
    }

    #[test]
    fn es256_tokens_verify_in_the_form_of_jose() {
        let random = SystemRandom::new();
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random)
                .unwrap();
        let token = jwt("ES256", &value(pkcs8.as_ref()), br#"{"kid":"k1"}"#, b"{}").unwrap();
        let token = std::str::from_utf8(&token).unwrap();
        let (signed, tag) = token.rsplit_once('.').unwrap();
        let header = URL_SAFE_NO_PAD.decode(signed.split('.').next().unwrap()).unwrap();
        assert_eq!(header, br#"{"alg":"ES256","typ":"JWT","kid":"k1"}"#);
        UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref())
            .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(tag).unwrap())
            .unwrap();
    }

    #[test]
    fn what_is_no_key_or_no_object_is_refused() {
        for sign in [rs256, es256, eddsa] {
            let wrong = sign(&(value(b"no key"), value(b"m"))).unwrap_err();
            assert!(matches!(wrong, RecipeError::Key(_)));
        }
        let key = value(b"k");
        for (algorithm, header, claims) in [
            ("none", "{}", "{}"),
            ("HS256", r#"{"alg":"none"}"#, "{}"),
            ("HS256", "[]", "{}"),
            ("HS256", "{}", "1"),
            ("HS256", "{}", r#"{"sub":"a","sub":"b"}"#),
        ] {
            assert!(
                jwt(algorithm, &key, header.as_bytes(), claims.as_bytes()).is_err(),
                "{claims}"
            );
        }
    }

    #[test]
    fn one_time_passwords_have_six_to_eight_digits_and_a_period() {
        let code = |digits, period_seconds| {
            let key = Box::new(if_manifest::model::Step::Text(String::new()));
            let step = Totp { key, digits, period_seconds, algorithm: None };
            totp(&step, &value(b"12345678901234567890"), UnixMillis(0))
        };
        assert_eq!(code(6, 30).unwrap().len(), 6);
        assert!(code(5, 30).is_err() && code(9, 30).is_err() && code(6, 0).is_err());
    }
}
