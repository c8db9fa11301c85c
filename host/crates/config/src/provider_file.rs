//! `providers/<provider>.yaml`: the instances of one provider, and edits that keep the rest.
//!
//! The file is the operator's: comments, order and layout stay as they are. An edit is made as
//! text,
//! under a lock, on what is on disk at that moment; then the new text is parsed and must mean
//! exactly
//! what was intended, or nothing is written. A layout that cannot be edited so is left alone, with
//! the lines to write by hand.

use crate::edit::{self, Outline};
use crate::instance::{Fault, Instance};
use crate::lock::lock;
use crate::yaml::{self, Pairs};
use crate::{ConfigError, nearest};
use if_core::Word;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_saphyr::{Location, Spanned};
use std::path::{Path, PathBuf};

/// The top of the file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    pub(crate) instances: Option<Pairs<Option<Pairs<Value>>>>,
}

/// A provider's instances, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderFile {
    path: PathBuf,
    provider: Word,
    instances: Vec<Instance>,
}

impl ProviderFile {
    /// Reads the file; one that is missing has no instances.
    ///
    /// # Errors
    /// [`ConfigError::File`] with line and column; [`ConfigError::LiteralSecret`];
    /// [`ConfigError::FileName`] when it is not named after a provider.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let provider = Self::provider_of(path)?;
        let text = yaml::read(path)?.unwrap_or_default();
        let instances = parse(path, &provider, &text)?;
        Ok(Self { path: path.to_owned(), provider, instances })
    }

    /// The provider that a file's name says.
    pub(crate) fn provider_of(path: &Path) -> Result<Word, ConfigError> {
        let word = path.file_stem().and_then(|stem| stem.to_str()).map(Word::new);
        let yaml = path.extension().is_some_and(|extension| extension == "yaml");
        match word.filter(|_| yaml) {
            Some(Ok(provider)) => Ok(provider),
            _ => Err(ConfigError::FileName(path.to_owned())),
        }
    }

    /// The provider's word, from the file's name.
    pub fn provider(&self) -> &Word {
        &self.provider
    }

    /// All instances, in the order of the file.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// Their names.
    pub fn names(&self) -> Vec<Word> {
        self.instances.iter().map(|instance| instance.name.clone()).collect()
    }

    /// The instance of this name.
    ///
    /// # Errors
    /// [`ConfigError::InstanceUnknown`] with the nearest name.
    pub fn instance(&self, name: &str) -> Result<&Instance, ConfigError> {
        let found = self.instances.iter().find(|instance| instance.name.as_str() == name);
        found.ok_or_else(|| unknown(&self.provider, &self.instances, name))
    }

    /// Writes a new instance behind the others.
    ///
    /// # Errors
    /// [`ConfigError::InstanceExists`]; [`ConfigError::NotEditable`]. Nothing is written then.
    pub fn add(&mut self, instance: Instance) -> Result<(), ConfigError> {
        let block = edit::Block { name: instance.name.as_str(), keys: instance.to_map() };
        let by_hand = format!("write under `instances:`\n{}", block.text(2));
        self.edit(by_hand, |before, text, outline| {
            if before.iter().any(|one| one.name == instance.name) {
                let (provider, name) = (instance.provider.clone(), instance.name.clone());
                return Err(ConfigError::InstanceExists { provider, name });
            }
            let mut after = before.to_vec();
            after.push(instance.clone());
            Ok((after, edit::append(text, outline, &block)))
        })
    }

    /// Takes an instance out.
    ///
    /// # Errors
    /// [`ConfigError::InstanceUnknown`]; [`ConfigError::NotEditable`]. Nothing is written then.
    pub fn remove(&mut self, name: &str) -> Result<(), ConfigError> {
        let provider = self.provider.clone();
        let by_hand = format!("delete `{name}:` from providers/{provider}.yaml");
        self.edit(by_hand, |before, text, outline| {
            if !before.iter().any(|one| one.name.as_str() == name) {
                return Err(unknown(&provider, before, name));
            }
            let after = before.iter().filter(|one| one.name.as_str() != name).cloned().collect();
            Ok((after, edit::cut(text, outline, name)))
        })
    }

    /// Reads the file anew, edits its text, and writes it if it then means what was intended.
    fn edit(
        &mut self,
        by_hand: String,
        change: impl FnOnce(&[Instance], &str, &Outline) -> Result<Edited, ConfigError>,
    ) -> Result<(), ConfigError> {
        let _lock = lock(&self.path)?;
        let text = yaml::read(&self.path)?.unwrap_or_default();
        let before = parse(&self.path, &self.provider, &text)?;
        let outline = outline(&self.path, &text)?;
        let (intended, edited) = change(&before, &text, &outline)?;
        let means = |text: &String| {
            parse(&self.path, &self.provider, text).is_ok_and(|instances| instances == intended)
        };
        let Some(edited) = edited.filter(means) else {
            return Err(ConfigError::NotEditable { path: self.path.clone(), by_hand });
        };
        // A linked file is replaced where it really stands, so that the link stays.
        let target = fs_err::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        if_disk::write_atomic(&target, edited.as_bytes(), 0o600)?;
        self.instances = intended;
        Ok(())
    }
}

/// The instances that are intended, and the text that should mean them.
type Edited = (Vec<Instance>, Option<String>);

fn unknown(provider: &Word, instances: &[Instance], name: &str) -> ConfigError {
    let names = instances.iter().map(|instance| instance.name.as_str());
    ConfigError::InstanceUnknown {
        provider: provider.clone(),
        name: name.to_owned(),
        nearest: nearest(name, names).map(str::to_owned),
        known: !instances.is_empty(),
    }
}

pub(crate) fn parse(
    path: &Path,
    provider: &Word,
    text: &str,
) -> Result<Vec<Instance>, ConfigError> {
    let file: File = yaml::parse(path, text)?;
    let mut instances = Vec::new();
    for (name, keys) in file.instances.unwrap_or_default().0 {
        let word = Word::new(name.value.as_str());
        let word =
            word.map_err(|error| yaml::at(path, name.referenced, error.to_string(), None))?;
        let mut instance = Instance::new(provider.clone(), word);
        for (key, value) in keys.value.unwrap_or_default().0 {
            take(path, &mut instance, key, value)?;
        }
        instances.push(instance);
    }
    Ok(instances)
}

pub(crate) fn take(
    path: &Path,
    instance: &mut Instance,
    key: Spanned<String>,
    value: Spanned<Value>,
) -> Result<(), ConfigError> {
    let refused = match instance.take(&key.value, value.value) {
        Ok(()) => return Ok(()),
        Err(fault) => fault,
    };
    Err(match refused {
        Fault::Text(what) => {
            yaml::at(path, value.referenced, format!("`{}` {what}", key.value), None)
        }
        Fault::Literal(key) => ConfigError::LiteralSecret {
            provider: instance.provider.clone(),
            instance: instance.name.clone(),
            key,
        },
    })
}

/// Where the keys stand that an edit has to find.
fn outline(path: &Path, text: &str) -> Result<Outline, ConfigError> {
    let line = |place: Location| usize::try_from(place.line()).unwrap_or(usize::MAX);
    let top: Pairs<IgnoredAny> = yaml::parse(path, text)?;
    let file: File = yaml::parse(path, text)?;
    let key = |(key, _): (Spanned<String>, Spanned<Option<Pairs<Value>>>)| edit::Key {
        line: line(key.referenced),
        indent: usize::try_from(key.referenced.column()).unwrap_or(1).saturating_sub(1),
        name: key.value,
    };
    Ok(Outline {
        instances_line: top
            .0
            .iter()
            .find(|(key, _)| key.value == "instances")
            .map(|(key, _)| line(key.referenced)),
        keys: file.instances.unwrap_or_default().0.into_iter().map(key).collect(),
    })
}

#[cfg(test)]
mod tests;
