//! Foreign text made safe for a terminal: no control characters, no bidirectional overrides.

/// One line of foreign text: line breaks and tabs become a blank, other control, format and
/// bidirectional characters vanish.
pub fn clean(text: &str) -> String {
    text.chars()
        .filter_map(|c| if is_break(c) { Some(' ') } else { (!is_unsafe(c)).then_some(c) })
        .collect()
}

/// Foreign text that may keep its lines.
pub fn clean_lines(text: &str) -> String {
    text.split('\n').map(clean).collect::<Vec<_>>().join("\n")
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' | '\u{85}')
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{061c}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_overrides_vanish_and_words_stay() {
        assert_eq!(clean("a\u{1b}[31mb\r\nc\td"), "a[31mb  c d");
        assert_eq!(clean("user\u{202e}gpj.exe\u{2066}"), "usergpj.exe");
        assert_eq!(clean("Bühne – Ünïcode 日本"), "Bühne – Ünïcode 日本");
        assert_eq!(clean_lines("one\u{7}\ntwo"), "one\ntwo");
    }
}
