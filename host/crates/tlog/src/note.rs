//! Signed text: C2SP signed-note. A note's text counts only once a key that is trusted has been
//! found to have signed it.

use crate::cosignature;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// Longest note that is read. A checkpoint with a hundred cosignatures has 20 KiB.
const NOTE_BYTES_MAX: usize = 64 << 10;

/// Most signatures that are read; 16 must be.
const SIGNATURES_MAX: usize = 128;

/// In front of a signature.
const MARK: &str = "\u{2014} ";

/// Why text is no note, or not one that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("a note is longer than {NOTE_BYTES_MAX} bytes")]
    TooLong,
    #[error("a note holds a control character")]
    Control,
    #[error("a note has no empty line between its text and its signatures")]
    NoSignatures,
    #[error("a note has over {SIGNATURES_MAX} signatures")]
    TooManySignatures,
    #[error("line {0} of a note's signatures is none")]
    Line(usize),
    #[error("the name of a key is empty, or holds a space or a plus sign")]
    Name,
    #[error("a verifier key is not `name+hash+base64` of an Ed25519 key")]
    Key,
    #[error("the key did not sign the note")]
    Unsigned,
    #[error("the key's signature does not fit the note")]
    Forged,
}

/// The name of a key: a URL without its scheme, by custom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Refuses what is empty and what holds white space or a plus sign.
    pub fn new(name: impl Into<String>) -> Result<Self, NoteError> {
        let name = name.into();
        let illegal = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if name.is_empty() || name.contains(illegal) {
            Err(NoteError::Name)
        } else {
            Ok(Self(name))
        }
    }

    /// The name as it stands in a note.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a key signs, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// The text.
    Ed25519,
    /// The text under a time, by a witness.
    Cosignature,
}

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Algorithm::Ed25519 => 1,
            Algorithm::Cosignature => 4,
        }
    }
}

/// A public key with the name it signs under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: Name,
    algorithm: Algorithm,
    key: VerifyingKey,
}

impl Verifier {
    /// A key that signs notes.
    pub fn new(name: Name, algorithm: Algorithm, key: VerifyingKey) -> Self {
        Self { name, algorithm, key }
    }

    /// The name it signs under.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// What it signs, and how.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Tells keys of one name apart. Not a strong hash: only a signature tells who signed.
    fn id(&self) -> [u8; 4] {
        let mut hasher = Sha256::new();
        hasher.update(self.name.as_str());
        hasher.update([b'\n', self.algorithm.byte()]);
        hasher.update(self.key.as_bytes());
        let [a, b, c, d, ..] = <[u8; 32]>::from(hasher.finalize());
        [a, b, c, d]
    }

    /// When the text was signed, for a cosignature; refuses what this key has not signed.
    fn verify(&self, text: &str, signature: &[u8]) -> Option<Option<u64>> {
        let (at, message, signature) = match self.algorithm {
            Algorithm::Ed25519 => (None, text.to_owned(), signature),
            Algorithm::Cosignature => {
                let (at, signature) = cosignature::split(signature)?;
                (Some(at), cosignature::message(at, text), signature)
            }
        };
        let signature = Signature::from_slice(signature).ok()?;
        self.key.verify_strict(message.as_bytes(), &signature).ok().map(|()| at)
    }
}

/// As others are told it: `name+hash+base64`.
impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![self.algorithm.byte()];
        key.extend(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id()), STANDARD.encode(key))
    }
}

impl FromStr for Verifier {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let key = STANDARD.decode(key).map_err(|_| NoteError::Key)?;
        let algorithm = match key.first() {
            Some(1) => Algorithm::Ed25519,
            Some(4) => Algorithm::Cosignature,
            _ => return Err(NoteError::Key),
        };
        let bytes = key.get(1..).and_then(|key| key.try_into().ok()).ok_or(NoteError::Key)?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| NoteError::Key)?;
        let verifier = Self { name: Name::new(name)?, algorithm, key };
        if hex::encode(verifier.id()) == id { Ok(verifier) } else { Err(NoteError::Key) }
    }
}

/// One signature under a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    name: Name,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl SignatureLine {
    pub(crate) fn new(verifier: &Verifier, signature: Vec<u8>) -> Self {
        Self { name: verifier.name.clone(), id: verifier.id(), signature }
    }

    /// Who signed, as the line says.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Reads a line without its end.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, signature) = line.strip_prefix(MARK)?.split_once(' ')?;
        let bytes = STANDARD.decode(signature).ok()?;
        let (id, signature) = bytes.split_first_chunk()?;
        let name = Name::new(name).ok()?;
        (!signature.is_empty()).then(|| Self { name, id: *id, signature: signature.to_vec() })
    }

    fn is_of(&self, verifier: &Verifier) -> bool {
        self.name == verifier.name && self.id == verifier.id()
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id[..], &self.signature].concat();
        writeln!(f, "{MARK}{} {}", self.name, STANDARD.encode(bytes))
    }
}

/// Signs text, which ends in a line end.
pub fn sign(text: &str, name: Name, key: &SigningKey) -> SignatureLine {
    let verifier = Verifier::new(name, Algorithm::Ed25519, key.verifying_key());
    SignatureLine::new(&verifier, key.sign(text.as_bytes()).to_vec())
}

/// Text and who says to have signed it. Nothing is known of it before
/// [`verified_by`](Note::verified_by).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

impl Note {
    /// Text with one signature.
    pub fn new(text: String, signature: SignatureLine) -> Self {
        Self { text, signatures: vec![signature] }
    }

    /// Reads a note; verifies nothing.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong);
        }
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::Control);
        }
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
        let lines = signatures.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
        let lines: Vec<&str> = lines.split('\n').take(SIGNATURES_MAX + 1).collect();
        if lines.len() > SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        let line = |(at, line)| SignatureLine::parse(line).ok_or(NoteError::Line(at + 1));
        let signatures = lines.into_iter().enumerate().map(line).collect::<Result<_, _>>()?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// What was signed, with its last line end. To be believed after verifying.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Under the text, in their order.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// The text with the signatures that claim to be this key's, and no others.
    #[must_use]
    pub fn signed_by_only(&self, verifier: &Verifier) -> Self {
        let lines = self.signatures.iter().filter(|line| line.is_of(verifier));
        Self { text: self.text.clone(), signatures: lines.cloned().collect() }
    }

    /// Adds a signature, unless the same key's stands there already: then that one is replaced.
    pub fn add(&mut self, line: SignatureLine) {
        self.signatures.retain(|old| (&old.name, old.id) != (&line.name, line.id));
        self.signatures.push(line);
    }

    /// Whether that key has signed the text, and for a cosignature when. Every signature that
    /// claims to be the key's must be.
    pub fn verified_by(&self, verifier: &Verifier) -> Result<Option<u64>, NoteError> {
        let mut signed = Err(NoteError::Unsigned);
        for line in self.signatures.iter().filter(|line| line.is_of(verifier)) {
            signed = Ok(verifier.verify(&self.text, &line.signature).ok_or(NoteError::Forged)?);
        }
        signed
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| line.fmt(f))
    }
}

#[cfg(test)]
mod tests;
