//! Endpoints and traffic rules: addresses that are settings or names, never wildcards; rules that
//! can match and tables that exist.

use super::at::At;
use super::commands::pointer;
use super::is_plain;
use crate::ManifestError;
use crate::model::{EffectSource, Endpoint, Kind, Parameter, Predicate, Rule};
use crate::template::{Part, Piece, Template};
use if_core::Protocol;
use std::collections::BTreeSet;
use std::net::Ipv6Addr;

/// Most endpoints: each message is compared with all of them.
const ENDPOINTS_MAX: usize = 32;

/// Most rules of an endpoint, for the same reason; many effects belong into a table.
const RULES_MAX: usize = 200;

/// Highest word of a line that may decide its effect.
const LINE_WORD_MAX: u8 = 15;

/// All endpoints of the plugin.
pub(super) fn endpoints(at: &At<'_>, it: &Predicate) -> Result<(), ManifestError> {
    at.require(it.endpoints.len() <= ENDPOINTS_MAX, || format!("has more than {ENDPOINTS_MAX}"))?;
    let mut names = BTreeSet::new();
    let mut places = BTreeSet::new();
    for (index, endpoint) in it.endpoints.iter().enumerate() {
        let at = &at.index(index);
        at.field("name").require(names.insert(&endpoint.name), || {
            format!("`{}` stands twice", endpoint.name)
        })?;
        one(at, it, endpoint)?;
        for protocol in &endpoint.protocols {
            let word = format!("{protocol:?}");
            at.require(places.insert((&endpoint.host, &endpoint.port, word)), || {
                "another endpoint has the same protocol, host and port: which rules would hold?"
                    .into()
            })?;
        }
    }
    Ok(())
}

fn one(at: &At<'_>, it: &Predicate, endpoint: &Endpoint) -> Result<(), ManifestError> {
    at.field("protocols").require(!endpoint.protocols.is_empty(), || "must name one".into())?;
    host(&at.field("host"), &it.settings, &endpoint.host)?;
    port(&at.field("port"), &it.settings, &endpoint.port)?;
    let rules = &at.field("rules");
    rules.require(endpoint.rules.len() <= RULES_MAX, || format!("has more than {RULES_MAX}"))?;
    for (index, one) in endpoint.rules.iter().enumerate() {
        rule(&rules.index(index), it, endpoint, one)?;
    }
    Ok(())
}

fn host(at: &At<'_>, settings: &[Parameter], text: &str) -> Result<(), ManifestError> {
    let template = Template::parse(text).map_err(|error| at.fault(error.to_string()))?;
    at.require(!template.pieces().is_empty(), || "must not be empty".into())?;
    for (piece, name) in template.pieces().iter().filter_map(named) {
        let setting = setting(at, settings, name)?;
        let text = matches!(setting.kind, Kind::String { .. } | Kind::Enum { .. });
        match piece {
            Piece::Part(_, part) => {
                at.require(*part == Part::Host, || "needs a URL's host, not its port".into())?;
                is_url(at, setting)?;
            }
            _ => at.require(text, || format!("setting `{name}` must be a string or an enum"))?,
        }
        // A default would grant a place that nobody who added the instance ever saw.
        at.require(setting.required && setting.default.is_none(), || {
            format!("setting `{name}` must be required and have no default: it is a grant")
        })?;
    }
    let literal = |piece: &Piece| match piece {
        Piece::Setting(_) | Piece::Part(..) => true,
        Piece::Literal(text) => text.bytes().all(is_host_byte),
    };
    let single = template.settings().next().is_none();
    let ok = match single {
        true => is_host(text),
        false => template.pieces().iter().all(literal) && !text.contains(".."),
    };
    at.require(ok, || {
        format!(
            "`{text}` must be a lower-case name, an address or settings in braces: no wildcards"
        )
    })
}

/// A piece that stands for a setting, with the setting's name.
fn named(piece: &Piece) -> Option<(&Piece, &str)> {
    match piece {
        Piece::Setting(name) | Piece::Part(name, _) => Some((piece, name)),
        Piece::Literal(_) => None,
    }
}

fn is_url(at: &At<'_>, setting: &Parameter) -> Result<(), ManifestError> {
    at.require(matches!(setting.kind, Kind::Url { .. }), || {
        format!("setting `{}` must be a url", setting.name)
    })
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
}

/// A host name (RFC 1123) or an address literal; IPv6 without brackets.
pub(crate) fn is_host(text: &str) -> bool {
    let label = |part: &str| {
        !part.is_empty() && part.len() <= 63 && !part.starts_with('-') && !part.ends_with('-')
    };
    let name = text.len() <= 253 && text.bytes().all(is_host_byte) && text.split('.').all(label);
    name || text.parse::<Ipv6Addr>().is_ok()
}

fn port(at: &At<'_>, settings: &[Parameter], text: &str) -> Result<(), ManifestError> {
    let template = Template::parse(text).map_err(|error| at.fault(error.to_string()))?;
    match template.pieces() {
        [Piece::Literal(number)] => {
            let ok =
                number.parse::<u16>().is_ok_and(|port| port > 0 && port.to_string() == *number);
            at.require(ok, || format!("`{number}` must be a number from 1 to 65535"))
        }
        [Piece::Setting(name)] => {
            let setting = setting(at, settings, name)?;
            let int = matches!(setting.kind, Kind::Int { .. });
            at.require(int, || format!("setting `{name}` must be an int"))?;
            // The value is written into the instance when it is added, so a default may exist.
            at.require(setting.required || setting.default.is_some(), || {
                format!("setting `{name}` must be required or have a default")
            })
        }
        [Piece::Part(name, Part::Port)] => is_url(at, setting(at, settings, name)?),
        _ => Err(at.fault("must be a number or one setting in braces")),
    }
}

fn setting<'s>(
    at: &At<'_>,
    settings: &'s [Parameter],
    name: &str,
) -> Result<&'s Parameter, ManifestError> {
    let found = settings.iter().find(|setting| setting.name.as_str() == name);
    found.ok_or_else(|| at.fault(format!("there is no setting `{name}`")))
}

/// Deepest segment of a path that may decide its effect.
const PATH_SEGMENT_MAX: u8 = 15;

/// What an endpoint's messages look like, whichever of its protocols is used.
pub(super) struct Talks {
    pub http: bool,
    pub websocket: bool,
    pub lines: bool,
}

impl Talks {
    pub fn of(endpoint: &Endpoint) -> Talks {
        let any = |of: &[Protocol]| endpoint.protocols.iter().any(|one| of.contains(one));
        Talks {
            http: any(&[Protocol::Http, Protocol::Https]),
            websocket: any(&[Protocol::Ws, Protocol::Wss]),
            lines: any(&[Protocol::Tcp, Protocol::Tls, Protocol::Udp]),
        }
    }
}

fn rule(
    at: &At<'_>,
    it: &Predicate,
    endpoint: &Endpoint,
    rule: &Rule,
) -> Result<(), ManifestError> {
    let talks = Talks::of(endpoint);
    if let Some(text) = &rule.method {
        method(&at.field("method"), text)?;
        at.field("method").require(talks.http || talks.lines, || "needs http or SIP".into())?;
    }
    if let Some(text) = &rule.path {
        path_pattern(&at.field("path"), text)?;
        at.field("path").require(talks.http, || "needs an http endpoint".into())?;
    }
    let has_query = talks.http || rule.line.is_some();
    at.field("query").require(rule.query.is_empty() || has_query, || {
        "needs an http endpoint, or a `line` with a query behind its second blank".into()
    })?;
    for (name, value) in &rule.query {
        let fine = !name.is_empty() && is_plain(name) && is_plain(value);
        at.field("query").key(name).require(fine, || "must be plain text".into())?;
    }
    at.field("json").require(rule.json.is_empty() || talks.http || talks.websocket, || {
        "needs an http or ws endpoint".into()
    })?;
    for place in rule.json.keys() {
        pointer(&at.field("json").key(place), place)?;
    }
    at.field("line").require(rule.line.is_none() || talks.lines, || {
        "needs a tcp, tls or udp endpoint".into()
    })?;
    effect(&at.field("effect"), it, &talks, &rule.effect)
}

fn effect(
    at: &At<'_>,
    it: &Predicate,
    talks: &Talks,
    source: &EffectSource,
) -> Result<(), ManifestError> {
    let EffectSource::Table(source) = source else { return Ok(()) };
    at.field("table").require(it.tables.contains_key(&source.table), || {
        format!("there is no table `{}`", source.table)
    })?;
    let at = &at.field("key");
    source.places().try_for_each(|place| table_place(at, talks, place))
}

/// One place of a table's key.
fn table_place(
    at: &At<'_>,
    talks: &Talks,
    place: Option<(&str, &str)>,
) -> Result<(), ManifestError> {
    let index = |word: &str, most: u8| word.parse::<u8>().is_ok_and(|index| index <= most);
    match place {
        Some(("json", place)) => {
            at.require(talks.http || talks.websocket, || "needs an http or ws endpoint".into())?;
            pointer(at, place)
        }
        Some(("query", name)) => at
            .require(talks.http && !name.is_empty() && is_plain(name), || {
                "`query:` needs an http endpoint and a name".into()
            }),
        Some(("path", segment)) => at
            .require(talks.http && index(segment, PATH_SEGMENT_MAX), || {
                format!("`path:` needs an http endpoint and 0 to {PATH_SEGMENT_MAX}")
            }),
        Some(("line", word)) => at.require(talks.lines && index(word, LINE_WORD_MAX), || {
            format!("`line:` needs a tcp, tls or udp endpoint and 0 to {LINE_WORD_MAX}")
        }),
        _ => Err(at.fault(
            "must be json:<pointer>, query:<name>, path:<index> or line:<index>; several with ` \
             . `",
        )),
    }
}

pub(super) fn method(at: &At<'_>, text: &str) -> Result<(), ManifestError> {
    let upper = (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase());
    at.require(upper, || format!("`{text}` must be a method in capital letters"))
}

/// `/a/*/b`, `/a/**`: `*` is a whole segment, `**` only the last one; nothing that a server might
/// read differently (`//`, `..`, escapes, a query).
pub(super) fn path_pattern(at: &At<'_>, text: &str) -> Result<(), ManifestError> {
    let segments: Vec<&str> = text.split('/').collect();
    let last = segments.len().saturating_sub(1);
    let segment = |(index, part): (usize, &&str)| match *part {
        "" => index == 0 || index == last,
        "*" => true,
        "**" => index == last,
        "." | ".." => false,
        part => !part.contains(['*', '?', '#', '%', '\\']) && is_plain(part),
    };
    let ok = text.starts_with('/') && segments.iter().enumerate().all(segment);
    at.require(ok, || {
        format!("`{text}` must begin with /; `*` is one segment and `**` only the last")
    })
}
