//! The one KV server of this installation, HashiCorp Vault or OpenBao, and where its token is.
//!
//! Named in `config.yaml`, or as their own tools have it in the environment. Where the file names
//! a server, the environment's names do not count: a variable that was left over must not send a
//! token elsewhere. No value of a token passes through here, and there is no way to switch the
//! verification of certificates off.

use crate::{ConfigError, Environment, yaml};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::path::{Path, PathBuf};

/// Their tools' variables, OpenBao's first, as OpenBao's own tool reads them.
pub(crate) const ADDRESS: [&str; 2] = ["BAO_ADDR", "VAULT_ADDR"];
pub(crate) const NAMESPACE: [&str; 2] = ["BAO_NAMESPACE", "VAULT_NAMESPACE"];
pub(crate) const CA_FILE: [&str; 2] = ["BAO_CACERT", "VAULT_CACERT"];
pub(crate) const TOKEN: [&str; 2] = ["BAO_TOKEN", "VAULT_TOKEN"];

/// Where their tools' `login` leaves a token, in the user's home.
const TOKEN_FILE: &str = ".vault-token";

/// The server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KvServer {
    /// As the operator wrote it: a URL. Unchecked.
    pub address: String,
    pub namespace: Option<String>,
    /// PEM file with the only authorities trusted; the system's when absent.
    pub ca_file: Option<PathBuf>,
    pub token: TokenPlace,
}

/// Where the token for the server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenPlace {
    /// In this variable, which is set.
    Variable(&'static str),
    /// In this file, which may not exist.
    File(PathBuf),
    /// Nothing says where.
    Nowhere,
}

/// `kv:` in `config.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KvSettings {
    pub address: String,
    pub namespace: Option<String>,
    pub ca_file: Option<PathBuf>,
    pub token_file: Option<PathBuf>,
}

/// The section as it may be written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileKv {
    address: Spanned<String>,
    namespace: Option<String>,
    ca_file: Option<Spanned<String>>,
    token_file: Option<Spanned<String>>,
}

/// Reads the section.
pub(crate) fn parse(path: &Path, file: FileKv) -> Result<KvSettings, ConfigError> {
    let absolute = |name: &str, text: Option<Spanned<String>>| match text {
        Some(text) if !Path::new(&text.value).is_absolute() => {
            let what = format!("`{name}` must be an absolute path");
            Err(yaml::at(path, text.referenced, what, None))
        }
        text => Ok(text.map(|text| PathBuf::from(text.value))),
    };
    let FileKv { address, namespace, ca_file, token_file } = file;
    if !["https://", "http://"].iter().any(|scheme| address.value.starts_with(scheme)) {
        let what = "`address` must be a URL".to_owned();
        let hint = Some("address: https://vault.example.com:8200".to_owned());
        return Err(yaml::at(path, address.referenced, what, hint));
    }
    Ok(KvSettings {
        address: address.value,
        namespace: namespace.filter(|namespace| !namespace.is_empty()),
        ca_file: absolute("ca_file", ca_file)?,
        token_file: absolute("token_file", token_file)?,
    })
}

impl KvServer {
    /// The server that the settings name, else the environment's; none where neither does.
    pub fn of(settings: Option<&KvSettings>, environment: &Environment) -> Option<Self> {
        let named =
            |names: [&str; 2]| names.into_iter().find_map(|name| environment.variable(name));
        let token = TokenPlace::of(environment);
        match settings {
            Some(settings) => Some(Self {
                address: settings.address.clone(),
                namespace: settings.namespace.clone(),
                ca_file: settings.ca_file.clone(),
                token: settings.token_file.clone().map_or(token, TokenPlace::File),
            }),
            None => Some(Self {
                address: named(ADDRESS)?,
                namespace: named(NAMESPACE),
                ca_file: named(CA_FILE).map(PathBuf::from),
                token,
            }),
        }
    }
}

impl TokenPlace {
    fn of(environment: &Environment) -> Self {
        let set = |name: &&'static str| environment.is_set(name);
        let file = || environment.user_home().map(|home| Self::File(home.join(TOKEN_FILE)));
        let variable = TOKEN.iter().copied().find(set).map(Self::Variable);
        variable.or_else(file).unwrap_or(Self::Nowhere)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;
    use if_core::Explain;

    fn settings(text: &str) -> Result<Settings, ConfigError> {
        Settings::from_text(Path::new("config.yaml"), text)
    }

    fn server(text: &str, environment: &[(&str, &str)]) -> Option<KvServer> {
        let environment: Environment = environment.iter().copied().collect();
        KvServer::of(settings(text).unwrap().kv.as_ref(), &environment)
    }

    fn file(path: &str) -> TokenPlace {
        TokenPlace::File(path.into())
    }

    #[test]
    fn the_environment_names_a_server_as_their_own_tools_do() {
        assert_eq!(server("", &[("HOME", "/home/ann"), ("VAULT_TOKEN", "t")]), None);
        let both = [
            ("VAULT_ADDR", "https://vault:8200"),
            ("BAO_ADDR", "https://bao:8200"),
            ("VAULT_NAMESPACE", "studio"),
            ("VAULT_CACERT", "/ca.pem"),
            ("HOME", "/home/ann"),
        ];
        let expect = KvServer {
            address: "https://bao:8200".to_owned(),
            namespace: Some("studio".to_owned()),
            ca_file: Some("/ca.pem".into()),
            token: file("/home/ann/.vault-token"),
        };
        assert_eq!(server("", &both), Some(expect));
        let token = |more: &[(&str, &str)]| {
            let all: Vec<_> = [("VAULT_ADDR", "https://v")].iter().chain(more).copied().collect();
            server("", &all).unwrap().token
        };
        assert_eq!(token(&[]), TokenPlace::Nowhere);
        assert_eq!(token(&[("VAULT_TOKEN", "x")]), TokenPlace::Variable("VAULT_TOKEN"));
        let tokens = [("VAULT_TOKEN", "x"), ("BAO_TOKEN", "y"), ("HOME", "/h")];
        assert_eq!(token(&tokens), TokenPlace::Variable("BAO_TOKEN"));
        assert_eq!(token(&[("VAULT_TOKEN", ""), ("HOME", "/h")]), file("/h/.vault-token"));
    }

    #[test]
    fn a_variable_left_over_sends_no_token_elsewhere() {
        let left_over = [
            ("VAULT_ADDR", "https://other:8200"),
            ("VAULT_NAMESPACE", "other"),
            ("VAULT_CACERT", "/other.pem"),
            ("VAULT_TOKEN", "other"),
        ];
        let text = "kv:\n  address: https://vault:8200\n  token_file: /run/token\n";
        let expect = KvServer {
            address: "https://vault:8200".to_owned(),
            namespace: None,
            ca_file: None,
            token: file("/run/token"),
        };
        assert_eq!(server(text, &left_over), Some(expect));
    }

    #[test]
    fn what_is_no_server_is_refused_with_its_place() {
        for (text, expect) in [
            ("kv:\n  address: vault:8200\n", "config.yaml:2:12: `address` must be a URL"),
            (
                "kv:\n  address: https://v\n  ca_file: ca.pem\n",
                "config.yaml:3:12: `ca_file` must be an absolute path",
            ),
            (
                "kv:\n  address: https://v\n  token_file: token\n",
                "config.yaml:3:15: `token_file` must be an absolute path",
            ),
            (
                "kv:\n  address: https://v\n  token: hunter2\n",
                "config.yaml:3:3: unknown key `token`",
            ),
        ] {
            let error = settings(text).unwrap_err();
            assert_eq!(error.to_string(), expect);
            assert!(!format!("{error:?} {:?}", error.hints()).contains("hunter2"));
        }
    }
}
