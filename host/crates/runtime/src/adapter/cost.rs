//! `cost`: money, in millionths of the manifest's currency.

use crate::json;
use crate::state::{CallState, invalid};
use if_core::{Ask, Micros};
use if_world::imports::cost::Host;
use if_world::imports::types::Error;

impl Host for CallState {
    async fn reserve(
        &mut self,
        micros: u64,
        reason: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        self.charge_output(reason.len())?;
        self.ask_done(Ask::CostReserve { micros: Micros(micros), reason }).await
    }

    async fn report(&mut self, micros: u64, usage: String) -> wasmtime::Result<Result<(), Error>> {
        if let Err(why) = json::check(&usage) {
            return Ok(Err(invalid(format!("the usage report {why}"))));
        }
        self.charge_output(usage.len())?;
        self.ask_done(Ask::CostReport { micros: Micros(micros), usage }).await
    }
}
