//! From a host to addresses that may be connected to: looked up once, every one checked.
//!
//! A name that has one address that is not allowed is refused altogether, and a connection is made
//! to a checked address, never to the name again: a second look-up could answer differently.

use crate::BrokerError;
use crate::grants::Grant;
use crate::grants::address::{AddressClass, address_class};
use crate::grants::host::HostName;
use crate::net::system::System;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest wait for one address: a host in the same building answers in milliseconds, one across
/// the world in a third of a second; what takes longer is better tried at its next address.
const CONNECT_MS_MAX: u64 = 3_000;
/// Most addresses tried: the deadline is there for work, not for dead addresses.
const ADDRESSES_TRIED_MAX: usize = 4;

/// Whose private addresses these are, for the line that would allow them.
#[derive(Debug, Clone)]
pub struct Owner {
    pub provider: String,
    pub instance: String,
}

/// All addresses of a grant's host, each checked.
pub async fn resolve(
    system: &dyn System,
    grant: &Grant,
    owner: &Owner,
) -> Result<Vec<SocketAddr>, BrokerError> {
    let found = addresses(system, &grant.host, grant.port).await?;
    check(grant, owner, &found)?;
    Ok(found)
}

/// All addresses of a host, looked up once and not checked yet.
pub async fn addresses(
    system: &dyn System,
    host: &HostName,
    port: u16,
) -> Result<Vec<SocketAddr>, BrokerError> {
    match host {
        HostName::Address(address) => Ok(vec![SocketAddr::new(*address, port)]),
        HostName::Name(name) => {
            let unreachable = |error: std::io::Error| BrokerError::Unreachable {
                target: host.with_port(port),
                cause: format!("the name has no address: {error}"),
            };
            system.look_up(name, port).await.map_err(unreachable)
        }
    }
}

/// Refuses all when one address is not allowed.
pub fn check(grant: &Grant, owner: &Owner, found: &[SocketAddr]) -> Result<(), BrokerError> {
    for address in found {
        let class = address_class(address.ip());
        if grant.policy.permits(class) {
            continue;
        }
        let (host, address) = (grant.host.to_string(), address.ip().to_string());
        return Err(match class {
            AddressClass::Private => BrokerError::AddressPrivate {
                provider: owner.provider.clone(),
                instance: owner.instance.clone(),
                host,
                address,
            },
            _ => BrokerError::AddressForbidden { host, address },
        });
    }
    Ok(())
}

/// A TCP connection to the first checked address that answers.
pub async fn connect(
    system: &dyn System,
    grant: &Grant,
    owner: &Owner,
) -> Result<TcpStream, BrokerError> {
    let found = resolve(system, grant, owner).await?;
    first(system, grant.host.with_port(grant.port), found).await
}

/// A TCP connection to the first of these addresses that answers.
pub async fn first(
    system: &dyn System,
    target: String,
    found: Vec<SocketAddr>,
) -> Result<TcpStream, BrokerError> {
    let mut cause = "the name has no address".to_owned();
    for address in found.into_iter().take(ADDRESSES_TRIED_MAX) {
        match timeout(Duration::from_millis(CONNECT_MS_MAX), system.connect(address)).await {
            Ok(Ok(stream)) => {
                // Requests are small and waited for: delaying them to fill packets helps nobody.
                stream.set_nodelay(true).map_err(|error| BrokerError::Unreachable {
                    target: target.clone(),
                    cause: error.to_string(),
                })?;
                return Ok(stream);
            }
            Ok(Err(error)) => cause = error.to_string(),
            Err(_) => cause = format!("{address} did not answer within {CONNECT_MS_MAX} ms"),
        }
    }
    Err(BrokerError::Unreachable { target, cause })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::Grants;
    use crate::net::system::Machine;
    use crate::testing::{config, endpoint};
    use if_core::Protocol;
    use serde_json::json;

    fn grant(host: &str, private: bool) -> Grant {
        let mut config = config(|predicate| {
            predicate.endpoints = vec![endpoint(json!({"name": "e", "protocols": ["tcp"],
                "host": "{host}", "port": "80"}))];
        });
        config.settings.insert("host".into(), json!(host));
        config.private_networks = private;
        let host = HostName::parse(host).unwrap();
        Grants::new(&config).find(Protocol::Tcp, &host, 80).unwrap().clone()
    }

    fn owner() -> Owner {
        Owner { provider: "p".into(), instance: "i".into() }
    }

    fn refused(grant: &Grant, addresses: &[&str]) -> Option<BrokerError> {
        let found: Vec<SocketAddr> =
            addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 80)).collect();
        check(grant, &owner(), &found).err()
    }

    #[test]
    fn one_bad_address_among_good_ones_refuses_the_name() {
        let public = grant("rebind.example", false);
        assert_eq!(refused(&public, &["8.8.8.8", "1.1.1.1"]), None);
        for bad in ["127.0.0.1", "10.0.0.1", "::1", "::ffff:192.168.0.1"] {
            let error = refused(&public, &["8.8.8.8", bad]).unwrap();
            assert!(matches!(error, BrokerError::AddressPrivate { .. }), "{bad}");
            assert!(error.refusal().hints[0].contains("--private-network"));
        }
        for bad in ["169.254.169.254", "0.0.0.0", "224.0.0.1", "64:ff9b::169.254.169.254"] {
            let error = refused(&public, &[bad, "8.8.8.8"]).unwrap();
            assert!(matches!(error, BrokerError::AddressForbidden { .. }), "{bad}");
        }
    }

    #[test]
    fn metadata_needs_its_own_address_typed() {
        let named = grant("metadata.example", true);
        assert!(refused(&named, &["10.0.0.1"]).is_none());
        assert!(refused(&named, &["169.254.169.254"]).is_some());
        let typed = grant("169.254.169.254", true);
        assert!(refused(&typed, &["169.254.169.254"]).is_none());
        assert!(refused(&grant("169.254.169.254", false), &["169.254.169.254"]).is_some());
    }

    #[tokio::test]
    async fn a_name_for_this_machine_is_private() {
        let here = |grant| async move { resolve(&Machine, &grant, &owner()).await };
        let error = here(grant("localhost", false)).await.unwrap_err();
        assert!(matches!(error, BrokerError::AddressPrivate { .. }), "{error:?}");
        assert!(!here(grant("localhost", true)).await.unwrap().is_empty());
    }
}
