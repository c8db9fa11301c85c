//! The thread that ticks an engine's epoch, so that a guest that never calls the host still gives
//! way to the deadline and to Ctrl-C every ten milliseconds.
//!
//! Started with the first call, owned by its runtime, ended and joined when that is dropped.

use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use wasmtime::Engine;

/// How late a deadline may be noticed. Shorter costs wake-ups and gains nobody anything.
const TICK: Duration = Duration::from_millis(10);

/// A running ticker.
#[derive(Debug)]
pub(crate) struct Ticker {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Ticks until dropped, or until the engine is gone.
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let engine = engine.weak();
        let (stop, stopped) = sync_channel(0);
        let run = move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
            }
        };
        let thread = std::thread::Builder::new().name("epoch".to_owned()).spawn(run)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread cannot panic; there would be nobody to tell.
            let _ = thread.join();
        }
    }
}
