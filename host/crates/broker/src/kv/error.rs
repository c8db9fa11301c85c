//! Why a KV server gave no secret, as data with the line that would mend it.
//!
//! Nothing in here can hold a value, a token or a word of the server's.

use super::KvPath;
use crate::BrokerError;
use crate::net::reach::Unreached;
use if_core::{Code, Explain, quoted};

/// The reason alone.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum KvWhy {
    #[error("its address is no URL of a server, as in https://vault.example.com:8200")]
    Address,
    #[error("its address is `http://` and not this machine's: a token does not go there in clear")]
    Plain,
    #[error("its namespace cannot stand in a header")]
    Namespace,
    #[error("the token for it is not one line of letters, digits and signs")]
    TokenForm,
    #[error("it refused the token: expired, revoked, or without the right to read this")]
    Refused,
    #[error("it has nothing there")]
    Missing,
    #[error("version {version}, the newest, was deleted")]
    Deleted { version: u64 },
    #[error("version {version} has no such field")]
    FieldMissing { version: u64 },
    #[error("the field is not text")]
    FieldForm,
    #[error("it is sealed, or cannot serve now")]
    Sealed,
    #[error("it sends us to another address, which is not followed")]
    Redirected,
    #[error("it answered with status {0}")]
    Status(u16),
    #[error("its answer is not JSON")]
    NotJson,
    #[error("its answer is not that of a KV engine of version 2")]
    NotVersioned,
    #[error("it did not answer within {waited_ms} ms")]
    TimedOut { waited_ms: u64 },
    #[error("`{host}` is at {address}, where no server can be")]
    Forbidden { host: String, address: String },
    /// What is wrong with the `ca_file`.
    #[error("{0}")]
    Authority(String),
    #[error("{0}")]
    Network(BrokerError),
}

impl From<Unreached> for KvWhy {
    fn from(why: Unreached) -> Self {
        match why {
            Unreached::Plain => Self::Plain,
            Unreached::Forbidden { host, address } => Self::Forbidden { host, address },
            Unreached::Failed(error) => error.into(),
        }
    }
}

impl From<BrokerError> for KvWhy {
    fn from(error: BrokerError) -> Self {
        match error {
            BrokerError::Problem(problem) => {
                let words = [problem.message].into_iter().chain(problem.because);
                Self::Authority(words.collect::<Vec<_>>().join(": "))
            }
            error => Self::Network(error),
        }
    }
}

/// The reason, for the field of one secret on one server.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the KV server {server}: {why}")]
pub struct KvError {
    pub server: String,
    pub path: KvPath,
    pub field: String,
    pub why: KvWhy,
}

impl Explain for KvError {
    fn code(&self) -> Code {
        match self.why {
            KvWhy::Missing | KvWhy::Deleted { .. } | KvWhy::FieldMissing { .. } => {
                Code::SecretMissing
            }
            KvWhy::Address | KvWhy::Plain | KvWhy::Namespace => Code::Config,
            _ => Code::SecretSource,
        }
    }

    fn hints(&self) -> Vec<String> {
        let one = |line: &str| vec![line.to_owned()];
        match &self.why {
            KvWhy::Address | KvWhy::Plain | KvWhy::Namespace => {
                one("write `address: https://vault.example.com:8200` under `kv:` in config.yaml, \
                     or: export VAULT_ADDR=https://vault.example.com:8200")
            }
            KvWhy::Refused | KvWhy::TokenForm => one("vault login"),
            KvWhy::Missing | KvWhy::Deleted { .. } => vec![self.line("put")],
            KvWhy::FieldMissing { .. } | KvWhy::FieldForm => vec![self.line("patch")],
            KvWhy::Sealed => one("vault operator unseal"),
            KvWhy::NotVersioned => {
                vec![format!("vault kv enable-versioning {}", quoted(&self.path.mount))]
            }
            KvWhy::Redirected => one("name the node that is active, or its proxy, as its address"),
            KvWhy::Authority(_) | KvWhy::Network(BrokerError::Certificate { .. }) => {
                one("for a private authority, name its PEM file: `ca_file: /path/ca.pem` under \
                     `kv:` in config.yaml, or export VAULT_CACERT=/path/ca.pem")
            }
            _ => one("vault status"),
        }
    }
}

impl KvError {
    /// The line that writes the field; it reads the value from its standard input. `put` replaces
    /// all fields, `patch` keeps the others.
    fn line(&self, verb: &str) -> String {
        let place = quoted(&format!("{}/{}", self.path.mount, self.path.path));
        format!("vault kv {verb} {place} {}", quoted(&format!("{}=-", self.field)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(why: KvWhy) -> KvError {
        let path = KvPath { mount: "secret".into(), path: "studio/obs".into() };
        KvError { server: "https://v:8200".into(), path, field: "password".into(), why }
    }

    #[test]
    fn each_reason_has_its_code_and_the_line_that_mends_it() {
        for (why, code, hint) in [
            (KvWhy::Missing, Code::SecretMissing, "vault kv put secret/studio/obs password=-"),
            (
                KvWhy::Deleted { version: 2 },
                Code::SecretMissing,
                "vault kv put secret/studio/obs password=-",
            ),
            (
                KvWhy::FieldMissing { version: 2 },
                Code::SecretMissing,
                "vault kv patch secret/studio/obs password=-",
            ),
            (KvWhy::FieldForm, Code::SecretSource, "vault kv patch secret/studio/obs password=-"),
            (KvWhy::Refused, Code::SecretSource, "vault login"),
            (KvWhy::Sealed, Code::SecretSource, "vault operator unseal"),
            (KvWhy::NotVersioned, Code::SecretSource, "vault kv enable-versioning secret"),
            (KvWhy::Status(500), Code::SecretSource, "vault status"),
            (KvWhy::TokenForm, Code::SecretSource, "vault login"),
        ] {
            let error = error(why);
            assert_eq!((error.code(), error.hints()), (code, vec![hint.to_owned()]), "{error}");
        }
    }

    #[test]
    fn an_odd_name_cannot_become_another_command() {
        let mut error = error(KvWhy::Missing);
        error.path.path = "a b; rm -rf $HOME".into();
        error.field = "it's".into();
        let line = r"vault kv put 'secret/a b; rm -rf $HOME' 'it'\''s=-'";
        assert_eq!(error.hints(), [line]);
    }
}
