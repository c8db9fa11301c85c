//! One message to a webhook of the operator's, named in the home: posted as JSON, and only how it
//! was taken is looked at. No plugin can name one.
//!
//! `https` only, verified, except to this very machine; no address of a metadata service; no
//! redirect followed; the answer is bounded in size and time, and is not kept.

use crate::grants::target::HttpTarget;
use crate::net::reach::{Unreached, reach};
use crate::net::system::Machine;
use crate::net::tls::Tls;
use crate::net::{http as wire, http::host_header};
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request};
use http_body_util::Full;
use std::path::Path;
use std::time::Duration;
use tokio::time::timeout;

/// Largest answer that is read: it says no more than that it was taken.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Longest time for all of it: somebody waits at a prompt.
const POST_MS_MAX: u64 = 5_000;

/// Whether this can be the address of a webhook.
///
/// # Errors
/// Why not, in a line.
pub fn check(url: &str) -> Result<(), String> {
    parse(url).map(|_| ())
}

fn parse(url: &str) -> Result<HttpTarget, String> {
    HttpTarget::parse(url).map_err(|_| "is no address such as https://host/path".to_owned())
}

fn unreached(why: Unreached) -> String {
    match why {
        Unreached::Plain => "its address is http:// and not this machine's".to_owned(),
        Unreached::Forbidden { host, address } => {
            format!("{host} is {address}, where no server can be")
        }
        Unreached::Failed(error) => error.to_string(),
    }
}

/// Posts a JSON body.
///
/// # Errors
/// It could not be reached in time, or did not take it; in a line.
pub async fn post(url: &str, ca_file: Option<&Path>, body: Vec<u8>) -> Result<(), String> {
    let target = parse(url)?;
    let request = request(&target, body)?;
    let tls = Tls::new(ca_file.map(Path::to_owned));
    let name = target.host.with_port(target.port);
    let exchange = async {
        let io = reach(&Machine, &tls, &target).await.map_err(unreached)?;
        let answer = wire::converse(io, &name, request, ANSWER_BYTES_MAX, || ()).await;
        answer.map_err(|error| error.to_string())
    };
    let late = |_| format!("{name} did not answer within {POST_MS_MAX} ms");
    let answer = timeout(Duration::from_millis(POST_MS_MAX), exchange).await.map_err(late)??;
    match (200..300).contains(&answer.status) {
        true => Ok(()),
        false => Err(format!("{name} answered {}", answer.status)),
    }
}

fn request(target: &HttpTarget, body: Vec<u8>) -> Result<Request<Full<Bytes>>, String> {
    let uri = match &target.query {
        Some(query) => format!("{}?{query}", target.path),
        None => target.path.clone(),
    };
    let request = Request::builder().method(Method::POST).uri(uri);
    let mut request =
        request.body(Full::new(Bytes::from(body))).map_err(|error| error.to_string())?;
    let host = host_header(target).map_err(|_| "has a host that cannot be asked for".to_owned())?;
    let headers = request.headers_mut();
    headers.insert(HOST, host);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one() {
        for good in ["https://hooks.example.com/a?b=c", "http://127.0.0.1:9/x"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["ftp://x/", "hooks.example.com", ""] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
