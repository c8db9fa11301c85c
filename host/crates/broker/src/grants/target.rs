//! Where an HTTP request wants to go, split once, before any rule looks at it.
//!
//! The text is cut by hand first, so that a host in an odd spelling is seen as the guest wrote it;
//! the URL library then gives the path and query that are classified *and* sent: there is no second
//! reading. Userinfo, fragments, backslashes and control characters are refused.

use super::host::{HostName, shown};
use crate::BrokerError;
use if_core::Protocol;
use url::Url;

/// Longest URL. Servers refuse more than 8 KiB; placeholders and values need some room.
const URL_BYTES_MAX: usize = 16 << 10;

/// A request's destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpTarget {
    pub protocol: Protocol,
    pub host: HostName,
    pub port: u16,
    /// Starts with `/`, percent-encoded.
    pub path: String,
    /// Without `?`, percent-encoded.
    pub query: Option<String>,
}

impl HttpTarget {
    /// Splits an absolute `http` or `https` URL.
    pub fn parse(text: &str) -> Result<Self, BrokerError> {
        let invalid = |why: &str| BrokerError::Invalid(format!("URL `{}` {why}", shown(text)));
        if text.len() > URL_BYTES_MAX {
            return Err(BrokerError::TooLarge { what: "the URL", bytes_max: URL_BYTES_MAX as u64 });
        }
        if text.chars().any(|c| c.is_ascii_control() || c == '\\') || text.contains('#') {
            return Err(invalid("has a control character, backslash or fragment"));
        }
        let (protocol, port_usual, rest) = if let Some(rest) = text.strip_prefix("http://") {
            (Protocol::Http, 80, rest)
        } else if let Some(rest) = text.strip_prefix("https://") {
            (Protocol::Https, 443, rest)
        } else {
            return Err(invalid("is neither http:// nor https://"));
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(invalid("carries a user name"));
        }
        let (host, port) = split_port(authority).ok_or_else(|| invalid("has no valid port"))?;
        let host = HostName::parse(host)?;
        let parsed = Url::parse(text).map_err(|error| invalid(&error.to_string()))?;
        Ok(Self {
            protocol,
            host,
            port: port.unwrap_or(port_usual),
            path: parsed.path().to_owned(),
            query: parsed.query().map(str::to_owned),
        })
    }

    /// Path with query, as the request line carries it.
    pub fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }
}

/// `host`, `host:port`, `[v6]:port` into host and port; `None` for a bad port.
pub fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let after = authority.rfind(']').map_or(0, |at| at + 1);
    match authority.get(after..)?.rfind(':') {
        None => Some((authority, None)),
        Some(colon) => {
            let (host, digits) = authority.split_at(after + colon);
            let digits = digits.get(1..)?;
            let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
            let port = digits.parse().ok().filter(|port| plain && *port > 0)?;
            Some((host, Some(port)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_split_into_what_will_be_sent() {
        let target = HttpTarget::parse("https://Api.Example.com/a/../b?x=1 2").unwrap();
        assert_eq!(target.host.to_string(), "api.example.com");
        assert_eq!((target.port, target.path_and_query().as_str()), (443, "/b?x=1%202"));
        let target = HttpTarget::parse("http://[::1]:8088").unwrap();
        assert_eq!((target.port, target.path.as_str()), (8088, "/"));
        assert_eq!(HttpTarget::parse("http://h:8088?Function=Cut").unwrap().path, "/");
    }

    #[test]
    fn tricks_with_the_authority_are_refused() {
        for bad in [
            "ftp://a/",
            "//a/",
            "a/b",
            "HTTP://a/",
            "http:/a",
            "http:///a",
            "http://",
            "http://good@evil/",
            "http://good:pw@evil/",
            "http://a:0/",
            "http://a:99999/",
            "http://a:+80/",
            "http://a:/",
            "http://a\\@b/",
            "http://a/\nb",
            "http://a/#b",
            "http://0x7f.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://%31.0.0.1/",
            "http://a b/",
            "http://a\tb/",
            "http://[::1/",
            "http://::1/",
        ] {
            assert!(HttpTarget::parse(bad).is_err(), "{bad:?} -> {:?}", HttpTarget::parse(bad));
        }
        assert!(HttpTarget::parse(&format!("http://a/{}", "x".repeat(URL_BYTES_MAX))).is_err());
    }

    /// Pieces of which tricks are made.
    const PIECES: [&str; 34] = [
        "http://",
        "https://",
        "api.example.com",
        "evil.example",
        "127.0.0.1",
        "0x7f.1",
        "[::1]",
        "[",
        "]",
        "::1",
        "@",
        ":",
        "/",
        "//",
        "\\",
        "?",
        "#",
        "%2e",
        "%40",
        "%00",
        ".",
        "..",
        "443",
        "80",
        "0",
        " ",
        "\t",
        "\n",
        "\u{3002}",
        "\u{ff0f}",
        "\u{ff20}",
        "\u{ad}",
        ";",
        "a",
    ];

    /// Host and port as another library's parser sees them, in our own form.
    fn seen_by_http(text: &str) -> Option<(HostName, u16)> {
        let uri: http::Uri = text.parse().ok()?;
        let usual = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        Some((HostName::parse(uri.host()?).ok()?, uri.port_u16().unwrap_or(usual)))
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(20_000))]

        /// What is accepted goes where every other reader of the same text would go.
        #[test]
        fn no_other_parser_sees_another_host(
            secure: bool,
            pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..8),
        ) {
            let scheme = if secure { "https://" } else { "http://" };
            let text = format!("{scheme}{}", pieces.concat());
            if let Ok(target) = HttpTarget::parse(&text) {
                let url = Url::parse(&text).unwrap();
                let host = HostName::parse(url.host_str().unwrap()).unwrap();
                let seen = (host, url.port_or_known_default().unwrap());
                let ours = (target.host, target.port);
                proptest::prop_assert_eq!(&ours, &seen, "url: {}", &text);
                if let Some(seen) = seen_by_http(&text) {
                    proptest::prop_assert_eq!(&ours, &seen, "http: {}", &text);
                }
            }
        }
    }
}
