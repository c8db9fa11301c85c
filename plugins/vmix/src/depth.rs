//! How deep XML is nested, found out before anybody walks down into it.
//!
//! A document of a few hundred kilobytes can open a hundred thousand elements, and whoever reads it
//! by recursion, the parser or we, runs out of stack: a trap and no answer. Comments, sections of
//! plain text and instructions hold no elements; what is not well-formed may be counted too high,
//! and is refused either way.

/// vMix nests seven deep. A level of XML can be two of JSON, of which the host takes 100.
const DEPTH_MAX: usize = 32;

/// Whether a reader may walk down.
pub fn is_bearable(xml: &str) -> bool {
    let (mut depth, mut rest) = (0usize, xml);
    while let Some((_, behind)) = rest.split_once('<') {
        rest = if let Some(comment) = behind.strip_prefix("!--") {
            past(comment, "-->")
        } else if let Some(text) = behind.strip_prefix("![CDATA[") {
            past(text, "]]>")
        } else if let Some(instruction) = behind.strip_prefix('?') {
            past(instruction, "?>")
        } else if let Some(end) = behind.strip_prefix('/') {
            depth = depth.saturating_sub(1);
            past(end, ">")
        } else {
            let (tag, rest) = opened(behind);
            if !tag.ends_with('/') {
                depth += 1;
            }
            if depth > DEPTH_MAX {
                return false;
            }
            rest
        };
    }
    true
}

/// What stands behind this, or nothing.
fn past<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

/// An opening tag up to its `>`, which may also stand in an attribute's value; and what follows.
fn opened(text: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, sign) in text.char_indices() {
        match (quote, sign) {
            (None, '>') => return text.split_at(at),
            (None, '"' | '\'') => quote = Some(sign),
            (Some(open), sign) if open == sign => quote = None,
            _ => {}
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_as_a_parser_would() {
        let nested = |levels: usize| "<a>".repeat(levels) + &"</a>".repeat(levels);
        assert!(is_bearable(&nested(DEPTH_MAX)));
        assert!(!is_bearable(&nested(DEPTH_MAX + 1)));
        assert!(is_bearable(&"<a/><a b=\"/>\" c='>'></a>".repeat(1_000)));
        assert!(is_bearable(&"<!-- <a> --><![CDATA[<a>]]><?x <a>?>".repeat(1_000)));
        // An end inside a comment ends nothing.
        assert!(!is_bearable(&"<a><!-- </a> -->".repeat(1_000)));
        assert!(!is_bearable(&"<a b='</a>'>".repeat(1_000)));
        for odd in ["", "<", "<a", "<!--", "<![CDATA[", "</", "<a b=\"", "text", "<>"] {
            assert!(is_bearable(odd), "{odd}");
        }
    }
}
