//! TLS as a client: rustls with ring, the system's authorities or the instance's own, SNI always.
//!
//! Authorities are read when the first TLS connection is made: a plain one need not pay for them.
//! A `ca_file` replaces the system's authorities instead of adding to them. There is no switch that
//! turns verification off.

use crate::BrokerError;
use crate::grants::host::HostName;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, Error as RustlsError, RootCertStore};

/// Largest `ca_file`: the whole Mozilla list has 230 KiB.
const CA_FILE_BYTES_MAX: u64 = 1 << 20;

/// Any byte stream, with or without TLS.
pub trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// Makes TLS connections for one call.
pub struct Tls {
    ca_file: Option<PathBuf>,
    config: OnceCell<Arc<ClientConfig>>,
}

impl Tls {
    /// Reads nothing yet.
    pub fn new(ca_file: Option<PathBuf>) -> Self {
        Self { ca_file, config: OnceCell::new() }
    }

    /// Shakes hands with `host` over a connected stream.
    pub async fn connect(
        &self,
        stream: TcpStream,
        host: &HostName,
        is_http: bool,
    ) -> Result<TlsStream<TcpStream>, BrokerError> {
        let target = host.to_string();
        let config = self.config.get_or_try_init(|| async { self.load().await }).await?;
        let mut config = ClientConfig::clone(config);
        if is_http {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
        }
        let name = match host {
            HostName::Address(address) => ServerName::IpAddress((*address).into()),
            HostName::Name(name) => ServerName::try_from(name.clone()).map_err(|_| {
                BrokerError::Certificate { target: target.clone(), cause: "no DNS name".into() }
            })?,
        };
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .map_err(|error| handshake_error(&target, &error))
    }

    async fn load(&self) -> Result<Arc<ClientConfig>, BrokerError> {
        let mut roots = RootCertStore::empty();
        match &self.ca_file {
            Some(path) => read_authorities(path, &mut roots)?,
            None => {
                let native = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(native.certs);
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| BrokerError::Bug(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}

fn read_authorities(path: &Path, roots: &mut RootCertStore) -> Result<(), BrokerError> {
    let unusable = |cause: String| {
        BrokerError::Problem(
            if_core::Problem::new(if_core::Code::Config, format!("`ca_file` {}", path.display()))
                .because(cause),
        )
    };
    let facts = fs_err::metadata(path).map_err(|error| unusable(error.to_string()))?;
    if !facts.is_file() {
        return Err(unusable("it is no regular file".into()));
    }
    let file = fs_err::File::open(path).map_err(|error| unusable(error.to_string()))?;
    let mut bytes = Vec::new();
    let read = file.take(CA_FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| unusable(error.to_string()))?;
    if bytes.len() as u64 > CA_FILE_BYTES_MAX {
        return Err(unusable(format!("it is larger than {CA_FILE_BYTES_MAX} bytes")));
    }
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unusable("it holds no certificate".into())) } else { Ok(()) }
}

fn handshake_error(target: &str, error: &io::Error) -> BrokerError {
    let target = target.to_owned();
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<RustlsError>());
    match inner {
        Some(RustlsError::InvalidCertificate(why)) => {
            BrokerError::Certificate { target, cause: why.to_string() }
        }
        Some(other) => BrokerError::Protocol { target, cause: other.to_string() },
        None => BrokerError::Unreachable { target, cause: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_of_certificates_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let (empty, large) = (folder.path().join("empty"), folder.path().join("large"));
        fs_err::write(&empty, "").unwrap();
        let size = usize::try_from(CA_FILE_BYTES_MAX).unwrap() + 1;
        fs_err::write(&large, vec![b' '; size]).unwrap();
        let missing = folder.path().join("missing");
        for (path, why) in [
            (Path::new("/dev/zero"), "no regular file"),
            (folder.path(), "no regular file"),
            (&missing, "No such file"),
            (&empty, "holds no certificate"),
            (&large, "is larger than"),
        ] {
            let refused = read_authorities(path, &mut RootCertStore::empty()).unwrap_err();
            let BrokerError::Problem(problem) = refused else { panic!("{refused:?}") };
            assert!(format!("{problem:?}").contains(why), "{}: {problem:?}", path.display());
        }
    }
}
