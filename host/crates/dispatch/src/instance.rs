//! Instances: what an operator configured, and the grants that come with it.

use crate::host::Host;
use crate::job::explain;
use if_config::{Instance, ProviderFile, SecretReference, check_settings};
use if_core::{Problem, Word};
use if_manifest::model::{Endpoint, Predicate};
use if_manifest::template::Template;
use serde_json::{Map, Value};
use std::net::IpAddr;

/// An instance as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceShown {
    pub name: Word,
    pub settings: Map<String, Value>,
    pub private_network: bool,
    /// The secrets its plugin declares.
    pub secrets: Vec<SecretShown>,
}

/// A secret of an instance, without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretShown {
    pub name: Word,
    /// `vault`, or the reference that stands in the instance's file.
    pub from: String,
}

/// What `add` recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Added {
    pub settings: Map<String, Value>,
    pub private_network: bool,
    /// The address or name that was typed.
    pub host: String,
    /// Secrets that are needed and not set.
    pub secrets_missing: Vec<String>,
}

impl Host {
    /// All instances of a provider.
    pub fn instances(&self, provider: &Word) -> Result<Vec<InstanceShown>, Problem> {
        let file = self.provider_file(provider)?;
        let show = |instance: &Instance| InstanceShown {
            name: instance.name.clone(),
            settings: instance.settings.clone(),
            private_network: instance.private_network,
            secrets: Vec::new(),
        };
        Ok(file.instances().iter().map(show).collect())
    }

    /// One instance.
    pub fn instance(&self, provider: &Word, name: &Word) -> Result<InstanceShown, Problem> {
        let instance = self.configured(provider, name)?;
        let secrets = match self.load(provider) {
            Ok(loaded) => {
                let declared = loaded.manifest.secrets.iter();
                declared.map(|secret| SecretShown::of(&instance, &secret.name)).collect()
            }
            Err(_) => Vec::new(),
        };
        Ok(InstanceShown {
            name: instance.name,
            settings: instance.settings,
            private_network: instance.private_network,
            secrets,
        })
    }

    /// Records an instance, which grants its plugin the endpoints its settings name. Defaults are
    /// written out, so that a later version of the plugin cannot move them.
    pub fn add_instance(
        &self,
        provider: &Word,
        name: &Word,
        settings: Map<String, Value>,
        private: bool,
    ) -> Result<Added, Problem> {
        let loaded = self.load(provider)?;
        let mut instance = Instance::new(provider.clone(), name.clone());
        instance.settings = settings;
        instance.settings =
            check_settings(&instance, &loaded.manifest.settings).map_err(explain)?;
        let host = typed_host(&loaded.manifest, &instance.settings);
        instance.private_network = private || is_typed_private(&host);
        let added = Added {
            settings: instance.settings.clone(),
            private_network: instance.private_network,
            host,
            secrets_missing: self.missing_secrets(&loaded, &instance)?,
        };
        self.provider_file(provider)?.add(instance).map_err(explain)?;
        self.note(&format!(
            "instance {provider} {name} added: {}",
            Value::Object(added.settings.clone())
        ))?;
        Ok(added)
    }

    /// Forgets an instance. Its secrets stay until they are removed by name.
    pub fn remove_instance(&self, provider: &Word, name: &Word) -> Result<(), Problem> {
        self.provider_file(provider)?.remove(name.as_str()).map_err(explain)?;
        self.note(&format!("instance {provider} {name} removed"))?;
        Ok(())
    }

    /// Secrets that are to come from the vault, are not there, and that the instance's plugin
    /// cannot do without, after checking the instance's settings.
    pub(crate) fn secrets_needed(
        &self,
        provider: &Word,
        name: &Word,
    ) -> Result<Vec<String>, Problem> {
        let loaded = self.load(provider)?;
        let instance = self.configured(provider, name)?;
        check_settings(&instance, &loaded.manifest.settings).map_err(explain)?;
        let mut missing = self.missing_secrets(&loaded, &instance)?;
        let declared = &loaded.manifest.secrets;
        missing.retain(|name| declared.iter().any(|it| it.name.as_str() == name && !it.optional));
        let elsewhere = |name: &str| instance.secrets.keys().any(|secret| secret.as_str() == name);
        missing.retain(|name| !elsewhere(name));
        Ok(missing)
    }

    pub(crate) fn configured(&self, provider: &Word, name: &Word) -> Result<Instance, Problem> {
        self.provider_file(provider)?.instance(name.as_str()).cloned().map_err(explain)
    }

    fn provider_file(&self, provider: &Word) -> Result<ProviderFile, Problem> {
        ProviderFile::load(&self.home.provider_file(provider)).map_err(explain)
    }

    #[cfg(feature = "live")]
    fn missing_secrets(
        &self,
        loaded: &if_registry::Loaded,
        instance: &Instance,
    ) -> Result<Vec<String>, Problem> {
        let sources = self.sources(Some(instance))?;
        let missing = |name: &str| {
            !sources.available(&format!("{}/{}/{name}", instance.provider, instance.name))
        };
        let declared = loaded.manifest.secrets.iter().map(|secret| secret.name.as_str());
        Ok(declared.filter(|name| missing(name)).map(str::to_owned).collect())
    }

    #[cfg(not(feature = "live"))]
    fn missing_secrets(
        &self,
        _: &if_registry::Loaded,
        _: &Instance,
    ) -> Result<Vec<String>, Problem> {
        Ok(Vec::new())
    }
}

impl SecretShown {
    fn of(instance: &Instance, name: &Word) -> Self {
        let from = instance.secrets.get(name).unwrap_or(&SecretReference::Vault).to_string();
        Self { name: name.clone(), from }
    }
}

/// The host that the settings grant: of the first endpoint that has one from them.
fn typed_host(predicate: &Predicate, settings: &Map<String, Value>) -> String {
    let templated = |endpoint: &&Endpoint| endpoint.host.contains('{');
    let host = |endpoint: &Endpoint| Template::parse(&endpoint.host).ok()?.fill(settings).ok();
    predicate.endpoints.iter().filter(templated).find_map(host).unwrap_or_default()
}

/// An address of the operator's own network, typed as such: the typing is the grant. A name is not:
/// who answers for it may change.
fn is_typed_private(host: &str) -> bool {
    if host == "localhost" {
        return true;
    }
    match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_typed_private_address_is_its_own_grant() {
        for host in [
            "192.168.1.100",
            "10.0.0.1",
            "127.0.0.1",
            "localhost",
            "::1",
            "[fd00::1]",
            "169.254.3.4",
        ] {
            assert!(is_typed_private(host), "{host}");
        }
        for host in ["example.com", "8.8.8.8", "studio.local", "192.168.1.100.nip.example", ""] {
            assert!(!is_typed_private(host), "{host}");
        }
    }
}
