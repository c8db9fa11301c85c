//! `if witness cost`: what operations cost, summed by what they were.

use super::query::FilterArgs;
use crate::app::App;
use crate::commands::host;
use clap::{Args, ValueEnum};
use if_core::{Micros, Problem};
use if_dispatch::witness::Entry;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Sum what operations cost, as their outcomes recorded it
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl witness cost --since \"30 days ago\"\n  \
    ifctl witness cost --group-by command --provider openai")]
pub struct CostArgs {
    /// What is summed together
    #[arg(long, value_enum, default_value_t = GroupBy::Provider)]
    group_by: GroupBy,
    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum GroupBy {
    Provider,
    Instance,
    Command,
    Component,
    Actor,
    Trace,
    Day,
}

/// Sums of one group in one currency. Two currencies are never added.
#[derive(Debug, Default)]
struct Sum {
    operations: u64,
    micros: u64,
    overrun: u64,
}

/// Adds up every entry that fits.
pub fn run(app: &App, args: &CostArgs) -> Result<(), Problem> {
    let host = host(app)?;
    let mut sums: BTreeMap<(String, String), Sum> = BTreeMap::new();
    host.each(&args.filter.filter(host.now())?, |entry| {
        let Some(leaf) = entry.closed.as_ref().map(|closed| &closed.leaf) else { return };
        let Some(cost) = leaf.cost_micros else { return };
        let currency = leaf.currency.clone().unwrap_or_default();
        let sum = sums.entry((args.group_by.of(&entry), currency)).or_default();
        sum.operations += 1;
        sum.micros = sum.micros.saturating_add(cost.0);
        let overrun = leaf.overrun_micros.map_or(0, |overrun| overrun.0);
        sum.overrun = sum.overrun.saturating_add(overrun);
    })?;
    let rows: Vec<Value> = sums
        .iter()
        .map(|((group, currency), sum)| {
            json!({
                "group": group, "operations": sum.operations, "cost_micros": sum.micros,
                "overrun_micros": sum.overrun, "currency": currency,
            })
        })
        .collect();
    let columns = ["group", "operations", "cost", "overrun"].map(str::to_owned);
    let text = match rows.is_empty() {
        true => "no operation has cost anything that was recorded".to_owned(),
        false => {
            let shown = sums.iter().map(|((group, currency), sum)| {
                json!({
                    "group": group, "operations": sum.operations.to_string(),
                    "cost": amount(sum.micros, currency), "overrun": amount(sum.overrun, currency),
                })
            });
            app.printer.canvas().table(&columns, &shown.collect::<Vec<_>>())
        }
    };
    app.printer.result(&json!({ "costs": rows }), &text)
}

/// Millionths as people write them; nothing is rounded.
pub(super) fn amount(micros: u64, currency: &str) -> String {
    format!("{} {currency}", Micros(micros)).trim_end().to_owned()
}

impl GroupBy {
    fn of(self, entry: &Entry) -> String {
        let leaf = &entry.opened.leaf;
        let words =
            |list: [Option<String>; 2]| list.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let provider = leaf.provider.as_ref().map(ToString::to_string);
        match self {
            Self::Provider => provider.unwrap_or_default(),
            Self::Instance => words([provider, leaf.instance.as_ref().map(ToString::to_string)]),
            Self::Command => words([provider, leaf.command.clone()]),
            Self::Component => {
                leaf.plugin.as_ref().map(|plugin| plugin.id.to_string()).unwrap_or_default()
            }
            Self::Actor => leaf.actor.clone().unwrap_or_default(),
            Self::Trace => leaf.trace.clone().unwrap_or_default(),
            Self::Day => crate::print::time(leaf.at).chars().take(10).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_show_every_millionth() {
        assert_eq!(amount(1_500_000, "EUR"), "1.50 EUR");
        assert_eq!(amount(7, ""), "0.000007");
    }
}
