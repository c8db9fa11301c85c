//! libFuzzer in front of the targets of one crate: one program, one link; `IF_FUZZ_TARGET` says
//! which target.
//!
//! Where `IF_FUZZ_CURRENT` names a file, each input goes there before it goes to the target, length
//! first: after an overflowing stack nobody else could say what the last one was. That is a call of
//! the system for each input, so it is asked for only when a run has ended without a word.

// Whoever runs it by hand is told so.
#![allow(clippy::expect_used, clippy::disallowed_methods)]

use super::TARGETS;
use libfuzzer_sys::fuzz_target;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

/// The chosen target, and where the current input goes.
static CHOSEN: OnceLock<(fn(&[u8]), Option<File>)> = OnceLock::new();

fn choose() -> (fn(&[u8]), Option<File>) {
    let name = std::env::var("IF_FUZZ_TARGET").expect("IF_FUZZ_TARGET names a target");
    let mut targets = TARGETS.iter();
    let found = targets.find(|(known, _)| *known == name);
    let (_, target) = found.expect("IF_FUZZ_TARGET is the name of a target");
    let current = std::env::var_os("IF_FUZZ_CURRENT");
    (*target, current.map(|path| File::create(path).expect("IF_FUZZ_CURRENT can be written")))
}

/// Chance, in the place of the system's: the same each time. Otherwise what lies in a hash table
/// would lie in another order each time, and an input that breaks something would not always do.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
extern "C" fn getrandom(buffer: *mut u8, length: usize, _flags: u32) -> isize {
    // SAFETY: the caller says that so much may be written there.
    let bytes = unsafe { std::slice::from_raw_parts_mut(buffer, length) };
    for (byte, value) in bytes.iter_mut().zip((0..=250u8).cycle()) {
        *byte = value;
    }
    length.cast_signed()
}

fuzz_target!(|data: &[u8]| {
    let (target, current) = CHOSEN.get_or_init(choose);
    if let Some(current) = current {
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes();
        current.write_all_at(&[&length, data].concat(), 0).expect("the current input is kept");
    }
    target(data);
});
