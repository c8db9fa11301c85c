//! Secrets that rest outside of this home: in the desktop's keyring, or on a KV server.
//!
//! They are fetched between the intent and the guest: what leaves this machine is recorded before,
//! and no guest waits for a keyring. All at once, within a bounded time. A place that gives nothing
//! does not end the call. Whoever asks for the secret learns why, with the line that mends it; a
//! call that does not need it goes on.

use crate::host::Host;
use crate::job::{Job, explain};
use crate::run::block_on;
use crate::wish::Wishes;
use if_config::{Instance, KeyringItem, KvField, SecretReference};
use if_core::{Code, Problem, SecretValue, Word};
use if_registry::Loaded;
use if_runtime::Call;
use if_vault::{SecretName, Sources};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for all places outside together: somebody waits for it at a prompt. A keyring
/// answers in milliseconds, a server across the world in a second.
pub(crate) const OUTSIDE_MS_MAX: u64 = 5_000;

/// A declared secret of an instance and where it comes from.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    /// `<provider>/<instance>/<secret>`.
    pub name: SecretName,
    pub reference: SecretReference,
}

/// The secrets of one operation and what still has to be fetched.
pub(crate) struct Outside {
    pub sources: Arc<Sources>,
    pub placed: Vec<Placed>,
}

/// What a place outside gave, and the facts of it for the log.
pub(crate) struct Fetched {
    pub value: Result<SecretValue, Problem>,
    pub facts: Map<String, Value>,
}

impl Fetched {
    /// Nothing, and nothing to tell of it but why.
    pub fn failed(why: Problem) -> Self {
        Self { value: Err(why), facts: Map::new() }
    }
}

impl Placed {
    /// The secrets that the plugin declares and the instance places somewhere.
    pub fn all(loaded: &Loaded, instance: &Instance) -> Result<Vec<Self>, Problem> {
        let place = |secret: &Word| {
            let name = format!("{}/{}/{secret}", instance.provider, instance.name);
            let reference = instance.secrets.get(secret).cloned();
            let reference = reference.unwrap_or(SecretReference::Vault);
            Ok(Self { name: SecretName::parse(&name).map_err(explain)?, reference })
        };
        loaded.manifest.secrets.iter().map(|secret| place(&secret.name)).collect()
    }

    pub fn is_outside(&self) -> bool {
        matches!(self.reference, SecretReference::Keyring(_) | SecretReference::Kv(_))
    }

    /// Why this secret is not there, in words that name it and both ways out.
    fn without(&self, why: &Problem) -> Problem {
        let text =
            format!("secret `{}` is to come from `{}`: {}", self.name, self.reference, why.message);
        let problem = Problem { message: text, ..why.clone() };
        problem.hint(self.name.vault_instead())
    }
}

impl Outside {
    /// Names of the secrets that have a value, or may have one.
    pub fn available(&self) -> Vec<String> {
        let there = |placed: &&Placed| self.sources.available(&placed.name.to_string());
        self.placed.iter().filter(there).map(|placed| placed.name.secret.to_string()).collect()
    }
}

impl Host {
    /// Fetches what this operation's secrets need from outside. False when the operator stopped it.
    pub(crate) fn fetch(
        &self,
        job: &Job<'_>,
        call: &mut Call,
        wishes: &mut Wishes,
    ) -> Result<bool, Problem> {
        let outside = &wishes.outside;
        let within = Duration::from_millis(OUTSIDE_MS_MAX.min(job.deadline_ms));
        let wanted: Vec<&Placed> = outside.placed.iter().filter(|it| it.is_outside()).collect();
        let Some(fetched) = self.fetch_all(&wanted, within)? else { return Ok(false) };
        let mut facts = Map::new();
        for placed in outside.placed.iter().filter(|it| it.reference != SecretReference::Vault) {
            let from = json!({ "from": placed.reference.to_string() });
            facts.insert(placed.name.secret.to_string(), from);
        }
        for (placed, mut fetched) in wanted.into_iter().zip(fetched) {
            if let Some(Value::Object(known)) = facts.get_mut(placed.name.secret.as_str()) {
                known.append(&mut fetched.facts);
            }
            outside.sources.bring(&placed.name, fetched.value);
        }
        call.facts.secrets_available = outside.available();
        wishes.sources = (!facts.is_empty()).then_some(facts);
        Ok(true)
    }

    /// What the places outside give, in the order of the question; nothing on Ctrl-C.
    pub(crate) fn fetch_all(
        &self,
        wanted: &[&Placed],
        within: Duration,
    ) -> Result<Option<Vec<Fetched>>, Problem> {
        if wanted.is_empty() {
            return Ok(Some(Vec::new()));
        }
        block_on(async {
            tokio::select! {
                fetched = self.places(wanted, within) => Some(fetched),
                _ = tokio::signal::ctrl_c() => None,
            }
        })
    }

    async fn places(&self, wanted: &[&Placed], within: Duration) -> Vec<Fetched> {
        let items: Vec<&KeyringItem> = wanted.iter().filter_map(|it| it.keyring_item()).collect();
        let fields: Vec<&KvField> = wanted.iter().filter_map(|it| it.kv_field()).collect();
        let (keyring, kv) =
            tokio::join!(self.ask_keyring(&items, within), self.ask_kv(&fields, within));
        let (mut keyring, mut kv) = (keyring.into_iter(), kv.into_iter());
        let fetched = |placed: &&Placed| {
            let given = match &placed.reference {
                SecretReference::Keyring(_) => {
                    keyring.next().map(|value| Fetched { value, facts: Map::new() })
                }
                SecretReference::Kv(_) => kv.next(),
                _ => None,
            };
            placed.told(given.unwrap_or_else(|| Fetched::failed(not_asked())))
        };
        wanted.iter().map(fetched).collect()
    }

    #[cfg(feature = "keyring")]
    async fn ask_keyring(
        &self,
        items: &[&KeyringItem],
        within: Duration,
    ) -> Vec<Result<SecretValue, Problem>> {
        if items.is_empty() {
            return Vec::new();
        }
        let item = |item: &&KeyringItem| if_keyring::Item {
            service: item.service.clone(),
            account: item.account.clone(),
        };
        let wanted: Vec<if_keyring::Item> = items.iter().map(item).collect();
        let environment = &self.environment;
        let keyring = if_keyring::Keyring::of_session(
            environment.session_bus(),
            environment.runtime_dir().as_deref(),
        );
        match keyring {
            Ok(keyring) => {
                let values = keyring.values(&wanted, within).await;
                values.into_iter().map(|value| value.map_err(explain)).collect()
            }
            Err(why) => wanted.iter().map(|_| Err(explain(why.clone()))).collect(),
        }
    }

    #[cfg(not(feature = "keyring"))]
    async fn ask_keyring(
        &self,
        items: &[&KeyringItem],
        _: Duration,
    ) -> Vec<Result<SecretValue, Problem>> {
        items.iter().map(|_| Err(no_keyring())).collect()
    }
}

impl Placed {
    /// What was fetched, in words of this secret.
    fn told(&self, fetched: Fetched) -> Fetched {
        let Fetched { value, mut facts } = fetched;
        let value = value.map_err(|why| self.without(&why));
        if let Err(why) = &value {
            facts.insert("error".to_owned(), json!(why.code));
        }
        Fetched { value, facts }
    }

    fn kv_field(&self) -> Option<&KvField> {
        match &self.reference {
            SecretReference::Kv(field) => Some(field),
            _ => None,
        }
    }

    fn keyring_item(&self) -> Option<&KeyringItem> {
        match &self.reference {
            SecretReference::Keyring(item) => Some(item),
            _ => None,
        }
    }
}

/// A build that leaves D-Bus out.
#[cfg(any(test, not(feature = "keyring")))]
fn no_keyring() -> Problem {
    Problem::new(Code::SecretSource, "this program was built without the desktop's keyring")
        .hint("build it with `--features keyring`, which is on unless it was switched off")
}

fn not_asked() -> Problem {
    Problem::new(Code::Bug, "nobody was asked for it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(reference: &str) -> Placed {
        let name = SecretName::parse("obs/studio/password").unwrap();
        Placed { name, reference: SecretReference::parse(reference).unwrap() }
    }

    #[test]
    fn only_a_place_outside_is_fetched() {
        for inside in ["vault", "env:X", "file:/x"] {
            assert!(!placed(inside).is_outside(), "{inside}");
        }
        assert!(placed("keyring:obs/studio").is_outside());
        assert!(placed("kv:secret/obs#password").is_outside());
    }

    #[test]
    fn a_build_without_the_keyring_says_so_and_names_both_ways_out() {
        let problem = placed("keyring:obs/studio").without(&no_keyring());
        assert_eq!(problem.code, Code::SecretSource);
        let text = "secret `obs/studio/password` is to come from `keyring:obs/studio`: \
                    this program was built without the desktop's keyring";
        assert_eq!(problem.message, text);
        assert!(problem.hints[0].contains("--features keyring"), "{problem:?}");
        assert!(problem.hints[1].ends_with("run: ifctl secret set obs studio password"));
    }
}
