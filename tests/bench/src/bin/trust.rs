//! The trust check of one installed plugin, again and again in one process: read the trust files,
//! the manifest and its approvals, verify every signature, decide.
//!
//! The allow-list of the home is filled up to a thousand entries first. Measured, never shipped.
//!
//! `trust <home> <provider>` prints one JSON object: microseconds, one figure per check, with what
//! is remembered of the list and without.

// A yardstick: it may fail loudly, and it talks to `cargo xtask bench` on stdout.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]
#![allow(clippy::disallowed_methods)]

use anyhow::{Context, Result, ensure};
use if_core::{CapabilityId, UnixMillis, Word};
use if_manifest::trust::{AllowEntry, AllowList, seal};
use if_manifest::{SigningKey, sha256};
use if_registry::{Layout, Memory, TrustFiles};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Entries of the list: a house with every provider there is, in several versions.
const ENTRIES: usize = 1_000;
/// Checks that are counted, after as many that are not.
const CHECKS: usize = 300;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [home, provider] = &words[..] else { anyhow::bail!("usage: trust <home> <provider>") };
    let layout = Layout { home: home.into() };
    fill(&layout)?;
    let provider = Word::new(provider.as_str())?;
    let now = UnixMillis(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis().try_into()?);
    let folder = tempfile::tempdir()?;
    let memory = Memory { folder: folder.path().to_owned(), key: [7; 32] };
    let check = |memory: Option<&Memory>| -> Result<Vec<f64>> {
        let mut micros = Vec::with_capacity(CHECKS);
        for check in 0..2 * CHECKS {
            let begun = Instant::now();
            let loaded = if_registry::load_remembering(&layout, memory, &provider, now, None)?;
            if check >= CHECKS {
                micros.push(begun.elapsed().as_secs_f64() * 1e6);
            }
            ensure!(loaded.trusted.approvers.len() == 3, "{:?}", loaded.trusted.approvers);
        }
        Ok(micros)
    };
    let (micros, whole) = (check(Some(&memory))?, check(None)?);
    println!("{}", serde_json::json!({"micros": micros, "whole": whole}));
    Ok(())
}

/// Adds entries that look like the first one.
fn fill(layout: &Layout) -> Result<()> {
    let files = TrustFiles::read(layout)?;
    let key = SigningKey::from_pem(&fs_err::read_to_string(layout.root_key_file())?)?;
    let mut list = AllowList::clone(&files.allow);
    let pattern = list.entries.first().context("an entry")?.clone();
    for number in list.entries.len()..ENTRIES {
        let name = format!("if://capability/other.p{number:04}");
        list.entries.push(AllowEntry {
            manifest_sha256: sha256(name.as_bytes()),
            id: CapabilityId::new(&name)?,
            provider: Word::new(format!("p{number:04}"))?,
            ..pattern.clone()
        });
    }
    list.version += 1;
    fs_err::write(layout.allow_file(), seal(&list, &[&key])?)?;
    Ok(())
}
