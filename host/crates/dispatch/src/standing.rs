//! A running call loses its standing when what vouched for it is revoked by another process.

use if_core::{Clock, Code, Explain as _, Refusal, RefusalKind};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The plugin of one call, and the clock by which it is judged.
pub(crate) struct Standing {
    plugin: Mutex<if_registry::Standing>,
    clock: Arc<dyn Clock>,
}

impl Standing {
    pub(crate) fn new(plugin: if_registry::Standing, clock: Arc<dyn Clock>) -> Standing {
        Standing { plugin: Mutex::new(plugin), clock }
    }
}

impl if_core::Standing for Standing {
    fn lost(&self) -> Option<Refusal> {
        let mut plugin = self.plugin.lock().unwrap_or_else(PoisonError::into_inner);
        let error = plugin.lost(self.clock.now())?;
        let message = match error.code() {
            Code::Revoked => format!("ended while it ran: {error}"),
            _ => format!("ended while it ran, for it may run no more: {error}"),
        };
        let refusal = Refusal::fatal(RefusalKind::Denied, Code::Revoked, message);
        Some(error.hints().into_iter().fold(refusal, Refusal::hint))
    }
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Standing")
    }
}
