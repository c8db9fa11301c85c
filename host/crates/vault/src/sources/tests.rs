//! Each place a secret may come from, and what is said when it is not there.

use super::*;
use if_core::{Code, UnixMillis};
use std::os::unix::fs::PermissionsExt;

const NAME: &str = "obs/studio/password";
const CANARY: &str = "canary-7f3a91c2";

struct Place {
    folder: tempfile::TempDir,
    vault: Arc<Vault>,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let vault = Arc::new(Vault::create(path("vault.key"), path("vault.age")).unwrap());
        Self { folder, vault }
    }

    /// Sources in whose environment `SET` holds the canary and `EMPTY` nothing.
    fn sources(&self, reference: Reference) -> Sources {
        let environment = |name: &str| match name {
            "SET" => Some(CANARY.to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        Sources::new(self.vault.clone(), environment).refer(NAME, reference).unwrap()
    }

    fn file(&self, bytes: &[u8], mode: u32) -> PathBuf {
        let path = self.folder.path().join("secret");
        fs_err::write(&path, bytes).unwrap();
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }
}

fn env(name: &str) -> Reference {
    Reference::Env(name.to_owned())
}

#[test]
fn without_a_reference_the_vault_is_asked() {
    let place = Place::new();
    let sources = Sources::new(place.vault.clone(), |_| Some(CANARY.to_owned()));
    assert!(!sources.available(NAME));
    let problem = sources.secret(NAME).unwrap_err();
    assert_eq!(problem.code, Code::SecretMissing);
    assert_eq!(problem.hints, ["ifctl secret set obs studio password"]);

    place.vault.set(NAME, SecretValue::new(b"x".to_vec()), UnixMillis(1)).unwrap();
    assert!(sources.available(NAME));
    assert_eq!(sources.secret(NAME).unwrap().expose(), b"x");
    assert_eq!(place.sources(Reference::Vault).secret(NAME).unwrap().expose(), b"x");
}

#[test]
fn a_reference_never_falls_back_to_the_vault() {
    let place = Place::new();
    place.vault.set(NAME, SecretValue::new(b"x".to_vec()), UnixMillis(1)).unwrap();
    for reference in [env("UNSET"), env("EMPTY"), Reference::File("/nonexistent/secret".into())] {
        let sources = place.sources(reference);
        assert!(!sources.available(NAME));
        let problem = sources.secret(NAME).unwrap_err();
        assert_eq!(problem.code, Code::SecretMissing);
        let last = problem.hints.last().unwrap();
        assert!(last.ends_with("run: ifctl secret set obs studio password"), "{last}");
    }
    let sources = place.sources(env("SET"));
    assert!(sources.available(NAME));
    assert_eq!(sources.secret(NAME).unwrap().expose(), CANARY.as_bytes());
}

#[test]
fn one_line_end_of_a_file_does_not_count() {
    let place = Place::new();
    for (bytes, expect) in [
        (&b"value"[..], &b"value"[..]),
        (b"value\n", b"value"),
        (b"value\r\n", b"value"),
        (b"value\n\n", b"value\n"),
        (b" value ", b" value "),
    ] {
        let sources = place.sources(Reference::File(place.file(bytes, 0o600)));
        assert!(sources.available(NAME));
        assert_eq!(sources.secret(NAME).unwrap().expose(), expect);
    }
    // Mounted secrets are usually links.
    let link = place.folder.path().join("link");
    std::os::unix::fs::symlink(place.folder.path().join("secret"), &link).unwrap();
    assert!(place.sources(Reference::File(link)).secret(NAME).is_ok());
}

#[test]
fn an_open_empty_or_endless_file_is_refused() {
    let place = Place::new();
    let path = place.file(CANARY.as_bytes(), 0o644);
    let problem = place.sources(Reference::File(path.clone())).secret(NAME).unwrap_err();
    assert_eq!(problem.code, Code::VaultLocked);
    assert_eq!(problem.hints, [format!("chmod 600 '{}'", path.display())]);

    let sources = place.sources(Reference::File(place.file(b"\n", 0o600)));
    assert_eq!(sources.secret(NAME).unwrap_err().code, Code::Usage);
    let large = vec![b'x'; VALUE_BYTES_MAX];
    let sources =
        place.sources(Reference::File(place.file(&[&large[..], b"\r\n"].concat(), 0o600)));
    assert_eq!(sources.secret(NAME).unwrap().expose(), large);
    for more in [&b"y"[..], b"yyyy"] {
        let sources =
            place.sources(Reference::File(place.file(&[&large[..], more].concat(), 0o600)));
        assert!(sources.secret(NAME).is_err());
    }
    let fifo = place.folder.path().join("fifo");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, mode).unwrap();
    let problem = place.sources(Reference::File(fifo)).secret(NAME).unwrap_err();
    assert!(problem.message.ends_with("is not a regular file"), "{}", problem.message);
}

#[test]
fn trouble_is_not_taken_for_absence() {
    let place = Place::new();
    fs_err::write(place.folder.path().join("vault.age"), b"broken").unwrap();
    let sources = place.sources(Reference::Vault);
    assert!(sources.available(NAME));
    assert_eq!(sources.secret(NAME).unwrap_err().code, Code::VaultLocked);
    assert!(!sources.available("no name"));
}

#[test]
fn no_problem_repeats_a_value() {
    let place = Place::new();
    let long = CANARY.repeat(VALUE_BYTES_MAX);
    let sources = Sources::new(place.vault.clone(), move |_| Some(long.clone()));
    let sources = sources.refer(NAME, env("LONG")).unwrap();
    let problem = sources.secret(NAME).unwrap_err();
    assert_eq!(problem.code, Code::Usage);
    assert!(!format!("{problem:?}").contains(CANARY));
    let open = place.sources(Reference::File(place.file(CANARY.as_bytes(), 0o666)));
    assert!(!format!("{:?}", open.secret(NAME).unwrap_err()).contains(CANARY));
}

#[test]
fn what_a_place_outside_gave_is_held_to_the_vaults_bounds() {
    let place = Place::new();
    let name = SecretName::parse(NAME).unwrap();
    let sources = place.sources(Reference::Outside);
    // Not asked yet: taken for set, and not to be had.
    assert!(sources.available(NAME));
    assert_eq!(sources.secret(NAME).unwrap_err().code, Code::Bug);
    let bring = |bytes: Vec<u8>| sources.bring(&name, Ok(SecretValue::new(bytes)));
    bring(CANARY.into());
    assert!(sources.available(NAME));
    for _ in 0..2 {
        assert_eq!(sources.secret(NAME).unwrap().expose(), CANARY.as_bytes());
    }
    for bytes in [vec![], vec![b'x'; VALUE_BYTES_MAX + 1]] {
        bring(bytes);
        assert_eq!(sources.secret(NAME).unwrap_err().code, Code::Usage);
    }
    for (code, available) in [(Code::SecretMissing, false), (Code::SecretSource, true)] {
        sources.bring(&name, Err(Problem::new(code, "why")));
        assert_eq!(sources.available(NAME), available, "{code}");
        assert_eq!(sources.secret(NAME).unwrap_err().code, code);
    }
}

#[test]
fn a_token_is_read_from_a_file_of_ones_own() {
    let place = Place::new();
    for (bytes, expect) in [(&b"hvs.x"[..], &b"hvs.x"[..]), (b"hvs.x\r\n", b"hvs.x"), (b"", b"")] {
        let token = read_token(&place.file(bytes, 0o600)).unwrap().unwrap();
        assert_eq!(token.as_slice(), expect);
    }
    let open = read_token(&place.file(CANARY.as_bytes(), 0o644)).unwrap_err();
    assert_eq!(open.code(), Code::VaultLocked);
    assert!(!format!("{:?}", open.problem()).contains(CANARY));
    assert!(read_token(Path::new("/nonexistent/token")).unwrap().is_none());
}
