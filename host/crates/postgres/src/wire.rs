//! The connection, on a thread of its own: its library waits in a way that may not be used where a
//! guest is being run, and the store is used there.
//!
//! One thing is asked at a time, and answered before the next. The thread ends with the handle.

use crate::dialect;
use crate::error::sorted;
use crate::value::{Owned, cells};
use if_store::{Cell, StoreError};
use postgres::types::ToSql;
use postgres::{Client, IsolationLevel, Portal, Statement, Transaction};
use std::collections::HashMap;
use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

/// Rows that are fetched at a time.
const PAGE_ROWS: i32 = 256;

/// Prepared statements that are kept; then all are dropped.
const STATEMENTS_MAX: usize = 256;

/// One lock for all that write, of this database.
const WRITERS: i64 = 0x1f_1ab1c;

/// What is asked of the connection.
pub(crate) enum Ask {
    Begin {
        writes: bool,
    },
    Commit,
    RollBack,
    /// A script, in the server's words.
    Run(String),
    /// A statement; how many rows it changed.
    Execute(String, Vec<Owned>),
    /// A statement; its first rows, and where the others are fetched.
    Query(String, Vec<Owned>),
    /// More rows.
    Fetch(u64),
    /// No more of them.
    Close(u64),
}

/// What is answered.
pub(crate) enum Answer {
    Done(u64),
    /// Rows; and if these may not be all, by which number others are fetched.
    Rows(Vec<Vec<Cell<'static>>>, Option<u64>),
}

type Answered = Result<Answer, StoreError>;

/// The way to the thread.
pub(crate) struct Wire {
    ends: Mutex<Option<Ends>>,
    place: String,
}

struct Ends {
    asks: SyncSender<Ask>,
    answers: Receiver<Answered>,
    thread: JoinHandle<()>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wire({})", self.place)
    }
}

impl Wire {
    /// Gives the connection that `connect` makes to a thread of its own.
    pub fn open(
        connect: impl FnOnce() -> Result<(Client, String), StoreError> + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (asks, asked) = sync_channel(1);
        let (answer, answers) = sync_channel(1);
        let (named, name) = sync_channel(1);
        let work = move || match connect() {
            Ok((mut client, place)) => {
                let _ = named.send(Ok(place.clone()));
                Thread { place, asked, answer, statements: HashMap::new() }.serve(&mut client);
            }
            Err(error) => {
                let _ = named.send(Err(error));
            }
        };
        let thread = std::thread::Builder::new().name("postgres".to_owned()).spawn(work)?;
        let place = name.recv().unwrap_or_else(|_| Err(gone("a server")))?;
        Ok(Self { ends: Mutex::new(Some(Ends { asks, answers, thread })), place })
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    pub fn ask(&self, ask: Ask) -> Answered {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = || gone(&self.place);
        let ends = ends.as_ref().ok_or_else(lost)?;
        ends.asks.send(ask).map_err(|_| lost())?;
        ends.answers.recv().unwrap_or_else(|_| Err(lost()))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Ends { asks, answers, thread }) = ends {
            // Nobody asks any more: it ends the connection, and itself.
            drop((asks, answers));
            let _ = thread.join();
        }
    }
}

fn gone(place: &str) -> StoreError {
    crate::error::refused(place, "the connection is gone")
}

/// The thread's side.
struct Thread {
    place: String,
    asked: Receiver<Ask>,
    answer: SyncSender<Answered>,
    statements: HashMap<String, Statement>,
}

impl Thread {
    fn serve(mut self, client: &mut Client) {
        while let Ok(ask) = self.asked.recv() {
            let answered = match ask {
                Ask::Begin { writes } => {
                    self.transaction(client, writes);
                    continue;
                }
                Ask::Run(script) => {
                    client.batch_execute(&script).map(|()| 0).map_err(|error| self.sorted(error))
                }
                Ask::Execute(statement, values) => {
                    let done = client.execute(&dialect::statement(&statement), &bound(&values));
                    done.map_err(|error| self.sorted(error))
                }
                Ask::Query(statement, values) => {
                    let rows = client.query(&dialect::statement(&statement), &bound(&values));
                    let rows = rows.map_err(|error| self.sorted(error));
                    let read = |rows: Vec<postgres::Row>| {
                        Answer::Rows(rows.iter().map(cells).collect(), None)
                    };
                    self.say(rows.map(read));
                    continue;
                }
                Ask::Commit | Ask::RollBack | Ask::Fetch(_) | Ask::Close(_) => Ok(0),
            };
            self.say(answered.map(Answer::Done));
        }
    }

    /// Serves one transaction from its beginning to its end.
    fn transaction(&mut self, client: &mut Client, writes: bool) {
        let level =
            if writes { IsolationLevel::ReadCommitted } else { IsolationLevel::RepeatableRead };
        let begun = client.build_transaction().isolation_level(level).read_only(!writes).start();
        let mut transaction = match begun {
            Ok(transaction) => transaction,
            Err(error) => return self.say(Err(self.sorted(error))),
        };
        if writes && let Err(error) = lock(&mut transaction) {
            return self.say(Err(self.sorted(error)));
        }
        self.say(Ok(Answer::Done(0)));
        let mut open = HashMap::new();
        while let Ok(ask) = self.asked.recv() {
            let answered = match ask {
                Ask::Commit => {
                    let ended = transaction.commit().map(|()| Answer::Done(0));
                    return self.say(ended.map_err(|error| self.sorted(error)));
                }
                Ask::RollBack => {
                    let ended = transaction.rollback().map(|()| Answer::Done(0));
                    return self.say(ended.map_err(|error| self.sorted(error)));
                }
                ask => self.within(&mut transaction, &mut open, ask),
            };
            self.say(answered.map_err(|error| self.sorted(error)));
        }
    }

    fn within(
        &mut self,
        transaction: &mut Transaction<'_>,
        open: &mut HashMap<u64, Portal>,
        ask: Ask,
    ) -> Result<Answer, postgres::Error> {
        match ask {
            Ask::Run(script) => transaction.batch_execute(&script).map(|()| Answer::Done(0)),
            Ask::Execute(statement, values) => {
                let statement = self.prepared(transaction, statement)?;
                transaction.execute(&statement, &bound(&values)).map(Answer::Done)
            }
            Ask::Query(statement, values) => {
                let statement = self.prepared(transaction, statement)?;
                let portal = transaction.bind(&statement, &bound(&values))?;
                let number = open.keys().max().map_or(0, |last| last.saturating_add(1));
                open.insert(number, portal);
                fetch(transaction, open, number)
            }
            Ask::Fetch(number) => fetch(transaction, open, number),
            Ask::Close(number) => {
                open.remove(&number);
                Ok(Answer::Done(0))
            }
            Ask::Begin { .. } | Ask::Commit | Ask::RollBack => Ok(Answer::Done(0)),
        }
    }

    fn prepared(
        &mut self,
        transaction: &mut Transaction<'_>,
        statement: String,
    ) -> Result<Statement, postgres::Error> {
        if let Some(prepared) = self.statements.get(&statement) {
            return Ok(prepared.clone());
        }
        if self.statements.len() >= STATEMENTS_MAX {
            self.statements.clear();
        }
        let prepared = transaction.prepare(&dialect::statement(&statement))?;
        self.statements.insert(statement, prepared.clone());
        Ok(prepared)
    }

    fn say(&self, answer: Answered) {
        // Whoever asked may be gone.
        let _ = self.answer.send(answer);
    }

    fn sorted(&self, error: postgres::Error) -> StoreError {
        sorted(&self.place, error)
    }
}

fn bound(values: &[Owned]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| -> &(dyn ToSql + Sync) { value }).collect()
}

/// Waits until no other transaction writes.
fn lock(transaction: &mut Transaction<'_>) -> Result<(), postgres::Error> {
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&WRITERS]).map(|_| ())
}

/// The next rows of an answer.
fn fetch(
    transaction: &mut Transaction<'_>,
    open: &mut HashMap<u64, Portal>,
    number: u64,
) -> Result<Answer, postgres::Error> {
    let Some(portal) = open.get(&number) else { return Ok(Answer::Rows(Vec::new(), None)) };
    let rows = transaction.query_portal(portal, PAGE_ROWS)?;
    let more = usize::try_from(PAGE_ROWS).is_ok_and(|page| rows.len() >= page);
    if !more {
        open.remove(&number);
    }
    Ok(Answer::Rows(rows.iter().map(cells).collect(), more.then_some(number)))
}
