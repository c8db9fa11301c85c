//! What the host may look for on the operator's own networks, and only when `discover` is typed.
//!
//! The host asks and a plugin reads the answers; a probe's answer that does not begin as declared
//! is nobody's, and no plugin sees it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Services announced by multicast DNS, and ports worth a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Discover {
    /// Service types (RFC 6763): `_home-assistant._tcp.local`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mdns: Vec<String>,
    /// Ports of the own private networks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<Probe>,
}

/// One HTTP GET to every address of the own private networks. What answers as expected is handed
/// to the plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    pub port: u16,
    /// Without query.
    pub path: String,
    /// The answer's body begins with this, blanks before it aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins: Option<String>,
    /// The answer's status is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl Discover {
    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.mdns.is_empty() && self.probes.is_empty()
    }
}
