//! A guest that does nothing, and so shows what a call costs; it asks for the baseline only.

use if_sdk::prelude::*;
use std::time::Duration;

/// Between two events of `stream`.
const TICK: Duration = Duration::from_millis(50);

/// What a shell has to quote, and what no terminal may see as it is.
const NAMES: [&str; 4] = ["Ann", "Anna Maria", "it's $HOME", "Bob\u{1b}[31m\u{202e}"];

/// The provider `noop`.
pub fn provider() -> Provider {
    Provider::new("does nothing: shows what a call costs").commands([
        read("ping", "returns its arguments")
            .takes(record("values", "anything").positional().optional())
            .example("noop ping here colour=blue")
            .run(|_, values| Ok(json!(values.unwrap_or_default()))),
        read("names", "a few names, one of them hostile")
            .table("/names", &["name"])
            .run(|_, ()| Ok(json!({ "names": NAMES.map(|name| json!({ "name": name })) }))),
        read("greet", "returns the name")
            .takes((
                text("name", "whom").positional().completes("names", "/names/*/name"),
                choice("manner", "how", &["kindly", "briefly"]).optional(),
            ))
            .example("noop greet here Ann --manner kindly")
            .run(|_, (name, manner)| Ok(json!({ "name": name, "manner": manner }))),
        read("stream", "counts until stopped")
            .takes(int("count", "how many events").between(1, 1_000_000).optional())
            .example("noop stream here --count 3")
            .streams()
            .run(stream),
    ])
}

fn stream(call: &Call, count: Option<i64>) -> Outcome {
    let mut tick = 0;
    while count.is_none_or(|count| tick < count) {
        tick += 1;
        call.emit(&json!({ "tick": tick }))?;
        std::thread::sleep(TICK);
    }
    Ok(json!({ "ticks": tick }))
}

if_sdk::provider!(provider);
