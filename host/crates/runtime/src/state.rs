//! What a guest's store holds for the length of one call, and the two ways in which host functions
//! use it: being counted, and asking the broker.
//!
//! A call's limits hold for all of it; a stream's hold from one pulse to the next, and what it uses
//! over time is held to a rate (`pace`).

use crate::call::Facts;
use crate::http::Hooks;
use crate::limits::{Growth, Stop};
use crate::log::Log;
use crate::meters::{Meter, Stream};
use crate::pace::Pace;
use crate::shared::Shared;
use crate::wasi::random::Random;
use if_core::{Ask, Broker, Code, Refusal, RefusalKind, Reply, UnixMillis};
use if_manifest::model::Limits;
use if_world::imports::types;
use std::sync::Arc;
use std::time::Duration;
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
    host_calls: Meter,
    output_bytes: Meter,
    pub(crate) stream: Option<Stream>,
}

impl CallState {
    pub(crate) fn new(
        broker: Arc<dyn Broker>,
        facts: Facts,
        limits: &Limits,
        start: UnixMillis,
        seed: &[u8; 32],
        (deadline_ms, streams): (u64, bool),
    ) -> Self {
        let period = Duration::from_millis(deadline_ms);
        let pace = streams.then(|| Arc::new(Pace::new(period)));
        let stream = pace.clone().map(|pace| Stream::new(pace, limits, period));
        let shared = Shared::new(broker, start, pace);
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
            host_calls: Meter::new(limits.host_calls_max),
            output_bytes: Meter::new(limits.output_bytes_max),
            stream,
        }
    }

    /// Counts one host call. Stands in the getter of every linked interface, ours or not, so that
    /// none escapes; a getter cannot fail, so the end comes with [`Self::alive`] or the next tick.
    pub(crate) fn counted(&mut self) -> &mut Self {
        self.shared.works();
        if !self.host_calls.take(1) {
            let message = format!("the plugin made more than {} host calls", self.host_calls.max);
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
        if self.output_bytes.take(bytes as u64) {
            return Ok(());
        }
        let message =
            format!("the plugin's results and events exceed {} bytes", self.output_bytes.max);
        let stop = Stop::limit(Code::LimitOutput, message);
        self.shared.end(stop.clone());
        Err(stop)
    }

    /// Asks the broker. The outer error ends the guest; the inner one is the guest's to handle.
    pub(crate) async fn ask(&mut self, ask: Ask) -> wasmtime::Result<Result<Reply, types::Error>> {
        self.alive()?;
        let result = self.shared.ask(ask).await;
        self.settle().await;
        self.alive()?;
        Ok(result.map_err(|refusal| types::Error::from(&refusal)))
    }

    /// After a wish that may have been a pulse: a stream's limits begin anew, and it is held back
    /// when it is faster than its rate.
    pub(crate) async fn settle(&mut self) {
        let Some(stream) = &mut self.stream else { return };
        if !stream.pulsed() {
            return;
        }
        let output = self.output_bytes.restart().saturating_add(self.log.renew());
        let wait = stream.settle(self.host_calls.restart(), output);
        if !wait.is_zero() {
            stream.pace.hold(wait).await;
        }
    }

    /// Host calls of the whole call.
    pub(crate) fn host_calls(&self) -> u64 {
        self.host_calls.total()
    }

    /// Bytes of results, events and evidence of the whole call.
    pub(crate) fn output_bytes(&self) -> u64 {
        self.output_bytes.total()
    }

    /// Fuel of the whole call, `left` being what its store still holds.
    pub(crate) fn fuel_used(&self, fuel_max: u64, left: u64) -> u64 {
        match &self.stream {
            None => fuel_max.saturating_sub(left),
            Some(stream) => stream.fuel.total(left),
        }
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
