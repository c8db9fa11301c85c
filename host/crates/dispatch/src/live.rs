//! The broker of one operation: the manifest's wishes met with this instance's grants.

use crate::events::Events;
use crate::files::Files;
use crate::host::Host;
use crate::job::{Job, explain};
use crate::outcome::Sent;
pub(crate) use crate::outside::Outside;
use crate::outside::Placed;
use crate::purse::Purse;
use crate::request::{Action, Planned, Request};
use crate::wish::{Seen, Wishes};
use if_broker::{BrokerConfig, BrokerReport, CallBroker, Capabilities, InstanceRef};
use if_config::{Instance, check_settings};
use if_core::{Effect, EventSink, Problem, Word};
use if_registry::Loaded;
use if_store::State;
use if_witness::{SecretUse, Traffic};
use serde_json::Map;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Host {
    /// Who answers this operation's guest: opens its files, finds its secrets, states its grants.
    /// Nothing is sent yet.
    pub(crate) fn connect(
        &self,
        request: &Request,
        loaded: &Loaded,
        job: &Job<'_>,
        face: Arc<dyn EventSink>,
        purse: Arc<Purse>,
    ) -> Result<Wishes, Problem> {
        let instance = match &request.instance {
            Some(name) => Some(self.configured(&request.provider, name)?),
            None => None,
        };
        let settings = match &instance {
            Some(instance) => {
                check_settings(instance, &loaded.manifest.settings).map_err(explain)?
            }
            None => Map::new(),
        };
        let sources = Arc::new(self.sources(instance.as_ref())?);
        let placed = match &instance {
            Some(instance) => Placed::all(loaded, instance)?,
            None => Vec::new(),
        };
        let outside = Outside { sources: sources.clone(), placed };
        let events = Arc::new(Events::new(face));
        let state = Arc::new(self.state(loaded, instance.as_ref())?);
        let config = BrokerConfig {
            predicate: loaded.manifest.clone(),
            settings: settings.clone(),
            instance: InstanceRef {
                provider: request.provider.to_string(),
                instance: request.instance.as_ref().map(ToString::to_string).unwrap_or_default(),
            },
            effect: job.effect,
            mode: job.mode,
            limits: job.limits,
            private_networks: instance.as_ref().is_some_and(|instance| instance.private_network),
            literal_hosts: loaded.trusted.hosts.clone(),
            hosts_narrow: instance.as_ref().and_then(|instance| instance.hosts.clone()),
            ca_file: None,
            secrets: sources,
            events: events.clone(),
            meter: purse.clone(),
            blobs: Arc::new(files(request, loaded, job)?),
            state: state.clone(),
            clock: self.clock.clone(),
            grants: Capabilities::from_imports(&loaded.manifest.imports),
            start: self.now(),
            deadline_ms: job.deadline_ms,
            streams: job.stream.is_some(),
        };
        let broker = CallBroker::live(config);
        let seen = watch(broker.clone());
        let (state, sources) = (Some(state), None);
        Ok(Wishes { broker, settings, outside, sources, events, purse, state, seen })
    }

    fn state(&self, loaded: &Loaded, instance: Option<&Instance>) -> Result<State, Problem> {
        let name = instance.map_or_else(|| Word::new("none"), |instance| Ok(instance.name.clone()));
        let name = name.map_err(|e| Problem::new(if_core::Code::Bug, e.to_string()))?;
        Ok(State::new(self.store.clone(), loaded.manifest.id.clone(), name))
    }
}

fn files(request: &Request, loaded: &Loaded, job: &Job<'_>) -> Result<Files, Problem> {
    let none = BTreeMap::new();
    let paths = match &request.action {
        Action::Command { files, .. } => files,
        Action::Check | Action::Discover { .. } => &none,
    };
    let package = loaded.clone();
    let data = Box::new(move |name: &str| package.data(name).map_err(explain));
    Files::open(paths, job.parameters, request.flags.dry_run, data)
}

/// What the broker saw, in the words of the log.
fn watch(broker: Arc<CallBroker>) -> Box<dyn Fn() -> Seen> {
    Box::new(move || {
        let report = broker.report();
        let planned = |m: &if_broker::PlannedMessage| Planned {
            endpoint: m.endpoint.clone(),
            effect: m.effect,
            summary: m.summary.clone(),
        };
        Seen {
            sent: Sent { wrote: report.wrote, unanswered: report.wrote_unanswered },
            plan: report.plan.iter().map(planned).collect(),
            traffic: traffic(&report.traffic),
            secrets: secrets(&report),
            transcript: (!report.transcript.is_empty())
                .then(|| serde_json::to_vec(&report.transcript).unwrap_or_default()),
            transcript_dropped: report.transcript_dropped,
            placeholders: report.placeholders.into_iter().collect(),
        }
    })
}

/// What went to and came from each endpoint, as the log knows it.
pub(crate) fn traffic(seen: &BTreeMap<String, if_broker::EndpointTraffic>) -> Vec<Traffic> {
    let row = |(endpoint, seen): (&String, &if_broker::EndpointTraffic)| {
        let count = |effect| seen.messages.get(&effect).copied().unwrap_or_default();
        Some(Traffic {
            endpoint: Word::new(endpoint.as_str()).ok()?,
            session: count(Effect::Session),
            read: count(Effect::Read),
            write: count(Effect::Write),
            dangerous: count(Effect::Dangerous),
            bytes_out: seen.bytes_out,
            bytes_in: seen.bytes_in,
        })
    };
    seen.iter().filter_map(row).collect()
}

fn secrets(report: &BrokerReport) -> Vec<SecretUse> {
    let row = |(secret, endpoint): &(String, String)| {
        Some(SecretUse {
            secret: Word::new(secret.as_str()).ok()?,
            endpoint: Word::new(endpoint.as_str()).ok()?,
        })
    };
    report.secrets_used.iter().filter_map(row).collect()
}
