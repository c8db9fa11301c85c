//! Disks that may not be written, databases that others hold, and logs that are spoilt.

use super::noop;
use crate::lab::{Lab, sql, switcher};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

/// A home on a file system of its own.
struct Mounted(Lab);

impl Mounted {
    /// `None` where the test may not mount.
    fn new(lab: Lab) -> Option<Self> {
        let (home, aside) = (lab.home(), lab.path().join("aside"));
        std::fs::rename(&home, &aside).unwrap();
        std::fs::create_dir(&home).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs"]).arg(&home);
        if !mount.output().is_ok_and(|done| done.status.success()) {
            return None;
        }
        let mounted = Self(lab);
        let source = format!("{}/.", aside.display());
        let copied = Command::new("cp").arg("-a").arg(source).arg(&home).status().unwrap();
        assert!(copied.success());
        Some(mounted)
    }

    fn fill(&self) {
        let mut file = std::fs::File::create(self.0.home().join("filler")).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    fn remount(&self, how: &str) {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,{how}")]).arg(self.0.home());
        assert!(mount.output().unwrap().status.success(), "{how}");
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.home()).output();
    }
}

#[test]
fn a_full_disk_stops_the_command_before_anything_is_sent() {
    let (lab, vmix) = switcher();
    let Some(disk) = Mounted::new(lab) else {
        if_servers::skip!("may not mount a disk");
        return;
    };
    disk.fill();
    let (lab, before) = (&disk.0, vmix.functions_seen().len());
    let cut = ["vmix", "cut", "switcher", "--input", "2"];
    lab.run(cut).fails("IF_ERR_STORE_FULL", 74);
    assert_eq!(vmix.functions_seen().len(), before);
    std::fs::remove_file(lab.home().join("filler")).unwrap();
    lab.run(cut).ok();
    lab.run(["witness", "verify"]).ok();
}

fn recorded(lab: &Lab) -> serde_json::Value {
    lab.run(["witness", "export", "--format", "json"]).json()["entries"].take()
}

#[test]
fn a_home_that_may_only_be_read_is_named_and_loses_nothing() {
    let lab = noop();
    lab.run(["noop", "ping", "here"]).ok();
    let Some(mounted) = Mounted::new(lab) else {
        if_servers::skip!("may not mount a disk");
        return;
    };
    let lab = &mounted.0;
    lab.run(["noop", "ping", "here"]).ok();
    let before = recorded(lab);
    mounted.remount("ro");
    let error = lab.run(["noop", "ping", "here"]).fails("IF_ERR_STORE", 74);
    assert!(error.contains("if.db"), "it names the file: {error}");
    mounted.remount("rw");
    assert_eq!(recorded(lab), before);
    lab.run(["noop", "ping", "here"]).ok();
    lab.run(["witness", "verify"]).ok();
}

#[test]
fn a_database_that_somebody_holds_is_waited_for_and_then_named() {
    let lab = noop();
    let script = format!(
        "import sqlite3, sys\n\
         c = sqlite3.connect({:?}, isolation_level=None)\n\
         c.execute('begin immediate')\n\
         print('held', flush=True)\n\
         sys.stdin.read()",
        lab.home().join("if.db")
    );
    let mut python = Command::new("python3");
    python.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut holder = python.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    let begun = Instant::now();
    let error = lab.run(["noop", "ping", "here"]).fails("IF_ERR_STORE_BUSY", 74);
    let waited = begun.elapsed().as_secs();
    assert!((4..30).contains(&waited), "{waited} s");
    assert!(error.contains("hint: "), "{error}");
    drop(holder.stdin.take());
    assert!(holder.wait().unwrap().success());
    lab.run(["noop", "ping", "here"]).ok();
    lab.run(["witness", "verify"]).ok();
}

#[test]
fn a_spoilt_write_ahead_log_is_named_before_anything_runs_and_nothing_is_proven_of_it() {
    let lab = noop();
    sql(&lab, "pragma wal_checkpoint(truncate)");
    lab.run(["noop", "ping", "here"]).ok();
    let log = lab.home().join("if.db-wal");
    let mut bytes = std::fs::read(&log).unwrap();
    // In the first page that was logged: it and all that follow it no longer count.
    bytes[32 + 24 + 100] ^= 1;
    std::fs::write(&log, &bytes).unwrap();
    lab.is_forged();
    for words in ["noop ping here", "witness verify", "witness checkpoint"] {
        let error = lab.run(words.split(' ')).fails("IF_ERR_WITNESS_BROKEN", 4);
        assert!(error.contains("rolled back"), "{words}: {error}");
    }
}
