//! Where the server is, and how it is reached: on this machine through a socket or the loopback
//! address, anywhere else only through TLS with a verified certificate.

use crate::error::{refused, sorted};
use if_store::StoreError;
use postgres::config::{Host, SslMode};
use postgres::{Client, Config, NoTls};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;

/// A connection that is not there after this long will not be.
const CONNECT_WAIT: Duration = Duration::from_secs(10);

/// As the server's own tools list who is connected.
const APPLICATION: &str = "infrafabric";

/// A database on a server.
pub struct Place {
    /// `postgresql://user@host:port/database`.
    pub url: String,
    pub password: Option<Zeroizing<Vec<u8>>>,
    /// PEM file with the only authorities trusted; the system's when absent.
    pub ca_file: Option<PathBuf>,
}

impl Place {
    /// Connects; and what the place is called in messages, without anything secret.
    pub(crate) fn connect(&self) -> Result<(Client, String), StoreError> {
        let unreadable = |_| refused("a server", "its URL cannot be read");
        let mut config: Config = self.url.parse().map_err(unreadable)?;
        let name = name(&config);
        config.application_name(APPLICATION).connect_timeout(CONNECT_WAIT);
        if let Some(password) = &self.password {
            config.password(password.as_slice());
        }
        let connected = if is_local(&config) && config.get_ssl_mode() != SslMode::Require {
            config.connect(NoTls)
        } else {
            config.ssl_mode(SslMode::Require);
            config.connect(self.tls(&name)?)
        };
        Ok((connected.map_err(|error| sorted(&name, error))?, name))
    }

    fn tls(&self, name: &str) -> Result<MakeRustlsConnect, StoreError> {
        let mut roots = RootCertStore::empty();
        let unreadable = |why: String| refused(name, format!("no authority can be read: {why}"));
        match &self.ca_file {
            Some(path) => {
                let pem = fs_err::read(path).map_err(|error| unreadable(error.to_string()))?;
                for certificate in CertificateDer::pem_slice_iter(&pem) {
                    let added = certificate.map_err(|error| error.to_string());
                    let added =
                        added.and_then(|it| roots.add(it).map_err(|error| error.to_string()));
                    added.map_err(unreadable)?;
                }
            }
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| unreadable(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }
}

/// What it is called: host and database.
fn name(config: &Config) -> String {
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    let ports: Vec<String> = config.get_ports().iter().map(ToString::to_string).collect();
    let port = if ports.is_empty() { String::new() } else { format!(":{}", ports.join(",")) };
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("postgresql://{}{port}/{database}", hosts.join(","))
}

/// Whether nothing of it leaves this machine.
fn is_local(config: &Config) -> bool {
    let named = config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|it: IpAddr| it.is_loopback())
        }
    });
    named && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> Config {
        url.parse().unwrap()
    }

    #[test]
    fn only_what_stays_on_this_machine_goes_without_tls() {
        for local in [
            "postgresql://if@localhost/log",
            "postgresql://if@127.0.0.1:5433/log",
            "postgresql://if@[::1]/log",
            "postgresql:///log?host=/run/postgresql",
        ] {
            assert!(is_local(&config(local)), "{local}");
        }
        for far in [
            "postgresql://if@db.example.com/log",
            "postgresql://if@localhost.example.com/log",
            "postgresql://if@127.0.0.1,10.0.0.1/log",
            "postgresql://if@localhost/log?hostaddr=10.0.0.1",
        ] {
            assert!(!is_local(&config(far)), "{far}");
        }
    }

    #[test]
    fn a_place_is_named_without_its_secrets() {
        let config = config("postgresql://if:secret@db.example.com:5433/log");
        assert_eq!(name(&config), "postgresql://db.example.com:5433/log");
    }

    #[test]
    fn a_far_server_is_not_asked_to_do_without_tls() {
        let place = |url: &str| Place { url: url.into(), password: None, ca_file: None };
        // Nobody listens there: it is refused before anybody is asked, or not reached.
        let url = "postgresql://if@192.0.2.1/log?sslmode=disable&connect_timeout=1";
        assert!(place(url).connect().is_err());
        assert!(place("nonsense://").connect().is_err());
    }
}
