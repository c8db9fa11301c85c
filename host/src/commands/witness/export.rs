//! `if witness export`: the log for others, in files that need no program of ours.

use super::query::FilterArgs;
use crate::app::App;
use crate::commands::host;
use crate::print;
use clap::Args;
use if_core::{Code, Problem};
use if_dispatch::witness::{Entry, SignedCheckpoint};
use serde::Serialize;
use serde_json::json;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Write the log for others: to be read, to be counted, or to be verified
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    ifctl witness export --format csv --since 2026-11-01T00:00Z > november.csv\n  \
    ifctl witness export --format json --provider obs --out obs.json\n  \
    ifctl witness export --format pdf --since \"30 days ago\" --out report.pdf\n  \
    ifctl witness export --format tiles --out log\n  python3 log/verify.py log\n\n\
    json and csv hold what was stored of each operation, json the signed checkpoint too under \
    which all of it stands.\npdf is a report for people: what was done by whom and how it ended, \
    refusals, sums of costs, and how to check it.\ntiles is the whole log as others verify it: a \
    C2SP tiled log with its key and a script that needs nothing but\nPython. The same folder \
    again takes what is new.")]
pub struct ExportArgs {
    /// Where to: a file, or for tiles a folder; json and csv go to standard output without it
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,

    #[command(flatten)]
    filter: FilterArgs,
}

/// Writes it.
pub fn run(app: &App, args: &ExportArgs) -> Result<(), Problem> {
    match app.global.format.as_deref() {
        Some("tiles") => tiles(app, args),
        Some("csv") => written(app, args, csv),
        Some("pdf") if args.out.is_none() => {
            Err(Problem::new(Code::Usage, "a report is a file, not text")
                .hint("ifctl witness export --format pdf --out report.pdf"))
        }
        Some("pdf") => written(app, args, super::report::pdf),
        _ => written(app, args, json),
    }
}

fn tiles(app: &App, args: &ExportArgs) -> Result<(), Problem> {
    let Some(folder) = &args.out else {
        return Err(Problem::new(Code::Usage, "a tiled log is many files")
            .hint("ifctl witness export --format tiles --out FOLDER"));
    };
    if args.filter.narrows() {
        return Err(Problem::new(
            Code::Usage,
            "a tiled log is the whole log, or nobody could verify it",
        )
        .hint("export a part as --format json or --format csv"));
    }
    let tiled = host(app)?.export_tiles(folder)?;
    let (folder, size) = (folder.display().to_string(), tiled.checkpoint.size);
    let new = size.saturating_sub(tiled.had);
    let value = json!({"folder": folder, "entries": size, "new": new, "files": tiled.files});
    app.printer.result(&value, &format!("{folder} holds {size} entries, {new} of them new"))?;
    app.printer.hint(&format!("python3 {folder}/verify.py {folder} verifies it anywhere"));
    Ok(())
}

type Format = fn(&App, &FilterArgs, &mut dyn Write) -> Result<(), Problem>;

/// To standard output, or as a file that takes its name when it is whole.
fn written(app: &App, args: &ExportArgs, format: Format) -> Result<(), Problem> {
    let Some(path) = &args.out else {
        return app.printer.file(|out| format(app, &args.filter, out));
    };
    if path.exists() && !app.global.yes {
        return Err(Problem::new(Code::Usage, format!("{} is there already", path.display()))
            .hint("another name with --out FILE, or --yes to replace it"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
        .map_err(print::output_failed)?;
    let mut out = BufWriter::new(&mut file);
    format(app, &args.filter, &mut out)?;
    out.flush().map_err(print::output_failed)?;
    drop(out);
    file.as_file().sync_all().map_err(print::output_failed)?;
    file.persist(path).map_err(|error| print::output_failed(error.error))?;
    let file = path.display().to_string();
    app.printer.result(&json!({"file": file}), &format!("{file} written"))
}

/// One object: the checkpoint, its key, and the entries, a line each.
fn json(app: &App, filter: &FilterArgs, out: &mut dyn Write) -> Result<(), Problem> {
    let host = host(app)?;
    let signed = host.checkpoint()?;
    let head = json!({"checkpoint": signed.note, "key": signed.key.trim_end()}).to_string();
    let head = head.trim_end_matches('}');
    write!(out, "{head},\"entries\":[").map_err(print::output_failed)?;
    let mut between = "\n";
    host.export(&filter.filter(host.now())?, &signed, |entry| {
        let line = print::encode(&entry)?;
        write!(out, "{between}{line}").map_err(print::output_failed)?;
        between = ",\n";
        Ok(())
    })?;
    writeln!(out, "\n]}}").map_err(print::output_failed)
}

/// The columns of a table, in their order.
#[derive(Serialize)]
struct Row<'a> {
    entry: u64,
    at: String,
    operation: &'a str,
    trace: String,
    provider: &'a str,
    instance: &'a str,
    command: String,
    effect: &'a str,
    outcome: &'a str,
    code: &'a str,
    exit: Option<u8>,
    milliseconds: Option<u64>,
    cost_micros: Option<u64>,
    currency: String,
    actor: String,
    why: String,
    error: String,
    note: String,
    hash: String,
}

/// A line for each operation, refusal and note, under the names of the columns.
fn csv(app: &App, filter: &FilterArgs, out: &mut dyn Write) -> Result<(), Problem> {
    let host = host(app)?;
    let signed: SignedCheckpoint = host.checkpoint()?;
    let mut table = csv::Writer::from_writer(out);
    host.export(&filter.filter(host.now())?, &signed, |entry| {
        table.serialize(row(&entry)).map_err(|error| print::output_failed(error.into()))
    })?;
    table.flush().map_err(print::output_failed)
}

fn row(entry: &Entry) -> Row<'_> {
    let opened = &entry.opened.leaf;
    let ended = entry.closed.as_ref().unwrap_or(&entry.opened);
    let outcome = ended.leaf.outcome;
    let part = |name: &str| plain(entry.parts.get(name).map_or("", String::as_str));
    let text = |text: &Option<String>| plain(text.as_deref().unwrap_or_default());
    Row {
        entry: opened.seq,
        at: print::time(opened.at),
        operation: opened.operation.as_ref().map_or("", |id| id.as_str()),
        trace: text(&opened.trace),
        provider: opened.provider.as_ref().map_or("", |word| word.as_str()),
        instance: opened.instance.as_ref().map_or("", |word| word.as_str()),
        command: text(&opened.command),
        effect: opened.effect.map(|effect| effect.as_str()).unwrap_or_default(),
        outcome: outcome.map(|outcome| outcome.status.as_str()).unwrap_or_default(),
        code: outcome
            .and_then(|outcome| outcome.code)
            .map(|code| code.as_str())
            .unwrap_or_default(),
        exit: outcome.map(|outcome| outcome.exit),
        milliseconds: ended.leaf.timing.map(|timing| timing.wall_ms),
        cost_micros: ended.leaf.cost_micros.map(|cost| cost.0),
        currency: text(&ended.leaf.currency),
        actor: text(&opened.actor),
        why: part("why"),
        error: part("error"),
        note: part("note"),
        hash: ended.hash.to_string(),
    }
}

/// Words of others, so that a spreadsheet takes them for words: what begins like a formula begins
/// with an apostrophe, and what would move a terminal's cursor is gone.
fn plain(text: &str) -> String {
    let text = print::clean(text);
    match text.starts_with(['=', '+', '-', '@']) {
        true => format!("'{text}"),
        false => text,
    }
}
