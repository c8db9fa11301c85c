//! "Did you mean": the nearest of the known names, or none when nothing is near.

/// Below this similarity a suggestion would be a guess. One wrong letter in four scores 0.75 and
/// more; two unrelated words of the same length rarely reach 0.6.
const SIMILARITY_MIN: f64 = 0.7;

/// The candidate most like `word`, if one is like it at all. Ties go to the first.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates {
        // Restricted Damerau-Levenshtein: two letters swapped are one mistake.
        let distance = strsim::osa_distance(word, candidate);
        let length = word.chars().count().max(candidate.chars().count()).max(1);
        let similarity = 1.0 - distance as f64 / length as f64;
        let better = best.is_none_or(|(found, _)| similarity > found);
        if better && (similarity >= SIMILARITY_MIN || is_beginning(word, candidate)) {
            best = Some((similarity, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// `stud` for `studio`: too far in letters, and yet what was meant.
fn is_beginning(word: &str, candidate: &str) -> bool {
    word.len() >= 3 && candidate.starts_with(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["studio", "lobby", "studio-2"];
        for (word, expect) in [
            ("studoi", Some("studio")),
            ("stud", Some("studio")),
            ("lobbi", Some("lobby")),
            ("studio2", Some("studio-2")),
            ("kitchen", None),
            ("s", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), expect, "{word}");
        }
        assert_eq!(nearest("studio", []), None);
    }
}
