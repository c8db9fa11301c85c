//! `if optimise …`: what operations may cost and did cost.

mod budget;
mod forecast;
mod prices;
mod recommendations;
mod report;
mod verify;

use crate::app::App;
use clap::Subcommand;
use if_core::Problem;

/// Set budgets, and see what was spent
#[derive(Debug, Subcommand)]
pub enum OptimiseCommand {
    #[command(subcommand)]
    Budget(budget::BudgetCommand),
    Report(report::ReportArgs),
    Forecast(forecast::ForecastArgs),
    Recommendations(recommendations::RecommendationsArgs),
    Prices(prices::PricesArgs),
    Verify(verify::VerifyArgs),
}

/// Runs one of them.
pub fn run(app: &App, command: OptimiseCommand) -> Result<(), Problem> {
    match command {
        OptimiseCommand::Budget(command) => budget::run(app, command),
        OptimiseCommand::Report(args) => report::run(app, &args),
        OptimiseCommand::Forecast(args) => forecast::run(app, &args),
        OptimiseCommand::Recommendations(args) => recommendations::run(app, &args),
        OptimiseCommand::Prices(args) => prices::run(app, &args),
        OptimiseCommand::Verify(args) => verify::run(app, &args),
    }
}
