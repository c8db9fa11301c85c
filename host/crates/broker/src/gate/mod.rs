//! The gate: every wish passes here, in every mode, and every answer comes back through it.
//!
//! Order of questions: has the call ended, is the place granted, what is this message, may this
//! command send it, where do secrets stand in it, is it a dry run. Only then a transport is asked.
//! After the first refusal that ends the call nothing is granted any more.

mod connections;
mod request;
mod words;

use crate::cassette::{Cassette, Player};
use crate::grants::Grants;
use crate::ledger::{BrokerReport, Ledger};
use crate::net::Net;
use crate::secrets::{Placeholder, Vault, echo::Tail};
use crate::traffic::Classified;
use crate::transport::Transport;
use crate::{BrokerConfig, BrokerError};
use connections::Connections;
use if_core::{Answer, Ask, BoxFuture, Broker, Effect, Mode, Refusal, Reply, Word};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One call's broker.
pub struct CallBroker {
    config: BrokerConfig,
    grants: Grants,
    vault: Vault,
    ledger: Arc<Ledger>,
    connections: Connections,
    /// By endpoint: the end of its last answer, for a secret that is asked for in slices.
    tails: Mutex<BTreeMap<Word, Tail>>,
    transport: Box<dyn Transport>,
}

/// An effect, once known, and what came of the wish.
type Outcome = (Option<Effect>, Result<Reply, BrokerError>);

impl CallBroker {
    /// Speaks to the real network. In `Mode::DryRun` what would change something is kept back.
    pub fn live(config: BrokerConfig) -> Arc<Self> {
        let net = Net::new(&config);
        let vault = Vault::new(false).rolling(config.streams);
        Self::new(config, Box::new(net), vault)
    }

    /// Plays a recorded conversation; reads no secret and opens no socket.
    pub fn fake(config: BrokerConfig, cassette: Cassette) -> Arc<Self> {
        let player = Player::new(cassette, config.start);
        let vault = Vault::new(true).rolling(config.streams);
        Self::new(config, Box::new(player), vault)
    }

    fn new(config: BrokerConfig, transport: Box<dyn Transport>, vault: Vault) -> Arc<Self> {
        Arc::new(Self {
            grants: Grants::new(&config),
            connections: Connections::new(&config),
            tails: Mutex::default(),
            ledger: Arc::default(),
            vault,
            transport,
            config,
        })
    }

    /// What happened so far; asked after `finish`, or after the call was killed.
    pub fn report(&self) -> BrokerReport {
        let (cassette_left, cassette_ended) = (self.transport.left(), self.transport.ended());
        let placeholders = self.vault.names();
        BrokerReport { cassette_left, cassette_ended, placeholders, ..self.ledger.report() }
    }

    async fn answer(&self, ask: Ask) -> Answer {
        let word = matches!(ask, Ask::Emit { .. } | Ask::Log { .. } | Ask::Progress { .. });
        let asked = ask.clone();
        let (effect, result) = match self.ledger.ended() {
            Some(refusal) => (None, Err(BrokerError::Passed(refusal))),
            None if word => (None, self.word(ask).await),
            None => {
                let stable = self.vault.stable_ask(&ask);
                self.grant(ask, &stable).await
            }
        };
        let result = result.map_err(|error| self.speakable(error.refusal()));
        if let Err(refusal) = &result
            && refusal.ends_call
        {
            self.ledger.end(refusal);
        }
        // Words are recorded only where they were refused. The guest's time moves at nothing else
        // than what is recorded, so that a replay lives at the same times.
        let recorded = !word || result.is_err();
        let then = || self.ledger.time().unwrap_or(self.config.start);
        let at = if recorded { self.transport.now() } else { then() };
        let answer = Answer { at, effect, result };
        if recorded {
            self.ledger.record(asked, answer.clone());
        }
        answer
    }

    /// A refusal without secrets, should a peer have found a way to speak through an error.
    fn speakable(&self, mut refusal: Refusal) -> Refusal {
        if self.vault.needles().is_some_and(|needles| needles.found_in(refusal.message.as_bytes()))
        {
            refusal.message = format!("{} (the words are withheld)", refusal.code.meaning());
        }
        refusal
    }

    async fn grant(&self, ask: Ask, stable: &Ask) -> Outcome {
        match ask {
            Ask::Http { request } => self.http(request, stable).await,
            Ask::Open { target } => self.open(target, stable).await,
            Ask::Send { connection, frame } => self.send(connection, frame, stable).await,
            Ask::Receive { connection, timeout_ms } => {
                (None, self.receive(connection, timeout_ms, stable).await)
            }
            Ask::Ready { connection } => (None, self.ready(connection, stable).await),
            Ask::Close { connection } => (None, self.close(connection).await),
            other => (None, self.word(other).await),
        }
    }

    /// Time for one wish: its own wish, and never more than the call has left.
    fn within(&self, wished_ms: Option<u64>) -> Result<Duration, BrokerError> {
        if self.config.streams {
            let most = self.config.deadline_ms;
            return Ok(Duration::from_millis(wished_ms.map_or(most, |wished| wished.min(most))));
        }
        let end = self.config.start.plus_millis(self.config.deadline_ms);
        let left = end.millis_since(self.transport.now());
        if left == 0 {
            return Err(BrokerError::Deadline);
        }
        Ok(Duration::from_millis(wished_ms.map_or(left, |wished| wished.min(left))))
    }

    /// Time to wait for a peer's next word. A stream waits as long as it wishes: whether its guest
    /// is worth waiting with is the sandbox's question.
    fn patience(&self, wished_ms: Option<u64>) -> Result<Duration, BrokerError> {
        match self.config.streams {
            true => Ok(wished_ms.map_or(Duration::MAX, Duration::from_millis)),
            false => self.within(wished_ms),
        }
    }

    /// Refuses what is above the command's effect.
    fn judge(&self, classified: &Classified, summary: &str) -> Result<(), BrokerError> {
        if classified.effect > self.config.effect {
            return Err(BrokerError::EffectExceeded {
                allowed: self.config.effect,
                effect: classified.effect,
                summary: summary.chars().take(SHOWN_CHARS_MAX).collect(),
            });
        }
        Ok(())
    }

    /// Whether a dry run keeps this back.
    fn is_kept_back(&self, effect: Effect) -> bool {
        self.config.mode == Mode::DryRun && !effect.is_harmless()
    }

    /// Puts a message that is not sent into the plan.
    fn plan(&self, endpoint: &Word, effect: Effect, summary: &str) -> Result<(), BrokerError> {
        if self.ledger.plan(endpoint, effect, summary) {
            return Ok(());
        }
        let max = crate::ledger::PLAN_MAX as u64;
        Err(BrokerError::TooMany { what: "planned messages", max })
    }

    /// Notes whose values go where; true when there are any.
    fn note_use(&self, used: &[Arc<Placeholder>], endpoint: &Word) -> bool {
        for secret in used.iter().flat_map(|placeholder| &placeholder.secrets) {
            self.ledger.used(secret, endpoint);
        }
        !used.is_empty()
    }

    fn check_size(&self, what: &'static str, bytes: usize) -> Result<(), BrokerError> {
        let bytes_max = self.config.limits.message_bytes_max;
        if bytes as u64 > bytes_max {
            Err(BrokerError::TooLarge { what, bytes_max })
        } else {
            Ok(())
        }
    }
}

/// Longest piece of a message quoted in a refusal.
const SHOWN_CHARS_MAX: usize = 200;

/// A planned answer as bytes: a JSON string stands for its own text, the rest for its JSON.
fn planned_text(planned: &serde_json::Value) -> String {
    match planned {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Broker for CallBroker {
    fn ask(&self, ask: Ask) -> BoxFuture<'_, Answer> {
        Box::pin(self.answer(ask))
    }

    fn finish(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.connections.close_all().await;
            self.vault.clear();
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
