//! Paths and query strings as a rule may rely on them.
//!
//! A server may fold `..`, `//`, `%2F` or `;x` in its own way, split a query at `;`, ignore case in
//! parameter names or take the last of two. Whatever depends on such a taste matches no rule here.

use percent_encoding::percent_decode_str;

/// Whether a path means the same to every server.
pub fn path_is_plain(path: &str) -> bool {
    let Some(segments) = path.strip_prefix('/') else { return false };
    let lower = path.to_ascii_lowercase();
    let tricky = ["%2f", "%5c", "%2e", "%25", "%3b", "%00", "\\", ";", "?", "#"];
    let last = segments.split('/').count().saturating_sub(1);
    !tricky.iter().any(|piece| lower.contains(piece))
        && segments.split('/').enumerate().all(|(at, segment)| {
            segment != "." && segment != ".." && (!segment.is_empty() || at == last)
        })
}

/// Whether a plain path fits a pattern: `*` is one segment, a trailing `**` the rest.
pub fn path_matches(pattern: &str, path: &str) -> bool {
    let mut wanted = pattern.split('/');
    let mut segments = path.split('/');
    loop {
        match (wanted.next(), segments.next()) {
            (None, None) => return true,
            (Some("**"), Some(_)) => return wanted.next().is_none(),
            (Some("*"), Some(segment)) if !segment.is_empty() => {}
            (Some(want), Some(segment)) if decoded(segment).is_some_and(|text| text == want) => {}
            _ => return false,
        }
    }
}

/// The segment of this index, from 0, of a plain path; none when it is empty.
pub fn segment(path: &str, index: usize) -> Option<String> {
    let segment = path.strip_prefix('/')?.split('/').nth(index)?;
    decoded(segment).filter(|text| !text.is_empty())
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned())
}

/// What a query says about one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    Once(String),
    Absent,
    /// Twice, in another case, as `name[]`, or in a query that cannot be read one way.
    Ambiguous,
}

/// Looks up one parameter of a raw query.
pub fn parameter(query: Option<&str>, name: &str) -> Parameter {
    let Some(query) = query.filter(|query| !query.is_empty()) else { return Parameter::Absent };
    if query.contains(';') {
        return Parameter::Ambiguous;
    }
    let mut found = Parameter::Absent;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (raw_name, raw_value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(key), Some(value)) = (form_decoded(raw_name), form_decoded(raw_value)) else {
            return Parameter::Ambiguous;
        };
        if alike(&key) != alike(name) {
            continue;
        }
        if key != name || found != Parameter::Absent {
            return Parameter::Ambiguous;
        }
        found = Parameter::Once(value);
    }
    found
}

/// `+` is a blank, `%xx` a byte; `None` for broken escapes and for what is not UTF-8.
pub fn form_decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let escapes = spaced.split('%').skip(1);
    let sound = |rest: &str| {
        rest.get(..2).is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    };
    if escapes.into_iter().all(sound) { decoded(&spaced) } else { None }
}

/// What lenient servers take a parameter name for: without case, blanks and `[…]`.
fn alike(name: &str) -> String {
    let bare = name.split(['[', '\0']).next().unwrap_or_default();
    bare.trim().replace(['.', ' '], "_").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_may_match() {
        for good in ["/", "/api", "/api/", "/a%20b/c", "/bot123:abc/send", "/a.b/..c"] {
            assert!(path_is_plain(good), "{good}");
        }
        for bad in [
            "",
            "api",
            "//",
            "//api",
            "/api//",
            "/a/../b",
            "/..",
            "/.",
            "/a/./b",
            "/a%2Fb",
            "/a%2fb",
            "/%2e%2e/b",
            "/a%5Cb",
            "/a\\b",
            "/a;x=1",
            "/a%3Bx",
            "/a%00",
            "/%252e/",
        ] {
            assert!(!path_is_plain(bad), "{bad}");
        }
    }

    #[test]
    fn patterns_match_whole_segments() {
        let rows = [
            ("/api", "/api", true),
            ("/api", "/api/", false),
            ("/api/", "/api/", true),
            ("/api", "/API", false),
            ("/api", "/apix", false),
            ("/api", "/%61pi", true),
            ("/a/*", "/a/b", true),
            ("/a/*", "/a/", false),
            ("/a/*", "/a/b/c", false),
            ("/*/send", "/bot1/send", true),
            ("/a/**", "/a/b/c", true),
            ("/a/**", "/a/", true),
            ("/a/**", "/a", false),
            ("/**", "/", true),
            ("/a/**/b", "/a/x/b", false),
        ];
        for (pattern, path, expect) in rows {
            assert_eq!(path_matches(pattern, path), expect, "{pattern} {path}");
        }
    }

    #[test]
    fn a_parameter_is_there_once_or_not_at_all() {
        use Parameter::{Absent, Ambiguous, Once};
        let rows = [
            (None, Absent),
            (Some(""), Absent),
            (Some("Input=1"), Absent),
            (Some("Function=Cut"), Once("Cut".into())),
            (Some("Function=Cut&Input=1"), Once("Cut".into())),
            (Some("%46unction=%43ut"), Once("Cut".into())),
            (Some("Function=a+b"), Once("a b".into())),
            (Some("Function"), Once(String::new())),
            (Some("Function=A&Function=B"), Ambiguous),
            (Some("Function=A&%46unction=B"), Ambiguous),
            (Some("function=Cut"), Ambiguous),
            (Some("FUNCTION=Cut"), Ambiguous),
            (Some("Function[]=Cut"), Ambiguous),
            (Some("+Function=Cut"), Ambiguous),
            (Some("Function%00=Cut"), Ambiguous),
            (Some("Input=1;Function=Cut"), Ambiguous),
            (Some("x=%zz"), Ambiguous),
            (Some("x=%ff"), Ambiguous),
            (Some("x=%4"), Ambiguous),
        ];
        for (query, expect) in rows {
            assert_eq!(parameter(query, "Function"), expect, "{query:?}");
        }
    }
}
