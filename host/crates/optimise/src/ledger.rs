//! The tables of money, and the only SQL that writes them.
//!
//! `spending` has a row for each operation that may cost: what was reserved, and what it came to.
//! `spent` repeats their sums for every scope and stretch of time, so that a budget is one look;
//! `optimise verify` holds them against the log. Everything here runs inside the caller's
//! transaction, which holds the write lock.

use crate::budget::{self, Budget, Short, Standing};
use crate::{Payer, Period, Scope};
use if_core::{Currency, Micros, Money, OperationId, UnixMillis, Word};
use if_store::{Row as Cells, Rows as _, Schema, Sql, StoreError};
use serde::Serialize;
use std::collections::BTreeMap;

/// The tables of money, for [`if_store::Store::open`].
pub const SCHEMA: Schema = Schema { owner: "optimise", version: 1, sql: &[FIRST] };

const FIRST: &str = "
    CREATE TABLE budget (
        scope TEXT NOT NULL,
        period TEXT NOT NULL,
        currency TEXT NOT NULL,
        most INTEGER NOT NULL,
        alert_percent INTEGER NOT NULL,
        PRIMARY KEY (scope, period, currency)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE spending (
        operation TEXT PRIMARY KEY,
        at INTEGER NOT NULL,
        provider TEXT NOT NULL,
        instance TEXT,
        command TEXT NOT NULL,
        category TEXT,
        swarm TEXT,
        agent TEXT,
        currency TEXT NOT NULL,
        reserved INTEGER NOT NULL,
        cost INTEGER,
        usage TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX spending_at ON spending (at);
    CREATE TABLE spent (
        scope TEXT NOT NULL,
        bucket TEXT NOT NULL,
        currency TEXT NOT NULL,
        micros INTEGER NOT NULL,
        PRIMARY KEY (scope, bucket, currency)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE alert (
        scope TEXT NOT NULL,
        period TEXT NOT NULL,
        currency TEXT NOT NULL,
        bucket TEXT NOT NULL,
        most INTEGER NOT NULL,
        percent INTEGER NOT NULL,
        at INTEGER NOT NULL,
        operation TEXT NOT NULL,
        PRIMARY KEY (scope, period, currency, bucket, most)
    ) STRICT, WITHOUT ROWID;
    ";

/// Whether something was reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Granted(Granted),
    Short(Short),
}

/// What was reserved, and how the budgets stood before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Granted {
    pub standings: Vec<Standing>,
}

/// A budget of which the stated part is spent, for the first time in this stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    pub standing: Standing,
    pub at: UnixMillis,
    pub operation: OperationId,
}

/// One operation that costs, while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending {
    pub operation: OperationId,
    /// When its intent was written.
    pub at: UnixMillis,
    pub payer: Payer,
    pub currency: Currency,
}

/// A row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    pub operation: String,
    pub at: UnixMillis,
    pub payer: Payer,
    pub currency: String,
    pub reserved: Micros,
    /// `None` while it runs, and where its process was lost.
    pub cost: Option<Micros>,
    pub usage: Option<String>,
}

impl Row {
    /// What it counts for: a reservation, until the cost is known.
    pub fn counted(&self) -> Micros {
        self.cost.unwrap_or(self.reserved)
    }
}

/// Reserves `micros` more for an operation, or says which budget has too little left.
///
/// # Errors
/// The database fails.
pub fn reserve(sql: &dyn Sql, it: &Spending, micros: Micros) -> Result<Verdict, StoreError> {
    let at = time_of(sql, it)?;
    let standings = standings_of(sql, &it.payer, at)?;
    let asked = Money { micros, currency: it.currency.clone() };
    if let Err(short) = budget::decide(&standings, &asked) {
        return Ok(Verdict::Short(short));
    }
    if micros.0 > 0 {
        insert(sql, it, at)?;
        let statement = "UPDATE spending SET reserved = reserved + ?2 WHERE operation = ?1";
        sql.execute(statement, &[it.operation.as_str().into(), micros.0.into()])?;
        count(sql, it, at, Change::More(micros))?;
    }
    Ok(Verdict::Granted(Granted { standings }))
}

/// Writes what it came to in place of what was reserved; the budgets that are alarming now.
///
/// # Errors
/// The database fails.
pub fn settle(
    sql: &dyn Sql,
    it: &Spending,
    cost: Micros,
    usage: Option<&str>,
) -> Result<Vec<Alert>, StoreError> {
    let at = time_of(sql, it)?;
    let id = it.operation.as_str();
    let reserved = reserved(sql, id)?;
    if reserved.is_none() && cost.0 == 0 {
        return Ok(Vec::new());
    }
    insert(sql, it, at)?;
    let statement = "UPDATE spending SET cost = ?2, usage = ?3 WHERE operation = ?1";
    sql.execute(statement, &[id.into(), cost.0.into(), usage.into()])?;
    count(sql, it, at, Change::between(reserved.unwrap_or_default(), cost))?;
    raise(sql, it, at)
}

/// What a lost operation owes: its reservation, which is its cost from now on.
///
/// # Errors
/// The database fails, or the row is not as it was written.
pub fn owed(sql: &dyn Sql, operation: &OperationId) -> Result<Option<Money>, StoreError> {
    let id = operation.as_str();
    let statement = "SELECT reserved, currency FROM spending WHERE operation = ?1";
    let Some(row) = sql.first(statement, &[id.into()])? else { return Ok(None) };
    let currency = Currency::new(row.text(1)?).map_err(|_| StoreError::Cell { column: 1 })?;
    let owed = "UPDATE spending SET cost = reserved WHERE operation = ?1 AND cost IS NULL";
    sql.execute(owed, &[id.into()])?;
    Ok(Some(Money { micros: Micros(row.number(0)?), currency }))
}

/// When it counts: at its own time, but never before what is in the ledger already. A clock that
/// was set back opens no stretch of time again.
fn time_of(sql: &dyn Sql, it: &Spending) -> Result<UnixMillis, StoreError> {
    let own = "SELECT at FROM spending WHERE operation = ?1";
    if let Some(row) = sql.first(own, &[it.operation.as_str().into()])? {
        return row.number(0).map(UnixMillis);
    }
    let newest = sql.first("SELECT max(at) FROM spending", &[])?;
    let newest = newest.map(|row| row.maybe_number(0)).transpose()?.flatten();
    Ok(it.at.max(UnixMillis(newest.unwrap_or_default())))
}

fn reserved(sql: &dyn Sql, id: &str) -> Result<Option<Micros>, StoreError> {
    let row = sql.first("SELECT reserved FROM spending WHERE operation = ?1", &[id.into()])?;
    row.map(|row| row.number(0).map(Micros)).transpose()
}

/// Makes the row, unless it is there.
fn insert(sql: &dyn Sql, it: &Spending, at: UnixMillis) -> Result<(), StoreError> {
    let payer = &it.payer;
    let optional = |word: &'_ Option<Word>| word.as_ref().map(|word| word.as_str().to_owned());
    let words = [&payer.instance, &payer.category, &payer.swarm, &payer.agent].map(optional);
    let [instance, category, swarm, agent] = words.each_ref().map(Option::as_deref);
    sql.execute(
        "INSERT INTO spending (operation, at, provider, instance, command, category, swarm, agent,
                               currency, reserved)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0)
         ON CONFLICT (operation) DO NOTHING",
        &[
            it.operation.as_str().into(),
            at.0.into(),
            payer.provider.as_str().into(),
            instance.into(),
            payer.command.as_str().into(),
            category.into(),
            swarm.into(),
            agent.into(),
            it.currency.as_str().into(),
        ],
    )?;
    Ok(())
}

/// By how much the sums change.
#[derive(Debug, Clone, Copy)]
enum Change {
    More(Micros),
    Less(Micros),
}

impl Change {
    fn between(before: Micros, after: Micros) -> Self {
        match after >= before {
            true => Change::More(Micros(after.0.saturating_sub(before.0))),
            false => Change::Less(Micros(before.0.saturating_sub(after.0))),
        }
    }
}

/// Changes the sums of every scope and stretch of time that the operation belongs to.
fn count(sql: &dyn Sql, it: &Spending, at: UnixMillis, change: Change) -> Result<(), StoreError> {
    let (sign, micros) = match change {
        Change::More(micros) => ("+", micros),
        Change::Less(micros) => ("-", micros),
    };
    let statement = format!(
        "INSERT INTO spent (scope, bucket, currency, micros) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (scope, bucket, currency)
         DO UPDATE SET micros = spent.micros {sign} excluded.micros"
    );
    for scope in it.payer.scopes() {
        let scope = scope.to_string();
        for period in Period::ALL {
            let bucket = period.bucket(at);
            let (scope, bucket) = (scope.as_str().into(), bucket.as_str().into());
            let values = [scope, bucket, it.currency.as_str().into(), micros.0.into()];
            sql.execute(&statement, &values)?;
        }
    }
    Ok(())
}

/// Remembers which budgets have become alarming, once for each stretch of time.
fn raise(sql: &dyn Sql, it: &Spending, at: UnixMillis) -> Result<Vec<Alert>, StoreError> {
    let mut raised = Vec::new();
    for standing in standings_of(sql, &it.payer, at)? {
        let budget = &standing.budget;
        if budget.currency != it.currency || !standing.is_alarming() {
            continue;
        }
        let scope = budget.scope.to_string();
        let new = sql.execute(
            "INSERT INTO alert (scope, period, currency, bucket, most, percent, at, operation)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (scope, period, currency, bucket, most) DO NOTHING",
            &[
                scope.as_str().into(),
                budget.period.as_str().into(),
                budget.currency.as_str().into(),
                standing.bucket.as_str().into(),
                budget.most.0.into(),
                standing.percent().into(),
                at.0.into(),
                it.operation.as_str().into(),
            ],
        )?;
        if new == 1 {
            raised.push(Alert { standing, at, operation: it.operation.clone() });
        }
    }
    Ok(raised)
}

/// Sets a budget, or changes it.
///
/// # Errors
/// The database fails.
pub fn set(sql: &dyn Sql, budget: &Budget) -> Result<(), StoreError> {
    let scope = budget.scope.to_string();
    sql.execute(
        "INSERT INTO budget (scope, period, currency, most, alert_percent)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (scope, period, currency)
         DO UPDATE SET most = excluded.most, alert_percent = excluded.alert_percent",
        &[
            scope.as_str().into(),
            budget.period.as_str().into(),
            budget.currency.as_str().into(),
            budget.most.0.into(),
            budget.alert_percent.into(),
        ],
    )?;
    Ok(())
}

/// Takes a budget away; false where there is none.
///
/// # Errors
/// The database fails.
pub fn remove(
    sql: &dyn Sql,
    scope: &Scope,
    period: Period,
    currency: &Currency,
) -> Result<bool, StoreError> {
    let scope = scope.to_string();
    let statement = "DELETE FROM budget WHERE scope = ?1 AND period = ?2 AND currency = ?3";
    let values = [scope.as_str().into(), period.as_str().into(), currency.as_str().into()];
    Ok(sql.execute(statement, &values)? == 1)
}

const BUDGET: &str = "SELECT scope, period, currency, most, alert_percent FROM budget";

/// All budgets, by scope.
///
/// # Errors
/// The database fails, or a row is not as it was written.
pub fn budgets(sql: &dyn Sql) -> Result<Vec<Budget>, StoreError> {
    sql.all(&format!("{BUDGET} ORDER BY scope, period, currency"), &[], budget)
}

/// How all budgets stand at a time.
///
/// # Errors
/// As [`budgets`].
pub fn standings(sql: &dyn Sql, at: UnixMillis) -> Result<Vec<Standing>, StoreError> {
    budgets(sql)?.into_iter().map(|budget| standing(sql, budget, at)).collect()
}

/// How the budgets stand that a call belongs to, the widest first.
///
/// # Errors
/// As [`budgets`].
pub fn standings_of(
    sql: &dyn Sql,
    payer: &Payer,
    at: UnixMillis,
) -> Result<Vec<Standing>, StoreError> {
    let mut found = Vec::new();
    for scope in payer.scopes() {
        let statement = format!("{BUDGET} WHERE scope = ?1 ORDER BY period, currency");
        found.extend(sql.all(&statement, &[(&scope.to_string()).into()], budget)?);
    }
    found.into_iter().map(|budget| standing(sql, budget, at)).collect()
}

fn standing(sql: &dyn Sql, budget: Budget, at: UnixMillis) -> Result<Standing, StoreError> {
    let (scope, bucket) = (budget.scope.to_string(), budget.period.bucket(at));
    let statement = "SELECT micros FROM spent WHERE scope = ?1 AND bucket = ?2 AND currency = ?3";
    let (scope, currency) = (scope.as_str().into(), budget.currency.as_str().into());
    let row = sql.first(statement, &[scope, bucket.as_str().into(), currency])?;
    let spent = row.map(|row| row.number(0)).transpose()?.unwrap_or_default();
    Ok(Standing { budget, bucket, spent: Micros(spent) })
}

fn budget(row: &Cells<'_>) -> Result<Budget, StoreError> {
    let wrong = |column| StoreError::Cell { column };
    Ok(Budget {
        scope: row.text(0)?.parse().map_err(|_| wrong(0))?,
        period: Period::parse(row.text(1)?).ok_or_else(|| wrong(1))?,
        currency: Currency::new(row.text(2)?).map_err(|_| wrong(2))?,
        most: Micros(row.number(3)?),
        alert_percent: row.number(4)?,
    })
}

/// What was spent in each stretch of time of a budget, the newest first.
///
/// # Errors
/// The database fails.
pub fn history(sql: &dyn Sql, budget: &Budget) -> Result<Vec<(String, Micros)>, StoreError> {
    let length = budget.period.bucket(UnixMillis(0)).len() as u64;
    let scope = budget.scope.to_string();
    sql.all(
        "SELECT bucket, micros FROM spent
         WHERE scope = ?1 AND currency = ?2 AND length(bucket) = ?3 ORDER BY bucket DESC",
        &[scope.as_str().into(), budget.currency.as_str().into(), length.into()],
        |row| Ok((row.text(0)?.to_owned(), Micros(row.number(1)?))),
    )
}

/// Every alert that was raised, the newest first.
///
/// # Errors
/// The database fails, or a row is not as it was written.
pub fn alerts(sql: &dyn Sql) -> Result<Vec<Alert>, StoreError> {
    sql.all(
        "SELECT scope, period, currency, most, percent, bucket, at, operation FROM alert
         ORDER BY at DESC, scope",
        &[],
        |row| {
            let budget = budget(row)?;
            let spent = u128::from(budget.most.0) * u128::from(budget.alert_percent) / 100;
            let spent = Micros(u64::try_from(spent).unwrap_or(u64::MAX));
            let standing = Standing { budget, bucket: row.text(5)?.to_owned(), spent };
            let operation = OperationId::new(row.text(7)?);
            let operation = operation.map_err(|_| StoreError::Cell { column: 7 })?;
            Ok(Alert { standing, at: UnixMillis(row.number(6)?), operation })
        },
    )
}

/// Hands out every row of the ledger from a time on, the oldest first.
///
/// # Errors
/// The database fails, or a row is not as it was written.
pub fn each(
    sql: &dyn Sql,
    since: UnixMillis,
    mut each: impl FnMut(Row) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    sql.each(
        "SELECT operation, at, provider, instance, command, category, swarm, agent, currency,
                reserved, cost, usage
         FROM spending WHERE at >= ?1 ORDER BY at, operation",
        &[since.0.into()],
        |row| each(spending(row)?),
    )
}

fn spending(row: &Cells<'_>) -> Result<Row, StoreError> {
    let word = |column: usize| {
        let text = row.maybe_text(column)?;
        text.map(Word::new).transpose().map_err(|_| StoreError::Cell { column })
    };
    let payer = Payer {
        provider: word(2)?.ok_or(StoreError::Cell { column: 2 })?,
        instance: word(3)?,
        command: row.text(4)?.to_owned(),
        category: word(5)?,
        swarm: word(6)?,
        agent: word(7)?,
    };
    Ok(Row {
        operation: row.text(0)?.to_owned(),
        at: UnixMillis(row.number(1)?),
        payer,
        currency: row.text(8)?.to_owned(),
        reserved: Micros(row.number(9)?),
        cost: row.maybe_number(10)?.map(Micros),
        usage: row.maybe_text(11)?.map(str::to_owned),
    })
}

/// The sums as they stand: scope, stretch of time, currency.
///
/// # Errors
/// The database fails.
pub fn sums(sql: &dyn Sql) -> Result<BTreeMap<(String, String, String), u64>, StoreError> {
    let found = sql.all("SELECT scope, bucket, currency, micros FROM spent", &[], |row| {
        let key = (row.text(0)?.to_owned(), row.text(1)?.to_owned(), row.text(2)?.to_owned());
        Ok::<_, StoreError>((key, row.number(3)?))
    })?;
    Ok(found.into_iter().collect())
}
