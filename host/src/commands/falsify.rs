//! `--mode=falsify`: how a command would end if the provider were at its worst.

use crate::app::App;
use crate::commands::host;
use crate::print::{self, Face};
use if_core::{Code, Problem};
use if_dispatch::{Case, Falsified, Request};
use serde_json::{Value, json};
use std::sync::Arc;

/// Plans and plays; an error where something speaks against doing it. Where it is done next, its
/// result is the line's, and what was played is talk.
pub fn run(app: &App, mut request: Request) -> Result<(), Problem> {
    request.flags = app.flags()?;
    request.line = Some(app.line.clone());
    let falsified = host(app)?.falsify(request, Arc::new(Face::new(app.printer)))?;
    for warning in &falsified.warnings {
        app.printer.warn(&print::clean(warning));
    }
    let faults: Vec<String> = falsified.faults().map(fault).collect();
    if faults.is_empty() && app.global.yes {
        let text = format!("{} cases played: nothing speaks against it", falsified.cases.len());
        app.printer.tell(&text, value(&falsified));
        return Ok(());
    }
    app.printer.result(&value(&falsified), &text(app, &falsified))?;
    if faults.is_empty() {
        return Ok(());
    }
    let what = format!("{} of {} cases speak against it", faults.len(), falsified.cases.len());
    let problem = Problem::new(Code::Falsified, what);
    let line = app.line.replace(" --mode=falsify", "").replace(" --mode falsify", "");
    Err(faults.into_iter().fold(problem, Problem::because).hint(line))
}

fn fault(case: &Case) -> String {
    format!("{}: {}", case.adversity.as_str(), case.fault.unwrap_or_default())
}

fn value(it: &Falsified) -> Value {
    let planned = |it: &if_dispatch::Planned| {
        let (endpoint, message) = (&it.endpoint, &it.summary);
        json!({"endpoint": endpoint, "effect": it.effect, "message": message})
    };
    json!({
        "falsified": true, "operation": it.operation, "cases": it.cases,
        "plan": it.plan.iter().map(planned).collect::<Vec<_>>(),
    })
}

fn text(app: &App, it: &Falsified) -> String {
    if it.cases.is_empty() {
        return "the command would change nothing: nothing to falsify".to_owned();
    }
    let mut text = "nothing was changed; this would have been sent\n".to_owned();
    for message in &it.plan {
        let summary = print::clean(&message.summary);
        text.push_str(&format!("  {}  {}  {summary}\n", message.effect, message.endpoint));
    }
    let row = |case: &Case| {
        let code = case.code.map(|code| code.as_str()).unwrap_or_default();
        let message = case.message.as_deref().or(case.fault).unwrap_or_default();
        json!({
            "answer": case.adversity.as_str(), "ends": case.status.as_str(), "code": code,
            "message": message, "relied on": if case.fault.is_none() { "yes" } else { "no" },
        })
    };
    let rows: Vec<Value> = it.cases.iter().map(row).collect();
    let columns = ["answer", "ends", "code", "message", "relied on"].map(str::to_owned);
    text + &app.printer.canvas().table(&columns, &rows)
}
