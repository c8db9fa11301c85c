//! `output`: events, progress, log lines. Events count as output and must be JSON; progress and
//! log lines share the log's budget and are dropped beyond it.

use crate::json;
use crate::state::{CallState, invalid};
use if_core::Ask;
use if_world::imports::output::{Host, Level};
use if_world::imports::types::Error;

impl Host for CallState {
    async fn emit(&mut self, event: String) -> wasmtime::Result<Result<(), Error>> {
        if let Err(why) = json::check(&event) {
            return Ok(Err(invalid(format!("the event {why}"))));
        }
        self.charge_output(event.len())?;
        self.ask_done(Ask::Emit { event }).await
    }

    async fn progress(
        &mut self,
        done: u64,
        total: Option<u64>,
        message: String,
    ) -> wasmtime::Result<()> {
        self.alive()?;
        if self.log.charge(message.len()) {
            self.ask_done(Ask::Progress { done, total, message }).await?.ok();
        }
        Ok(())
    }

    async fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        self.alive()?;
        if self.log.charge(message.len()) {
            self.ask_done(Ask::Log { level: level.into(), message }).await?.ok();
        }
        Ok(())
    }
}
