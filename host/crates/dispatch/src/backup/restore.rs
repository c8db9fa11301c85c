//! Putting a home back: unpacked beside its place, opened and verified there, and only then moved
//! in. What stood there is kept.
//!
//! Floors (docs/decisions/0006) never fall by a restore on a machine that still knows them: the
//! highest releases of the home that is replaced are carried over, and if both homes have the same
//! trust root, so are the newer of its trust files.

use super::archive::{is_sealed, unpack};
use super::{DATABASE_FILE, Listing};
use crate::clock::SystemClock;
use crate::host::Host;
use crate::job::explain;
use crate::memory;
use if_config::{Environment, Home};
use if_core::{CapabilityId, Clock, Code, Problem, SecretValue};
use if_registry::{Layout, TrustFiles};
use if_store::Store;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A home that was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub home: PathBuf,
    pub files: usize,
    /// When the backup was made, in milliseconds since 1970.
    pub created: u64,
    /// The log, verified, before the restore was noted in it.
    pub leaves: u64,
    pub head: String,
    /// Where the home that stood there is now.
    pub replaced: Option<PathBuf>,
    pub warnings: Vec<String>,
}

/// Whether a backup needs a passphrase.
pub fn needs_passphrase(file: &Path) -> Result<bool, Problem> {
    is_sealed(file)
}

/// Restores the home from `file`.
///
/// # Errors
/// There is a home and `replace` is not said; the file is no backup, newer than this version, or
/// under another passphrase; its log does not verify. Nothing was changed then.
pub fn restore(
    environment: &Environment,
    file: &Path,
    passphrase: Option<&SecretValue>,
    replace: bool,
) -> Result<Restored, Problem> {
    let place = Home::locate(environment, None);
    let occupied = fs_err::read_dir(&place).is_ok_and(|mut entries| entries.next().is_some());
    if occupied && !replace {
        let text = format!("there is a home at {} already", place.display());
        return Err(Problem::new(Code::ConfirmationNeeded, text)
            .because("it would be kept beside the restored one, under another name")
            .hint(format!("ifctl restore {} --yes", file.display())));
    }
    let staging = staging(&place)?;
    let listing = unpack(file, passphrase, staging.path())?;
    let mut restored = Restored {
        home: place.clone(),
        files: listing.files.len(),
        created: listing.created,
        leaves: 0,
        head: String::new(),
        replaced: None,
        warnings: Vec::new(),
    };
    let old = if occupied { Some(Old::look(&place, &mut restored.warnings)) } else { None };
    if let Some(old) = &old {
        old.carry_trust(staging.path(), &mut restored.warnings)?;
    }
    let staged = environment.with_home(staging.path());
    Home::create(staging.path()).map_err(explain)?;
    settle(&staged, &listing, old.as_ref(), file, &mut restored)?;
    restored.replaced = move_in(staging, &place, old)?;
    Ok(restored)
}

/// A closed folder beside the home's place, on the same disk, so that moving in is one step.
fn staging(place: &Path) -> Result<tempfile::TempDir, Problem> {
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs_err::create_dir_all(folder).map_err(|e| unmovable(&e))?;
    let closed = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new()
        .prefix(".if-restore-")
        .permissions(closed)
        .tempdir_in(folder)
        .map_err(|e| unmovable(&e))
}

/// Opens the unpacked home as any command would, verifies it, raises its floors, and notes the
/// restore in its log.
fn settle(
    staged: &Environment,
    listing: &Listing,
    old: Option<&Old>,
    file: &Path,
    restored: &mut Restored,
) -> Result<(), Problem> {
    let host = Host::open(staged.clone())?;
    let verified = host.verify_log()?;
    if verified.key != listing.log_key || verified.leaves < listing.leaves {
        let text = "the log in the backup is not the one that was saved";
        return Err(Problem::new(Code::WitnessBroken, text));
    }
    host.secrets()?;
    let floors = old.map(|old| old.floors_for(&host)).unwrap_or_default();
    host.store
        .transaction(|tx| {
            floors.iter().try_for_each(|(id, floor)| if_store::remember_release(tx, id, *floor))
        })
        .map_err(explain)?;
    (restored.leaves, restored.head) = (verified.leaves, verified.head.clone());
    host.note(&format!(
        "home restored from {}, a backup made at {} ms with head {}",
        file.display(),
        listing.created,
        listing.head
    ))?;
    for plugin in host.plugins()? {
        if let Some(problem) = plugin.problem {
            restored.warnings.push(format!("{} will not run: {problem}", plugin.provider));
        }
    }
    Ok(())
}

/// Puts the restored home in its place. Nobody writes to the old one meanwhile.
fn move_in(
    staging: tempfile::TempDir,
    place: &Path,
    old: Option<Old>,
) -> Result<Option<PathBuf>, Problem> {
    let staged = staging.keep();
    let Some(old) = old else {
        // An empty folder may stand there; a rename replaces it.
        fs_err::rename(&staged, place).map_err(|e| unmovable(&e))?;
        return Ok(None);
    };
    let mut name = place.file_name().unwrap_or_default().to_owned();
    name.push(format!(".before-restore-{}", SystemClock.now().0));
    let aside = place.with_file_name(name);
    let swap = || {
        fs_err::rename(place, &aside)?;
        fs_err::rename(&staged, place).inspect_err(|_| {
            // The old home goes back; if even that fails, it is whole under its new name.
            let _ = fs_err::rename(&aside, place);
        })
    };
    let moved = match &old.store {
        Some(store) => store.transaction(|_held| Ok::<_, if_store::StoreError>(swap())),
        None => Ok(swap()),
    };
    moved.map_err(explain)?.map_err(|e| unmovable(&e))?;
    Ok(Some(aside))
}

/// What the home that is replaced still knows.
struct Old {
    layout: Layout,
    store: Option<Store>,
    floors: BTreeMap<CapabilityId, u64>,
    trust: Option<TrustFiles>,
}

impl Old {
    /// A home that cannot be read any more is often the reason for restoring: what it knew is then
    /// lost, and that is said.
    fn look(place: &Path, warnings: &mut Vec<String>) -> Old {
        let layout = Layout { home: place.to_owned() };
        let database = place.join(DATABASE_FILE);
        let store = if database.exists() { Store::open(&database, &[]).ok() } else { None };
        let floors = store.as_ref().and_then(|store| store.releases_seen().ok());
        if floors.is_none() {
            warnings.push(
                "the replaced home's database cannot be read: which releases it had seen is lost"
                    .to_owned(),
            );
        }
        let trust = TrustFiles::read(&layout).ok();
        Old { layout, store, floors: floors.unwrap_or_default(), trust }
    }

    /// The newer of the two homes' trust files, where both have the same root keys.
    fn carry_trust(&self, staged: &Path, warnings: &mut Vec<String>) -> Result<(), Problem> {
        let layout = Layout { home: staged.to_owned() };
        let new = TrustFiles::read(&layout).map_err(explain)?;
        let Some(old) = self.trust.as_ref().filter(|old| same_root(old, &new)) else {
            return Ok(());
        };
        let files = [
            (old.root.version, new.root.version, self.layout.root_file(), layout.root_file()),
            (old.allow.version, new.allow.version, self.layout.allow_file(), layout.allow_file()),
            (old.deny.version, new.deny.version, self.layout.deny_file(), layout.deny_file()),
        ];
        for (known, restored, from, to) in files {
            if known > restored {
                fs_err::copy(&from, &to).map_err(|e| unmovable(&e))?;
                let name = from.file_name().unwrap_or_default().to_string_lossy().into_owned();
                warnings.push(format!("{name} {known} is kept; the backup has version {restored}"));
            }
        }
        TrustFiles::read(&layout).map(|_| ()).map_err(explain)
    }

    /// The floors that hold in the restored home as well: those of plugins always, those of trust
    /// files only where they are the same installation's.
    fn floors_for(&self, host: &Host) -> BTreeMap<CapabilityId, u64> {
        let restored = TrustFiles::read(&host.layout).ok();
        let same = self.trust.as_ref().zip(restored.as_ref()).is_some_and(|(a, b)| same_root(a, b));
        let mut floors = self.floors.clone();
        floors.retain(|id, _| same || !memory::is_trust_file(id));
        floors
    }
}

/// Two installations are one if the same keys hold their root.
fn same_root(one: &TrustFiles, other: &TrustFiles) -> bool {
    one.root.roles.root.keys == other.root.roles.root.keys
}

fn unmovable(error: &std::io::Error) -> Problem {
    let code = match error.kind() {
        std::io::ErrorKind::StorageFull => Code::StoreFull,
        _ => Code::Store,
    };
    Problem::new(code, "the home cannot be put in its place").because(error.to_string())
}
