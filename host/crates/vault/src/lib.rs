//! Secrets: at rest in one age-encrypted file, and the chain of places one may come from.
//!
//! [`Vault`] keeps values under `<provider>/<instance>/<secret>`, encrypted to an X25519 identity
//! that lives in a file of its own. [`Sources`] answers the port that the broker asks: the vault,
//! an environment variable or a file, as the operator's instance says.
//!
//! No value is ever in an error, a `Debug` or a log line, and our own buffers are zeroed when they
//! go. Reading costs nothing until the first secret is asked for. What this room does not do: it
//! reads no environment (it is handed a look-up), asks no clock (it is handed the time), knows no
//! home, and does not defend against malware that runs as the same user.

mod archive;
mod contents;
mod error;
mod file;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod name;
mod seal;
mod sources;
mod vault;

pub use archive::{MAGIC, open_stream, seal_stream};
pub use error::VaultError;
pub use name::SecretName;
pub use sources::{Reference, Sources, read_token};
pub use vault::{Listed, VALUE_BYTES_MAX, Vault};
