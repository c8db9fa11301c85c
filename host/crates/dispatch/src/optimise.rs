//! Money, as the operator asks for it: budgets, what was spent, and whether the ledger is true.

use crate::host::Host;
use crate::job::explain;
pub use crate::tariff::PriceShown;
use if_core::{Currency, Micros, Problem, UnixMillis, Word};
use if_optimise::{Kept, Noted, Payer, Proof};
use if_store::{Sql, Store, StoreError};
use if_witness::{Entry, Filter};

pub use if_optimise::{
    Advice, Alert, Budget, Fault, Forecast, NoScope, Period, Row, Scope, Standing, Use,
};

/// Finished stretches of time that advice looks at, and the running one.
const STRETCHES: usize = 4;

/// A ledger that is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// Operations in it.
    pub rows: u64,
    /// Sums that were worked out once more.
    pub sums: u64,
    /// Entries of the log that were verified.
    pub leaves: u64,
    /// What the log does not bear out; none in a true one.
    pub faults: Vec<Fault>,
}

impl Host {
    /// Sets a budget; the log says so in the same commit.
    pub fn set_budget(&self, budget: &Budget) -> Result<(), Problem> {
        let Budget { scope, period, currency, most, alert_percent } = budget;
        let remark = format!(
            "budget of {scope} {period} set to {most} {currency}, alert at {alert_percent} %"
        );
        let set = |sql: &dyn Sql| if_optimise::set(sql, budget);
        self.witness.note_with(&remark, |tx| set(tx)).map(|_| ()).map_err(explain)
    }

    /// Takes a budget away; false where there is none. The log says so in the same commit.
    pub fn remove_budget(
        &self,
        scope: &Scope,
        period: Period,
        currency: &Currency,
    ) -> Result<bool, Problem> {
        let is_there =
            |it: &Budget| (&it.scope, it.period, &it.currency) == (scope, period, currency);
        if !self.look(|sql| if_optimise::budgets(sql))?.iter().any(is_there) {
            return Ok(false);
        }
        let remark = format!("budget of {scope} {period} in {currency} removed");
        let remove = |sql: &dyn Sql| if_optimise::remove(sql, scope, period, currency).map(|_| ());
        self.witness.note_with(&remark, |tx| remove(tx)).map_err(explain)?;
        Ok(true)
    }

    /// How all budgets stand now.
    pub fn budgets(&self) -> Result<Vec<Standing>, Problem> {
        let now = self.now();
        self.look(|sql| if_optimise::standings(sql, now))
    }

    /// What was spent of a budget in each of its stretches of time, the newest first.
    pub fn budget_history(&self, budget: &Budget) -> Result<Vec<(String, Micros)>, Problem> {
        self.look(|sql| if_optimise::history(sql, budget))
    }

    /// Every alert that was raised, the newest first.
    pub fn budget_alerts(&self) -> Result<Vec<Alert>, Problem> {
        self.look(if_optimise::alerts)
    }

    /// Hands out what was spent from a time on, the oldest first.
    pub fn spendings(&self, since: UnixMillis, mut give: impl FnMut(Row)) -> Result<(), Problem> {
        self.look(|sql| {
            if_optimise::each(sql, since, |row| {
                give(row);
                Ok(())
            })
        })
    }

    /// Where each budget will stand at the end of its stretch of time.
    pub fn forecasts(&self) -> Result<Vec<Forecast>, Problem> {
        let now = self.now();
        Ok(self.budgets()?.iter().map(|standing| if_optimise::forecast(standing, now)).collect())
    }

    /// What the recorded facts advise.
    pub fn recommendations(&self, since: UnixMillis) -> Result<Vec<Advice>, Problem> {
        let mut kept = Vec::new();
        for standing in self.budgets()? {
            let running = standing.bucket.clone();
            let history = self.budget_history(&standing.budget)?;
            let before =
                history.into_iter().take(STRETCHES).filter(|(bucket, _)| *bucket != running);
            kept.push(Kept { standing, before: before.map(|(_, micros)| micros).collect() });
        }
        let mut rows = Vec::new();
        self.spendings(since, |row| rows.push(row))?;
        Ok(if_optimise::advise(rows, &kept))
    }

    /// The prices that hold for a provider, or for all: the operator's first.
    pub fn prices(&self, provider: Option<&Word>) -> Result<Vec<PriceShown>, Problem> {
        let book = if_config::PriceBook::load(&self.home).map_err(explain)?;
        let booked =
            book.all().iter().filter(|it| provider.is_none_or(|word| *word == it.provider));
        let mut shown: Vec<PriceShown> = booked.map(PriceShown::booked).collect();
        for listed in if_registry::list(&self.layout).map_err(explain)? {
            if provider.is_none_or(|named| *named == listed.provider) {
                shown.extend(listed.manifest.iter().flat_map(PriceShown::signed));
            }
        }
        Ok(shown)
    }

    /// Verifies the log, and then the ledger against it, entry by entry and sum by sum.
    pub fn verify_ledger(&self) -> Result<Proved, Problem> {
        let leaves = self.verify_log()?.leaves;
        let read = self.store.read(|view| {
            let sql: &dyn Sql = view;
            let mut rows = Vec::new();
            if_optimise::each(sql, UnixMillis(0), |row| {
                rows.push(row);
                Ok(())
            })?;
            Ok::<_, if_witness::WitnessError>((
                rows,
                if_optimise::sums(sql)?,
                if_witness::entries(view)?,
            ))
        });
        let (rows, sums, length) = read.map_err(explain)?;
        let mut proof = Proof::default();
        let noted = |entry: Entry| {
            if let Some((operation, noted)) = noted(&entry) {
                proof.note(operation, noted);
            }
            Ok::<_, if_witness::WitnessError>(())
        };
        self.witness.each_listed(&Filter::default(), length, noted).map_err(explain)?;
        rows.iter().for_each(|row| proof.row(row));
        let (rows, faults) = proof.conclude(&sums);
        Ok(Proved { rows, sums: sums.len() as u64, leaves, faults })
    }

    fn look<T>(&self, look: impl FnOnce(&dyn Sql) -> Result<T, StoreError>) -> Result<T, Problem> {
        let store: &Store = &self.store;
        store.read(|view| look(view)).map_err(explain)
    }
}

/// What an entry says of money, where it says anything.
fn noted(entry: &Entry) -> Option<(String, Noted)> {
    let leaf = &entry.opened.leaf;
    let closed = entry.closed.as_ref().map(|closed| &closed.leaf);
    let reserved = leaf.reserved_micros.unwrap_or_default();
    let cost = closed.map(|it| it.cost_micros.unwrap_or_default());
    // What runs may have reserved since, and nobody has signed that yet.
    if !entry.is_open() && reserved.max(cost.unwrap_or_default()) == Micros(0) {
        return None;
    }
    let currency = leaf.currency.clone().or_else(|| closed.and_then(|it| it.currency.clone()));
    let payer = Payer {
        provider: leaf.provider.clone()?,
        instance: leaf.instance.clone(),
        command: leaf.command.clone().unwrap_or_default(),
        category: leaf.category.clone(),
        swarm: leaf.swarm.clone(),
        agent: leaf.agent.clone(),
    };
    let currency = currency.unwrap_or_default();
    let noted = Noted { at: leaf.at, payer, currency, reserved, cost };
    Some((leaf.operation.as_ref()?.to_string(), noted))
}
