//! A process that appends to a log, for tests that need more than one process, and one to kill.
//!
//! `append <home> <first> <count>` runs that many operations, numbered from `first`, and
//! acknowledges each;
//! `append <home> <first> begin` begins one, says so, and waits for its standard input to end.

use if_core::{Clock, Effect, Exit, Mode, OperationId, UnixMillis, Word};
use if_store::Store;
use if_witness::{Charge, Decision, Intent, LogFiles, Outcome, SCHEMA, Status, Timing, Witness};
use std::error::Error;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// Time does not matter to these tests.
struct Still;

impl Clock for Still {
    fn now(&self) -> UnixMillis {
        UnixMillis(1_000)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let home = PathBuf::from(arguments.next().ok_or("which home?")?);
    let first: u64 = arguments.next().ok_or("which number?")?.parse()?;
    let count = arguments.next().ok_or("how many?")?;
    let store = Arc::new(Store::open(&home.join("if.db"), &[SCHEMA])?);
    let (key, run_dir) = (home.join("witness.key"), home.join("run"));
    let files = LogFiles { key: &key, run_dir: &run_dir, anchor: &home.join("if.anchor") };
    let witness = Witness::open(store, files, Arc::new(Still))?;
    if count == "begin" {
        let _operation = witness.begin(intent(first)?, |_| Ok(()))?;
        let mut out = std::io::stdout();
        out.write_all(b"begun\n")?;
        out.flush()?;
        std::io::stdin().read_to_end(&mut Vec::new())?;
        return Ok(());
    }
    for number in first..first + count.parse::<u64>()? {
        let now = UnixMillis(1_000);
        let timing = Timing { started: now, ended: now, wall_ms: 0 };
        witness.begin(intent(number)?, |_| Ok(()))?.finish(Outcome::new(
            Status::Ok,
            Exit::Ok,
            timing,
        ))?;
        // Whoever reads this may rely on it.
        std::io::stdout().write_all(format!("done {number}\n").as_bytes())?;
    }
    Ok(())
}

fn intent(number: u64) -> Result<Intent, Box<dyn Error>> {
    Ok(Intent {
        operation: OperationId::new(format!("{number:032x}"))?,
        trace: None,
        provider: Word::new("obs")?,
        instance: None,
        command: "status".into(),
        effect: Effect::Read,
        actor: "ada".into(),
        mode: Mode::Live,
        plugin: None,
        decision: Decision { verdict: "allow".into(), reasons: Vec::new(), policies: None },
        charge: Charge::default(),
        params: b"{}".to_vec(),
        why: None,
        decided: None,
    })
}
