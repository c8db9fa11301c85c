//! The call's vault: tokens that a guest may hold, and the values for which they stand.
//!
//! A token is unguessable, means something in this call only, and never tells its value: a guest
//! that prints, stores or sends it elsewhere has given away nothing. Values are derived when asked
//! for, kept in memory that is zeroed, and dropped when the call ends. A fake broker reads no
//! secret at all: its tokens stand for themselves.

pub mod capture;
pub mod echo;
pub mod recipes;
mod signing;
pub mod sinks;
pub(crate) mod spans;

use crate::BrokerError;
use crate::grants::host::shown;
use echo::Needles;
use if_core::{Ask, Frame, SecretSource, SecretValue, UnixMillis, Word};
use if_manifest::model::{Predicate, Recipe, Secret, Sink};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// In front of every token. Tokens are lower-case letters, digits and `-`: they survive URL, JSON
/// and header encoders.
const TOKEN_PREFIX: &str = "ifp-";
/// 160 random bits as hexadecimal digits.
const TOKEN_RANDOM_BYTES: usize = 20;
const TOKEN_LENGTH: usize = TOKEN_PREFIX.len() + 2 * TOKEN_RANDOM_BYTES;
/// Most placeholders of one call, captures included: each is searched for in every answer. A stream
/// that has made as many forgets its oldest with each new one: it made that for a connection of
/// long ago.
const PLACEHOLDERS_MAX: usize = 256;
/// Longest public input: a nonce, a challenge, a canonical request.
const INPUT_BYTES_MAX: usize = 16 << 10;

/// Where a value may stand.
#[derive(Debug)]
pub enum Places {
    /// The sinks of a recipe.
    Declared(Vec<Sink>),
    /// Came from this endpoint under this name; the manifest may have named further sinks.
    Captured { endpoint: Word, name: String, sinks: Vec<Sink> },
}

/// A token and what it stands for.
#[derive(Debug)]
pub struct Placeholder {
    pub token: String,
    /// Stable between calls: `auth`, `auth#2`, `capture.access_token`.
    pub label: String,
    /// Names of the secrets in it, for the report; a captured value has none.
    pub secrets: Vec<Word>,
    pub places: Places,
    value: SecretValue,
}

#[derive(Default)]
struct Inner {
    placeholders: Vec<Arc<Placeholder>>,
    /// The secrets themselves, whatever was derived from them.
    raw: BTreeMap<Word, SecretValue>,
    needles: Option<Arc<Needles>>,
    forgotten: usize,
}

/// One call's placeholders.
pub struct Vault {
    inner: Mutex<Inner>,
    /// Each token and its name, also when the values are gone. The oldest are forgotten first.
    names: Mutex<VecDeque<(String, String)>>,
    /// Reads no secret and searches for none.
    fake: bool,
    /// Forgets the oldest placeholder rather than refusing a new one.
    rolling: bool,
}

impl Vault {
    /// An empty vault.
    pub fn new(fake: bool) -> Self {
        Self { inner: Mutex::default(), names: Mutex::default(), fake, rolling: false }
    }

    /// The same, for a stream.
    pub fn rolling(self, rolling: bool) -> Self {
        Self { rolling, ..self }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new token for what `recipe` makes of the instance's secrets and these inputs.
    pub fn make(
        &self,
        predicate: &Predicate,
        (recipe, inputs): (&str, &BTreeMap<String, String>),
        (source, prefix): (&dyn SecretSource, &str),
        now: UnixMillis,
    ) -> Result<String, BrokerError> {
        let (secret, recipe) = find_recipe(predicate, recipe)?;
        check_inputs(recipe, inputs)?;
        let mut names = vec![secret.name.clone()];
        recipes::secrets_of(&recipe.step, &mut names);
        let value = if self.fake {
            None
        } else {
            for name in &names {
                self.fetch(name, source, prefix)?;
            }
            let inner = self.lock();
            let from = recipes::Ingredients { secrets: &inner.raw, inputs, now };
            let value = recipes::derive(&recipe.step, &from).map_err(|error| {
                BrokerError::Recipe { recipe: recipe.name.to_string(), reason: error.to_string() }
            })?;
            Some(SecretValue::new(value.to_vec()))
        };
        let places = Places::Declared(recipe.sinks.clone());
        self.add(recipe.name.as_str(), names, places, value)
    }

    fn fetch(
        &self,
        name: &Word,
        source: &dyn SecretSource,
        prefix: &str,
    ) -> Result<(), BrokerError> {
        if !self.lock().raw.contains_key(name) {
            let value = source.secret(&format!("{prefix}/{name}"))?;
            let mut inner = self.lock();
            inner.raw.insert(name.clone(), value);
            inner.needles = None;
        }
        Ok(())
    }

    /// A token for a value that came in an answer; the same one for the same value.
    pub fn capture(
        &self,
        value: &[u8],
        name: &str,
        endpoint: &Word,
        sinks: &[Sink],
    ) -> Result<String, BrokerError> {
        let known = self.lock().placeholders.iter().find_map(|placeholder| {
            let same = match &placeholder.places {
                Places::Captured { endpoint: from, name: as_name, .. } => {
                    from == endpoint && as_name == name && placeholder.value.expose() == value
                }
                Places::Declared(_) => false,
            };
            // A guest that is shown its own token again keeps it.
            (same || placeholder.token.as_bytes() == value).then(|| placeholder.token.clone())
        });
        if let Some(token) = known {
            return Ok(token);
        }
        let places = Places::Captured {
            endpoint: endpoint.clone(),
            name: name.to_owned(),
            sinks: sinks.to_vec(),
        };
        let value = SecretValue::new(value.to_vec());
        self.add(&format!("capture.{}", shown(name)), Vec::new(), places, Some(value))
    }

    fn add(
        &self,
        label: &str,
        secrets: Vec<Word>,
        places: Places,
        value: Option<SecretValue>,
    ) -> Result<String, BrokerError> {
        let token = new_token()?;
        let mut inner = self.lock();
        if inner.placeholders.len() >= PLACEHOLDERS_MAX {
            if !self.rolling {
                let max = PLACEHOLDERS_MAX as u64;
                return Err(BrokerError::TooManyPlaceholders { max });
            }
            inner.placeholders.remove(0);
            inner.forgotten += 1;
        }
        let numbered = |entry: &Arc<Placeholder>| entry.label.split('#').next() == Some(label);
        let known = inner.placeholders.iter().filter(|entry| numbered(entry)).count();
        let before = known + inner.forgotten;
        let label = if before == 0 { label.into() } else { format!("{label}#{}", before + 1) };
        let value = value.unwrap_or_else(|| SecretValue::new(token.clone().into_bytes()));
        self.name(&token, &label);
        let placeholder = Placeholder { token: token.clone(), label, secrets, places, value };
        inner.placeholders.push(Arc::new(placeholder));
        inner.needles = None;
        Ok(token)
    }

    fn name(&self, token: &str, label: &str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= PLACEHOLDERS_MAX {
            names.pop_front();
        }
        names.push_back((token.to_owned(), label.to_owned()));
    }

    /// Each token that was given out, and its name.
    pub fn names(&self) -> Vec<(String, String)> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.iter().cloned().collect()
    }

    /// Every token in these bytes, with its offset, in order.
    pub fn tokens_in(&self, bytes: &[u8]) -> Vec<(usize, Arc<Placeholder>)> {
        let inner = self.lock();
        let mut found = Vec::new();
        if inner.placeholders.is_empty() {
            return found;
        }
        let mut from = 0;
        while let Some(at) = position(bytes, from) {
            let candidate = bytes.get(at..at + TOKEN_LENGTH).unwrap_or_default();
            let known = inner.placeholders.iter().find(|p| p.token.as_bytes() == candidate);
            from = at + known.map_or(1, |_| TOKEN_LENGTH);
            found.extend(known.map(|placeholder| (at, placeholder.clone())));
        }
        found
    }

    /// The bytes with stable names instead of tokens: what logs, plans and cassettes show.
    pub fn stable(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        let mut from = 0;
        for (at, placeholder) in self.tokens_in(bytes) {
            out.extend_from_slice(bytes.get(from..at).unwrap_or_default());
            out.extend_from_slice(format!("<placeholder:{}>", placeholder.label).as_bytes());
            from = at + TOKEN_LENGTH;
        }
        out.extend_from_slice(bytes.get(from..).unwrap_or_default());
        out
    }

    /// The same for text.
    pub fn stable_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.stable(text.as_bytes())).into_owned()
    }

    /// The ask as a transcript or cassette holds it.
    pub fn stable_ask(&self, ask: &Ask) -> Ask {
        let mut ask = ask.clone();
        if self.lock().placeholders.is_empty() {
            return ask;
        }
        let headers = |headers: &mut Vec<(String, String)>| {
            headers.iter_mut().for_each(|(_, value)| *value = self.stable_text(value));
        };
        match &mut ask {
            Ask::Http { request } => {
                request.url = self.stable_text(&request.url);
                headers(&mut request.headers);
                request.body = self.stable(&request.body);
            }
            Ask::Open { target } => {
                target.path = target.path.as_deref().map(|path| self.stable_text(path));
                headers(&mut target.headers);
            }
            Ask::Send { frame, .. } => self.stable_frame(frame),
            Ask::Placeholder { inputs, .. } => {
                inputs.values_mut().for_each(|value| *value = self.stable_text(value));
            }
            Ask::BlobWrite { bytes, .. } => *bytes = self.stable(bytes),
            Ask::StateSet { value: Some(value), .. } => *value = self.stable(value),
            Ask::Attach { evidence, .. } => *evidence = self.stable_text(evidence),
            _ => {}
        }
        ask
    }

    fn stable_frame(&self, frame: &mut Frame) {
        match frame {
            Frame::Text(text) => *text = self.stable_text(text),
            Frame::Binary(bytes) => *bytes = self.stable(bytes),
            Frame::Closed { reason, .. } => *reason = self.stable_text(reason),
        }
    }

    /// The text with every captured value replaced by its token, wherever it stands.
    pub fn hide(&self, text: &str) -> Option<String> {
        let inner = self.lock();
        let captured =
            |placeholder: &&Arc<Placeholder>| matches!(placeholder.places, Places::Captured { .. });
        let mut hidden: Option<String> = None;
        for placeholder in inner.placeholders.iter().filter(captured) {
            let Ok(value) = std::str::from_utf8(placeholder.value.expose()) else { continue };
            let now = hidden.as_deref().unwrap_or(text);
            if !value.is_empty() && now.contains(value) {
                hidden = Some(now.replace(value, &placeholder.token));
            }
        }
        hidden
    }

    /// Whether a secret of the instance, or what was derived from one, is in these bytes.
    pub fn repeats(&self, bytes: &[u8]) -> bool {
        if self.fake {
            return false;
        }
        let inner = self.lock();
        let own =
            |placeholder: &&Arc<Placeholder>| matches!(placeholder.places, Places::Declared(_));
        let derived = inner.placeholders.iter().filter(own).map(|it| it.value.expose());
        let raw = inner.raw.values().map(SecretValue::expose);
        Needles::new(derived.chain(raw)).is_some_and(|needles| needles.found_in(bytes))
    }

    /// What answers are searched for; `None` while nothing secret was used.
    pub fn needles(&self) -> Option<Arc<Needles>> {
        if self.fake {
            return None;
        }
        let mut inner = self.lock();
        if inner.needles.is_none() {
            let derived = inner.placeholders.iter().map(|placeholder| placeholder.value.expose());
            let raw = inner.raw.values().map(SecretValue::expose);
            let needles = Needles::new(derived.chain(raw)).map(Arc::new);
            inner.needles = needles;
        }
        inner.needles.clone()
    }

    /// Forgets every value and every token.
    pub fn clear(&self) {
        *self.lock() = Inner::default();
    }
}

/// Text that cannot be made without the operating system's random numbers.
fn new_token() -> Result<String, BrokerError> {
    let mut random = [0u8; TOKEN_RANDOM_BYTES];
    getrandom::fill(&mut random)
        .map_err(|error| BrokerError::Bug(format!("no random numbers: {error}")))?;
    Ok(format!("{TOKEN_PREFIX}{}", hex::encode(random)))
}

fn position(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let prefix = TOKEN_PREFIX.as_bytes();
    rest.windows(prefix.len()).position(|window| window == prefix).map(|at| from + at)
}

fn find_recipe<'a>(
    predicate: &'a Predicate,
    name: &str,
) -> Result<(&'a Secret, &'a Recipe), BrokerError> {
    let recipes = predicate
        .secrets
        .iter()
        .flat_map(|secret| secret.recipes.iter().map(move |recipe| (secret, recipe)));
    recipes.into_iter().find(|(_, recipe)| recipe.name.as_str() == name).ok_or_else(|| {
        BrokerError::Invalid(format!("the manifest has no recipe `{}`", shown(name)))
    })
}

fn check_inputs(recipe: &Recipe, inputs: &BTreeMap<String, String>) -> Result<(), BrokerError> {
    let refuse =
        |reason: String| Err(BrokerError::Recipe { recipe: recipe.name.to_string(), reason });
    if let Some(missing) = recipe.inputs.iter().find(|name| !inputs.contains_key(*name)) {
        return refuse(format!("input `{missing}` is missing"));
    }
    if let Some(extra) = inputs.keys().find(|name| !recipe.inputs.contains(name)) {
        return refuse(format!("it takes no input `{}`", shown(extra)));
    }
    if inputs.values().map(String::len).sum::<usize>() > INPUT_BYTES_MAX {
        return refuse(format!("the inputs are larger than {INPUT_BYTES_MAX} bytes"));
    }
    Ok(())
}

#[cfg(test)]
mod places;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
