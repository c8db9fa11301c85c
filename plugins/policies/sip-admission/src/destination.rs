//! Where a call goes, and which destinations a pattern means.
//!
//! Numbers follow E.164, addresses are the plainest of RFC 3261. Parameters (`;transport=udp`,
//! `;maddr=`), ports, escapes and display names would let an address mean another than it says, so
//! none is read.

use std::fmt;
use std::net::Ipv4Addr;

/// Most digits of a number: E.164.
const DIGITS_MAX: usize = 15;

/// Longest name of a domain: RFC 1035.
const DOMAIN_LENGTH_MAX: usize = 253;

/// Plainly readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// `+31201234567`
    Number(String),
    /// `sip:user@domain`, the domain in lower case.
    Address { user: String, domain: String },
}

/// Which destinations are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// `+31201234567`
    Number(String),
    /// `+3120*`
    Numbers(String),
    /// `sip:*@domain`
    Domain(String),
}

impl Destination {
    /// `None` where there is any doubt what it means.
    pub fn read(text: &str) -> Option<Self> {
        let address = behind(text, "sip:").or_else(|| behind(text, "sips:"));
        let Some(address) = address else {
            return number(behind(text, "tel:").unwrap_or(text)).map(Self::Number);
        };
        let (user, domain) = address.split_once('@')?;
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte);
        let plain = !user.is_empty() && user.bytes().all(legal);
        plain.then_some(Self::Address { user: user.to_owned(), domain: self::domain(domain)? })
    }

    /// The number that is called: itself, or the user of an address, whose domain is a gateway.
    fn number(&self) -> Option<String> {
        match self {
            Self::Number(number) => Some(number.clone()),
            Self::Address { user, .. } => number(user),
        }
    }

    /// An address whose user looks like a number, but has no country code.
    pub fn is_ambiguous(&self) -> bool {
        let letters = |user: &String| user.bytes().any(|byte| byte.is_ascii_alphabetic());
        match self {
            Self::Number(_) => false,
            Self::Address { user, .. } => {
                number(user).is_none() && (user.starts_with('+') || !letters(user))
            }
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.write_str(number),
            Self::Address { user, domain } => write!(f, "sip:{user}@{domain}"),
        }
    }
}

impl Pattern {
    /// `None` where it is none.
    pub fn read(text: &str) -> Option<Self> {
        match (behind(text, "sip:*@"), text.strip_suffix('*')) {
            (Some(domain), _) => self::domain(domain).map(Self::Domain),
            (None, Some(start)) => number(start).map(Self::Numbers),
            (None, None) => number(text).map(Self::Number),
        }
    }

    /// Whether it means exactly such a destination: what a list of those allowed asks. A number
    /// over a gateway is the gateway's.
    pub fn is_of(&self, to: &Destination) -> bool {
        match (self, to) {
            (Self::Domain(meant), Destination::Address { domain, .. }) => meant == domain,
            (_, Destination::Number(number)) => self.is_of_number(number),
            (_, Destination::Address { .. }) => false,
        }
    }

    /// Whether such a destination can be reached by it at all: what a list of those denied asks. A
    /// number over a gateway is the number.
    pub fn may_reach(&self, to: &Destination) -> bool {
        self.is_of(to) || to.number().is_some_and(|number| self.is_of_number(&number))
    }

    pub fn is_number(&self) -> bool {
        matches!(self, Self::Number(_) | Self::Numbers(_))
    }

    fn is_of_number(&self, number: &str) -> bool {
        match self {
            Self::Number(meant) => meant == number,
            Self::Numbers(start) => number.starts_with(start.as_str()),
            Self::Domain(_) => false,
        }
    }
}

/// What follows a scheme, in whichever case it is written.
fn behind<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// `+` and digits. A zero in brackets behind the country code, `+31 (0)20`, is dialled by some and
/// left out by others: that is no number.
fn number(text: &str) -> Option<String> {
    let joined: String = text.chars().filter(|it| !matches!(it, ' ' | '-' | '.')).collect();
    if joined.rfind("(0").is_some_and(|at| at > 0) {
        return None;
    }
    let plain: String = joined.chars().filter(|it| !matches!(it, '(' | ')')).collect();
    let digits = plain.strip_prefix('+').or_else(|| plain.strip_prefix("00"))?;
    let legal = (1..=DIGITS_MAX).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        // No country's code begins with a zero.
        && !digits.starts_with('0');
    legal.then(|| format!("+{digits}"))
}

/// A name, or an address of four decimal numbers and no other spelling of one.
fn domain(text: &str) -> Option<String> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let label = |label: &str| !label.is_empty() && label.bytes().all(legal);
    let last = text.rsplit('.').next()?;
    let numeric = last.starts_with(|first: char| first.is_ascii_digit());
    let named = !numeric || text.parse::<Ipv4Addr>().is_ok();
    let plain = text.len() <= DOMAIN_LENGTH_MAX && text.split('.').all(label);
    (plain && named).then(|| text.to_ascii_lowercase())
}
