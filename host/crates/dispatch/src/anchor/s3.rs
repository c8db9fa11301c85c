//! An anchor in a bucket: the keys out of the vault, the network by the broker.

use super::directory::number;
use super::{FOLDER, KEPT_MAX, Place, S3Place, Shelf, Why};
use crate::host::Host;
use crate::job::explain;
use crate::run::block_on;
use if_broker::s3::{S3Access, S3Store, S3Why};
use if_core::{Code, Problem, Word};
use if_vault::Vault;
use zeroize::Zeroizing;

/// The secrets of an anchor in the vault: `witness/<anchor>/<key>`.
pub(crate) const PROVIDER: &str = "witness";
const KEYS: [&str; 2] = ["access-key", "secret-key"];

/// A bucket, and whose.
struct Bucket {
    store: S3Store,
    anchor: Word,
}

impl Host {
    /// The secrets that this anchor has: none in a folder.
    pub(crate) fn anchor_keys(&self, name: &Word) -> Result<Vec<String>, Problem> {
        match self.anchor(name)?.place {
            Place::Directory { .. } => Ok(Vec::new()),
            Place::S3(_) => Ok(KEYS.map(str::to_owned).to_vec()),
        }
    }

    /// Whoever reaches this bucket.
    pub(super) fn s3(&self, anchor: &Word, place: &S3Place) -> Result<Box<dyn Shelf>, Problem> {
        let vault = crate::secret::open(&self.home);
        let [access_key, secret_key] = KEYS.map(|key| secret(&vault, anchor, key));
        let access = S3Access {
            url: place.url.clone(),
            region: place.region.clone(),
            ca_file: place.ca_file.clone(),
            access_key: access_key?,
            secret_key: secret_key?,
            clock: self.clock.clone(),
        };
        let store = S3Store::new(access).map_err(|why| {
            let why = reason(anchor, &why);
            let problem = Problem::new(Code::Anchor, format!("anchor `{anchor}` cannot be used"));
            why.hints.into_iter().fold(problem.because(why.text), Problem::hint)
        })?;
        Ok(Box::new(Bucket { store, anchor: anchor.clone() }))
    }
}

/// A key of an anchor, out of the vault.
fn secret(vault: &Vault, anchor: &Word, key: &str) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let name = format!("{PROVIDER}/{anchor}/{key}");
    let value = vault.get(&name).map_err(explain)?;
    Ok(Zeroizing::new(value.expose().to_vec()))
}

impl Bucket {
    /// Waits for the server, or for Ctrl-C.
    fn wait<T>(&self, work: impl Future<Output = Result<T, S3Why>>) -> Result<T, Why> {
        let done = block_on(async {
            tokio::select! {
                done = work => Some(done),
                _ = tokio::signal::ctrl_c() => None,
            }
        });
        match done {
            Err(problem) => Err(Why::new(problem.message)),
            Ok(None) => Err(Why::new("stopped by Ctrl-C")),
            Ok(Some(done)) => done.map_err(|why| reason(&self.anchor, &why)),
        }
    }
}

impl Shelf for Bucket {
    fn sizes(&self) -> Result<Vec<u64>, Why> {
        let names = self.wait(self.store.list(FOLDER))?;
        let sizes: Vec<u64> = names.iter().filter_map(|name| number(name)).collect();
        match sizes.len() > KEPT_MAX {
            true => Err(Why::new(format!("has over {KEPT_MAX} checkpoints"))),
            false => Ok(sizes),
        }
    }

    fn read(&self, sizes: &[u64]) -> Result<Vec<String>, Why> {
        let names: Vec<String> = sizes.iter().map(u64::to_string).collect();
        let notes = self.wait(self.store.read_all(FOLDER, &names))?;
        Ok(notes.into_iter().map(|note| String::from_utf8_lossy(&note).into_owned()).collect())
    }

    fn put(&self, size: u64, note: &str) -> Result<bool, Why> {
        self.wait(self.store.put(FOLDER, &size.to_string(), note.as_bytes()))
    }

    fn name(&self) -> String {
        self.store.name()
    }
}

/// The reason in words, with the lines that mend it.
fn reason(anchor: &Word, why: &S3Why) -> Why {
    let text = Why::new(why.to_string());
    match why {
        S3Why::Refused { .. } | S3Why::KeyForm => KEYS.iter().fold(text, |text, key| {
            text.hint(format!("ifctl secret set {PROVIDER} {anchor} {key}"))
        }),
        S3Why::Skewed => text.hint("set the clock of this machine"),
        S3Why::Authority(_) => text
            .hint(format!("ifctl witness anchor remove {anchor}, and add it with --ca-file FILE")),
        S3Why::Plain | S3Why::Redirected | S3Why::NoBucket | S3Why::Overwrites => {
            text.hint(format!("ifctl witness anchor remove {anchor}, and add another place"))
        }
        _ => text,
    }
}
