//! Foreign text on its way to a terminal.

use crate::input::text;
use crate::sanitize::{clean, clean_lines, escape_json, is_clean};
use serde_json::Value;

/// `terminal`: nothing that moves a cursor, hides text or turns its direction comes out.
pub fn shown(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let line = clean(text);
    assert!(!line.chars().any(acts), "{line:?} acts on a terminal");
    assert!(is_clean(&line) && clean(&line) == line && line.len() <= text.len());
    let lines = clean_lines(text);
    assert!(!lines.chars().any(|sign| sign != '\n' && acts(sign)));
    if is_clean(text) {
        assert_eq!(line, text, "clean text stays");
    }
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    let safe = escape_json(text);
    assert!(!safe.chars().any(acts), "{safe:?} acts on a terminal");
    assert_eq!(serde_json::from_str::<Value>(&safe).ok(), Some(value), "it means otherwise");
}

/// Control characters of both sets, marks and overrides of direction, and what is invisible
/// (Unicode's Cc, Bidi_Control, and the zero-width ones).
fn acts(sign: char) -> bool {
    matches!(u32::from(sign), 0..=0x1f | 0x7f..=0x9f | 0x61c | 0x200b..=0x200f | 0x2028..=0x202e
        | 0x2060 | 0x2066..=0x2069 | 0xfeff | 0xe0001 | 0xe0020..=0xe007f)
}
