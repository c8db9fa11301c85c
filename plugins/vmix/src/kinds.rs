//! The kinds of values that functions take: what a person writes there, and which slips can be
//! told before sending.
//!
//! `0..100` is a number within bounds, `whole:0..4` a whole one, `one:A|B` published words,
//! `form:channel,url` several values in one text. A leading `~` marks what follows from similar
//! functions and not from a published list: it is said, and not enforced. Numbers may be written
//! `+=5` and `-=5`, relative to what is set.

/// Whether a value can be meant. The fault completes the sentence `Value … `.
///
/// # Errors
/// The fault.
pub fn check(kind: &str, value: &str) -> Result<(), String> {
    let (kind, whole) = match kind.strip_prefix("whole:") {
        Some(bounds) => (bounds, true),
        None => (kind, false),
    };
    match kind {
        "ms" => number(value, "0..", true),
        "mix" => number(value, "0..15", true),
        "seconds" | "frames" | "number" => number(value, "..", false),
        _ if is_bounds(kind) => number(value, kind, whole),
        _ => Ok(()),
    }
}

/// What belongs there; `None` for a kind that nobody described.
pub fn words(kind: &str) -> Option<String> {
    if let Some(guess) = kind.strip_prefix('~') {
        return words(guess).map(|words| format!("{words} (not published: not checked)"));
    }
    if let Some(bounds) = kind.strip_prefix("whole:") {
        return Some(format!("a whole number {}", bounds_words(bounds)));
    }
    if let Some(words) = kind.strip_prefix("one:") {
        return Some(format!("one of {}", words.replace('|', ", ")));
    }
    if let Some(form) = kind.strip_prefix("form:") {
        return Some(format!("text of the form {form}"));
    }
    if is_bounds(kind) {
        return Some(format!("a number {}", bounds_words(kind)));
    }
    let words = match kind {
        "input" => "an input: number, title or key; -1 is program, 0 preview",
        "ms" => "milliseconds",
        "mix" => "a mix: 0 is the main one",
        "seconds" => "seconds",
        "frames" => "a number of frames, negative is back",
        "number" => "a number",
        "pixels" => "a number of pixels",
        "text" => "text",
        "field" => "a field's name, such as Headline.Text",
        "index" => "a field's number, from 0",
        "plugin" => "a plugin's number, from 1",
        "buses" => "letters of buses, such as MAB; M is master",
        "effect" => "a transition's name, such as Fade",
        "colour" => "#RRGGBB or #AARRGGBB",
        "clock" => "a time such as 00:10:00",
        "timecode" => "a time such as 2026-01-31T20:15:00.000",
        "url" => "an address: https://… or file://…",
        "file" => "a file's path on vMix's machine",
        "folder" => "a folder's path on vMix's machine",
        _ => return None,
    };
    Some(words.to_owned())
}

fn is_bounds(kind: &str) -> bool {
    bounds(kind).is_some()
}

/// `a..b`, each end optional.
fn bounds(kind: &str) -> Option<(Option<f64>, Option<f64>)> {
    let (low, high) = kind.split_once("..")?;
    let end = |text: &str| match text {
        "" => Some(None),
        text => text.parse().ok().map(Some),
    };
    Some((end(low)?, end(high)?))
}

fn bounds_words(kind: &str) -> String {
    match kind.split_once("..") {
        Some((low, "")) => format!("from {low}"),
        Some((low, high)) => format!("from {low} to {high}"),
        None => kind.to_owned(),
    }
}

fn number(text: &str, kind: &str, whole: bool) -> Result<(), String> {
    let by = text.strip_prefix("+=").or_else(|| text.strip_prefix("-="));
    let number = by.unwrap_or(text).parse::<f64>().ok().filter(|number| number.is_finite());
    let Some(number) = number else { return Err("is no number".to_owned()) };
    if whole && number.fract() != 0.0 {
        return Err("is no whole number".to_owned());
    }
    let (low, high) = bounds(kind).unwrap_or_default();
    let outside = low.is_some_and(|low| number < low) || high.is_some_and(|high| number > high);
    match (low, high) {
        // What is there already is not known here.
        _ if by.is_some() || !outside => Ok(()),
        (Some(low), Some(high)) => Err(format!("is not between {low} and {high}")),
        (Some(low), None) => Err(format!("is not at least {low}")),
        _ => Err("is out of bounds".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_and_words_are_free() {
        for (kind, value, fault) in [
            ("-1..1", "-1", None),
            ("-1..1", "1.01", Some("is not between -1 and 1")),
            ("0.1..4", "0", Some("is not between 0.1 and 4")),
            ("whole:1..", "0", Some("is not at least 1")),
            ("whole:0..4", "-=9", None),
            ("~0..5", "9", None),
            ("mix", "16", Some("is not between 0 and 15")),
            ("seconds", "-3.5", None),
            ("seconds", "nan", Some("is no number")),
            ("one:A|B", "C", None),
            ("text", "", None),
        ] {
            assert_eq!(check(kind, value).err().as_deref(), fault, "{kind} {value}");
        }
    }

    #[test]
    fn kinds_are_said_in_words() {
        for (kind, expect) in [
            ("0..100", "a number from 0 to 100"),
            ("whole:1..", "a whole number from 1"),
            ("one:A|B", "one of A, B"),
            ("~0..5", "a number from 0 to 5 (not published: not checked)"),
            ("form:channel,url", "text of the form channel,url"),
        ] {
            assert_eq!(words(kind).as_deref(), Some(expect));
        }
        assert_eq!(words("nonsense"), None);
    }
}
