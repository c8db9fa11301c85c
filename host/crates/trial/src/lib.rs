//! Hostile guests on the user's own machine, and the trial of a program by them.
//!
//! The guests are made from `guest.wat` and `attacks.toml` when this crate is built, and carried as
//! bytes. The trial runs the very program that it is given, as a user would: in a home and a cache
//! of its own in a temporary folder, with throwaway keys, with an empty environment, through
//! packing, signing, allowing, installing and calling. Nothing is called from inside, so that no
//! path is tried which a real plugin does not take; and a limit that does not fire cannot take the
//! trial with it, for whoever is late is killed.
//!
//! It opens one listener on the loopback, for guests that have something to tell a device. It
//! touches no home of the user's, and it prints nothing.

mod device;
mod error;
mod leftover;
mod line;
mod memory;
mod stage;
mod table;
mod verdict;

pub use error::{Complaint, TrialError};
pub use table::{Attack, Table};
pub use verdict::{Outcome, Verdict};

use if_core::Clock;
use stage::Stage;
use std::path::Path;

/// The attacks that ship, as they are written.
const ATTACKS: &str = include_str!("../attacks.toml");
/// The guest with all commands.
const GUEST: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guest.wasm"));
/// The components of their own, by the attack's name.
const ALONE: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/alone.rs"));
/// What the guest declares and which limits it has.
const DECLARATION: &str = include_str!("../plugin.toml");

/// Whether the program under trial has a network and a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Network,
    /// The minimal host: what needs a device is not tried.
    None,
}

/// How the trial went.
#[derive(Debug)]
pub struct Report {
    /// In the order of the table.
    pub outcomes: Vec<Outcome>,
    /// Entries of the trial's log, which was verified at the end.
    pub log_entries: u64,
    /// What the log lacks or says otherwise than the trial saw it.
    pub log_wrong: Vec<String>,
    /// The most memory of one process in honest commands, and in all of them.
    pub honest_kib: u64,
    pub peak_kib: u64,
}

impl Report {
    /// Whether every attack was stopped by its limit and stands in the log.
    pub fn held(&self) -> bool {
        let held = self.outcomes.iter().all(|outcome| outcome.verdict == Verdict::Held);
        held && self.log_wrong.is_empty() && !self.outcomes.is_empty()
    }
}

/// The attacks that ship.
///
/// # Errors
/// [`TrialError::Table`]; a test reads the table.
pub fn attacks() -> Result<Vec<Attack>, TrialError> {
    let table: Table = toml::from_str(ATTACKS).map_err(|e| TrialError::Table(e.to_string()))?;
    Ok(table.attack)
}

/// The guest's declaration, with its limits.
pub fn declaration() -> &'static str {
    DECLARATION
}

/// Tries `program` with these attacks.
///
/// # Errors
/// When no trial can be held: no temporary folder, no listener, or a program that cannot even run
/// an honest plugin.
pub fn hold(
    program: &Path,
    reach: Reach,
    attacks: &[Attack],
    declaration: &str,
    clock: &dyn Clock,
) -> Result<Report, TrialError> {
    let attacks: Vec<&Attack> =
        attacks.iter().filter(|row| reach == Reach::Network || !row.needs_network).collect();
    let mut stage = Stage::build(program, reach, declaration, clock)?;
    let unsigned = stage.before_signing(&attacks)?;
    stage.open()?;
    let mut outcomes = Vec::new();
    for attack in &attacks {
        outcomes.push(match unsigned.iter().find(|outcome| outcome.attack == attack.name) {
            Some(outcome) => outcome.clone(),
            None => stage.attempt(attack)?,
        });
    }
    let (log_entries, log_wrong) = stage.read_log(&attacks)?;
    let (honest_kib, peak_kib) = (stage.honest_kib, memory::peak_kib().map_err(TrialError::Stage)?);
    stage.strike()?;
    Ok(Report { outcomes, log_entries, log_wrong, honest_kib, peak_kib })
}
