//! vMix over its HTTP and TCP APIs.
//!
//! vMix writes by GET, and by lines that differ in one word: neither method nor path says what a
//! message does. The signed table `functions-effects.csv` does, by the function's name, over both.
//! Commands are thin: each looks up what it is about in vMix's state, because vMix itself ignores
//! what it does not find, and then calls a function.

mod commands;
mod depth;
pub mod discover;
mod functions;
mod inputs;
mod kinds;
pub mod lines;
mod link;
mod members;
pub mod state;

use if_sdk::prelude::*;
use link::Vmix;

/// The provider `vmix`.
pub fn provider() -> Provider {
    Provider::new("vMix: live production, by its 797 functions")
        .settings((
            text("host", "name or address of the machine that runs vMix"),
            int("port", "the HTTP API's port").between(1, 65_535).or(8088),
            int("tcp-port", "the TCP API's port").between(1, 65_535).or(8099),
            choice("transport", "how commands travel", &["http", "tcp"]).or("http"),
        ))
        .check(check)
        .discover(discover::discover)
        .commands(commands::all())
}

fn check(call: &Call) -> Outcome {
    let state = Vmix::open(call, None)?.state()?;
    Ok(json!({
        "version": state.at("version"),
        "edition": state.at("edition"),
        "inputs": state.at("inputs").items().len(),
    }))
}

if_sdk::provider!(provider);
