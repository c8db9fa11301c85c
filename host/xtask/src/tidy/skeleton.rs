//! Rust source without what it says: comments become blanks, literals become `x`, lines stay.
//!
//! Enough of the lexical grammar to count lines and match braces; it refuses nothing, since the
//! compiler does.

/// The skeleton: as many lines as the source, nothing but code in them.
pub fn of(source: &str) -> String {
    let mut scanner = Scanner { rest: source, skeleton: String::with_capacity(source.len()) };
    while scanner.step() {}
    scanner.skeleton
}

struct Scanner<'a> {
    rest: &'a str,
    skeleton: String,
}

impl Scanner<'_> {
    /// Takes one piece; false at the end.
    fn step(&mut self) -> bool {
        if self.rest.is_empty() {
            return false;
        }
        if self.rest.starts_with("//") {
            self.blank(self.rest.find('\n').unwrap_or(self.rest.len()), ' ');
        } else if self.rest.starts_with("/*") {
            self.blank(block_comment(self.rest), ' ');
        } else if let Some(length) = self.literal() {
            self.blank(length, 'x');
        } else if let Some(next) = self.rest.chars().next() {
            self.skeleton.push(next);
            self.rest = self.rest.get(next.len_utf8()..).unwrap_or_default();
        }
        true
    }

    /// Replaces so many bytes, line ends excepted.
    fn blank(&mut self, length: usize, with: char) {
        let (piece, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.skeleton.extend(piece.chars().map(|c| if c == '\n' { c } else { with }));
        self.rest = rest;
    }

    /// The length of the literal that starts here. A letter before it makes `r`, `b` or `c` the
    /// end of a word instead.
    fn literal(&self) -> Option<usize> {
        let in_word = |c: char| c.is_alphanumeric() || c == '_';
        let fresh = !self.skeleton.ends_with(in_word);
        let prefix = match self.rest {
            rest if !fresh || rest.starts_with(['"', '\'']) => 0,
            rest if rest.starts_with("br") || rest.starts_with("cr") => 2,
            rest if rest.starts_with(['r', 'b', 'c']) => 1,
            _ => 0,
        };
        let raw = prefix > 0 && self.rest.get(..prefix)?.ends_with('r');
        let body = self.rest.get(prefix..)?;
        if raw {
            return raw_string(body).map(|length| prefix + length);
        }
        if body.starts_with('"') {
            return Some(prefix + quoted(body, '"'));
        }
        character(body).map(|length| prefix + length)
    }
}

/// The length of a comment that may nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// `#…#"…"#…#`; none for a raw identifier.
fn raw_string(text: &str) -> Option<usize> {
    let hashes = text.len() - text.trim_start_matches('#').len();
    let body = text.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let inside = body.find(&end).unwrap_or(body.len());
    Some((hashes + 1 + inside + end.len()).min(text.len()))
}

/// The length up to and with the closing quote, escapes skipped.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == quote {
            return at + 1;
        }
    }
    text.len()
}

/// `'a'` or `'\n'`; none for a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut inside = text.strip_prefix('\'')?.chars();
    match inside.next()? {
        '\\' => Some(quoted(text, '\'')),
        other => inside.next().filter(|next| *next == '\'').map(|_| other.len_utf8() + 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_remains() {
        let check = |source: &str, expect: &str| assert_eq!(of(source), expect, "{source}");
        check("a // b {\nc", "a       \nc");
        check("a /* b /* c */ d */ e", "a                   e");
        check(r#"f("a { \" } b") + 1"#, r#"f(xxxxxxxxxxxx) + 1"#);
        check("r#\"a \" {\"# + r#type", "xxxxxxxxxx + r#type");
        check("for r in x", "for r in x");
        check("br\"{\" b'{' b\"}\"", "xxxxx xxxx xxxx");
        check("'{' '\\'' &'a str", "xxx xxxx &'a str");
        check("\"two\nlines\" x", "xxxx\nxxxxxx x");
        check("\"open", "xxxxx");
        check("'é' '\\u{7b}' '", "xxx xxxxxxxx '");
    }
}
