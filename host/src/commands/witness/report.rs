//! The log as a report: a PDF that somebody reads who has no program of ours. Made of the log
//! alone, without a clock: the same log is the same file.

use super::cost::amount;
use super::query::FilterArgs;
use crate::app::App;
use crate::commands::host;
use crate::print::{self, Column, Facts, Paper, Table};
use if_core::{Problem, UnixMillis};
use if_dispatch::Host;
use if_dispatch::witness::{Entry, SignedCheckpoint, Status};
use std::collections::BTreeMap;
use std::io::Write;

const TITLE: &str = "What was done, and what stands for it";

const SUMS: [Column; 4] = [
    Column { title: "Provider", part: 2.0 },
    Column { title: "Operations", part: 1.0 },
    Column { title: "Refused", part: 1.0 },
    Column { title: "Cost", part: 3.0 },
];

const OPERATIONS: [Column; 6] = [
    Column { title: "Entry", part: 0.5 },
    Column { title: "Time (UTC)", part: 1.45 },
    Column { title: "What", part: 4.0 },
    Column { title: "Who", part: 1.0 },
    Column { title: "Outcome", part: 1.6 },
    Column { title: "Cost", part: 1.1 },
];

const REFUSALS: [Column; 5] = [
    Column { title: "Entry", part: 0.5 },
    Column { title: "Time (UTC)", part: 1.45 },
    Column { title: "What", part: 2.5 },
    Column { title: "Who", part: 1.0 },
    Column { title: "Refused with", part: 4.2 },
];

const NOTES: [Column; 3] = [
    Column { title: "Entry", part: 0.5 },
    Column { title: "Time (UTC)", part: 1.45 },
    Column { title: "Remark", part: 7.7 },
];

/// What a report says before its tables.
#[derive(Default)]
struct Summary {
    first: Option<UnixMillis>,
    last: Option<UnixMillis>,
    operations: u64,
    refusals: u64,
    remarks: u64,
    providers: BTreeMap<String, Sum>,
}

/// Of one provider. Two currencies are never added.
#[derive(Default)]
struct Sum {
    operations: u64,
    refused: u64,
    costs: BTreeMap<String, u64>,
}

/// In which table an entry stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Operation,
    Refusal,
    Remark,
}

/// Goes through the log once for the summary and once for each table: nothing of it is kept.
pub fn pdf(app: &App, filter: &FilterArgs, out: &mut dyn Write) -> Result<(), Problem> {
    let host = host(app)?;
    let report = Report { filter, signed: host.checkpoint()?, verdict: verdict(&host), host };
    out.write_all(&report.written()?).map_err(print::output_failed)
}

struct Report<'a> {
    host: Host,
    filter: &'a FilterArgs,
    signed: SignedCheckpoint,
    verdict: String,
}

impl Report<'_> {
    fn written(&self) -> Result<Vec<u8>, Problem> {
        let (mut paper, mut summary) = (Paper::new(TITLE), Summary::default());
        self.each(|entry| summary.take(entry))?;
        self.front(&mut paper, &summary);
        sums(&mut paper, &summary);
        paper.heading("Operations", 3);
        self.rows(&mut paper.table(&OPERATIONS), Kind::Operation, operation)?;
        paper.heading("Refusals", 3);
        self.rows(&mut paper.table(&REFUSALS), Kind::Refusal, refusal)?;
        paper.heading("Remarks of the operator and of the program", 3);
        self.rows(&mut paper.table(&NOTES), Kind::Remark, remark)?;
        self.proof(&mut paper);
        let footer = format!("{}, {} entries", self.signed.origin, self.signed.size);
        let id = format!("{} {}", self.signed.root, self.filter);
        let at = summary.last.unwrap_or(UnixMillis(0));
        Ok(paper.finish(&Facts { title: TITLE, footer: &footer, at, id: &id }))
    }

    /// Every entry that fits, oldest first.
    fn each(&self, mut take: impl FnMut(&Entry)) -> Result<(), Problem> {
        let filter = self.filter.filter(self.host.now())?;
        self.host.export_listed(&filter, &self.signed, |entry| {
            take(&entry);
            Ok(())
        })
    }

    fn front(&self, paper: &mut Paper, summary: &Summary) {
        let time = |at: Option<UnixMillis>| at.map_or("never".to_owned(), short);
        let span = format!("{} to {} (UTC)", time(summary.first), time(summary.last));
        let counts = format!(
            "operations {}, refusals {}, remarks {}",
            summary.operations, summary.refusals, summary.remarks
        );
        let key = self.signed.key.trim_end().to_owned();
        let log = format!("{}, {} entries", self.signed.origin, self.signed.size);
        let kept = if self.filter.narrows() { self.filter.to_string() } else { "all of it".into() };
        for (name, value) in [
            ("Log", &log),
            ("Key", &key),
            ("In this report", &kept),
            ("Time", &span),
            ("Holds", &counts),
            ("Verdict", &self.verdict),
        ] {
            paper.fact(name, value);
        }
    }

    /// The rows of a table.
    fn rows<const N: usize>(
        &self,
        table: &mut Table<'_>,
        kind: Kind,
        cells: fn(&Entry) -> [String; N],
    ) -> Result<(), Problem> {
        self.each(|entry| {
            if Kind::of(entry) == kind {
                table.row(&cells(entry).each_ref().map(String::as_str));
            }
        })?;
        if table.rows() == 0 {
            table.row(&["none"]);
        }
        Ok(())
    }

    /// What an outsider needs to check it, and the checkpoint itself.
    fn proof(&self, paper: &mut Paper) {
        paper.heading("How to check it", 3);
        for text in [
            "A report is words. What they stand on is the signed log: each entry holds the hash of \
             the one before it, and the checkpoint below is signed over all of them. Ask for the \
             log itself (ifctl witness export --format tiles --out log) and check it without any \
             program of ours: python3 log/verify.py log. Its key must be the key above, and you \
             must have that from somewhere else than from the log.",
            "A single operation is proved by its receipt (ifctl witness prove OPERATION). That \
             nothing was cut off or rewritten since is shown by a checkpoint that was kept \
             elsewhere: ifctl witness verify --since FILE, or ifctl witness anchor run.",
            "Signs that the standard fonts of PDF do not have stand as their number, such as \
             <U+4E2D>. Signs that would turn or hide text are left out. Costs are what was \
             recorded with each outcome, in millionths, and two currencies are never added.",
        ] {
            paper.paragraph(text);
        }
        paper.heading("The checkpoint", 5);
        for line in self.signed.note.lines() {
            paper.paragraph(line);
        }
    }
}

fn sums(paper: &mut Paper, summary: &Summary) {
    paper.heading("Sums by provider and currency", 3);
    if summary.providers.is_empty() {
        return paper.paragraph("No operation is in this report.");
    }
    let mut table = paper.table(&SUMS);
    for (provider, sum) in &summary.providers {
        let costs = sum.costs.iter().filter(|(_, micros)| **micros > 0);
        let costs: Vec<String> =
            costs.map(|(currency, micros)| amount(*micros, currency)).collect();
        let costs = if costs.is_empty() { "none recorded".to_owned() } else { costs.join(", ") };
        table.row(&[provider, &sum.operations.to_string(), &sum.refused.to_string(), &costs]);
    }
}

impl Summary {
    fn take(&mut self, entry: &Entry) {
        let at = entry.opened.leaf.at;
        let end = entry.closed.as_ref().map_or(at, |closed| closed.leaf.at);
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(end, |last| last.max(end)));
        match Kind::of(entry) {
            Kind::Operation => self.operations += 1,
            Kind::Refusal => self.refusals += 1,
            Kind::Remark => self.remarks += 1,
        }
        let Some(provider) = &entry.opened.leaf.provider else { return };
        let sum = self.providers.entry(provider.to_string()).or_default();
        match Kind::of(entry) {
            Kind::Refusal => sum.refused += 1,
            _ => sum.operations += 1,
        }
        let leaf = entry.closed.as_ref().map(|closed| &closed.leaf);
        if let Some((cost, leaf)) = leaf.and_then(|leaf| Some((leaf.cost_micros?, leaf))) {
            let currency = leaf.currency.clone().unwrap_or_default();
            let micros = sum.costs.entry(currency).or_default();
            *micros = micros.saturating_add(cost.0);
        }
    }
}

/// What the check of the whole log says, in one sentence; a log that does not verify is reported
/// too, as what it is.
fn verdict(host: &Host) -> String {
    match host.verify_log() {
        Ok(verified) => format!(
            "the whole log verifies: {} entries and {} stored parts, {} parts erased",
            verified.leaves, verified.bodies, verified.erased
        ),
        Err(problem) => format!("THE LOG DOES NOT VERIFY: {problem} [{}]", problem.code),
    }
}

impl Kind {
    fn of(entry: &Entry) -> Self {
        match (entry.status(), &entry.opened.leaf.operation) {
            (Some(Status::Denied), _) => Kind::Refusal,
            (_, Some(_)) => Kind::Operation,
            (_, None) => Kind::Remark,
        }
    }
}

fn operation(entry: &Entry) -> [String; 6] {
    let ended = &entry.closed.as_ref().unwrap_or(&entry.opened).leaf;
    let outcome = match (ended.outcome, entry.is_open()) {
        (_, true) => "has not ended".to_owned(),
        (Some(outcome), _) => match outcome.code {
            Some(code) => format!("{} {code}", outcome.status.as_str()),
            None => outcome.status.as_str().to_owned(),
        },
        (None, _) => String::new(),
    };
    let cost = ended.cost_micros.filter(|cost| cost.0 > 0);
    let currency = ended.currency.as_deref().unwrap_or_default();
    [
        entry.opened.leaf.seq.to_string(),
        short(entry.opened.leaf.at),
        with_why(entry),
        who(entry),
        outcome,
        cost.map(|cost| amount(cost.0, currency)).unwrap_or_default(),
    ]
}

fn refusal(entry: &Entry) -> [String; 5] {
    let ended = &entry.closed.as_ref().unwrap_or(&entry.opened).leaf;
    let code = ended.outcome.and_then(|outcome| outcome.code);
    let error = part(entry, "error");
    let code = code.map(|code| code.to_string()).unwrap_or_default();
    [
        entry.opened.leaf.seq.to_string(),
        short(entry.opened.leaf.at),
        with_why(entry),
        who(entry),
        format!("{code} {error}"),
    ]
}

fn remark(entry: &Entry) -> [String; 3] {
    let leaf = &entry.opened.leaf;
    let text = match &leaf.log {
        Some(_) => "the log begins",
        None => part(entry, "note"),
    };
    [leaf.seq.to_string(), short(leaf.at), text.to_owned()]
}

/// What was asked, and the reason that was given for it.
fn with_why(entry: &Entry) -> String {
    match part(entry, "why") {
        "" => entry.what(),
        why => format!("{} \u{2013} {why}", entry.what()),
    }
}

fn who(entry: &Entry) -> String {
    entry.opened.leaf.actor.clone().unwrap_or_default()
}

fn part<'a>(entry: &'a Entry, name: &str) -> &'a str {
    entry.parts.get(name).map_or("", String::as_str)
}

/// To the second, without the letters of the form: the column says that it is UTC.
fn short(at: UnixMillis) -> String {
    let time = print::time(at);
    let (day, clock) = time.split_once('T').unwrap_or((&time, ""));
    format!("{day} {}", clock.get(..8).unwrap_or(clock)).trim_end().to_owned()
}
