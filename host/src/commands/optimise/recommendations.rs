//! `if optimise recommendations`: what the recorded facts advise, with the facts.

use crate::app::App;
use crate::commands::host;
use crate::commands::witness::instant;
use clap::Args;
use if_core::Problem;
use if_dispatch::optimise::Advice;
use serde_json::json;

/// Say what the recorded facts advise: prices that reserve too much or too little, budgets that do
/// not fit
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl optimise recommendations\n  \
    ifctl optimise recommendations --since \"90 days ago\"")]
pub struct RecommendationsArgs {
    /// Looks at what was begun then or later: 2026-11-25T21:00Z, with an offset, or `2 hours ago`
    #[arg(long, value_name = "TIME", default_value = "30 days ago")]
    since: String,
}

/// Advises.
pub fn run(app: &App, args: &RecommendationsArgs) -> Result<(), Problem> {
    let host = host(app)?;
    let advice = host.recommendations(instant("since", &args.since, host.now())?)?;
    let shown = |it: &Advice| {
        format!("{}: {}\n  because {}\n  {}", it.about, it.advice, it.because, it.line)
    };
    let text = match advice.is_empty() {
        true => "nothing to advise".to_owned(),
        false => advice.iter().map(shown).collect::<Vec<_>>().join("\n"),
    };
    app.printer.result(&json!({ "recommendations": advice }), &text)
}
