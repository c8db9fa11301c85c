//! The table of attacks, read strictly: a misspelt field is an error, not an attack left untried.

use super::device::Script;
use crate::lab::{Run, root};
use serde::Deserialize;

/// Long and odd, so that finding it anywhere is a leak and no accident.
pub const CANARY: &str = "canary-9f27b1-never-to-be-seen";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    attack: Vec<Attack>,
}

/// One row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    /// What is tried.
    pub name: String,
    /// Rows of a group share a home.
    pub group: String,
    /// The words after `ifctl hostile`; `{port}` is the device's.
    line: Vec<String>,
    /// The error that must come and stand in the log; none where the command is let go on because
    /// it gets nothing by it.
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    exit: i32,
    /// The command's time: the manifest's two seconds, or what the line says.
    #[serde(default = "deadline_ms")]
    pub deadline_ms: u64,
    /// False where the command is refused before it is an operation.
    #[serde(default = "yes")]
    pub logged: bool,
    /// What the device does; it answers `{}` when nothing is said.
    #[serde(default)]
    pub device: Option<Script>,
    /// Must stand in what is printed.
    #[serde(default)]
    says: Vec<String>,
    /// Must be neither printed nor arrive at a device.
    #[serde(default)]
    never: Vec<String>,
    /// Must not arrive at a device; an error may name it.
    #[serde(default)]
    stays: Vec<String>,
    /// The operation ends as a plan.
    #[serde(default)]
    planned: bool,
    /// Must arrive at a device.
    #[serde(default)]
    arrives: Vec<String>,
    /// Nothing at all may arrive.
    #[serde(default)]
    silent: bool,
    /// Most bytes printed.
    #[serde(default)]
    prints_max: Option<usize>,
}

fn deadline_ms() -> u64 {
    2_000
}

fn yes() -> bool {
    true
}

/// All rows.
pub fn rows() -> Vec<Attack> {
    let path = root().join("tests/guests/hostile/attacks.toml");
    let text = std::fs::read_to_string(path).unwrap();
    toml::from_str::<Table>(&text).unwrap_or_else(|error| panic!("attacks.toml: {error}")).attack
}

impl Attack {
    /// The words for the binary.
    pub fn argv(&self, port: u16) -> Vec<String> {
        let reversed: String = CANARY.chars().rev().collect();
        let spelt = |word: &String| {
            word.replace("{port}", &port.to_string()).replace("{reversed-canary}", &reversed)
        };
        self.line.iter().map(spelt).collect()
    }

    /// The command that the log must name.
    pub fn command(&self) -> &str {
        self.line.first().map_or("", String::as_str)
    }

    /// Whether an outcome of this status is what the row says; its code is compared beside.
    pub fn ends_as(&self, status: &str) -> bool {
        match status {
            "ok" => self.code.is_empty() && !self.planned,
            "planned" => self.planned,
            _ => !self.code.is_empty(),
        }
    }

    /// What makes a row a row: its words and its device.
    pub fn deed(&self) -> String {
        format!("{:?} {:?}", self.line, self.device)
    }

    /// What the command did and should not have done, or the other way round.
    pub fn verdict(&self, run: &Run, arrived: &str) -> Vec<String> {
        let printed = format!("{}\n{}", run.stdout, run.stderr);
        let short: String = printed.chars().take(600).collect();
        let mut wrong = Vec::new();
        let mut demand = |held: bool, what: String| {
            if !held {
                wrong.push(what);
            }
        };
        let error = format!("error[{}]", self.code);
        let ended = if self.code.is_empty() {
            !run.stderr.contains("error[")
        } else {
            run.stderr.contains(&error)
        };
        demand(ended, format!("ends otherwise than {error}: {short}"));
        demand(run.exit == self.exit, format!("exit {} and not {}", run.exit, self.exit));
        for text in self.says.iter() {
            demand(printed.contains(text), format!("does not say {text:?}: {short}"));
        }
        for text in self.arrives.iter() {
            demand(arrived.contains(text), format!("{text:?} does not arrive: {arrived}"));
        }
        for text in self.stays.iter() {
            demand(!arrived.contains(text), format!("{text:?} arrived: {arrived}"));
        }
        let canary = CANARY.to_owned();
        for text in self.never.iter() {
            let found = printed.contains(text) || arrived.contains(text);
            demand(!found, format!("{text:?} came out: {short}\narrived: {arrived}"));
        }
        demand(!printed.contains(&canary), format!("the secret is printed: {short}"));
        demand(!printed.contains('\u{1b}'), format!("an escape is printed: {short:?}"));
        demand(!printed.contains('\u{202e}'), format!("an override is printed: {short:?}"));
        demand(!self.silent || arrived.is_empty(), format!("arrived: {arrived}"));
        let most = self.prints_max.unwrap_or(256 << 10);
        demand(printed.len() <= most, format!("prints {} bytes", printed.len()));
        wrong
    }
}
