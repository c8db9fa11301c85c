//! `if witness trace` and `chain`: what belongs together, as a tree and in the order of time.

use crate::app::App;
use crate::commands::host;
use crate::print::{self, clean};
use clap::Args;
use if_core::{Code, Problem};
use if_dispatch::witness::{Entry, Filter};
use serde_json::{Value, json};

/// Show the operations of a trace as a tree: `a/b` is below `a`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl obs scene current studio --trace show-42/opening\n  \
    ifctl witness trace show-42")]
pub struct TraceArgs {
    /// The trace id, as given to `--trace`; without one, an operation is its own trace
    trace: String,
}

/// Show everything from the beginning of a trace on, whatever its trace
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ifctl witness chain --trace-from show-42")]
pub struct ChainArgs {
    /// The trace with whose first operation it begins
    #[arg(long, value_name = "ID")]
    trace_from: String,
    /// Most operations to show
    #[arg(long, short = 'n', default_value_t = 100)]
    limit: usize,
}

/// The tree of a trace.
pub fn run(app: &App, args: &TraceArgs) -> Result<(), Problem> {
    let entries = below(app, &args.trace)?;
    let mut tree = Node::default();
    for entry in &entries {
        let trace = entry.opened.leaf.trace.as_deref().unwrap_or_default();
        let rest = trace.strip_prefix(&args.trace).unwrap_or_default();
        let path: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
        tree.put(&path, entry);
    }
    let mut text = format!("{}\n", clean(&args.trace));
    tree.draw("", &mut text);
    app.printer.result(&json!({"trace": args.trace, "entries": entries}), &text)
}

/// What happened since a trace began.
pub fn chain(app: &App, args: &ChainArgs) -> Result<(), Problem> {
    let first = below(app, &args.trace_from)?;
    let from = first.first().map_or(0, |entry| entry.opened.leaf.seq);
    let filter = Filter { from, ..Filter::default() };
    let mut entries = Vec::new();
    host(app)?.each(&filter, |entry| {
        if entries.len() < args.limit {
            entries.push(entry);
        }
    })?;
    let rows: Vec<Value> = entries.iter().map(link).collect();
    let columns = ["entry", "at", "trace", "what", "outcome", "follows"].map(str::to_owned);
    let text = app.printer.canvas().table(&columns, &rows);
    app.printer.result(&json!({"trace_from": args.trace_from, "entries": entries}), &text)
}

/// The operations of a trace and of all below it, oldest first.
fn below(app: &App, trace: &str) -> Result<Vec<Entry>, Problem> {
    let mut entries = Vec::new();
    let filter = Filter { trace: Some(trace.to_owned()), traces_below: true, ..Filter::default() };
    host(app)?.each(&filter, |entry| entries.push(entry))?;
    match entries.is_empty() {
        false => Ok(entries),
        true => Err(Problem::new(Code::Usage, format!("there is no trace `{}`", clean(trace)))
            .hint("ifctl witness log")),
    }
}

/// A segment of traces: operations of its own, and segments below.
#[derive(Default)]
struct Node<'a> {
    operations: Vec<&'a Entry>,
    below: Vec<(String, Node<'a>)>,
}

impl<'a> Node<'a> {
    fn put(&mut self, path: &[&str], entry: &'a Entry) {
        let Some((part, rest)) = path.split_first() else { return self.operations.push(entry) };
        let at = self.below.iter().position(|(name, _)| name == part);
        let at = at.unwrap_or_else(|| {
            self.below.push(((*part).to_owned(), Node::default()));
            self.below.len() - 1
        });
        if let Some((_, node)) = self.below.get_mut(at) {
            node.put(rest, entry);
        }
    }

    fn draw(&self, indent: &str, text: &mut String) {
        let last = self.operations.len() + self.below.len();
        let mut drawn = 0;
        let mut branch = || {
            drawn += 1;
            if drawn == last { ("└─ ", "   ") } else { ("├─ ", "│  ") }
        };
        for entry in &self.operations {
            let (fork, stem) = branch();
            text.push_str(&format!("{indent}{fork}{}\n", line(entry)));
            for told in steps(entry) {
                text.push_str(&format!("{indent}{stem}   {told}\n"));
            }
        }
        for (name, node) in &self.below {
            let (fork, stem) = branch();
            text.push_str(&format!("{indent}{fork}{}\n", clean(name)));
            node.draw(&format!("{indent}{stem}"), text);
        }
    }
}

fn line(entry: &Entry) -> String {
    let leaf = &entry.opened.leaf;
    let ended = entry.closed.as_ref().unwrap_or(&entry.opened);
    let took = ended.leaf.timing.map(|timing| format!(" in {} ms", timing.wall_ms));
    let status = entry.status().map_or("running", |status| status.as_str());
    let operation = leaf.operation.as_ref().map(ToString::to_string).unwrap_or_default();
    let (at, took) = (print::time(leaf.at), took.unwrap_or_default());
    format!("{at}  {}: {status}{took}  {operation}", what(entry))
}

/// What went where, and with which secrets.
fn steps(entry: &Entry) -> Vec<String> {
    let Some(closed) = &entry.closed else { return Vec::new() };
    let traffic = closed.leaf.traffic.iter().map(|traffic| {
        let sent = [
            ("session", traffic.session),
            ("read", traffic.read),
            ("write", traffic.write),
            ("dangerous", traffic.dangerous),
        ];
        let sent: Vec<String> = sent
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(effect, count)| format!("{count} {effect}"))
            .collect();
        let (out, back) = (traffic.bytes_out, traffic.bytes_in);
        format!("{}: {}, {out} bytes out, {back} back", traffic.endpoint, sent.join(", "))
    });
    let secrets = closed.leaf.secrets.iter();
    let secrets = secrets.map(|used| format!("{}: used `{}`", used.endpoint, used.secret));
    traffic.chain(secrets).collect()
}

fn what(entry: &Entry) -> String {
    clean(entry.parts.get("note").unwrap_or(&entry.what()))
}

/// A row of the chain, with the beginning of the hash that the entry is linked to.
fn link(entry: &Entry) -> Value {
    let leaf = &entry.opened.leaf;
    let status = entry.status().map_or("", |status| status.as_str());
    json!({
        "entry": leaf.seq.to_string(),
        "at": print::time(leaf.at),
        "trace": leaf.trace.clone().unwrap_or_default(),
        "what": what(entry),
        "outcome": status,
        "follows": leaf.prev.to_string().chars().take(16).collect::<String>(),
    })
}
