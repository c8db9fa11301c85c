//! Against a real GNOME Keyring on a bus of its own, and against buses that are none.

use super::*;
use if_core::{Code, Explain};
use if_servers::Keyring as Real;
use std::os::unix::net::UnixListener;

const CANARY: &str = "canary-7f3a91c2";
const SOON: Duration = Duration::from_secs(5);

/// How long a silent bus is there.
const HANGS_UP_AFTER: Duration = Duration::from_secs(3);

fn item(service: &str, account: &str) -> Item {
    Item { service: service.to_owned(), account: account.to_owned() }
}

fn obs() -> Item {
    item("obs", "studio")
}

fn on(real: &Real) -> Keyring {
    Keyring::of_session(Some(&real.address()), None).unwrap()
}

async fn one(keyring: &Keyring, item: Item) -> Result<SecretValue, KeyringError> {
    keyring.values(&[item], SOON).await.remove(0)
}

fn bytes(value: Result<SecretValue, KeyringError>) -> Vec<u8> {
    value.unwrap().expose().to_vec()
}

#[tokio::test]
async fn a_value_that_a_person_stored_is_found() {
    if !if_servers::require!(Keyring) {
        return;
    }
    let real = Real::start().unwrap();
    real.store("obs", "studio", CANARY.as_bytes()).unwrap();
    real.store("obs", "stage", b"another\n").unwrap();
    let keyring = on(&real);
    assert_eq!(bytes(one(&keyring, obs()).await), CANARY.as_bytes());
    // Stored by a library that adds attributes of its own, as Python's does.
    let more = ["service", "ha", "username", "house", "application", "Python keyring library"];
    real.store_as(&more, b"of python").unwrap();
    let wanted = [item("ha", "house"), item("obs", "nobody"), item("obs", "stage")];
    let values = keyring.values(&wanted, SOON).await;
    let told: Vec<_> =
        values.into_iter().map(|value| value.map(|it| it.expose().to_vec())).collect();
    let missing = KeyringError::Missing(item("obs", "nobody"));
    assert_eq!(told, [Ok(b"of python".to_vec()), Err(missing), Ok(b"another\n".to_vec())]);
    // Where the address is not set, the bus is in the runtime folder.
    let usual = Keyring::of_session(None, Some(real.runtime_dir())).unwrap();
    assert_eq!(bytes(one(&usual, obs()).await), CANARY.as_bytes());
}

#[tokio::test]
async fn a_value_may_be_any_bytes() {
    if !if_servers::require!(Keyring) {
        return;
    }
    let real = Real::start().unwrap();
    let binary: Vec<u8> = (0..=255).collect();
    let bus = connection::Builder::address(real.address().as_str()).unwrap().build().await.unwrap();
    let service = SecretService::connect_with_existing(EncryptionType::Dh, bus).await.unwrap();
    let collection = service.get_default_collection().await.unwrap();
    let attributes = HashMap::from([("service", "obs"), ("username", "studio")]);
    let kind = "application/octet-stream";
    collection.create_item("binary", attributes, &binary, false, kind).await.unwrap();
    assert_eq!(bytes(one(&on(&real), obs()).await), binary);
}

#[tokio::test]
async fn two_items_that_match_are_not_chosen_from() {
    if !if_servers::require!(Keyring) {
        return;
    }
    let real = Real::start().unwrap();
    for application in ["one", "other"] {
        let attributes = ["service", "obs", "username", "studio", "application", application];
        real.store_as(&attributes, CANARY.as_bytes()).unwrap();
    }
    let error = one(&on(&real), obs()).await.unwrap_err();
    assert_eq!(error, KeyringError::Ambiguous { item: obs(), count: 2 });
    assert_eq!(error.code(), Code::SecretSource);
    let hints = error.hints();
    assert_eq!(hints[0], "secret-tool clear service obs username studio");
    // The lines of the hint mend it.
    let done = real.command("sh").args(["-c", &hints[0]]).status().unwrap();
    assert!(done.success());
    assert_eq!(one(&on(&real), obs()).await.unwrap_err(), KeyringError::Missing(obs()));
}

#[tokio::test]
async fn a_locked_keyring_is_named_and_nobody_is_asked() {
    if !if_servers::require!(Keyring) {
        return;
    }
    let real = Real::start().unwrap();
    real.store("obs", "studio", CANARY.as_bytes()).unwrap();
    real.lock().unwrap();
    let error = one(&on(&real), obs()).await.unwrap_err();
    assert_eq!((&error, error.code()), (&KeyringError::Locked(obs()), Code::SecretSource));
    let line = "secret-tool search --unlock service obs username studio > /dev/null";
    assert_eq!(error.hints(), [line]);
    assert!(!real.log().contains("prompt"), "{}", real.log());
    // What nobody stored is missing in a locked keyring too.
    let nobody = item("obs", "nobody");
    assert_eq!(one(&on(&real), nobody.clone()).await.unwrap_err(), KeyringError::Missing(nobody));
}

#[tokio::test]
async fn the_line_for_a_missing_item_stores_it() {
    if !if_servers::require!(Keyring) {
        return;
    }
    let real = Real::start().unwrap();
    let odd = item("Studio Safe", "it's; rm -rf $HOME");
    let error = one(&on(&real), odd.clone()).await.unwrap_err();
    assert_eq!(error.code(), Code::SecretMissing);
    let line = format!("printf %s {CANARY} | {}", error.hints()[0]);
    assert!(real.command("sh").args(["-c", &line]).status().unwrap().success());
    assert_eq!(bytes(one(&on(&real), odd).await), CANARY.as_bytes());
}

#[tokio::test]
async fn a_bus_without_a_keyring_says_so() {
    if !if_servers::require!(Keyring) {
        return;
    }
    let bus = Real::bus_alone().unwrap();
    let error = one(&on(&bus), obs()).await.unwrap_err();
    assert_eq!((&error, error.code()), (&KeyringError::NoService, Code::SecretSource));
}

#[tokio::test]
async fn who_does_not_answer_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    // Somebody listens and says nothing, and hangs up long after nobody waits any more.
    let listener = UnixListener::bind(folder.path().join("bus")).unwrap();
    std::thread::spawn(move || {
        std::thread::sleep(HANGS_UP_AFTER);
        drop(listener);
    });
    let keyring = Keyring::of_session(None, Some(folder.path())).unwrap();
    let values = keyring.values(&[obs(), obs()], Duration::from_millis(50)).await;
    let late = KeyringError::TimedOut { waited_ms: 50 };
    let told: Vec<_> = values.into_iter().map(|value| value.unwrap_err()).collect();
    assert_eq!(told, [late.clone(), late]);
    let nobody = Keyring::of_session(Some("unix:path=/nonexistent/bus"), None).unwrap();
    assert_eq!(one(&nobody, obs()).await.unwrap_err(), KeyringError::BusUnreachable);
}

#[test]
fn a_bus_is_a_socket_of_this_machine() {
    let of = |address: &str| Keyring::of_session(Some(address), None).map(|_| ());
    for address in [
        "tcp:host=127.0.0.1,port=1",
        "unixexec:path=/bin/sh",
        "autolaunch:",
        "nonce-tcp:host=127.0.0.1,port=1,noncefile=/x",
        "launchd:env=X",
        "",
        "nonsense",
    ] {
        assert_eq!(of(address), Err(KeyringError::BusForm), "{address}");
    }
    for address in [
        "unix:path=/run/user/1000/bus",
        "unix:path=/run/user/1000/bus,guid=0123456789abcdef0123456789abcdef",
        "unix:abstract=/tmp/dbus-x",
        "tcp:host=127.0.0.1,port=1;unix:path=/run/bus",
    ] {
        assert_eq!(of(address), Ok(()), "{address}");
    }
    assert_eq!(Keyring::of_session(None, None).map(|_| ()), Err(KeyringError::NoBus));
}

#[test]
fn no_error_repeats_the_words_of_the_bus() {
    let words = || format!("a message with {CANARY}");
    for error in [
        zbus::Error::Failure(words()),
        zbus::Error::FDO(Box::new(zbus::fdo::Error::AccessDenied(words()))),
        zbus::Error::FDO(Box::new(zbus::fdo::Error::ServiceUnknown(words()))),
        zbus::Error::Unsupported,
    ] {
        let said = format!("{:?}", KeyringError::from_bus(error).problem());
        assert!(!said.contains(CANARY), "{said}");
    }
}
