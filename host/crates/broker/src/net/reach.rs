//! A connection of the host's own, to a server that the operator named: under TLS unless it is this
//! very machine's, and never to an address that gives credentials to whoever asks.

use super::resolve;
use super::system::System;
use super::tls::{Stream, Tls};
use crate::BrokerError;
use crate::grants::address::{AddressClass, address_class};
use crate::grants::target::HttpTarget;
use if_core::Protocol;

/// Why there is none.
pub(crate) enum Unreached {
    /// `http://`, and not this machine's.
    Plain,
    /// Where no server can be.
    Forbidden {
        host: String,
        address: String,
    },
    Failed(BrokerError),
}

impl From<BrokerError> for Unreached {
    fn from(error: BrokerError) -> Self {
        Unreached::Failed(error)
    }
}

/// Connects to a checked address.
pub(crate) async fn reach(
    system: &dyn System,
    tls: &Tls,
    target: &HttpTarget,
) -> Result<Box<dyn Stream>, Unreached> {
    let (host, port) = (&target.host, target.port);
    let is_plain = target.protocol == Protocol::Http;
    let found = resolve::addresses(system, host, port).await?;
    for address in &found {
        let class = address_class(address.ip());
        if matches!(class, AddressClass::Metadata | AddressClass::Never) {
            let (host, address) = (host.to_string(), address.ip().to_string());
            return Err(Unreached::Forbidden { host, address });
        }
        if is_plain && !address.ip().is_loopback() {
            return Err(Unreached::Plain);
        }
    }
    let tcp = resolve::first(system, host.with_port(port), found).await?;
    match is_plain {
        true => Ok(Box::new(tcp)),
        false => Ok(Box::new(tls.connect(tcp, host, true).await?)),
    }
}
