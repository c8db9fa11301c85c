//! Opening: is it declared and granted, and what would its handshake do.
//!
//! A WebSocket's handshake is a GET that a careless server could take for a request: it is judged
//! by the same rules. TCP, TLS and UDP begin with nothing that could be judged.

use super::super::{CallBroker, Outcome, request};
use super::Connection;
use crate::BrokerError;
use crate::grants::{Grant, host::HostName, host::shown, target::HttpTarget};
use crate::ledger::Departure;
use crate::secrets::sinks::{FilledRequest, Filler};
use crate::traffic::{Outgoing, classify, judges_lines};
use crate::transport::Opening;
use if_core::{Ask, Effect, OpenTarget, Protocol, Reply};
use if_manifest::model::{Position, Predicate};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

impl CallBroker {
    pub(in crate::gate) async fn open(&self, target: OpenTarget, stable: &Ask) -> Outcome {
        let mut effect = None;
        let result = self.opened(target, stable, &mut effect).await;
        (effect, result)
    }

    async fn opened(
        &self,
        target: OpenTarget,
        stable: &Ask,
        effect: &mut Option<Effect>,
    ) -> Result<Reply, BrokerError> {
        let admitted = self.admit_open(&target, effect);
        let (grant, filled) = admitted.inspect_err(|_| self.transport.passed_over(stable))?;
        let slot = self.connections.slot()?;
        self.connections.attempt(self.transport.now())?;
        let within = self.within(Some(target.timeout_ms))?;
        let used = filled.as_ref().map(|filled| filled.used.clone()).unwrap_or_default();
        let carried = self.note_use(&used, &grant.endpoint.name);
        let waiting = self.ledger.request();
        if let Some(filled) = &filled {
            Departure {
                ledger: self.ledger.clone(),
                endpoint: grant.endpoint.name.clone(),
                effect: effect.unwrap_or(Effect::Dangerous),
                waiting,
                messages: 1,
                bytes: filled.path_and_query.len() as u64,
            }
            .leave();
        }
        let opening = Opening { ask: stable, grant: &grant, target: &target, filled, within };
        let opened = self.transport.open(opening).await?;
        self.ledger.answered(waiting, &grant.endpoint.name, 0);
        if let Some(chosen) = &opened.subprotocol {
            self.unechoed(chosen.as_bytes(), &grant.endpoint.name)?;
        }
        let connection = self.connections.add(|id| Connection {
            id,
            protocol: target.protocol,
            lined: is_lined(target.protocol, &grant, &self.config.predicate),
            grant,
            wire: opened.wire,
            lines: Mutex::default(),
            planned: Mutex::default(),
            peeked: tokio::sync::Mutex::new(None),
            carried: AtomicBool::new(carried),
            tail: Mutex::default(),
            _slot: slot,
        });
        let (fresh, local, subprotocol) = (opened.fresh, opened.local, opened.subprotocol);
        Ok(Reply::Opened { connection, fresh, local, subprotocol })
    }

    fn admit_open(
        &self,
        target: &OpenTarget,
        effect: &mut Option<Effect>,
    ) -> Result<(Grant, Option<FilledRequest>), BrokerError> {
        let is_socket = matches!(target.protocol, Protocol::Ws | Protocol::Wss);
        if matches!(target.protocol, Protocol::Http | Protocol::Https) {
            return Err(BrokerError::Invalid("HTTP is asked for by request".into()));
        }
        if !is_socket && (target.path.is_some() || !target.headers.is_empty()) {
            return Err(BrokerError::Invalid("only a WebSocket has a path and headers".into()));
        }
        let host = HostName::parse(&target.host)?;
        let grant = self.grants.find(target.protocol, &host, target.port)?.clone();
        *effect = Some(Effect::Session);
        if !is_socket {
            return Ok((grant, None));
        }
        request::check_headers(&target.headers)?;
        let path = target.path.as_deref().unwrap_or("/");
        if !path.starts_with('/') {
            return Err(BrokerError::Invalid(format!("path `{}` has no `/`", shown(path))));
        }
        // The host in front is only there to have the same reader as a request.
        let place = HttpTarget::parse(&format!("http://host.invalid{path}"))?;
        let query = place.query.as_deref();
        let message = Outgoing::Handshake { path: &place.path, query, headers: &target.headers };
        let classified = classify(&grant.endpoint, &message, &self.config.predicate.tables);
        *effect = Some(classified.effect);
        let summary = self.vault.stable_text(&format!("open {}", place.path_and_query()));
        self.judge(&classified, &summary)?;
        if self.is_kept_back(classified.effect) {
            self.plan(&grant.endpoint.name, classified.effect, &summary)?;
            return Err(BrokerError::Planned(summary));
        }
        let ours = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.starts_with("sec-websocket-") && name != "sec-websocket-protocol"
        };
        let mut headers = request::sendable(&target.headers);
        headers.retain(|(name, _)| !ours(name));
        let filler = Filler::new(&self.vault, &grant.endpoint.name);
        let filled = filler.request("GET", (&place.path, query), &headers, b"")?;
        Ok((grant, Some(filled)))
    }
}

fn is_lined(protocol: Protocol, grant: &Grant, predicate: &Predicate) -> bool {
    let recipes = predicate.secrets.iter().flat_map(|secret| &secret.recipes);
    let mut sinks = recipes
        .flat_map(|recipe| &recipe.sinks)
        .chain(predicate.captures.iter().flat_map(|capture| &capture.sinks));
    let line_sink = sinks.any(|sink| {
        sink.endpoint == grant.endpoint.name && matches!(sink.position, Position::Line(_))
    });
    matches!(protocol, Protocol::Tcp | Protocol::Tls)
        && (judges_lines(&grant.endpoint) || line_sink)
}
