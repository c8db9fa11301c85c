//! Whom we believe, and what follows: the documents of trust and one pure evaluation over them.
//!
//! Shaped after TUF (theupdateframework.github.io/specification, 1.0): a versioned root names keys
//! per role; an expiring allow-list and a deny-list are signed by a role of it; approvals are by
//! principals over one manifest digest. Absent means denied. Nothing here reads a file or a clock,
//! so every attack on it is a row in a table of tests.

mod approval;
mod evaluate;
mod held;
mod lists;
mod lock_file;
mod memory;
mod policy_set;
mod root;
pub mod sigstore;
#[cfg(test)]
mod tests;

pub use approval::{APPROVAL_BYTES_MAX, Approval, Decision, verify_approval};
pub use evaluate::{Seen, TrustInput, Trusted, VERSION_STEP_MAX, Warning, evaluate, expiring};
pub use held::{HeldVoice, sign_held, verify_held};
pub use lists::{
    ALLOW_VALIDITY_MS, AllowEntry, AllowList, DenyEntry, DenyList, DenyTarget, EXPIRED_GRACE_MS,
    EXPIRY_WARNING_MS, verify_allow, verify_deny,
};
pub use lock_file::{LockFile, LockedPlugin, verify_lock};
pub use memory::Remembered;
pub use policy_set::{PolicySet, verify_policy_set};
pub use root::{
    PublisherScope, ROOT_VALIDITY_MS, Revocations, RoleKeys, Roles, TrustRoot, verify_root,
};

use crate::dsse::{self, DsseError, Envelope};
use crate::keys::{KeyId, SigningKey};
use crate::{TrustError, parse_strict};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;

/// Largest root, allow-list or deny-list: a thousand entries with their signatures.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 20;

/// Names of the documents in sentences.
pub const TRUST_ROOT: &str = "trust root";
pub const ALLOW_LIST: &str = "allow-list";
pub const DENY_LIST: &str = "deny-list";
pub const APPROVAL: &str = "approval";
pub const LOCK_FILE: &str = "lock file";
pub const POLICY_SET: &str = "set of policies";
pub const HELD: &str = "word on a held command";

/// What a key may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Says which keys have which role.
    Root,
    /// Made the plugin.
    Publisher,
    /// Read it.
    Reviewer,
    /// Decides what may run here.
    Allowlist,
    /// Decides by which policies. Where nobody has it, the set of policies needs no signature.
    Policy,
    /// Says yes or no to what waits. Where nobody has it, those of the root do.
    Approver,
}

impl Role {
    /// All of them, in the order of a table.
    pub const ALL: [Role; 6] = [
        Role::Root,
        Role::Publisher,
        Role::Reviewer,
        Role::Allowlist,
        Role::Policy,
        Role::Approver,
    ];
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Root => "root",
            Role::Publisher => "publisher",
            Role::Reviewer => "reviewer",
            Role::Allowlist => "allowlist",
            Role::Policy => "policy",
            Role::Approver => "approver",
        })
    }
}

/// A document whose signatures and contents were checked. Only this module makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified<T>(T);

impl<T> Deref for Verified<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// A kind of signed document: its payload type, and its name in sentences.
pub trait Document: Serialize + DeserializeOwned {
    const TYPE: &'static str;
    const NAME: &'static str;
}

impl Document for TrustRoot {
    const TYPE: &'static str = dsse::TRUST_ROOT_TYPE;
    const NAME: &'static str = TRUST_ROOT;
}
impl Document for AllowList {
    const TYPE: &'static str = dsse::ALLOW_LIST_TYPE;
    const NAME: &'static str = ALLOW_LIST;
}
impl Document for DenyList {
    const TYPE: &'static str = dsse::DENY_LIST_TYPE;
    const NAME: &'static str = DENY_LIST;
}
impl Document for Approval {
    const TYPE: &'static str = dsse::APPROVAL_TYPE;
    const NAME: &'static str = APPROVAL;
}

impl Document for LockFile {
    const TYPE: &'static str = dsse::LOCK_FILE_TYPE;
    const NAME: &'static str = LOCK_FILE;
}

impl Document for PolicySet {
    const TYPE: &'static str = dsse::POLICY_SET_TYPE;
    const NAME: &'static str = POLICY_SET;
}

impl Document for HeldVoice {
    const TYPE: &'static str = dsse::HELD_TYPE;
    const NAME: &'static str = HELD;
}

/// The bytes of a file: `document`, signed by each of `keys`.
pub fn seal<T: Document>(document: &T, keys: &[&SigningKey]) -> Result<Vec<u8>, TrustError> {
    let payload = serde_json::to_vec(document)
        .map_err(|error| malformed::<T>(format!("it cannot be written: {error}")))?;
    Ok(Envelope::seal(T::TYPE, payload, keys).to_bytes())
}

fn malformed<T: Document>(what: impl fmt::Display) -> TrustError {
    TrustError::Malformed { document: T::NAME, what: what.to_string() }
}

fn open<T: Document>(bytes: &[u8], bytes_max: usize) -> Result<Envelope, TrustError> {
    Envelope::parse(bytes, bytes_max).map_err(malformed::<T>)
}

fn unsigned<T: Document>(error: DsseError) -> TrustError {
    TrustError::SignatureInvalid { document: T::NAME, what: error.to_string() }
}

/// The payload of an envelope in which `role` of `root` reaches its threshold.
fn payload_of<T: Document>(
    envelope: &Envelope,
    root: &TrustRoot,
    role: Role,
) -> Result<T, TrustError> {
    let (signers, payload) = envelope.verify(T::TYPE, |id| root.key(id)).map_err(unsigned::<T>)?;
    reaches::<T>(&signers, root, role)?;
    parse_strict(payload, DOCUMENT_BYTES_MAX).map_err(malformed::<T>)
}

/// Whether enough distinct keys of `role` are among `signers`.
fn reaches<T: Document>(
    signers: &BTreeSet<KeyId>,
    root: &TrustRoot,
    role: Role,
) -> Result<(), TrustError> {
    let have = signers.iter().filter(|id| root.holds(id, role)).count();
    let need = root.role(role).threshold as usize;
    if have >= need {
        return Ok(());
    }
    Err(TrustError::Threshold { document: T::NAME, role, have, need })
}
