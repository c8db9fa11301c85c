//! Copies of the database: whole, of one moment, and usable as the original.

#![cfg(test)] // so that helpers count as test code

use if_store::{Rows as _, Schema, Sql as _, Store, StoreError};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

const NOTES: Schema = Schema {
    owner: "notes",
    version: 1,
    sql: &["CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"],
};

fn write(store: &Store, text: &str) -> Result<(), StoreError> {
    store.transaction(|tx| {
        tx.execute("INSERT INTO note (text) VALUES (?1)", &[text.into()])?;
        Ok(())
    })
}

fn texts(path: &Path) -> Vec<String> {
    let store = Store::open(path, &[NOTES]).unwrap();
    let read = store.read(|view| {
        view.all("SELECT text FROM note ORDER BY id", &[], |row| {
            Ok::<_, StoreError>(row.text(0)?.to_owned())
        })
    });
    read.unwrap()
}

#[test]
fn a_copy_is_whole_closed_to_others_and_keeps_its_journal() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("if.db"), folder.path().join("copy.db"));
    let store = Store::open(&from, &[NOTES]).unwrap();
    write(&store, "one").unwrap();
    store.copy_to(&to, || Ok::<_, StoreError>(())).unwrap();
    write(&store, "two").unwrap();
    assert_eq!(texts(&to), ["one"]);
    assert_eq!(texts(&from), ["one", "two"]);
    assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
    // Bytes 18 and 19 of the header say which journal the file uses; 2 is the write-ahead log.
    assert_eq!(fs_err::read(&to).unwrap()[18..20], [2, 2]);
}

#[test]
fn nobody_writes_while_the_rest_is_copied() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("if.db"), folder.path().join("copy.db"));
    let store = Store::open(&from, &[NOTES]).unwrap();
    let other = Store::open_waiting(&from, &[NOTES], Duration::from_millis(20)).unwrap();
    let during = store.copy_to(&to, || Ok::<_, StoreError>(write(&other, "late"))).unwrap();
    assert!(matches!(during, Err(StoreError::Busy(_))), "{during:?}");
    write(&other, "after").unwrap();
    assert_eq!(texts(&from), ["after"]);
}

#[test]
fn an_existing_file_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("if.db"), folder.path().join("copy.db"));
    let store = Store::open(&from, &[NOTES]).unwrap();
    store.copy_to(&to, || Ok::<_, StoreError>(())).unwrap();
    write(&store, "one").unwrap();
    assert!(store.copy_to(&to, || Ok::<_, StoreError>(())).is_err());
    assert!(texts(&to).is_empty());
}
