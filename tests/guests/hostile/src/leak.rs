//! Misdeeds against secrets: a placeholder said aloud, and honest uses after which the guest looks
//! everywhere it can for the value. Where else a placeholder is put, rows of wishes say.

use if_sdk::bindings::infrafabric::adapter::blob;
use if_sdk::http::Request;
use if_sdk::prelude::*;
use if_sdk::websocket::{Address, WebSocket};

/// Against the vault, and against files.
pub fn commands() -> [Command; 5] {
    [
        read("unnamed-file", "reads a file that nobody named on the command line").run(|_, ()| {
            let (bytes, _) = blob::read_parameter("/etc/passwd", 0, 1024)?;
            Ok(json!(String::from_utf8_lossy(&bytes)))
        }),
        read("tell", "says a secret's placeholder aloud")
            .takes(choice("place", "where", &["log", "result"]).positional())
            .run(tell),
        read("use-header", "uses the secret as declared, then searches its own memory for it")
            .takes(text("reversed", "the secret, spelt backwards"))
            .run(use_header),
        read("use-frame", "uses a derived secret as declared, then searches its own memory for it")
            .takes(text("reversed", "the secret, spelt backwards"))
            .run(use_frame),
        read("unknown-recipe", "asks for a recipe that the manifest does not name")
            .run(|call, ()| Ok(json!(call.placeholder("admin", &[("salt", "x")])?))),
    ]
}

fn tell(call: &Call, place: String) -> Outcome {
    let token = call.placeholder("plain", &[])?;
    if place == "log" {
        call.log(if_sdk::Level::Info, &token);
    }
    Ok(json!(if place == "log" { "logged" } else { token.as_str() }))
}

fn frame(call: &Call, message: &Value) -> Outcome {
    let crate::Settings { host, port } = crate::settings(call)?;
    let address = Address { host: &host, port, path: "/", secure: false, subprotocol: None };
    let socket = WebSocket::open(call, address)?;
    socket.ask(message)?;
    Ok(json!(format!("{:?}", socket.receive()?)))
}

fn use_header(call: &Call, reversed: String) -> Outcome {
    let crate::Settings { host, port } = crate::settings(call)?;
    let token = call.placeholder("plain", &[])?;
    let answer = Request::new("GET", &host, port, "/look").header("x-token", &token).send(call)?;
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    Ok(json!({
        "token": token,
        "status": answer.status,
        "headers": answer.headers,
        "body": body,
        "found": crate::snoop::occurrences(&reversed),
    }))
}

fn use_frame(call: &Call, reversed: String) -> Outcome {
    let token = call.placeholder("digest", &[("salt", "pepper")])?;
    let answer = frame(call, &json!({ "do": "look", "token": token }))?;
    Ok(json!({
        "token": token,
        "answer": answer,
        "found": crate::snoop::occurrences(&reversed),
    }))
}
