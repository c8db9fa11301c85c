//! The evidence: every operation leaves two signed entries, an intent that is durable before
//! anything happens and an outcome after it.
//!
//! An entry is a *leaf*: JSON that holds names, digests, the decision, cost and timing, linked to
//! the leaf before it by hash and signed. Whatever may be private (parameters, results, words) lies
//! in *bodies* beside it, and the leaf holds only salted commitments: a body can be erased, and the
//! chain still verifies.
//!
//! This room refuses to go on when it cannot write, to record an outcome twice, and to change or
//! delete a leaf, and to continue a log whose head is not the one that it wrote last. It cannot
//! notice that a whole disk was put back, unless it is told a head that was kept elsewhere.
//!
//! - `leaf`: the wire type; `hash`: how leaves are hashed and signed; `key`: whose signature
//! - `commitment`: what binds a body to its leaf
//! - `record`: what callers hand in; `bounds`: how long it may be
//! - `witness`: opening, intents, refusals, notes; `operation`: outcomes
//! - `run_lock`, `recover`: whether an operation still lives, and what to write when it does not
//! - `erase`: bodies go, entries stay
//! - `tables`: the only SQL that writes; `query`: looking things up
//! - `append`: the one way in which the log grows; `anchor`: its head, kept outside the database;
//!   `window`: a few old entries that every write looks at
//! - `tiles`: the Merkle tree; `checkpoint`: what is signed of it; `publish`: files for others;
//!   `keeper`: who keeps it off this machine; `cosign`: what is said of other logs
//! - `verify`: the pure check of a chain; `audit`: the same over the whole database, with the tree
//!   `regrown`

mod anchor;
mod append;
mod audit;
mod bounds;
mod checkpoint;
mod commitment;
mod cosign;
mod erase;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod keeper;
mod key;
mod leaf;
mod operation;
mod publish;
mod query;
mod record;
mod recover;
mod regrown;
mod run_lock;
mod tables;
mod tiles;
mod verify;
mod window;
mod witness;

pub use anchor::AnchorFault;
pub use bounds::{LEAF_BYTES_MAX, PART_BYTES_MAX, QUERY_ENTRIES_MAX, TEXT_BYTES_MAX};
pub use checkpoint::{Divergence, Signed};
pub use cosign::Cosigned;
pub use erase::Erased;
pub use error::WitnessError;
pub use if_tlog::{Hash32, leaf_hash};
pub use keeper::{Keeper, Kept};
pub use key::{PublicKey, create_key};
pub use leaf::{
    Birth, Decision, Kind, LEAF_VERSION, Leaf, Plugin, SecretUse, Status, Timing, Traffic, Usage,
    Verdict,
};
pub use operation::{LeafRef, Operation};
pub use publish::Published;
pub use query::{Entry, Filter, Recorded};
pub use record::{Charge, Evidence, Intent, Outcome};
pub use tables::{SCHEMA, entries};
pub use verify::{Fault, FaultKind, Head, Row, Verifier, VerifyReport, verify};
pub use witness::{LogFiles, Owed, Witness};
