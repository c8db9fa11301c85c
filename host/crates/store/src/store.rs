//! The open database: transactions that are durable when they return, and reads that cannot write.
//!
//! Threads of one process that want to write while another one writes join its transaction: each
//! works behind a savepoint of its own, the last one commits for all, and nobody returns before
//! that. So many threads pay for one flush.

use crate::group::Group;
use crate::schema::Schema;
use crate::sql::{Row, Sql, Value};
use crate::{Session, StoreError};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most threads in one transaction: the first of them waits for all.
const GROUP_MAX: usize = 256;

/// The database, open. Threads of one process queue on a mutex, processes on the database's lock.
#[derive(Debug)]
pub struct Store {
    held: Mutex<Held>,
    /// Threads that wait for the mutex to write.
    coming: AtomicUsize,
    place: String,
    schemas: Vec<Schema>,
}

/// The connection, and the transaction that is open on it between two threads.
#[derive(Debug)]
struct Held {
    session: Box<dyn Session>,
    group: Option<Arc<Group>>,
}

/// What a closure given to [`Store::transaction`] writes to.
pub struct Transaction<'a> {
    session: &'a dyn Session,
    joined: bool,
}

impl Transaction<'_> {
    /// Whether other threads of this process have written in it before.
    pub fn joined(&self) -> bool {
        self.joined
    }
}

impl Sql for Transaction<'_> {
    fn execute(&self, statement: &str, values: &[Value<'_>]) -> Result<usize, StoreError> {
        self.session.execute(statement, values)
    }

    fn visit(
        &self,
        statement: &str,
        values: &[Value<'_>],
        see: &mut dyn FnMut(&Row<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.session.visit(statement, values, see)
    }
}

/// Which transaction a thread may write in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Company {
    /// Any, and others may join.
    Any,
    /// The same, as the last one of a command.
    Last,
    /// None but its own.
    Alone,
}

impl Store {
    /// A store on a connection that was made elsewhere; brings the tables of `schemas` up to date.
    ///
    /// # Errors
    /// A newer database, or the database fails.
    pub fn on(session: Box<dyn Session>, schemas: &[Schema]) -> Result<Store, StoreError> {
        let schemas = crate::schema::all(schemas)?;
        if crate::schema::is_behind(&*session, &schemas)? {
            session.begin(false)?;
            crate::schema::migrate(&*session, &schemas).inspect_err(|_| session.roll_back())?;
            session.commit()?;
        }
        Ok(Self::new(session, schemas))
    }

    pub(crate) fn new(session: Box<dyn Session>, schemas: Vec<Schema>) -> Self {
        let place = session.place();
        let held = Mutex::new(Held { session, group: None });
        Self { held, coming: AtomicUsize::new(0), place, schemas }
    }

    /// What the database is called in messages: a path, or a server's address.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Runs `work` in one transaction that is on the disk when this returns, or leaves no trace.
    ///
    /// The write lock is taken first: what `work` reads cannot change before it is committed.
    /// `work` must not use this store again; it has the transaction.
    ///
    /// # Errors
    /// Those of `work`, and [`StoreError::Busy`], [`StoreError::Full`] and the like as `E`.
    pub fn transaction<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.write(Company::Any, work)
    }

    /// As [`Store::transaction`], for the last one of a command: when the write-ahead log has grown
    /// long, it is folded into the database with the same flushes that make `work` durable.
    ///
    /// # Errors
    /// As [`Store::transaction`].
    pub fn last_transaction<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.write(Company::Last, work)
    }

    /// Sees to it that what was deleted is in no file any more. False where a reader holds an older
    /// view: a later command does it.
    ///
    /// # Errors
    /// The disk fails.
    pub fn forget(&self) -> Result<bool, StoreError> {
        let mut held = self.lock();
        held.end();
        held.session.forget()
    }

    /// Checks whether the whole database is sound, whatever its rows say.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] says what is wrong; it cannot be read.
    pub fn check(&self) -> Result<(), StoreError> {
        let mut held = self.lock();
        held.end();
        held.session.check(&self.schemas)
    }

    /// Copies the database into a new SQLite file, and runs `also` before anybody can write again:
    /// what `also` copies belongs to the same moment.
    ///
    /// # Errors
    /// Those of `also`, and the database's own as `E`. A half-made copy may be left behind.
    pub fn copy_to<T, E: From<StoreError>>(
        &self,
        to: &Path,
        also: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        // The transaction writes nothing; it holds the lock that every writer needs.
        self.write(Company::Alone, |held| {
            held.session.copy_to(to)?;
            also()
        })
    }

    /// Runs `work` on one unchanging view of the database. A statement in it that writes fails.
    ///
    /// # Errors
    /// Those of `work`, and the database's own as `E`.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&dyn Sql) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut held = self.lock();
        // What is not durable yet is nobody's to see.
        held.end();
        let view = View::of(&*held.session)?;
        work(view.0)
    }

    fn write<T, E: From<StoreError>>(
        &self,
        company: Company,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.coming.fetch_add(1, Ordering::SeqCst);
        let mut held = self.lock();
        self.coming.fetch_sub(1, Ordering::SeqCst);
        let (group, worked) = held.work(company, work)?;
        let awaited = company != Company::Alone && self.coming.load(Ordering::SeqCst) > 0;
        // Whoever is coming ends what is left open here, if only by reading.
        if !awaited || group.members() >= GROUP_MAX {
            held.end();
        }
        drop(held);
        let done = worked?;
        group.outcome()?;
        Ok(done)
    }

    /// A panic under the mutex left nothing half done: it is caught where it could.
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Works in the open transaction, or in a new one. An error of `work` undoes what it did, and
    /// nothing that others did before.
    fn work<T, E: From<StoreError>>(
        &mut self,
        company: Company,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<(Arc<Group>, Result<T, E>), E> {
        if company == Company::Alone {
            self.end();
        }
        let (group, joined) = match self.group.clone() {
            Some(group) => {
                if let Err(error) = self.session.execute("SAVEPOINT joined", &[]) {
                    self.abandon(error);
                    return Err(StoreError::Abandoned.into());
                }
                (group, true)
            }
            None => {
                self.session.begin(company == Company::Last)?;
                let group = Arc::new(Group::default());
                self.group = Some(group.clone());
                (group, false)
            }
        };
        let transaction = Transaction { session: &*self.session, joined };
        let worked = catch_unwind(AssertUnwindSafe(|| work(&transaction)));
        let kept = match (&worked, joined) {
            (Ok(Ok(_)), true) => self.session.execute("RELEASE SAVEPOINT joined", &[]).map(|_| ()),
            (Ok(Ok(_)), false) => Ok(()),
            (_, true) => self.undo(),
            (_, false) => Err(StoreError::Abandoned),
        };
        match kept {
            Ok(()) => group.join(),
            Err(error) => self.abandon(error),
        }
        match worked {
            Ok(worked) => Ok((group, worked)),
            Err(panic) => {
                self.end();
                resume_unwind(panic)
            }
        }
    }

    /// Undoes what was written behind the savepoint.
    fn undo(&self) -> Result<(), StoreError> {
        self.session.execute("ROLLBACK TO SAVEPOINT joined", &[])?;
        self.session.execute("RELEASE SAVEPOINT joined", &[])?;
        Ok(())
    }

    /// Undoes the open transaction, for all that are in it.
    fn abandon(&mut self, error: StoreError) {
        self.session.roll_back();
        if let Some(group) = self.group.take() {
            group.end(Err(error));
        }
    }

    /// Commits the transaction that is open, if one is.
    fn end(&mut self) {
        if let Some(group) = self.group.take() {
            group.end(self.session.commit());
        }
    }
}

/// While it lives, one view is open.
struct View<'a>(&'a dyn Session);

impl<'a> View<'a> {
    fn of(session: &'a dyn Session) -> Result<Self, StoreError> {
        session.look()?;
        Ok(Self(session))
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        self.0.look_away();
    }
}
