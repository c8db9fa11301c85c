//! `commands.idx`: what is needed to parse a line, print help and complete, without opening 150
//! manifests. A hint only: whatever runs is verified again, from the signed files.
//!
//! The first line is a JSON list of the installed words with the place of their part; behind it
//! stand the parts, one JSON value each. Opening reads the first line; a provider's part is read
//! when its word is typed. Made anew as a whole whenever something is installed or allowed.

use crate::load::list;
use crate::{Layout, RegistryError};
use fs_err::File;
use if_core::Word;
use if_disk::write_atomic;
use if_manifest::model::{Command, Parameter, PluginKind, Predicate, Secret};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Longest first line: 2,000 plugins with summaries of 240 characters.
const HEADER_BYTES_MAX: u64 = 2 << 20;

/// Largest part of one provider: no larger than the manifest it is made from.
const PART_BYTES_MAX: u64 = if_manifest::MANIFEST_BYTES_MAX as u64;

/// One installed provider, as the first line knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexEntry {
    pub word: Word,
    pub summary: String,
    /// Of its part, counted from behind the first line.
    offset: u64,
    length: u64,
    pub release: u64,
}

/// What parsing and help need of a provider. Tables of effects are not here: the dispatcher takes
/// them from the verified manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderEntry {
    pub summary: String,
    pub settings: Vec<Parameter>,
    pub commands: Vec<Command>,
    pub secrets: Vec<SecretEntry>,
}

/// A secret's name for help and completion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretEntry {
    pub name: Word,
    pub summary: String,
    pub optional: bool,
}

/// The opened index.
#[derive(Debug)]
pub struct Index {
    words: Vec<IndexEntry>,
    file: File,
    parts_at: u64,
}

impl Index {
    /// Reads the first line.
    pub fn open(path: &Path) -> Result<Index, RegistryError> {
        let file = File::open(path)?;
        let mut header = Vec::new();
        BufReader::new(&file).take(HEADER_BYTES_MAX).read_until(b'\n', &mut header)?;
        if header.last() != Some(&b'\n') {
            return Err(RegistryError::Index("its first line has no end".into()));
        }
        let words = serde_json::from_slice(&header).map_err(broken)?;
        Ok(Index { words, file, parts_at: header.len() as u64 })
    }

    /// The index of a home, made anew if it is missing or broken; `None` where nothing was ever
    /// installed.
    pub fn of(layout: &Layout) -> Result<Option<Index>, RegistryError> {
        match Index::open(&layout.index_path()) {
            Ok(index) => return Ok(Some(index)),
            Err(RegistryError::Io(error)) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error.into());
            }
            Err(_) if !layout.plugins_dir().is_dir() => return Ok(None),
            Err(_) => rebuild_index(layout)?,
        }
        Index::open(&layout.index_path()).map(Some)
    }

    /// Every installed provider, by word.
    pub fn words(&self) -> &[IndexEntry] {
        &self.words
    }

    /// What is known of one provider; reads and parses its part only.
    pub fn provider(&self, word: &str) -> Result<Option<ProviderEntry>, RegistryError> {
        let Some(entry) = self.words.iter().find(|entry| entry.word.as_str() == word) else {
            return Ok(None);
        };
        if entry.length > PART_BYTES_MAX {
            return Err(RegistryError::Index(format!("the part of `{word}` is too large")));
        }
        let mut bytes = vec![0; usize::try_from(entry.length).unwrap_or_default()];
        let at = self.parts_at.saturating_add(entry.offset);
        self.file.file().read_exact_at(&mut bytes, at).map_err(broken)?;
        serde_json::from_slice(&bytes).map(Some).map_err(broken)
    }
}

fn broken(error: impl std::fmt::Display) -> RegistryError {
    RegistryError::Index(error.to_string())
}

/// Writes the index of what is installed. A manifest that does not parse is left out: typing its
/// word says so, because the loader is asked.
pub fn rebuild_index(layout: &Layout) -> Result<(), RegistryError> {
    let mut header: Vec<IndexEntry> = Vec::new();
    let mut parts: Vec<u8> = Vec::new();
    for listed in list(layout)? {
        let Some(manifest) = listed.manifest else { continue };
        // A policy is no word to type: the governor asks it.
        if manifest.kind == PluginKind::Policy {
            continue;
        }
        let part = serde_json::to_vec(&part(&manifest)).map_err(broken)?;
        header.push(IndexEntry {
            word: listed.provider,
            summary: manifest.summary,
            offset: parts.len() as u64,
            length: part.len() as u64,
            release: manifest.release,
        });
        parts.extend(part);
    }
    let mut bytes = serde_json::to_vec(&header).map_err(broken)?;
    bytes.push(b'\n');
    bytes.extend(parts);
    Ok(write_atomic(&layout.index_path(), &bytes, 0o600)?)
}

fn part(manifest: &Predicate) -> ProviderEntry {
    let secret = |secret: &Secret| SecretEntry {
        name: secret.name.clone(),
        summary: secret.summary.clone(),
        optional: secret.optional,
    };
    ProviderEntry {
        summary: manifest.summary.clone(),
        settings: manifest.settings.clone(),
        commands: manifest.commands.clone(),
        secrets: manifest.secrets.iter().map(secret).collect(),
    }
}
