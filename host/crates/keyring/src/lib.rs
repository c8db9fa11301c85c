//! Values from the desktop's keyring: the Secret Service of the session bus, as GNOME Keyring,
//! KWallet and KeePassXC offer it.
//!
//! It only reads: an item is looked for by `service` and `username`, the attributes under which
//! `secret-tool` and the keyring libraries store, and its value comes over a session whose key
//! was agreed on for it. What this room refuses: to ask anybody to unlock something, to choose
//! between two items that match, to wait longer than it is told, and a bus that is more than a
//! socket of this machine (an address may name a host, or a program to start). It reads no
//! environment: the bus is handed in.

mod error;

pub use error::KeyringError;

use if_core::SecretValue;
use secret_service::{EncryptionType, SecretService};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;
use tokio::time::timeout;
use zbus::address::transport::Transport;
use zbus::{Address, connection};

/// What an item is looked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub service: String,
    /// The attribute `username`.
    pub account: String,
}

/// A keyring on a bus. Nothing is connected yet.
#[derive(Debug, Clone)]
pub struct Keyring {
    bus: Address,
}

impl Keyring {
    /// The keyring of the session: on the bus at `address`, a list as in
    /// `DBUS_SESSION_BUS_ADDRESS`, else on the one in the user's runtime folder.
    ///
    /// # Errors
    /// [`KeyringError::NoBus`], [`KeyringError::BusForm`].
    pub fn of_session(
        address: Option<&str>,
        runtime_dir: Option<&Path>,
    ) -> Result<Self, KeyringError> {
        let usual = || runtime_dir.map(|folder| format!("unix:path={}/bus", folder.display()));
        let list = address.map(str::to_owned).or_else(usual).ok_or(KeyringError::NoBus)?;
        let local = |text: &str| {
            let address: Address = text.parse().ok()?;
            matches!(address.transport(), Transport::Unix(_)).then_some(address)
        };
        let bus = list.split(';').find_map(local).ok_or(KeyringError::BusForm)?;
        Ok(Self { bus })
    }

    /// The values of these items, in their order, or why there is none. All of it takes no longer
    /// than `within`.
    pub async fn values(
        &self,
        items: &[Item],
        within: Duration,
    ) -> Vec<Result<SecretValue, KeyringError>> {
        let same = |error: KeyringError| items.iter().map(|_| Err(error.clone())).collect();
        match timeout(within, self.look_up(items)).await {
            Ok(Ok(values)) => values,
            Ok(Err(error)) => same(error),
            Err(_) => {
                let waited_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
                same(KeyringError::TimedOut { waited_ms })
            }
        }
    }

    async fn look_up(
        &self,
        items: &[Item],
    ) -> Result<Vec<Result<SecretValue, KeyringError>>, KeyringError> {
        let bus = connection::Builder::address(self.bus.clone()).map_err(KeyringError::from_bus)?;
        let bus = bus.build().await.map_err(|_| KeyringError::BusUnreachable)?;
        let service = SecretService::connect_with_existing(EncryptionType::Dh, bus).await?;
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            values.push(value(&service, item).await);
        }
        Ok(values)
    }
}

/// The value of the one item that matches.
async fn value(service: &SecretService<'_>, item: &Item) -> Result<SecretValue, KeyringError> {
    let wanted =
        HashMap::from([("service", item.service.as_str()), ("username", item.account.as_str())]);
    let found = service.search_items(wanted).await?;
    match (found.unlocked.as_slice(), found.locked.as_slice()) {
        ([], []) => Err(KeyringError::Missing(item.clone())),
        ([], [_]) => Err(KeyringError::Locked(item.clone())),
        ([one], []) => match one.get_secret().await.map_err(KeyringError::from) {
            Ok(bytes) => Ok(SecretValue::new(bytes)),
            // Locked in this very moment.
            Err(KeyringError::IsLocked) => Err(KeyringError::Locked(item.clone())),
            Err(error) => Err(error),
        },
        (unlocked, locked) => {
            let count = unlocked.len() + locked.len();
            Err(KeyringError::Ambiguous { item: item.clone(), count })
        }
    }
}

#[cfg(test)]
mod tests;
