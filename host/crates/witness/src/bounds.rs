//! How long things may be, and cutting what is longer.
//!
//! Cutting, not refusing: by the time an outcome is written its effect has happened, and a leaf
//! that does not fit would leave the operation without an end. The bounds below keep the largest
//! leaf under [`LEAF_BYTES_MAX`] even if every byte needs a six-byte escape.

/// Largest leaf. Entry bundles of C2SP tlog-tiles carry 16-bit lengths.
pub const LEAF_BYTES_MAX: usize = 65_535;

/// Largest body part; a result has at most 4 MiB, a transcript is a bounded ring.
pub const PART_BYTES_MAX: usize = 8 << 20;

/// Longest free text in a body: a reason, an error, a note. People read these.
pub const TEXT_BYTES_MAX: usize = 4 << 10;

/// Most entries that one query answers with: a person pages, a script asks again.
pub const QUERY_ENTRIES_MAX: usize = 1_000;

/// Longest actor, trace, command, version or currency in a leaf.
pub(crate) const FIELD_BYTES_MAX: usize = 200;

/// Most reasons of a decision, and the longest.
pub(crate) const REASONS_MAX: usize = 16;
pub(crate) const REASON_BYTES_MAX: usize = 200;

/// Most endpoints and secret uses listed in a leaf; a manifest has a handful.
pub(crate) const LIST_MAX: usize = 48;

/// Most pieces of evidence that one operation keeps.
pub(crate) const EVIDENCE_MAX: usize = 32;

/// `text` without what goes beyond `bytes_max`, cut between characters.
pub(crate) fn cut(mut text: String, bytes_max: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes_max));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_between_characters() {
        assert_eq!(cut("aéb".into(), 2), "a");
        assert_eq!(cut("aéb".into(), 3), "aé");
        assert_eq!(cut("aéb".into(), 9), "aéb");
    }
}
