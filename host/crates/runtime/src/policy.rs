//! A policy, asked: what its four functions return, as one JSON text like everybody's.

use crate::call::Action;
use crate::sandbox::Outcome;
use crate::state::CallState;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use if_world::imports::types::Failure;
use if_world::{Issue, Policy};
use serde::{Deserialize, Serialize};
use wasmtime::Store;

/// What a policy finds wrong with settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// A JSON pointer into the settings.
    pub at: String,
    /// The place inside the text that stands there, from 1; 0 where it is all of it.
    pub line: u32,
    pub column: u32,
    pub message: String,
}

/// What `prepare` made of settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Made {
    /// In base64.
    Prepared(String),
    Faults(Vec<Fault>),
}

impl From<Issue> for Fault {
    fn from(issue: Issue) -> Self {
        let Issue { at, line, column, message } = issue;
        Self { at, line, column, message }
    }
}

/// Calls the function that the action names.
pub(crate) async fn ask(
    store: &mut Store<CallState>,
    policy: &Policy,
    action: &Action,
) -> wasmtime::Result<Outcome> {
    let rules = policy.infrafabric_adapter_policy_rules();
    let faults = |issues: Vec<Issue>| issues.into_iter().map(Fault::from).collect::<Vec<_>>();
    let text = match action {
        Action::Describe => rules.call_describe(store).await?,
        Action::Validate { settings, catalog } => {
            let issues = rules.call_validate(store, settings, catalog).await?;
            serde_json::to_string(&faults(issues))?
        }
        Action::Prepare { settings } => {
            let made = match rules.call_prepare(store, settings).await? {
                Ok(bytes) => Made::Prepared(STANDARD.encode(bytes)),
                Err(issues) => Made::Faults(faults(issues)),
            };
            serde_json::to_string(&made)?
        }
        Action::Evaluate { prepared, facts } => {
            let prepared = STANDARD.decode(prepared)?;
            match rules.call_evaluate(store, &prepared, facts).await? {
                Ok(text) => text,
                Err(text) => return Ok(Err(Failure::Usage(text))),
            }
        }
        Action::Check | Action::Discover | Action::Call { .. } => {
            return Err(wasmtime::Error::msg("a policy has no commands"));
        }
    };
    Ok(Ok(text))
}
