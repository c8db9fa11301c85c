//! A vMix simulator: the HTTP and TCP surface of vMix 27 over a state that changes as the
//! functions say. vMix itself exists for Windows only and cannot stand in a test.
//!
//! Followed: vMix's help pages *HTTP Web API*, *TCP API* and *Shortcut Function Reference*, and
//! what the Companion module relies on. It refuses what vMix refuses (500 for a function or an
//! input that does not exist) and simulates no time: see [`state`].

mod apply;
mod audio;
pub mod call;
pub mod functions;
mod http;
mod input;
mod output;
mod shared;
pub mod state;
mod tally;
mod tcp;
mod transition;
mod xml;
mod xpath;

pub use shared::{Seen, Via};

use crate::background::{self, Background};
use anyhow::Result;
use shared::Shared;
use state::Mixer;
use std::sync::Arc;

/// A running simulator; gone when dropped.
pub struct VmixSimulator {
    pub http_port: u16,
    pub tcp_port: u16,
    shared: Arc<Shared>,
    _server: Background,
}

impl VmixSimulator {
    /// Starts on two free ports of 127.0.0.1.
    pub fn start() -> Result<Self> {
        Self::start_on(0, 0)
    }

    /// Starts on these ports of 127.0.0.1; vMix's own are 8088 and 8099, 0 is any free one.
    pub fn start_on(http_port: u16, tcp_port: u16) -> Result<Self> {
        let (http_listener, http_port) = background::bind(http_port)?;
        let (tcp_listener, tcp_port) = background::bind(tcp_port)?;
        let shared = Arc::new(Shared::default());
        let (for_http, for_tcp) = (shared.clone(), shared.clone());
        let server = Background::start(move || async move {
            tokio::join!(http::serve(http_listener, for_http), tcp::serve(tcp_listener, for_tcp));
        })?;
        Ok(Self { http_port, tcp_port, shared, _server: server })
    }

    /// The state now.
    pub fn state(&self) -> Mixer {
        self.shared.state()
    }

    /// The state as the XML that `/api` answers.
    pub fn xml(&self) -> String {
        self.shared.xml()
    }

    /// Changes the state behind the API, as somebody at the mixer would.
    pub fn change(&self, change: impl FnOnce(&mut Mixer)) {
        self.shared.change(change);
    }

    /// What arrived so far, oldest first, reads included.
    pub fn requests_seen(&self) -> Vec<Seen> {
        self.shared.seen()
    }

    /// The functions that arrived so far, accepted or refused: what a dry run must leave empty.
    pub fn functions_seen(&self) -> Vec<String> {
        self.requests_seen().into_iter().filter_map(|seen| seen.function).collect()
    }
}
