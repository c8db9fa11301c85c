//! How long after its limit an attack is really over: from the start of the command to its end, by
//! the attacks that `doctor sandbox` brings along.

use super::lab::release;
use super::table::{Row, Verdict, ms};
use crate::shell;
use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The attacks, with the deadlines of those that have one of their own.
const ATTACKS: &str = "host/crates/trial/attacks.toml";
/// The deadline of the others, as their guest declares it.
const GUEST: &str = "host/crates/trial/plugin.toml";

/// How late an attack may end.
const LAG_MAX: Duration = Duration::from_millis(1_000);

#[derive(Deserialize)]
struct Attacks {
    attack: Vec<Attack>,
}

#[derive(Deserialize)]
struct Attack {
    name: String,
    deadline_ms: Option<u64>,
}

#[derive(Deserialize)]
struct Guest {
    limits: Limits,
}

#[derive(Deserialize)]
struct Limits {
    deadline_ms: u64,
}

#[derive(Deserialize)]
struct Report {
    attacks: Vec<Outcome>,
    held: usize,
}

#[derive(Deserialize)]
struct Outcome {
    attack: String,
    stopped_after_ms: u64,
}

/// A line for each attack that only its deadline ends, and one for whichever of all came closest to
/// the latest moment that is allowed.
pub fn attacks() -> Result<Vec<Row>> {
    let read = |name: &str| fs_err::read_to_string(shell::root().join(name));
    let attacks: Attacks = toml::from_str(&read(ATTACKS)?)?;
    let guest: Guest = toml::from_str(&read(GUEST)?)?;
    let own = attacks.attack.into_iter().filter_map(|it| Some((it.name, it.deadline_ms?)));
    let own: BTreeMap<String, u64> = own.collect();
    let said =
        shell::output(shell::command(release("ifctl")).args(["doctor", "sandbox", "--json"]));
    let report: Report = serde_json::from_str(&said?)?;
    let millis = Duration::from_millis;
    let mut rows: Vec<Row> = report
        .attacks
        .iter()
        .filter_map(|it| Some((it, millis(*own.get(&it.attack)?))))
        .map(|(it, deadline)| {
            let lag = millis(it.stopped_after_ms).saturating_sub(deadline);
            let what = format!("an attack that {}: over so long after its deadline", it.attack);
            Row::bar(&what, ms(lag), format!("≤ {}", ms(LAG_MAX)), lag <= LAG_MAX)
        })
        .collect();
    let allowed = |it: &Outcome| {
        millis(own.get(&it.attack).copied().unwrap_or(guest.limits.deadline_ms)) + LAG_MAX
    };
    let latest = report.attacks.iter().max_by_key(|it| it.stopped_after_ms);
    let latest = latest.context("no attack was tried")?;
    let (took, most) = (millis(latest.stopped_after_ms), allowed(latest));
    let all = report.attacks.len();
    let what = format!("the longest of {all} attacks, {} held: {}", report.held, latest.attack);
    let met = report.held == all
        && report.attacks.iter().all(|it| millis(it.stopped_after_ms) <= allowed(it));
    rows.push(Row {
        verdict: Verdict::when(met),
        bar: format!("≤ {}", ms(most)),
        ..Row::information(&what, ms(took))
    });
    Ok(rows)
}
