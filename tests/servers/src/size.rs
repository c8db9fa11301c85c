//! How large those tests are that find more the longer they run: small enough for every day, and as
//! large as a flag of `cargo xtask test` says.

/// A number of things that a test does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// Changed documents that each property of the trust rules sees.
    Mutants,
    /// Disks as they are found after a power cut.
    Images,
    /// Calls to the kernel of which each fails once, from the first on.
    Faults,
    /// Processes that are killed.
    Kills,
    /// Bits that are flipped, of each kind of file.
    Flips,
    /// Commands that race for one budget; from a thousand on it admits a hundred of them.
    Tasks,
    /// For so long processes race for the turns of one bucket; 64 of them from a minute on.
    Seconds,
}

impl Size {
    /// All of them.
    pub const ALL: &[Size] = &[
        Size::Mutants,
        Size::Images,
        Size::Faults,
        Size::Kills,
        Size::Flips,
        Size::Tasks,
        Size::Seconds,
    ];

    /// The flag of `cargo xtask test`.
    pub fn flag(self) -> &'static str {
        match self {
            Size::Mutants => "--mutants",
            Size::Images => "--images",
            Size::Faults => "--faults",
            Size::Kills => "--kills",
            Size::Flips => "--flips",
            Size::Tasks => "--tasks",
            Size::Seconds => "--seconds",
        }
    }

    /// The variable in which a test finds the number.
    pub fn variable(self) -> &'static str {
        match self {
            Size::Mutants => "IF_MUTANTS",
            Size::Images => "IF_IMAGES",
            Size::Faults => "IF_FAULTS",
            Size::Kills => "IF_KILLS",
            Size::Flips => "IF_FLIPS",
            Size::Tasks => "IF_TASKS",
            Size::Seconds => "IF_SECONDS",
        }
    }

    /// The number where nobody asks for another.
    fn usual(self) -> u32 {
        match self {
            Size::Mutants => 1024,
            Size::Images => 2000,
            Size::Faults => 40,
            Size::Kills => 20,
            Size::Flips => 100,
            Size::Tasks => 64,
            Size::Seconds => 4,
        }
    }

    /// The number that was asked for.
    #[allow(clippy::disallowed_methods)] // a variable that only tests know
    pub fn asked(self) -> u32 {
        let asked = std::env::var(self.variable()).ok().and_then(|text| text.parse().ok());
        asked.unwrap_or(self.usual())
    }
}
