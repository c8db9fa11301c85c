//! `doctor sandbox`: this very program, tried by the attacks that ship with it.

use crate::clock::SystemClock;
use crate::job::explain;
use if_core::{Code, Problem};
use if_trial::{Reach, Report};

/// What this build can be tried by: the minimal host has no network and no vault.
const REACH: Reach = if cfg!(feature = "live") { Reach::Network } else { Reach::None };

/// Tries this program on this machine, in a home of its own; the user's is not touched.
pub fn sandbox() -> Result<Report, Problem> {
    let program = std::env::current_exe().map_err(|e| {
        Problem::new(Code::Bug, "this program cannot find itself").because(e.to_string())
    })?;
    let attacks = if_trial::attacks().map_err(explain)?;
    if_trial::hold(&program, REACH, &attacks, if_trial::declaration(), &SystemClock)
        .map_err(explain)
}
