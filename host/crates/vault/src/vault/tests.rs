//! What the vault keeps, what it refuses, and that nothing of a value is seen outside.

use super::*;
use if_core::{Code, Explain};
use std::os::unix::fs::{PermissionsExt, chown, symlink};

const NAME: &str = "obs/studio/password";
const CANARY: &str = "canary-7f3a91c2-in-the-mine";
const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

/// A vault in a folder of its own.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn empty() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs_err::create_dir(place.path("keys")).unwrap();
        place
    }

    fn new() -> Self {
        let place = Self::empty();
        Vault::create(place.key(), place.file()).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn key(&self) -> PathBuf {
        self.path("keys/vault.key")
    }

    fn file(&self) -> PathBuf {
        self.path("vault.age")
    }

    /// A vault object that has seen nothing yet.
    fn vault(&self) -> Vault {
        Vault::open(self.key(), self.file())
    }
}

fn value(text: &str) -> SecretValue {
    SecretValue::new(text.as_bytes().to_vec())
}

fn text(vault: &Vault, name: &str) -> String {
    String::from_utf8(vault.get(name).unwrap().expose().to_vec()).unwrap()
}

fn set_mode(path: &Path, mode: u32) {
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// `Result::unwrap_err` wants `Debug` of what must not have it.
fn refused<T>(result: Result<T, VaultError>) -> VaultError {
    match result {
        Ok(_) => panic!("was not refused"),
        Err(error) => error,
    }
}

#[test]
fn what_is_set_is_found_by_a_vault_that_was_never_told() {
    let place = Place::new();
    assert_eq!(place.vault().set(NAME, value("one"), NOW).unwrap(), 1);
    assert_eq!(text(&place.vault(), NAME), "one");
    let binary: Vec<u8> = (0..=255).collect();
    place.vault().set("obs/studio/key", SecretValue::new(binary.clone()), NOW).unwrap();
    assert_eq!(place.vault().get("obs/studio/key").unwrap().expose(), binary);
    assert!(place.vault().contains(NAME).unwrap());
    assert!(!place.vault().contains("obs/lobby/password").unwrap());
}

#[test]
fn versions_rise_and_notes_stay() {
    let place = Place::new();
    let vault = place.vault();
    let missing = refused(vault.rotate(NAME, value("x"), NOW));
    assert_eq!(missing.code(), Code::SecretMissing);
    vault.set(NAME, value("one"), NOW).unwrap();
    vault.set_note(NAME, Some("from Ann".to_owned())).unwrap();
    assert_eq!(vault.rotate(NAME, value("two"), NOW.plus_millis(5)).unwrap(), 2);
    assert_eq!(vault.set(NAME, value("three"), NOW.plus_millis(9)).unwrap(), 3);
    assert_eq!(text(&vault, NAME), "three");
    let listed = Listed {
        name: SecretName::parse(NAME).unwrap(),
        version: 3,
        set_at: NOW.plus_millis(9),
        note: Some("from Ann".to_owned()),
    };
    assert_eq!(vault.list().unwrap(), [listed]);
    vault.remove(NAME).unwrap();
    assert_eq!(vault.list().unwrap(), []);
    assert_eq!(refused(vault.remove(NAME)).code(), Code::SecretMissing);
    assert_eq!(refused(vault.set_note(NAME, None)).code(), Code::SecretMissing);
}

#[test]
fn a_missing_secret_says_the_line_that_sets_it() {
    let error = refused(Place::new().vault().get(NAME));
    assert_eq!(error.code(), Code::SecretMissing);
    assert_eq!(error.hints(), ["ifctl secret set obs studio password"]);
}

#[test]
fn opening_touches_nothing_and_asking_without_a_vault_says_so() {
    let place = Place::empty();
    let vault = place.vault();
    let error = refused(vault.get(NAME));
    assert_eq!((error.code(), error.hints()), (Code::VaultLocked, vec!["ifctl init".to_owned()]));
    assert!(matches!(refused(vault.set(NAME, value("x"), NOW)), VaultError::NoVault(_)));
    assert_eq!(fs_err::read_dir(place.folder.path()).unwrap().count(), 1, "only keys/");
}

#[test]
fn a_vault_that_lost_one_half_is_never_an_empty_one() {
    let place = Place::new();
    fs_err::rename(place.file(), place.path("away")).unwrap();
    assert!(matches!(refused(place.vault().list()), VaultError::PartMissing(path)
        if path == place.file()));
    fs_err::rename(place.path("away"), place.file()).unwrap();
    fs_err::remove_file(place.key()).unwrap();
    assert!(matches!(refused(place.vault().list()), VaultError::PartMissing(path)
        if path == place.key()));
}

#[test]
fn creating_never_overwrites_and_finishes_what_was_interrupted() {
    let place = Place::new();
    place.vault().set(NAME, value("one"), NOW).unwrap();
    let error = refused(Vault::create(place.key(), place.file()));
    assert!(matches!(error, VaultError::Exists(_)));
    assert_eq!(text(&place.vault(), NAME), "one");

    // The key was made and the vault was not: the same key is used.
    let key = fs_err::read(place.key()).unwrap();
    fs_err::remove_file(place.file()).unwrap();
    Vault::create(place.key(), place.file()).unwrap();
    assert_eq!(fs_err::read(place.key()).unwrap(), key);

    // A vault without its key must not get a new one.
    fs_err::remove_file(place.key()).unwrap();
    assert!(matches!(refused(Vault::create(place.key(), place.file())), VaultError::Exists(_)));
    assert!(!place.key().exists());
}

#[test]
fn all_files_are_the_owners_alone() {
    let place = Place::new();
    place.vault().set(NAME, value("x"), NOW).unwrap();
    for path in [place.key(), place.file(), place.path("vault.age.lock")] {
        let mode = fs_err::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

#[test]
fn a_key_that_others_can_read_is_refused_with_the_line_to_type() {
    let place = Place::new();
    for mode in [0o640, 0o604, 0o660] {
        set_mode(&place.key(), mode);
        let error = refused(place.vault().list());
        assert_eq!(error.code(), Code::VaultLocked, "{mode:o}");
        assert_eq!(error.hints(), [format!("chmod 600 '{}'", place.key().display())]);
    }
    set_mode(&place.key(), 0o400);
    place.vault().list().unwrap();
    set_mode(&place.file(), 0o644);
    place.vault().list().unwrap();
    set_mode(&place.file(), 0o664);
    assert!(matches!(refused(place.vault().list()), VaultError::Unsafe { .. }));
}

#[test]
fn links_folders_and_other_peoples_files_are_refused() {
    let place = Place::new();
    fs_err::rename(place.key(), place.path("real")).unwrap();
    symlink(place.path("real"), place.key()).unwrap();
    let error = refused(place.vault().list());
    assert!(error.to_string().ends_with("is a symbolic link"), "{error}");
    fs_err::remove_file(place.key()).unwrap();
    fs_err::create_dir(place.key()).unwrap();
    let error = refused(place.vault().list());
    assert!(error.to_string().ends_with("is not a regular file"), "{error}");
    fs_err::remove_dir(place.key()).unwrap();
    fs_err::rename(place.path("real"), place.key()).unwrap();
    // Only root can give a file away; anybody else cannot stage this.
    if chown(place.key(), Some(1), None).is_ok() {
        let error = refused(place.vault().list());
        assert!(error.to_string().ends_with("belongs to another user"), "{error}");
    }
}

#[test]
fn another_key_does_not_open_it() {
    let (place, other) = (Place::new(), Place::new());
    place.vault().set(NAME, value(CANARY), NOW).unwrap();
    fs_err::copy(other.key(), place.key()).unwrap();
    let error = refused(place.vault().get(NAME));
    assert!(matches!(error, VaultError::WrongKey(_)), "{error}");
    assert_eq!(error.code(), Code::VaultLocked);
    fs_err::write(place.key(), "# nothing\n").unwrap();
    assert!(matches!(refused(place.vault().get(NAME)), VaultError::NotAKey(_)));
    fs_err::write(place.key(), "x".repeat(5000)).unwrap();
    assert!(matches!(refused(place.vault().get(NAME)), VaultError::FileTooLarge { .. }));
}

#[test]
fn a_changed_or_shortened_file_does_not_open() {
    let place = Place::new();
    place.vault().set(NAME, value(CANARY), NOW).unwrap();
    let whole = fs_err::read(place.file()).unwrap();
    let opens = |bytes: &[u8]| {
        fs_err::write(place.file(), bytes).unwrap();
        place.vault().get(NAME).is_ok()
    };
    for index in 0..whole.len() {
        let mut changed = whole.clone();
        changed[index] ^= 1;
        assert!(!opens(&changed), "byte {index} changed");
    }
    for length in 0..whole.len() {
        assert!(!opens(&whole[..length]), "{length} bytes left");
    }
    assert!(!opens(&[whole.as_slice(), b"x"].concat()), "one byte more");
    assert!(opens(&whole));
}

#[test]
fn what_has_been_decrypted_is_not_believed_when_the_file_changes() {
    let place = Place::new();
    let reader = place.vault();
    place.vault().set(NAME, value("one"), NOW).unwrap();
    assert_eq!(text(&reader, NAME), "one");
    place.vault().set(NAME, value("two"), NOW).unwrap();
    assert_eq!(text(&reader, NAME), "two");
    place.vault().remove(NAME).unwrap();
    assert_eq!(refused(reader.get(NAME)).code(), Code::SecretMissing);
    fs_err::remove_file(place.file()).unwrap();
    assert!(matches!(refused(reader.get(NAME)), VaultError::PartMissing(_)));
}

#[test]
fn names_and_sizes_are_checked_before_anything_is_written() {
    let place = Place::new();
    let vault = place.vault();
    for name in ["password", "obs/studio", "obs/studio/../x", "obs/studio/Password"] {
        assert!(matches!(refused(vault.set(name, value("x"), NOW)), VaultError::Name(_)));
        assert!(matches!(refused(vault.get(name)), VaultError::Name(_)));
    }
    assert!(matches!(refused(vault.set(NAME, value(""), NOW)), VaultError::Empty(_)));
    let large = "x".repeat(VALUE_BYTES_MAX + 1);
    let error = refused(vault.set(NAME, value(&large), NOW));
    assert!(matches!(error, VaultError::ValueTooLarge { .. }));
    assert_eq!(error.code(), Code::Usage);
    vault.set(NAME, value(&large[1..]), NOW).unwrap();
    assert!(matches!(
        refused(vault.rotate(NAME, value(&large), NOW)),
        VaultError::ValueTooLarge { .. }
    ));
    assert_eq!(vault.get(NAME).unwrap().expose().len(), VALUE_BYTES_MAX);
}

#[test]
fn a_vault_beyond_its_bound_is_refused_and_stays_as_it_was() {
    let place = Place::new();
    let vault = place.vault();
    vault.set(NAME, value("x"), NOW).unwrap();
    let note = "n".repeat(CONTENTS_BYTES_MAX);
    assert!(matches!(refused(vault.set_note(NAME, Some(note))), VaultError::Full { .. }));
    assert_eq!(vault.list().unwrap()[0].note, None);
    fs_err::write(place.file(), vec![0; FILE_BYTES_MAX + 1]).unwrap();
    assert!(matches!(refused(vault.list()), VaultError::FileTooLarge { .. }));
}

#[test]
fn an_interrupted_write_leaves_the_old_vault() {
    let place = Place::new();
    let vault = place.vault();
    vault.set(NAME, value("one"), NOW).unwrap();
    // Killed in the middle of a write: half a file beside the vault.
    fs_err::write(place.path(".new-killed"), b"age-encryption.org/v1\n-> X25").unwrap();
    assert_eq!(text(&place.vault(), NAME), "one");
    vault.set(NAME, value("two"), NOW).unwrap();
    assert_eq!(text(&place.vault(), NAME), "two");
    assert!(!place.path(".new-killed").exists());
    // A write that cannot even begin.
    fs_err::remove_file(place.path("vault.age.lock")).unwrap();
    fs_err::create_dir(place.path("vault.age.lock")).unwrap();
    assert_eq!(refused(vault.set(NAME, value("three"), NOW)).code(), Code::VaultLocked);
    assert_eq!(text(&place.vault(), NAME), "two");
}

#[test]
fn writers_at_once_lose_nothing() {
    let place = Place::new();
    let writers = 8;
    std::thread::scope(|scope| {
        for number in 0..writers {
            // Each with its own object, and so its own lock, as processes have.
            let vault = place.vault();
            scope.spawn(move || {
                vault.set(&format!("obs/studio-{number}/password"), value("x"), NOW).unwrap();
            });
        }
    });
    assert_eq!(place.vault().list().unwrap().len(), writers);
}

#[test]
fn a_lock_that_is_never_given_back_is_not_waited_for_for_ever() {
    let place = Place::new();
    let held = lock(&place.file()).unwrap();
    assert!(matches!(refused(place.vault().set(NAME, value("x"), NOW)), VaultError::Busy(_)));
    assert_eq!(place.vault().list().unwrap(), [], "readers do not wait");
    drop(held);
    place.vault().set(NAME, value("x"), NOW).unwrap();
}

#[test]
fn the_canary_is_seen_nowhere() {
    let place = Place::new();
    let vault = place.vault();
    vault.set(NAME, value(CANARY), NOW).unwrap();
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, CANARY);
    let found = |bytes: &[u8]| {
        let holds =
            |needle: &str| bytes.windows(needle.len()).any(|part| part == needle.as_bytes());
        holds(CANARY) || holds(&base64)
    };
    assert!(found(CANARY.as_bytes()) && found(base64.as_bytes()), "the search itself works");
    for entry in fs_err::read_dir(place.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            assert!(!found(&fs_err::read(&path).unwrap()), "{}", path.display());
        }
    }
    let shown = format!("{:?} {:?}", vault.get(NAME).unwrap(), vault.list().unwrap());
    assert!(!found(shown.as_bytes()), "{shown}");
}

#[test]
fn plain_text_in_an_unknown_form_is_refused_without_repeating_it() {
    let place = Place::new();
    let identity = seal::read_key(&place.key()).unwrap();
    let empty = r#"{"format":1,"secrets":{}}"#;
    let entry = |value: &str| {
        format!(
            r#"{{"format":1,"secrets":{{"a/b/c":{{"value":{value},"version":1,"set_at":1}}}}}}"#
        )
    };
    let write = |plain: &str| {
        fs_err::write(place.file(), seal::seal(&identity, plain.as_bytes()).unwrap()).unwrap();
    };
    for plain in [
        empty.replace('1', "2"),
        empty.replace("{}", "{},\"new\":1"),
        entry(&format!("\"{CANARY}\"")),
        entry(&format!("{{\"{CANARY}\":1}}")),
        entry("5"),
        CANARY.to_owned(),
    ] {
        write(&plain);
        let error = refused(place.vault().list());
        assert!(matches!(error, VaultError::UnknownForm(_)), "{plain}");
        assert!(!format!("{error} {error:?} {:?}", error.problem()).contains(CANARY));
    }
    write(&entry("\"eA==\""));
    assert_eq!(text(&place.vault(), "a/b/c"), "x");
}
