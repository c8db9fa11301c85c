//! `if optimise prices`: what commands cost, and where that is written.

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::{Code, Problem, Word};
use if_dispatch::optimise::PriceShown;
use serde_json::{Value, json};

/// Show the prices that hold: your own in prices.yaml, and those that plugins are signed with
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl optimise prices\n  ifctl optimise prices openai\n\n\
    Your own go before the signed ones. In prices.yaml in the home, amounts in whole units:\n\n  \
    prices:\n    - provider: openai\n      command: chat        # without it, every command\n      \
    instance: work       # without it, every instance\n      currency: USD\n      \
    call: 0.01           # for each call\n      minute: 0.02         # while it lasts\n      \
    gigabyte: 0.09       # both ways; reserves bytes_max\n      bytes_max: 1000000\n      \
    million_tokens_in: 0.15\n      tokens_in_max: 8000\n      million_tokens_out: 0.60\n      \
    tokens_out_max: 2000\n      transaction: {amount: amount, parts_per_unit: 100, percent: 2.9, \
    fixed: 0.3}")]
pub struct PricesArgs {
    /// Only this provider
    provider: Option<String>,
}

/// Shows them.
pub fn run(app: &App, args: &PricesArgs) -> Result<(), Problem> {
    let provider = args.provider.as_ref().map(Word::new).transpose();
    let provider = provider.map_err(|error| Problem::new(Code::Usage, error.to_string()))?;
    let prices = host(app)?.prices(provider.as_ref())?;
    let row = |it: &PriceShown| {
        json!({
            "what": it.what, "price": parts(it), "currency": it.currency, "from": it.from,
        })
    };
    let value = |it: &PriceShown| {
        let PriceShown { from, what, currency, price } = it;
        json!({"what": what, "price": price, "currency": currency, "from": from})
    };
    let rows: Vec<Value> = prices.iter().map(row).collect();
    let values: Vec<Value> = prices.iter().map(value).collect();
    let columns = ["what", "price", "currency", "from"].map(str::to_owned);
    let text = match rows.is_empty() {
        true => "no prices".to_owned(),
        false => app.printer.canvas().table(&columns, &rows),
    };
    app.printer.result(&json!({ "prices": values }), &text)?;
    if rows.is_empty() {
        app.printer.hint("write them into prices.yaml: ifctl optimise prices --help");
    }
    Ok(())
}

/// The parts of a price in one line.
fn parts(it: &PriceShown) -> String {
    let price = &it.price;
    let amounts = [
        ("call", price.call),
        ("minute", price.minute),
        ("gigabyte", price.gigabyte),
        ("million tokens in", price.million_tokens_in),
        ("million tokens out", price.million_tokens_out),
    ];
    let amounts = amounts.into_iter().filter(|(_, amount)| amount.0 > 0);
    let mut parts: Vec<String> =
        amounts.map(|(part, amount)| format!("{amount} a {part}")).collect();
    if let Some(transaction) = &price.transaction {
        let (whole, rest) = (transaction.share_ppm / 10_000, transaction.share_ppm % 10_000);
        let percent = format!("{whole}.{rest:04}");
        let percent = percent.trim_end_matches('0').trim_end_matches('.');
        parts.push(format!("{percent} % of {} and {}", transaction.amount, transaction.fixed));
    }
    parts.join(", ")
}
