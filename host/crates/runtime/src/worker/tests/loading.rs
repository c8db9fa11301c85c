//! Before the call: what a program says that was started as a worker, and whether it is believed.

use super::super::frame::encode;
use super::super::message::{Said, VERSION};
use super::super::outside::Worker;
use super::{asleep, event};
use crate::cache::Artefact;
use crate::error::RuntimeError;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Longer than a word on a socket takes, shorter than a test may.
const PATIENCE: Duration = Duration::from_millis(300);

/// What comes of loading, when the program says that and then waits.
fn loading(words: Vec<u8>) -> Result<Vec<String>, RuntimeError> {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let speaking = std::thread::spawn(move || {
        theirs.read_exact(&mut [0]).unwrap();
        let _ = theirs.write_all(&words);
        let _ = std::io::copy(&mut theirs, &mut std::io::sink());
    });
    let artefact = Artefact::compiled(b"some machine code").unwrap();
    let worker = Worker::of(asleep(), ours);
    let loaded = worker.load(&artefact, PATIENCE);
    drop(worker);
    speaking.join().unwrap();
    loaded
}

fn saying(said: &Said) -> Result<Vec<String>, RuntimeError> {
    loading(encode(said).unwrap())
}

fn refused(said: &Said) -> String {
    saying(said).unwrap_err().to_string()
}

fn loaded(version: &str, imports: Vec<String>) -> Said {
    Said::Loaded { version: version.to_owned(), imports }
}

#[test]
fn a_worker_of_this_version_is_believed() {
    let imports = vec!["infrafabric:adapter/output@0.1.0".to_owned()];
    assert_eq!(saying(&loaded(VERSION, imports.clone())).unwrap(), imports);
}

#[test]
fn a_worker_of_another_version_is_not_spoken_to() {
    let refused = refused(&loaded("0.0.0-older", Vec::new()));
    assert!(refused.contains("it is of version 0.0.0-older, not"), "{refused}");
}

#[test]
fn who_speaks_before_being_spoken_to_is_no_worker() {
    let refused = refused(&Said::Ask { id: 0, ask: event("1") });
    assert!(refused.contains("before it is spoken to"), "{refused}");
}

#[test]
fn endless_imports_are_cut_off() {
    let refused = refused(&loaded(VERSION, vec!["x".repeat(2 << 20)]));
    assert!(refused.contains("1048576 are allowed"), "{refused}");
}

#[test]
fn who_says_nothing_is_not_waited_for() {
    let error = loading(Vec::new()).unwrap_err();
    assert!(matches!(error, RuntimeError::Worker(_)), "{error}");
}
