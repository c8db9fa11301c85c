//! A guest that tries everything a plugin must not be able to do, one command per misdeed.
//!
//! Each handler says what it got away with; the tests expect a refusal, an end of the call, or
//! nothing of value. The commands that call themselves reads and write are the point of the rules.

mod exhaust;
mod export;
mod grow;
mod leak;
mod snoop;
mod streams;
mod wish;
mod write_in_secret;

use if_sdk::prelude::*;

/// The provider `hostile`.
pub fn provider() -> Provider {
    Provider::new("misbehaves on request: for tests of the sandbox")
        .settings((
            text("host", "name or address of the fake device"),
            int("port", "its port").between(1, 65_535).or(80),
        ))
        .commands(exhaust::commands())
        .commands(exhaust::floods())
        .commands(streams::commands())
        .commands(write_in_secret::commands())
        .commands(leak::commands())
        .commands(snoop::commands())
        .commands(grow::commands())
        .commands(wish::commands())
}

/// The settings of an instance.
#[derive(Debug, Clone)]
struct Settings {
    host: String,
    port: u16,
}

fn settings(call: &Call) -> Result<Settings, Failure> {
    let settings: Value = call.settings()?;
    let host = settings.at("host").as_str().unwrap_or_default().to_owned();
    let port = settings.at("port").as_u64().and_then(|port| u16::try_from(port).ok());
    Ok(Settings { host, port: port.unwrap_or(80) })
}
