//! `if governor circuit …`: breakers, which leave alone for a while whoever keeps failing.

use crate::app::App;
use crate::commands::host;
use crate::print::time;
use clap::{Args, Subcommand};
use if_core::{Code, Problem};
use if_dispatch::governed::{CircuitShown, CircuitState};
use serde_json::{Value, json};

/// Breakers before instances, plugins and swarms
#[derive(Debug, Subcommand)]
pub enum CircuitCommand {
    Status(StatusArgs),
    Reset(ResetArgs),
    Config(ConfigArgs),
}

/// Show every breaker that has counted a call
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl governor circuit status\n  \
    ifctl governor circuit status --component obs.studio --json\n\n\
    A circuit opens when calls keep failing: unreachable, too late, nonsense. It stays open for\n\
    1, 2, 5, 10, 30 seconds, each time one call tries and fails, and closes with the first that\n\
    succeeds. A test of an instance passes an open circuit.")]
pub struct StatusArgs {
    /// Only the breaker before this plugin, by its id
    #[arg(long, value_name = "ID")]
    component: Option<String>,
}

/// Close a breaker and forget what it counted
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl governor circuit reset instance:obs/studio")]
pub struct ResetArgs {
    /// As `governor circuit status` names it
    circuit: String,
}

/// Show when each breaker opens; `circuits:` in governor.yaml changes that
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl governor circuit config\n  \
    ifctl governor circuit config --json")]
pub struct ConfigArgs {}

/// Runs one of them.
pub fn run(app: &App, command: CircuitCommand) -> Result<(), Problem> {
    match command {
        CircuitCommand::Status(args) => status(app, &args),
        CircuitCommand::Reset(args) => reset(app, &args),
        CircuitCommand::Config(_) => config(app),
    }
}

fn status(app: &App, args: &StatusArgs) -> Result<(), Problem> {
    let circuits = host(app)?.circuits(args.component.as_deref())?;
    let row = |it: &CircuitShown| {
        json!({
            "circuit": it.name, "state": word(it.state), "calls": it.calls.to_string(),
            "failures": it.failures.to_string(),
            "tries again": it.until.map(time).unwrap_or_default(),
        })
    };
    let rows: Vec<Value> = circuits.iter().map(row).collect();
    let columns = ["circuit", "state", "calls", "failures", "tries again"].map(str::to_owned);
    let text = match rows.is_empty() {
        true => "no circuit has counted a call".to_owned(),
        false => app.printer.canvas().table(&columns, &rows),
    };
    app.printer.result(&json!({ "circuits": circuits }), &text)
}

fn word(state: CircuitState) -> &'static str {
    match state {
        CircuitState::Closed => "closed",
        CircuitState::Open => "open",
        CircuitState::HalfOpen => "half open",
    }
}

fn reset(app: &App, args: &ResetArgs) -> Result<(), Problem> {
    if !host(app)?.reset_circuit(&args.circuit)? {
        let what = format!("there is no circuit `{}`", args.circuit);
        return Err(Problem::new(Code::Usage, what).hint("ifctl governor circuit status"));
    }
    let text = format!("the circuit {} is closed", args.circuit);
    app.printer.result(&json!({ "circuit": args.circuit }), &text)
}

fn config(app: &App) -> Result<(), Problem> {
    let circuits = host(app)?.circuits(None)?;
    let row = |it: &CircuitShown| {
        json!({
            "circuit": it.name, "failures": it.breaker.failures.to_string(),
            "of calls": format!("{} %", it.breaker.percent),
            "within": format!("{} s", it.breaker.window_ms / 1000),
        })
    };
    let rows: Vec<Value> = circuits.iter().map(row).collect();
    let columns = ["circuit", "failures", "of calls", "within"].map(str::to_owned);
    let usual = if_dispatch::governed::usual();
    let mut text = format!(
        "a circuit opens at {} failures within {} s, if they are {} % of the calls\n",
        usual.failures,
        usual.window_ms / 1000,
        usual.percent
    );
    if !rows.is_empty() {
        text.push_str(&app.printer.canvas().table(&columns, &rows));
    }
    let shown: Vec<Value> =
        circuits.iter().map(|it| json!({"name": it.name, "breaker": it.breaker})).collect();
    app.printer.result(&json!({ "usual": usual, "circuits": shown }), &text)
}
