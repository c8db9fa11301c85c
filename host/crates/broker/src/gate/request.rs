//! One HTTP request through the gate, and its answer back.

use super::{CallBroker, Outcome, planned_text};
use crate::BrokerError;
use crate::grants::{Grant, host::shown, target::HttpTarget};
use crate::ledger::{Departure, headers_bytes};
use crate::secrets::{capture::Capturer, echo::REDACTED, sinks::FilledRequest, sinks::Filler};
use crate::traffic::{Classified, Outgoing, classify};
use crate::transport::HttpExchange;
use if_core::{Ask, Effect, Header, HttpRequest, HttpResponse, Reply, Word};
use std::sync::PoisonError;

/// Most bytes of a request's header fields: what usual servers accept.
const HEAD_BYTES_MAX: usize = 32 << 10;
/// Most header fields of a request, for the same reason.
const HEADERS_MAX: usize = 100;

/// Headers that the host sets, or that would speak for somebody else. They are left out.
const HOST_HEADERS: [&str; 21] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
];

/// A request that passed everything but the dry run.
struct Admitted {
    filled: FilledRequest,
    target: HttpTarget,
    grant: Grant,
}

impl CallBroker {
    pub(super) async fn http(&self, request: HttpRequest, stable: &Ask) -> Outcome {
        let mut effect = None;
        let result = self.exchange(request, stable, &mut effect).await;
        (effect, result)
    }

    async fn exchange(
        &self,
        request: HttpRequest,
        stable: &Ask,
        effect: &mut Option<Effect>,
    ) -> Result<Reply, BrokerError> {
        let (admitted, classified) = match self.admit(&request, effect) {
            Ok(admitted) => admitted,
            Err(error) => {
                self.transport.passed_over(stable);
                return Err(error);
            }
        };
        let endpoint = admitted.grant.endpoint.name.clone();
        if self.is_kept_back(classified.effect) {
            self.transport.passed_over(stable);
            return self.planned_response(&admitted, &request, &classified);
        }
        let _slot = self.connections.slot()?;
        let waiting = self.ledger.request();
        let carried = self.note_use(&admitted.filled.used, &endpoint);
        let bytes = admitted.filled.path_and_query.len()
            + headers_bytes(&request.headers)
            + admitted.filled.body.len();
        let departure = Departure {
            ledger: self.ledger.clone(),
            endpoint: endpoint.clone(),
            effect: classified.effect,
            waiting,
            messages: 1,
            bytes: bytes as u64,
        };
        let exchange = HttpExchange {
            ask: stable,
            grant: &admitted.grant,
            target: &admitted.target,
            method: &request.method,
            filled: admitted.filled,
            departure,
            within: self.within(request.timeout_ms)?,
        };
        let response = self.transport.http(exchange).await?;
        let bytes = response.body.len() + headers_bytes(&response.headers);
        self.ledger.answered(waiting, &endpoint, bytes as u64);
        let has_body = request.method != "HEAD" && !matches!(response.status, 204 | 304);
        let response = self.cleaned(response, &admitted.grant, carried, has_body)?;
        Ok(Reply::Http { response })
    }

    fn admit(
        &self,
        request: &HttpRequest,
        effect: &mut Option<Effect>,
    ) -> Result<(Admitted, Classified), BrokerError> {
        check_head(&request.method, &request.headers)?;
        self.check_size("the request's body", request.body.len())?;
        let target = HttpTarget::parse(&request.url)?;
        let grant = self.grants.find(target.protocol, &target.host, target.port)?.clone();
        let message = Outgoing::Request {
            method: &request.method,
            path: &target.path,
            query: target.query.as_deref(),
            headers: &request.headers,
            body: &request.body,
        };
        let classified = classify(&grant.endpoint, &message, &self.config.predicate.tables);
        *effect = Some(classified.effect);
        self.judge(&classified, &self.request_summary(request, &target))?;
        let headers = sendable(&request.headers);
        let filler = Filler::new(&self.vault, &grant.endpoint.name);
        let place = (target.path.as_str(), target.query.as_deref());
        let filled = filler.request(&request.method, place, &headers, &request.body)?;
        Ok((Admitted { filled, target, grant }, classified))
    }

    fn request_summary(&self, request: &HttpRequest, target: &HttpTarget) -> String {
        let summary = format!("{} {}", request.method, target.path_and_query());
        self.vault.stable_text(&summary)
    }

    fn planned_response(
        &self,
        admitted: &Admitted,
        request: &HttpRequest,
        classified: &Classified,
    ) -> Result<Reply, BrokerError> {
        let summary = self.request_summary(request, &admitted.target);
        self.plan(&admitted.grant.endpoint.name, classified.effect, &summary)?;
        let Some(planned) = &classified.planned else { return Err(BrokerError::Planned(summary)) };
        let body = planned_text(planned).into_bytes();
        let kind = if planned.is_string() { "text/plain" } else { "application/json" };
        let headers = vec![
            ("content-type".to_owned(), kind.to_owned()),
            ("content-length".to_owned(), body.len().to_string()),
        ];
        Ok(Reply::Http { response: HttpResponse { status: 200, headers, body } })
    }

    /// Captures what is a secret now, refuses what repeats one, measures anew.
    fn cleaned(
        &self,
        mut response: HttpResponse,
        grant: &Grant,
        carried: bool,
        has_body: bool,
    ) -> Result<HttpResponse, BrokerError> {
        let name = &grant.endpoint.name;
        if carried {
            let captures = &self.config.predicate.captures;
            Capturer::new(&self.vault, name, captures).response(&mut response)?;
        }
        for (_, value) in &mut response.headers {
            if let Some(hidden) = self.vault.hide(value) {
                *value = hidden;
            }
        }
        let body = std::str::from_utf8(&response.body).ok().and_then(|body| self.vault.hide(body));
        if let Some(hidden) = body {
            response.body = hidden.into_bytes();
        }
        for (header, value) in &mut response.headers {
            let clean = self.unechoed(header.as_bytes(), name)?;
            *header = String::from_utf8_lossy(&clean).into_owned();
            let clean = self.unechoed(value.as_bytes(), name)?;
            *value = String::from_utf8_lossy(&clean).into_owned();
        }
        let sliced = self.joins_the_last(&response.body, name);
        let clean = self.unechoed(&response.body, name)?;
        response.body = match (sliced && clean == response.body, self.config.predicate.echoes) {
            (false, _) => clean,
            (true, true) => REDACTED.into(),
            (true, false) => return Err(BrokerError::SecretEcho(name.to_string())),
        };
        if has_body {
            response.headers.retain(|(name, _)| name != "content-length");
            let length = response.body.len().to_string();
            response.headers.push(("content-length".into(), length));
        }
        Ok(response)
    }

    /// Whether a secret stands across this answer and the endpoint's last one.
    fn joins_the_last(&self, body: &[u8], endpoint: &Word) -> bool {
        let Some(needles) = self.vault.needles() else { return false };
        let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        tails.entry(endpoint.clone()).or_default().joins(&needles, body)
    }

    /// The bytes, if no secret is in them; redacted, if the manifest says the provider echoes.
    pub(super) fn unechoed(&self, bytes: &[u8], endpoint: &Word) -> Result<Vec<u8>, BrokerError> {
        match self.vault.needles() {
            Some(needles) if needles.found_in(bytes) => {
                if self.config.predicate.echoes {
                    Ok(needles.redact(bytes))
                } else {
                    Err(BrokerError::SecretEcho(endpoint.to_string()))
                }
            }
            _ => Ok(bytes.to_vec()),
        }
    }
}

/// What a guest's head may be at all.
fn check_head(method: &str, headers: &[Header]) -> Result<(), BrokerError> {
    let is_method = !method.is_empty()
        && method.len() <= 32
        && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
    // CONNECT opens a tunnel that no rule can look into; TRACE asks for the request back.
    if !is_method || matches!(method, "CONNECT" | "TRACE") {
        return Err(BrokerError::Invalid(format!("method `{}` is not sent", shown(method))));
    }
    check_headers(headers)
}

/// Bounds on a request's header fields.
pub(super) fn check_headers(headers: &[Header]) -> Result<(), BrokerError> {
    if headers.len() > HEADERS_MAX {
        return Err(BrokerError::TooMany { what: "header fields", max: HEADERS_MAX as u64 });
    }
    if headers_bytes(headers) > HEAD_BYTES_MAX {
        let bytes_max = HEAD_BYTES_MAX as u64;
        return Err(BrokerError::TooLarge { what: "the request's head", bytes_max });
    }
    Ok(())
}

/// The headers without those that are the host's to set.
pub(super) fn sendable(headers: &[Header]) -> Vec<Header> {
    let ours = |name: &str| HOST_HEADERS.iter().any(|header| header.eq_ignore_ascii_case(name));
    headers.iter().filter(|(name, _)| !ours(name)).cloned().collect()
}
