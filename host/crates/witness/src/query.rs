//! Looking operations up. What is shown is read from the leaf itself; the index only finds it.

use crate::bounds::QUERY_ENTRIES_MAX;
use crate::leaf::{Kind, Leaf, Status};
use crate::{Hash32, Witness, WitnessError};
use if_core::{CapabilityId, OperationId, UnixMillis, Word};
use if_store::{Row, Rows as _, Sql, StoreError, Value};
use serde::Serialize;
use std::collections::BTreeMap;

/// Which entries. Everything that is set must fit; the newest come first.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The plugin's capability.
    pub component: Option<CapabilityId>,
    pub provider: Option<Word>,
    pub instance: Option<Word>,
    pub operation: Option<OperationId>,
    pub trace: Option<String>,
    /// Also the traces below: `show/opening` is below `show`.
    pub traces_below: bool,
    /// How it ended; operations that have not ended fit none.
    pub outcome: Option<Status>,
    /// Begun at this time or later.
    pub since: Option<UnixMillis>,
    /// Begun before this time.
    pub until: Option<UnixMillis>,
    /// Stands at this position of the log or behind it.
    pub from: u64,
    /// Occurs in parameters, result, reason, error or note; ASCII letters match in either case.
    pub text: Option<String>,
    /// At most this many; never more than [`QUERY_ENTRIES_MAX`].
    pub limit: Option<usize>,
}

/// A leaf and its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recorded {
    pub hash: Hash32,
    pub leaf: Leaf,
}

/// One operation (an intent, and its outcome once there is one), one refusal, or one note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The intent, the refusal or the note.
    pub opened: Recorded,
    /// The outcome of an intent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<Recorded>,
    /// Bodies that were not erased, as text: `why`, `error`, `note` and `sources` in lists; all
    /// of them
    /// (`params`, `result`, `transcript`, `plan`, `log`, `evidence-0` …) in [`Witness::entry`].
    pub parts: BTreeMap<String, String>,
}

impl Entry {
    /// How it ended; `None` for a note and for what has not ended.
    pub fn status(&self) -> Option<Status> {
        let ended = self.closed.as_ref().unwrap_or(&self.opened);
        ended.leaf.outcome.map(|outcome| outcome.status)
    }

    /// What was asked, in one line: `obs scene switch studio`.
    pub fn what(&self) -> String {
        let leaf = &self.opened.leaf;
        let words = [
            leaf.provider.as_ref().map(ToString::to_string),
            leaf.command.clone(),
            leaf.instance.as_ref().map(ToString::to_string),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// An intent without outcome: running, or not yet known to be dead.
    pub fn is_open(&self) -> bool {
        self.opened.leaf.kind == Kind::Intent && self.closed.is_none()
    }
}

/// Parts that are read along with a list: short by construction.
const LIST_PARTS: &str = "('why', 'error', 'note', 'sources')";

/// An operation's two leaves side by side, among those from a position to another.
const SELECT: &str = "
    SELECT i.seq, il.leaf, il.leaf_hash, o.seq, ol.leaf, ol.leaf_hash
    FROM entry i JOIN leaf il ON il.seq = i.seq
    LEFT JOIN entry o ON i.kind = 'intent' AND o.operation = i.operation AND o.kind = 'outcome'
        AND o.seq < ?2
    LEFT JOIN leaf ol ON ol.seq = o.seq
    WHERE i.kind <> 'outcome' AND i.seq >= ?1 AND i.seq < ?2";

impl Witness {
    /// The entries that fit, newest first.
    ///
    /// # Errors
    /// The database fails, or a leaf cannot be read.
    pub fn query(&self, filter: &Filter) -> Result<Vec<Entry>, WitnessError> {
        self.shared.store.read(|view| {
            let mut entries = select(view, filter, None)?;
            for entry in &mut entries {
                entry.parts = texts(view, entry, &format!("AND part IN {LIST_PARTS}"))?;
            }
            Ok(entries)
        })
    }

    /// Gives out every entry that fits and stands among the first `end` leaves, oldest first, with
    /// everything recorded of it. [`Filter::limit`] does not count here.
    ///
    /// # Errors
    /// Those of `give`; the database fails, or a leaf cannot be read.
    pub fn each<E: From<WitnessError>>(
        &self,
        filter: &Filter,
        end: u64,
        give: impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        self.paged(filter, end, "", give)
    }

    /// The same with the short bodies only, as in a list.
    ///
    /// # Errors
    /// As [`Witness::each`].
    pub fn each_listed<E: From<WitnessError>>(
        &self,
        filter: &Filter,
        end: u64,
        give: impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        self.paged(filter, end, &format!("AND part IN {LIST_PARTS}"), give)
    }

    fn paged<E: From<WitnessError>>(
        &self,
        filter: &Filter,
        end: u64,
        parts: &str,
        mut give: impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut from = filter.from;
        while from < end {
            let page = Page { from, end };
            let entries = self.shared.store.read(|view| -> Result<_, WitnessError> {
                let mut entries = select(view, filter, Some(page))?;
                for entry in &mut entries {
                    entry.parts = texts(view, entry, parts)?;
                }
                Ok(entries)
            })?;
            let Some(last) = entries.last() else { break };
            from = last.opened.leaf.seq.saturating_add(1);
            entries.into_iter().try_for_each(&mut give)?;
        }
        Ok(())
    }

    /// Everything recorded of one operation; `None` when there is no such operation.
    ///
    /// # Errors
    /// The database fails, or a leaf cannot be read.
    pub fn entry(&self, operation: &OperationId) -> Result<Option<Entry>, WitnessError> {
        let filter = Filter { operation: Some(operation.clone()), ..Filter::default() };
        self.shared.store.read(|view| {
            let Some(mut entry) = select(view, &filter, None)?.into_iter().next() else {
                return Ok(None);
            };
            entry.parts = texts(view, &entry, "")?;
            Ok(Some(entry))
        })
    }
}

/// A stretch of the log, oldest first, in pages.
#[derive(Clone, Copy)]
struct Page {
    from: u64,
    end: u64,
}

/// Entries of a page.
const PAGE_ENTRIES: usize = 256;

fn select(view: &dyn Sql, filter: &Filter, page: Option<Page>) -> Result<Vec<Entry>, WitnessError> {
    let order = if page.is_some() { "ASC" } else { "DESC" };
    let limit = match page {
        Some(_) => PAGE_ENTRIES,
        None => filter.limit.unwrap_or(QUERY_ENTRIES_MAX).min(QUERY_ENTRIES_MAX),
    };
    let page = page.unwrap_or(Page { from: filter.from, end: u64::MAX });
    let mut select = Select::new(page);
    select.narrow(filter);
    let sql = format!("{} ORDER BY i.seq {order} LIMIT {limit}", select.sql);
    view.all(&sql, &select.values, |row| {
        let opened = recorded(row, 0)?.ok_or(StoreError::Cell { column: 0 })?;
        let closed = recorded(row, 3)?;
        Ok(Entry { opened, closed, parts: BTreeMap::new() })
    })
}

/// A statement in the making: only what is asked for stands in it, so that the database finds its
/// way by its indexes.
struct Select<'a> {
    sql: String,
    values: Vec<Value<'a>>,
}

impl<'a> Select<'a> {
    fn new(page: Page) -> Self {
        let most = i64::MAX.unsigned_abs();
        let values = vec![page.from.min(most).into(), page.end.min(most).into()];
        Self { sql: SELECT.to_owned(), values }
    }

    fn narrow(&mut self, filter: &'a Filter) {
        let trace = match filter.traces_below {
            false => "i.trace = ?",
            // Behind `/` comes `0`: what begins with `<trace>/` lies between.
            true => "(i.trace = ? OR (i.trace > ? || '/' AND i.trace < ? || '0'))",
        };
        let text = "EXISTS (
            SELECT 1 FROM body b WHERE b.seq IN (i.seq, o.seq)
            AND b.part IN ('params', 'result', 'why', 'error', 'note')
            AND instr(lower(CAST(b.bytes AS TEXT)), lower(?)) > 0)";
        let most = i64::MAX.unsigned_abs();
        let millis = |at: Option<UnixMillis>| at.map(|at| at.0.min(most));
        self.and("i.component = ?", filter.component.as_ref().map(CapabilityId::as_str));
        self.and("i.provider = ?", filter.provider.as_ref().map(Word::as_str));
        self.and("i.instance = ?", filter.instance.as_ref().map(Word::as_str));
        self.and("i.operation = ?", filter.operation.as_ref().map(OperationId::as_str));
        self.and(trace, filter.trace.as_deref());
        self.and("coalesce(o.status, i.status) = ?", filter.outcome.map(Status::as_str));
        self.and("i.at >= ?", millis(filter.since));
        self.and("i.at < ?", millis(filter.until));
        self.and(text, filter.text.as_deref());
    }

    /// Adds a condition with a value in place of each `?`, if there is one.
    fn and(&mut self, condition: &str, value: Option<impl Into<Value<'a>>>) {
        let Some(value) = value else { return };
        self.values.push(value.into());
        let condition = condition.replace('?', &format!("?{}", self.values.len()));
        self.sql.push_str(" AND ");
        self.sql.push_str(&condition);
    }
}

/// The leaf in the three columns from `at`; `None` where the join found none.
fn recorded(row: &Row<'_>, at: usize) -> Result<Option<Recorded>, WitnessError> {
    let Some(seq) = row.maybe_number(at)? else { return Ok(None) };
    let (leaf, hash) = (row.bytes(at + 1)?, row.bytes(at + 2)?);
    let read = || {
        let leaf = serde_json::from_slice(leaf).ok()?;
        Some(Recorded { hash: Hash32::from_slice(hash)?, leaf })
    };
    read().map(Some).ok_or(WitnessError::Unreadable { seq })
}

/// The bodies of both leaves of an entry, as text.
fn texts(view: &dyn Sql, entry: &Entry, and: &str) -> Result<BTreeMap<String, String>, StoreError> {
    let opened = entry.opened.leaf.seq;
    let closed = entry.closed.as_ref().map_or(opened, |closed| closed.leaf.seq);
    let sql = format!("SELECT part, bytes FROM body WHERE seq IN (?1, ?2) {and}");
    let mut texts = BTreeMap::new();
    view.each(&sql, &[opened.into(), closed.into()], |row| {
        let text = String::from_utf8_lossy(row.bytes(1)?).into_owned();
        texts.insert(row.text(0)?.to_owned(), text);
        Ok::<_, StoreError>(())
    })?;
    Ok(texts)
}
