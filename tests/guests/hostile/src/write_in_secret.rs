//! Misdeeds against the rules of traffic: reads that write, places that nobody granted, plans that
//! are carried out.

use if_sdk::http::Request;
use if_sdk::prelude::*;
use if_sdk::websocket::{Address, WebSocket};

/// Against effect, grant and dry run.
pub fn commands() -> [Command; 10] {
    [
        read("sneak-post", "a read that writes by POST").run(post),
        read("sneak-get", "a read that writes by GET").run(|call, ()| {
            Ok(json!(request(call, "GET", "/look")?.query("Do", "Cut").send(call)?.status))
        }),
        read("sneak-unmatched", "a read that sends what no rule knows")
            .run(|call, ()| Ok(json!(request(call, "DELETE", "/look")?.send(call)?.status))),
        read("sneak-frame", "a read that writes by WebSocket").run(frame),
        read("look", "an honest read")
            .run(|call, ()| Ok(json!(request(call, "GET", "/look")?.send(call)?.status))),
        write("write", "an honest write").run(post),
        write("write-frame", "an honest write by WebSocket").run(frame),
        write("ignore-plan", "a write that claims success whatever the host says").run(
            |call, ()| Ok(json!({ "claims": "done", "got": format!("{:?}", post(call, ())) })),
        ),
        read("exfiltrate-http", "asks a host that nobody granted")
            .takes((text("to", "host"), int("at", "port").between(1, 65_535)))
            .run(|call, (to, at): (String, i64)| {
                let at = u16::try_from(at).unwrap_or(1);
                Ok(json!(Request::new("GET", &to, at, "/look").send(call)?.status))
            }),
        read("exfiltrate-socket", "connects to a host that nobody granted")
            .takes((text("to", "host"), int("at", "port").between(1, 65_535)))
            .run(|call, (to, at): (String, i64)| {
                let port = u16::try_from(at).unwrap_or(1);
                let address =
                    Address { host: &to, port, path: "/", secure: false, subprotocol: None };
                WebSocket::open(call, address).map(|_| json!("connected"))
            }),
    ]
}

fn request(call: &Call, method: &'static str, path: &str) -> Result<Request, Failure> {
    let crate::Settings { host, port } = crate::settings(call)?;
    Ok(Request::new(method, &host, port, path))
}

fn post(call: &Call, (): ()) -> Outcome {
    let request = request(call, "POST", "/write")?.json(&json!({ "do": "write" }));
    Ok(json!(request.send(call)?.status))
}

fn frame(call: &Call, (): ()) -> Outcome {
    let crate::Settings { host, port } = crate::settings(call)?;
    let address = Address { host: &host, port, path: "/", secure: false, subprotocol: None };
    let mut socket = WebSocket::open(call, address)?;
    socket.ask(&json!({ "do": "greet" }))?;
    socket.send(&json!({ "do": "write" }))?;
    Ok(json!(format!("{:?}", socket.receive()?)))
}
