//! What a handler knows about its call, and the words it may say while it runs.

use crate::Failure;
use crate::bindings::infrafabric::adapter::{cost, instance, output, secrets, witness};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use instance::{Facts, Mode};
pub use output::Level;

/// Part of the deadline that one answer may take, in percent: the plugin should still be able to
/// say who did not answer before the host ends the call.
const PATIENCE_PERCENT: u64 = 90;

/// Something that the host found on the network while discovering: a service that announced itself,
/// or what answered a probe as the manifest says. Every word of it is a stranger's.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
pub struct Candidate {
    /// The announced name; empty for what answered a probe.
    pub name: String,
    /// An address; the announced host where no address came with it.
    pub host: String,
    pub port: u16,
    #[serde(default)]
    pub addresses: Vec<String>,
    /// What it announces about itself.
    #[serde(default)]
    pub txt: serde_json::Map<String, Value>,
    /// A probe's answer: its status, its `Server` header, and the beginning of its body.
    #[serde(default)]
    pub status: Option<u16>,
    #[serde(default)]
    pub server: String,
    #[serde(default)]
    pub answer: String,
}

/// One running call.
#[derive(Debug, Clone)]
pub struct Call {
    pub facts: Facts,
}

impl Call {
    /// A call with these facts: the host's in a component, your own in a native test.
    pub fn new(facts: Facts) -> Self {
        Self { facts }
    }

    /// This instance's settings as your own type.
    ///
    /// # Errors
    /// `usage` when they do not fit the type, naming the setting.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.facts.settings)
            .map_err(|error| Failure::usage(format!("instance `{}`: {error}", self.facts.name)))
    }

    /// In `discover`: what the host found.
    ///
    /// # Errors
    /// `usage` when the host's list is not as promised.
    pub fn candidates(&self) -> Result<Vec<Candidate>, Failure> {
        #[derive(serde::Deserialize)]
        struct Found {
            #[serde(default)]
            candidates: Vec<Candidate>,
        }
        Ok(self.settings::<Found>()?.candidates)
    }

    /// How long to wait for one answer; in a stream, before saying that nobody is there.
    pub fn patience_ms(&self) -> u32 {
        let patience = self.facts.deadline_ms.saturating_mul(PATIENCE_PERCENT) / 100;
        u32::try_from(patience).unwrap_or(u32::MAX)
    }

    /// Whether this is a dry run: writes are recorded and not sent.
    pub fn plans(&self) -> bool {
        self.facts.mode == Mode::DryRun
    }

    /// Whether the instance has this secret.
    pub fn has_secret(&self, secret: &str) -> bool {
        secrets::available(secret)
    }

    /// A token that the host replaces with what `recipe` derives from the secret and these public
    /// inputs, in the places that the manifest names and nowhere else.
    ///
    /// # Errors
    /// When there is no such recipe, or the secret is not set.
    pub fn placeholder(&self, recipe: &str, inputs: &[(&str, &str)]) -> Result<String, Failure> {
        let inputs: Vec<_> =
            inputs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Ok(secrets::placeholder(recipe, &inputs)?)
    }

    /// One event of a stream.
    ///
    /// # Errors
    /// The operator stopped the stream, or it reached a limit: return.
    pub fn emit(&self, event: &Value) -> Result<(), Failure> {
        Ok(output::emit(&event.to_string())?)
    }

    /// How far along.
    pub fn progress(&self, done: u64, total: Option<u64>, message: &str) {
        output::progress(done, total, message);
    }

    /// A line for whoever looks for a fault.
    pub fn log(&self, level: Level, message: &str) {
        output::log(level, message);
    }

    /// Sets money aside before something expensive, in millionths of the manifest's currency.
    ///
    /// # Errors
    /// A budget has too little left: do without, or return.
    pub fn reserve(&self, micros: u64, reason: &str) -> Result<(), Failure> {
        Ok(cost::reserve(micros, reason)?)
    }

    /// What it did cost, or 0 where only the use is known and the price makes the amount:
    /// `{"tokens_in": 12, "tokens_out": 340}`.
    ///
    /// # Errors
    /// The manifest names no currency.
    pub fn report(&self, micros: u64, usage: &Value) -> Result<(), Failure> {
        Ok(cost::report(micros, &usage.to_string())?)
    }

    /// Evidence for this operation's entry in the log.
    ///
    /// # Errors
    /// It reached a limit.
    pub fn attach(&self, name: &str, evidence: &Value) -> Result<(), Failure> {
        Ok(witness::attach(name, &evidence.to_string())?)
    }
}
