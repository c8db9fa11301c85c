//! Making the file: the database and everything beside it are copied while nobody writes, then
//! packed at leisure.

use super::archive::Packer;
use super::{DATABASE_FILE, FILES_MAX, FORMAT, Listing};
use crate::host::Host;
use crate::job::explain;
use if_core::{Code, Problem, SecretValue};
use if_store::StoreError;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What a backup leaves out: it can be made again, or belongs to running processes.
const LEFT_OUT: &[&str] = &["run", "commands.idx"];

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    pub files: usize,
    pub bytes: u64,
    pub sha256: String,
    /// The newest entry of the log in it.
    pub head: String,
    pub leaves: u64,
}

/// Why copying stopped: the database's reasons and those of plain files.
enum Stopped {
    Store(StoreError),
    File(std::io::Error),
    TooMany,
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Stopped::Store(error)
    }
}

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Self {
        Stopped::File(error)
    }
}

impl Host {
    /// Writes the home into one file. Without a passphrase the file holds every key in the clear.
    pub fn backup(
        &self,
        to: &Path,
        passphrase: Option<&SecretValue>,
        replace: bool,
    ) -> Result<Saved, Problem> {
        self.refuse_place(to, replace)?;
        let verified = self.verify_log()?;
        let staging = self.staging()?;
        self.copy_home(staging.path())?;
        let listing = Listing {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            created: self.now().0,
            log_key: verified.key,
            leaves: verified.leaves,
            head: verified.head,
            files: Vec::new(),
        };
        let packed = Packer::new(staging.path(), listing)?.write(to, passphrase)?;
        self.note(&format!(
            "backup of {} files written to {}, sha256 {}",
            packed.files,
            to.display(),
            packed.sha256
        ))?;
        Ok(packed)
    }

    fn refuse_place(&self, to: &Path, replace: bool) -> Result<(), Problem> {
        if to.exists() && !replace {
            let problem = Problem::new(Code::Usage, format!("{} exists already", to.display()));
            return Err(problem.hint(format!("ifctl backup {} --yes", to.display())));
        }
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = fs_err::canonicalize(folder.unwrap_or(Path::new(".")));
        let folder = folder.map_err(|e| unwritable(&e))?;
        if folder.starts_with(self.home.path()) {
            return Err(Problem::new(Code::Usage, "a backup cannot lie in the home it saves")
                .hint("ifctl backup <a file elsewhere>"));
        }
        Ok(())
    }

    /// A closed folder inside the home: the copies are on the same disk, behind the same doors.
    fn staging(&self) -> Result<tempfile::TempDir, Problem> {
        let closed = std::fs::Permissions::from_mode(0o700);
        tempfile::Builder::new()
            .prefix(".backup-")
            .permissions(closed)
            .tempdir_in(self.home.path())
            .map_err(|e| unwritable(&e))
    }

    fn copy_home(&self, to: &Path) -> Result<(), Problem> {
        // First the lock of plugins and trust files, then the database's: whoever installs takes
        // them in this order too.
        let _registry = if_registry::Lock::take(&self.layout).map_err(explain)?;
        let copied = self.store.copy_to(&to.join(DATABASE_FILE), || {
            let mut count = 0;
            copy_folder(self.home.path(), to, &mut count, 0)
        });
        copied.map_err(|stopped| match stopped {
            Stopped::Store(error) => explain(error),
            Stopped::File(error) => unwritable(&error),
            Stopped::TooMany => Problem::new(
                Code::Usage,
                format!("the home has more than {FILES_MAX} files; it is not only a home"),
            ),
        })
    }
}

/// Copies what belongs to the home. A link to a file is copied as the file; other links, sockets
/// and the like are no part of a home.
fn copy_folder(from: &Path, to: &Path, count: &mut usize, depth: u32) -> Result<(), Stopped> {
    for entry in fs_err::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        let text = name.to_string_lossy();
        let is_top = depth == 0 && (LEFT_OUT.contains(&&*text) || text.starts_with(DATABASE_FILE));
        if is_top || text.starts_with('.') || text.ends_with(".lock") {
            continue;
        }
        *count += 1;
        if *count > FILES_MAX {
            return Err(Stopped::TooMany);
        }
        let target: PathBuf = to.join(name);
        if fs_err::symlink_metadata(&path)?.is_dir() {
            fs_err::create_dir(&target)?;
            copy_folder(&path, &target, count, depth + 1)?;
        } else if path.is_file() {
            fs_err::copy(&path, &target)?;
        }
    }
    Ok(())
}

fn unwritable(error: &std::io::Error) -> Problem {
    let code = match error.kind() {
        std::io::ErrorKind::StorageFull => Code::StoreFull,
        _ => Code::Store,
    };
    Problem::new(code, "the backup cannot be written").because(error.to_string())
}
