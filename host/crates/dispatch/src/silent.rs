//! The minimal host's broker: the guest may speak (events, progress, log, evidence) and time may
//! pass; everything else is refused.

use crate::events::Events;
use crate::host::Host;
use crate::job::{Job, explain};
use crate::purse::Purse;
use crate::request::Request;
use crate::wish::{Seen, Wishes};
use if_core::Problem;
use if_core::{
    Answer, Ask, BoxFuture, Broker, Clock, Code, EventSink, Refusal, RefusalKind, Reply,
};
use if_manifest::model::Predicate;
use if_registry::Loaded;
use if_runtime::Call;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// Longest single sleep it grants: the deadline of the call ends longer ones anyway.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// Grants words and time.
pub(crate) struct Silent {
    pub events: Arc<dyn EventSink>,
    pub clock: Arc<dyn Clock>,
}

impl Broker for Silent {
    fn ask(&self, ask: Ask) -> BoxFuture<'_, Answer> {
        Box::pin(async move {
            let result = self.answer(ask).await;
            Answer { at: self.clock.now(), effect: None, result }
        })
    }

    fn finish(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

impl Silent {
    async fn answer(&self, ask: Ask) -> Result<Reply, Refusal> {
        match ask {
            Ask::Emit { event } => self.events.emit(&event)?,
            Ask::Progress { done, total, message } => self.events.progress(done, total, &message),
            Ask::Log { level, message } => self.events.log(level, &message),
            Ask::Attach { name, evidence } => self.events.attach(&name, &evidence)?,
            Ask::Sleep { nanos } => {
                tokio::time::sleep(Duration::from_nanos(nanos).min(SLEEP_MAX)).await
            }
            _ => {
                let text = "this host was built without network and secrets";
                return Err(Refusal::new(RefusalKind::Denied, Code::CapabilityDenied, text));
            }
        }
        Ok(Reply::Done)
    }
}

/// This host has no secrets.
pub(crate) struct Outside;

impl Outside {
    pub fn available(&self) -> Vec<String> {
        Vec::new()
    }
}

/// This host looks nowhere.
pub(crate) enum Surroundings {}

impl Host {
    pub(crate) fn surroundings(&self, _: &Request) -> Result<Option<Surroundings>, Problem> {
        Ok(None)
    }

    pub(crate) fn look_around(
        &self,
        around: &Surroundings,
        _: &Loaded,
        _: &Job<'_>,
        _: &mut Call,
        _: &mut Wishes,
    ) -> Result<bool, Problem> {
        match *around {}
    }

    pub(crate) fn fetch(&self, _: &Job<'_>, _: &mut Call, _: &mut Wishes) -> Result<bool, Problem> {
        Ok(true)
    }

    pub(crate) fn named(&self, _: &Predicate, found: Value) -> (Value, Vec<String>) {
        (found, Vec::new())
    }

    /// Who answers this operation's guest.
    pub(crate) fn connect(
        &self,
        request: &Request,
        loaded: &Loaded,
        _job: &Job<'_>,
        face: Arc<dyn EventSink>,
        purse: Arc<Purse>,
    ) -> Result<Wishes, Problem> {
        let events = Arc::new(Events::new(face));
        let settings = match &request.instance {
            Some(name) => {
                let instance = self.configured(&request.provider, name)?;
                if_config::check_settings(&instance, &loaded.manifest.settings).map_err(explain)?
            }
            None => Map::new(),
        };
        let broker = Arc::new(Silent { events: events.clone(), clock: self.clock.clone() });
        let seen = Box::new(Seen::default);
        Ok(Wishes {
            broker,
            settings,
            outside: Outside,
            sources: None,
            events,
            purse,
            state: None,
            seen,
        })
    }
}
