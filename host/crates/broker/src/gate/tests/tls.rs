//! TLS with an authority of our own: trusted only where the instance names it.

use super::servers::{self, Server, answer};
use super::*;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::path::PathBuf;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

struct Secure {
    server: Server,
    ca_file: PathBuf,
    _folder: tempfile::TempDir,
}

/// A server for `name` that answers requests (first line with `HTTP`) or lines.
async fn secure(name: &str) -> Secure {
    let folder = tempfile::tempdir().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = servers::serve(move |io, seen| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut io) = acceptor.accept(io).await else { return };
            let request = servers::read_request(&mut io).await;
            seen.lock().unwrap().push(request);
            io.write_all(answer("", "secure").as_bytes()).await.ok();
            io.shutdown().await.ok();
        }
    })
    .await;
    let ca_file = folder.path().join("ca.pem");
    fs_err::write(&ca_file, authority_pem).unwrap();
    Secure { server, ca_file, _folder: folder }
}

async fn get(port: u16, ca_file: Option<PathBuf>) -> Result<HttpResponse, Refusal> {
    let rules = json!([{"path": "/", "effect": "read"}]);
    let Setup { mut config, .. } = setup(port, &["https"], rules, |_| ());
    config.ca_file = ca_file;
    let mut wish = request("GET", port, "/");
    wish.url = wish.url.replace("http:", "https:");
    http(&CallBroker::live(config), wish).await
}

#[tokio::test]
async fn an_own_authority_is_trusted_when_named_and_only_then() {
    let secure = secure("127.0.0.1").await;
    let port = secure.server.port;
    assert_eq!(get(port, Some(secure.ca_file.clone())).await.unwrap().body, b"secure");
    let refused = get(port, None).await.unwrap_err();
    assert_eq!((refused.kind, refused.code), (RefusalKind::Protocol, Code::ProviderProtocol));
    assert!(refused.hints[0].contains("ca_file"), "{refused:?}");
    assert_eq!(secure.server.seen().len(), 1);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let secure = secure("other.example").await;
    let refused = get(secure.server.port, Some(secure.ca_file.clone())).await.unwrap_err();
    assert_eq!(refused.kind, RefusalKind::Protocol);
    assert!(secure.server.seen().is_empty());
}

#[tokio::test]
async fn a_ca_file_that_holds_none_is_a_configuration_error() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    fs_err::write(&empty, "nothing").unwrap();
    let large = folder.path().join("large.pem");
    fs_err::write(&large, vec![b'x'; (1 << 20) + 1]).unwrap();
    let server = servers::http(answer("", "")).await;
    for file in [empty, large, folder.path().join("absent.pem")] {
        let refused = get(server.port, Some(file.clone())).await.unwrap_err();
        assert_eq!(refused.code, Code::Config, "{}", file.display());
    }
}

#[tokio::test]
async fn a_server_without_tls_is_a_protocol_error() {
    let server = servers::serve(|mut io, _| async move {
        io.write_all(b"220 mail ready\r\n").await.ok();
    })
    .await;
    let secure = secure("127.0.0.1").await;
    let refused = get(server.port, Some(secure.ca_file.clone())).await.unwrap_err();
    assert_eq!(refused.kind, RefusalKind::Protocol);
}

#[tokio::test]
async fn tls_streams_carry_lines() {
    let secure = secure("127.0.0.1").await;
    let port = secure.server.port;
    let rules = json!([{"line": "GET", "effect": "read"}]);
    let edit = |predicate: &mut Predicate| predicate.secrets.clear();
    let Setup { mut config, .. } = setup(port, &["tls"], rules, edit);
    config.ca_file = Some(secure.ca_file.clone());
    config.grants = crate::Capabilities::default();
    let broker = CallBroker::live(config);
    let connection = open(&broker, target(Protocol::Tls, port)).await.unwrap();
    send_text(&broker, connection, "GET /\r\n").await.unwrap();
    let refused = send_text(&broker, connection, "\r\n").await.unwrap_err();
    assert_eq!(refused.code, Code::EffectExceeded, "an empty line is no GET");
    assert!(broker.report().traffic["device"].bytes_out > 0);
}
