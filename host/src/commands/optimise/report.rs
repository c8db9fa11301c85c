//! `if optimise report`: what was spent, summed by what it was spent on.

use crate::app::App;
use crate::commands::host;
use crate::commands::witness::instant;
use clap::{Args, ValueEnum};
use if_core::{Code, Micros, Problem, UnixMillis, Word};
use if_dispatch::optimise::{Row, Use};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Sum what was spent, with what it was spent for
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl optimise report --since \"30 days ago\"\n  \
    ifctl optimise report --provider openai --group-by command")]
pub struct ReportArgs {
    /// Only this provider
    #[arg(long)]
    provider: Option<String>,
    /// Begun then or later: 2026-11-25T21:00Z, with an offset, or `2 hours ago`
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// What is summed together
    #[arg(long, value_enum, default_value_t = GroupBy::Provider)]
    group_by: GroupBy,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum GroupBy {
    Provider,
    Instance,
    Command,
    Category,
    Swarm,
    Agent,
    Day,
    Month,
}

/// Sums of one group in one currency. Two currencies are never added.
#[derive(Debug, Default)]
struct Sum {
    operations: u64,
    cost: Micros,
    overrun: Micros,
    /// Of operations that run, or whose process was lost before anybody knew the cost.
    reserved: Micros,
    used: Use,
}

/// Adds up every row that fits.
pub fn run(app: &App, args: &ReportArgs) -> Result<(), Problem> {
    let host = host(app)?;
    let provider = args.provider.as_ref().map(Word::new).transpose();
    let provider = provider.map_err(|error| Problem::new(Code::Usage, error.to_string()))?;
    let since = args.since.as_deref().map(|text| instant("since", text, host.now())).transpose()?;
    let mut sums: BTreeMap<(String, String), Sum> = BTreeMap::new();
    host.spendings(since.unwrap_or(UnixMillis(0)), |row| {
        if provider.as_ref().is_none_or(|word| *word == row.payer.provider) {
            let key = (args.group_by.of(&row), row.currency.clone());
            sums.entry(key).or_default().add(&row);
        }
    })?;
    let values: Vec<Value> = sums.iter().map(value).collect();
    let rows: Vec<Value> = sums.iter().map(row).collect();
    let columns = ["group", "operations", "cost", "overrun", "reserved", "tokens in", "tokens out"];
    let text = match rows.is_empty() {
        true => "nothing was spent".to_owned(),
        false => app.printer.canvas().table(&columns.map(str::to_owned), &rows),
    };
    app.printer.result(&json!({ "report": values }), &text)
}

fn value(((group, currency), sum): (&(String, String), &Sum)) -> Value {
    json!({
        "group": group, "currency": currency, "operations": sum.operations,
        "cost_micros": sum.cost, "overrun_micros": sum.overrun, "reserved_micros": sum.reserved,
        "used": sum.used,
    })
}

fn row(((group, currency), sum): (&(String, String), &Sum)) -> Value {
    let count = |count: Option<u64>| count.map(|count| count.to_string()).unwrap_or_default();
    json!({
        "group": group, "operations": sum.operations.to_string(),
        "cost": format!("{} {currency}", sum.cost), "overrun": sum.overrun.to_string(),
        "reserved": sum.reserved.to_string(),
        "tokens in": count(sum.used.tokens_in), "tokens out": count(sum.used.tokens_out),
    })
}

impl Sum {
    fn add(&mut self, row: &Row) {
        self.operations += 1;
        let usage = row.usage.as_deref().and_then(|text| serde_json::from_str(text).ok());
        self.used = self.used.and(usage.unwrap_or_default());
        let Some(cost) = row.cost else {
            self.reserved = self.reserved.saturating_add(row.reserved);
            return;
        };
        self.cost = self.cost.saturating_add(cost);
        if row.reserved > Micros(0) {
            let above = Micros(cost.0.saturating_sub(row.reserved.0));
            self.overrun = self.overrun.saturating_add(above);
        }
    }
}

impl GroupBy {
    fn of(self, row: &Row) -> String {
        let payer = &row.payer;
        let word = |word: &Option<Word>| word.as_ref().map(ToString::to_string).unwrap_or_default();
        let letters = |count| crate::print::time(row.at).chars().take(count).collect();
        match self {
            Self::Provider => payer.provider.to_string(),
            Self::Instance => format!("{} {}", payer.provider, word(&payer.instance)),
            Self::Command => format!("{} {}", payer.provider, payer.command),
            Self::Category => word(&payer.category),
            Self::Swarm => word(&payer.swarm),
            Self::Agent => word(&payer.agent),
            Self::Day => letters("2026-11-30".len()),
            Self::Month => letters("2026-11".len()),
        }
    }
}
