//! Real servers, started for one test and gone with it: the proof that a fake cannot give.
//!
//! A server that is not installed skips its tests by name, unless `IF_TEST_REQUIRE_SERVERS` is
//! set, as in CI: there it fails them. Nothing here installs anything; `cargo xtask setup` does.
//!
//! Tests that start one stand in a module or have a name with `real_obs` or `real_ha` in it:
//! nextest runs those one at a time (`.config/nextest.toml`), since each OBS renders in software on
//! all cores, and each Home Assistant imports half of Python while it starts.

pub mod availability;
pub mod bao;
#[cfg(feature = "client")]
pub mod client;
pub mod ha;
pub mod keyring;
pub mod obs;
pub mod postgres;
mod probe;
mod process;
pub mod size;

pub use availability::{Server, require};
pub use bao::OpenBao;
#[cfg(feature = "client")]
pub use client::ObsClient;
pub use ha::HomeAssistant;
pub use keyring::Keyring;
pub use obs::Obs;
pub use postgres::Postgres;
pub use size::Size;

/// Whether a real server is here, for the test in which this stands; prints why when it is not.
///
/// ```no_run
/// fn scenes_are_listed() -> anyhow::Result<()> {
///     if !if_servers::require!(Obs) {
///         return Ok(());
///     }
///     let obs = if_servers::Obs::start()?;
///     # let _ = obs;
///     Ok(())
/// }
/// ```
#[macro_export]
macro_rules! require {
    ($server:ident) => {{
        fn here() {}
        $crate::require($crate::Server::$server, $crate::availability::name_of(&here))
    }};
}

/// Says by name that the test in which it stands does not run here, and why.
#[macro_export]
macro_rules! skip {
    ($why:expr) => {{
        fn here() {}
        $crate::availability::skip($crate::availability::name_of(&here), $why)
    }};
}
