//! The database as its users see it: what is durable, what is refused, what waits.

#![cfg(test)] // so that helpers count as test code

use if_core::{CapabilityId, Code, Explain, StateStore, Word};
use if_store::{
    CHECKPOINT_PAGES, Rows as _, STATE_BYTES_MAX, STATE_ENTRY_OVERHEAD_BYTES, STATE_KEY_BYTES_MAX,
    Schema, Sql as _, State, Store, StoreError, Transaction, remember_release,
};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::time::Duration;

const NOTES: Schema = Schema {
    owner: "notes",
    version: 1,
    sql: &["CREATE TABLE note (id INTEGER PRIMARY KEY, text BLOB NOT NULL) STRICT"],
};
const NOTES_2: Schema = Schema {
    owner: "notes",
    version: 2,
    sql: &[NOTES.sql[0], "ALTER TABLE note ADD COLUMN colour TEXT"],
};

fn open(folder: &Path) -> Store {
    Store::open(&folder.join("if.db"), &[NOTES]).unwrap()
}

fn insert(transaction: &Transaction<'_>, text: &[u8]) -> Result<(), StoreError> {
    transaction.execute("INSERT INTO note (text) VALUES (?1)", &[text.into()])?;
    Ok(())
}

fn write(store: &Store, text: &[u8]) -> Result<(), StoreError> {
    store.transaction(|transaction| insert(transaction, text))
}

/// A setting of the store's connection, as text.
fn pragma(store: &Store, name: &str) -> String {
    let sql = format!("SELECT CAST((SELECT * FROM pragma_{name}) AS TEXT)");
    let row = store.read(|view| view.first(&sql, &[])).unwrap().unwrap();
    row.text(0).unwrap().to_owned()
}

fn count(store: &Store) -> u64 {
    let row = store.read(|view| view.first("SELECT count(*) FROM note", &[])).unwrap();
    row.unwrap().number(0).unwrap()
}

fn id() -> CapabilityId {
    CapabilityId::new("if://capability/a.b").unwrap()
}

/// Commits that the write-ahead log holds: frames whose header names a database size.
fn commits(folder: &Path) -> usize {
    let log = fs_err::read(folder.join("if.db-wal")).unwrap();
    let page = u32::from_be_bytes(log[8..12].try_into().unwrap()) as usize;
    log[32..].chunks_exact(24 + page).filter(|frame| frame[4..8] != [0; 4]).count()
}

#[test]
fn files_are_the_owners_alone_and_looser_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(&open(folder.path()), b"x").unwrap();
    for name in ["if.db", "if.db-wal", "if.db-shm"] {
        let mode = fs_err::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let path = folder.path().join("if.db");
    fs_err::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    let error = Store::open(&path, &[NOTES]).unwrap_err();
    assert_eq!(error.code(), Code::HomeUnsafe);
    assert_eq!(error.hints(), [format!("chmod 600 {}", path.display())]);
}

#[test]
fn settings_hold_on_every_connection() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let store = open(folder.path());
    for (name, expected) in [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("recursive_triggers", "1"),
        ("trusted_schema", "0"),
        ("secure_delete", "1"),
    ] {
        assert_eq!(pragma(&store, name), expected, "{name}");
    }
}

#[test]
fn a_failed_transaction_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let result: Result<(), StoreError> = store.transaction(|tx| {
        tx.execute("INSERT INTO note (text) VALUES (x'00')", &[])?;
        Err(StoreError::Number(7))
    });
    assert!(matches!(result, Err(StoreError::Number(7))));
    assert_eq!(count(&store), 0);
    write(&store, b"after").unwrap();
    assert_eq!(count(&store), 1);
}

#[test]
fn a_panic_inside_rolls_back_and_the_store_works_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.transaction::<(), StoreError>(|tx| {
            tx.execute("INSERT INTO note (text) VALUES (x'00')", &[])?;
            panic!("in the middle");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(count(&store), 0);
    write(&store, b"after").unwrap();
}

#[test]
fn a_read_cannot_write_and_writing_works_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let result: Result<usize, StoreError> =
        store.read(|view| view.execute("INSERT INTO note (text) VALUES (x'00')", &[]));
    assert!(result.is_err());
    write(&store, b"allowed").unwrap();
    assert_eq!(count(&store), 1);
}

#[test]
fn a_full_disk_is_named_and_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store
        .transaction(|tx| {
            let pages = tx.first("PRAGMA page_count", &[])?.unwrap().number(0)?;
            tx.first(&format!("PRAGMA max_page_count = {pages}"), &[])
        })
        .unwrap();
    let error = write(&store, &[7; 100_000]).unwrap_err();
    assert_eq!(error.code(), Code::StoreFull);
    assert_eq!(count(&store), 0);
}

#[test]
fn a_held_lock_is_waited_for_and_then_named() {
    let folder = tempfile::tempdir().unwrap();
    let holder = open(folder.path());
    let path = folder.path().join("if.db");
    let waiter = Store::open_waiting(&path, &[NOTES], Duration::from_millis(50)).unwrap();
    let error =
        holder.transaction(|_| Ok::<_, StoreError>(write(&waiter, b"never").unwrap_err())).unwrap();
    assert_eq!(error.code(), Code::StoreBusy);
    write(&waiter, b"now").unwrap();
    assert_eq!(count(&holder), 1);
}

#[test]
fn a_newer_database_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("if.db");
    drop(Store::open(&path, &[NOTES_2]).unwrap());
    let before =
        (fs_err::read(&path).unwrap(), fs_err::read(path.with_extension("db-wal")).unwrap());
    let error = Store::open(&path, &[NOTES]).unwrap_err();
    assert_eq!(error.code(), Code::StoreNewer);
    assert!(error.to_string().contains("`notes` is at 2, this version knows 1"), "{error}");
    let after =
        (fs_err::read(&path).unwrap(), fs_err::read(path.with_extension("db-wal")).unwrap());
    assert!(before == after);
}

#[test]
fn an_older_database_is_brought_up_to_date_with_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    write(&open(folder.path()), b"old").unwrap();
    let store = Store::open(&folder.path().join("if.db"), &[NOTES_2]).unwrap();
    store
        .transaction(|tx| {
            tx.execute("UPDATE note SET colour = 'red'", &[])?;
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert_eq!(count(&store), 1);
}

#[test]
fn a_step_that_fails_leaves_the_old_version() {
    const BROKEN: Schema =
        Schema { owner: "notes", version: 2, sql: &[NOTES.sql[0], "DROP TABLE note; NONSENSE"] };
    let folder = tempfile::tempdir().unwrap();
    write(&open(folder.path()), b"old").unwrap();
    let path = folder.path().join("if.db");
    assert_eq!(Store::open(&path, &[BROKEN]).unwrap_err().code(), Code::Store);
    assert_eq!(count(&open(folder.path())), 1);
}

#[test]
fn a_schema_whose_version_and_steps_disagree_is_a_bug() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("if.db");
    let wrong = Schema { version: 2, ..NOTES };
    assert_eq!(Store::open(&path, &[wrong]).unwrap_err().code(), Code::Bug);
    assert!(!path.exists());
}

#[test]
fn something_that_is_no_database_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("if.db");
    let text = "not a database, certainly not one of ours\n".repeat(100);
    fs_err::write(&path, &text).unwrap();
    fs_err::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(Store::open(&path, &[NOTES]).unwrap_err().code(), Code::Store);
    assert_eq!(fs_err::read_to_string(&path).unwrap(), text);
}

/// One commit is one flush under `synchronous = FULL`; the rest of a cold command adds none.
#[test]
fn a_cold_open_and_one_transaction_commit_exactly_once() {
    let folder = tempfile::tempdir().unwrap();
    write(&open(folder.path()), b"warm").unwrap();
    let (before, pages) =
        (commits(folder.path()), fs_err::read(folder.path().join("if.db")).unwrap());
    let store = open(folder.path());
    assert_eq!(commits(folder.path()), before);
    write(&store, b"cold").unwrap();
    drop(store);
    assert_eq!(commits(folder.path()), before + 1);
    assert!(fs_err::read(folder.path().join("if.db")).unwrap() == pages, "checkpointed");
}

/// Bytes of a write-ahead log of this many pages, and of a commit's beyond the mark.
fn log_bytes_max(pages: u32) -> u64 {
    u64::from(pages + 6) * (4096 + 24) + 32
}

#[test]
fn the_last_transactions_of_commands_keep_the_write_ahead_log_short() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for _ in 0..2 * CHECKPOINT_PAGES {
        store.last_transaction(|transaction| insert(transaction, &[7; 8000])).unwrap();
    }
    let length = fs_err::metadata(folder.path().join("if.db-wal")).unwrap().len();
    assert!(length <= log_bytes_max(CHECKPOINT_PAGES), "{length}");
    assert_eq!(pragma(&store, "synchronous"), "2", "a fold leaves the commits flushed");
    assert_eq!(pragma(&store, "busy_timeout"), "5000", "and patient with other processes");
}

#[test]
fn the_write_ahead_log_stays_bounded_even_if_no_command_lives_to_its_last_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for _ in 0..16 * CHECKPOINT_PAGES {
        write(&store, &[7; 8000]).unwrap();
    }
    let length = fs_err::metadata(folder.path().join("if.db-wal")).unwrap().len();
    assert!(length <= log_bytes_max(16 * CHECKPOINT_PAGES), "{length}");
}

/// A process that opens the database takes the whole log for new: it must find it cut.
#[test]
fn one_fold_serves_every_later_process() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let log = || fs_err::metadata(folder.path().join("if.db-wal")).unwrap().len();
    let last = || open(folder.path()).last_transaction(|transaction| insert(transaction, b"x"));
    let mut longest = 0;
    while log() >= longest {
        longest = log();
        assert!(longest <= log_bytes_max(CHECKPOINT_PAGES), "never folded");
        last().unwrap();
    }
    let before = log();
    last().unwrap();
    assert!(log() > before, "nothing is folded while the log is short");
}

#[test]
fn a_transaction_that_fails_folds_nothing_and_leaves_the_next_one_flushed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for _ in 0..CHECKPOINT_PAGES {
        write(&store, &[7; 8000]).unwrap();
    }
    let failed = store.last_transaction(|_| Err::<(), _>(StoreError::Number(7)));
    assert!(matches!(failed, Err(StoreError::Number(7))));
    assert_eq!(pragma(&store, "synchronous"), "2");
}

#[test]
fn many_open_a_new_database_at_once_and_none_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let threads = 8;
    let start = Barrier::new(threads);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                start.wait();
                let store = open(folder.path());
                for _ in 0..10 {
                    write(&store, b"one of many").unwrap();
                }
            });
        }
    });
    assert_eq!(count(&open(folder.path())), 80);
}

#[test]
fn the_release_floor_only_rises() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert_eq!(store.release_seen(&id()).unwrap(), None);
    for (release, floor) in [(3, 3), (2, 3), (9, 9), (0, 9)] {
        store.transaction(|tx| remember_release(tx, &id(), release)).unwrap();
        assert_eq!(store.release_seen(&id()).unwrap(), Some(floor));
    }
    let error = store.transaction(|tx| remember_release(tx, &id(), u64::MAX)).unwrap_err();
    assert!(matches!(error, StoreError::Number(u64::MAX)));
}

fn state(store: &Arc<Store>, instance: &str) -> State {
    State::new(store.clone(), id(), Word::new(instance).unwrap())
}

#[test]
fn state_is_seen_by_its_call_and_durable_once_saved() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()));
    let call = state(&store, "studio");
    call.set("a", Some(b"1")).unwrap();
    call.set("b", Some(b"2")).unwrap();
    assert_eq!(call.get("a").unwrap(), Some(b"1".to_vec()));
    assert_eq!(state(&store, "studio").get("a").unwrap(), None, "not saved yet");
    store.transaction(|tx| call.save(tx)).unwrap();
    let next = state(&store, "studio");
    assert_eq!(next.get("b").unwrap(), Some(b"2".to_vec()));
    assert_eq!(state(&store, "stage").get("a").unwrap(), None, "another instance");
    next.set("a", None).unwrap();
    assert_eq!(next.get("a").unwrap(), None);
    store.transaction(|tx| next.save(tx)).unwrap();
    assert_eq!(state(&store, "studio").get("a").unwrap(), None);
}

#[test]
fn state_has_a_quota_over_all_keys() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()));
    let call = state(&store, "studio");
    let most = STATE_BYTES_MAX - STATE_ENTRY_OVERHEAD_BYTES - 1;
    assert_eq!(call.set("k", Some(&vec![0; most + 1])).unwrap_err().code, Code::LimitHostCalls);
    call.set("k", Some(&vec![0; most])).unwrap();
    assert!(call.set("l", Some(b"")).is_err(), "an empty value counts too");
    store.transaction(|tx| call.save(tx)).unwrap();

    let next = state(&store, "studio");
    assert!(next.set("l", Some(b"")).is_err(), "what is stored counts");
    next.set("k", Some(b"small")).unwrap();
    next.set("l", Some(b"fits now")).unwrap();
    state(&store, "stage").set("k", Some(&vec![0; most])).unwrap();
}

#[test]
fn two_calls_that_fit_alone_cannot_overfill_together() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()));
    let (one, two) = (state(&store, "studio"), state(&store, "studio"));
    one.set("one", Some(&vec![0; STATE_BYTES_MAX / 2])).unwrap();
    two.set("two", Some(&vec![0; STATE_BYTES_MAX / 2])).unwrap();
    store.transaction(|tx| one.save(tx)).unwrap();
    let error = store.transaction(|tx| two.save(tx)).unwrap_err();
    assert!(matches!(error, StoreError::StateFull { .. }));
    assert_eq!(state(&store, "studio").get("two").unwrap(), None);
}

#[test]
fn state_keys_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()));
    let call = state(&store, "studio");
    call.set(&"k".repeat(STATE_KEY_BYTES_MAX), Some(b"")).unwrap();
    for bad in [String::new(), "k".repeat(STATE_KEY_BYTES_MAX + 1)] {
        assert!(call.set(&bad, Some(b"")).is_err());
        assert!(call.get(&bad).is_err());
    }
}
