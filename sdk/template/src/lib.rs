//! A lamp with a small HTTP API: `GET /lamp` tells, `PUT /lamp` switches.

use if_sdk::http::Request;
use if_sdk::prelude::*;

fn provider() -> Provider {
    Provider::new("a lamp with an HTTP API")
        .settings((
            text("host", "the lamp's name or address"),
            int("port", "its port").between(1, 65_535).or(8080),
        ))
        .check(|call| lamp(call, "GET")?.send(call)?.success()?.json())
        .commands([
            read("status", "is it on, how bright")
                .example("{{name}} status desk")
                .run(|call, ()| lamp(call, "GET")?.send(call)?.success()?.json()),
            write("switch", "switch it on or off")
                .takes((
                    choice("to", "on or off", &["on", "off"]).positional(),
                    int("brightness", "percent").between(1, 100).or(100),
                ))
                .example("{{name}} switch desk on --brightness 40")
                .run(|call, (to, brightness)| {
                    let wish = json!({ "on": to == "on", "brightness": brightness });
                    lamp(call, "PUT")?.json(&wish).send(call)?.success()?.json()
                }),
        ])
}

#[derive(serde::Deserialize)]
struct Settings {
    host: String,
    port: u16,
}

fn lamp(call: &Call, method: &'static str) -> Result<Request, Failure> {
    let Settings { host, port } = call.settings()?;
    Ok(Request::new(method, &host, port, "/lamp"))
}

if_sdk::provider!(provider);
