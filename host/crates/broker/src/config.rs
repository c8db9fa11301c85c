//! What one call's broker is made of: the signed declaration, the operator's grants, the ports.
//!
//! Everything that could differ between two calls stands here as a value, so that a broker has no
//! hidden input. Nothing in it is a secret: secrets are fetched, one by one, when a recipe needs
//! one.

use if_core::{
    BlobSource, Clock, Effect, EventSink, Meter, Mode, SecretSource, StateStore, UnixMillis,
};
use if_manifest::model::{Limits, Predicate};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::Arc;

/// Whose call this is. The instance's name is empty while it is being added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceRef {
    pub provider: String,
    pub instance: String,
}

/// Interfaces behind which a host port stands, granted or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    pub blob: bool,
    pub state: bool,
    pub cost: bool,
}

impl Capabilities {
    /// What a manifest's `imports` ask for; `infrafabric:adapter/state@0.1` and `…/state` are one.
    pub fn from_imports(imports: &[String]) -> Self {
        let asked = |name: &str| {
            imports.iter().any(|import| {
                let interface = import.split('@').next().unwrap_or_default();
                interface.strip_prefix("infrafabric:adapter/") == Some(name)
            })
        };
        Self { blob: asked("blob"), state: asked("state"), cost: asked("cost") }
    }
}

/// Everything one call's broker needs to know.
pub struct BrokerConfig {
    pub predicate: Arc<Predicate>,
    /// The instance's settings, checked against the manifest.
    pub settings: Map<String, Value>,
    pub instance: InstanceRef,
    /// The command's own effect: nothing above it leaves.
    pub effect: Effect,
    pub mode: Mode,
    /// The lower of manifest and host, field by field.
    pub limits: Limits,
    /// `add` recorded that this instance lives on a private network.
    pub private_networks: bool,
    /// `host:port` of literal endpoints that the operator granted with `plugin allow`.
    pub literal_hosts: Vec<String>,
    /// `hosts:` of the provider file, `host` or `host:port`: it only narrows.
    pub hosts_narrow: Option<Vec<String>>,
    /// PEM file with the only authorities trusted for this instance; the system's when absent.
    pub ca_file: Option<PathBuf>,
    pub secrets: Arc<dyn SecretSource>,
    pub events: Arc<dyn EventSink>,
    pub meter: Arc<dyn Meter>,
    pub blobs: Arc<dyn BlobSource>,
    pub state: Arc<dyn StateStore>,
    pub clock: Arc<dyn Clock>,
    pub grants: Capabilities,
    pub start: UnixMillis,
    /// From `start`; in a stream, for each wish anew.
    pub deadline_ms: u64,
    /// The command emits events until it is stopped: waiting for a peer has no end, and what a call
    /// may do so often in all, a stream may do so often per deadline.
    pub streams: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_come_from_exact_interface_names() {
        let imports = ["infrafabric:adapter/state@0.1".into(), "wasi:io/blob@0.2".into()];
        let capabilities = Capabilities::from_imports(&imports);
        assert_eq!(capabilities, Capabilities { state: true, blob: false, cost: false });
        assert!(!Capabilities::from_imports(&["infrafabric:adapter/states".into()]).state);
    }
}
