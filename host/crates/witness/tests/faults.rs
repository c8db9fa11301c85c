//! The disk fails under a writer, at one call after the other: the writer says so and ends, what it
//! had acknowledged before is there, and the log goes on. The tracer makes the kernel's answer, so
//! that the database's own calls fail too.

#![cfg(test)] // so that helpers count as test code

#[allow(dead_code, reason = "each test binary uses some of it")]
mod support;

use if_harm::Dice;
use if_servers::Size;
use if_witness::Status;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::{Home, operation, run};

/// Calls that touch the disk and may fail. Memory that is mapped does not fail but kills.
const CALLS: &str = "openat,pread64,pwrite64,ftruncate,fsync,fdatasync,unlink,flock,fcntl,lseek,\
                     fallocate";

/// A call and the answer that it gets.
#[derive(Debug, Clone)]
struct Place {
    call: String,
    /// How many of this name the process has made with it.
    nth: usize,
    #[expect(dead_code, reason = "shown when a check fails")]
    file: String,
    error: &'static str,
}

impl Place {
    fn is_flush(&self) -> bool {
        self.call.contains("sync")
    }
}

/// Runs the writer of two operations in this home under the tracer.
fn traced(home: &Path, expression: &str, trace: &Path) -> Output {
    let tests = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let program = tests.parent().unwrap().join("examples/append");
    let mut command = Command::new("strace");
    command.args(["-y", "-e", expression, "-o"]).arg(trace).arg(program).arg(home);
    command.args(["500", "2"]).output().unwrap()
}

/// Each call that the writer makes to a file of its home, with each error that it may get.
fn places(home: &Path, trace: &Path) -> Vec<Place> {
    let output = traced(home, &format!("trace={CALLS}"), trace);
    assert!(output.status.success(), "{output:?}");
    let text = fs_err::read_to_string(trace).unwrap();
    let mut calls: Vec<&str> = Vec::new();
    let mut places = Vec::new();
    for line in text.lines() {
        let Some((call, rest)) = line.split_once('(') else { continue };
        calls.push(call);
        let nth = calls.iter().filter(|name| **name == call).count();
        let Some((_, name)) = rest.split_once(&format!("{}/", home.display())) else { continue };
        let end = name.find(['>', '"']).unwrap_or(name.len());
        let file = name[..end].to_owned();
        let full = matches!(call, "pwrite64" | "openat" | "ftruncate" | "fallocate");
        for error in ["EIO", "ENOSPC"].into_iter().take(1 + usize::from(full)) {
            places.push(Place { call: call.to_owned(), nth, file: file.clone(), error });
        }
    }
    places
}

/// A home with a log that another process has written and left; a long one is folded by the next.
fn scene(operations: u64) -> Home {
    let home = Home::new();
    let witness = home.open();
    (1..=operations).for_each(|number| run(&witness, number, Status::Ok));
    home
}

fn copied(home: &Home) -> Home {
    let copy = Home { folder: tempfile::tempdir().unwrap(), ..Home::new() };
    let source = format!("{}/.", home.folder.path().display());
    let done = Command::new("cp").arg("-a").arg(source).arg(copy.folder.path()).status().unwrap();
    assert!(done.success());
    copy
}

/// What must hold after the writer was answered so.
fn check(home: &Home, place: &Place, output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    let context = format!("{place:?}\n{said}{why}");
    if !output.status.success() {
        assert!(output.status.code() == Some(1) && why.starts_with("Error: "), "{context}");
    }
    if place.is_flush() {
        assert!(!output.status.success(), "a flush failed and nobody said so: {context}");
    }
    let witness = home.open();
    let report = witness.verify(None).unwrap();
    assert_eq!(report.first_problem, None, "{context}");
    for number in 500..502 {
        let entry = witness.entry(&operation(number)).unwrap();
        let status = entry.and_then(|entry| entry.status());
        let acknowledged = said.contains(&format!("done {number}\n"));
        // Recorded or not: what failed was not acknowledged. What was begun is closed by now.
        assert!(!acknowledged || status == Some(Status::Ok), "{number}: {status:?}: {context}");
    }
    run(&witness, 600, Status::Ok);
    assert_eq!(witness.verify(None).unwrap().first_problem, None, "{context}");
}

fn may_trace() -> bool {
    let output = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    output.is_ok_and(|output| output.status.success())
}

/// Fails each call in turn, or as many as this test is to, wherever they are.
fn fail_each(home: &Home, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let trace: PathBuf = folder.path().join("trace");
    let clean = copied(home);
    let mut places = places(clean.folder.path(), &trace);
    let all = places.len();
    assert!(places.iter().any(Place::is_flush), "{places:?}");
    Dice::new(seed).shuffle(&mut places);
    places.sort_by_key(|place| !place.is_flush());
    places.truncate(usize::try_from(Size::Faults.asked()).unwrap());
    for place in &places {
        let home = copied(home);
        let inject = format!("inject={}:error={}:when={}", place.call, place.error, place.nth);
        let output = traced(home.folder.path(), &inject, &trace);
        check(&home, place, &output);
    }
    println!("{} of {all} calls failed, one at a time", places.len());
}

#[test]
fn a_writer_whose_disk_fails_at_any_call_says_so_and_loses_nothing() {
    if !if_servers::require!(Strace) {
        return;
    }
    if !may_trace() {
        if_servers::skip!("processes may not be traced here");
        return;
    }
    fail_each(&scene(2), 1);
}

#[test]
fn a_writer_whose_disk_fails_while_it_folds_says_so_and_loses_nothing() {
    if !if_servers::require!(Strace) {
        return;
    }
    if !may_trace() {
        if_servers::skip!("processes may not be traced here");
        return;
    }
    let home = scene(1);
    // Begun and left: their writes are in the log, and no last one has folded it.
    let witness = home.open();
    let pages = || fs_err::metadata(home.folder.path().join("if.db-wal")).unwrap().len() / 4096;
    let mut number = 10;
    while pages() < u64::from(if_store::CHECKPOINT_PAGES) {
        drop(witness.begin(support::intent(number), |_| Ok(())).unwrap());
        witness.recover().unwrap();
        number += 1;
    }
    drop(witness);
    fail_each(&home, 2);
}
