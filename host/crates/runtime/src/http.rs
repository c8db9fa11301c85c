//! `wasi:http/outgoing-handler`: each request is collected under a cap, passed to the broker as
//! one message, and answered with a whole response. Types, headers and streams come from
//! `wasmtime-wasi-http`; nothing of its own networking is linked.

use crate::shared::Shared;
use crate::state::CallState;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use if_core::{Ask, Code, Header, HttpRequest, HttpResponse, Refusal, RefusalKind, Reply};
use std::sync::Arc;
use std::time::Duration;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

/// Writes of a body that may wait before the request is sent. Guests may write first and send
/// afterwards, 4 KiB at a time: 64 hold 256 KiB.
const BODY_CHUNKS_MAX: usize = 64;

/// Largest single write of a body. With the above, a body waiting unsent holds at most 4 MiB.
const BODY_CHUNK_BYTES_MAX: usize = 64 << 10;

/// Guests that set no timeout report this one; then the deadline of the call counts alone.
const TIMEOUT_UNSET: Duration = Duration::from_secs(600);

type SendFuture =
    Box<dyn Future<Output = Result<(http::Response<WasiBody>, IoFuture), Error>> + Send>;
type IoFuture = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// The one way out.
pub(crate) struct Hooks {
    shared: Arc<Shared>,
    body_bytes_max: u64,
}

impl Hooks {
    pub(crate) fn new(shared: Arc<Shared>, body_bytes_max: u64) -> Self {
        Self { shared, body_bytes_max }
    }
}

impl WasiHttpView for CallState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let state = self.counted();
        WasiHttpCtxView { hooks: &mut state.hooks, table: &mut state.table, ctx: &mut state.http }
    }
}

impl WasiHttpHooks for Hooks {
    /// The broker writes it, from the address it checked.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        BODY_CHUNKS_MAX
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK_BYTES_MAX
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _done: IoFuture,
    ) -> SendFuture {
        let (shared, body_bytes_max) = (self.shared.clone(), self.body_bytes_max);
        Box::new(async move {
            let request = request_message(request, options, body_bytes_max).await;
            let request = request.inspect_err(|error| match error {
                Error::HttpRequestBodySize(_) => shared.refused(too_large(body_bytes_max)),
                Error::HttpRequestUriInvalid => shared.refused(misaddressed()),
                _ => {}
            })?;
            match shared.ask(Ask::Http { request }).await {
                Ok(Reply::Http { response }) => {
                    let io: IoFuture = Box::new(std::future::ready(Ok(())));
                    Ok((response_of(response)?, io))
                }
                Ok(reply) => Err(Error::InternalError(Some(shared.mismatch(&reply).to_string()))),
                Err(refusal) => Err(error_of(&refusal)),
            }
        })
    }
}

/// The guest hears only the number; the operator hears what it is the limit of.
fn too_large(body_bytes_max: u64) -> Refusal {
    let message = format!("the plugin's request has a body of more than {body_bytes_max} bytes");
    Refusal::new(RefusalKind::Limit, Code::LimitNetwork, message)
}

fn misaddressed() -> Refusal {
    let message = "the plugin's request is to no address: it names none, or a user beside it";
    Refusal::new(RefusalKind::Invalid, Code::PluginMisbehaved, message)
}

/// The request as a message: absolute URL without userinfo, text headers, body under the cap.
async fn request_message(
    request: http::Request<WasiBody>,
    options: Option<RequestOptions>,
    body_bytes_max: u64,
) -> Result<HttpRequest, Error> {
    let (parts, body) = request.into_parts();
    if parts.uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
        return Err(Error::HttpRequestUriInvalid);
    }
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| {
            let value = std::str::from_utf8(value.as_bytes())
                .map_err(|_| Error::InternalError(Some(format!("header `{name}` is not UTF-8"))))?;
            Ok((name.as_str().to_owned(), value.to_owned()))
        })
        .collect::<Result<Vec<Header>, Error>>()?;
    let cap = usize::try_from(body_bytes_max).unwrap_or(usize::MAX);
    let body = Limited::new(body, cap).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            return Error::HttpRequestBodySize(Some(body_bytes_max));
        }
        match error.downcast::<Error>() {
            Ok(error) => *error,
            Err(_) => Error::HttpProtocolError,
        }
    })?;
    Ok(HttpRequest {
        method: parts.method.as_str().to_owned(),
        url: parts.uri.to_string(),
        headers,
        body: body.to_bytes().to_vec(),
        timeout_ms: timeout_ms(options),
    })
}

/// The longest the guest wants to wait for the first byte, if it said so.
fn timeout_ms(options: Option<RequestOptions>) -> Option<u64> {
    let timeout = options?.first_byte_timeout.filter(|timeout| *timeout < TIMEOUT_UNSET)?;
    u64::try_from(timeout.as_millis()).ok()
}

fn response_of(response: HttpResponse) -> Result<http::Response<WasiBody>, Error> {
    let mut builder = http::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        // The body is whole and decoded; how it came is no longer true.
        if !name.eq_ignore_ascii_case("content-length")
            && !name.eq_ignore_ascii_case("content-encoding")
        {
            builder = builder.header(name, value.as_bytes());
        }
    }
    let body = Bytes::from(response.body);
    builder
        .header(http::header::CONTENT_LENGTH, body.len())
        .body(Full::new(body).map_err(|never| match never {}).boxed_unsync())
        .map_err(|_| Error::HttpProtocolError)
}

/// What guests' HTTP libraries understand. Where they have no word, the text begins with the kind.
fn error_of(refusal: &Refusal) -> Error {
    let text = |kind: &str| Error::InternalError(Some(format!("{kind}: {}", refusal.message)));
    match refusal.kind {
        RefusalKind::Denied => Error::HttpRequestDenied,
        RefusalKind::Unreachable => Error::ConnectionRefused,
        // Whether it was the connection or the answer that did not come, the host knows itself.
        RefusalKind::Timeout => Error::HttpResponseTimeout,
        RefusalKind::Protocol => Error::HttpProtocolError,
        RefusalKind::Invalid => Error::HttpRequestUriInvalid,
        RefusalKind::Planned => text("planned"),
        RefusalKind::Limit => text("limit"),
        RefusalKind::Budget => text("budget"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, body: Vec<u8>) -> http::Request<WasiBody> {
        let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
        http::Request::post(uri).header("x-a", "1").body(body).unwrap()
    }

    fn message(uri: &str, body: usize, cap: u64) -> Result<HttpRequest, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(request_message(request(uri, vec![1; body]), None, cap))
    }

    #[test]
    fn a_request_becomes_a_message() {
        let message = message("http://h.example:8088/api/?Function=Cut", 3, 3).unwrap();
        assert_eq!(message.method, "POST");
        assert_eq!(message.url, "http://h.example:8088/api/?Function=Cut");
        assert_eq!(message.headers, [("x-a".to_owned(), "1".to_owned())]);
        assert_eq!(message.body, [1, 1, 1]);
        assert_eq!(message.timeout_ms, None);
    }

    #[test]
    fn userinfo_and_large_bodies_are_refused() {
        assert!(matches!(
            message("http://user@evil.example/", 0, 9),
            Err(Error::HttpRequestUriInvalid)
        ));
        assert!(matches!(
            message("http://h.example/", 4, 3),
            Err(Error::HttpRequestBodySize(Some(3)))
        ));
    }

    #[test]
    fn only_a_chosen_timeout_is_passed_on() {
        let options =
            |first| Some(RequestOptions { first_byte_timeout: first, ..Default::default() });
        assert_eq!(timeout_ms(options(Some(TIMEOUT_UNSET))), None);
        assert_eq!(timeout_ms(options(Some(Duration::from_secs(2)))), Some(2_000));
        assert_eq!(timeout_ms(options(None)), None);
    }

    #[test]
    fn a_plan_is_told_in_words() {
        let refusal = Refusal::new(RefusalKind::Planned, Code::Usage, "POST /x was not sent");
        let Error::InternalError(Some(text)) = error_of(&refusal) else { panic!("typed") };
        assert_eq!(text, "planned: POST /x was not sent");
    }

    #[test]
    fn a_response_is_measured_anew() {
        let response = response_of(HttpResponse {
            status: 200,
            headers: vec![
                ("Content-Length".into(), "999".into()),
                ("content-encoding".into(), "gzip".into()),
                ("x-b".into(), "2".into()),
            ],
            body: b"four".to_vec(),
        })
        .unwrap();
        assert_eq!(response.headers().len(), 2);
        assert_eq!(response.headers()["content-length"], "4");
    }
}
