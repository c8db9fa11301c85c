//! The operator's side of secrets: names in, values in, nothing out.

use crate::anchor;
use crate::host::Host;
use crate::job::explain;
use if_config::{Home, Instance, SecretReference};
use if_core::{Code, Problem, SecretValue, UnixMillis, Word};
use if_vault::{Reference, Sources, Vault};
use std::sync::Arc;

/// A stored secret without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretListed {
    pub name: String,
    pub version: u64,
    pub set_at: UnixMillis,
}

/// A secret that an instance takes from elsewhere than the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretReferred {
    pub name: String,
    /// As it stands in the instance's file.
    pub from: String,
}

pub(crate) fn open(home: &Home) -> Vault {
    Vault::open(home.vault_key_file(), home.vault_file())
}

pub(crate) fn create(home: &Home) -> Result<(), Problem> {
    Vault::create(home.vault_key_file(), home.vault_file()).map(|_| ()).map_err(explain)
}

impl Host {
    /// Stores a value; returns its version. The provider must be installed and declare the secret.
    pub fn set_secret(
        &self,
        provider: &str,
        instance: &str,
        name: &str,
        value: SecretValue,
    ) -> Result<u64, Problem> {
        let full = self.declared(provider, instance, name)?;
        let version = open(&self.home).set(&full, value, self.now()).map_err(explain)?;
        self.note(&format!("secret {full} set, version {version}"))?;
        Ok(version)
    }

    /// Replaces a value that is there.
    pub fn rotate_secret(
        &self,
        provider: &str,
        instance: &str,
        name: &str,
        value: SecretValue,
    ) -> Result<u64, Problem> {
        let full = self.declared(provider, instance, name)?;
        let version = open(&self.home).rotate(&full, value, self.now()).map_err(explain)?;
        self.note(&format!("secret {full} rotated, version {version}"))?;
        Ok(version)
    }

    /// Refuses unless the secret is stored, before anybody types a new value.
    pub fn require_secret(
        &self,
        provider: &str,
        instance: &str,
        name: &str,
    ) -> Result<(), Problem> {
        let full = self.declared(provider, instance, name)?;
        match open(&self.home).contains(&full).map_err(explain)? {
            true => Ok(()),
            false => Err(Problem::new(Code::SecretMissing, format!("there is no secret {full}"))
                .hint(format!("ifctl secret set {provider} {instance} {name}"))),
        }
    }

    /// Takes a value away.
    pub fn remove_secret(&self, provider: &str, instance: &str, name: &str) -> Result<(), Problem> {
        let full = format!("{provider}/{instance}/{name}");
        open(&self.home).remove(&full).map_err(explain)?;
        self.note(&format!("secret {full} removed"))?;
        Ok(())
    }

    /// Names, versions and times.
    pub fn secrets(&self) -> Result<Vec<SecretListed>, Problem> {
        let listed = open(&self.home).list().map_err(explain)?;
        let row = |one: if_vault::Listed| SecretListed {
            name: one.name.to_string(),
            version: one.version,
            set_at: one.set_at,
        };
        Ok(listed.into_iter().map(row).collect())
    }

    /// What the instances of all installed plugins take from elsewhere than the vault.
    pub fn secrets_referred(&self) -> Result<Vec<SecretReferred>, Problem> {
        let mut referred = Vec::new();
        for plugin in self.plugins()? {
            let Ok(provider) = Word::new(plugin.provider) else { continue };
            for instance in self.instances(&provider)? {
                let instance = self.configured(&provider, &instance.name)?;
                let elsewhere = |it: &(&Word, &SecretReference)| *it.1 != SecretReference::Vault;
                let row = |(secret, from): (&Word, &SecretReference)| SecretReferred {
                    name: format!("{provider}/{}/{secret}", instance.name),
                    from: from.to_string(),
                };
                referred.extend(instance.secrets.iter().filter(elsewhere).map(row));
            }
        }
        Ok(referred)
    }

    /// Where the instance takes this secret from, if that is not the vault.
    pub fn secret_elsewhere(&self, provider: &str, instance: &str, name: &str) -> Option<String> {
        let word = |text: &str| Word::new(text).ok();
        let instance = self.configured(&word(provider)?, &word(instance)?).ok()?;
        let reference = instance.secrets.get(&word(name)?)?;
        (*reference != SecretReference::Vault).then(|| reference.to_string())
    }

    /// The full name, if the installed plugin declares such a secret: a typing error would
    /// otherwise store a value that nothing ever uses.
    fn declared(&self, provider: &str, instance: &str, name: &str) -> Result<String, Problem> {
        let word =
            |text: &str| Word::new(text).map_err(|e| Problem::new(Code::Usage, e.to_string()));
        let (provider, instance, name) = (word(provider)?, word(instance)?, word(name)?);
        let names = match provider.as_str() {
            // No plugin can be called so.
            anchor::PROVIDER => self.anchor_keys(&instance)?,
            _ => {
                let secrets = self.load(&provider)?.manifest.secrets.clone();
                secrets.iter().map(|secret| secret.name.to_string()).collect()
            }
        };
        if names.iter().any(|known| known == name.as_str()) {
            return Ok(format!("{provider}/{instance}/{name}"));
        }
        let problem = Problem::new(Code::Usage, format!("{provider} has no secret `{name}`"));
        Err(names.iter().fold(problem, |p, known| {
            p.hint(format!("ifctl secret set {provider} {instance} {known}"))
        }))
    }

    /// Where this instance's secrets come from.
    pub(crate) fn sources(&self, instance: Option<&Instance>) -> Result<Sources, Problem> {
        let environment = self.environment.clone();
        let vault = Arc::new(open(&self.home));
        let mut sources = Sources::new(vault, move |name| environment.variable(name));
        if let Some(instance) = instance {
            for (secret, reference) in &instance.secrets {
                let full = format!("{}/{}/{secret}", instance.provider, instance.name);
                let reference = match reference {
                    SecretReference::Vault => Reference::Vault,
                    SecretReference::Env(name) => Reference::Env(name.clone()),
                    SecretReference::File(path) => Reference::File(path.clone()),
                    SecretReference::Keyring(_) | SecretReference::Kv(_) => Reference::Outside,
                };
                sources = sources.refer(&full, reference).map_err(explain)?;
            }
        }
        Ok(sources)
    }
}
