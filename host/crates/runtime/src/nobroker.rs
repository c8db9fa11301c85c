//! The broker that refuses everything: `describe` and import checks run before anything is trusted.

use if_core::{Answer, Ask, BoxFuture, Broker, Code, Refusal, RefusalKind, UnixMillis};

/// Refuses every wish, at instant 0.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBroker;

impl Broker for NoBroker {
    fn ask(&self, _ask: Ask) -> BoxFuture<'_, Answer> {
        let message = "a plugin has nothing but itself while it describes itself";
        let refusal = Refusal::new(RefusalKind::Denied, Code::CapabilityDenied, message);
        Box::pin(std::future::ready(Answer {
            at: UnixMillis(0),
            effect: None,
            result: Err(refusal),
        }))
    }

    fn finish(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
