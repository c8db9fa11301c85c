//! Misdeeds of curiosity: files, environment, sockets, other calls' leftovers, its own memory.

use if_sdk::prelude::*;
use std::hint::black_box;
use std::net::{TcpListener, TcpStream, UdpSocket};

/// Against whatever lies about.
pub fn commands() -> [Command; 4] {
    [
        read("dump", "returns every string it was ever given").run(dump),
        read("read-files", "tries files, environment and sockets by the usual ways").run(pry),
        read("scan-memory", "searches its own memory")
            .takes(text("reversed", "what to search for, spelt backwards"))
            .run(|_, reversed| Ok(json!(occurrences(&reversed)))),
        read("leftovers", "looks for what an earlier call left")
            .run(|_, ()| Ok(json!(leftovers()))),
    ]
}

/// How often the text stands in this component's memory. It is given backwards, and compared
/// backwards, so that the search does not find itself; a palindrome would.
pub fn occurrences(reversed: &str) -> usize {
    let reversed = reversed.as_bytes();
    let last = memory_bytes().saturating_sub(reversed.len());
    let here = |start: usize| {
        reversed.iter().rev().enumerate().all(|(offset, byte)| peek(start + offset) == *byte)
    };
    if reversed.is_empty() { 0 } else { (1..=last).filter(|start| here(*start)).count() }
}

#[cfg(target_arch = "wasm32")]
fn memory_bytes() -> usize {
    /// WebAssembly's page.
    const PAGE_BYTES: usize = 65_536;
    core::arch::wasm32::memory_size(0) * PAGE_BYTES
}

#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code)]
fn peek(address: usize) -> u8 {
    // SAFETY: callers stay below `memory_bytes()`, every byte of linear memory is initialised, the
    // guest has one thread, and nothing is written.
    unsafe { std::ptr::without_provenance::<u8>(address).read_volatile() }
}

#[cfg(not(target_arch = "wasm32"))]
fn memory_bytes() -> usize {
    0
}

#[cfg(not(target_arch = "wasm32"))]
fn peek(_: usize) -> u8 {
    0
}

fn dump(call: &Call, (): ()) -> Outcome {
    let facts = &call.facts;
    Ok(json!({
        "name": facts.name,
        "settings": facts.settings,
        "actor": facts.actor,
        "trace": facts.trace_id,
        "idempotency_key": facts.idempotency_key,
        "deadline_ms": facts.deadline_ms,
        "plans": call.plans(),
        "has_password": call.has_secret("password"),
        "placeholder": format!("{:?}", call.placeholder("plain", &[])),
        "arguments": std::env::args().collect::<Vec<_>>(),
    }))
}

#[allow(clippy::disallowed_methods, reason = "the misdeed itself")]
fn pry(call: &Call, (): ()) -> Outcome {
    let crate::Settings { host, port } = crate::settings(call)?;
    let told = |result: Result<String, std::io::Error>| match result {
        Ok(text) => json!({ "got": text }),
        Err(error) => json!({ "refused": error.to_string() }),
    };
    Ok(json!({
        "environment": std::env::vars().collect::<Vec<_>>(),
        "stdin": told(std::io::read_to_string(std::io::stdin())),
        "passwd": told(std::fs::read_to_string("/etc/passwd")),
        "relative": told(std::fs::read_to_string("../../vault.age")),
        "write": told(std::fs::write("/tmp/hostile", "x").map(|()| String::from("written"))),
        "folder": told(std::fs::read_dir("/").map(|entries| entries.count().to_string())),
        "connect": told(TcpStream::connect((host.as_str(), port)).map(|_| String::from("open"))),
        "listen": told(TcpListener::bind("127.0.0.1:0").map(|_| String::from("listens"))),
        "datagram": told(UdpSocket::bind("127.0.0.1:0").map(|_| String::from("bound"))),
    }))
}

/// What this call leaves for the next one, if memory were shared.
const MARK: u64 = 0x5ea1_ed5e_c2e7_0000;

/// Looks for the mark, then leaves it: a second call in fresh memory must find none.
fn leftovers() -> usize {
    /// Enough to survive an allocator that zeroes the first words of what it frees.
    const COPIES: usize = 1_000;
    let mut hoard: Vec<u64> = Vec::with_capacity(COPIES);
    let found = (0..memory_bytes() / 8).filter(|at| {
        let word = (0..8).fold(0_u64, |word, byte| {
            word | u64::from(peek(at * 8 + byte + usize::from(*at == 0))) << (8 * byte)
        });
        word == black_box(MARK) + 1
    });
    let found = found.count();
    hoard.resize(COPIES, black_box(MARK) + 1);
    std::mem::forget(black_box(hoard));
    found
}
