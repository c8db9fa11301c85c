//! Looking operations up. What is shown is read from the leaf itself; the index only finds it.

use crate::bounds::QUERY_ENTRIES_MAX;
use crate::leaf::{Kind, Leaf, Status};
use crate::{Hash32, Witness, WitnessError, tables};
use if_core::{CapabilityId, OperationId, UnixMillis, Word};
use if_store::Connection;
use rusqlite::{Row, ToSql, named_params};
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

const SELECT: &str = "
    SELECT i.seq, il.leaf, il.leaf_hash, o.seq, ol.leaf, ol.leaf_hash
    FROM entry i JOIN leaf il ON il.seq = i.seq
    LEFT JOIN entry o ON i.kind = 'intent' AND o.operation = i.operation AND o.kind = 'outcome'
        AND o.seq < :end
    LEFT JOIN leaf ol ON ol.seq = o.seq
    WHERE i.kind <> 'outcome'
      AND i.seq >= :from AND i.seq < :end
      AND (:component IS NULL OR i.component = :component)
      AND (:provider IS NULL OR i.provider = :provider)
      AND (:instance IS NULL OR i.instance = :instance)
      AND (:outcome IS NULL OR coalesce(o.status, i.status) = :outcome)
      AND (:since IS NULL OR i.at >= :since)
      AND (:until IS NULL OR i.at < :until)
      AND (:text IS NULL OR EXISTS (
          SELECT 1 FROM body b WHERE b.seq IN (i.seq, o.seq)
          AND b.part IN ('params', 'result', 'why', 'error', 'note')
          AND instr(lower(CAST(b.bytes AS TEXT)), lower(:text)) > 0))";

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

fn select(
    view: &Connection,
    filter: &Filter,
    page: Option<Page>,
) -> Result<Vec<Entry>, WitnessError> {
    // As words of the statement, not as `:x IS NULL OR`: so that SQLite uses their indexes.
    let by_operation = match &filter.operation {
        None => ":operation IS NULL",
        Some(_) => "i.operation = :operation",
    };
    // Behind `/` comes `0`: what begins with `<trace>/` lies between.
    let by_trace = match (&filter.trace, filter.traces_below) {
        (None, _) => ":trace IS NULL",
        (Some(_), false) => "i.trace = :trace",
        (Some(_), true) => {
            "(i.trace = :trace OR (i.trace > :trace || '/' AND i.trace < :trace || '0'))"
        }
    };
    let order = if page.is_some() { "ASC" } else { "DESC" };
    let sql =
        format!("{SELECT} AND {by_operation} AND {by_trace} ORDER BY i.seq {order} LIMIT :limit");
    let limit = match page {
        Some(_) => PAGE_ENTRIES,
        None => filter.limit.unwrap_or(QUERY_ENTRIES_MAX).min(QUERY_ENTRIES_MAX),
    };
    let page = page.unwrap_or(Page { from: filter.from, end: u64::MAX });
    let place = |seq: u64| tables::integer(seq).unwrap_or(i64::MAX);
    let millis = |at: UnixMillis| tables::integer(at.0).unwrap_or(i64::MAX);
    let component: Option<&str> = filter.component.as_ref().map(CapabilityId::as_str);
    let mut select = view.prepare_cached(&sql)?;
    let rows = select.query_map(
        named_params! {
            ":component": component,
            ":provider": filter.provider.as_ref().map(Word::as_str),
            ":instance": filter.instance.as_ref().map(Word::as_str),
            ":operation": filter.operation.as_ref().map(OperationId::as_str),
            ":trace": filter.trace,
            ":outcome": filter.outcome.map(Status::as_str),
            ":since": filter.since.map(millis),
            ":until": filter.until.map(millis),
            ":text": filter.text,
            ":from": place(page.from),
            ":end": place(page.end),
            ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
        },
        |row| Ok((recorded(row, 0)?, recorded(row, 3)?)),
    )?;
    let mut entries = Vec::new();
    for row in rows {
        let (opened, closed) = row?;
        let Some(opened) = opened.transpose()? else { continue };
        let closed = closed.transpose()?;
        entries.push(Entry { opened, closed, parts: BTreeMap::new() });
    }
    Ok(entries)
}

/// The leaf in the three columns from `at`; `None` where the join found none.
fn recorded(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Result<Recorded, WitnessError>>> {
    let Some(seq): Option<i64> = row.get(at)? else { return Ok(None) };
    let (leaf, hash): (Vec<u8>, Vec<u8>) = (row.get(at + 1)?, row.get(at + 2)?);
    let read = || {
        Some(Recorded {
            hash: Hash32::from_slice(&hash)?,
            leaf: serde_json::from_slice(&leaf).ok()?,
        })
    };
    Ok(Some(read().ok_or(WitnessError::Unreadable { seq: seq.cast_unsigned() })))
}

/// The bodies of both leaves of an entry, as text.
fn texts(
    view: &Connection,
    entry: &Entry,
    and: &str,
) -> Result<BTreeMap<String, String>, WitnessError> {
    let opened = tables::integer(entry.opened.leaf.seq)?;
    let closed =
        entry.closed.as_ref().map(|closed| tables::integer(closed.leaf.seq)).transpose()?;
    let sql = format!("SELECT part, bytes FROM body WHERE seq IN (?1, ?2) {and}");
    let mut select = view.prepare_cached(&sql)?;
    let bound: [&dyn ToSql; 2] = [&opened, &closed];
    let rows = select.query_map(bound, |row| {
        let bytes: Vec<u8> = row.get(1)?;
        Ok((row.get(0)?, String::from_utf8_lossy(&bytes).into_owned()))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
