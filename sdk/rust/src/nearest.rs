//! The nearest known name to a mistyped one.

/// Below this likeness (0 to 1) a suggestion would puzzle more than help.
const LIKENESS_MIN: f64 = 0.6;

/// The most similar of `names`, letters' case ignored; none when nothing is close.
pub fn nearest<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&given, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name)
}

/// `; did you mean …?`, or nothing: the tail of a usage failure.
pub fn did_you_mean<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(given, names).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_refuses_guesses() {
        let names = ["GetSceneList", "GetVersion", "StartStream"];
        assert_eq!(nearest("getscenelst", names), Some("GetSceneList"));
        assert_eq!(nearest("startstreem", names), Some("StartStream"));
        assert_eq!(nearest("zzz", names), None);
        assert_eq!(did_you_mean("zzz", names), "");
    }
}
