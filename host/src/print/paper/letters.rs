//! Text in the letters that every PDF reader has: Helvetica in the encoding of Windows (WinAnsi),
//! with the widths that Adobe published for it. What has no letter there is written out as its
//! number, `<U+4E2D>`: nothing is lost, and nothing passes for something else.

use crate::print::clean;

/// Widths of the letters from the blank to `~`, in thousandths of the size.
const ASCII: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// The same from 0xA0 to 0xFF, where the encoding is that of Latin 1.
const LATIN: [u16; 96] = [
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333, 400, 584, 333,
    333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611, 667, 667, 667, 667, 667, 667,
    1000, 722, 667, 667, 667, 667, 278, 278, 278, 278, 722, 722, 778, 778, 778, 778, 778, 584, 778,
    722, 722, 722, 722, 667, 667, 611, 556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556,
    278, 278, 278, 278, 556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556,
    500,
];

/// What lies between the two: the sign, its byte and its width.
const BETWEEN: [(char, u8, u16); 27] = [
    ('€', 0x80, 556),
    ('‚', 0x82, 222),
    ('ƒ', 0x83, 556),
    ('„', 0x84, 333),
    ('…', 0x85, 1000),
    ('†', 0x86, 556),
    ('‡', 0x87, 556),
    ('ˆ', 0x88, 333),
    ('‰', 0x89, 1000),
    ('Š', 0x8a, 667),
    ('‹', 0x8b, 333),
    ('Œ', 0x8c, 1000),
    ('Ž', 0x8e, 611),
    ('‘', 0x91, 222),
    ('’', 0x92, 222),
    ('“', 0x93, 333),
    ('”', 0x94, 333),
    ('•', 0x95, 350),
    ('–', 0x96, 556),
    ('—', 0x97, 1000),
    ('˜', 0x98, 333),
    ('™', 0x99, 1000),
    ('š', 0x9a, 500),
    ('›', 0x9b, 333),
    ('œ', 0x9c, 944),
    ('ž', 0x9e, 500),
    ('Ÿ', 0x9f, 667),
];

/// One line of foreign text in letters of the encoding, without what would turn or hide others.
pub fn letters(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for sign in clean(text).chars() {
        match letter(sign) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(format!("<U+{:04X}>", u32::from(sign)).bytes()),
        }
    }
    bytes
}

/// How wide letters are at this size, in points.
pub fn width(letters: &[u8], size: f32) -> f32 {
    let thousandths: u32 = letters.iter().map(|letter| u32::from(thousandths(*letter))).sum();
    let thousandths = thousandths as f32;
    thousandths * size / 1000.0
}

/// Letters in lines that are no wider than this: broken at blanks, or in a word that is wider
/// alone.
pub fn wrapped(letters: &[u8], size: f32, width_max: f32) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    let mut line: Vec<u8> = Vec::new();
    for word in letters.split(|letter| *letter == b' ').filter(|word| !word.is_empty()) {
        let blank: &[u8] = if line.is_empty() { b"" } else { b" " };
        let longer = [&line, blank, word].concat();
        if width(&longer, size) <= width_max {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for letter in word {
            let longer = [&line[..], &[*letter]].concat();
            if !line.is_empty() && width(&longer, size) > width_max {
                lines.push(std::mem::take(&mut line));
            }
            line.push(*letter);
        }
    }
    lines.push(line);
    lines
}

/// The byte of a sign.
fn letter(sign: char) -> Option<u8> {
    match sign {
        ' '..='~' | '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(sign)).ok(),
        _ => BETWEEN.iter().find(|(known, ..)| *known == sign).map(|(_, byte, _)| *byte),
    }
}

fn thousandths(letter: u8) -> u16 {
    let at = |list: &[u16], first: u8| list.get(usize::from(letter - first)).copied();
    let known = match letter {
        b' '..=b'~' => at(&ASCII, b' '),
        0xa0.. => at(&LATIN, 0xa0),
        _ => BETWEEN.iter().find(|(_, byte, _)| *byte == letter).map(|(.., width)| *width),
    };
    known.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_letter_keeps_it_and_what_has_none_keeps_its_number() {
        assert_eq!(letters("Zürich — 5 €"), b"Z\xfcrich \x97 5 \x80");
        assert_eq!(letters("中 🎥"), b"<U+4E2D> <U+1F3A5>");
        // Turned text is not turned, and no line break makes a second line.
        assert_eq!(letters("a\u{202e}b\nc\u{1b}[2J"), b"ab c[2J");
    }

    #[test]
    fn every_letter_of_the_encoding_has_a_width() {
        let known = (0x20..=0xff).filter(|byte| thousandths(*byte) > 0).count();
        assert_eq!(known, ASCII.len() + LATIN.len() + BETWEEN.len());
        assert!((width(b"Report", 10.0) - 30.01).abs() < 0.001);
    }

    #[test]
    fn lines_are_broken_at_blanks_and_long_words_inside() {
        let lines = wrapped(b"the quick brown fox", 10.0, 50.0);
        assert_eq!(lines, [&b"the quick"[..], b"brown fox"]);
        let word = wrapped(&[b'x'; 25], 10.0, 50.0);
        assert_eq!(word.concat(), [b'x'; 25]);
        assert!(word.len() == 3 && word.iter().all(|line| width(line, 10.0) <= 50.0));
        assert_eq!(wrapped(b"", 10.0, 50.0), [b""]);
        // A column too narrow for a letter still ends.
        assert_eq!(wrapped(b"ab", 10.0, 1.0), [b"a", b"b"]);
    }
}
