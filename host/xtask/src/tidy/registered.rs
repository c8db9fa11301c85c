//! Every file of the end-to-end tests is a module of the one test binary: a file that nobody names
//! is compiled by nobody, and its tests pass by not existing.

use super::{Finding, files::Tree, skeleton};

/// The binary's folder and its root module.
const FOLDER: &str = "tests/it/";
const ROOT: &str = "tests/it/main.rs";

/// Files that no module declares.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let modules = tree.ending(".rs").filter(|(path, _)| path.starts_with(FOLDER) && *path != ROOT);
    let orphans = modules.filter(|(path, _)| !declared(tree, path));
    orphans
        .map(|(path, _)| Finding::new(path, 0, format!("no module declares it: add it to {ROOT}")))
        .collect()
}

/// Whether the parent module (`main.rs`, `a.rs` or `a/mod.rs`) has `mod name;`.
fn declared(tree: &Tree, path: &str) -> bool {
    let path = path.strip_suffix("/mod.rs").or(path.strip_suffix(".rs")).unwrap_or(path);
    let Some((folder, name)) = path.rsplit_once('/') else { return false };
    let parents = if format!("{folder}/") == FOLDER {
        vec![ROOT.to_owned()]
    } else {
        vec![format!("{folder}.rs"), format!("{folder}/mod.rs")]
    };
    let declaration = format!("mod {name};");
    let declares = |text: &String| {
        skeleton::of(text).lines().any(|line| {
            line.trim_start_matches("pub ").trim_start_matches("pub(crate) ").trim() == declaration
        })
    };
    parents.iter().filter_map(|parent| tree.files.get(parent)).any(declares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forgotten_file_is_found() {
        let tree = Tree::of(&[
            (ROOT, "mod lab;\npub mod obs;\n// mod forgotten;\n"),
            ("tests/it/lab.rs", ""),
            ("tests/it/obs/mod.rs", "mod scenes;\n"),
            ("tests/it/obs/scenes.rs", ""),
            ("tests/it/obs/streams.rs", ""),
            ("tests/it/forgotten.rs", ""),
            ("tests/fakes/src/lib.rs", ""),
        ]);
        let paths: Vec<_> = check(&tree).into_iter().map(|finding| finding.path).collect();
        assert_eq!(paths, ["tests/it/forgotten.rs", "tests/it/obs/streams.rs"]);
    }
}
