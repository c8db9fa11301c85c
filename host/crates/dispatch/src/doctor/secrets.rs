//! Whether each place that secrets are to come from gives them. A value that came is dropped at
//! once; nothing is said of it.

use super::{Finding, Health};
use crate::host::Host;
use crate::outside::{OUTSIDE_MS_MAX, Placed};
use if_config::{Instance, SecretReference};
use if_core::{Code, Problem, SecretSource, Word};
use if_vault::Sources;
use std::time::Duration;

/// A secret that does not come from the vault, and whether its plugin can do without.
struct Looked {
    placed: Placed,
    optional: bool,
    sources: std::sync::Arc<Sources>,
}

impl Host {
    /// One finding for each secret of these providers' instances that comes from elsewhere than
    /// the vault.
    pub(super) fn secret_health(&self, providers: &[Word]) -> Vec<Finding> {
        // What cannot be loaded is a finding of its own already.
        let looked: Vec<Looked> =
            providers.iter().flat_map(|word| self.placed(word).unwrap_or_default()).collect();
        let outside: Vec<&Looked> = looked.iter().filter(|it| it.placed.is_outside()).collect();
        let wanted: Vec<&Placed> = outside.iter().map(|it| &it.placed).collect();
        let fetched = match self.fetch_all(&wanted, Duration::from_millis(OUTSIDE_MS_MAX)) {
            Ok(fetched) => fetched.unwrap_or_default(),
            Err(problem) => return vec![Finding::from("secret", Err(problem))],
        };
        for (one, fetched) in outside.into_iter().zip(fetched) {
            one.sources.bring(&one.placed.name, fetched.value);
        }
        looked.iter().map(Looked::finding).collect()
    }

    fn placed(&self, provider: &Word) -> Result<Vec<Looked>, Problem> {
        let loaded = self.load(provider)?;
        let mut looked = Vec::new();
        for shown in self.instances(provider)? {
            let instance: Instance = self.configured(provider, &shown.name)?;
            let sources = std::sync::Arc::new(self.sources(Some(&instance))?);
            let declared = Placed::all(&loaded, &instance)?.into_iter();
            let elsewhere = declared.zip(&loaded.manifest.secrets).map(|(placed, secret)| Looked {
                placed,
                optional: secret.optional,
                sources: sources.clone(),
            });
            looked.extend(elsewhere.filter(|it| it.placed.reference != SecretReference::Vault));
        }
        Ok(looked)
    }
}

impl Looked {
    fn finding(&self) -> Finding {
        let (name, from) = (&self.placed.name, &self.placed.reference);
        match self.sources.secret(&name.to_string()) {
            Ok(_) => Finding::good("secret", format!("{name} comes from {from}")),
            Err(why) if why.code != Code::SecretMissing => Finding::from("secret", Err(why)),
            Err(why) if self.optional => Finding::good("secret", format!("{why}; it is optional")),
            Err(why) => Finding { health: Health::Warning, ..Finding::good("secret", why.message) },
        }
    }
}
