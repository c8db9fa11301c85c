//! How long the next command takes to find its log in order after others were killed.
//!
//! `recover <home>` opens a log as `append` has left it, and says how many entries there are, how
//! long opening took, and how long checking takes.

use if_core::{Clock, UnixMillis};
use if_store::Store;
use if_witness::{LogFiles, SCHEMA, Witness};
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// Time does not matter here.
struct Still;

impl Clock for Still {
    fn now(&self) -> UnixMillis {
        UnixMillis(1_000)
    }
}

#[allow(clippy::disallowed_methods)] // it measures
fn main() -> Result<(), Box<dyn Error>> {
    let home = PathBuf::from(std::env::args().nth(1).ok_or("which home?")?);
    let begun = Instant::now();
    let store = Arc::new(Store::open(&home.join("if.db"), &[SCHEMA])?);
    let (key, run_dir) = (home.join("witness.key"), home.join("run"));
    let files = LogFiles { key: &key, run_dir: &run_dir, anchor: &home.join("if.anchor") };
    let witness = Witness::open(store.clone(), files, Arc::new(Still))?;
    let opened = begun.elapsed();
    let leaves = witness.head()?.map_or(0, |head| head.leaves);
    let begun = Instant::now();
    store.check()?;
    let checked = begun.elapsed();
    let begun = Instant::now();
    let report = witness.verify(None)?;
    let verified = begun.elapsed();
    let good = report.first_problem.is_none();
    let said = format!(
        "{leaves} entries: opened and recovered in {opened:?}; file checked in {checked:?}, log \
         and file in {verified:?}, good: {good}\n"
    );
    Ok(std::io::stdout().write_all(said.as_bytes())?)
}
