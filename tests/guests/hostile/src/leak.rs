//! Misdeeds against secrets: a placeholder put where no value belongs, and honest uses after which
//! the guest looks everywhere it can for the value.

use if_sdk::bindings::infrafabric::adapter::blob;
use if_sdk::http::Request;
use if_sdk::prelude::*;
use if_sdk::websocket::{Address, WebSocket};

/// Places where the manifest allows no value.
const PLACES: &[&str] =
    &["header", "other-path", "path", "query", "body", "method", "host", "frame", "log", "result"];

/// Against the vault, and against files.
pub fn commands() -> [Command; 5] {
    [
        read("unnamed-file", "reads a file that nobody named on the command line").run(|_, ()| {
            let (bytes, _) = blob::read_parameter("/etc/passwd", 0, 1024)?;
            Ok(json!(String::from_utf8_lossy(&bytes)))
        }),
        read("misplace", "puts a secret's placeholder where the value does not belong")
            .takes(choice("place", "where", PLACES).positional())
            .run(misplace),
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

fn misplace(call: &Call, place: String) -> Outcome {
    let crate::Settings { host, port } = crate::settings(call)?;
    let token = call.placeholder("plain", &[])?;
    let get = |path: &str| Request::new("GET", &host, port, path);
    let request = match place.as_str() {
        "header" => get("/look").header("x-wrong", &token),
        "other-path" => get("/elsewhere").header("x-token", &token),
        "path" => get("/look").segment(&token),
        "query" => get("/look").query("token", &token),
        "body" => Request::new("POST", &host, port, "/search").json(&json!({ "token": token })),
        "method" => Request::new("POST", &host, port, "/search").header("x-token", &token),
        "host" => Request::new("GET", &token, port, "/look"),
        "frame" => return frame(call, &json!({ "do": "look", "wrong": token })),
        "log" => {
            call.log(if_sdk::Level::Info, &token);
            return Ok(json!("logged"));
        }
        _ => return Ok(json!(token)),
    };
    Ok(json!(request.send(call)?.status))
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
