//! `wasi:clocks` over guest time: `now` repeats itself until the broker answers something, and a
//! sleep is a wish like any other.

use crate::shared::Shared;
use crate::state::CallState;
use if_core::BoxFuture;
use std::sync::Arc;
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

/// What both clocks state as their resolution: answers carry milliseconds.
const RESOLUTION_NANOS: u32 = 1_000_000;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

impl monotonic_clock::Host for CallState {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.alive()?;
        Ok(self.shared.time.elapsed())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        self.alive()?;
        Ok(u64::from(RESOLUTION_NANOS))
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let left = when.saturating_sub(self.shared.time.elapsed());
        self.subscribe_duration(left)
    }

    fn subscribe_duration(&mut self, nanos: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.alive()?;
        let instant = self.shared.time.now().saturating_add(nanos);
        let alarm = Alarm { shared: self.shared.clone(), instant, waiting: None };
        let alarm = self.table.push(alarm)?;
        subscribe(&mut self.table, alarm)
    }
}

impl wall_clock::Host for CallState {
    fn now(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        self.alive()?;
        let nanos = self.shared.time.now();
        Ok(wall_clock::Datetime {
            seconds: nanos / NANOS_PER_SECOND,
            nanoseconds: u32::try_from(nanos % NANOS_PER_SECOND).unwrap_or(0),
        })
    }

    fn resolution(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        self.alive()?;
        Ok(wall_clock::Datetime { seconds: 0, nanoseconds: RESOLUTION_NANOS })
    }
}

/// A pollable that is ready when guest time has reached its instant.
struct Alarm {
    shared: Arc<Shared>,
    /// Nanoseconds since 1970.
    instant: u64,
    /// The wish to sleep, kept between polls so that it is made once.
    waiting: Option<BoxFuture<'static, ()>>,
}

#[async_trait]
impl Pollable for Alarm {
    async fn ready(&mut self) {
        let (shared, instant) = (self.shared.clone(), self.instant);
        if shared.time.now() >= instant {
            return;
        }
        let wait = self
            .waiting
            .get_or_insert_with(|| Box::pin(async move { shared.sleep_until(instant).await }));
        wait.as_mut().await;
        self.waiting = None;
    }
}
