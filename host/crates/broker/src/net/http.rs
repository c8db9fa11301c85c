//! One HTTP/1.1 exchange over a fresh connection: head and body out, the whole answer in.
//!
//! The connection's own task is driven inside the same future, so that nothing outlives the wish.
//! Answers are buffered under the cap, because they must be searched before a guest sees any of
//! them; for the same reason no content-encoding is accepted. Redirects are answers like others.

use super::tls::Stream;
use crate::BrokerError;
use crate::grants::target::HttpTarget;
use crate::transport::HttpExchange;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use if_core::{HttpResponse, Protocol};

/// Most bytes of an answer's head: real ones have two KiB; a server must not fill memory with more.
const HEAD_BYTES_MAX: usize = 32 << 10;
/// Most header fields of an answer.
const HEADERS_MAX: usize = 128;

/// How the library says it; a test holds the two together, because a client has no other sign.
const HEAD_TOO_LARGE: &str = "message head is too large";

/// Headers about the connection, not the message: they end here.
const HOP_HEADERS: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Sends the request and reads the answer.
pub async fn exchange(
    io: Box<dyn Stream>,
    mut exchange: HttpExchange<'_>,
    body_bytes_max: u64,
) -> Result<HttpResponse, BrokerError> {
    let target = exchange.target.host.with_port(exchange.target.port);
    let request = build(&mut exchange)?;
    converse(io, &target, request, body_bytes_max, || exchange.departure.leave()).await
}

/// The exchange itself; `leave` is called before the first byte goes.
pub(crate) async fn converse(
    io: Box<dyn Stream>,
    target: &str,
    request: Request<Full<Bytes>>,
    body_bytes_max: u64,
    leave: impl FnOnce(),
) -> Result<HttpResponse, BrokerError> {
    let (mut sender, connection) = http1::Builder::new()
        .max_header_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .handshake::<_, Full<Bytes>>(TokioIo::new(io))
        .await
        .map_err(|error| lost(target, &error))?;
    let work = async {
        leave();
        let response = sender.send_request(request).await.map_err(|error| lost(target, &error))?;
        read(target, response, body_bytes_max).await
    };
    tokio::pin!(work, connection);
    let mut open = true;
    loop {
        tokio::select! {
            answer = &mut work => return answer,
            // Its end, good or bad, reaches `work` through the request or the body.
            _ = &mut connection, if open => open = false,
        }
    }
}

/// The filled parts are handed over, not copied: they are zeroed when the library drops them.
fn build(exchange: &mut HttpExchange<'_>) -> Result<Request<Full<Bytes>>, BrokerError> {
    let invalid = |what: &str| BrokerError::Invalid(format!("the request has an invalid {what}"));
    let host = host_header(exchange.target).map_err(|_| invalid("host"))?;
    let filled = &mut exchange.filled;
    let method = Method::from_bytes(exchange.method.as_bytes()).map_err(|_| invalid("method"))?;
    let uri = Uri::try_from(filled.path_and_query.as_slice()).map_err(|_| invalid("path"))?;
    let body_bytes = filled.body.len();
    let body = Bytes::from_owner(std::mem::take(&mut filled.body));
    let mut request = Request::new(Full::new(body));
    let has_body = body_bytes > 0 || matches!(method, Method::POST | Method::PUT | Method::PATCH);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert(HOST, host);
    for (name, value) in std::mem::take(&mut filled.headers) {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("header name"))?;
        let value = Bytes::from_owner(value);
        let mut value =
            HeaderValue::from_maybe_shared(value).map_err(|_| invalid("header value"))?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    // An answer that is compressed could not be searched for secrets.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.remove(CONTENT_LENGTH);
    if has_body {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body_bytes));
    }
    Ok(request)
}

/// `Host`, with the port where it is not the usual one.
pub fn host_header(target: &HttpTarget) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let usual =
        matches!((target.protocol, target.port), (Protocol::Http, 80) | (Protocol::Https, 443));
    let host = if usual { target.host.to_string() } else { target.host.with_port(target.port) };
    HeaderValue::try_from(host)
}

async fn read(
    target: &str,
    response: Response<Incoming>,
    body_bytes_max: u64,
) -> Result<HttpResponse, BrokerError> {
    let protocol =
        |cause: &str| BrokerError::Protocol { target: target.into(), cause: cause.into() };
    let (parts, body) = response.into_parts();
    if parts.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(protocol("it switched protocols unasked"));
    }
    let plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !parts.headers.get_all(CONTENT_ENCODING).iter().all(plain) {
        return Err(protocol("its answer is compressed although that was not accepted"));
    }
    // `gzip, chunked` would leave the body compressed when its chunks are put together.
    let chunked = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"chunked");
    if !parts.headers.get_all(TRANSFER_ENCODING).iter().all(chunked) {
        return Err(protocol("its transfer is encoded in another way than by chunks"));
    }
    let limit = usize::try_from(body_bytes_max).unwrap_or(usize::MAX);
    let body = Limited::new(body, limit).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            BrokerError::TooLarge { what: "the answer", bytes_max: body_bytes_max }
        } else if is_malformed(error.as_ref()) {
            protocol("its answer's chunks are malformed")
        } else {
            BrokerError::Unreachable { target: target.into(), cause: "the answer broke off".into() }
        }
    })?;
    let headers = parts
        .headers
        .iter()
        .filter(|(name, _)| !HOP_HEADERS.contains(&name.as_str()))
        .map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    Ok(HttpResponse { status: parts.status.as_u16(), headers, body: body.to_bytes().to_vec() })
}

/// Whether the body came and could not be read, rather than not come. The library tells it by an
/// `io::Error` among the causes: of invalid input or data where the chunks are none.
fn is_malformed(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(|cause| {
        matches!(cause.kind(), std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData)
    })
}

fn lost(target: &str, error: &hyper::Error) -> BrokerError {
    let target = target.to_owned();
    if error.to_string() == HEAD_TOO_LARGE {
        BrokerError::TooLarge { what: "the answer's head", bytes_max: HEAD_BYTES_MAX as u64 }
    } else if error.is_parse() {
        // The library's words may quote what came; ours do not.
        BrokerError::Protocol { target, cause: "its answer is not HTTP/1.1".into() }
    } else {
        BrokerError::Unreachable { target, cause: "the connection closed before an answer".into() }
    }
}
