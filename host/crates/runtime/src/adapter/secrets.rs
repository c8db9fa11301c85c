//! `secrets`: tokens that stand for values. No value ever comes here.

use crate::state::CallState;
use if_core::{Ask, Reply};
use if_world::imports::secrets::Host;
use if_world::imports::types::Error;

impl Host for CallState {
    async fn placeholder(
        &mut self,
        recipe: String,
        inputs: Vec<(String, String)>,
    ) -> wasmtime::Result<Result<String, Error>> {
        let inputs = inputs.into_iter().collect();
        match self.ask(Ask::Placeholder { recipe, inputs }).await? {
            Ok(Reply::Placeholder { token }) => Ok(Ok(token)),
            Ok(reply) => Err(self.shared.mismatch(&reply).into()),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn available(&mut self, secret: String) -> wasmtime::Result<bool> {
        self.alive()?;
        Ok(self.facts.secrets_available.contains(&secret))
    }
}
