//! The HTTP surface: `/api` and `/api/`, with a function or without.
//!
//! 200 when done, 500 when refused, as vMix documents; 404 elsewhere, 405 for other methods.

use super::call::Call;
use super::shared::{Shared, Via};
use crate::background;
use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;

pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    background::accept(listener, |stream| {
        let shared = shared.clone();
        async move {
            let service = service_fn(move |request| {
                let answer = answer(&shared, &request);
                async move { Ok::<_, Infallible>(answer) }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            // A client that hangs up ends its own connection only.
            let _ = connection.serve_connection(TokioIo::new(stream), service).await;
        }
    })
    .await;
}

fn answer(shared: &Shared, request: &Request<hyper::body::Incoming>) -> Response<Full<Bytes>> {
    let query = request.uri().query().unwrap_or_default();
    let call = Call::parse(query);
    let function = (!call.function.is_empty()).then(|| call.function.clone());
    shared.record(Via::Http, format!("{} {}", request.method(), request.uri()), function.clone());
    if !matches!(request.uri().path(), "/api" | "/api/") {
        return text(StatusCode::NOT_FOUND, "text/plain", "not found".into());
    }
    if request.method() != Method::GET {
        return text(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "use GET".into());
    }
    if function.is_none() {
        return text(StatusCode::OK, "text/xml; charset=utf-8", shared.xml());
    }
    match shared.call(&call) {
        Ok(()) => text(StatusCode::OK, "text/html", "Function completed successfully.".into()),
        Err(refused) => text(StatusCode::INTERNAL_SERVER_ERROR, "text/html", refused.0),
    }
}

fn text(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
