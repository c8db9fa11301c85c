//! What a guest says, and what the process says in which it runs.

use crate::input::{choice, text};
use if_runtime::fuzzing as runtime;
use serde_json::Value;

/// Most bytes of a message here: small, so that the fuzzer meets it.
const MESSAGE_BYTES_MAX: usize = 4 << 10;

/// `guest-json`: what is accepted, every later reader can read, and it means one thing.
pub fn json(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if runtime::guest_json(text).is_err() {
        return;
    }
    let value: Value = serde_json::from_str(text).expect("what was accepted can be read");
    // Wrapped into an answer of ours it must still be read.
    let wrapped = format!(r#"{{"result":[[[{text}]]]}}"#);
    let again: Value = serde_json::from_str(&wrapped).expect("it fits into an answer");
    assert!(crate::alike::alike(&again["result"][0][0][0], &value));
    let written = value.to_string();
    runtime::guest_json(&written).expect("written anew it is accepted");
}

/// `worker-says`: the first byte says how small the pieces are.
pub fn said(data: &[u8]) {
    reread(data, runtime::said);
}

/// `worker-is-told`.
pub fn told(data: &[u8]) {
    reread(data, runtime::told);
}

type Reread = (Vec<Vec<u8>>, Option<String>);

/// However a stream is cut it holds the same messages, and each, written anew, is itself.
fn reread(data: &[u8], read: fn(&[u8], usize, usize) -> Reread) {
    let Some((piece, stream)) = choice(data) else { return };
    let whole = read(stream, stream.len(), MESSAGE_BYTES_MAX);
    assert_eq!(whole, read(stream, piece % 16 + 1, MESSAGE_BYTES_MAX));
    for message in whole.0 {
        let (again, failed) = read(&message, message.len(), message.len());
        assert_eq!((again.as_slice(), failed), (std::slice::from_ref(&message), None));
    }
}
