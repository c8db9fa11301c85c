//! Two keys for every door: the manifest declares an endpoint, the operator grants it.
//!
//! An endpoint whose host is a template over the instance's settings is granted by `add`, where the
//! operator typed that host. One with a literal host is granted by `plugin allow`, and `hosts:` of
//! the provider file only narrows. A target that no endpoint names is refused whatever is granted.

pub mod address;
pub mod host;
pub mod target;

use crate::{BrokerConfig, BrokerError};
use address::AddressPolicy;
use host::HostName;
use if_core::Protocol;
use if_manifest::model::Endpoint;
use if_manifest::template::Template;
use target::split_port;

/// An endpoint of the manifest with the settings filled in.
#[derive(Debug, Clone)]
pub struct Grant {
    pub endpoint: Endpoint,
    pub host: HostName,
    pub port: u16,
    pub policy: AddressPolicy,
    granted: bool,
    narrowed: bool,
}

/// All endpoints of a call.
#[derive(Debug, Clone)]
pub struct Grants {
    grants: Vec<Grant>,
    plugin: String,
    instance: String,
}

impl Grants {
    /// Fills the templates. An endpoint whose settings are missing or malformed is not granted.
    pub fn new(config: &BrokerConfig) -> Self {
        let resolved = |endpoint: &Endpoint| resolve(endpoint, config);
        Self {
            grants: config.predicate.endpoints.iter().filter_map(resolved).collect(),
            plugin: config.instance.provider.clone(),
            instance: config.instance.instance.clone(),
        }
    }

    /// The endpoint to which a target belongs: exact protocol, host and port.
    pub fn find(
        &self,
        protocol: Protocol,
        host: &HostName,
        port: u16,
    ) -> Result<&Grant, BrokerError> {
        let mut denied = BrokerError::EgressUndeclared {
            plugin: self.plugin.clone(),
            target: host.with_port(port),
        };
        for grant in &self.grants {
            let declared = grant.host == *host
                && grant.port == port
                && grant.endpoint.protocols.contains(&protocol);
            if !declared {
                continue;
            }
            match (grant.granted, grant.narrowed) {
                (true, false) => return Ok(grant),
                (true, true) => denied = self.narrowed(host, port),
                (false, _) => {
                    denied = BrokerError::EgressUngranted {
                        plugin: self.plugin.clone(),
                        host: host.to_string(),
                        port,
                    }
                }
            }
        }
        Err(denied)
    }

    fn narrowed(&self, host: &HostName, port: u16) -> BrokerError {
        BrokerError::EgressNarrowed {
            provider: self.plugin.clone(),
            instance: self.instance.clone(),
            host: host.to_string(),
            port,
        }
    }
}

fn resolve(endpoint: &Endpoint, config: &BrokerConfig) -> Option<Grant> {
    let (host, port) =
        (Template::parse(&endpoint.host).ok()?, Template::parse(&endpoint.port).ok()?);
    let mut endpoint = endpoint.clone();
    // Where the operator wrote a scheme, it holds: no way around TLS, and none into it.
    if let Some(url) = host.url(&config.settings) {
        endpoint.protocols.retain(|protocol| is_secure(*protocol) == url.scheme.is_secure());
    }
    let host = HostName::parse(&host.fill(&config.settings).ok()?).ok()?;
    let port: u16 = port.fill(&config.settings).ok()?.parse().ok().filter(|port| *port > 0)?;
    let templated = endpoint.host.contains('{');
    let named = |list: &[String]| list.iter().any(|entry| covers(entry, &host, port));
    Some(Grant {
        granted: templated || config.literal_hosts.iter().any(|e| names_exactly(e, &host, port)),
        narrowed: config.hosts_narrow.as_deref().is_some_and(|hosts| !named(hosts)),
        policy: AddressPolicy {
            private_networks: config.private_networks,
            typed_literal: templated && host.is_literal(),
        },
        endpoint,
        host,
        port,
    })
}

fn is_secure(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Https | Protocol::Wss | Protocol::Tls)
}

/// Whether a `host` or `host:port` of `hosts:` covers this target.
fn covers(entry: &str, host: &HostName, port: u16) -> bool {
    let whole = HostName::parse(entry).is_ok_and(|name| name == *host);
    whole || names_exactly(entry, host, port)
}

fn names_exactly(entry: &str, host: &HostName, port: u16) -> bool {
    split_port(entry).is_some_and(|(name, entry_port)| {
        entry_port == Some(port) && HostName::parse(name).is_ok_and(|name| name == *host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{config, endpoint};
    use serde_json::json;

    fn grants(edit: impl FnOnce(&mut BrokerConfig)) -> Grants {
        let mut config = config(|predicate| {
            predicate.endpoints = vec![
                endpoint(json!({"name": "control", "protocols": ["ws", "wss"],
                    "host": "{host}", "port": "{port}"})),
                endpoint(json!({"name": "cloud", "protocols": ["https"],
                    "host": "api.example.com", "port": "443"})),
            ];
        });
        config.settings =
            json!({"host": "Studio.local.", "port": 4455}).as_object().unwrap().clone();
        edit(&mut config);
        Grants::new(&config)
    }

    fn find(grants: &Grants, protocol: Protocol, host: &str, port: u16) -> Result<(), BrokerError> {
        grants.find(protocol, &HostName::parse(host).unwrap(), port).map(|_| ())
    }

    #[test]
    fn a_template_is_granted_by_the_settings_and_nothing_near_it() {
        let grants = grants(|_| ());
        assert!(find(&grants, Protocol::Ws, "STUDIO.LOCAL", 4455).is_ok());
        for (protocol, host, port) in [
            (Protocol::Ws, "studio.local", 4456),
            (Protocol::Http, "studio.local", 4455),
            (Protocol::Ws, "evil.studio.local", 4455),
            (Protocol::Ws, "studio.local.evil", 4455),
            (Protocol::Ws, "127.0.0.1", 4455),
        ] {
            let denied = find(&grants, protocol, host, port).unwrap_err();
            assert!(matches!(denied, BrokerError::EgressUndeclared { .. }), "{host}: {denied:?}");
        }
    }

    #[test]
    fn a_url_grants_its_host_port_and_scheme() {
        for (url, protocol, host, port, ok) in [
            ("http://ha.local:8123", Protocol::Http, "ha.local", 8123, true),
            ("http://ha.local:8123/", Protocol::Ws, "HA.local", 8123, true),
            ("http://ha.local:8123", Protocol::Https, "ha.local", 8123, false),
            ("http://ha.local:8123", Protocol::Http, "ha.local", 80, false),
            ("http://ha.local", Protocol::Http, "ha.local", 80, true),
            ("https://ha.local", Protocol::Wss, "ha.local", 443, true),
            ("https://ha.local", Protocol::Http, "ha.local", 443, false),
            ("https://ha.local", Protocol::Ws, "ha.local", 443, false),
            ("http://[::1]:8123", Protocol::Http, "::1", 8123, true),
            ("http://127.1:8123", Protocol::Http, "127.0.0.1", 8123, false),
            ("http://evil@ha.local:8123", Protocol::Http, "ha.local", 8123, false),
        ] {
            let mut config = config(|predicate| {
                predicate.endpoints = vec![endpoint(json!({"name": "api", "host": "{url.host}",
                    "port": "{url.port}", "protocols": ["http", "https", "ws", "wss"]}))];
            });
            config.settings = json!({"url": url}).as_object().unwrap().clone();
            let found = find(&Grants::new(&config), protocol, host, port);
            assert_eq!(found.is_ok(), ok, "{url} {protocol:?} {host}:{port}");
        }
    }

    #[test]
    fn a_literal_needs_the_operators_grant_and_its_own_port() {
        for (list, ok) in [
            (vec![], false),
            (vec!["api.example.com:443".to_owned()], true),
            (vec!["API.example.com.:443".to_owned()], true),
            (vec!["api.example.com".to_owned()], false),
            (vec!["api.example.com:80".to_owned()], false),
        ] {
            let grants = grants(|config| config.literal_hosts = list.clone());
            let found = find(&grants, Protocol::Https, "api.example.com", 443);
            assert_eq!(found.is_ok(), ok, "{list:?}");
            if let Err(denied) = found {
                assert!(matches!(denied, BrokerError::EgressUngranted { .. }), "{denied:?}");
            }
        }
        let undeclared = grants(|config| config.literal_hosts = vec!["evil.example:443".into()]);
        assert!(find(&undeclared, Protocol::Https, "evil.example", 443).is_err());
    }

    #[test]
    fn hosts_only_narrow() {
        let narrowed = grants(|config| config.hosts_narrow = Some(vec!["other".into()]));
        let denied = find(&narrowed, Protocol::Ws, "studio.local", 4455).unwrap_err();
        assert!(matches!(denied, BrokerError::EgressNarrowed { .. }));
        for entry in ["studio.local", "studio.local:4455"] {
            let kept = grants(|config| config.hosts_narrow = Some(vec![entry.into()]));
            assert!(find(&kept, Protocol::Ws, "studio.local", 4455).is_ok(), "{entry}");
        }
        let wide = grants(|config| config.hosts_narrow = Some(vec!["evil.example".into()]));
        assert!(find(&wide, Protocol::Https, "evil.example", 443).is_err());
    }

    #[test]
    fn settings_that_do_not_make_a_host_grant_nothing() {
        for (host, port) in [
            (json!("127.1"), json!(4455)),
            (json!("a/b"), json!(4455)),
            (json!("host:80"), json!(4455)),
            (json!(null), json!(4455)),
            (json!("a"), json!(0)),
            (json!("a"), json!(70000)),
            (json!("a"), json!("4455x")),
        ] {
            let grants = grants(|config| {
                config.settings.insert("host".into(), host.clone());
                config.settings.insert("port".into(), port.clone());
            });
            assert!(!grants.grants.iter().any(|grant| grant.endpoint.name.as_str() == "control"));
        }
    }
}
