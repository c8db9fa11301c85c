//! Why the keyring gives no value, as data with the line that would mend it.
//!
//! No variant can hold a value, and none repeats the words of whoever is on the bus.

use crate::Item;
use if_core::{Code, Explain, quoted};

/// Everything that can go wrong in this room.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    #[error("there is no session bus, and so no keyring")]
    NoBus,
    #[error("the session bus is not a Unix socket of this machine")]
    BusForm,
    #[error("the session bus does not answer at its address")]
    BusUnreachable,
    #[error("nobody on the session bus offers a keyring")]
    NoService,
    #[error("the keyring has no such item")]
    Missing(Item),
    #[error("the keyring that holds it is locked")]
    Locked(Item),
    /// A locked item was asked for its value; becomes [`KeyringError::Locked`] by name.
    #[error("the item is locked")]
    IsLocked,
    #[error("{count} items of the keyring match, and none is chosen by guessing")]
    Ambiguous { item: Item, count: usize },
    #[error("the keyring did not answer within {waited_ms} ms")]
    TimedOut { waited_ms: u64 },
    #[error("the keyring refused: {0}")]
    Refused(String),
    #[error("the keyring does not follow the protocol of the Secret Service")]
    Protocol,
}

/// Longest name of a D-Bus error that is repeated: the bus's own bound.
const ERROR_NAME_BYTES_MAX: usize = 255;

impl KeyringError {
    /// What the bus's library says, without its words.
    pub(crate) fn from_bus(error: zbus::Error) -> Self {
        match error {
            zbus::Error::MethodError(name, ..) => Self::from_name(name.as_str()),
            zbus::Error::FDO(error) => Self::from_fdo(&error),
            zbus::Error::InputOutput(_) => Self::BusUnreachable,
            _ => Self::Protocol,
        }
    }

    fn from_fdo(error: &zbus::fdo::Error) -> Self {
        match error {
            zbus::fdo::Error::ServiceUnknown(_) | zbus::fdo::Error::NameHasNoOwner(_) => {
                Self::NoService
            }
            zbus::fdo::Error::ZBus(_) => Self::Protocol,
            other => Self::from_name(zbus::DBusError::name(other).as_str()),
        }
    }

    /// A D-Bus error by its name: words and dots, bounded by the bus.
    fn from_name(name: &str) -> Self {
        match name {
            "org.freedesktop.DBus.Error.ServiceUnknown"
            | "org.freedesktop.DBus.Error.NameHasNoOwner" => Self::NoService,
            "org.freedesktop.Secret.Error.IsLocked" => Self::IsLocked,
            name => Self::Refused(name.chars().take(ERROR_NAME_BYTES_MAX).collect()),
        }
    }
}

impl From<secret_service::Error> for KeyringError {
    fn from(error: secret_service::Error) -> Self {
        match error {
            secret_service::Error::Zbus(error) => Self::from_bus(error),
            secret_service::Error::ZbusFdo(error) => Self::from_fdo(&error),
            secret_service::Error::Locked => Self::IsLocked,
            secret_service::Error::Unavailable => Self::NoService,
            _ => Self::Protocol,
        }
    }
}

impl Explain for KeyringError {
    fn code(&self) -> Code {
        match self {
            Self::Missing(_) => Code::SecretMissing,
            _ => Code::SecretSource,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoBus | Self::BusForm => vec![
                "run it in the desktop's session, or: export \
                 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$(id -u)/bus"
                    .to_owned(),
            ],
            Self::NoService => vec!["gnome-keyring-daemon --start --components=secrets".to_owned()],
            Self::Missing(item) => vec![item.store_line()],
            Self::Locked(item) => vec![item.unlock_line()],
            Self::Ambiguous { item, .. } => vec![item.clear_line(), item.store_line()],
            _ => Vec::new(),
        }
    }
}

impl Item {
    fn attributes(&self) -> String {
        format!("service {} username {}", quoted(&self.service), quoted(&self.account))
    }

    /// The line that stores a value. It asks for it.
    fn store_line(&self) -> String {
        let label = quoted(&format!("{} {}", self.service, self.account));
        format!("secret-tool store --label={label} {}", self.attributes())
    }

    /// The line that has the desktop ask for the keyring's password. It would print the value.
    fn unlock_line(&self) -> String {
        format!("secret-tool search --unlock {} > /dev/null", self.attributes())
    }

    /// The line that forgets all items that match.
    fn clear_line(&self) -> String {
        format!("secret-tool clear {}", self.attributes())
    }
}
