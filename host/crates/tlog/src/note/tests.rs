//! Notes that others have written, and everything that is none.

use super::*;
use crate::cosign;

/// The example of Go's `note` package: its key, its text, its signature.
const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXg\
    KvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn verifier(seed: u8, algorithm: Algorithm) -> Verifier {
    Verifier::new(name("example.com/log"), algorithm, key(seed).verifying_key())
}

/// A note of our own.
fn signed(text: &str) -> Note {
    Note::new(text.to_owned(), sign(text, name("example.com/log"), &key(1)))
}

#[test]
fn a_note_of_gos_reference_is_verified_and_written_back() {
    let verifier: Verifier = KEY.parse().unwrap();
    assert_eq!(verifier.to_string(), KEY);
    let note = Note::parse(NOTE).unwrap();
    assert_eq!(note.verified_by(&verifier), Ok(None));
    assert_eq!(note.to_string(), NOTE);
}

#[test]
fn every_changed_byte_of_a_note_is_refused() {
    let verifier: Verifier = KEY.parse().unwrap();
    for at in 0..NOTE.len() {
        let mut bytes = NOTE.as_bytes().to_vec();
        bytes[at] ^= 1;
        let accepted = std::str::from_utf8(&bytes).is_ok_and(|text| {
            Note::parse(text).is_ok_and(|note| note.verified_by(&verifier).is_ok())
        });
        assert!(!accepted, "byte {at}");
    }
}

#[test]
fn keys_of_another_name_seed_or_kind_did_not_sign() {
    let note = signed("text\n");
    assert_eq!(note.verified_by(&verifier(1, Algorithm::Ed25519)), Ok(None));
    assert_eq!(note.verified_by(&verifier(2, Algorithm::Ed25519)), Err(NoteError::Unsigned));
    assert_eq!(note.verified_by(&verifier(1, Algorithm::Cosignature)), Err(NoteError::Unsigned));
    let other = Verifier::new(name("example.com/b"), Algorithm::Ed25519, key(1).verifying_key());
    assert_eq!(note.verified_by(&other), Err(NoteError::Unsigned));
}

#[test]
fn one_forged_line_of_a_key_spoils_its_true_one() {
    let mut note = signed("text\n");
    note.signatures.push(sign("other\n", name("example.com/log"), &key(1)));
    assert_eq!(note.verified_by(&verifier(1, Algorithm::Ed25519)), Err(NoteError::Forged));
}

#[test]
fn a_cosignature_tells_its_time_and_covers_it() {
    let mut note = signed("text\n");
    let log = name("example.com/log");
    note.add(cosign(note.text(), 1_679_315_147, log, &key(2)));
    let witness = verifier(2, Algorithm::Cosignature);
    assert_eq!(note.verified_by(&witness), Ok(Some(1_679_315_147)));
    let line = note.signatures.last_mut().unwrap();
    line.signature[7] ^= 1;
    assert_eq!(note.verified_by(&witness), Err(NoteError::Forged));
    note.signatures.last_mut().unwrap().signature[0] = 0xff;
    assert_eq!(note.verified_by(&witness), Err(NoteError::Forged));
}

#[test]
fn a_second_signature_of_a_key_replaces_its_first() {
    let mut note = signed("text\n");
    let cosigned = |at| cosign("text\n", at, name("w"), &key(2));
    note.add(cosigned(1));
    note.add(cosigned(2));
    assert_eq!(note.signatures().len(), 2);
    let witness = Verifier::new(name("w"), Algorithm::Cosignature, key(2).verifying_key());
    assert_eq!(note.verified_by(&witness), Ok(Some(2)));
}

#[test]
fn a_text_may_have_empty_lines() {
    let note = signed("one\n\ntwo\n");
    assert_eq!(Note::parse(&note.to_string()).unwrap(), note);
}

#[test]
fn what_is_no_note_is_told_apart() {
    let of = |note: &str| Note::parse(note).unwrap_err();
    assert_eq!(of(""), NoteError::NoSignatures);
    assert_eq!(of("text\n"), NoteError::NoSignatures);
    assert_eq!(of("text\n\n"), NoteError::NoSignatures);
    assert_eq!(of("text\r\n\n"), NoteError::Control);
    assert_eq!(of("text\n\nno signature\n"), NoteError::Line(1));
    assert_eq!(of("text\n\n\u{2014} name AAAA\n"), NoteError::Line(1));
    assert_eq!(of("text\n\n\u{2014} na+me AAAAAAAA\n"), NoteError::Line(1));
    assert_eq!(of(NOTE.trim_end()), NoteError::NoSignatures);
    let line = sign("text\n", name("example.com/log"), &key(1)).to_string();
    assert_eq!(of(&format!("text\n\n{}", line.repeat(129))), NoteError::TooManySignatures);
    assert!(Note::parse(&format!("text\n\n{}", line.repeat(128))).is_ok());
    assert_eq!(of(&"x".repeat(65_537)), NoteError::TooLong);
}

#[test]
fn what_is_no_verifier_key_is_refused() {
    for text in ["", "a", "a+b", "a+c74f20a3+ARpc", &KEY.replace("c74f", "c74e"), &KEY[1..]] {
        assert!(text.parse::<Verifier>().is_err(), "{text}");
    }
    let unknown = KEY.replace("+AR", "+CR");
    assert_eq!(unknown.parse::<Verifier>(), Err(NoteError::Key));
    for bad in ["", "a b", "a+b", "a\u{a0}b", "a\nb"] {
        assert_eq!(Name::new(bad), Err(NoteError::Name), "{bad:?}");
    }
}
