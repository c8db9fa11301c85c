//! What is looked for: real service types, and probes narrow enough that only the device answers.

use super::at::At;
use super::is_plain;
use super::network::path_pattern;
use crate::ManifestError;
use crate::model::{Discover, Probe};
use std::collections::BTreeSet;

/// Most service types, and most probes: each probe is a request to every address around.
const COUNT_MAX: usize = 4;

/// Longest beginning of an answer: more is a page, not a mark.
const BEGINS_LENGTH_MAX: usize = 64;

pub(super) fn discover(at: &At<'_>, it: &Discover) -> Result<(), ManifestError> {
    let list = &at.field("mdns");
    list.require(it.mdns.len() <= COUNT_MAX, || format!("has more than {COUNT_MAX}"))?;
    for (index, service) in it.mdns.iter().enumerate() {
        list.index(index).require(is_service(service), || {
            format!("`{service}` must be a service type such as _http._tcp.local (RFC 6763)")
        })?;
    }
    let list = &at.field("probes");
    list.require(it.probes.len() <= COUNT_MAX, || format!("has more than {COUNT_MAX}"))?;
    let mut ports = BTreeSet::new();
    for (index, one) in it.probes.iter().enumerate() {
        let at = &list.index(index);
        at.field("port").require(one.port > 0 && ports.insert(one.port), || {
            format!("{} must be from 1 to 65535 and stand once", one.port)
        })?;
        probe(at, one)?;
    }
    Ok(())
}

fn probe(at: &At<'_>, it: &Probe) -> Result<(), ManifestError> {
    path_pattern(&at.field("path"), &it.path)?;
    at.field("path").require(!it.path.contains('*'), || "must be one path".into())?;
    at.require(it.begins.is_some() || it.status.is_some(), || {
        "needs `begins` or `status`: else every web server around would be reported".into()
    })?;
    if let Some(begins) = &it.begins {
        let fine = (1..=BEGINS_LENGTH_MAX).contains(&begins.len())
            && is_plain(begins)
            && !begins.starts_with(' ');
        at.field("begins")
            .require(fine, || format!("must be 1 to {BEGINS_LENGTH_MAX} bytes of plain text"))?;
    }
    let status = it.status.unwrap_or(200);
    at.field("status").require((200..600).contains(&status), || format!("{status} is no status"))
}

/// `_name._tcp.local`, RFC 6763 §7: up to 15 letters, digits and hyphens.
fn is_service(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |name: &str| (1..=15).contains(&name.len()) && name.bytes().all(legal);
    match text.split('.').collect::<Vec<_>>().as_slice() {
        [name, protocol, "local"] => {
            name.strip_prefix('_').is_some_and(label) && ["_tcp", "_udp"].contains(protocol)
        }
        _ => false,
    }
}
