//! `if optimise forecast`: where the budgets will stand if spending goes on as it did.

use super::budget;
use crate::app::App;
use crate::commands::host;
use crate::print::time;
use clap::Args;
use if_core::Problem;
use if_dispatch::optimise::Forecast;
use serde_json::{Value, json};

/// Say where each budget will stand at the end of its day or month
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ifctl optimise forecast\n  ifctl optimise forecast --json\n\n\
    Straight on: what was spent since the day or month began, by the part of it that has passed."
)]
pub struct ForecastArgs {}

/// Forecasts every budget.
pub fn run(app: &App, _args: &ForecastArgs) -> Result<(), Problem> {
    let forecasts = host(app)?.forecasts()?;
    let value = |it: &Forecast| {
        let mut value = budget::value(&it.standing);
        if let Some(members) = value.as_object_mut() {
            members.insert("expected_micros".to_owned(), json!(it.expected));
            members.insert("exhausted_at".to_owned(), json!(it.exhausted_at));
        }
        value
    };
    let row = |it: &Forecast| {
        let budget = &it.standing.budget;
        let expected = it.expected.map(|it| it.to_string()).unwrap_or_default();
        json!({
            "scope": budget.scope, "period": budget.period, "of": it.standing.bucket,
            "spent": it.standing.spent.to_string(), "expected": expected,
            "most": format!("{} {}", budget.most, budget.currency),
            "nothing left": it.exhausted_at.map(time).unwrap_or_default(),
        })
    };
    let rows: Vec<Value> = forecasts.iter().map(row).collect();
    let values: Vec<Value> = forecasts.iter().map(value).collect();
    let columns = ["scope", "period", "of", "spent", "expected", "most", "nothing left"];
    let text = match rows.is_empty() {
        true => "no budgets".to_owned(),
        false => app.printer.canvas().table(&columns.map(str::to_owned), &rows),
    };
    app.printer.result(&json!({ "forecasts": values }), &text)?;
    if rows.is_empty() {
        app.printer.hint("ifctl optimise budget set global 100 USD");
    }
    Ok(())
}
