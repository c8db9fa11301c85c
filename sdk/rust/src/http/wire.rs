//! One exchange over `wasi:http/outgoing-handler`, and its error codes as failures.

use super::{Request, Response};
use crate::{Error, ErrorKind, Failure};
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use wasip2::io::streams::StreamError;

/// The most that `blocking-write-and-flush` takes at once (wasi:io).
const WRITE_BYTES_MAX: usize = 4096;
/// One read; the host caps the sum.
const READ_BYTES_MAX: u64 = 64 << 10;
/// How the host begins the words of a refusal for which wasi:http has no code.
const PLANNED: &str = "planned";
const LIMIT: &str = "limit:";
const BUDGET: &str = "budget:";

pub(super) fn exchange(request: &Request, patience_ms: u32) -> Result<Response, Failure> {
    let outgoing = outgoing(request)?;
    let body = outgoing.body().map_err(|()| malformed("body"))?;
    let future = handle(outgoing, Some(options(patience_ms)?)).map_err(failure)?;
    let written = write(body, &request.body);
    future.subscribe().block();
    // A refused request also fails its body: the answer knows why, the body does not.
    let response = match future.get() {
        Some(Ok(answer)) => answer.map_err(failure)?,
        Some(Err(())) | None => return Err(Failure::protocol("the answer was taken twice")),
    };
    written?;
    read(&response)
}

fn outgoing(request: &Request) -> Result<OutgoingRequest, Failure> {
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
        .collect();
    let headers = Fields::from_list(&headers)
        .map_err(|error| Failure::usage(format!("a header cannot be sent: {error:?}")))?;
    let outgoing = OutgoingRequest::new(headers);
    let scheme = if request.secure { Scheme::Https } else { Scheme::Http };
    outgoing.set_method(&method(request.method)).map_err(|()| malformed("method"))?;
    outgoing.set_scheme(Some(&scheme)).map_err(|()| malformed("scheme"))?;
    outgoing.set_authority(Some(&request.authority)).map_err(|()| malformed("host"))?;
    outgoing
        .set_path_with_query(Some(&request.path_with_query()))
        .map_err(|()| malformed("path"))?;
    Ok(outgoing)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "PATCH" => Method::Patch,
        "OPTIONS" => Method::Options,
        other => Method::Other(other.to_owned()),
    }
}

fn options(patience_ms: u32) -> Result<RequestOptions, Failure> {
    let nanos = Some(u64::from(patience_ms).saturating_mul(1_000_000));
    let options = RequestOptions::new();
    options.set_connect_timeout(nanos).map_err(|()| malformed("timeout"))?;
    options.set_first_byte_timeout(nanos).map_err(|()| malformed("timeout"))?;
    options.set_between_bytes_timeout(nanos).map_err(|()| malformed("timeout"))?;
    Ok(options)
}

fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), Failure> {
    if !bytes.is_empty() {
        let stream = body.write().map_err(|()| malformed("body"))?;
        for chunk in bytes.chunks(WRITE_BYTES_MAX) {
            stream.blocking_write_and_flush(chunk).map_err(|_| interrupted("request"))?;
        }
    }
    OutgoingBody::finish(body, None).map_err(failure)
}

fn read(response: &IncomingResponse) -> Result<Response, Failure> {
    let headers = response.headers().entries();
    let headers = headers
        .into_iter()
        .map(|(name, value)| {
            (name.to_ascii_lowercase(), String::from_utf8_lossy(&value).into_owned())
        })
        .collect();
    let incoming = response.consume().map_err(|()| interrupted("answer"))?;
    let body = drain(&incoming)?;
    Ok(Response { status: response.status(), headers, body })
}

fn drain(incoming: &IncomingBody) -> Result<Vec<u8>, Failure> {
    let stream = incoming.stream().map_err(|()| interrupted("answer"))?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(READ_BYTES_MAX) {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(_)) => return Err(interrupted("answer")),
        }
    }
}

fn malformed(part: &str) -> Failure {
    Failure::usage(format!("the request's {part} is malformed"))
}

fn interrupted(part: &str) -> Failure {
    Failure::unreachable(format!("the connection broke in the middle of the {part}"), true)
}

/// `sent` is false only where the code says that no byte of the request can have arrived.
fn failure(code: ErrorCode) -> Failure {
    use ErrorCode as E;
    let text = format!("{code:?}");
    let host = |kind| Failure::Host(Error { kind, message: text.clone() });
    match &code {
        E::InternalError(Some(words)) if words.starts_with(PLANNED) => Failure::Planned,
        E::InternalError(Some(words)) if words.starts_with(LIMIT) => host(ErrorKind::Limit),
        E::InternalError(Some(words)) if words.starts_with(BUDGET) => host(ErrorKind::Budget),
        E::HttpRequestDenied | E::DestinationIpProhibited => host(ErrorKind::Denied),
        // What was asked makes no sense: the fault is here, and not the provider's.
        E::HttpRequestMethodInvalid | E::HttpRequestUriInvalid => host(ErrorKind::Invalid),
        E::ConnectionLimitReached
        | E::HttpRequestBodySize(_)
        | E::HttpResponseBodySize(_)
        | E::HttpResponseHeaderSectionSize(_)
        | E::HttpRequestUriTooLong => host(ErrorKind::Limit),
        E::DnsTimeout | E::ConnectionTimeout => Failure::timeout("no connection in time", false),
        E::ConnectionReadTimeout | E::ConnectionWriteTimeout | E::HttpResponseTimeout => {
            Failure::timeout("no answer in time", true)
        }
        E::DnsError(_) => Failure::unreachable("the name cannot be resolved", false),
        E::ConnectionRefused => Failure::unreachable("the connection was refused", false),
        E::DestinationNotFound | E::DestinationUnavailable | E::DestinationIpUnroutable => {
            Failure::unreachable("there is no way to that address", false)
        }
        E::ConnectionTerminated | E::HttpResponseIncomplete => interrupted("exchange"),
        E::InternalError(Some(words)) => Failure::protocol(words.clone()),
        _ => Failure::protocol(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_have_arrived_counts_as_sent() {
        let sent = |code| match failure(code) {
            Failure::Timeout(lost) | Failure::Unreachable(lost) => Some(lost.sent),
            _ => None,
        };
        for code in [ErrorCode::ConnectionTimeout, ErrorCode::ConnectionRefused] {
            assert_eq!(sent(code), Some(false));
        }
        for code in [ErrorCode::HttpResponseTimeout, ErrorCode::ConnectionTerminated] {
            assert_eq!(sent(code), Some(true));
        }
        assert_eq!(sent(ErrorCode::TlsCertificateError), None);
    }

    #[test]
    fn the_host_s_refusals_are_told_apart() {
        let planned = ErrorCode::InternalError(Some("planned: GET /api/ was not sent".into()));
        assert_eq!(failure(planned), Failure::Planned);
        let kind = |code| match failure(code) {
            Failure::Host(error) => Some(error.kind),
            _ => None,
        };
        assert_eq!(kind(ErrorCode::HttpRequestDenied), Some(ErrorKind::Denied));
        assert_eq!(kind(ErrorCode::HttpResponseBodySize(Some(1))), Some(ErrorKind::Limit));
        for code in [ErrorCode::HttpRequestMethodInvalid, ErrorCode::HttpRequestUriInvalid] {
            assert_eq!(kind(code), Some(ErrorKind::Invalid));
        }
        for (words, expected) in [("limit: x", ErrorKind::Limit), ("budget: x", ErrorKind::Budget)]
        {
            assert_eq!(kind(ErrorCode::InternalError(Some(words.into()))), Some(expected));
        }
        let other = ErrorCode::InternalError(Some("odd".into()));
        assert_eq!(failure(other), Failure::protocol("odd"));
    }
}
