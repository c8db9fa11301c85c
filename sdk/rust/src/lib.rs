//! Write an InfraFabric provider: a command is one typed definition.
//!
//! ```
//! use if_sdk::prelude::*;
//!
//! fn provider() -> Provider {
//!     Provider::new("a lamp").check(|_| Ok(json!({}))).commands([
//!         write("dim", "set the brightness")
//!             .takes((text("lamp", "its name").positional(), int("level", "percent")))
//!             .example("lamp dim hall desk --level 40")
//!             .run(|_call, (lamp, level)| Ok(json!({ "lamp": lamp, "level": level }))),
//!     ])
//! }
//! # assert!(provider().describe().contains(r#""path":"dim""#));
//! ```
//!
//! The same definition makes the description that is signed, the command line, the help, the
//! completions and the check of what arrives. `if_sdk::provider!(provider)` exports it.
//!
//! - [`http`]: requests, and [`http::Api`] for JSON · [`websocket`], [`tcp`]: connections
//! - [`conversation`]: numbered questions and answers · [`follow`]: events, with reconnection
//! - [`file`](mod@file): files that the operator named · [`pages`]: answers in pages
//!
//! What leaves through them is a wish: the host grants, classifies and records it. This crate holds
//! no secret and no policy; a plugin that goes around it gains nothing.

pub mod base64;
pub mod bindings;
mod call;
mod command;
pub mod conversation;
mod failure;
pub mod file;
pub mod follow;
pub mod http;
mod members;
mod nearest;
mod pages;
mod parameter;
mod provider;
pub mod tcp;
pub mod websocket;

pub use bindings::infrafabric::adapter::types::{Error, ErrorKind, Failure, Lost, Refusal};
pub use call::{Call, Candidate, Facts, Level, Mode};
pub use command::{Command, Draft, Outcome, by_table, dangerous, read, write};
pub use if_sdk_schema as schema;
pub use members::Members;
pub use nearest::{did_you_mean, nearest};
pub use pages::pages;
pub use parameter::{
    Parameter, Parameters, choice, decimal, duration, file_in, file_out, flag, int, json, list,
    record, text, url,
};
pub use provider::Provider;
pub use serde_json;

/// Everything a provider's `lib.rs` usually names.
pub mod prelude {
    pub use crate::{
        Call, Command, Failure, Members, Outcome, Parameters, Provider, by_table, choice,
        dangerous, decimal, duration, flag, int, list, nearest, read, record, text, write,
    };
    pub use serde_json::{Map, Value, json};
}
