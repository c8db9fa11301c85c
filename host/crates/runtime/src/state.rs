//! What a guest's store holds for the length of one call, and the two ways in which host functions
//! use it: being counted, and asking the broker.

use crate::call::Facts;
use crate::http::Hooks;
use crate::limits::{Growth, Stop};
use crate::log::Log;
use crate::shared::Shared;
use crate::wasi::random::Random;
use if_core::{Ask, Broker, Code, Refusal, RefusalKind, Reply, UnixMillis};
use if_manifest::model::Limits;
use if_world::imports::types;
use std::sync::Arc;
use wasmtime::component::ResourceTable;
use wasmtime_wasi_http::WasiHttpCtx;

/// In-memory size of one set of HTTP headers. Servers usually refuse more than 8 to 16 KiB.
const HEADER_BYTES_MAX: usize = 32 << 10;

/// Data of a store.
pub struct CallState {
    pub(crate) table: ResourceTable,
    pub(crate) shared: Arc<Shared>,
    pub(crate) facts: Facts,
    pub(crate) deadline_ms: u64,
    pub(crate) growth: Growth,
    pub(crate) log: Log,
    pub(crate) random: Random,
    pub(crate) http: WasiHttpCtx,
    pub(crate) hooks: Hooks,
    pub(crate) host_calls: u64,
    host_calls_max: u64,
    pub(crate) output_bytes: u64,
    output_bytes_max: u64,
}

impl CallState {
    pub(crate) fn new(
        broker: Arc<dyn Broker>,
        facts: Facts,
        limits: &Limits,
        start: UnixMillis,
        seed: &[u8; 32],
        deadline_ms: u64,
    ) -> Self {
        let shared = Shared::new(broker, start);
        let mut table = ResourceTable::new();
        table.set_max_capacity(usize::try_from(limits.handles_max).unwrap_or(usize::MAX));
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(HEADER_BYTES_MAX);
        Self {
            table,
            hooks: Hooks::new(shared.clone(), limits.message_bytes_max),
            shared,
            facts,
            deadline_ms,
            growth: Growth::new(limits.memory_bytes_max),
            log: Log::new(limits.log_bytes_max),
            random: Random::new(seed),
            http,
            host_calls: 0,
            host_calls_max: limits.host_calls_max,
            output_bytes: 0,
            output_bytes_max: limits.output_bytes_max,
        }
    }

    /// Counts one host call. Stands in the getter of every linked interface, ours or not, so that
    /// none escapes; a getter cannot fail, so the end comes with [`Self::alive`] or the next tick.
    pub(crate) fn counted(&mut self) -> &mut Self {
        self.host_calls = self.host_calls.saturating_add(1);
        if self.host_calls > self.host_calls_max {
            let message = format!("the plugin made more than {} host calls", self.host_calls_max);
            self.shared.end(Stop::limit(Code::LimitHostCalls, message));
        }
        self
    }

    /// An error that ends the guest when the call must end.
    pub(crate) fn alive(&self) -> wasmtime::Result<()> {
        match self.shared.ended() {
            None => Ok(()),
            Some(stop) => Err(stop.into()),
        }
    }

    /// Takes bytes of results, events or evidence from the call's budget, or ends the call.
    pub(crate) fn charge_output(&mut self, bytes: usize) -> Result<(), Stop> {
        self.output_bytes = self.output_bytes.saturating_add(bytes as u64);
        if self.output_bytes <= self.output_bytes_max {
            return Ok(());
        }
        let message =
            format!("the plugin's results and events exceed {} bytes", self.output_bytes_max);
        let stop = Stop::limit(Code::LimitOutput, message);
        self.shared.end(stop.clone());
        Err(stop)
    }

    /// Asks the broker. The outer error ends the guest; the inner one is the guest's to handle.
    pub(crate) async fn ask(&mut self, ask: Ask) -> wasmtime::Result<Result<Reply, types::Error>> {
        self.alive()?;
        let result = self.shared.ask(ask).await;
        self.alive()?;
        Ok(result.map_err(|refusal| types::Error::from(&refusal)))
    }

    /// Asks for something that has no reply but "done".
    pub(crate) async fn ask_done(
        &mut self,
        ask: Ask,
    ) -> wasmtime::Result<Result<(), types::Error>> {
        match self.ask(ask).await? {
            Ok(Reply::Done) => Ok(Ok(())),
            Ok(reply) => Err(self.shared.mismatch(&reply).into()),
            Err(error) => Ok(Err(error)),
        }
    }
}

/// A wish that makes no sense, refused before the broker sees it.
pub(crate) fn invalid(message: impl Into<String>) -> types::Error {
    let refusal = Refusal::new(RefusalKind::Invalid, Code::PluginMisbehaved, message);
    types::Error::from(&refusal)
}
