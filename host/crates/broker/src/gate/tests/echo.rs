//! A secret that comes back, in every spelling, on every way in, and in pieces.

use super::servers::{self, Server, answer};
use super::*;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// With everything in it that some encoding escapes.
const ODD: &str = "o<d>d & \"se'cret\"/é+?";

/// Rules under which everything that these tests say is a read.
fn rules() -> Value {
    json!([{"path": "/", "effect": "read"}, {"json": {"/op": "x"}, "effect": "read"},
        {"line": "LOGIN ", "effect": "read"}])
}

/// The usual spellings of the odd secret, each with its name.
fn spellings() -> Vec<(&'static str, String)> {
    let hex = hex::encode(ODD);
    let percent = |upper: bool| -> String {
        let digits = |byte| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
        ODD.bytes().map(digits).collect()
    };
    let xml = ODD.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut all = vec![
        ("raw", ODD.to_owned()),
        ("hex", hex.clone()),
        ("hex in upper case", hex.to_uppercase()),
        ("percent", percent(true)),
        ("percent in lower case", percent(false)),
        ("form", url::form_urlencoded::byte_serialize(ODD.as_bytes()).collect()),
        ("JSON", Value::from(ODD).to_string()),
        ("JSON with \\/", Value::from(ODD).to_string().replace('/', "\\/")),
        ("JSON in escapes", {
            let units = ODD.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
            format!("\"{}\"", units.collect::<String>())
        }),
        ("XML", xml.replace('"', "&quot;").replace('\'', "&apos;")),
        ("XML with numbers", xml.replace('"', "&#34;").replace('\'', "&#39;")),
    ];
    for before in ["", "u", "me", "me:"] {
        let text = format!("{before}{ODD}!");
        all.push(("base64", STANDARD.encode(&text)));
        all.push(("base64 for URLs", URL_SAFE_NO_PAD.encode(&text)));
        all.push(("base64 in percent", {
            url::form_urlencoded::byte_serialize(STANDARD.encode(&text).as_bytes()).collect()
        }));
    }
    all
}

/// A broker that has sent the odd secret to this server's endpoint.
async fn told(server: &Server, protocol: &str) -> (Arc<CallBroker>, String) {
    let Setup { mut config, .. } = setup(server.port, &[protocol], rules(), |_| ());
    let values = BTreeMap::from([("test/one/password".to_owned(), ODD.as_bytes().to_vec())]);
    config.secrets = Arc::new(Secrets { values, ..Secrets::default() });
    let broker = CallBroker::live(config);
    let token = placeholder(&broker).await;
    (broker, token)
}

async fn get(broker: &CallBroker, port: u16, token: &str) -> Result<HttpResponse, Refusal> {
    let mut wish = request("GET", port, "/");
    wish.headers = vec![("authorization".into(), token.to_owned())];
    http(broker, wish).await
}

fn assert_echo<T: std::fmt::Debug>(result: Result<T, Refusal>, what: &str) {
    let refused = result.expect_err(what);
    assert_eq!((refused.code, refused.ends_call), (Code::SecretEcho, true), "{what}");
    assert!(!refused.message.contains(ODD), "{what}");
}

#[tokio::test]
async fn every_spelling_is_noticed_in_a_body_and_in_chunks_of_every_size() {
    for (name, spelled) in spellings() {
        let body = if spelled.starts_with('"') {
            format!("{{\"you\":{spelled}}}")
        } else {
            format!("you said {spelled}.")
        };
        let server = servers::http(answer("", &body)).await;
        let (broker, token) = told(&server, "http").await;
        assert_echo(get(&broker, server.port, &token).await, name);
        for size in [1, 2, 5] {
            let chunks = body.as_bytes().chunks(size).flat_map(|chunk| {
                [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat()
            });
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
            let whole: Vec<u8> = head.into_iter().chain(chunks).chain(*b"0\r\n\r\n").collect();
            let server = servers::http(whole).await;
            let (broker, token) = told(&server, "http").await;
            assert_echo(get(&broker, server.port, &token).await, name);
        }
    }
}

#[tokio::test]
async fn every_spelling_is_noticed_in_a_header_and_its_name() {
    for (name, spelled) in spellings() {
        let server = servers::http(answer(&format!("x-echo: {spelled}\r\n"), "")).await;
        let (broker, token) = told(&server, "http").await;
        assert_echo(get(&broker, server.port, &token).await, name);
    }
    let server = servers::http(answer(&format!("x-{}: 1\r\n", hex::encode(ODD)), "")).await;
    let (broker, token) = told(&server, "http").await;
    assert_echo(get(&broker, server.port, &token).await, "a header's name");
}

#[tokio::test]
async fn every_spelling_is_noticed_in_a_frame() {
    for (name, spelled) in spellings() {
        let message = if spelled.starts_with('"') {
            format!("{{\"you\":{spelled}}}")
        } else {
            format!("you said {spelled}.")
        };
        let server = servers::websocket(move |_| Some(message.clone())).await;
        let (broker, token) = told(&server, "ws").await;
        let connection = open(&broker, target(Protocol::Ws, server.port)).await.unwrap();
        let hello = format!(r#"{{"op":"x","auth":"{token}"}}"#);
        send_text(&broker, connection, &hello).await.unwrap();
        assert_echo(receive(&broker, connection).await, name);
    }
}

#[tokio::test]
async fn a_secret_in_slices_is_noticed_with_the_last_one() {
    for size in [1, 3, ODD.len() / 2] {
        let slices: Vec<Vec<u8>> = ODD.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
        let left = std::sync::Mutex::new(slices.clone().into_iter());
        let server = servers::serve(move |mut io, seen| {
            let slice = left.lock().unwrap().next().unwrap_or_default();
            async move {
                use tokio::io::AsyncWriteExt;
                let request = servers::read_request(&mut io).await;
                seen.lock().unwrap().push(request);
                let head = format!("HTTP/1.1 206 OK\r\ncontent-length: {}\r\n\r\n", slice.len());
                io.write_all(&[head.as_bytes(), &slice].concat()).await.unwrap();
                io.shutdown().await.ok();
            }
        })
        .await;
        let (broker, token) = told(&server, "http").await;
        for _ in 1..slices.len() {
            get(&broker, server.port, &token).await.unwrap();
        }
        assert_echo(get(&broker, server.port, &token).await, &format!("slices of {size}"));
    }
}

#[tokio::test]
async fn a_secret_in_two_messages_is_noticed_with_the_second() {
    let halves = std::sync::Arc::new(std::sync::Mutex::new(vec!["t\"/é+?", "o<d>d & \"se'cre"]));
    let server = servers::websocket(move |_| halves.lock().unwrap().pop().map(str::to_owned)).await;
    let (broker, token) = told(&server, "ws").await;
    let connection = open(&broker, target(Protocol::Ws, server.port)).await.unwrap();
    let hello = format!(r#"{{"op":"x","auth":"{token}"}}"#);
    send_text(&broker, connection, &hello).await.unwrap();
    receive(&broker, connection).await.unwrap();
    send_text(&broker, connection, r#"{"op":"x"}"#).await.unwrap();
    assert_echo(receive(&broker, connection).await, "the second half");
}

#[tokio::test]
async fn a_secret_that_comes_back_under_a_captured_name_is_an_echo_and_no_new_secret() {
    let json = |value: &str| json!({"a": [{"session": value}]}).to_string();
    let cookie = |value: &str| format!("set-cookie: session={value}; Path=/\r\n");
    for (name, spelled) in spellings().into_iter().filter(|(_, text)| !text.starts_with('"')) {
        let server = servers::http(answer("", &json(&spelled))).await;
        let (broker, token) = told(&server, "http").await;
        assert_echo(get(&broker, server.port, &token).await, &format!("{name} in a member"));
        let server = servers::http(answer(&cookie(&spelled), "")).await;
        let (broker, token) = told(&server, "http").await;
        assert_echo(get(&broker, server.port, &token).await, &format!("{name} in a cookie"));
        let server = servers::websocket(move |_| Some(json(&spelled))).await;
        let (broker, token) = told(&server, "ws").await;
        let connection = open(&broker, target(Protocol::Ws, server.port)).await.unwrap();
        let hello = format!(r#"{{"op":"x","auth":"{token}"}}"#);
        send_text(&broker, connection, &hello).await.unwrap();
        assert_echo(receive(&broker, connection).await, &format!("{name} in a frame"));
    }
    let server = servers::http(answer("", &json("what was not sent"))).await;
    let (broker, token) = told(&server, "http").await;
    let body = get(&broker, server.port, &token).await.unwrap().body;
    let body = String::from_utf8(body).unwrap();
    assert!(body.starts_with(r#"{"a":[{"session":"ifp-"#), "{body}");
}
