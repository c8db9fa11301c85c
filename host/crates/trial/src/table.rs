//! The table of attacks as it is written; `build.rs` makes components of it, and the trial runs it.

use serde::Deserialize;

/// `attacks.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    pub attack: Vec<Attack>,
}

/// One attack and its end.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attack {
    /// What it does, as a reader sees it.
    pub name: String,
    /// The command of the one guest; without it, a component of its own, or what `before` does.
    pub command: Option<String>,
    /// Body of that command. A command without one does nothing and is honest.
    pub wat: Option<String>,
    /// The command's declared effect is `write`, not `read`.
    pub effect: Effect,
    /// In the module of a component of its own.
    pub module: Option<String>,
    /// Done first by `describe` of a component of its own.
    pub describe: Option<String>,
    /// What such a component brings in masses.
    pub bomb: Option<Bomb>,
    /// What happens before the guest is called.
    pub before: Option<Before>,
    /// Flags of the line.
    pub flags: Vec<String>,
    /// Must be stopped then, where that is not the guest's own deadline.
    pub deadline_ms: Option<u64>,
    /// The error that must end it; none where the command ends well and achieved nothing.
    pub code: Option<String>,
    /// What stops it, in words, where no error does.
    pub limit: Option<String>,
    /// A host without a network has nothing to try.
    pub needs_network: bool,
    /// The secret may reach the device: it belongs there.
    pub may_arrive: bool,
    /// Must be printed.
    pub says: Vec<String>,
    /// Must reach the device.
    pub arrives: Vec<String>,
    /// Must not reach the device.
    pub never: Vec<String>,
    /// Most bytes printed.
    pub prints_max: Option<usize>,
}

/// What a command says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    #[default]
    Read,
    Write,
}

/// More of something than any plugin needs, outside every module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bomb {
    Memories,
    Instances,
}

/// What somebody does to a plugin beside what the plugin does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Before {
    /// The package is to be installed before anybody signed it.
    Signing,
    /// A byte of the installed manifest is another.
    ForgedManifest,
    /// A byte of the compiled code is another.
    ForgedCache,
}

impl Attack {
    /// Whether it is a component of its own.
    pub fn is_component(&self) -> bool {
        self.module.is_some() || self.describe.is_some() || self.bomb.is_some()
    }
}
