//! The two logs: a tree of three leaves in which the entry is the second, its signed checkpoint and
//! promise (RFC 6962, C2SP signed-note), and a certificate log's timestamp.

use super::{Key, TestAuthority, spki};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::Signer as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The log's name in signature lines.
pub const LOG_NAME: &str = "log.test";
/// Its checkpoints' first line.
pub const CHECKPOINT_ORIGIN: &str = "log.test - 42";

/// Number of the entry in the whole log, of which the tree is a part.
const LOG_INDEX: u64 = 1_000_001;

fn sign(key: &Key, message: &[u8]) -> Vec<u8> {
    let signature: p256::ecdsa::DerSignature = key.sign(message);
    signature.as_bytes().to_vec()
}

fn leaf(body: &[u8]) -> Vec<u8> {
    Sha256::digest([&[0], body].concat()).to_vec()
}

fn node(left: &[u8], right: &[u8]) -> Vec<u8> {
    Sha256::digest([&[1], left, right].concat()).to_vec()
}

impl TestAuthority {
    /// The log's entry about `body`, promised for `time`.
    pub fn entry(&self, body: &Value, time: u64) -> Value {
        let body = body.to_string();
        let (left, right) = (leaf(b"an older entry"), leaf(b"a newer entry"));
        let root = node(&node(&left, &leaf(body.as_bytes())), &right);
        json!({
            "logIndex": LOG_INDEX.to_string(),
            "logId": {"keyId": STANDARD.encode(self.log_id())},
            "kindVersion": {"kind": kind(&body), "version": "0.0.1"},
            "integratedTime": time.to_string(),
            "inclusionPromise": {
                "signedEntryTimestamp": STANDARD.encode(self.promise(body.as_bytes(), time)),
            },
            "inclusionProof": {
                "logIndex": "1",
                "rootHash": STANDARD.encode(&root),
                "treeSize": "3",
                "hashes": [STANDARD.encode(left), STANDARD.encode(right)],
                "checkpoint": {"envelope": self.checkpoint(&self.log, LOG_NAME, 3, &root)},
            },
            "canonicalizedBody": STANDARD.encode(body),
        })
    }

    /// The log's promise that it took `body` in at `time` (Rekor's signed entry timestamp).
    pub fn promise(&self, body: &[u8], time: u64) -> Vec<u8> {
        let id: String = self.log_id().iter().map(|byte| format!("{byte:02x}")).collect();
        let body = STANDARD.encode(body);
        // Canonical JSON (RFC 8785): members in the order of their names.
        let text = format!(
            r#"{{"body":"{body}","integratedTime":{time},"logID":"{id}","logIndex":{LOG_INDEX}}}"#
        );
        sign(&self.log, text.as_bytes())
    }

    /// A signed note about a tree, by `key` under `name`; the key's hint is always this log's.
    pub fn checkpoint(&self, key: &Key, name: &str, size: u64, root: &[u8]) -> String {
        let body = format!("{CHECKPOINT_ORIGIN}\n{size}\n{}\n", STANDARD.encode(root));
        let hint: Vec<u8> = self.log_id().into_iter().take(4).collect();
        let signature = [hint, sign(key, body.as_bytes())].concat();
        format!("{body}\n\u{2014} {name} {}\n", STANDARD.encode(signature))
    }

    fn log_id(&self) -> Vec<u8> {
        Sha256::digest(spki(&self.log)).to_vec()
    }
}

fn kind(body: &str) -> &'static str {
    if body.contains("\"kind\":\"dsse\"") { "dsse" } else { "hashedrekord" }
}

/// A certificate log's list of one signed timestamp, as it stands in a certificate (RFC 6962 §3.3).
pub(super) fn certificate_timestamp(
    key: &Key,
    id: &[u8],
    issuer: &[u8],
    precertificate: &[u8],
    time_ms: u64,
) -> Vec<u8> {
    let time = time_ms.to_be_bytes();
    let length = (precertificate.len() as u32).to_be_bytes();
    let signed =
        [&[0, 0][..], &time, &[0, 1], issuer, &length[1..], precertificate, &[0, 0]].concat();
    let signature = sign(key, &signed);
    let of = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat();
    let sct = [&[0][..], id, &time, &[0, 0], &[4, 3], &of(&signature)].concat();
    of(&of(&sct))
}
