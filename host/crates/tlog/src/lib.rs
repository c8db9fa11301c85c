//! A transparency log in the formats that others read: the Merkle tree of RFC 6962, tiles
//! (C2SP tlog-tiles), signed notes and checkpoints (signed-note, tlog-checkpoint), cosignatures
//! (tlog-cosignature) and receipts (tlog-proof).
//!
//! All of it is pure: bytes in, bytes or a verdict out. Where the hashes lie is told by whoever
//! implements [`Tiles`]; no file, no database and no clock is known here, so that the same code
//! proves from a database, from an export and from somebody else's log.
//!
//! - `hash`: leaves and nodes; `tile`: how hashes lie in tiles and tiles in paths
//! - `tree`: roots and proofs out of tiles; `proof`: whether a proof holds; `frontier`: a tree that
//!   grows
//! - `note`: signed text; `checkpoint`: the text that a log signs; `cosignature`: what witnesses
//!   add; `submission`: what they are given, and whether they may; `receipt`: one file that proves
//!   one entry

mod checkpoint;
mod cosignature;
mod frontier;
mod hash;
mod note;
mod proof;
mod receipt;
mod submission;
mod tile;
mod tree;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use cosignature::cosign;
pub use frontier::Frontier;
pub use hash::{Hash32, leaf_hash, node_hash};
pub use note::{Algorithm, Name, Note, NoteError, SignatureLine, Verifier, sign};
pub use proof::{verify_consistency, verify_inclusion};
pub use receipt::{Receipt, ReceiptError};
pub use submission::{Refused, Submission, SubmissionError};
pub use tile::{BundleError, TILE_WIDTH, TileAt, bundle, entries, tiles_of};
pub use tree::{Tiles, Tree, TreeError};
