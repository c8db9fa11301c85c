//! A URL as an instance's setting: where something is, and nothing else.
//!
//! A scheme, a host, perhaps a port. A user name, a path, a query or a fragment is refused: none of
//! them can be granted, and some would hide where a request really goes. Whether the host is one
//! that may be reached is the broker's to say.

use std::net::Ipv6Addr;

/// The parts of a URL that a grant needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UrlParts<'a> {
    pub scheme: Scheme,
    /// Without brackets.
    pub host: &'a str,
    /// The scheme's usual one where none is written.
    pub port: u16,
}

/// Schemes that a setting may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
    Ws,
    Wss,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Scheme; 4] = [Scheme::Http, Scheme::Https, Scheme::Ws, Scheme::Wss];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::Ws => "ws",
            Scheme::Wss => "wss",
        }
    }

    /// Whether TLS protects it.
    pub fn is_secure(self) -> bool {
        matches!(self, Scheme::Https | Scheme::Wss)
    }

    fn port_usual(self) -> u16 {
        if self.is_secure() { 443 } else { 80 }
    }
}

impl<'a> UrlParts<'a> {
    /// Splits it.
    ///
    /// # Errors
    /// Why it is none, as the end of a sentence about the setting.
    pub fn parse(text: &'a str) -> Result<Self, &'static str> {
        let (word, rest) =
            text.split_once("://").ok_or("must be a URL such as http://name.local:8123")?;
        let scheme = Scheme::ALL.into_iter().find(|scheme| scheme.as_str() == word);
        let scheme = scheme.ok_or("must begin with http://, https://, ws:// or wss://")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('@') {
            return Err("must not hold a user name or a password");
        }
        let odd = |sign: char| "/?#\\%".contains(sign) || sign.is_whitespace() || sign.is_control();
        if rest.contains(odd) {
            return Err("must end behind its host and port");
        }
        let (host, digits) = split(rest).ok_or("must have one host, an IPv6 one in brackets")?;
        let port = match digits {
            None => scheme.port_usual(),
            Some(digits) => {
                port(digits).ok_or("must have a port from 1 to 65535, or leave it out")?
            }
        };
        Ok(Self { scheme, host, port })
    }
}

/// Host without brackets, and what stands behind its colon.
fn split(authority: &str) -> Option<(&str, Option<&str>)> {
    let (host, tail) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').filter(|(host, _)| host.parse::<Ipv6Addr>().is_ok())?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let digits = match tail {
        "" => None,
        tail => Some(tail.strip_prefix(':')?),
    };
    (!host.is_empty() && !host.contains(['[', ']'])).then_some((host, digits))
}

fn port(digits: &str) -> Option<u16> {
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|port| plain && *port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_scheme_host_and_port() {
        for (text, scheme, host, port) in [
            ("http://homeassistant.local:8123", Scheme::Http, "homeassistant.local", 8123),
            ("http://homeassistant.local:8123/", Scheme::Http, "homeassistant.local", 8123),
            ("http://10.0.0.7", Scheme::Http, "10.0.0.7", 80),
            ("https://ha.example", Scheme::Https, "ha.example", 443),
            ("wss://[::1]:9", Scheme::Wss, "::1", 9),
            ("ws://[fd00::7]", Scheme::Ws, "fd00::7", 80),
        ] {
            assert_eq!(UrlParts::parse(text), Ok(UrlParts { scheme, host, port }), "{text}");
        }
    }

    #[test]
    fn what_else_a_url_could_hide_is_refused() {
        for (text, why) in [
            ("homeassistant.local:8123", "such as"),
            ("ftp://a", "must begin"),
            ("HTTP://a", "must begin"),
            ("http://", "one host"),
            ("http:///", "one host"),
            ("http://:80", "one host"),
            ("http://user:word@a", "user name"),
            ("http://a/api", "end behind"),
            ("http://a/../b", "end behind"),
            ("http://a?x", "end behind"),
            ("http://a#b", "end behind"),
            ("http://a\\b", "end behind"),
            ("http://%61", "end behind"),
            ("http://a b", "end behind"),
            ("http://a:", "a port"),
            ("http://a:0", "a port"),
            ("http://a:65536", "a port"),
            ("http://a:+80", "a port"),
            ("http://::1:80", "one host"),
            ("http://[::1", "one host"),
            ("http://[::1]80", "one host"),
            ("http://a]:80", "one host"),
            ("http://[name]:80", "one host"),
            ("http://[10.0.0.7]", "one host"),
        ] {
            let error = UrlParts::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
