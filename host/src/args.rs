//! The flags every command has, as clap sees them and as the rest of the program uses them.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use if_core::{Code, Problem, Word};
use if_manifest::model::Kind;
use serde_json::{Map, Value};

/// Formats that only `witness export` writes.
const EXPORTS: [&str; 3] = ["csv", "tiles", "pdf"];

/// Flags accepted before or after any command.
#[derive(Debug, Clone, Default, Args)]
pub struct GlobalArgs {
    /// Print the result as one JSON value, and everything else as JSON on stderr
    #[arg(long, global = true)]
    pub json: bool,

    /// The same as --json, in the prototype's spelling
    #[arg(long, global = true, value_name = "text|json", value_parser = formats())]
    pub format: Option<String>,

    /// Why this is done; stored with the operation
    #[arg(long, global = true, value_name = "TEXT")]
    pub why: Option<String>,

    /// Give the operation this trace id, or print the one it got
    #[arg(long, global = true, value_name = "ID")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub trace: Option<String>,

    /// Show what would be sent, and send nothing that changes anything
    #[arg(long, global = true)]
    pub dry_run: bool,

    /// Falsify: plan the command, play late, senseless, failing and repeated answers against it,
    /// and show how it would end; with --yes it is then done, unless something spoke against it
    #[arg(long, global = true, value_name = "falsify", value_parser = ["falsify"])]
    #[arg(conflicts_with = "dry_run")]
    pub mode: Option<String>,

    /// How long the command may take: 500ms, 5s, 2m; what streams is stopped then, and succeeded
    #[arg(long, global = true, value_name = "DURATION")]
    pub timeout: Option<String>,

    /// Passed to the provider, so that a repeated command acts once
    #[arg(long, global = true, value_name = "KEY")]
    pub idempotency_key: Option<String>,

    /// Most that this command may cost, in millionths of the plugin's currency
    #[arg(long, global = true, value_name = "MICROS")]
    pub max_cost: Option<u64>,

    /// Do it although it is dangerous
    #[arg(long, short = 'y', global = true)]
    pub yes: bool,

    /// A word about the command for policies, such as confidence=0.8; nobody checks it
    #[arg(long = "claim", global = true, value_name = "NAME=VALUE")]
    pub claims: Vec<String>,

    /// Take the defaults of this context: instances, timeout, output
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,

    /// Print nothing but the result
    #[arg(long, short = 'q', global = true)]
    pub quiet: bool,

    /// Say more about what happens; twice for the plugin's own log
    #[arg(short = 'v', long = "verbose", global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// Those of a result, and hidden from help those of `witness export` alone.
fn formats() -> PossibleValuesParser {
    let exports = EXPORTS.map(|name| PossibleValue::new(name).hide(true));
    PossibleValuesParser::new(["text", "json"].map(PossibleValue::new).into_iter().chain(exports))
}

impl GlobalArgs {
    /// Refuses the formats of `witness export` where something else is asked for.
    pub fn check_format(&self, exports: bool) -> Result<(), Problem> {
        match self.format.as_deref().filter(|name| !exports && EXPORTS.contains(name)) {
            None => Ok(()),
            Some(name) => {
                Err(Problem::new(Code::Usage, format!("--format {name} is of an export"))
                    .hint(format!("ifctl witness export --format {name}")))
            }
        }
    }

    /// Whether the reader is a program; `by_default` is what the context says of it.
    pub fn wants_json(&self, by_default: bool) -> bool {
        match self.format.as_deref() {
            Some("json") => true,
            Some(_) => self.json,
            None => self.json || by_default,
        }
    }

    /// `--claim`: a name, and a number, `true`, `false` or a text.
    pub fn claims(&self) -> Result<Map<String, Value>, Problem> {
        let mut claims = Map::new();
        for text in &self.claims {
            let wrong = |what: &str| {
                Problem::new(Code::Usage, format!("`{text}` {what}"))
                    .hint("write it as --claim confidence=0.8")
            };
            let (name, value) = text.split_once('=').ok_or_else(|| wrong("is no claim"))?;
            if Word::new(name).is_err() {
                return Err(wrong("has no name of letters, digits and hyphens"));
            }
            let value = match serde_json::from_str(value) {
                Ok(value @ (Value::Bool(_) | Value::Number(_))) => value,
                _ => Value::from(value),
            };
            if claims.insert(name.to_owned(), value).is_some() {
                return Err(wrong("is claimed twice"));
            }
        }
        Ok(claims)
    }

    /// `--timeout` in milliseconds.
    pub fn timeout_ms(&self) -> Result<Option<u64>, Problem> {
        let Some(text) = &self.timeout else { return Ok(None) };
        let duration = Kind::Duration { max_ms: None };
        match duration.parse_text(text).map(|value| value.as_u64()) {
            Ok(Some(millis)) if millis > 0 => Ok(Some(millis)),
            _ => Err(Problem::new(Code::Usage, format!("`{text}` is not a duration"))
                .hint("write it as --timeout 500ms, --timeout 5s or --timeout 2m")),
        }
    }
}
