//! `if explain`: the page of an error code, from the program itself, because whoever needs it at
//! a show may have no network. Without a code it lists them all.

use crate::app::App;
use clap::Args;
use if_core::{Code, Problem};
use serde_json::{Value, json};

/// Explain an error code: how it looks, why it comes, what to write
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl explain IF_ERR_TIMEOUT\n  ifctl explain timeout\n")]
pub struct ExplainArgs {
    /// IF_ERR_…, or the part behind it; every code when absent
    code: Option<String>,
}

/// Prints one page, or the list.
pub fn run(app: &App, args: &ExplainArgs) -> Result<(), Problem> {
    match &args.code {
        None => list(app),
        Some(text) => {
            let code = Code::parse(text).ok_or_else(|| unknown(text))?;
            let mut value = facts(code);
            if let Value::Object(members) = &mut value {
                members.insert("page".to_owned(), code.page().into());
            }
            app.printer.result(&value, &code.page())
        }
    }
}

fn list(app: &App) -> Result<(), Problem> {
    let rows: Vec<Value> = Code::ALL.iter().copied().map(facts).collect();
    let columns = ["code", "exit", "meaning"].map(str::to_owned);
    app.printer.result(&json!({ "codes": rows }), &app.printer.canvas().table(&columns, &rows))
}

fn facts(code: Code) -> Value {
    json!({
        "code": code.as_str(), "exit": code.exit() as u8,
        "meaning": code.meaning(), "resolution": code.resolution(),
    })
}

fn unknown(text: &str) -> Problem {
    let problem = Problem::new(Code::Usage, format!("there is no error code `{text}`"));
    let names = Code::ALL.iter().map(|code| code.as_str());
    let wanted = text.trim().to_ascii_uppercase().replace('-', "_");
    let wanted = if wanted.starts_with("IF_ERR_") { wanted } else { format!("IF_ERR_{wanted}") };
    match if_config::nearest(&wanted, names) {
        Some(name) => problem.hint(format!("ifctl explain {name}")),
        None => problem.hint("ifctl explain"),
    }
}
