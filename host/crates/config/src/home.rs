//! The home: one folder that belongs to one person, and where everything in it stands.
//!
//! A home that others can enter is refused, because whoever can write there decides what runs. The
//! cache of compiled plugins stands outside: it is large, can be made again, and must not travel
//! with
//! a backup of keys and log.

use crate::{ConfigError, Environment};
use if_core::Word;
use sha2::{Digest as _, Sha256};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// What [`Home::locate`] answers when nothing says where the home is: a path that cannot exist. The
/// working folder would be a bad guess, for it may be anybody's.
const NOWHERE: &str = "/dev/null/.if";

/// The folders of a home, all 0700.
const FOLDERS: &[&str] = &["keys", "plugins", "providers", "trust", "run"];

/// Bytes of the digest of a home's path that tell its cache from another home's.
const CACHE_TAG_BYTES: usize = 6;

/// A home that exists and is the user's alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    /// Where the home is, whether or not it exists: the flag, `IF_HOME`, `$HOME/.if`.
    pub fn locate(environment: &Environment, flag: Option<PathBuf>) -> PathBuf {
        flag.or_else(|| environment.if_home())
            .or_else(|| environment.user_home().map(|home| home.join(".if")))
            .unwrap_or_else(|| PathBuf::from(NOWHERE))
    }

    /// Opens the home at `path`.
    ///
    /// # Errors
    /// [`ConfigError::HomeMissing`], [`ConfigError::HomeUnsafe`] when it is no folder, belongs to
    /// somebody else or lets others in.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        if path == Path::new(NOWHERE) {
            return Err(ConfigError::HomeUnknown);
        }
        let facts = match fs_err::metadata(path) {
            Ok(facts) => facts,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ConfigError::HomeMissing(path.to_owned()));
            }
            Err(error) => return Err(error.into()),
        };
        check_closed(path, &facts)?;
        // One spelling: the cache is found by the path, and a relative one would follow the shell.
        Ok(Self(fs_err::canonicalize(path)?))
    }

    /// Makes a home, or completes one whose making was interrupted. Changes no file and no mode of
    /// what is already there.
    ///
    /// # Errors
    /// As [`Home::open`], for the folder and for each one inside.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        if path == Path::new(NOWHERE) {
            return Err(ConfigError::HomeUnknown);
        }
        make_folder(path)?;
        let home = Self::open(path)?;
        for name in FOLDERS {
            let folder = home.0.join(name);
            make_folder(&folder)?;
            check_closed(&folder, &fs_err::metadata(&folder)?)?;
        }
        Ok(home)
    }

    /// The folder itself, absolute and without links.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// `config.yaml`.
    pub fn config_file(&self) -> PathBuf {
        self.0.join("config.yaml")
    }

    /// `prices.yaml`: the operator's price book.
    pub fn prices_file(&self) -> PathBuf {
        self.0.join("prices.yaml")
    }

    /// `governor.yaml`: rates and breakers.
    pub fn governor_file(&self) -> PathBuf {
        self.0.join("governor.yaml")
    }

    /// `policies.yaml`: which policies hold.
    pub fn policies_file(&self) -> PathBuf {
        self.0.join("policies.yaml")
    }

    /// The folder of all provider files.
    pub fn providers_dir(&self) -> PathBuf {
        self.0.join("providers")
    }

    /// `providers/<provider>.yaml`.
    pub fn provider_file(&self, provider: &Word) -> PathBuf {
        self.providers_dir().join(format!("{provider}.yaml"))
    }

    /// `if.db`.
    pub fn database(&self) -> PathBuf {
        self.0.join("if.db")
    }

    /// `vault.age`.
    pub fn vault_file(&self) -> PathBuf {
        self.0.join("vault.age")
    }

    /// `keys/vault.key`.
    pub fn vault_key_file(&self) -> PathBuf {
        self.keys_dir().join("vault.key")
    }

    /// Private keys, each 0600.
    pub fn keys_dir(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// The head of the log, kept outside the database.
    pub fn anchor_file(&self) -> PathBuf {
        self.0.join("if.anchor")
    }

    /// One lock file for each running operation.
    pub fn run_dir(&self) -> PathBuf {
        self.0.join("run")
    }

    /// Signed trust files.
    pub fn trust_dir(&self) -> PathBuf {
        self.0.join("trust")
    }

    /// Installed packages.
    pub fn plugins_dir(&self) -> PathBuf {
        self.0.join("plugins")
    }

    /// The command tables of all installed plugins.
    pub fn index_file(&self) -> PathBuf {
        self.0.join("commands.idx")
    }

    /// Where compiled plugins are kept: `IF_CACHE`, else a folder of this home's own under the
    /// user's cache folder, else beside the home. It need not exist.
    pub fn cache_dir(&self, environment: &Environment) -> PathBuf {
        if let Some(path) = environment.if_cache() {
            return path;
        }
        match environment.user_cache() {
            Some(cache) => cache.join("infrafabric").join(self.tag()),
            None => {
                let mut name = self.0.file_name().unwrap_or(OsStr::new("home")).to_owned();
                name.push(".cache");
                self.0.with_file_name(name)
            }
        }
    }

    /// Twelve hexadecimal digits that stand for this home's path.
    fn tag(&self) -> String {
        let digest = Sha256::digest(self.0.as_os_str().as_bytes());
        digest.iter().take(CACHE_TAG_BYTES).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn check_closed(path: &Path, facts: &std::fs::Metadata) -> Result<(), ConfigError> {
    let refuse = |why, mend| Err(ConfigError::HomeUnsafe { path: path.to_owned(), why, mend });
    if !facts.is_dir() {
        return refuse("is not a folder", None);
    }
    let me = rustix::process::geteuid().as_raw();
    if facts.uid() != me {
        let line = format!("chown -R {me} '{}'", path.display());
        return refuse("belongs to another user", Some(line));
    }
    if facts.mode() & 0o077 != 0 {
        let line = format!("chmod 700 '{}'", path.display());
        return refuse("can be entered by other users", Some(line));
    }
    Ok(())
}

/// Makes a 0700 folder unless there is one, and the folders above it as the user's umask says.
fn make_folder(path: &Path) -> Result<(), ConfigError> {
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        fs_err::create_dir_all(above)?;
    }
    let made = std::fs::DirBuilder::new().mode(0o700).create(path);
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            let named = format!("making folder `{}`: {error}", path.display());
            Err(io::Error::new(error.kind(), named).into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_core::{Code, Explain};
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().copied().collect()
    }

    fn set_mode(path: &Path, mode: u32) {
        fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_flag_goes_before_the_variable_before_the_users_home() {
        let both = environment(&[("IF_HOME", "/a"), ("HOME", "/b")]);
        assert_eq!(Home::locate(&both, Some("/c".into())), Path::new("/c"));
        assert_eq!(Home::locate(&both, None), Path::new("/a"));
        assert_eq!(Home::locate(&environment(&[("HOME", "/b")]), None), Path::new("/b/.if"));
    }

    #[test]
    fn without_any_word_about_the_home_nothing_is_guessed() {
        let path = Home::locate(&environment(&[]), None);
        assert!(matches!(Home::open(&path), Err(ConfigError::HomeUnknown)));
        assert!(matches!(Home::create(&path), Err(ConfigError::HomeUnknown)));
    }

    #[test]
    fn a_new_home_is_closed_and_making_it_again_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/home");
        let home = Home::create(&path).unwrap();
        for name in ["", "keys", "plugins", "providers", "trust", "run"] {
            let mode = fs_err::metadata(path.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{name}");
        }
        fs_err::write(home.config_file(), "version: 1\n").unwrap();
        assert_eq!(Home::create(&path).unwrap(), home);
        assert_eq!(Home::open(&path).unwrap(), home);
        assert_eq!(fs_err::read_to_string(home.config_file()).unwrap(), "version: 1\n");
    }

    #[test]
    fn a_missing_home_says_how_to_make_one() {
        let error = Home::open("/nonexistent/home").unwrap_err();
        assert_eq!((error.code(), error.hints()), (Code::HomeMissing, vec!["ifctl init".into()]));
    }

    #[test]
    fn a_home_that_others_can_enter_is_refused_with_the_line_to_type() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("home");
        Home::create(&path).unwrap();
        for mode in [0o750, 0o701, 0o720, 0o777] {
            set_mode(&path, mode);
            let error = Home::open(&path).unwrap_err();
            assert_eq!(error.code(), Code::HomeUnsafe, "{mode:o}");
            assert_eq!(error.hints(), [format!("chmod 700 '{}'", path.display())]);
        }
        set_mode(&path, 0o700);
        set_mode(&path.join("keys"), 0o755);
        let error = Home::create(&path).unwrap_err();
        assert_eq!(error.hints(), [format!("chmod 700 '{}'", path.join("keys").display())]);
    }

    #[test]
    fn a_file_or_another_users_folder_is_no_home() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs_err::write(&file, "").unwrap();
        set_mode(&file, 0o600);
        let error = Home::open(&file).unwrap_err();
        assert!(error.to_string().ends_with("is not a folder"), "{error}");

        // Giving a folder away needs root; for anybody else `/` is another user's folder.
        let other = folder.path().join("other");
        make_folder(&other).unwrap();
        let other = if chown(&other, Some(1), None).is_ok() { other } else { "/".into() };
        let error = Home::open(&other).unwrap_err();
        assert!(error.to_string().ends_with("belongs to another user"), "{error}");
    }

    #[test]
    fn the_cache_is_outside_and_each_home_has_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let one = Home::create(folder.path().join("one")).unwrap();
        let two = Home::create(folder.path().join("two")).unwrap();
        let user = environment(&[("HOME", "/home/ann")]);
        assert!(one.cache_dir(&user).starts_with("/home/ann/.cache/infrafabric"));
        assert_ne!(one.cache_dir(&user), two.cache_dir(&user));
        assert_eq!(one.cache_dir(&environment(&[("IF_CACHE", "/fast")])), Path::new("/fast"));
        let beside = one.cache_dir(&environment(&[]));
        assert_eq!(beside, one.path().with_file_name("one.cache"));

        symlink(one.path(), folder.path().join("link")).unwrap();
        let link = Home::open(folder.path().join("link")).unwrap();
        assert_eq!(link.cache_dir(&user), one.cache_dir(&user), "one home, one cache");
    }
}
