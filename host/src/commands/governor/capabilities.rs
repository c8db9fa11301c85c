//! `if governor register|capabilities|find-help`: what swarms are good at.

use crate::app::App;
use crate::commands::host;
use clap::{Args, Subcommand};
use if_core::{Code, Micros, Problem, Word};
use if_dispatch::capabilities::{CAPABILITIES_MAX, Capability, Match, Skill, Swarm, WHOLE};
use serde_json::{Value, json};

/// Say what a swarm is good at, and what it asks for it
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    ifctl governor register blue --capability video.encode=0.9@0.25 --capability ocr=0.6\n  \
    ifctl governor register blue --capability video=0.8 --reputation 0.95\n\n\
    A capability is a name, how well it is done (0 to 1), and behind @ what one task costs. Names\n\
    have dots: who can do `video` can do `video.encode`. What was known of the swarm is replaced.")]
pub struct RegisterArgs {
    /// The swarm, as IF_SWARM names it
    swarm: String,
    /// NAME=SCORE, or NAME=SCORE@COST
    #[arg(long, value_name = "CAPABILITY", required = true)]
    capability: Vec<String>,
    /// How far it was right so far: 0 to 1
    #[arg(long, value_name = "SHARE", default_value = "1")]
    reputation: String,
}

/// Show what swarms are good at, and who fits a task
#[derive(Debug, Subcommand)]
pub enum CapabilitiesCommand {
    List(ListArgs),
    Match(MatchArgs),
    Swarm(SwarmArgs),
}

/// Show every capability of every swarm
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl governor capabilities list\n  \
    ifctl governor capabilities list --json")]
pub struct ListArgs {}

/// Show who fits a task: score times reputation, the best first
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl governor capabilities match video.encode\n  \
    ifctl governor capabilities match video.encode --swarm blue --threshold 0.9")]
pub struct MatchArgs {
    /// The capability that it asks for
    task: String,
    /// Only this swarm
    #[arg(long, value_name = "NAME")]
    swarm: Option<String>,
    /// From which fit on: 0 to 1
    #[arg(long, value_name = "SHARE", default_value = "0.7")]
    threshold: String,
}

/// Show one swarm
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl governor capabilities swarm blue")]
pub struct SwarmArgs {
    /// As it was registered
    swarm: String,
}

/// Find who could help: at most three for each capability, by fit for the money
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    ifctl governor find-help --required video.encode,ocr --max-cost 1500000\n\n\
    The score is fit divided by cost, the fit score times reputation. --max-cost is the most that\n\
    one task may cost, in millionths.")]
pub struct FindHelpArgs {
    /// Capabilities, with commas between them
    #[arg(long, value_name = "CAPABILITIES", required = true, value_delimiter = ',')]
    required: Vec<String>,
}

/// Registers a swarm.
pub fn register(app: &App, args: &RegisterArgs) -> Result<(), Problem> {
    let name = Word::new(&args.swarm).map_err(|error| usage(error.to_string()))?;
    let read: Result<Vec<Capability>, Problem> =
        args.capability.iter().map(|text| capability(text)).collect();
    let mut capabilities = read?;
    capabilities.sort_by(|one, other| one.name.cmp(&other.name));
    let twice = capabilities.windows(2).find(|pair| matches!(pair, [a, b] if a.name == b.name));
    if let Some([one, _]) = twice {
        return Err(usage(format!("`{}` is named twice", one.name)));
    }
    if capabilities.len() > CAPABILITIES_MAX {
        return Err(usage(format!("a swarm has at most {CAPABILITIES_MAX} capabilities")));
    }
    let reputation = share("--reputation", &args.reputation)?;
    let swarm = host(app)?.register_swarm(name, reputation, capabilities)?;
    let text = format!("{} registered, {} capabilities", swarm.name, swarm.capabilities.len());
    app.printer.result(&json!({ "swarm": value(&swarm) }), &text)
}

/// Runs one of them.
pub fn run(app: &App, command: CapabilitiesCommand) -> Result<(), Problem> {
    match command {
        CapabilitiesCommand::List(_) => {
            let swarms = host(app)?.swarms()?;
            show(app, &swarms, json!(swarms.iter().map(value).collect::<Vec<_>>()), "swarms")
        }
        CapabilitiesCommand::Swarm(args) => {
            let swarm = host(app)?.swarm(&args.swarm)?;
            show(app, std::slice::from_ref(&swarm), value(&swarm), "swarm")
        }
        CapabilitiesCommand::Match(args) => {
            let (task, threshold) = (skill(&args.task)?, share("--threshold", &args.threshold)?);
            let found = host(app)?.matching(&task, args.swarm.as_deref(), threshold)?;
            let text = match found.is_empty() {
                true => format!("nobody fits `{task}` to {}", number(threshold)),
                false => table(app, &found),
            };
            let rows: Vec<Value> = found.iter().map(matched).collect();
            app.printer.result(&json!({"task": task, "matches": rows}), &text)
        }
    }
}

/// Finds helpers.
pub fn find_help(app: &App, args: &FindHelpArgs) -> Result<(), Problem> {
    let required: Result<Vec<Skill>, Problem> =
        args.required.iter().map(|text| skill(text)).collect();
    let most = Micros(app.global.max_cost.unwrap_or(u64::MAX));
    let found = host(app)?.find_help(&required?, most)?;
    let mut text = String::new();
    for (task, helpers) in &found {
        match helpers.is_empty() {
            true => text.push_str(&format!("{task}: nobody for that\n")),
            false => text.push_str(&format!("{task}\n{}\n", table(app, helpers))),
        }
    }
    let rows: Vec<Value> = found
        .iter()
        .map(|(task, helpers)| {
            json!({"task": task, "helpers": helpers.iter().map(matched).collect::<Vec<_>>()})
        })
        .collect();
    app.printer.result(&json!({ "help": rows }), &text)
}

fn show(app: &App, swarms: &[Swarm], value: Value, name: &str) -> Result<(), Problem> {
    let row = |swarm: &Swarm, it: &Capability| {
        json!({
            "swarm": swarm.name, "capability": it.name, "score": number(it.score),
            "reputation": number(swarm.reputation), "cost": it.cost.to_string(),
        })
    };
    let rows: Vec<Value> = swarms
        .iter()
        .flat_map(|swarm| swarm.capabilities.iter().map(move |it| row(swarm, it)))
        .collect();
    let columns = ["swarm", "capability", "score", "reputation", "cost"].map(str::to_owned);
    let text = match rows.is_empty() {
        true => "no swarm is registered".to_owned(),
        false => app.printer.canvas().table(&columns, &rows),
    };
    app.printer.result(&json!({ name: value }), &text)
}

fn table(app: &App, found: &[Match]) -> String {
    let row = |it: &Match| {
        json!({
            "swarm": it.swarm, "by": it.capability, "fit": number(it.fit),
            "score": number(it.score), "reputation": number(it.reputation),
            "cost": it.cost.to_string(),
        })
    };
    let rows: Vec<Value> = found.iter().map(row).collect();
    let columns = ["swarm", "by", "fit", "score", "reputation", "cost"].map(str::to_owned);
    app.printer.canvas().table(&columns, &rows)
}

fn value(swarm: &Swarm) -> Value {
    let row = |it: &Capability| {
        let score = number(it.score);
        json!({"name": it.name, "score": score, "cost_micros": it.cost})
    };
    let rows: Vec<Value> = swarm.capabilities.iter().map(row).collect();
    json!({
        "name": swarm.name, "reputation": number(swarm.reputation), "at_ms": swarm.at.0,
        "capabilities": rows,
    })
}

fn matched(it: &Match) -> Value {
    json!({
        "swarm": it.swarm, "capability": it.capability, "fit": number(it.fit),
        "score": number(it.score), "reputation": number(it.reputation), "cost_micros": it.cost,
    })
}

/// Thousandths as people write them.
fn number(thousandths: u64) -> String {
    format!("{}.{:03}", thousandths / WHOLE, thousandths % WHOLE)
}

fn capability(text: &str) -> Result<Capability, Problem> {
    let wrong = || {
        usage(format!("`{text}` is no capability with its score"))
            .hint("write it as --capability video.encode=0.9 or video.encode=0.9@0.25")
    };
    let (name, rest) = text.split_once('=').ok_or_else(wrong)?;
    let (score, cost) = rest.split_once('@').map_or((rest, None), |(a, b)| (a, Some(b)));
    Ok(Capability {
        name: Skill::parse(name).ok_or_else(wrong)?,
        score: share("the score", score)?,
        cost: cost.map(amount).transpose()?.unwrap_or(Micros(0)),
    })
}

fn skill(text: &str) -> Result<Skill, Problem> {
    Skill::parse(text).ok_or_else(|| {
        usage(format!("`{text}` is no name of a capability")).hint("write it as video.encode")
    })
}

fn amount(text: &str) -> Result<Micros, Problem> {
    Micros::parse(text)
        .ok_or_else(|| usage(format!("`{text}` is no amount with at most six decimals")))
}

/// A share of one, in thousandths.
fn share(what: &str, text: &str) -> Result<u64, Problem> {
    let micros = Micros::parse(text).map(|it| it.0);
    let whole = |micros: &u64| micros.is_multiple_of(1_000) && *micros <= 1_000_000;
    micros.filter(whole).map(|micros| micros / 1_000).ok_or_else(|| {
        usage(format!("{what} is between 0 and 1, with at most three decimals, not `{text}`"))
    })
}

fn usage(text: String) -> Problem {
    Problem::new(Code::Usage, text)
}
