//! A line as a shell reads it: its words without their quotes, and where it ends being one plain
//! command. Pure, and bounded by the line.
//!
//! Only as much of a shell's grammar as is needed to tell our own commands from everything else;
//! what is not understood (`$…`, backquotes) stays in the word and so resolves to no command.

/// A word and where it stands in the line, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub start: usize,
    pub end: usize,
    /// Some part of it was quoted or escaped: it is no reserved word.
    pub quoted: bool,
}

/// The words of a line and what stood between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// The words of the last simple command: behind the last unquoted `;`, `|`, `&`, `(` or line
    /// break.
    pub last: Vec<Token>,
    /// The words of the first simple command.
    pub first: Vec<Token>,
    /// The line ends in a blank: the next word has not begun.
    pub ends_in_blank: bool,
    /// The quote that is open at the line's end.
    pub open: Quote,
    /// An unquoted `;` or line break, or the unquoted word `then`, stands somewhere.
    pub is_compound: bool,
}

impl Line {
    /// Reads a line. An open quote is closed by the line's end.
    pub fn read(text: &str) -> Line {
        let mut reader = Reader::default();
        for (at, character) in text.char_indices() {
            reader.take(at, character);
        }
        reader.finish(text.len())
    }

    /// The words being completed, the last one perhaps empty.
    pub fn completing(&self) -> Vec<String> {
        let mut words: Vec<String> = self.last.iter().map(|token| token.text.clone()).collect();
        if self.ends_in_blank || words.is_empty() {
            words.push(String::new());
        }
        words
    }
}

/// How the next character would be read.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
pub enum Quote {
    #[default]
    None,
    Single,
    Double,
    /// One escaped character outside quotes, or inside double ones.
    Escape,
    EscapeInDouble,
}

impl Quote {
    /// The text so that a shell takes it as it is at this place; `None` where it cannot stand.
    pub fn apply(self, text: &str) -> Option<String> {
        let escaped = |needs: fn(char) -> bool| {
            let one = |c: char| if needs(c) { format!("\\{c}") } else { c.to_string() };
            text.chars().map(one).collect::<String>()
        };
        match self {
            Quote::Single => (!text.contains('\'')).then(|| text.to_owned()),
            Quote::Double | Quote::EscapeInDouble => {
                Some(escaped(|c| matches!(c, '"' | '\\' | '$' | '`')))
            }
            Quote::None | Quote::Escape => {
                Some(escaped(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && !PLAIN.contains(c)))
            }
        }
    }
}

/// What stands outside quotes without a meaning of its own, besides letters and digits. A tilde
/// has one at a word's beginning, and is not among them.
const PLAIN: &str = "-_./:=,@%+";

#[derive(Default)]
struct Reader {
    line: Line,
    word: Option<Token>,
    quote: Quote,
    segments: usize,
}

impl Reader {
    fn take(&mut self, at: usize, character: char) {
        match (self.quote, character) {
            (Quote::None, '\'') => self.open(at, Quote::Single),
            (Quote::None, '"') => self.open(at, Quote::Double),
            (Quote::None, '\\') => self.open(at, Quote::Escape),
            (Quote::None, ' ' | '\t') => self.end_word(at),
            (Quote::None, ';' | '\n') => {
                self.line.is_compound = true;
                self.end_segment(at);
            }
            (Quote::None, '|' | '&' | '(') => self.end_segment(at),
            (Quote::Single, '\'') | (Quote::Double, '"') => self.quote = Quote::None,
            (Quote::Double, '\\') => self.quote = Quote::EscapeInDouble,
            (Quote::Escape, _) => {
                self.quote = Quote::None;
                // An escaped line break joins two lines.
                if character != '\n' {
                    self.push(at, character);
                }
            }
            (Quote::EscapeInDouble, _) => {
                self.quote = Quote::Double;
                if !matches!(character, '"' | '\\' | '$' | '`') {
                    self.push(at, '\\');
                }
                self.push(at, character);
            }
            (_, character) => self.push(at, character),
        }
        let blank = matches!(character, ' ' | '\t' | ';' | '\n' | '|' | '&' | '(');
        self.line.ends_in_blank = blank && self.word.is_none();
    }

    fn word(&mut self, at: usize) -> &mut Token {
        let fresh = Token { text: String::new(), start: at, end: at, quoted: false };
        self.word.get_or_insert(fresh)
    }

    fn push(&mut self, at: usize, character: char) {
        self.word(at).text.push(character);
    }

    fn open(&mut self, at: usize, quote: Quote) {
        self.word(at).quoted = true;
        self.quote = quote;
    }

    fn end_word(&mut self, at: usize) {
        let Some(mut word) = self.word.take() else { return };
        word.end = at;
        self.line.is_compound |= word.text == "then" && !word.quoted;
        if self.segments == 0 {
            self.line.first.push(word.clone());
        }
        self.line.last.push(word);
    }

    fn end_segment(&mut self, at: usize) {
        self.end_word(at);
        self.segments += 1;
        self.line.last.clear();
    }

    fn finish(mut self, length: usize) -> Line {
        self.line.open = self.quote;
        self.end_word(length);
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(line: &str) -> Vec<String> {
        Line::read(line).first.into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_lose_their_quotes() {
        for (line, expect) in [
            (
                "if obs scene switch studio Main",
                vec!["if", "obs", "scene", "switch", "studio", "Main"],
            ),
            (
                "if  obs\tx 'a b' \"c \\\" \\d\" e\\ f",
                vec!["if", "obs", "x", "a b", "c \" \\d", "e f"],
            ),
            ("x --why='it''s' \"\"", vec!["x", "--why=its", ""]),
            ("x 'open end", vec!["x", "open end"]),
            ("x a\\", vec!["x", "a"]),
            ("x Bühne\\ 1", vec!["x", "Bühne 1"]),
            ("x a | y b", vec!["x", "a"]),
            ("", vec![]),
        ] {
            assert_eq!(first(line), expect, "{line}");
        }
    }

    #[test]
    fn a_compound_line_is_told_from_a_plain_one() {
        for (line, expect) in [
            ("if vmix cut studio", false),
            ("if vmix cut 'a; b'", false),
            ("if vmix cut a\\;b", false),
            ("if vmix cut \"a\nb\"", false),
            ("if vmix cut 'then'", false),
            ("if vmix cut studio | cat && true", false),
            ("if vmix cut studio; then", true),
            ("if vmix cut studio\nthen", true),
            ("if vmix cut studio && x then", true),
        ] {
            assert_eq!(Line::read(line).is_compound, expect, "{line}");
        }
    }

    #[test]
    fn the_word_under_the_cursor_is_the_last_of_the_last_command() {
        for (line, expect) in [
            ("ifctl vm", vec!["ifctl", "vm"]),
            ("ifctl vmix ", vec!["ifctl", "vmix", ""]),
            (
                "ifctl obs scene switch studio \"Main S",
                vec!["ifctl", "obs", "scene", "switch", "studio", "Main S"],
            ),
            ("ifctl x 'a b' ", vec!["ifctl", "x", "a b", ""]),
            ("ifctl x 'a ", vec!["ifctl", "x", "a "]),
            ("ifctl x a\\ ", vec!["ifctl", "x", "a "]),
            ("echo hi | ifctl vm", vec!["ifctl", "vm"]),
            ("echo hi;", vec![""]),
            ("", vec![""]),
        ] {
            assert_eq!(Line::read(line).completing(), expect, "{line:?}");
        }
    }

    /// Whatever a device calls a scene, a shell must read it as that name and run nothing.
    #[test]
    fn a_quoted_name_is_read_as_it_was() {
        for name in
            ["Main Scene", "it's $HOME", "$(x)`y`", "a\"b\\c", "~", "*?[#;&|<>(){}!^", "Bühne 1"]
        {
            for (quote, before) in [(Quote::None, ""), (Quote::Double, "\""), (Quote::Single, "'")]
            {
                let Some(quoted) = quote.apply(name) else {
                    assert!(quote == Quote::Single && name.contains('\''));
                    continue;
                };
                let line = format!("x {before}{quoted}{before} y");
                let expect = vec!["x".to_owned(), name.to_owned(), "y".to_owned()];
                assert_eq!(first(&line), expect, "{line}");
            }
        }
        assert_eq!(Line::read("x \"a b").open, Quote::Double);
        assert_eq!(Line::read("x 'a").open, Quote::Single);
        assert_eq!(Line::read("x 'a' b").open, Quote::None);
    }

    #[test]
    fn a_word_knows_its_place() {
        let line = "  if vmix";
        let token = &Line::read(line).first[0];
        assert_eq!((&line[token.start..token.end], token.quoted), ("if", false));
        assert!(Line::read("'if' vmix").first[0].quoted);
    }
}
