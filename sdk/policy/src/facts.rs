//! What is known when a policy is asked. Facts are added over time and never change their meaning;
//! what a host does not say yet has its empty value.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Everything about one command.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Milliseconds since 1970, UTC.
    pub at: u64,
    /// Who asked: a user's name.
    pub actor: String,
    pub swarm: Option<String>,
    pub agent: Option<String>,
    pub command: Command,
    pub plugin: Plugin,
    /// As they were checked against the command's parameters.
    pub arguments: Map<String, Value>,
    /// The instance's own settings, without secrets.
    pub settings: Map<String, Value>,
    /// `--why`.
    pub why: Option<String>,
    /// `--yes` was given.
    pub confirmed: bool,
    /// `--idempotency-key` was given.
    pub idempotent: bool,
    /// What the caller says of itself with `--claim`: nobody has checked it.
    pub claims: Map<String, Value>,
    /// What it is expected to cost.
    pub cost: Option<Cost>,
    /// Where `Need::Budgets` is declared.
    pub budgets: Vec<Budget>,
    /// How often lately, this one not counted. Where `Need::Recent` is declared.
    pub recent: Vec<Recent>,
    /// Of the swarm that asks. Where `Need::Capabilities` is declared.
    pub capabilities: Vec<Capability>,
    /// Of the swarm that asks, 0 to 1. Where `Need::Capabilities` is declared.
    pub reputation: Option<f64>,
}

/// Which command.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Command {
    pub provider: String,
    /// `stream stop`
    pub path: String,
    pub instance: Option<String>,
    /// Of the provider: `studio`, `ai`.
    pub category: Option<String>,
    pub effect: Effect,
    pub mode: Mode,
    /// What the plugin may touch here: `studio:control`.
    pub scopes: Vec<String>,
}

impl Command {
    /// Whether it is more than a look, and no dry run.
    pub fn changes(&self) -> bool {
        self.mode == Mode::Live && matches!(self.effect, Effect::Write | Effect::Dangerous)
    }

    /// `obs stream stop studio`
    pub fn line(&self) -> String {
        let instance = self.instance.iter().map(|it| format!(" {it}")).collect::<String>();
        format!("{} {}{instance}", self.provider, self.path)
    }
}

/// What a command does to the world, at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    #[default]
    Session,
    Read,
    Write,
    Dangerous,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    #[default]
    Live,
    DryRun,
}

/// Which bytes would run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plugin {
    pub id: String,
    pub version: String,
    pub release: u64,
}

/// Money, in millionths of a currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    pub micros: u64,
    pub currency: String,
}

/// A budget the command counts for, as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// `global`, `provider:openai`.
    pub scope: String,
    /// `day`, `month`, `total`.
    pub period: String,
    pub currency: String,
    pub limit_micros: u64,
    /// Spent and set aside.
    pub used_micros: u64,
}

/// Operations of the last so many seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    pub seconds: u64,
    /// By the same user.
    pub actor: u64,
    /// On the same provider.
    pub provider: u64,
    /// On the same instance.
    pub instance: u64,
    /// The same command on the same instance.
    pub command: u64,
}

/// What a swarm says that it is good at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Capability {
    pub name: String,
    /// 0 to 1.
    pub score: f64,
}

impl Facts {
    /// For tests: this command on an instance `studio`, live.
    #[must_use]
    pub fn example(provider: &str, path: &str, effect: Effect) -> Self {
        let command = Command {
            provider: provider.to_owned(),
            path: path.to_owned(),
            instance: Some("studio".to_owned()),
            effect,
            ..Command::default()
        };
        Self { command, actor: "alice".to_owned(), ..Self::default() }
    }

    /// The same, asked by somebody.
    #[must_use]
    pub fn by(mut self, actor: &str) -> Self {
        self.actor = actor.to_owned();
        self
    }

    /// The same, with a word of the caller's.
    #[must_use]
    pub fn claiming(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }
}
