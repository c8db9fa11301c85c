//! Commands that wait for people: who asked for what, who has said yes, and until when. Their
//! tables, and the only SQL that writes them.
//!
//! What happens to one is decided by pure functions of what is stored and the time. A hold that
//! nobody decided in time is denied; the clock of whoever asks decides that, and one that runs
//! behind the time of asking decides nothing.

use crate::verdict::Verdict;
use if_core::{Digest, OperationId, UnixMillis};
use if_store::{Row, Rows as _, Sql, StoreError, Value};
use serde::{Deserialize, Serialize};

/// Waiting so long, it is denied: one hour. Who comes later looks at another show.
pub const LASTS_MS: u64 = 3_600_000;

/// Most that wait for one actor: more, and nobody reads what they approve.
pub const OPEN_MAX: u64 = 10;

/// How many decided ones are listed.
const SHOWN_MAX: u64 = 200;

pub(crate) const TABLES: &str = "
    CREATE TABLE hold (
        id TEXT PRIMARY KEY,
        asked_sha256 TEXT NOT NULL,
        intent_sha256 TEXT NOT NULL,
        request TEXT NOT NULL,
        actor TEXT NOT NULL,
        principal TEXT,
        verdict TEXT NOT NULL,
        reasons TEXT NOT NULL,
        approvals INTEGER NOT NULL,
        at INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        state TEXT NOT NULL,
        ended INTEGER,
        operation TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX hold_waiting ON hold (state, actor);
    CREATE TABLE hold_voice (
        hold TEXT NOT NULL,
        principal TEXT NOT NULL,
        decision TEXT NOT NULL,
        at INTEGER NOT NULL,
        envelope BLOB NOT NULL,
        PRIMARY KEY (hold, principal)
    ) STRICT, WITHOUT ROWID;
    ";

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It waits for people.
    Waiting,
    /// Enough have said yes; it may run.
    Approved,
    /// It ran.
    Done,
    Denied,
    /// Nobody decided in time, which is a no.
    Expired,
}

impl Standing {
    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Waiting => "waiting",
            Standing::Approved => "approved",
            Standing::Done => "done",
            Standing::Denied => "denied",
            Standing::Expired => "expired",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let all = [Self::Waiting, Self::Approved, Self::Done, Self::Denied, Self::Expired];
        all.into_iter().find(|it| it.as_str() == text)
    }

    /// Whether people can still decide, or it can still run.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Approved)
    }
}

/// A held command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    pub id: OperationId,
    /// Of what was asked, by whom, of which plugin: the same again is the same hold.
    pub asked_sha256: Digest,
    /// Of that, this hold and its time: what approvals are signatures over.
    pub intent_sha256: Digest,
    /// Everything that was asked, as JSON.
    #[serde(skip)]
    pub request: String,
    pub actor: String,
    /// The key of the home in which it was asked, if it was there: its word does not count.
    pub principal: Option<String>,
    pub verdict: Verdict,
    /// One line each.
    pub reasons: Vec<String>,
    /// How many distinct people must approve.
    pub approvals: u32,
    pub at: UnixMillis,
    pub expires: UnixMillis,
    pub standing: Standing,
    pub ended: Option<UnixMillis>,
    /// Under which it ran.
    pub operation: Option<OperationId>,
}

/// A stored word on a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Voice {
    pub principal: String,
    /// `approve` or `reject`.
    pub decision: String,
    pub at: UnixMillis,
    /// As it was signed.
    #[serde(skip)]
    pub envelope: Vec<u8>,
}

/// Why a word is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unheard {
    /// It is decided already.
    Decided(Standing),
    /// Whoever asks does not approve.
    OwnVoice,
    /// This principal has spoken already.
    Twice,
    /// The clock runs behind the time at which it was asked.
    ClockBack,
}

impl Held {
    /// How it stands now.
    pub fn standing_at(&self, now: UnixMillis) -> Standing {
        match self.standing.is_open() && now >= self.expires {
            true => Standing::Expired,
            false => self.standing,
        }
    }

    /// Whether this principal's word is taken now.
    ///
    /// # Errors
    /// Why it is not.
    pub fn hears(&self, principal: &str, voices: &[Voice], now: UnixMillis) -> Result<(), Unheard> {
        if now < self.at {
            return Err(Unheard::ClockBack);
        }
        match self.standing_at(now) {
            Standing::Waiting => {}
            standing => return Err(Unheard::Decided(standing)),
        }
        if self.principal.as_deref() == Some(principal) {
            return Err(Unheard::OwnVoice);
        }
        match voices.iter().any(|voice| voice.principal == principal) {
            true => Err(Unheard::Twice),
            false => Ok(()),
        }
    }
}

/// Keeps a new one.
///
/// # Errors
/// The database fails.
pub fn keep(sql: &dyn Sql, held: &Held) -> Result<(), StoreError> {
    let reasons = serde_json::to_string(&held.reasons).unwrap_or_default();
    let (asked, intent) = (held.asked_sha256.to_string(), held.intent_sha256.to_string());
    let verdict = held.verdict.to_string();
    let values: [Value<'_>; 14] = [
        held.id.as_str().into(),
        (&asked).into(),
        (&intent).into(),
        (&held.request).into(),
        (&held.actor).into(),
        held.principal.as_deref().into(),
        (&verdict).into(),
        (&reasons).into(),
        u64::from(held.approvals).into(),
        held.at.0.into(),
        held.expires.0.into(),
        held.standing.as_str().into(),
        held.ended.map(|at| at.0).into(),
        held.operation.as_ref().map(OperationId::as_str).into(),
    ];
    sql.execute(
        "INSERT INTO hold (id, asked_sha256, intent_sha256, request, actor, principal, verdict,
             reasons, approvals, at, expires, state, ended, operation)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        &values,
    )?;
    Ok(())
}

/// How many wait for this actor.
///
/// # Errors
/// The database fails.
pub fn waiting(sql: &dyn Sql, actor: &str, now: UnixMillis) -> Result<u64, StoreError> {
    let row = sql.first(
        "SELECT COUNT(*) FROM hold WHERE state = 'waiting' AND actor = ?1 AND expires > ?2",
        &[actor.into(), now.0.into()],
    )?;
    row.map_or(Ok(0), |row| row.number(0))
}

/// The open one in which the very same was asked.
///
/// # Errors
/// The database fails.
pub fn same(sql: &dyn Sql, asked: &Digest, now: UnixMillis) -> Result<Option<Held>, StoreError> {
    let select = format!(
        "{SELECT} WHERE state IN ('waiting', 'approved') AND asked_sha256 = ?1 AND expires > ?2"
    );
    let asked = asked.to_string();
    sql.first(&select, &[(&asked).into(), now.0.into()])?.map(|row| held(&row)).transpose()
}

/// One of them.
///
/// # Errors
/// The database fails.
pub fn find(sql: &dyn Sql, id: &str) -> Result<Option<Held>, StoreError> {
    let select = format!("{SELECT} WHERE id = ?1");
    sql.first(&select, &[id.into()])?.map(|row| held(&row)).transpose()
}

/// The latest, or only those that wait.
///
/// # Errors
/// The database fails.
pub fn list(sql: &dyn Sql, open: bool, now: UnixMillis) -> Result<Vec<Held>, StoreError> {
    let (condition, values): (_, &[Value<'_>]) = match open {
        true => ("WHERE state IN ('waiting', 'approved') AND expires > ?1", &[now.0.into()]),
        false => ("", &[]),
    };
    let select = format!("{SELECT} {condition} ORDER BY at DESC, id LIMIT {SHOWN_MAX}");
    sql.all(&select, values, held)
}

/// Those whose time is over and of whom nobody has said so yet.
///
/// # Errors
/// The database fails.
pub fn overdue(sql: &dyn Sql, now: UnixMillis) -> Result<Vec<Held>, StoreError> {
    let select = format!(
        "{SELECT} WHERE state IN ('waiting', 'approved') AND expires <= ?1 LIMIT {SHOWN_MAX}"
    );
    sql.all(&select, &[now.0.into()], held)
}

/// What has been said about one.
///
/// # Errors
/// The database fails.
pub fn voices(sql: &dyn Sql, id: &OperationId) -> Result<Vec<Voice>, StoreError> {
    let select = "SELECT principal, decision, at, envelope FROM hold_voice WHERE hold = ?1
         ORDER BY at, principal";
    let voice = |row: &Row<'_>| {
        Ok::<_, StoreError>(Voice {
            principal: row.text(0)?.to_owned(),
            decision: row.text(1)?.to_owned(),
            at: UnixMillis(row.number(2)?),
            envelope: row.bytes(3)?.to_owned(),
        })
    };
    sql.all(select, &[id.as_str().into()], voice)
}

/// Keeps a word.
///
/// # Errors
/// The database fails.
pub fn say(sql: &dyn Sql, id: &OperationId, voice: &Voice) -> Result<(), StoreError> {
    sql.execute(
        "INSERT INTO hold_voice (hold, principal, decision, at, envelope)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        &[
            id.as_str().into(),
            voice.principal.as_str().into(),
            voice.decision.as_str().into(),
            voice.at.0.into(),
            (&voice.envelope).into(),
        ],
    )?;
    Ok(())
}

/// Moves it on, if it still stands as it did; false where somebody else was faster.
///
/// # Errors
/// The database fails.
pub fn advance(
    sql: &dyn Sql,
    id: &OperationId,
    from: Standing,
    to: Standing,
    now: UnixMillis,
    operation: Option<&OperationId>,
) -> Result<bool, StoreError> {
    let ended = (!to.is_open()).then_some(now.0);
    let changed = sql.execute(
        "UPDATE hold SET state = ?3, ended = ?4, operation = ?5 WHERE id = ?1 AND state = ?2",
        &[
            id.as_str().into(),
            from.as_str().into(),
            to.as_str().into(),
            ended.into(),
            operation.map(OperationId::as_str).into(),
        ],
    )?;
    Ok(changed == 1)
}

const SELECT: &str = "SELECT id, asked_sha256, intent_sha256, request, actor, principal, verdict,
     reasons, approvals, at, expires, state, ended, operation FROM hold";

fn held(row: &Row<'_>) -> Result<Held, StoreError> {
    let digest = |column| Digest::parse(row.text(column)?).map_err(|_| StoreError::Cell { column });
    let id = |column, text: &str| {
        OperationId::new(text.to_owned()).map_err(|_| StoreError::Cell { column })
    };
    let read = |column| Ok::<_, StoreError>(serde_json::Value::from(row.text(column)?));
    let cell = |column| move |_| StoreError::Cell { column };
    Ok(Held {
        id: id(0, row.text(0)?)?,
        asked_sha256: digest(1)?,
        intent_sha256: digest(2)?,
        request: row.text(3)?.to_owned(),
        actor: row.text(4)?.to_owned(),
        principal: row.maybe_text(5)?.map(str::to_owned),
        verdict: serde_json::from_value(read(6)?).map_err(cell(6))?,
        reasons: serde_json::from_str(row.text(7)?).map_err(cell(7))?,
        approvals: u32::try_from(row.number(8)?).map_err(|_| StoreError::Cell { column: 8 })?,
        at: UnixMillis(row.number(9)?),
        expires: UnixMillis(row.number(10)?),
        standing: Standing::parse(row.text(11)?).ok_or(StoreError::Cell { column: 11 })?,
        ended: row.maybe_number(12)?.map(UnixMillis),
        operation: row.maybe_text(13)?.map(|text| id(13, text)).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold() -> Held {
        let digest = Digest::from_bytes([7; 32]);
        Held {
            id: OperationId::new("0123456789abcdef0123456789abcdef").unwrap(),
            asked_sha256: digest,
            intent_sha256: digest,
            request: "{}".to_owned(),
            actor: "alice".to_owned(),
            principal: Some("alice-key".to_owned()),
            verdict: Verdict::Hold,
            reasons: vec!["two-person: it could hurt".to_owned()],
            approvals: 2,
            at: UnixMillis(1_000),
            expires: UnixMillis(1_000 + LASTS_MS),
            standing: Standing::Waiting,
            ended: None,
            operation: None,
        }
    }

    #[test]
    fn whose_word_is_taken() {
        let (held, bob) = (
            hold(),
            Voice {
                principal: "bob-key".to_owned(),
                decision: "approve".to_owned(),
                at: UnixMillis(2_000),
                envelope: Vec::new(),
            },
        );
        let hears = |principal: &str, now: u64| {
            held.hears(principal, std::slice::from_ref(&bob), UnixMillis(now))
        };
        assert_eq!(hears("carol-key", 3_000), Ok(()));
        assert_eq!(hears("alice-key", 3_000), Err(Unheard::OwnVoice));
        assert_eq!(hears("bob-key", 3_000), Err(Unheard::Twice));
        assert_eq!(hears("carol-key", 999), Err(Unheard::ClockBack));
        let last = 1_000 + LASTS_MS;
        assert_eq!(hears("carol-key", last - 1), Ok(()));
        assert_eq!(hears("carol-key", last), Err(Unheard::Decided(Standing::Expired)));
        for standing in [Standing::Approved, Standing::Done, Standing::Denied] {
            let held = Held { standing, ..hold() };
            let said = held.hears("carol-key", &[], UnixMillis(3_000));
            assert_eq!(said, Err(Unheard::Decided(standing)));
        }
    }

    #[test]
    fn what_is_over_stays_over() {
        let late = UnixMillis(1_000 + LASTS_MS);
        for (standing, expect) in [
            (Standing::Waiting, Standing::Expired),
            (Standing::Approved, Standing::Expired),
            (Standing::Done, Standing::Done),
            (Standing::Denied, Standing::Denied),
        ] {
            assert_eq!(Held { standing, ..hold() }.standing_at(late), expect);
        }
    }
}
