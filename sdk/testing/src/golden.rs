//! Texts that must not change unseen.

use std::fs;
use std::path::Path;

/// Set to write golden files instead of comparing with them.
const UPDATE: &str = "UPDATE_GOLDEN";

/// Compares with the file at `path`.
///
/// # Panics
/// When they differ, showing the first line that does; or there is no such file.
#[allow(clippy::panic, clippy::expect_used, reason = "a test's way to fail")]
pub fn golden(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    if std::env::var_os(UPDATE).is_some() {
        fs::write(path, text).expect("the golden file can be written");
        return;
    }
    let shown = path.display();
    let Ok(golden) = fs::read_to_string(path) else {
        panic!("there is no {shown}: {UPDATE}=1 cargo test writes it");
    };
    if let Some((line, was, is)) = first_difference(&golden, text) {
        panic!("{shown}, line {line}:\n  was {was:?}\n  is  {is:?}\n{UPDATE}=1 writes it anew");
    }
}

/// The first line that differs, counted from 1.
fn first_difference<'a>(golden: &'a str, text: &'a str) -> Option<(usize, &'a str, &'a str)> {
    let (mut old, mut new) = (golden.lines(), text.lines());
    let mut line = 0;
    loop {
        line += 1;
        match (old.next(), new.next()) {
            (None, None) => return None,
            (was, is) if was == is => {}
            (was, is) => return Some((line, was.unwrap_or_default(), is.unwrap_or_default())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_different_line_is_shown() {
        assert_eq!(first_difference("a\nb\n", "a\nb"), None);
        assert_eq!(first_difference("a\nb", "a\nc"), Some((2, "b", "c")));
        assert_eq!(first_difference("a", "a\nb"), Some((2, "", "b")));
    }
}
