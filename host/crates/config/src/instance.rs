//! One instance of a provider: settings, what it may reach, and where its secrets come from.
//!
//! Three keys are ours: `private_network`, `hosts` and `secrets`. All others are settings, which
//! mean
//! something only beside the manifest's schema: [`check_settings`] brings the two together. A
//! secret
//! in plain text is refused both when the file is read and when it is checked.

use crate::reference::{FORMS, SecretReference};
use crate::{ConfigError, literal, nearest};
use if_core::Word;
use if_manifest::model::{Kind, Parameter};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// This instance may reach addresses of private networks.
pub(crate) const PRIVATE_NETWORK: &str = "private_network";
/// Of the granted hosts, only these.
pub(crate) const HOSTS: &str = "hosts";
/// Where secrets come from, if not from the vault.
pub(crate) const SECRETS: &str = "secrets";

/// Most entries under `hosts:`. A device has one address; a cloud has a handful of names.
const HOSTS_MAX: usize = 64;

/// An instance as the operator recorded it.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    pub provider: Word,
    pub name: Word,
    /// Everything that is not one of our keys, in the order of the file. Unchecked.
    pub settings: Map<String, Value>,
    /// Recorded by `add`: addresses of private networks may be reached.
    pub private_network: bool,
    /// Narrows the granted hosts to these; never widens. `None`: no narrowing.
    pub hosts: Option<Vec<String>>,
    /// Secrets that do not come from the vault, by the manifest's name.
    pub secrets: BTreeMap<Word, SecretReference>,
}

/// Why a key of an instance is refused.
pub(crate) enum Fault {
    /// The secret of this name stands in plain text.
    Literal(String),
    /// Anything else, in words.
    Text(String),
}

impl Instance {
    /// An instance without settings.
    pub fn new(provider: Word, name: Word) -> Self {
        Self {
            provider,
            name,
            settings: Map::new(),
            private_network: false,
            hosts: None,
            secrets: BTreeMap::new(),
        }
    }

    /// Takes one key of the file.
    pub(crate) fn take(&mut self, key: &str, value: Value) -> Result<(), Fault> {
        match key {
            PRIVATE_NETWORK => {
                let word = value.as_bool();
                self.private_network = word.ok_or_else(|| text("must be true or false"))?;
            }
            HOSTS => self.hosts = Some(hosts(value).ok_or_else(hosts_rule)?),
            SECRETS => self.secrets = references(value)?,
            _ if literal::always_secret(key) && literal::is_literal(&value) => {
                return Err(match value.as_str().and_then(SecretReference::parse) {
                    Some(_) => text("stands under `secrets:`, not beside the settings"),
                    None => Fault::Literal(key.to_owned()),
                });
            }
            _ => {
                self.settings.insert(key.to_owned(), value);
            }
        }
        Ok(())
    }

    /// The instance's keys as they are written to the file; what is default is left out.
    pub(crate) fn to_map(&self) -> Map<String, Value> {
        let mut map = self.settings.clone();
        if self.private_network {
            map.insert(PRIVATE_NETWORK.to_owned(), Value::Bool(true));
        }
        if let Some(hosts) = &self.hosts {
            map.insert(HOSTS.to_owned(), hosts.iter().map(String::as_str).collect());
        }
        if !self.secrets.is_empty() {
            let text = |(name, from): (&Word, &SecretReference)| {
                (name.to_string(), Value::String(from.to_string()))
            };
            map.insert(SECRETS.to_owned(), Value::Object(self.secrets.iter().map(text).collect()));
        }
        map
    }

    fn literal(&self, key: &str) -> ConfigError {
        ConfigError::LiteralSecret {
            provider: self.provider.clone(),
            instance: self.name.clone(),
            key: key.to_owned(),
        }
    }
}

fn text(what: &str) -> Fault {
    Fault::Text(what.to_owned())
}

fn hosts_rule() -> Fault {
    Fault::Text(format!("must be a list of at most {HOSTS_MAX} host names"))
}

fn hosts(value: Value) -> Option<Vec<String>> {
    let Value::Array(items) = value else { return None };
    let host = |item: Value| match item {
        Value::String(host) if !host.is_empty() && !host.contains(char::is_whitespace) => {
            Some(host)
        }
        _ => None,
    };
    if items.len() > HOSTS_MAX { None } else { items.into_iter().map(host).collect() }
}

fn references(value: Value) -> Result<BTreeMap<Word, SecretReference>, Fault> {
    let forms = &format!("must be a mapping of names to {FORMS}");
    let map = match value {
        Value::Null => return Ok(BTreeMap::new()),
        Value::Object(map) => map,
        _ => return Err(text(forms)),
    };
    let mut references = BTreeMap::new();
    for (name, value) in map {
        let name = Word::new(name).map_err(|_| text(forms))?;
        let reference = value.as_str().and_then(SecretReference::parse);
        let reference = reference.ok_or_else(|| match literal::is_literal(&value) {
            true => Fault::Literal(name.to_string()),
            false => text(forms),
        })?;
        references.insert(name, reference);
    }
    Ok(references)
}

/// The instance's settings as the manifest's schema wants them: checked, with defaults filled in.
/// A duration may be written `5s` and becomes milliseconds.
///
/// # Errors
/// [`ConfigError::LiteralSecret`], [`ConfigError::SettingUnknown`] with the nearest name,
/// [`ConfigError::SettingMissing`], [`ConfigError::SettingInvalid`].
pub fn check_settings(
    instance: &Instance,
    parameters: &[Parameter],
) -> Result<Map<String, Value>, ConfigError> {
    for (key, value) in &instance.settings {
        if !parameters.iter().any(|parameter| parameter.name.as_str() == key) {
            return Err(undeclared(instance, key, value, parameters));
        }
    }
    let mut checked = Map::new();
    for parameter in parameters {
        if let Some(value) = check_one(instance, parameter)? {
            checked.insert(parameter.name.to_string(), value);
        }
    }
    Ok(checked)
}

/// One setting, checked; `None` where it has no value and needs none.
pub(crate) fn check_one(
    instance: &Instance,
    parameter: &Parameter,
) -> Result<Option<Value>, ConfigError> {
    let key = parameter.name.as_str();
    let given = instance.settings.get(key);
    if matches!(parameter.kind, Kind::Secret) {
        // Its place is the vault; nothing about it is a setting.
        return if given.is_some() { Err(instance.literal(key)) } else { Ok(None) };
    }
    if given.is_some_and(|value| literal::always_secret(key) && literal::is_literal(value)) {
        return Err(instance.literal(key));
    }
    match given.or(parameter.default.as_ref()) {
        Some(value) => fit(instance, parameter, value).map(Some),
        None if parameter.required => Err(ConfigError::SettingMissing {
            provider: instance.provider.clone(),
            instance: instance.name.clone(),
            key: parameter.name.clone(),
        }),
        None => Ok(None),
    }
}

/// The value as the kind wants it.
fn fit(instance: &Instance, parameter: &Parameter, value: &Value) -> Result<Value, ConfigError> {
    let fitted = match (&parameter.kind, value) {
        (Kind::Duration { .. }, Value::String(text)) => parameter.kind.parse_text(text),
        (kind, value) => kind.check(value).map(|()| value.clone()),
    };
    fitted.map_err(|why| ConfigError::SettingInvalid {
        provider: instance.provider.clone(),
        instance: instance.name.clone(),
        key: parameter.name.clone(),
        why,
    })
}

/// A key that no parameter has: a secret, a reference in the wrong place, or a slip.
pub(crate) fn undeclared(
    instance: &Instance,
    key: &str,
    value: &Value,
    parameters: &[Parameter],
) -> ConfigError {
    let reference = value.as_str().and_then(SecretReference::parse).is_some();
    if literal::perhaps_secret(key) && literal::is_literal(value) && !reference {
        return instance.literal(key);
    }
    let known = parameters.iter().filter(|parameter| !matches!(parameter.kind, Kind::Secret));
    let known: Vec<&str> = known.map(|parameter| parameter.name.as_str()).collect();
    let hint = match nearest(key, known.iter().copied()) {
        _ if reference => format!("write it under `secrets:` of `{}`", instance.name),
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => format!("{} has no settings", instance.provider),
        None => format!("settings of {}: {}", instance.provider, known.join(", ")),
    };
    ConfigError::SettingUnknown {
        provider: instance.provider.clone(),
        instance: instance.name.clone(),
        key: key.to_owned(),
        hint: Some(hint),
    }
}

#[cfg(test)]
mod tests;
