//! `state`: the plugin's small key-value store, if granted. Quotas are the store's.

use crate::state::CallState;
use if_core::{Ask, Reply};
use if_world::imports::state::Host;
use if_world::imports::types::Error;

impl Host for CallState {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        match self.ask(Ask::StateGet { key }).await? {
            Ok(Reply::State { value }) => Ok(Ok(value)),
            Ok(reply) => Err(self.shared.mismatch(&reply).into()),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        self.ask_done(Ask::StateSet { key, value: Some(value) }).await
    }

    async fn delete(&mut self, key: String) -> wasmtime::Result<Result<(), Error>> {
        self.ask_done(Ask::StateSet { key, value: None }).await
    }
}
