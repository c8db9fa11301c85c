//! Whether a line printed what its page says.
//!
//! Runs of blanks count as one, because the width of a table follows its contents. `…` stands for
//! anything within a line; alone on a line, for any lines or none.

/// Nothing when `actual` is as `expected` says; else both, for a person to compare.
pub fn difference(expected: &str, actual: &str) -> Option<String> {
    let (wanted, found) = (lines(expected), lines(actual));
    let alike = alike(&wanted, &found);
    (!alike).then(|| format!("the page says:\n{expected}\nbut it printed:\n{actual}"))
}

fn lines(text: &str) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    text.trim_end().lines().map(words).collect()
}

fn alike(wanted: &[String], found: &[String]) -> bool {
    match wanted.split_first() {
        None => found.is_empty(),
        Some((line, rest)) if line == "…" => {
            (0..=found.len()).any(|skip| alike(rest, found.get(skip..).unwrap_or_default()))
        }
        Some((line, rest)) => {
            let Some((first, others)) = found.split_first() else { return false };
            line_is_alike(line, first) && alike(rest, others)
        }
    }
}

/// The pieces between the gaps stand in the line in their order, the outer ones at its ends.
fn line_is_alike(wanted: &str, found: &str) -> bool {
    let mut pieces = wanted.split('…');
    let Some(mut rest) = pieces.next().and_then(|first| found.strip_prefix(first)) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some((_, behind)) = rest.split_once(piece) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expected: &str, actual: &str, alike: bool) {
        assert_eq!(difference(expected, actual).is_none(), alike, "{expected:?} and {actual:?}");
    }

    #[test]
    fn what_changes_from_run_to_run_is_written_as_a_gap() {
        check("a b\nc", "a   b\nc\n", true);
        check("a b\nc", "a b", false);
        check("a b", "a b\nc", false);
        check("took … ms", "took 12 ms", true);
        check("took … ms", "took 12 s", false);
        check("… and … end", "x and y end", true);
        check("… and … end", "x or y end", false);
        check("a…", "a", true);
        check("a…a", "a", false);
        check("first\n…\nlast", "first\n1\n2\nlast", true);
        check("first\n…\nlast", "first\nlast", true);
        check("first\n…\nlast", "first\n1\nlas", false);
        check("…", "", true);
        check("", "x", false);
        check("", "", true);
    }

    #[test]
    fn a_difference_shows_both() {
        let text = difference("a\n", "b\n").unwrap();
        assert!(text.contains("says:\na") && text.contains("printed:\nb"), "{text}");
    }
}
