//! The border between guests and host: types generated from `wit/adapter-0.1.0`, and conversions
//! between them and the messages of `if_core`.
//!
//! WIT types are wire types: a released one never changes, while the host's own messages may. So
//! the two are separate and meet only here. This crate answers no call, holds no state and keeps
//! no limit; all of that is the runtime's.

mod bindings;
mod convert;

pub use bindings::infrafabric::adapter as imports;
pub use bindings::policy::exports::infrafabric::adapter::policy_rules::Issue;
pub use bindings::policy::{Policy, PolicyPre};
pub use bindings::{Adapter, AdapterPre};
