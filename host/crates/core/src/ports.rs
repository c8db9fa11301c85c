//! The ports: what the rooms above may ask of one another, and nothing more.

use crate::{Answer, Ask, Explain, LogLevel, Micros, Problem, Refusal, UnixMillis};
use std::future::Future;
use std::pin::Pin;

/// A boxed future that owns or borrows what it needs for `'a`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whether this operation may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    Live,
    DryRun,
}

/// The one seam between a guest and the world. See `message` for what can be said through it.
pub trait Broker: Send + Sync {
    /// Answers one wish. Never panics; never takes longer than the wish's own timeout plus the
    /// time to notice it.
    fn ask(&self, ask: Ask) -> BoxFuture<'_, Answer>;

    /// Ends what is still open for this call. Called once, after the guest is gone.
    fn finish(&self) -> BoxFuture<'_, ()>;
}

/// Time, as the composition root hands it down. Tests hand down their own.
pub trait Clock: Send + Sync {
    fn now(&self) -> UnixMillis;
}

/// Whether a plugin that is running may go on.
pub trait Standing: Send + Sync + std::fmt::Debug {
    /// Why it may not, once that is so. Asked several times a second: cheap, and never waits.
    fn lost(&self) -> Option<Refusal>;
}

/// A secret's bytes. Zeroed when dropped, absent from `Debug`, never serialisable.
pub struct SecretValue(Box<[u8]>);

impl SecretValue {
    /// Takes the value over; the given bytes are zeroed, spare capacity and all. To shrink them in
    /// place would leave a copy where they were.
    pub fn new(mut bytes: Vec<u8>) -> Self {
        let value = Self(bytes.as_slice().into());
        zeroize::Zeroize::zeroize(&mut bytes);
        value
    }

    /// The bytes, for as long as one derivation takes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for SecretValue {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

impl std::fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

/// Where secrets come from: the vault, a file, the environment.
pub trait SecretSource: Send + Sync {
    /// The value stored under `name` (`<provider>/<instance>/<secret>`), or why there is none.
    fn secret(&self, name: &str) -> Result<SecretValue, Problem>;
}

/// Where a running call's own words go: events, progress, log lines, evidence.
pub trait EventSink: Send + Sync {
    /// One event of a stream, a JSON value. An error (a closed pipe) ends the call.
    fn emit(&self, event: &str) -> Result<(), Refusal>;
    fn progress(&self, done: u64, total: Option<u64>, message: &str);
    fn log(&self, level: LogLevel, message: &str);
    fn attach(&self, name: &str, evidence: &str) -> Result<(), Refusal>;
}

/// Money: reserve before, report after.
pub trait Meter: Send + Sync {
    fn reserve(&self, micros: Micros, reason: &str) -> Result<(), Refusal>;
    fn report(&self, micros: Micros, usage: &str) -> Result<(), Refusal>;
}

/// Files that the host opened for this call, and the package's data files.
pub trait BlobSource: Send + Sync {
    /// At most `bytes_max` bytes from `offset`, and whether the end was reached.
    fn read(&self, blob: &str, offset: u64, bytes_max: u32) -> Result<(Vec<u8>, bool), Refusal>;
    fn append(&self, blob: &str, bytes: &[u8]) -> Result<(), Refusal>;
}

/// Small key-value store of one plugin and instance.
pub trait StateStore: Send + Sync {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Refusal>;
    /// `None` deletes.
    fn set(&self, key: &str, value: Option<&[u8]>) -> Result<(), Refusal>;
}

/// A [`Problem`] explains itself.
impl Explain for Problem {
    fn code(&self) -> crate::Code {
        self.code
    }

    fn hints(&self) -> Vec<String> {
        self.hints.clone()
    }

    fn problem(&self) -> Problem {
        self.clone()
    }
}
