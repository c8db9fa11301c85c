//! Finds a secret in an answer, in the spellings in which servers repeat things.
//!
//! Searched for: the value itself, base64 (standard and URL alphabet, at each of the three offsets
//! at which it may stand inside something longer), hexadecimal in either case, percent- and
//! form-encoding, JSON and XML escapes; and the same again inside percent-decoded text and decoded
//! JSON strings. Not found: values shorter than four bytes (they would match everywhere) and
//! encodings nobody told us about; the control against those is that a secret goes to one host
//! only.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, percent_encode};
use serde_json::Value;
use std::borrow::Cow;
use zeroize::Zeroizing;

/// Shorter values are not searched for: three bytes occur by chance in any long answer.
const VALUE_BYTES_MIN: usize = 4;
/// Shorter pieces of base64 are not searched for, for the same reason.
const BASE64_CHARS_MIN: usize = 6;
/// `%41`.
const PERCENT_ENCODED_BYTES: usize = 3;
/// What stands in place of a secret that the manifest lets the provider echo.
pub const REDACTED: &str = "[redacted]";

/// Everything searched for in one call's answers. Its `Debug` says nothing: a searcher's own would
/// spell out every value.
pub struct Needles {
    exact: AhoCorasick,
    folded: AhoCorasick,
    longest: usize,
}

impl Needles {
    /// Spells out the values. `None` when there is nothing long enough, or it cannot be searched.
    pub fn new<'a>(values: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let (mut exact, mut folded) = (Vec::new(), Vec::new());
        for value in values.filter(|value| value.len() >= VALUE_BYTES_MIN) {
            spell(value, &mut exact);
            folded.push(hex::encode(value).into_bytes());
        }
        let longest = exact.iter().chain(&folded).map(Vec::len).max()?;
        let build = |patterns: &[Vec<u8>], fold: bool| {
            AhoCorasickBuilder::new()
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .match_kind(MatchKind::LeftmostLongest)
                .ascii_case_insensitive(fold)
                .build(patterns)
                .ok()
        };
        let found = Self { exact: build(&exact, false)?, folded: build(&folded, true)?, longest };
        wipe(exact);
        wipe(folded);
        Some(found)
    }

    /// Bytes that must be kept from one piece of a stream to judge the next: a value may be written
    /// with a percent sign for every byte, also for those that need none.
    fn overlap(&self) -> usize {
        (self.longest * PERCENT_ENCODED_BYTES).saturating_sub(1)
    }

    /// Whether any value is in these bytes.
    pub fn found_in(&self, bytes: &[u8]) -> bool {
        self.plain(bytes) || self.plain(&unescaped(bytes)) || self.json_strings(bytes)
    }

    fn plain(&self, bytes: &[u8]) -> bool {
        self.exact.is_match(bytes) || self.folded.is_match(bytes)
    }

    fn json_strings(&self, bytes: &[u8]) -> bool {
        // Without an escape the strings are what the plain search has seen.
        bytes.contains(&b'\\')
            && serde_json::from_slice::<Value>(bytes).is_ok_and(|value| self.in_value(&value))
    }

    fn in_value(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.plain(text.as_bytes()),
            Value::Array(items) => items.iter().any(|item| self.in_value(item)),
            Value::Object(members) => members
                .iter()
                .any(|(key, value)| self.plain(key.as_bytes()) || self.in_value(value)),
            _ => false,
        }
    }

    /// The bytes with every value replaced; all of them, if one hides where it cannot be cut out.
    pub fn redact(&self, bytes: &[u8]) -> Vec<u8> {
        let replace = |searcher: &AhoCorasick, bytes: &[u8]| {
            let mut out = Vec::with_capacity(bytes.len());
            let mut from = 0;
            for hit in searcher.find_iter(bytes) {
                out.extend_from_slice(bytes.get(from..hit.start()).unwrap_or_default());
                out.extend_from_slice(REDACTED.as_bytes());
                from = hit.end();
            }
            out.extend_from_slice(bytes.get(from..).unwrap_or_default());
            out
        };
        let redacted = replace(&self.folded, &replace(&self.exact, bytes));
        if self.found_in(&redacted) { REDACTED.into() } else { redacted }
    }
}

impl std::fmt::Debug for Needles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Needles(…)")
    }
}

/// The end of what a peer said before, so that a secret cut in two is noticed with its second half.
#[derive(Default)]
pub struct Tail(Zeroizing<Vec<u8>>);

impl Tail {
    /// Whether a value stands across the end of what came before and this piece; remembers the
    /// piece's own end.
    pub fn joins(&mut self, needles: &Needles, piece: &[u8]) -> bool {
        let overlap = needles.overlap();
        let head = piece.get(..overlap).unwrap_or(piece);
        let seam = Zeroizing::new([self.0.as_slice(), head].concat());
        let joins = !self.0.is_empty() && needles.found_in(&seam);
        let whole = if piece.len() >= overlap { piece } else { seam.as_slice() };
        let kept = whole.get(whole.len().saturating_sub(overlap)..).unwrap_or_default().to_vec();
        self.0 = Zeroizing::new(kept);
        joins
    }
}

/// A searcher's own copies of secrets live as long as the call; these need not.
fn wipe(patterns: Vec<Vec<u8>>) {
    for mut pattern in patterns {
        zeroize::Zeroize::zeroize(&mut pattern);
    }
}

fn unescaped(bytes: &[u8]) -> Cow<'_, [u8]> {
    percent_decode(bytes).into()
}

fn spell(value: &[u8], into: &mut Vec<Vec<u8>>) {
    into.push(value.to_vec());
    into.push(STANDARD.encode(value).into_bytes());
    for offset in 0..3 {
        let mut shifted = vec![0; offset];
        shifted.extend_from_slice(value);
        let whole = shifted.len() * 8 / 6;
        let first = offset + usize::from(offset > 0);
        for text in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            let core = text.get(first..whole).unwrap_or_default();
            if core.len() >= BASE64_CHARS_MIN {
                into.push(core.as_bytes().to_vec());
            }
        }
    }
    into.push(percent_encode(value, NON_ALPHANUMERIC).to_string().into_bytes());
    into.push(url::form_urlencoded::byte_serialize(value).collect::<String>().into_bytes());
    if let Ok(text) = std::str::from_utf8(value) {
        let quoted = Value::from(text).to_string();
        let inner = quoted.get(1..quoted.len() - 1).unwrap_or_default();
        into.push(inner.as_bytes().to_vec());
        into.push(inner.replace('/', "\\/").into_bytes());
        into.extend(in_xml(text).map(String::into_bytes));
    }
}

/// How XML and HTML write it, with the names of the quotes and with their two usual numbers.
fn in_xml(text: &str) -> impl Iterator<Item = String> {
    let plain = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let quotes = [
        ("\"", "'"),
        ("&quot;", "'"),
        ("&quot;", "&apos;"),
        ("&quot;", "&#39;"),
        ("&#34;", "&#39;"),
        ("&#x22;", "&#x27;"),
        ("&quot;", "&#x27;"),
    ];
    quotes.into_iter().map(move |(double, single)| plain.replace('"', double).replace('\'', single))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"p\xc3\xa4ss/w\"rd+9?";

    fn needles() -> Needles {
        Needles::new([SECRET].into_iter()).unwrap()
    }

    #[test]
    fn every_usual_spelling_is_found() {
        let text = std::str::from_utf8(SECRET).unwrap();
        let upper = hex::encode(SECRET).to_uppercase();
        let over_escaped: String = SECRET.iter().map(|byte| format!("%{byte:02x}")).collect();
        let mut rows = vec![
            SECRET.to_vec(),
            hex::encode(SECRET).into_bytes(),
            upper.into_bytes(),
            over_escaped.into_bytes(),
            b"p%C3%A4ss%2Fw%22rd%2B9%3F".to_vec(),
            b"p%c3%a4ss/w%22rd+9?".to_vec(),
            Value::from(text).to_string().into_bytes(),
            br#"{"a":["p\u00e4ss\/w\u0022rd\u002b9?"]}"#.to_vec(),
            br#"{"p\u00e4ss/w\"rd+9?":1}"#.to_vec(),
        ];
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "x", "xy"] {
                let longer = [before.as_bytes(), SECRET, after.as_bytes()].concat();
                rows.push(STANDARD.encode(&longer).into_bytes());
                rows.push(URL_SAFE_NO_PAD.encode(&longer).into_bytes());
            }
        }
        for row in rows {
            let inside = [b"..", &row[..], b".."].concat();
            let shown = String::from_utf8_lossy(&inside);
            assert!(needles().found_in(&row) || needles().found_in(&inside), "{shown}");
        }
    }

    #[test]
    fn what_is_not_the_secret_is_left_alone() {
        for text in ["", "password", "p\u{e4}ss/w", r#"{"a":"p\u00e4ss"}"#, "cMOkc3"] {
            assert!(!needles().found_in(text.as_bytes()), "{text}");
            assert_eq!(needles().redact(text.as_bytes()), text.as_bytes());
        }
    }

    #[test]
    fn short_values_are_not_searched_for() {
        assert!(Needles::new([&b"abc"[..], b""].into_iter()).is_none());
        assert!(Needles::new([&b"abcd"[..]].into_iter()).unwrap().found_in(b"xabcdx"));
    }

    #[test]
    fn redaction_leaves_nothing_of_it() {
        let body = [b"a ", SECRET, b" b ", hex::encode(SECRET).as_bytes(), b" c"].concat();
        assert_eq!(needles().redact(&body), b"a [redacted] b [redacted] c");
        let hidden = br#"{"a":"p\u00e4ss\/w\u0022rd\u002b9?"}"#;
        assert_eq!(needles().redact(hidden), REDACTED.as_bytes());
    }
    #[test]
    fn cut_anywhere_it_is_noticed_in_every_spelling_of_bytes() {
        let over_escaped: String = SECRET.iter().map(|byte| format!("%{byte:02x}")).collect();
        for spelling in [SECRET, over_escaped.as_bytes(), &STANDARD.encode(SECRET).into_bytes()] {
            let said = [b"before ", spelling, b" behind"].concat();
            for size in 1..said.len() {
                let mut tail = Tail::default();
                let noticed = said.chunks(size).fold(false, |before, piece| {
                    tail.joins(&needles(), piece) | needles().found_in(piece) | before
                });
                assert!(noticed, "{size} bytes of {}", String::from_utf8_lossy(spelling));
            }
        }
    }
}
