//! `if optimise budget …`: the most that may be spent, for whom, for how long.

use crate::app::App;
use crate::commands::host;
use crate::print::time;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use if_core::{Code, Currency, Micros, Problem};
use if_dispatch::optimise::{Alert, Budget, NoScope, Period, Scope, Standing};
use serde_json::{Value, json};

/// Set budgets, and see how they stand
#[derive(Debug, Subcommand)]
pub enum BudgetCommand {
    Set(SetArgs),
    Remove(RemoveArgs),
    Status(StatusArgs),
    History(HistoryArgs),
    Alerts(AlertsArgs),
}

/// Set the most that may be spent; a command that could spend more does not start
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl optimise budget set global 100 USD\n  \
    ifctl optimise budget set provider:openai 5 USD --period daily --alert 50\n\n\
    Scopes: global, category:NAME, provider:NAME, instance:PROVIDER/NAME, swarm:NAME and\n\
    agent:NAME (whoever runs commands with IF_SWARM or IF_AGENT). A command counts for every\n\
    scope that it belongs to. Days and months are those of UTC. A budget holds for one currency;\n\
    amounts are never converted.")]
pub struct SetArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// The most, with at most six decimals
    #[arg(value_name = "AMOUNT")]
    amount: String,
    /// ISO 4217, such as USD
    currency: String,
    /// From how many hundredths of it on you are told
    #[arg(long, value_name = "PERCENT", default_value_t = 80)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=100))]
    alert: u64,
}

/// Take a budget away
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl optimise budget remove provider:openai USD \
    --period daily")]
pub struct RemoveArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// ISO 4217, such as USD
    currency: String,
}

/// Which budget.
#[derive(Debug, Args)]
struct WhichArgs {
    /// global, category:NAME, provider:NAME, instance:PROVIDER/NAME, swarm:NAME, agent:NAME
    scope: String,
    /// After which time the counting begins again
    #[arg(long, value_name = "daily|monthly|total", default_value = "monthly")]
    #[arg(value_parser = PossibleValuesParser::new(Period::ALL.map(Period::as_str)))]
    period: String,
}

/// Show what is spent and left of every budget
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl optimise budget status\n  \
    ifctl optimise budget status --json")]
pub struct StatusArgs {}

/// Show what was spent of each budget, day by day or month by month
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl optimise budget history\n  \
    ifctl optimise budget history provider:openai")]
pub struct HistoryArgs {
    /// Only budgets of this scope
    scope: Option<String>,
}

/// Show which budgets were nearly spent, when, and by which operation
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl optimise budget alerts\n  \
    ifctl optimise budget alerts --json")]
pub struct AlertsArgs {}

/// Runs one of them.
pub fn run(app: &App, command: BudgetCommand) -> Result<(), Problem> {
    match command {
        BudgetCommand::Set(args) => set(app, &args),
        BudgetCommand::Remove(args) => remove(app, &args),
        BudgetCommand::Status(_) => status(app),
        BudgetCommand::History(args) => history(app, &args),
        BudgetCommand::Alerts(_) => alerts(app),
    }
}

fn set(app: &App, args: &SetArgs) -> Result<(), Problem> {
    let (scope, period) = args.which.read()?;
    let most = Micros::parse(&args.amount).ok_or_else(|| {
        let what = format!("`{}` is no amount with at most six decimals", args.amount);
        Problem::new(Code::Usage, what).hint("write it as 100 or 0.50")
    })?;
    let currency = currency(&args.currency)?;
    let budget = Budget { scope, period, currency, most, alert_percent: args.alert };
    let host = host(app)?;
    host.set_budget(&budget)?;
    let standing = host.budgets()?.into_iter().find(|standing| standing.budget == budget);
    let text = match &standing {
        None => "the budget is set".to_owned(),
        Some(standing) => format!("{standing} in {}", standing.bucket),
    };
    app.printer.result(&json!({ "budget": standing.as_ref().map(value) }), &text)
}

fn remove(app: &App, args: &RemoveArgs) -> Result<(), Problem> {
    let (scope, period) = args.which.read()?;
    let currency = currency(&args.currency)?;
    let removed = host(app)?.remove_budget(&scope, period, &currency)?;
    if !removed {
        let what = format!("there is no {period} budget of {scope} in {currency}");
        return Err(Problem::new(Code::Usage, what).hint("ifctl optimise budget status"));
    }
    let text = format!("the {period} budget of {scope} in {currency} is removed");
    app.printer.result(&json!({"scope": scope, "period": period, "currency": currency}), &text)
}

fn status(app: &App) -> Result<(), Problem> {
    let standings = host(app)?.budgets()?;
    let row = |it: &Standing| {
        json!({
            "scope": it.budget.scope, "period": it.budget.period, "of": it.bucket,
            "spent": it.spent.to_string(), "left": it.left().to_string(),
            "most": format!("{} {}", it.budget.most, it.budget.currency),
            "%": it.percent().to_string(),
            "": if it.left() == Micros(0) { "nothing left" }
                else if it.is_alarming() { "nearly spent" } else { "" },
        })
    };
    let rows: Vec<Value> = standings.iter().map(row).collect();
    let values: Vec<Value> = standings.iter().map(value).collect();
    let columns = ["scope", "period", "of", "spent", "left", "most", "%", ""].map(str::to_owned);
    let text = match rows.is_empty() {
        true => "no budgets".to_owned(),
        false => app.printer.canvas().table(&columns, &rows),
    };
    app.printer.result(&json!({ "budgets": values }), &text)?;
    if rows.is_empty() {
        app.printer.hint("ifctl optimise budget set global 100 USD");
    }
    Ok(())
}

/// A budget and how it stands, for programs.
pub(super) fn value(it: &Standing) -> Value {
    let budget = &it.budget;
    json!({
        "scope": budget.scope, "period": budget.period, "bucket": it.bucket,
        "currency": budget.currency, "most_micros": budget.most, "spent_micros": it.spent,
        "left_micros": it.left(), "alert_percent": budget.alert_percent,
        "alarming": it.is_alarming(),
    })
}

fn history(app: &App, args: &HistoryArgs) -> Result<(), Problem> {
    let wanted = args.scope.as_deref().map(scope).transpose()?;
    let host = host(app)?;
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for Standing { budget, .. } in host.budgets()? {
        if wanted.as_ref().is_some_and(|scope| *scope != budget.scope) {
            continue;
        }
        for (bucket, spent) in host.budget_history(&budget)? {
            let Budget { scope, period, currency, .. } = &budget;
            let spent_shown = format!("{spent} {currency}");
            rows.push(
                json!({"scope": scope, "period": period, "of": bucket, "spent": spent_shown}),
            );
            values.push(json!({
                "scope": scope, "period": period, "bucket": bucket, "currency": currency,
                "spent_micros": spent,
            }));
        }
    }
    let columns = ["scope", "period", "of", "spent"].map(str::to_owned);
    let text = match rows.is_empty() {
        true => "nothing was spent of any budget".to_owned(),
        false => app.printer.canvas().table(&columns, &rows),
    };
    app.printer.result(&json!({ "history": values }), &text)
}

fn alerts(app: &App) -> Result<(), Problem> {
    let alerts = host(app)?.budget_alerts()?;
    let row = |it: &Alert| {
        let Standing { budget, bucket, .. } = &it.standing;
        json!({
            "at": time(it.at), "scope": budget.scope, "period": budget.period, "of": bucket,
            "most": format!("{} {}", budget.most, budget.currency), "operation": it.operation,
        })
    };
    let value = |it: &Alert| {
        let Standing { budget, bucket, .. } = &it.standing;
        json!({
            "at": it.at, "scope": budget.scope, "period": budget.period, "bucket": bucket,
            "currency": budget.currency, "most_micros": budget.most, "operation": it.operation,
        })
    };
    let rows: Vec<Value> = alerts.iter().map(row).collect();
    let values: Vec<Value> = alerts.iter().map(value).collect();
    let columns = ["at", "scope", "period", "of", "most", "operation"].map(str::to_owned);
    let text = match rows.is_empty() {
        true => "no budget was ever nearly spent".to_owned(),
        false => app.printer.canvas().table(&columns, &rows),
    };
    app.printer.result(&json!({ "alerts": values }), &text)
}

impl WhichArgs {
    fn read(&self) -> Result<(Scope, Period), Problem> {
        let period = Period::parse(&self.period).ok_or_else(|| {
            Problem::new(Code::Usage, format!("`{}` is no period", self.period))
                .hint("--period daily, --period monthly or --period total")
        })?;
        Ok((scope(&self.scope)?, period))
    }
}

fn scope(text: &str) -> Result<Scope, Problem> {
    text.parse().map_err(|error: NoScope| {
        Problem::new(Code::Usage, error.to_string()).hint(format!("write {}", NoScope::FORMS))
    })
}

fn currency(text: &str) -> Result<Currency, Problem> {
    Currency::new(text.to_ascii_uppercase())
        .map_err(|error| Problem::new(Code::Usage, error.to_string()).hint("write USD, or EUR"))
}
