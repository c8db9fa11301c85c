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

/// Whether cleaning would change nothing.
pub fn is_clean(text: &str) -> bool {
    !text.chars().any(|c| is_break(c) || is_unsafe(c))
}

/// JSON text on one line that means the same and is safe for a terminal: what is unsafe inside a
/// string is written as an escape, and line breaks between values become blanks.
pub fn escape_json(text: &str) -> String {
    if is_clean(text) {
        return text.to_owned();
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            // JSON forbids these inside strings, so they stand between values.
            '\n' | '\r' | '\t' => safe.push(' '),
            c if is_break(c) || is_unsafe(c) => {
                let mut units = [0u16; 2];
                for unit in c.encode_utf16(&mut units) {
                    safe.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => safe.push(c),
        }
    }
    safe
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
    fn json_keeps_its_meaning_on_one_safe_line() {
        for value in ["a\u{202e}b", "\u{e0041}\u{9b}31m", "plain", "tab\there\n"] {
            let text = serde_json::to_string_pretty(&serde_json::json!([value, {"a": 1}])).unwrap();
            let safe = escape_json(&text);
            assert!(is_clean(&safe), "{safe}");
            let back: serde_json::Value = serde_json::from_str(&safe).unwrap();
            assert_eq!(back[0], value);
        }
    }

    #[test]
    fn escapes_and_overrides_vanish_and_words_stay() {
        assert_eq!(clean("a\u{1b}[31mb\r\nc\td"), "a[31mb  c d");
        assert_eq!(clean("user\u{202e}gpj.exe\u{2066}"), "usergpj.exe");
        assert_eq!(clean("Bühne – Ünïcode 日本"), "Bühne – Ünïcode 日本");
        assert_eq!(clean_lines("one\u{7}\ntwo"), "one\ntwo");
    }
}
