//! Why a manifest or a signed document was refused. Every sentence names the place or the key.

use crate::keys::{KeyError, KeyId};
use crate::strict::StrictError;
use crate::trust::Role;
use if_core::{Code, Digest, Explain};

/// A manifest that does not follow its schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not strict JSON, or not the shape of a manifest.
    #[error("the manifest is not valid: {0}")]
    Strict(#[from] StrictError),
    /// Well formed, and wrong. `at` is the place: `predicate.commands[2].path`.
    #[error("the manifest is not valid at {at}: {what}")]
    Invalid { at: String, what: String },
}

impl Explain for ManifestError {
    fn code(&self) -> Code {
        Code::ManifestMalformed
    }
}

/// A plugin that is not believed, or a trust document that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Not a readable document of this kind.
    #[error("the {document} cannot be read: {what}")]
    Malformed { document: &'static str, what: String },
    /// A signature that does not belong to the bytes, or bytes of another kind.
    #[error("the {document} is not what was signed: {what}")]
    SignatureInvalid { document: &'static str, what: String },
    /// Too few of the keys that the root names for this role.
    #[error("the {document} has {have} of {need} signatures by keys of the role `{role}`")]
    Threshold { document: &'static str, role: Role, have: usize, need: usize },
    /// A trust document after its time.
    #[error("the {document} has expired")]
    Expired { document: &'static str },
    /// An older document or release than one already seen, or a version that skips one.
    #[error("the {document} has version {found}, expected {expected}")]
    RolledBack { document: &'static str, found: u64, expected: String },
    /// So far ahead that whatever follows it honestly would be older.
    #[error("the {document} leaps from version {seen} to {found}")]
    LeapsAhead { document: &'static str, found: u64, seen: u64 },
    /// A key text or PEM that is none.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The manifest itself.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Too few distinct principals said yes.
    #[error("`{plugin}` has {have} of {need} approvals by distinct {role}s{detail}")]
    Unapproved { plugin: String, role: Role, have: usize, need: usize, detail: String },
    /// A Sigstore bundle by somebody whom the root does not name.
    #[error("the bundle counts for nothing here: {why}")]
    SignerUnknown { why: String },
    /// One voice too few, because it was taken back from whoever gave it.
    #[error("key {principal} was revoked: {reason}")]
    VoiceRevoked { role: Role, principal: KeyId, reason: String },
    /// Somebody with a role said no.
    #[error("{role} {principal} rejected this manifest")]
    Rejected { role: Role, principal: KeyId },
    /// One principal in two roles for one manifest.
    #[error("principal {0} approved this manifest in two roles")]
    TwoRoles(KeyId),
    /// Signed, but not listed.
    #[error("`{plugin}` {version} is not on the allow-list{detail}")]
    NotAllowed { plugin: String, version: String, detail: String },
    /// Listed, but as something else.
    #[error("the allow-list's entry for `{plugin}` does not fit its manifest: {what}")]
    EntryMismatch { plugin: String, what: String },
    /// Taken back.
    #[error("{what} was revoked: {reason}")]
    Revoked { what: String, reason: String },
    /// The component's bytes are not those of the manifest.
    #[error("component.wasm has digest {found}, the manifest signs {signed}")]
    Tampered { found: Digest, signed: Digest },
}

impl Explain for TrustError {
    fn code(&self) -> Code {
        match self {
            TrustError::Malformed { .. } | TrustError::LeapsAhead { .. } | TrustError::Key(_) => {
                Code::TrustMalformed
            }
            TrustError::SignatureInvalid { .. } => Code::SignatureInvalid,
            TrustError::Threshold { .. } => Code::TrustMalformed,
            TrustError::Expired { document } if *document == crate::trust::ALLOW_LIST => {
                Code::AllowExpired
            }
            TrustError::Expired { .. } => Code::TrustMalformed,
            TrustError::RolledBack { .. } => Code::RolledBack,
            TrustError::Manifest(error) => error.code(),
            TrustError::Unapproved { .. } | TrustError::SignerUnknown { .. } => {
                Code::SignatureMissing
            }
            TrustError::Rejected { .. }
            | TrustError::Revoked { .. }
            | TrustError::VoiceRevoked { .. } => Code::Revoked,
            TrustError::TwoRoles(_) => Code::SignatureInvalid,
            TrustError::NotAllowed { .. } | TrustError::EntryMismatch { .. } => Code::NotAllowed,
            TrustError::Tampered { .. } => Code::Tampered,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            TrustError::Unapproved { plugin, .. }
            | TrustError::NotAllowed { plugin, .. }
            | TrustError::EntryMismatch { plugin, .. } => self.hints_for(plugin),
            _ => self.hints_for("<provider>"),
        }
    }
}

impl TrustError {
    /// The lines that would mend it; `target` is the word or folder the operator would type.
    pub fn hints_for(&self, target: &str) -> Vec<String> {
        match self {
            TrustError::Unapproved { role, .. } | TrustError::VoiceRevoked { role, .. } => {
                // Whoever has this home's key published it, or will: a reviewer is somebody else.
                let key = if *role == Role::Reviewer { " --key <file>" } else { "" };
                vec![format!("after reading it: ifctl plugin sign {target} --role {role}{key}")]
            }
            TrustError::SignerUnknown { .. } => vec![
                "to name whoever signed it: ifctl trust add-identity reviewer <name> --issuer <url>"
                    .to_owned(),
            ],
            TrustError::NotAllowed { .. } | TrustError::EntryMismatch { .. } => vec![
                format!("to read it: ifctl plugin show {target}"),
                format!("to allow it: ifctl plugin allow {target}"),
            ],
            TrustError::Expired { document } if *document == crate::trust::ALLOW_LIST => {
                vec![format!("to renew it: ifctl plugin allow {target}")]
            }
            _ => Vec::new(),
        }
    }
}
