//! Host names in the one form in which they are compared.
//!
//! IDNA to ASCII, lower case, without the trailing dot; IPv4 as four decimal numbers; IPv6 with or
//! without brackets. Every other spelling of an address (`0x7f.1`, `017700000001`, `127.1`,
//! `2130706433`, full-width digits, percent escapes, zone ids) is refused, not interpreted: what
//! one parser reads as a name another reads as an address.

use crate::BrokerError;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Longest name in DNS (RFC 1035 §2.3.4), as text.
const NAME_LENGTH_MAX: usize = 253;

/// A checked host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostName {
    Name(String),
    Address(IpAddr),
}

impl HostName {
    /// Reads a host as settings, manifests and guests write it.
    pub fn parse(text: &str) -> Result<Self, BrokerError> {
        let odd = || BrokerError::HostSpelling(shown(text));
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Ok(v6) = bare.unwrap_or(text).parse::<Ipv6Addr>() {
            return Ok(Self::Address(IpAddr::V6(v6)));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() || name.contains(['%', '*']) || bare.is_some() {
            return Err(odd());
        }
        match url::Host::parse(name) {
            Ok(url::Host::Ipv4(v4)) if v4.to_string() == name => Ok(Self::Address(IpAddr::V4(v4))),
            Ok(url::Host::Domain(ascii)) => {
                // One dot may end it, in whatever script: two are another name to some resolvers.
                let dots = text.len() - name.len() + usize::from(ascii.ends_with('.'));
                if dots > 1 {
                    return Err(odd());
                }
                let ascii = ascii.strip_suffix('.').unwrap_or(&ascii).to_owned();
                // A sign of another width was not seen above, and means the same here.
                let sound = ascii.len() <= NAME_LENGTH_MAX
                    && !ascii.contains(['%', '*'])
                    && ascii.split('.').all(|label| !label.is_empty() && label.len() <= 63);
                if sound { Ok(Self::Name(ascii)) } else { Err(odd()) }
            }
            _ => Err(odd()),
        }
    }

    /// Whether no look-up is needed.
    pub fn is_literal(&self) -> bool {
        matches!(self, Self::Address(_))
    }

    /// The host with its port as a URL or a `Host` header writes it.
    pub fn with_port(&self, port: u16) -> String {
        format!("{self}:{port}")
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(v4)) => v4.fmt(f),
            Self::Address(IpAddr::V6(v6)) => write!(f, "[{v6}]"),
        }
    }
}

/// A guest's text, short enough and plain enough for a message.
pub fn shown(text: &str) -> String {
    text.chars().take(100).flat_map(char::escape_default).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_has_one_form() {
        let rows = [
            ("Example.COM", "example.com"),
            ("example.com.", "example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            ("studio-pc", "studio-pc"),
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "[::1]"),
            ("[::1]", "[::1]"),
            ("0:0:0:0:0:0:0:1", "[::1]"),
            ("::FFFF:1.2.3.4", "[::ffff:1.2.3.4]"),
        ];
        for (text, form) in rows {
            assert_eq!(HostName::parse(text).unwrap().to_string(), form, "{text}");
        }
    }

    #[test]
    fn odd_spellings_are_refused_not_read() {
        for bad in [
            "",
            ".",
            "..",
            "a..b",
            "example.com..",
            "example.com\u{3002}.",
            "example.com\u{ff0e}.",
            "\u{ff0a}.example.com",
            "a\u{ff0a}0.0.x.a",
            "0x7f.1",
            "0x7f000001",
            "017700000001",
            "127.1",
            "127.0.1",
            "2130706433",
            "0127.0.0.1",
            "127.0.0.1.1",
            "1.2.3.256",
            "１２７.0.0.1",
            "127。0。0。1x.1",
            "%31%32%37.0.0.1",
            "127.0.0.%31",
            "fe80::1%eth0",
            "[::1",
            "::1]",
            "[1.2.3.4]",
            "user@host",
            "host:80",
            "host/path",
            "host?x",
            "host#x",
            "a b",
            "a\0b",
            "a\nb",
            "a\\b",
            "http://x",
            "*",
            "*.a.b",
            &"a".repeat(64),
            &"a.".repeat(130),
        ] {
            assert!(HostName::parse(bad).is_err(), "{bad:?} -> {:?}", HostName::parse(bad));
        }
    }

    #[test]
    fn messages_show_foreign_text_escaped_and_cut() {
        assert_eq!(shown("a\u{1b}[31m\n"), "a\\u{1b}[31m\\n");
        assert_eq!(shown(&"x".repeat(500)).len(), 100);
    }
}
