//! The scripts of the shells we serve, as they stand in `shell/`. Each asks this program about the
//! line at hand and decides nothing itself.

use clap::ValueEnum;

/// A shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    /// The word on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Shell::Bash => "bash",
            Shell::Zsh => "zsh",
            Shell::Fish => "fish",
        }
    }

    /// Completion alone.
    pub fn completion(self) -> &'static str {
        match self {
            Shell::Bash => include_str!("shell/complete.bash"),
            Shell::Zsh => include_str!("shell/complete.zsh"),
            Shell::Fish => include_str!("shell/complete.fish"),
        }
    }

    /// Completion, and the hook that makes `if …` ours.
    pub fn init(self) -> String {
        let hook = match self {
            Shell::Bash => include_str!("shell/hook.bash"),
            Shell::Zsh => include_str!("shell/hook.zsh"),
            Shell::Fish => include_str!("shell/hook.fish"),
        };
        format!("{}\n{hook}", self.completion())
    }
}
