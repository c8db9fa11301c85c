//! What stands where: the root's short list, a README in each top folder, pages of a bearable
//! length.

use super::{Finding, files::Tree};

/// Folders at the root, each with a README that says what question it answers.
const FOLDERS: &[&str] = &["docs", "host", "plugins", "registry", "sdk", "tests", "wit"];
/// Folders that come with a later issue; they may stand, and then want a README too.
const LATER: &[&str] = &["manifests"];
/// Files at the root, beside dotfiles.
const FILES: &[&str] = &["Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "rust-toolchain.toml"];
/// Build output.
const OUTPUT: &str = "target";
/// A folder's README is a signpost, not a book.
const README_LINES_MAX: usize = 30;
/// Pages with a limit of their own.
const PAGES: &[(&str, usize)] = &[("docs/ARCHITECTURE.md", 300)];

/// Everything this module looks for.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let known = |name: &str| {
        name.starts_with('.')
            || name == OUTPUT
            || [FOLDERS, LATER, FILES].iter().any(|list| list.contains(&name))
    };
    let stray = tree.top.iter().filter(|name| !known(name));
    let mut findings: Vec<Finding> = stray
        .map(|name| Finding::new(name, 0, "nothing else stands at the root: give it a room"))
        .collect();
    let folders = FOLDERS.iter().chain(LATER.iter().filter(|name| tree.top.contains(**name)));
    for folder in folders {
        let path = format!("{folder}/README.md");
        match tree.files.get(&path) {
            None => findings.push(Finding::new(&path, 0, "each top folder says what it answers")),
            Some(text) => findings.extend(too_long(&path, text, README_LINES_MAX)),
        }
    }
    for (path, limit) in PAGES {
        match tree.files.get(*path) {
            None => findings.push(Finding::new(path, 0, "this page must exist")),
            Some(text) => findings.extend(too_long(path, text, *limit)),
        }
    }
    findings
}

fn too_long(path: &str, text: &str, limit: usize) -> Option<Finding> {
    let lines = text.lines().count();
    (lines > limit).then(|| Finding::new(path, 0, format!("{lines} lines; at most {limit}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(add: &[(&str, &str)]) -> Vec<String> {
        let readmes: Vec<String> = FOLDERS.iter().map(|name| format!("{name}/README.md")).collect();
        let mut files: Vec<(&str, &str)> =
            readmes.iter().map(|path| (path.as_str(), "x")).collect();
        files.extend([("docs/ARCHITECTURE.md", "x"), (".clippy.toml", ""), ("README.md", "")]);
        files.extend(add);
        check(&Tree::of(&files)).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn the_root_is_a_short_list() {
        assert!(findings(&[]).is_empty());
        assert_eq!(findings(&[("scripts/x.sh", "")]).len(), 1);
        assert_eq!(findings(&[("notes.md", "")]).len(), 1);
    }

    #[test]
    fn signposts_are_there_and_short() {
        assert_eq!(findings(&[("wit/README.md", &"x\n".repeat(31))]).len(), 1);
        assert_eq!(findings(&[("docs/ARCHITECTURE.md", &"x\n".repeat(301))]).len(), 1);
        assert_eq!(
            findings(&[("manifests/x.yaml", "")]),
            ["manifests/README.md: each top folder says what it answers"]
        );
        let bare = check(&Tree::of(&[]));
        assert_eq!(bare.len(), FOLDERS.len() + PAGES.len());
    }
}
