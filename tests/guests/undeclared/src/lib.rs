//! A guest that imports HTTP and the key-value store, for manifests that do not say so.

use if_sdk::bindings::infrafabric::adapter::state;
use if_sdk::http::Request;
use if_sdk::prelude::*;

/// The provider `undeclared`.
pub fn provider() -> Provider {
    Provider::new("imports HTTP and state: for tests of declared imports")
        .settings((
            text("host", "name or address of the fake device"),
            int("port", "its port").between(1, 65_535).or(80),
        ))
        .commands([
            read("fetch", "looks at the device").run(|call, ()| {
                let settings: Value = call.settings()?;
                let host = settings.at("host").as_str().unwrap_or_default();
                let port = settings.at("port").as_u64().and_then(|port| u16::try_from(port).ok());
                let request = Request::new("GET", host, port.unwrap_or(80), "/look");
                Ok(json!(request.send(call)?.status))
            }),
            write("remember", "counts its own calls").run(|_, ()| {
                let count = state::get("count")?.and_then(|bytes| String::from_utf8(bytes).ok());
                let count = count.and_then(|text| text.parse::<u64>().ok()).unwrap_or_default() + 1;
                state::set("count", count.to_string().as_bytes())?;
                Ok(json!({ "count": count }))
            }),
            write("forget", "forgets the count").run(|_, ()| {
                state::delete("count")?;
                Ok(json!({ "count": 0 }))
            }),
        ])
}

if_sdk::provider!(provider);
