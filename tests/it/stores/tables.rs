//! Transactions, schemas, values, locks.

use super::kind::{Kind, on_each};
use if_core::{CapabilityId, Code, Explain as _, StateStore as _, Word};
use if_store::{
    Cell, Row, Rows as _, Schema, Sql, State, Store, StoreError, Value, remember_release,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

const NOTES: Schema = Schema {
    owner: "notes",
    version: 1,
    sql: &["CREATE TABLE note (
                id INTEGER PRIMARY KEY, text TEXT, bytes BLOB, number INTEGER
            ) STRICT;
            CREATE UNIQUE INDEX note_text ON note (text);
            CREATE TRIGGER note_stays BEFORE UPDATE ON note
            BEGIN SELECT RAISE(ABORT, 'notes stay'); END;"],
};
const NOTES_2: Schema = Schema {
    owner: "notes",
    version: 2,
    sql: &[NOTES.sql[0], "ALTER TABLE note ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'"],
};
const BROKEN: Schema =
    Schema { owner: "notes", version: 2, sql: &[NOTES.sql[0], "DROP TABLE note; NONSENSE"] };

fn insert(sql: &dyn Sql, id: u64, text: Option<&str>) -> Result<(), StoreError> {
    sql.execute("INSERT INTO note (id, text) VALUES (?1, ?2)", &[id.into(), text.into()])?;
    Ok(())
}

fn ids(sql: &dyn Sql) -> Result<Vec<u64>, StoreError> {
    sql.all("SELECT id FROM note ORDER BY id", &[], |row| row.number(0))
}

#[test]
fn a_transaction_is_there_whole_or_not_at_all() {
    on_each(|kind| {
        let store = kind.open(&[NOTES]).unwrap();
        store.transaction(|tx| insert(tx, 1, None)).unwrap();
        let failed: Result<(), StoreError> = store.transaction(|tx| {
            insert(tx, 2, None)?;
            Err(StoreError::Number(7))
        });
        assert!(matches!(failed, Err(StoreError::Number(7))));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            store.transaction::<(), StoreError>(|tx| {
                insert(tx, 3, None)?;
                panic!("in the middle");
            })
        }));
        assert!(panicked.is_err());
        // A statement that the database refuses undoes those before it as well.
        let doubled = store.transaction(|tx| {
            insert(tx, 4, None)?;
            insert(tx, 1, None)
        });
        assert!(doubled.is_err());
        assert_eq!(store.read(ids).unwrap(), [1]);
        let written: Result<(), StoreError> = store.read(|view| insert(view, 5, None));
        assert!(written.is_err());
        store.last_transaction(|tx| insert(tx, 6, None)).unwrap();
        drop(store);
        assert_eq!(kind.open(&[NOTES]).unwrap().read(ids).unwrap(), [1, 6]);
    });
}

#[test]
fn values_come_back_as_they_went_and_all_else_is_foreign() {
    on_each(|kind| {
        let store = kind.open(&[NOTES]).unwrap();
        let long = "ä\u{10348}'\"\\%?1$1".repeat(1000);
        let bytes: Vec<u8> = (0..=255).collect();
        let most = i64::MAX as u64;
        let rows: [[Value<'_>; 4]; 3] = [
            [1.into(), long.as_str().into(), (&bytes).into(), most.into()],
            [0.into(), "".into(), b"".into(), 0.into()],
            [most.into(), Value::Null, Value::Null, Value::Null],
        ];
        for row in &rows {
            let sql = "INSERT INTO note (id, text, bytes, number) VALUES (?1, ?2, ?3, ?4)";
            assert_eq!(store.transaction(|tx| tx.execute(sql, row)).unwrap(), 1);
        }
        let found = store.read(|view| {
            let sql = "SELECT id, text, bytes, number FROM note WHERE id = ?1 OR id = ?2 OR id > 9
                       ORDER BY id";
            view.all(sql, &[0.into(), 1.into()], |row| Ok::<_, StoreError>(row.owned()))
        });
        let cell = |value: &Value<'_>| match value {
            Value::Null => Cell::Null,
            Value::Number(number) => Cell::Number(*number),
            Value::Text(text) => Cell::Text((*text).to_owned().into()),
            Value::Bytes(bytes) => Cell::Bytes(bytes.to_vec().into()),
        };
        let row = |at: usize| Row::new(rows[at].iter().map(cell).collect());
        assert_eq!(found.unwrap(), [row(1), row(0), row(2)]);
        let much = store.transaction(|tx| insert(tx, u64::MAX, None));
        assert!(matches!(much, Err(StoreError::Number(u64::MAX))));
        kind.edit("UPDATE note SET number = -1 WHERE id = 1");
        let negative = store.read(|view| view.first("SELECT number FROM note WHERE id = 1", &[]));
        assert!(matches!(negative.unwrap().unwrap().number(0), Err(StoreError::Cell { .. })));
    });
}

#[test]
fn rows_are_read_in_pages_while_other_statements_run_and_until_enough_is_seen() {
    on_each(|kind| {
        let store = kind.open(&[NOTES]).unwrap();
        store.transaction(|tx| (0..1000).try_for_each(|id| insert(tx, id, None))).unwrap();
        let (mut seen, mut asked) = (0, 0);
        store
            .read(|view| {
                view.each("SELECT id FROM note ORDER BY id", &[], |row| {
                    let id = row.number(0)?;
                    assert_eq!(id, seen);
                    seen += 1;
                    let again = "SELECT count(*) FROM note WHERE id <= ?1";
                    let count = view.first(again, &[id.into()])?.unwrap().number(0)?;
                    asked += u64::from(count == seen);
                    if seen == 700 { Err(StoreError::Number(1)) } else { Ok(()) }
                })
            })
            .unwrap_err();
        assert_eq!((seen, asked), (700, 700));
        assert_eq!(store.read(ids).unwrap().len(), 1000, "the connection is as it was");
    });
}

#[test]
fn a_key_that_is_there_and_a_trigger_that_refuses_are_told() {
    on_each(|kind| {
        let store = kind.open(&[NOTES]).unwrap();
        store.transaction(|tx| insert(tx, 1, Some("a"))).unwrap();
        let taken = store.transaction(|tx| insert(tx, 2, Some("a")));
        assert!(matches!(taken, Err(StoreError::Taken(_))), "{taken:?}");
        let update = |tx: &if_store::Transaction<'_>| tx.execute("UPDATE note SET number = 1", &[]);
        let stays = store.transaction(update).unwrap_err().problem();
        assert!(stays.because.join(" ").contains("notes stay"), "{stays:?}");
        store.check().unwrap();
        // Without its guard the database is no longer as it was made.
        match kind {
            Kind::Sqlite(_) => kind.edit("ALTER TABLE note RENAME COLUMN number TO count"),
            Kind::Postgres { .. } => kind.edit("ALTER TABLE note DISABLE TRIGGER note_stays"),
        }
        let damaged = store.check().unwrap_err();
        assert!(matches!(damaged, StoreError::Damaged { .. }), "{damaged:?}");
    });
}

#[test]
fn tables_are_brought_up_to_date_and_newer_ones_left_alone() {
    on_each(|kind| {
        let old = kind.open(&[NOTES]).unwrap();
        old.transaction(|tx| insert(tx, 1, None)).unwrap();
        assert!(kind.open(&[BROKEN]).is_err());
        assert_eq!(kind.open(&[NOTES]).unwrap().read(ids).unwrap(), [1], "a broken step is undone");
        let new = kind.open(&[NOTES_2]).unwrap();
        let colour = new.read(|view| view.first("SELECT colour FROM note", &[])).unwrap().unwrap();
        assert_eq!(colour.text(0).unwrap(), "red");
        let error = kind.open(&[NOTES]).unwrap_err();
        assert_eq!(error.code(), Code::StoreNewer);
        assert!(error.to_string().contains("`notes` is at 2, this version knows 1"), "{error}");
        assert!(error.to_string().starts_with(new.place()), "{error}");
        let wrong = kind.open(&[Schema { version: 2, ..NOTES }]).unwrap_err();
        assert_eq!(wrong.code(), Code::Bug);
    });
}

#[test]
fn two_that_open_an_empty_database_at_once_make_its_tables_once() {
    on_each(|kind| {
        let gate = Barrier::new(4);
        std::thread::scope(|scope| {
            for number in 0..4 {
                let gate = &gate;
                scope.spawn(move || {
                    gate.wait();
                    let store = kind.open(&[NOTES]).unwrap();
                    store.transaction(|tx| insert(tx, number, None)).unwrap();
                });
            }
        });
        assert_eq!(kind.open(&[NOTES]).unwrap().read(ids).unwrap(), [0, 1, 2, 3]);
    });
}

/// What is read under the write lock is what is written over.
#[test]
fn no_write_of_another_connection_comes_between() {
    const WRITERS: u64 = 4;
    const EACH: u64 = 25;
    on_each(|kind| {
        kind.open(&[NOTES]).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(|| {
                    let store = kind.open_waiting(&[NOTES], Duration::from_secs(30)).unwrap();
                    for _ in 0..EACH {
                        store
                            .transaction(|tx| {
                                let row = tx.first("SELECT max(id) FROM note", &[])?;
                                let last = row.unwrap().maybe_number(0)?;
                                insert(tx, last.map_or(0, |last| last + 1), None)
                            })
                            .unwrap();
                    }
                });
            }
        });
        let all = kind.open(&[NOTES]).unwrap().read(ids).unwrap();
        assert_eq!(all, (0..WRITERS * EACH).collect::<Vec<_>>());
    });
}

#[test]
fn a_held_lock_is_waited_for_and_then_named() {
    on_each(|kind| {
        let holder = kind.open(&[NOTES]).unwrap();
        let waiter = kind.open_waiting(&[NOTES], Duration::from_millis(50)).unwrap();
        let busy = holder.transaction(|tx| {
            insert(tx, 1, None)?;
            // Nobody is kept from reading, and nobody sees what is not committed.
            assert_eq!(waiter.read(ids)?, [0; 0]);
            Ok::<_, StoreError>(waiter.transaction(|tx| insert(tx, 2, None)).unwrap_err())
        });
        assert_eq!(busy.unwrap().code(), Code::StoreBusy);
        waiter.transaction(|tx| insert(tx, 3, None)).unwrap();
        assert_eq!(holder.read(ids).unwrap(), [1, 3]);
    });
}

#[test]
fn a_view_does_not_change_while_others_write() {
    on_each(|kind| {
        let (reader, writer) = (kind.open(&[NOTES]).unwrap(), kind.open(&[NOTES]).unwrap());
        writer.transaction(|tx| insert(tx, 1, None)).unwrap();
        reader
            .read(|view| {
                assert_eq!(ids(view)?, [1]);
                writer.transaction(|tx| insert(tx, 2, None))?;
                assert_eq!(ids(view)?, [1]);
                Ok::<_, StoreError>(())
            })
            .unwrap();
        assert_eq!(reader.read(ids).unwrap(), [1, 2]);
    });
}

/// Threads of one store join a transaction that is open. Whoever fails, or panics, takes back what
/// it wrote itself; whoever reads sees what is committed, of each thread both rows or none.
#[test]
fn threads_share_a_commit_and_nothing_else() {
    const THREADS: u64 = 12;
    const EACH: u64 = 20;
    on_each(|kind| {
        let store = kind.open(&[NOTES]).unwrap();
        let (gate, done) = (Barrier::new(THREADS as usize), AtomicBool::new(false));
        let joined = std::sync::atomic::AtomicU64::new(0);
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let (store, gate, joined) = (&store, &gate, &joined);
                    scope.spawn(move || {
                        gate.wait();
                        (0..EACH).for_each(|turn| write_two(store, joined, thread * EACH + turn));
                    })
                })
                .collect();
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    assert_eq!(store.read(ids).unwrap().len() % 2, 0);
                }
            });
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            done.store(true, Ordering::SeqCst);
        });
        let kept: Vec<u64> = (0..THREADS * EACH).filter(|number| number % 5 < 3).collect();
        let rows: Vec<u64> = kept.iter().flat_map(|number| [number * 2, number * 2 + 1]).collect();
        assert_eq!(store.read(ids).unwrap(), rows);
        assert!(joined.into_inner() > 0, "nobody ever joined: nothing was tried");
    });
}

/// Two of five fail, in different ways, after they have written.
fn write_two(store: &Store, joined: &std::sync::atomic::AtomicU64, number: u64) {
    let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.transaction(|tx| {
            joined.fetch_add(u64::from(tx.joined()), Ordering::SeqCst);
            insert(tx, number * 2, None)?;
            insert(tx, number * 2 + 1, None)?;
            match number % 5 {
                3 => Err(StoreError::Number(3)),
                4 => std::panic::resume_unwind(Box::new("in the middle")),
                _ => Ok(()),
            }
        })
    }));
    match number % 5 {
        3 => assert!(matches!(written, Ok(Err(StoreError::Number(3))))),
        4 => assert!(written.is_err()),
        _ => written.unwrap().unwrap(),
    }
}

/// Of a commit that fails each hears who had a part in it, and nobody before it.
#[test]
fn who_joined_a_commit_waits_for_it_and_fails_with_it() {
    const FAMILY: Schema = Schema {
        owner: "family",
        version: 1,
        sql: &["CREATE TABLE child (
            id INTEGER PRIMARY KEY,
            parent INTEGER REFERENCES child (id) DEFERRABLE INITIALLY DEFERRED
        ) STRICT"],
    };
    let bear = |tx: &if_store::Transaction<'_>, id: u64, parent: Option<u64>| {
        let sql = "INSERT INTO child (id, parent) VALUES (?1, ?2)";
        tx.execute(sql, &[id.into(), parent.into()]).map(|_| ())
    };
    on_each(|kind| {
        let store = kind.open(&[FAMILY]).unwrap();
        let (go, gone) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                store.transaction(|tx| {
                    go.send(()).unwrap();
                    // Until the other one waits for its turn.
                    if_harm::after(Duration::from_millis(300), || bear(tx, 1, None))
                })
            });
            gone.recv().unwrap();
            let joined = store.transaction(|tx| {
                assert!(tx.joined());
                bear(tx, 2, Some(99))
            });
            for failed in [first.join().unwrap(), joined] {
                assert!(matches!(failed, Err(StoreError::Shared(_))), "{failed:?}");
            }
        });
        let count = store.read(|view| view.first("SELECT count(*) FROM child", &[]));
        assert_eq!(count.unwrap().unwrap().number(0).unwrap(), 0);
        store.transaction(|tx| bear(tx, 1, None)).unwrap();
    });
}

#[test]
fn floors_rise_and_a_notebook_is_kept() {
    on_each(|kind| {
        let store = Arc::new(kind.open(&[]).unwrap());
        let id = CapabilityId::new("if://capability/a.b").unwrap();
        assert_eq!(store.release_seen(&id).unwrap(), None);
        for (release, seen) in [(7, 7), (5, 7), (8, 8)] {
            store.transaction(|tx| remember_release(tx, &id, release)).unwrap();
            assert_eq!(store.release_seen(&id).unwrap(), Some(seen));
        }
        assert_eq!(store.releases_seen().unwrap().len(), 1);
        let state = || State::new(store.clone(), id.clone(), Word::new("studio").unwrap());
        let writes = state();
        writes.set("a", Some(b"\x00\xff")).unwrap();
        writes.set("b", Some(b"2")).unwrap();
        store.transaction(|tx| writes.save(tx)).unwrap();
        assert_eq!(state().get("a").unwrap().unwrap(), b"\x00\xff");
        let writes = state();
        writes.set("a", None).unwrap();
        writes.set("b", Some(b"3")).unwrap();
        store.transaction(|tx| writes.save(tx)).unwrap();
        assert_eq!(
            (state().get("a").unwrap(), state().get("b").unwrap()),
            (None, Some(b"3".into()))
        );
        let much = vec![0; if_store::STATE_BYTES_MAX];
        assert_eq!(state().set("c", Some(&much)).unwrap_err().code, Code::LimitHostCalls);
    });
}
