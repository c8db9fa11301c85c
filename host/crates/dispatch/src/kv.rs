//! Secrets from the operator's KV server: which server, with which token, and one read for each
//! path however many fields of it are wanted.

use crate::host::Host;
use crate::job::explain;
use crate::outside::Fetched;
use if_broker::kv::{KvAccess, KvError, KvPath, KvSecret, KvServer, KvWhy};
use if_config::{KvField, TokenPlace};
use if_core::{Code, Explain, Problem};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use zeroize::Zeroizing;

impl Host {
    /// The values of these fields, in their order, and the facts of each read.
    pub(crate) async fn ask_kv(&self, fields: &[&KvField], within: Duration) -> Vec<Fetched> {
        if fields.is_empty() {
            return Vec::new();
        }
        let server = match self.kv_server() {
            Ok(server) => server,
            Err(why) => return fields.iter().map(|_| Fetched::failed(why.clone())).collect(),
        };
        let mut paths: Vec<KvPath> = fields.iter().map(|field| path(field)).collect();
        paths.sort();
        paths.dedup();
        let read = server.read_all(&paths, within).await;
        let read: BTreeMap<KvPath, Result<KvSecret, KvWhy>> = paths.into_iter().zip(read).collect();
        fields.iter().map(|field| fetched(&server, field, read.get(&path(field)))).collect()
    }

    fn kv_server(&self) -> Result<KvServer, Problem> {
        let known = if_config::KvServer::of(self.settings.kv.as_ref(), &self.environment);
        let known = known.ok_or_else(|| {
            Problem::new(Code::SecretSource, "nothing says which KV server").hint(
                "write `kv:` with `address: https://vault.example.com:8200` into config.yaml, or: \
                 export VAULT_ADDR=https://vault.example.com:8200",
            )
        })?;
        let access = KvAccess {
            token: self.kv_token(&known.token)?,
            address: known.address.clone(),
            namespace: known.namespace,
            ca_file: known.ca_file,
        };
        KvServer::new(access).map_err(|why| {
            let path = KvPath { mount: String::new(), path: String::new() };
            let field = String::new();
            // The address may carry a password; where it was read, it can be looked at.
            let server = "that is named".to_owned();
            KvError { server, path, field, why }.problem()
        })
    }

    fn kv_token(&self, place: &TokenPlace) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let none = |text: String| Problem::new(Code::SecretSource, text).hint("vault login");
        match place {
            TokenPlace::Variable(name) => {
                let token = self.environment.variable(name).unwrap_or_default();
                Ok(Zeroizing::new(token.into_bytes()))
            }
            TokenPlace::File(path) => match if_vault::read_token(path).map_err(explain)? {
                Some(token) => Ok(token),
                None => Err(none(format!(
                    "there is no token for the KV server: `{}` does not exist",
                    path.display()
                ))),
            },
            TokenPlace::Nowhere => Err(none("there is no token for the KV server".to_owned())),
        }
    }
}

fn path(field: &KvField) -> KvPath {
    KvPath { mount: field.mount.clone(), path: field.path.clone() }
}

/// The field of what was read at its path, and the facts for the log.
fn fetched(server: &KvServer, field: &KvField, read: Option<&Result<KvSecret, KvWhy>>) -> Fetched {
    let mut facts = Map::from_iter([("server".to_owned(), json!(server.name()))]);
    let value = match read {
        Some(Ok(secret)) => {
            facts.insert("version".to_owned(), Value::from(secret.version));
            secret.field(&field.field)
        }
        Some(Err(why)) => Err(why.clone()),
        None => Err(KvWhy::Missing),
    };
    let explained = |why: KvWhy| {
        let (server, path) = (server.name(), path(field));
        KvError { server, path, field: field.field.clone(), why }.problem()
    };
    Fetched { value: value.map_err(explained), facts }
}
