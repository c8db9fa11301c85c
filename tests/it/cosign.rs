//! Two homes: one keeps a log, the other vouches for it.

use crate::lab::{Lab, copy_tree};
use std::fs;

struct Pair {
    log: Lab,
    witness: Lab,
    origin: String,
    key: String,
}

impl Pair {
    fn new() -> Self {
        let log = Lab::with(&["noop"]);
        log.run(["noop", "add", "here"]).ok();
        log.run(["noop", "ping", "here"]).ok();
        let key = log.run(["witness", "checkpoint", "--key"]).ok().trim().to_owned();
        let origin = key.split('+').next().unwrap().to_owned();
        Self { log, witness: Lab::fresh(), origin, key }
    }

    /// What the log submits that continues so many entries, in a file.
    fn submitted(&self, old: u64) -> String {
        let file = self.log.path().join("submitted").display().to_string();
        let words = ["witness", "checkpoint", "--since", &old.to_string()];
        fs::write(&file, self.log.run(words).ok()).unwrap();
        file
    }

    fn size(&self) -> u64 {
        let signed = self.log.run(["witness", "checkpoint", "--json"]).json();
        signed["size"].as_u64().unwrap()
    }

    fn cosign(&self, file: &str) -> crate::lab::Run {
        self.witness.run(["witness", "cosign", "--origin", &self.origin, file])
    }

    /// The first time, with the log's key.
    fn begin(&self) -> String {
        let file = self.submitted(0);
        let words = ["witness", "cosign", "--origin", &self.origin, "--log-key", &self.key, &file];
        self.witness.run(words).ok()
    }
}

#[test]
fn a_cosigned_checkpoint_is_taken_wherever_a_checkpoint_is() {
    let pair = Pair::new();
    let lab = &pair.log;
    let latest = lab.run(["witness", "query", "--provider", "noop", "--json", "-n", "1"]).json();
    let operation = latest["entries"][0]["opened"]["leaf"]["operation"].as_str().unwrap();
    let line = pair.begin();
    assert!(line.starts_with("\u{2014} infrafabric/witness/") && line.ends_with('\n'), "{line}");
    let at = |name: &str| lab.path().join(name).display().to_string();
    let (cosigned, receipt) = (at("cosigned"), at("receipt"));
    fs::write(&cosigned, format!("{}{line}", lab.run(["witness", "checkpoint"]).ok())).unwrap();
    lab.run(["noop", "ping", "here"]).ok();
    lab.run(["witness", "verify", "--since", &cosigned]).ok();
    let proved = lab.run(["witness", "prove", operation, "--under", &cosigned]).ok();
    assert!(proved.contains(&line), "{proved}");
    fs::write(&receipt, proved).unwrap();
    let witness = pair.witness.run(["witness", "cosign", "--key"]).ok().trim().to_owned();
    let stranger = Lab::fresh();
    let verify = ["witness", "verify", "--receipt", &receipt, "--key", &pair.key, "--witness"];
    let told = stranger.run(verify.iter().chain(&[witness.as_str()])).ok();
    assert!(told.contains("cosigned by 1"), "{told}");
    // Nobody else has said it, and without the line nobody has.
    let other = lab.run(["witness", "cosign", "--key"]).ok().trim().to_owned();
    stranger.run(verify.iter().chain(&[other.as_str()])).fails("IF_ERR_LOG_UNSIGNED", 4);
    stranger.run(verify.iter().chain(&[pair.key.as_str()])).fails("no key of a witness", 2);
    fs::write(&receipt, lab.run(["witness", "prove", operation]).ok()).unwrap();
    stranger.run(verify.iter().chain(&[witness.as_str()])).fails("IF_ERR_LOG_UNSIGNED", 4);
    // An operation of later is not under it.
    let latest = lab.run(["witness", "query", "--provider", "noop", "--json", "-n", "1"]).json();
    let later = latest["entries"][0]["opened"]["leaf"]["operation"].as_str().unwrap();
    lab.run(["witness", "prove", later, "--under", &cosigned]).fails("of a time before", 2);
}

#[test]
fn a_log_that_was_put_back_or_forked_is_refused_and_named() {
    let pair = Pair::new();
    let image = pair.log.path().join("image");
    copy_tree(&pair.log.home(), &image);
    pair.begin();
    let first = pair.size();
    pair.log.run(["noop", "ping", "here"]).ok();
    pair.cosign(&pair.submitted(first)).ok();
    let second = pair.size();
    let listed = pair.witness.run(["witness", "cosign", "--json"]).json();
    assert_eq!(listed["logs"][0]["entries"], second, "{listed}");
    // What was cosigned before is not continued: a proof from elsewhere is asked for anew.
    let stale = pair.cosign(&pair.submitted(first)).fails("IF_ERR_USAGE", 2);
    assert!(stale.contains(&format!("ifctl witness checkpoint --since {second}")), "{stale}");

    fs::remove_dir_all(pair.log.home()).unwrap();
    copy_tree(&image, &pair.log.home());
    let back = pair.cosign(&pair.submitted(first)).fails("IF_ERR_LOG_ROLLED_BACK", 4);
    assert!(back.contains("was rolled back"), "{back}");
    (0..2).for_each(|_| drop(pair.log.run(["noop", "ping", "here"]).ok()));
    let forked = pair.cosign(&pair.submitted(second)).fails("IF_ERR_LOG_FORKED", 4);
    assert!(forked.contains("does not show that the log"), "{forked}");
    pair.log.run(["witness", "verify"]).ok();
}

#[test]
fn another_key_is_refused_and_so_is_what_is_no_submission() {
    let pair = Pair::new();
    let file = pair.submitted(0);
    let unknown = pair.cosign(&file).fails("IF_ERR_USAGE", 2);
    assert!(unknown.contains("--log-key KEY"), "{unknown}");
    let stranger = Lab::fresh();
    let other = stranger.run(["witness", "checkpoint", "--key"]).ok().trim().to_owned();
    let with = |origin: &str, key: &str, file: &str| {
        pair.witness.run(["witness", "cosign", "--origin", origin, "--log-key", key, file])
    };
    with(&pair.origin, &other, &file).fails("the key is of the log", 2);
    with(&pair.origin, "x", &file).fails("no key of a log", 2);
    pair.begin();
    let changed = other.replace(other.split('+').next().unwrap(), &pair.origin);
    with(&pair.origin, &changed, &file).fails("no key of a log", 2);
    fs::write(&file, stranger.run(["witness", "checkpoint", "--since", "0"]).ok()).unwrap();
    pair.cosign(&file).fails("IF_ERR_LOG_UNSIGNED", 4);
    fs::write(&file, pair.log.run(["witness", "checkpoint"]).ok()).unwrap();
    pair.cosign(&file).fails("is no submission", 2);
    pair.log.run(["witness", "checkpoint", "--since", "9999"]).fails("fewer than 9999", 2);
    pair.witness.run(["witness", "cosign", "--origin", &pair.origin]).fails("IF_ERR_USAGE", 2);
}

#[test]
fn a_witness_whose_database_was_put_back_vouches_for_nothing() {
    let pair = Pair::new();
    pair.begin();
    crate::lab::sql(&pair.witness, "pragma wal_checkpoint(truncate)");
    let older = fs::read(pair.witness.home().join("if.db")).unwrap();
    let first = pair.size();
    pair.log.run(["noop", "ping", "here"]).ok();
    pair.cosign(&pair.submitted(first)).ok();
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(pair.witness.home().join(format!("if.db{end}")));
    }
    fs::write(pair.witness.home().join("if.db"), older).unwrap();
    let error = pair.cosign(&pair.submitted(first)).fails("IF_ERR_WITNESS_BROKEN", 4);
    assert!(error.contains("rolled back"), "{error}");
}
