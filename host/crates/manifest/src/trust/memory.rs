//! What is remembered of a long allow-list that was verified, so that the next command need not
//! read a thousand entries to find one.
//!
//! A memory holds the entries that speak of one provider's word. Its MAC binds it to the exact
//! bytes of the list and of the root under which that was verified: a byte changes in either, and
//! nothing is remembered. It can only say yes sooner. Where the entries it holds lead to a refusal,
//! the whole list is asked, and gives the reason.

use super::{AllowEntry, AllowList, Verified};
use crate::sha256;
use hmac::{Hmac, KeyInit, Mac};
use if_core::{Digest, Word};
use sha2::Sha256;
use std::collections::BTreeSet;

/// What the key says here and nowhere else. The version is of the rules that verified the list: a
/// program with other rules verifies it itself.
const TAG: &[u8] = concat!("infrafabric allow-list memory ", env!("CARGO_PKG_VERSION")).as_bytes();

const MAC_BYTES: usize = 32;

/// What a memory holds true of: the word of a provider, and the files as they are signed.
#[derive(Clone, Copy)]
pub struct Remembered<'a> {
    pub provider: &'a Word,
    pub root: &'a [u8],
    pub allow: &'a [u8],
    /// Of the MAC; never leaves this machine.
    pub key: &'a [u8; 32],
}

impl Remembered<'_> {
    /// The memory of `list`, which is what `allow` says under `root`.
    pub fn write(&self, list: &Verified<AllowList>) -> Option<Vec<u8>> {
        let AllowList { version, issued, expires, .. } = **list;
        let kept = AllowList { version, issued, expires, entries: self.entries(list) };
        let text = serde_json::to_vec(&kept).ok()?;
        let mac = self.mac(&text)?.finalize().into_bytes();
        Some([mac.as_slice(), &text].concat())
    }

    /// The list as far as it was remembered; `None` at any doubt.
    pub fn read(&self, memory: &[u8]) -> Option<Verified<AllowList>> {
        let (mac, text) = memory.split_at_checked(MAC_BYTES)?;
        self.mac(text)?.verify_slice(mac).ok()?;
        serde_json::from_slice(text).ok().map(Verified)
    }

    /// Those of this word, and whichever name the same manifests: for those bytes, the first entry
    /// here is the first entry there.
    fn entries(&self, list: &AllowList) -> Vec<AllowEntry> {
        let mine = list.entries.iter().filter(|entry| entry.provider == *self.provider);
        let manifests: BTreeSet<Digest> = mine.map(|entry| entry.manifest_sha256).collect();
        let kept = |entry: &&AllowEntry| {
            entry.provider == *self.provider || manifests.contains(&entry.manifest_sha256)
        };
        list.entries.iter().filter(kept).cloned().collect()
    }

    /// Fixed lengths first, so that no two memories say the same.
    fn mac(&self, text: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key).ok()?;
        mac.update(TAG);
        mac.update(sha256(self.root).as_bytes());
        mac.update(sha256(self.allow).as_bytes());
        mac.update(sha256(self.provider.as_str().as_bytes()).as_bytes());
        mac.update(text);
        Some(mac)
    }
}
