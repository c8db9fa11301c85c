//! The product, tested as a user has it: the real binary, a real home, components built from source.
//!
//! One module per room of promises. Tests that drive a real OBS have `real_obs` in their name and
//! run one at a time (`.config/nextest.toml`).

mod author;
mod evidence;
mod lab;
mod limits;
mod obs;
mod secrets;
mod setup;
mod traffic;
mod trust;
mod usage;
mod vmix;
