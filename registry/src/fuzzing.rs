//! Readers of foreign bytes, reachable for `tests/fuzz`. The feature `fuzzing` switches this module
//! on; no program that ships has it (`xtask tidy`).

use crate::declaration::{parse_declaration, parse_table};
use crate::{Bundle, RegistryError};
use if_core::Effect;
use if_manifest::model::Declaration;
use std::collections::BTreeMap;
use std::path::Path;

/// The text of a `plugin.toml`.
pub fn declaration(text: &str) -> Result<Declaration, RegistryError> {
    parse_declaration(Path::new("plugin.toml"), text)
}

/// The text of a table of effects.
pub fn effect_table(text: &str) -> Result<BTreeMap<String, Effect>, RegistryError> {
    parse_table(Path::new("table.csv"), text)
}

/// The bytes of a bundle.
pub fn bundle(bytes: &[u8]) -> Result<Bundle, RegistryError> {
    Bundle::parse(bytes)
}
