//! `instance`: what this call is about.

use crate::state::CallState;
use if_world::imports::instance::{Facts, Host};

impl Host for CallState {
    async fn get(&mut self) -> wasmtime::Result<Facts> {
        self.alive()?;
        Ok(Facts {
            name: self.facts.instance.clone(),
            settings: self.facts.settings.clone(),
            actor: self.facts.actor.clone(),
            trace_id: self.facts.trace_id.clone(),
            idempotency_key: self.facts.idempotency_key.clone(),
            deadline_ms: self.deadline_ms,
            mode: self.facts.mode.into(),
        })
    }
}
