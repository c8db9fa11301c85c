//! Ceilings of one call: what a manifest that says nothing asks for, and the most one may ask for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Ceilings of one call. Each is enforced; the manifest may only lower the host's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Sum over all linear memories of a call.
    pub memory_bytes_max: u64,
    /// Wasm instructions, roughly.
    pub fuel_max: u64,
    /// Guest, host calls and queueing together.
    pub deadline_ms: u64,
    /// Bytes lifted from the guest in one host call.
    pub host_call_bytes_max: u64,
    /// Host calls of one call.
    pub host_calls_max: u64,
    /// Live component handles.
    pub handles_max: u32,
    /// Result and events together.
    pub output_bytes_max: u64,
    /// Log lines, stdout and stderr together.
    pub log_bytes_max: u64,
    /// Connections open at once, HTTP requests included.
    pub connections_max: u32,
    /// One HTTP body or frame, either way.
    pub message_bytes_max: u64,
}

impl Default for Limits {
    /// What a well-made provider command never notices, and a hostile one cannot do much with.
    fn default() -> Self {
        Self {
            memory_bytes_max: 64 << 20,
            fuel_max: 2_000_000_000,
            deadline_ms: 10_000,
            host_call_bytes_max: 4 << 20,
            host_calls_max: 20_000,
            handles_max: 1_000,
            output_bytes_max: 4 << 20,
            log_bytes_max: 64 << 10,
            connections_max: 8,
            message_bytes_max: 8 << 20,
        }
    }
}

impl Limits {
    /// The most any manifest may ask for. Beyond it a single plugin could starve the machine it
    /// runs on; who needs more needs another design (a stream, a file, several calls).
    pub const CEILING: Limits = Limits {
        memory_bytes_max: 512 << 20,
        fuel_max: 200_000_000_000,
        deadline_ms: 10 * 60 * 1_000,
        host_call_bytes_max: 32 << 20,
        host_calls_max: 1_000_000,
        handles_max: 10_000,
        output_bytes_max: 64 << 20,
        log_bytes_max: 1 << 20,
        connections_max: 64,
        message_bytes_max: 64 << 20,
    };

    /// Every limit by name with its ceiling: `(field, asked, ceiling)`.
    pub fn rows(&self) -> [(&'static str, u64, u64); 10] {
        let most = Self::CEILING;
        [
            ("memory_bytes_max", self.memory_bytes_max, most.memory_bytes_max),
            ("fuel_max", self.fuel_max, most.fuel_max),
            ("deadline_ms", self.deadline_ms, most.deadline_ms),
            ("host_call_bytes_max", self.host_call_bytes_max, most.host_call_bytes_max),
            ("host_calls_max", self.host_calls_max, most.host_calls_max),
            ("handles_max", self.handles_max.into(), most.handles_max.into()),
            ("output_bytes_max", self.output_bytes_max, most.output_bytes_max),
            ("log_bytes_max", self.log_bytes_max, most.log_bytes_max),
            ("connections_max", self.connections_max.into(), most.connections_max.into()),
            ("message_bytes_max", self.message_bytes_max, most.message_bytes_max),
        ]
    }
}
