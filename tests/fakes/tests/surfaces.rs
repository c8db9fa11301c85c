//! The fakes over real sockets: what a client sees of the simulator's two surfaces and of the two
//! fakes, well behaved and not.

use anyhow::{Context as _, Result, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use if_fakes::http::Canned;
use if_fakes::obs::{CHALLENGE, Misbehaviour, ObsScript, SALT, authentication};
use if_fakes::{HttpFake, ObsFake, VmixSimulator};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

/// A bound on waiting for what must come; reached only by a failing test.
const PATIENCE: Duration = Duration::from_secs(10);

fn connect(port: u16) -> Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Status and body of one request on a connection of its own.
fn request(port: u16, method: &str, target: &str, body: &str) -> Result<(u16, String)> {
    let mut stream = connect(port)?;
    let length = body.len();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).context("no status")?.parse()?;
    let (_, body) = answer.split_once("\r\n\r\n").context("no body")?;
    Ok((status, body.to_owned()))
}

#[test]
fn the_simulator_answers_over_http() -> Result<()> {
    let vmix = VmixSimulator::start()?;
    let get = |target: &str| request(vmix.http_port, "GET", target, "");
    for path in ["/api", "/api/"] {
        let (status, xml) = get(path)?;
        assert_eq!(status, 200);
        assert!(xml.starts_with("<vmix>") && xml.contains("<active>1</active>"), "{xml}");
    }
    assert_eq!(get("/api/?Function=Cut&Input=3")?.0, 200);
    assert!(get("/api")?.1.contains("<active>3</active>"));
    assert_eq!(get("/api?Function=Explode")?, (500, "function Explode not found".into()));
    assert_eq!(get("/api?Function=Cut&Input=77")?.0, 500);
    assert_eq!(get("/")?.0, 404);
    assert_eq!(request(vmix.http_port, "POST", "/api/?Function=Cut", "")?.0, 405);
    assert_eq!(vmix.state().number_of(vmix.state().active()), 3);
    assert_eq!(vmix.functions_seen(), ["Cut", "Explode", "Cut", "Cut"]);
    assert_eq!(vmix.requests_seen()[0].line, "GET /api");
    Ok(())
}

struct Lines(BufReader<TcpStream>);

impl Lines {
    fn open(port: u16) -> Result<Self> {
        Ok(Self(BufReader::new(connect(port)?)))
    }

    fn say(&mut self, line: &str) -> Result<String> {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes())?;
        self.hear()
    }

    fn hear(&mut self) -> Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

#[test]
fn the_simulator_answers_over_tcp() -> Result<()> {
    let vmix = VmixSimulator::start()?;
    let mut client = Lines::open(vmix.tcp_port)?;
    assert_eq!(client.hear()?, "VERSION OK 27.0.0.49");
    assert_eq!(client.say("TALLY")?, "TALLY OK 12000");
    assert_eq!(client.say("FUNCTION Cut Input=3")?, "FUNCTION OK Completed");
    assert_eq!(client.say("TALLY")?, "TALLY OK 20100");
    assert_eq!(client.say("FUNCTION Explode")?, "FUNCTION ER function Explode not found");
    assert_eq!(client.say("ACTS Input 3")?, "ACTS OK Input 3 1");
    assert_eq!(client.say("ACTS Input")?, "ACTS OK Input 3 1");
    assert_eq!(client.say("ACTS Overlay1")?, "ACTS ER No Input");
    assert_eq!(client.say("PING")?, "PING OK PONG");
    assert_eq!(client.say("ACTS Moon 3")?, "ACTS ER Unknown activator");
    assert_eq!(client.say("XMLTEXT vmix/active")?, "XMLTEXT OK 3");
    assert_eq!(client.say("XMLTEXT vmix/nothing")?, "XMLTEXT ER No value found");
    assert_eq!(client.say("DANCE")?, "DANCE ER Unknown command");
    let header = client.say("XML")?;
    let length = header.strip_prefix("XML ").context("no length")?.parse()?;
    let mut xml = vec![0; length];
    client.0.read_exact(&mut xml)?;
    assert!(String::from_utf8(xml)?.ends_with("</vmix>\r\n"));
    assert_eq!(vmix.functions_seen(), ["Cut", "Explode"]);
    assert_eq!(client.say("QUIT")?, "", "the connection ends");
    Ok(())
}

#[test]
fn subscribers_hear_of_changes_from_everywhere() -> Result<()> {
    let vmix = VmixSimulator::start()?;
    let mut client = Lines::open(vmix.tcp_port)?;
    client.hear()?;
    assert_eq!(client.say("SUBSCRIBE MOON")?, "SUBSCRIBE ER Unknown subscription");
    assert_eq!(client.say("SUBSCRIBE TALLY")?, "SUBSCRIBE OK TALLY");
    request(vmix.http_port, "GET", "/api/?Function=Cut&Input=3", "")?;
    assert_eq!(client.hear()?, "TALLY OK 20100");
    assert_eq!(client.say("UNSUBSCRIBE TALLY")?, "UNSUBSCRIBE OK TALLY");
    assert_eq!(client.say("SUBSCRIBE ACTS")?, "SUBSCRIBE OK ACTS");
    vmix.change(|mixer| mixer.recording = true);
    assert_eq!(client.hear()?, "ACTS OK Recording 1");
    assert_eq!(client.say("FUNCTION FadeToBlack")?, "FUNCTION OK Completed");
    assert_eq!(client.hear()?, "ACTS OK FadeToBlack 1");
    Ok(())
}

#[test]
fn an_endless_line_ends_the_connection() -> Result<()> {
    let vmix = VmixSimulator::start()?;
    let mut client = Lines::open(vmix.tcp_port)?;
    client.hear()?;
    // The server may hang up before all of it is written.
    let _ = client.0.get_mut().write_all(&vec![b'x'; 200_000]);
    let mut rest = Vec::new();
    // An end or a reset; running out of patience would be neither.
    let kind = client.0.read_to_end(&mut rest).err().map(|error| error.kind());
    assert!(kind.is_none_or(|kind| kind == ErrorKind::ConnectionReset), "{kind:?}");
    assert_eq!(rest, b"");
    Ok(())
}

#[test]
fn the_http_fake_records_and_answers() -> Result<()> {
    let fake = HttpFake::start(|request| match request.target.as_str() {
        "/json" => Canned::json(&json!({ "ok": true })),
        "/late" => Canned::status(503, "later").after(Duration::from_millis(20)),
        "/gone" => Canned::hang_up(),
        _ => Canned::status(404, ""),
    })?;
    assert_eq!(request(fake.port, "POST", "/json", "body")?, (200, r#"{"ok":true}"#.into()));
    assert_eq!(request(fake.port, "GET", "/late", "")?, (503, "later".into()));
    assert!(request(fake.port, "GET", "/gone", "").is_err());
    let seen = fake.requests();
    assert_eq!(seen.len(), 3);
    assert_eq!((seen[0].method.as_str(), seen[0].text().as_str()), ("POST", "body"));
    assert_eq!(seen[0].header("host"), Some("test"));
    Ok(())
}

#[test]
fn the_http_fake_can_keep_silent() -> Result<()> {
    let fake = HttpFake::start(|_| Canned::never())?;
    let mut stream = connect(fake.port)?;
    stream.set_read_timeout(Some(Duration::from_millis(100)))?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n")?;
    assert!(stream.read(&mut [0]).is_err(), "nothing comes");
    assert_eq!(fake.requests().len(), 1);
    Ok(())
}

type Socket = tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>;

async fn join(port: u16) -> Result<Socket> {
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
    let url = format!("ws://127.0.0.1:{port}/");
    Ok(tokio_tungstenite::client_async(url, stream).await?.0)
}

async fn hear(socket: &mut Socket) -> Result<Message> {
    let message = tokio::time::timeout(PATIENCE, socket.next()).await?;
    Ok(message.context("the server hung up")??)
}

async fn hear_json(socket: &mut Socket) -> Result<Value> {
    Ok(serde_json::from_str(hear(socket).await?.to_text()?)?)
}

async fn say(socket: &mut Socket, value: Value) -> Result<()> {
    Ok(socket.send(Message::text(value.to_string())).await?)
}

/// Connects, identifies with this password, and asks for the version.
async fn ask(script: ObsScript, password: &str) -> Result<(ObsFake, Socket)> {
    let fake = script.start()?;
    let mut socket = join(fake.port).await?;
    ensure!(hear_json(&mut socket).await?.get("op") == Some(&json!(0)), "no Hello");
    let authentication = authentication(password, SALT, CHALLENGE);
    let identify = json!({ "rpcVersion": 1, "authentication": authentication });
    say(&mut socket, json!({ "op": 1, "d": identify })).await?;
    if let Message::Close(frame) = hear(&mut socket).await? {
        anyhow::bail!("closed with {}", u16::from(frame.context("no code")?.code));
    }
    let request = json!({ "requestType": "GetVersion", "requestId": "1" });
    say(&mut socket, json!({ "op": 6, "d": request })).await?;
    Ok((fake, socket))
}

fn version() -> ObsScript {
    let script = ObsFake::script().password("hunter2");
    script.answer("GetVersion", json!({ "obsVersion": "29.0.2" }))
}

#[tokio::test]
async fn the_obs_fake_checks_the_password_and_answers() -> Result<()> {
    let (fake, mut socket) = ask(version(), "hunter2").await?;
    let answer = hear_json(&mut socket).await?;
    assert_eq!(answer["d"]["requestId"], json!("1"));
    assert_eq!(answer["d"]["responseData"], json!({ "obsVersion": "29.0.2" }));
    say(&mut socket, json!({ "op": 6, "d": { "requestType": "Fly", "requestId": "2" } })).await?;
    let refused = hear_json(&mut socket).await?;
    assert_eq!(refused["d"]["requestStatus"]["code"], json!(204));
    assert_eq!(fake.requests(), ["GetVersion", "Fly"]);
    let error = ask(version(), "wrong").await.err().context("let in")?;
    assert_eq!(error.to_string(), "closed with 4009");
    Ok(())
}

#[tokio::test]
async fn the_obs_fake_misbehaves_as_asked() -> Result<()> {
    let bad = |misbehaviour| ask(version().misbehave(misbehaviour), "hunter2");
    let (_fake, mut socket) = bad(Misbehaviour::Garbage).await?;
    assert!(hear_json(&mut socket).await.is_err());
    let (_fake, mut socket) = bad(Misbehaviour::WrongRequestId).await?;
    assert_eq!(hear_json(&mut socket).await?["d"]["requestId"], json!("not-yours"));
    let (_fake, mut socket) = bad(Misbehaviour::EchoSecret).await?;
    let echoed = hear_json(&mut socket).await?;
    assert_eq!(echoed["d"]["responseData"]["password"], json!("hunter2"));
    let (_fake, mut socket) = bad(Misbehaviour::CloseOnRequest(4008, "enough".into())).await?;
    let Message::Close(Some(frame)) = hear(&mut socket).await? else { panic!("not closed") };
    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (4008, "enough"));
    let (_fake, mut socket) = bad(Misbehaviour::DropOnRequest).await?;
    assert!(hear(&mut socket).await.is_err());
    let (_fake, mut socket) = bad(Misbehaviour::Events(2)).await?;
    assert_eq!(hear_json(&mut socket).await?["op"], json!(5));
    assert_eq!(hear_json(&mut socket).await?["op"], json!(5));
    assert_eq!(hear_json(&mut socket).await?["op"], json!(7));
    let (_fake, mut socket) = bad(Misbehaviour::Oversize(1 << 20)).await?;
    assert!(hear(&mut socket).await?.len() > 1 << 20);
    let fake = version().misbehave(Misbehaviour::GarbageHello).start()?;
    let mut socket = join(fake.port).await?;
    assert_eq!(hear(&mut socket).await?.to_text()?, "hello?");
    Ok(())
}

/// Nothing comes for as long as anything on this machine would take.
async fn is_silent(socket: &mut Socket) -> bool {
    tokio::time::timeout(Duration::from_millis(50), socket.next()).await.is_err()
}

#[tokio::test]
async fn the_obs_fake_keeps_silent_as_asked() -> Result<()> {
    let fake = version().misbehave(Misbehaviour::Mute).start()?;
    let handshake = tokio::time::timeout(Duration::from_millis(50), join(fake.port)).await;
    assert!(handshake.is_err(), "the handshake was answered");
    let fake = version().misbehave(Misbehaviour::NoHello).start()?;
    let mut socket = join(fake.port).await?;
    assert!(is_silent(&mut socket).await);
    let fake = version().misbehave(Misbehaviour::NoIdentified).start()?;
    let mut socket = join(fake.port).await?;
    hear(&mut socket).await?;
    let authentication = authentication("hunter2", SALT, CHALLENGE);
    let identify = json!({ "rpcVersion": 1, "authentication": authentication });
    say(&mut socket, json!({ "op": 1, "d": identify })).await?;
    assert!(is_silent(&mut socket).await);
    let (fake, mut socket) = ask(version().misbehave(Misbehaviour::NoAnswer), "hunter2").await?;
    assert!(is_silent(&mut socket).await);
    assert_eq!(fake.requests(), ["GetVersion"]);
    let late = Misbehaviour::Late(Duration::from_millis(200));
    let (_fake, mut socket) = ask(version().misbehave(late), "hunter2").await?;
    assert!(is_silent(&mut socket).await);
    assert_eq!(hear_json(&mut socket).await?["op"], json!(7));
    Ok(())
}
