//! What tests do to the product. [`FrailDisk`] is a disk in memory whose power is cut between any
//! two steps, and of which any call fails; [`Dice`] choose places and moments, the same ones each
//! time. How much harm a test does, `if_servers::Size` says.
//!
//! Nothing here is part of the product.

// A test may fail loudly.
#![allow(clippy::indexing_slicing)]

mod cut;
mod dice;
mod disk;
mod moment;
mod state;

pub use dice::Dice;
pub use disk::FrailDisk;
pub use moment::after;
pub use state::Fault;
