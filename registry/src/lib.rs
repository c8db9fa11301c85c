//! Where a component comes from: packages on disk, the keys and lists that vouch for them, and the
//! one path on which a plugin is loaded.
//!
//! [`pack`] makes a package, [`sign`] and [`allow`] vouch for it, [`install`] puts it into the
//! home, [`load`] hands out what may run. Whether a package is believed is decided by
//! `if_manifest::trust` alone; this room brings the bytes, in bounded reads that follow no link. It
//! knows no clock, no
//! network and no wasm: time, and whoever can ask a component to describe itself, are handed in.

mod adopt;
mod allow;
mod attach;
mod bundle;
mod declaration;
mod disallow;
mod error;
mod files;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod imports;
mod index;
mod install;
mod key_file;
mod layout;
mod lint;
mod load;
mod lock;
mod lock_file;
mod memory;
mod pack;
mod package;
mod policy_set;
mod root;
mod root_sigstore;
mod sbom;
mod sign;
mod standing;
mod swap;
#[cfg(test)]
mod tests;
mod trust_bytes;
mod trust_files;

pub use adopt::{Adopted, adopt};
pub use allow::{AllowRequest, Allowed, Revoked, allow, revoke};
pub use attach::{Attached, attach};
pub use bundle::Bundle;
pub use disallow::{Disallowed, Withdrawn, disallow};
pub use error::RegistryError;
pub use imports::{baseline, check_imports, normalise};
pub use index::{Index, IndexEntry, ProviderEntry, SecretEntry, rebuild_index};
pub use install::{Installed, install};
pub use key_file::{
    InTheClear, KeyGuard, SEALED, new_key, own_key, public_path, read_key, reseal_key, root_key,
};
pub use layout::{Layout, Target};
pub use lint::{Fault, Linted, lint};
pub use load::{Listed, Loaded, VerifiedFile, VerifyReport, list, load, load_remembering, verify};
pub use lock::Lock;
pub use lock_file::{lock_installed, verify_lock};
pub use memory::Memory;
pub use pack::{PackReport, pack};
pub use package::Package;
pub use policy_set::{sign_policy_set, signed_policy_set};
pub use root::{RootChange, Rotated, change_root, rotate_root};
pub use sign::{Signed, decide, sign, sign_target};
pub use standing::{Stamps, Standing};
pub use trust_bytes::TrustBytes;
pub use trust_files::{TrustFiles, init_trust, refuse_second};

/// Asks a component to describe itself: its `Description` as JSON, and the names of its imports.
/// Whoever can run components brings it; a failure is passed on as it is.
pub type Describe<'a> = dyn FnMut(&[u8]) -> Result<(String, Vec<String>), if_core::Problem> + 'a;
