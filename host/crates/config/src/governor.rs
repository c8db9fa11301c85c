//! `governor.yaml`: how often commands may run, and from how many failures on a provider is left
//! alone for a while. Without the file no rate holds, and the usual breakers do.

use crate::amount::Amount;
use crate::{ConfigError, Home, yaml};
use if_core::Word;
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};
use std::path::{Path, PathBuf};

/// Where a rate does not say how long a command waits for its turn, five seconds: longer, and a
/// person thinks that it hangs.
const WAIT_MS: u64 = 5_000;

/// The longest wait, one minute.
const WAIT_MS_MAX: u64 = 60_000;

/// Most turns at once.
const BURST_MAX: u64 = 1_000;

/// The longest window of a breaker, one hour.
const WINDOW_MS_MAX: u64 = 3_600_000;

/// The usual breaker opens at five failures within a minute, if they are half of the calls.
const FAILURES: u64 = 5;
const PERCENT: u64 = 50;
const WINDOW_MS: u64 = 60_000;

/// What the operator wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GovernorFile {
    pub rates: Vec<RateEntry>,
    pub circuits: Vec<CircuitEntry>,
    pub holds: HoldsEntry,
}

/// Who is told that a command waits for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HoldsEntry {
    /// A program and its arguments; the message stands on its standard input, as JSON.
    pub hook: Option<Vec<String>>,
    /// Where the message is posted.
    pub webhook: Option<String>,
    /// PEM file with the only authorities that the webhook is trusted by.
    pub ca_file: Option<PathBuf>,
}

/// How often, for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateEntry {
    pub provider: Word,
    /// Each of them for itself where none is named.
    pub instance: Option<Word>,
    /// All together where none is named.
    pub command: Option<String>,
    /// Turns in a thousand seconds.
    pub per_thousand_seconds: u64,
    pub burst: u64,
    pub wait_ms: u64,
}

/// A breaker other than the usual one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitEntry {
    /// Everybody, plugins and swarms too, where none is named.
    pub provider: Option<Word>,
    /// Each of them where none is named.
    pub instance: Option<Word>,
    pub failures: u64,
    pub percent: u64,
    pub window_ms: u64,
}

/// The file as it may be written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    rates: Option<Vec<Spanned<FileRate>>>,
    circuits: Option<Vec<Spanned<FileCircuit>>>,
    holds: Option<FileHolds>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileHolds {
    hook: Option<Spanned<Vec<String>>>,
    webhook: Option<Spanned<String>>,
    ca_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRate {
    provider: Spanned<String>,
    instance: Option<Spanned<String>>,
    command: Option<String>,
    rps: Spanned<Amount>,
    burst: Option<Spanned<u64>>,
    wait_ms: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileCircuit {
    provider: Option<Spanned<String>>,
    instance: Option<Spanned<String>>,
    failures: Option<Spanned<u64>>,
    percent: Option<Spanned<u64>>,
    window_ms: Option<Spanned<u64>>,
}

impl GovernorFile {
    /// Reads the home's file.
    ///
    /// # Errors
    /// [`ConfigError::File`] with line and column for anything that is no such rule.
    pub fn load(home: &Home) -> Result<Self, ConfigError> {
        let path = home.governor_file();
        match yaml::read(&path)? {
            Some(text) => Self::from_text(&path, &text),
            None => Ok(Self::default()),
        }
    }

    pub(crate) fn from_text(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let file: File = yaml::parse(path, text)?;
        let mut read = Self::default();
        for entry in file.rates.unwrap_or_default() {
            let (place, rate) = (entry.referenced, entry.value.checked(path)?);
            let is_for =
                |it: &RateEntry| (it.provider.clone(), it.instance.clone(), it.command.clone());
            if read.rates.iter().any(|it| is_for(it) == is_for(&rate)) {
                return Err(at(path, place, "a rate of the same stands twice".to_owned()));
            }
            read.rates.push(rate);
        }
        for entry in file.circuits.unwrap_or_default() {
            let (place, circuit) = (entry.referenced, entry.value.checked(path)?);
            let is_for = |it: &CircuitEntry| (it.provider.clone(), it.instance.clone());
            if read.circuits.iter().any(|it| is_for(it) == is_for(&circuit)) {
                return Err(at(path, place, "a circuit of the same stands twice".to_owned()));
            }
            read.circuits.push(circuit);
        }
        read.holds = file.holds.map(|it| it.checked(path)).transpose()?.unwrap_or_default();
        Ok(read)
    }
}

impl FileRate {
    fn checked(self, path: &Path) -> Result<RateEntry, ConfigError> {
        // Thousandths: 0.001 is one in a thousand seconds.
        let micros = self.rps.value.0.0;
        let whole = micros.is_multiple_of(1000) && (1_000..=1_000_000_000_000).contains(&micros);
        if !whole {
            let what = "`rps` is between 0.001 and 1000000, with at most three decimals";
            return Err(at(path, self.rps.referenced, what.to_owned()));
        }
        let burst = within(path, "burst", self.burst, 1, 1, BURST_MAX)?;
        let wait_ms = within(path, "wait_ms", self.wait_ms, WAIT_MS, 0, WAIT_MS_MAX)?;
        let provider = word(path, self.provider)?;
        let instance = self.instance.map(|it| word(path, it)).transpose()?;
        let per_thousand_seconds = micros / 1000;
        let command = self.command;
        Ok(RateEntry { provider, instance, command, per_thousand_seconds, burst, wait_ms })
    }
}

impl FileCircuit {
    fn checked(self, path: &Path) -> Result<CircuitEntry, ConfigError> {
        if let (None, Some(instance)) = (&self.provider, &self.instance) {
            let what = "an instance is one of a provider, which is not named";
            return Err(at(path, instance.referenced, what.to_owned()));
        }
        let provider = self.provider.map(|it| word(path, it)).transpose()?;
        let instance = self.instance.map(|it| word(path, it)).transpose()?;
        Ok(CircuitEntry {
            provider,
            instance,
            failures: within(path, "failures", self.failures, FAILURES, 1, 1000)?,
            percent: within(path, "percent", self.percent, PERCENT, 1, 100)?,
            window_ms: within(path, "window_ms", self.window_ms, WINDOW_MS, 1000, WINDOW_MS_MAX)?,
        })
    }
}

impl FileHolds {
    fn checked(self, path: &Path) -> Result<HoldsEntry, ConfigError> {
        if let Some(hook) = self.hook.as_ref().filter(|hook| {
            hook.value.first().is_none_or(|program| !Path::new(program).is_absolute())
        }) {
            let what = "`hook` is a list: the whole path of a program, then its arguments";
            return Err(at(path, hook.referenced, what.to_owned()));
        }
        let is_address = |url: &str| url.starts_with("https://") || url.starts_with("http://");
        if let Some(url) = self.webhook.as_ref().filter(|url| !is_address(&url.value)) {
            let what = "`webhook` is an address such as https://host/path";
            return Err(at(path, url.referenced, what.to_owned()));
        }
        Ok(HoldsEntry {
            hook: self.hook.map(|it| it.value),
            webhook: self.webhook.map(|it| it.value),
            ca_file: self.ca_file,
        })
    }
}

fn word(path: &Path, text: Spanned<String>) -> Result<Word, ConfigError> {
    Word::new(text.value).map_err(|error| at(path, text.referenced, error.to_string()))
}

fn within(
    path: &Path,
    name: &str,
    number: Option<Spanned<u64>>,
    usual: u64,
    least: u64,
    most: u64,
) -> Result<u64, ConfigError> {
    match number {
        None => Ok(usual),
        Some(number) if (least..=most).contains(&number.value) => Ok(number.value),
        Some(number) => {
            let what = format!("`{name}` must be between {least} and {most}");
            Err(at(path, number.referenced, what))
        }
    }
}

fn at(path: &Path, place: Location, what: String) -> ConfigError {
    yaml::at(path, place, what, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<GovernorFile, ConfigError> {
        GovernorFile::from_text(Path::new("governor.yaml"), text)
    }

    #[test]
    fn what_is_not_written_is_usual() {
        let text = "
rates:
  - { provider: openai, rps: 3, burst: 6 }
  - { provider: openai, command: chat, instance: work, rps: 0.5, wait_ms: 0 }
circuits:
  - { provider: obs }
  - { provider: obs, instance: studio, failures: 2, percent: 80, window_ms: 10000 }
";
        let file = read(text).unwrap();
        let rates: Vec<_> =
            file.rates.iter().map(|it| (it.per_thousand_seconds, it.burst, it.wait_ms)).collect();
        assert_eq!(rates, [(3000, 6, 5000), (500, 1, 0)]);
        let circuits: Vec<_> =
            file.circuits.iter().map(|it| (it.failures, it.percent, it.window_ms)).collect();
        assert_eq!(circuits, [(5, 50, 60_000), (2, 80, 10_000)]);
        assert_eq!(read("").unwrap(), GovernorFile::default());
    }

    #[test]
    fn what_is_no_rule_is_refused_with_its_place() {
        for (text, expect) in [
            ("rates:\n  - { provider: x, rps: 0 }", "2:25: `rps` is between"),
            ("rates:\n  - { provider: x, rps: 0.0001 }", "2:25: `rps` is between"),
            ("rates:\n  - { provider: x, rps: many }", "2:20: expected an amount"),
            ("rates:\n  - { provider: x, rps: 1, burst: 0 }", "2:35: `burst` must be between 1"),
            ("rates:\n  - { provider: x, rps: 1, wait_ms: 60001 }", "2:37: `wait_ms` must be"),
            ("rates:\n  - { provider: X, rps: 1 }", "2:17: "),
            ("rates:\n  - { provider: x, rsp: 1 }", "2:20: unknown key `rsp`"),
            ("rates:\n  - {provider: x, rps: 1}\n  - {provider: x, rps: 2}", "3:5: a rate of"),
            ("circuits:\n  - {provider: x}\n  - {provider: x}", "3:5: a circuit of the same"),
            ("circuits:\n  - { instance: x }", "2:17: an instance is one of a provider"),
            ("circuits:\n  - { provider: x, percent: 101 }", "2:29: `percent` must be"),
            ("circuits:\n  - { provider: x, failures: 0 }", "2:30: `failures` must be"),
            ("circuits:\n  - { provider: x, window_ms: 999 }", "2:31: `window_ms` must be"),
            ("holds: { hook: [notify-send] }", "1:16: `hook` is a list: the whole path"),
            ("holds: { hook: [] }", "1:16: `hook` is a list"),
            ("holds: { webhook: example.com }", "1:19: `webhook` is an address such as"),
            ("holds: { web-hook: x }", "1:10: unknown key `web-hook`"),
        ] {
            let error = read(&format!("{text}\n")).unwrap_err().to_string();
            assert!(error.starts_with(&format!("governor.yaml:{expect}")), "{text}: {error}");
        }
    }
}
