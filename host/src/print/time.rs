//! Instants as people and programs write and read them. Leaves nothing to the rest of the program,
//! so that `tests/fuzz` can take it as it is.

use if_core::UnixMillis;

/// An instant as people and programs read it: RFC 3339, UTC, to the millisecond.
pub fn time(at: UnixMillis) -> String {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| at.0.to_string(), |t| format!("{t:.3}"))
}

/// The instant that a person wrote as so long before `now`: `1 hour ago`, `2 days ago`.
pub fn ago(text: &str, now: UnixMillis) -> Option<UnixMillis> {
    let span: jiff::Span = text.parse().ok()?;
    let now = jiff::Timestamp::from_millisecond(i64::try_from(now.0).ok()?).ok()?;
    let at = now.to_zoned(jiff::tz::TimeZone::UTC).checked_add(span).ok()?.timestamp();
    let before = span.is_negative().then_some(at)?;
    u64::try_from(before.as_millisecond()).ok().map(UnixMillis)
}

/// The instant that a person wrote, with `Z` or an offset; a clock time alone is no instant.
pub fn instant(text: &str) -> Option<UnixMillis> {
    let at: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(at.as_millisecond()).ok().map(UnixMillis)
}
