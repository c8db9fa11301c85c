//! Everything that is wrong with a package or with an author's folder, each with its place. Whether
//! it is believed is another question: `verify` answers that.

use crate::declaration::{read_declaration, read_own, read_table};
use crate::package::{MANIFEST_FILE, Package};
use crate::{RegistryError, files::read_capped};
use if_core::{Explain, Problem};
use if_manifest::{MANIFEST_BYTES_MAX, ManifestError, StrictError, parse_manifest};
use std::path::{Path, PathBuf};

/// The author's file.
const DECLARATION_FILE: &str = "plugin.toml";

/// Largest data file an author may name: what a package may hold.
const DATA_BYTES_MAX: usize = crate::package::DATA_BYTES_MAX;

/// Something wrong, and where: line and column from 1, 0 where only the file is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub path: PathBuf,
    pub line: usize,
    pub column: usize,
    /// What is wrong, without its place.
    pub what: String,
    pub problem: Problem,
}

/// What a folder was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linted {
    Package,
    Definition,
}

/// All faults of the folder: a package (it has `manifest.json`) or an author's (`plugin.toml`).
///
/// # Errors
/// [`RegistryError::Usage`] when it is neither.
pub fn lint(folder: &Path) -> Result<(Linted, Vec<Fault>), RegistryError> {
    if folder.join(DECLARATION_FILE).is_file() {
        return Ok((Linted::Definition, definition(folder)));
    }
    if folder.join(MANIFEST_FILE).is_file() {
        return Ok((Linted::Package, package(folder)));
    }
    let text = format!("{} has neither plugin.toml nor manifest.json", folder.display());
    Err(RegistryError::Usage(text))
}

/// The manifest's shape and meaning, and the files beside it.
fn package(folder: &Path) -> Vec<Fault> {
    let path = folder.join(MANIFEST_FILE);
    let mut found = Vec::new();
    match read_capped(&path, MANIFEST_BYTES_MAX) {
        Err(error) => found.push(fault(&path, error)),
        Ok(bytes) => {
            if let Err(error) = parse_manifest(&bytes) {
                found.push(in_manifest(&path, &bytes, error));
            }
        }
    }
    if let Err(error) = Package::read(folder) {
        found.push(fault(folder, error));
    }
    found
}

/// The declaration, each table and each data file.
fn definition(folder: &Path) -> Vec<Fault> {
    let path = folder.join(DECLARATION_FILE);
    let declaration = match read_declaration(&path) {
        Ok(declaration) => declaration,
        Err(error) => return vec![fault(&path, error)],
    };
    let tables = declaration.tables.values().map(|file| {
        let path = folder.join(file);
        read_table(&path).err().map(|error| fault(&path, error))
    });
    let data = declaration.data.values().map(|file| {
        let path = folder.join(file);
        read_own(&path, DATA_BYTES_MAX).err().map(|error| fault(&path, error))
    });
    tables.chain(data).flatten().collect()
}

fn fault(path: &Path, error: RegistryError) -> Fault {
    let (path, line, column, what) = match &error {
        RegistryError::Declaration { path, line, column, what } => {
            (path.clone(), *line, *column, what.clone())
        }
        other => (path.to_owned(), 0, 0, other.to_string()),
    };
    Fault { path, line, column, what, problem: error.problem() }
}

fn in_manifest(path: &Path, bytes: &[u8], error: ManifestError) -> Fault {
    let (line, column) = match &error {
        ManifestError::Invalid { at, .. } => locate(&String::from_utf8_lossy(bytes), at),
        ManifestError::Strict(StrictError::Json(text)) => said(text),
        ManifestError::Strict(_) => (0, 0),
    };
    Fault { path: path.to_owned(), line, column, what: error.to_string(), problem: error.problem() }
}

/// `… at line 3 column 5`, as the parser says it.
fn said(text: &str) -> (usize, usize) {
    let place = || {
        let (line, column) = text.rsplit_once(" at line ")?.1.split_once(" column ")?;
        Some((line.parse().ok()?, column.parse().ok()?))
    };
    place().unwrap_or((0, 0))
}

/// Line and column of `predicate.commands[2].path` in JSON text; of the deepest part that is there
/// when the last is what is missing.
fn locate(text: &str, at: &str) -> (usize, usize) {
    let mut rest = text;
    for step in steps(at) {
        let inside = match &step {
            Step::Member(name) => member(rest, name),
            Step::Item(index) => item(rest, *index),
        };
        match inside {
            Some(inside) => rest = inside,
            None => break,
        }
    }
    let before = text.get(..text.len() - rest.trim_start().len()).unwrap_or_default();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

enum Step {
    Member(String),
    Item(usize),
}

/// The steps of a place: `a.b`, `[3]`, `["free name"]`.
fn steps(at: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = at;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let Some((index, behind)) = inside.split_once(']') else { break };
            steps.push(match index.parse() {
                Ok(index) => Step::Item(index),
                Err(_) => Step::Member(index.trim_matches('"').to_owned()),
            });
            rest = behind;
        } else {
            rest = rest.trim_start_matches('.');
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, behind) = rest.split_at(end);
            steps.push(Step::Member(name.to_owned()));
            rest = behind;
        }
    }
    steps
}

/// The text from the value of this member on; `text` begins with an object.
fn member<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = text.trim_start().strip_prefix('{')?.trim_start();
    while !rest.starts_with('}') {
        let (key, behind) = value(rest)?;
        rest = behind.trim_start().strip_prefix(':')?;
        if serde_json::from_str::<String>(key).ok()?.as_str() == name {
            return Some(rest);
        }
        rest = next(value(rest)?.1)?;
    }
    None
}

/// The text from this item on; `text` begins with a list.
fn item(text: &str, index: usize) -> Option<&str> {
    let mut rest = text.trim_start().strip_prefix('[')?.trim_start();
    for _ in 0..index {
        rest = next(value(rest)?.1)?;
    }
    (!rest.starts_with(']')).then_some(rest)
}

/// Behind the comma, if one follows; before the closing bracket otherwise.
fn next(text: &str) -> Option<&str> {
    let text = text.trim_start();
    Some(text.strip_prefix(',').unwrap_or(text).trim_start())
}

/// The first value of the text, and what follows it. Takes any nesting, since it only counts.
fn value(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let mut depth = 0usize;
    let mut string = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        let ends = match byte {
            _ if escaped => {
                escaped = false;
                false
            }
            b'\\' if string => {
                escaped = true;
                false
            }
            b'"' => {
                string = !string;
                !string && depth == 0
            }
            _ if string => false,
            b'{' | b'[' => {
                depth += 1;
                false
            }
            b'}' | b']' if depth > 0 => {
                depth -= 1;
                depth == 0
            }
            b',' | b'}' | b']' | b':' if depth == 0 => return text.split_at_checked(at),
            _ => false,
        };
        if ends {
            return text.split_at_checked(at + 1);
        }
    }
    Some((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\n  \"a\": [1, {\"b\": \"x, }\\\"\"},\n    {\"c\": true}],\n  \"free \
                        name\": {\n    \"d\": null\n  }\n}\n";

    #[test]
    fn a_place_is_found_in_the_text() {
        for (at, expect) in [
            ("a", (2, 8)),
            ("a[0]", (2, 9)),
            ("a[1].b", (2, 18)),
            ("a[2].c", (3, 11)),
            ("a[2].missing", (3, 5)),
            ("a[9]", (2, 8)),
            ("[\"free name\"].d", (5, 10)),
            ("nothing", (1, 1)),
        ] {
            assert_eq!(locate(TEXT, at), expect, "{at}");
        }
        assert_eq!(said("unknown field `x` at line 3 column 5"), (3, 5));
        assert_eq!(said("no place"), (0, 0));
    }

    #[test]
    fn a_definition_names_each_bad_file() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs_err::write(folder.path().join(name), text).unwrap();
        write(
            "plugin.toml",
            "id = \"if://capability/x.y\"\nprovider = \"x\"\nversion = \"1.0.0\"\nrelease = 1\n\
             component = \"c.wasm\"\n[tables]\none = \"one.csv\"\ntwo = \"two.csv\"\n[data]\n\
             \"help.txt\" = \"missing.txt\"\n",
        );
        write("one.csv", "a,read\nb\n");
        write("two.csv", "a,read\n");
        let (linted, faults) = lint(folder.path()).unwrap();
        assert_eq!(linted, Linted::Definition);
        let places: Vec<_> = faults
            .iter()
            .map(|one| (one.path.file_name().unwrap().to_str().unwrap(), one.line, one.column))
            .collect();
        assert_eq!(places, [("one.csv", 2, 1), ("missing.txt", 0, 0)]);
        write("plugin.toml", "id = 1\n");
        assert_eq!(
            lint(folder.path()).unwrap().1.first().map(|one| (one.line, one.column)),
            Some((1, 6))
        );
    }

    #[test]
    fn a_folder_of_something_else_is_no_subject() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(lint(folder.path()), Err(RegistryError::Usage(_))));
    }
}
