//! What leaves for a KV server and what is made of its answers, over real sockets of this machine.
//! That a real OpenBao answers so is in `tests/it/kv.rs`.

use super::*;
use crate::BrokerError;
use crate::gate::tests::servers::{self, Server, answer};
use if_core::BoxFuture;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

const TOKEN_TEXT: &str = "hvs.token-7f3a91c2";
const CANARY: &str = "canary-7f3a91c2";
const SOON: Duration = Duration::from_secs(5);

fn access(address: &str) -> KvAccess {
    KvAccess {
        address: address.to_owned(),
        namespace: None,
        ca_file: None,
        token: Zeroizing::new(TOKEN_TEXT.into()),
    }
}

fn path(mount: &str, path: &str) -> KvPath {
    KvPath { mount: mount.to_owned(), path: path.to_owned() }
}

fn good() -> String {
    let body =
        format!(r#"{{"data":{{"data":{{"password":"{CANARY}"}},"metadata":{{"version":7}}}}}}"#);
    answer("content-type: application/json\r\n", &body)
}

fn local(server: &Server) -> KvAccess {
    access(&format!("http://127.0.0.1:{}", server.port))
}

async fn read(access: KvAccess) -> Result<KvSecret, KvWhy> {
    let server = KvServer::new(access)?;
    server.read_all(&[path("secret", "studio/obs")], SOON).await.remove(0)
}

/// Names that lead where a test says; nobody answers there.
#[derive(Default)]
struct Names {
    leads_to: Vec<IpAddr>,
    tried: Mutex<Vec<SocketAddr>>,
}

impl System for Names {
    fn look_up<'a>(&'a self, _: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let found = self.leads_to.iter().map(|address| SocketAddr::new(*address, port)).collect();
        Box::pin(async move { Ok(found) })
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        self.tried.lock().unwrap().push(address);
        Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) })
    }

    fn datagrams(&self, _: SocketAddr) -> BoxFuture<'_, io::Result<UdpSocket>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }
}

#[tokio::test]
async fn one_get_asks_for_one_path_and_nothing_else_leaves() {
    let server = servers::http(good()).await;
    let namespace = Some("studio/a".to_owned());
    let secret = read(KvAccess { namespace, ..local(&server) }).await.unwrap();
    assert_eq!(secret.version, 7);
    assert_eq!(secret.field("password").unwrap().expose(), CANARY.as_bytes());
    let seen = server.seen().remove(0);
    let mut lines: Vec<&str> = seen.trim_end().lines().collect();
    assert_eq!(lines.remove(0), "GET /v1/secret/data/studio/obs HTTP/1.1");
    lines.sort_unstable();
    let host = format!("host: 127.0.0.1:{}", server.port);
    let token = format!("x-vault-token: {TOKEN_TEXT}");
    let expect = [
        "accept-encoding: identity",
        "accept: application/json",
        &host,
        "x-vault-namespace: studio/a",
        "x-vault-request: true",
        &token,
    ];
    assert_eq!(lines, expect);
}

#[tokio::test]
async fn a_name_becomes_one_segment_and_never_structure() {
    let server = servers::http(good()).await;
    let access = access(&format!("http://127.0.0.1:{}/behind/a/proxy/", server.port));
    let reader = KvServer::new(access).unwrap();
    let odd = [path("team/kv", "a b/ü?x=1#y%2f")];
    reader.read_all(&odd, SOON).await.remove(0).unwrap();
    let line = server.seen().remove(0);
    let uri = "/behind/a/proxy/v1/team%2Fkv/data/a%20b/%C3%BC%3Fx%3D1%23y%252f";
    assert!(line.starts_with(&format!("GET {uri} HTTP/1.1\r\n")), "{line}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_to_whomever() {
    let other = servers::http(good()).await;
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let to = format!("http://127.0.0.1:{}/v1/secret/data/studio/obs", other.port);
        let head = format!("HTTP/1.1 {status}\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
        let server = servers::http(head).await;
        assert_eq!(read(local(&server)).await.err(), Some(KvWhy::Redirected), "{status}");
    }
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn a_token_goes_in_clear_to_this_machine_alone() {
    let elsewhere = ["10.0.0.1", "192.168.1.5", "8.8.8.8", "fd00::1"];
    for address in elsewhere.map(|text| text.parse::<IpAddr>().unwrap()) {
        // One address of this machine does not make the name this machine's.
        let leads_to = vec!["127.0.0.1".parse().unwrap(), address];
        let names = Arc::new(Names { leads_to, ..Names::default() });
        let server = KvServer::over(access("http://vault.example:8200"), names.clone()).unwrap();
        let why = server.read_all(&[path("secret", "x")], SOON).await.remove(0).err();
        assert_eq!(why, Some(KvWhy::Plain), "{address}");
        assert!(names.tried.lock().unwrap().is_empty());
    }
    let literal = KvServer::new(access("http://10.0.0.1:8200")).unwrap();
    let why = literal.read_all(&[path("secret", "x")], SOON).await.remove(0).err();
    assert_eq!(why, Some(KvWhy::Plain));
}

#[tokio::test]
async fn a_metadata_service_is_no_kv_server_and_a_private_address_may_be_one() {
    for (address, tried) in [
        ("169.254.169.254", false),
        ("0.0.0.0", false),
        ("224.0.0.1", false),
        ("fd00:ec2::254", false),
        ("10.0.0.1", true),
        ("192.168.1.5", true),
        ("127.0.0.1", true),
        ("8.8.8.8", true),
    ] {
        let names =
            Arc::new(Names { leads_to: vec![address.parse().unwrap()], ..Names::default() });
        let server = KvServer::over(access("https://vault.example"), names.clone()).unwrap();
        let why = server.read_all(&[path("secret", "x")], SOON).await.remove(0).err().unwrap();
        assert_eq!(matches!(why, KvWhy::Forbidden { .. }), !tried, "{address}: {why}");
        assert_eq!(!names.tried.lock().unwrap().is_empty(), tried, "{address}");
    }
}

#[tokio::test]
async fn who_cannot_prove_its_name_gets_no_token() {
    // It speaks no TLS at all; what it was sent is no request.
    let server = servers::serve(|mut io, seen| async move {
        let mut piece = [0; 4096];
        let count = io.read(&mut piece).await.unwrap_or_default();
        seen.lock().unwrap().push(String::from_utf8_lossy(&piece[..count]).into_owned());
        io.write_all(good().as_bytes()).await.ok();
    })
    .await;
    let why = read(access(&format!("https://127.0.0.1:{}", server.port))).await.err().unwrap();
    assert!(matches!(why, KvWhy::Network(_)), "{why}");
    let seen = server.seen().concat();
    assert!(!seen.is_empty() && !seen.contains(TOKEN_TEXT));
}

#[tokio::test]
async fn an_answer_is_bounded_in_size_and_time() {
    let large = "x".repeat(usize::try_from(ANSWER_BYTES_MAX).unwrap() + 1);
    let server = servers::http(answer("", &large)).await;
    let why = read(local(&server)).await.err().unwrap();
    assert!(matches!(why, KvWhy::Network(BrokerError::TooLarge { .. })), "{why}");
    let silent = servers::serve(|io, _| async move {
        let _io = io;
        std::future::pending::<()>().await;
    })
    .await;
    let server = KvServer::new(local(&silent)).unwrap();
    let paths = vec![path("secret", "x"); 20];
    // Three turns of those that are asked at once would be three times that.
    let (late, end) = (Duration::from_millis(400), Duration::from_millis(800));
    let all = tokio::time::timeout(end, server.read_all(&paths, late)).await.unwrap();
    assert_eq!(all.len(), 20);
    let timed_out =
        |it: &Result<KvSecret, KvWhy>| matches!(it, Err(KvWhy::TimedOut { waited_ms: 400 }));
    assert!(all.iter().all(timed_out));
}

#[tokio::test]
async fn an_authority_that_cannot_be_read_is_named() {
    let server = servers::http(good()).await;
    let ca_file = Some("/nonexistent/ca.pem".into());
    let address = format!("https://127.0.0.1:{}", server.port);
    let why = read(KvAccess { ca_file, ..access(&address) }).await.err().unwrap();
    let KvWhy::Authority(text) = why else { panic!("{why}") };
    assert!(text.starts_with("`ca_file` /nonexistent/ca.pem: "), "{text}");
}

#[test]
fn what_is_no_address_no_token_or_no_namespace_is_refused_before_anything_leaves() {
    let why = |access: KvAccess| KvServer::new(access).err();
    for address in [
        "vault:8200",
        "ftp://vault",
        "https://user:pass@vault",
        "https://vault?x=1",
        "https://vault#x",
        "https://",
        "https://0x7f.1",
        "unix:///run/vault.sock",
    ] {
        assert_eq!(why(access(address)), Some(KvWhy::Address), "{address}");
    }
    for token in ["", "two words", "line\nbreak", "h\u{f6}", "x\0", &"x".repeat(8193)] {
        let token = Zeroizing::new(token.as_bytes().to_vec());
        assert_eq!(why(KvAccess { token, ..access("https://v") }), Some(KvWhy::TokenForm));
    }
    let namespace = Some("a\nb".to_owned());
    let odd = KvAccess { namespace, ..access("https://v") };
    assert_eq!(why(odd), Some(KvWhy::Namespace));
}

#[test]
fn the_token_is_in_nothing_that_is_printed() {
    let server = KvServer::new(access("https://vault.example:8200/x/")).unwrap();
    let request = server.request(&path("secret", "obs")).unwrap();
    assert!(!format!("{request:?}").contains(TOKEN_TEXT));
    assert_eq!(server.name(), "https://vault.example:8200/x");
}
