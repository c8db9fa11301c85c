//! `witness`: evidence for this operation. Counts as output: it is kept.

use crate::json;
use crate::state::{CallState, invalid};
use if_core::Ask;
use if_world::imports::types::Error;
use if_world::imports::witness::Host;

impl Host for CallState {
    async fn attach(
        &mut self,
        name: String,
        evidence: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        if let Err(why) = json::check(&evidence) {
            return Ok(Err(invalid(format!("the evidence {why}"))));
        }
        self.charge_output(name.len() + evidence.len())?;
        self.ask_done(Ask::Attach { name, evidence }).await
    }
}
