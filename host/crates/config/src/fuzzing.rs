//! Readers of foreign bytes, reachable for `tests/fuzz`. The feature `fuzzing` switches this module
//! on; no program that ships has it (`xtask tidy`).

use crate::edit::{self, Block, Outline};
use crate::{ConfigError, Instance, Settings, provider_file};
use if_core::Word;
use std::path::Path;

/// The instances in the text of a provider file.
pub fn instances(provider: &Word, text: &str) -> Result<Vec<Instance>, ConfigError> {
    provider_file::parse(Path::new("provider.yaml"), provider, text)
}

/// The text of a provider file with this instance in it, as `add` writes it.
pub fn written(instance: &Instance) -> Option<String> {
    let block = Block { name: instance.name.as_str(), keys: instance.to_map() };
    edit::append("", &Outline { instances_line: None, keys: Vec::new() }, &block)
}

/// The text of `config.yaml`.
pub fn settings(text: &str) -> Result<Settings, ConfigError> {
    Settings::from_text(Path::new("config.yaml"), text)
}
