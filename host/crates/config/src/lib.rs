//! The home and its files, and the process environment: the only room that reads either.
//!
//! Everything an operator writes by hand passes through here and leaves as checked types, or as an
//! error that names file, line, column and the line to write instead. What this room refuses: a
//! home
//! that others can enter, an unknown key, a secret in plain text, and switching the log off. It
//! holds
//! no secret and opens no vault; it only knows where an instance's secrets are to come from.

mod amount;
mod context;
mod edit;
mod environment;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod governor;
mod home;
mod instance;
mod kv;
mod lint;
mod literal;
mod lock;
mod nearest;
mod places;
mod policies;
mod prices;
mod provider_file;
mod reference;
mod regular;
mod settings;
mod store;
mod yaml;

pub use context::{Context, DefaultInstance};
pub use environment::{ENVIRONMENT_VARIABLES, Environment};
pub use error::ConfigError;
pub use governor::{CircuitEntry, GovernorFile, HoldsEntry, RateEntry};
pub use home::Home;
pub use instance::{Instance, check_settings};
pub use kv::{KvServer, KvSettings, TokenPlace};
pub use nearest::nearest;
pub use policies::{PolicyEntry, PolicyFile, When};
pub use prices::{BookPrice, Caller, PriceBook};
pub use provider_file::ProviderFile;
pub use reference::{KeyringItem, KvField, SecretReference};
pub use regular::read_regular;
pub use settings::{Defaults, Settings};
pub use store::StoreSettings;
