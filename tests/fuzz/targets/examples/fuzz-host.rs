//! libFuzzer in front of this crate's targets.

#![no_main]

use if_fuzz::TARGETS;

#[path = "../../driver.rs"]
mod driver;
