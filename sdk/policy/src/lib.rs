//! Write an InfraFabric policy: a pure function over facts.
//!
//! ```
//! use if_policy::prelude::*;
//!
//! /// No changes by robots.
//! struct NoRobots;
//!
//! #[derive(Serialize, Deserialize)]
//! struct Settings {
//!     robots: Vec<String>,
//! }
//!
//! impl Policy for NoRobots {
//!     type Settings = Settings;
//!
//!     fn about() -> About {
//!         About::new("robots only look")
//!             .setting(list("robots", "users that are robots", text_kind()).required())
//!             .reason("robot", "a robot asked for a change")
//!     }
//!
//!     fn evaluate(settings: &Settings, facts: &Facts) -> Ruling {
//!         match facts.command.changes() && settings.robots.contains(&facts.actor) {
//!             true => Ruling::deny("robot", "robots only look here"),
//!             false => Ruling::allow(),
//!         }
//!     }
//! }
//! # let settings = Settings { robots: vec!["r2".into()] };
//! # let facts = Facts::example("obs", "stream stop", Effect::Dangerous).by("r2");
//! # assert_eq!(NoRobots::evaluate(&settings, &facts).verdict, Verdict::Deny);
//! ```
//!
//! `if_policy::policy!(NoRobots)` exports it. The host decides what the verdicts of all policies
//! mean together; a policy that fails denies.

mod about;
#[doc(hidden)]
pub mod bindings;
#[doc(hidden)]
pub mod border;
mod facts;
mod ruling;

pub use about::{About, Setting, choice, decimal, flag, int, json_kind, list, text, text_kind};
pub use facts::{Budget, Capability, Command, Cost, Effect, Facts, Mode, Plugin, Recent};
pub use if_sdk_schema::{Kind, Need};
pub use ruling::{Obligation, Reason, Ruling, Verdict};
pub use serde_json;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Something that makes no sense in settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// A JSON pointer into the settings: `/windows/0/days`.
    pub at: String,
    /// The place inside the text that stands there, from 1; 0 where it is all of it.
    pub line: u32,
    pub column: u32,
    pub message: String,
}

impl Issue {
    /// About a whole value.
    pub fn at(pointer: &str, message: impl Into<String>) -> Self {
        Self { at: pointer.to_owned(), line: 0, column: 0, message: message.into() }
    }
}

/// A policy whose settings are what it decides by.
pub trait Policy {
    /// As the operator writes them; the host has held them against the described schema.
    type Settings: DeserializeOwned + Serialize;

    /// What it is, and what it may say.
    fn about() -> About;

    /// What the schema cannot say of settings. `catalog`: which providers, commands and instances
    /// there are.
    fn validate(settings: &Self::Settings, catalog: &serde_json::Value) -> Vec<Issue> {
        let _ = (settings, catalog);
        Vec::new()
    }

    /// Decides. Must be a pure function.
    fn evaluate(settings: &Self::Settings, facts: &Facts) -> Ruling;
}

/// A policy that makes something of its settings, once, and decides by that.
pub trait Compiled {
    type Settings: DeserializeOwned;

    /// What it is, and what it may say.
    fn about() -> About;

    /// What the schema cannot say of settings. `catalog`: which providers, commands and instances
    /// there are.
    fn validate(settings: &Self::Settings, catalog: &serde_json::Value) -> Vec<Issue>;

    /// Makes bytes of settings.
    ///
    /// # Errors
    /// What makes no sense in them.
    fn prepare(settings: Self::Settings) -> Result<Vec<u8>, Vec<Issue>>;

    /// Decides by what `prepare` made. Must be a pure function.
    ///
    /// # Errors
    /// It cannot; the command is denied.
    fn evaluate(prepared: &[u8], facts: &str) -> Result<Ruling, String>;
}

impl<P: Policy> Compiled for P {
    type Settings = P::Settings;

    fn about() -> About {
        P::about()
    }

    fn validate(settings: &P::Settings, catalog: &serde_json::Value) -> Vec<Issue> {
        P::validate(settings, catalog)
    }

    fn prepare(settings: P::Settings) -> Result<Vec<u8>, Vec<Issue>> {
        serde_json::to_vec(&settings).map_err(|error| vec![Issue::at("", error.to_string())])
    }

    fn evaluate(prepared: &[u8], facts: &str) -> Result<Ruling, String> {
        let settings = serde_json::from_slice(prepared).map_err(|error| error.to_string())?;
        let facts = serde_json::from_str(facts).map_err(|error| error.to_string())?;
        Ok(P::evaluate(&settings, &facts))
    }
}

/// Everything a policy's `lib.rs` usually names.
pub mod prelude {
    pub use crate::{
        About, Effect, Facts, Issue, Mode, Need, Obligation, Policy, Ruling, Verdict, choice,
        decimal, flag, int, json_kind, list, text, text_kind,
    };
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::Value;
}
