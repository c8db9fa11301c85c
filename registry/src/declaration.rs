//! `plugin.toml` and the tables beside it, as the author wrote them: every fault with its place.

use crate::RegistryError;
use if_config::read_regular;
use if_core::Effect;
use if_manifest::model::Declaration;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

/// Largest plugin.toml or table: what is packed from them must fit a manifest of 256 KiB.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// Reads the declaration at `path`.
pub(crate) fn read_declaration(path: &Path) -> Result<Declaration, RegistryError> {
    parse_declaration(path, &read_text(path)?)
}

pub(crate) fn parse_declaration(path: &Path, text: &str) -> Result<Declaration, RegistryError> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        fault(path, place(text, at), error.message())
    })
}

/// Reads a table: lines `key,effect`, empty lines, lines beginning with `#`, and, as the first
/// line, a header whose second column is `effect`.
pub(crate) fn read_table(path: &Path) -> Result<BTreeMap<String, Effect>, RegistryError> {
    parse_table(path, &read_text(path)?)
}

pub(crate) fn parse_table(
    path: &Path,
    text: &str,
) -> Result<BTreeMap<String, Effect>, RegistryError> {
    let mut table = BTreeMap::new();
    let mut first = true;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let here = |what: String| fault(path, (index + 1, 1), what);
        let Some((key, effect)) = line.rsplit_once(',') else {
            return Err(here(format!("`{line}` must be key,effect")));
        };
        let (key, effect) = (key.trim(), effect.trim());
        if std::mem::take(&mut first) && effect == "effect" {
            continue;
        }
        if key.contains([',', '"']) {
            return Err(here(format!("`{key}`: a key has no comma and no quotation mark")));
        }
        let Some(effect) = effect_word(effect) else {
            return Err(here(format!("`{effect}` is not session, read, write or dangerous")));
        };
        if table.insert(key.to_owned(), effect).is_some() {
            return Err(here(format!("`{key}` stands twice")));
        }
    }
    Ok(table)
}

fn effect_word(word: &str) -> Option<Effect> {
    let all = [Effect::Session, Effect::Read, Effect::Write, Effect::Dangerous];
    all.into_iter().find(|effect| effect.as_str() == word)
}

fn read_text(path: &Path) -> Result<String, RegistryError> {
    let bytes = read_own(path, TEXT_BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|error| {
        let read = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes().get(..read).unwrap_or_default());
        fault(path, place(&text, read), "is not UTF-8 from here on")
    })
}

/// A file of the author's own folder: links are fine there, size is not, nor what has no end.
pub(crate) fn read_own(path: &Path, bytes_max: usize) -> Result<Vec<u8>, RegistryError> {
    let shown = path.display().to_string();
    read_regular(path, bytes_max as u64).map_err(|error| match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::FileTooLarge => {
            let what = error.to_string();
            let what = what.strip_prefix(&shown).unwrap_or(&what).trim_start().to_owned();
            RegistryError::malformed(shown, what)
        }
        _ => error.into(),
    })
}

fn fault(path: &Path, (line, column): (usize, usize), what: impl ToString) -> RegistryError {
    let what = what.to_string().replace('\n', "; ");
    RegistryError::Declaration { path: path.to_owned(), line, column, what }
}

/// Line and column, both from 1, of a byte of `text`; columns count characters.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "id = \"if://capability/x.y\"\nprovider = \"x\"\nversion = \"1.0.0\"\n\
        release = 1\ncomponent = \"c.wasm\"\n";

    fn declare(text: &str) -> Result<Declaration, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plugin.toml");
        fs_err::write(&path, text).unwrap();
        read_declaration(&path)
            .map_err(|error| error.to_string().replace(&folder.path().display().to_string(), ""))
    }

    #[test]
    fn faults_have_line_and_column() {
        assert!(declare(GOOD).is_ok());
        for (text, expect) in [
            (format!("{GOOD}colour = 1\n"), "/plugin.toml:6:1: unknown field `colour`"),
            (GOOD.replace("release = 1", "release = \"1\""), "/plugin.toml:4:11: invalid type"),
            (GOOD.replace("\"x\"", "\"../x\""), "/plugin.toml:2:12: name `../x` must match"),
            (format!("{GOOD}id = 1\n"), "/plugin.toml:6:1: duplicate key"),
            (format!("{GOOD}[limits]\nfuel = 1\n"), "/plugin.toml:7:1: unknown field `fuel`"),
            ("id = ".to_owned(), "/plugin.toml:1:6: "),
        ] {
            let error = declare(&text).unwrap_err();
            assert!(error.starts_with(expect), "{error}");
        }
    }

    #[test]
    fn what_has_no_end_is_no_file_of_the_author() {
        let error = read_table(Path::new("/dev/zero")).unwrap_err().to_string();
        assert!(error.contains("/dev/zero") && error.contains("no regular file"), "{error}");
        assert!(read_own(Path::new("/dev/zero"), 8).is_err());
        assert!(read_declaration(Path::new("/proc/self")).is_err());
    }

    #[test]
    fn tables_are_read_and_their_faults_have_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let read = |text: &str| {
            fs_err::write(&path, text).unwrap();
            read_table(&path)
        };
        let table = read("# why\nrequest,effect\nGetStats,read\n\n Cut , write\n").unwrap();
        let expect = [("Cut", Effect::Write), ("GetStats", Effect::Read)];
        assert_eq!(table, expect.map(|(key, effect)| (key.to_owned(), effect)).into());
        for (text, expect) in [
            ("a,read\na,write\n", ":2:1: `a` stands twice"),
            ("a,read\nb,effect\n", ":2:1: `effect` is not"),
            ("a\n", ":1:1: `a` must be key,effect"),
            ("a,b,read\n", ":1:1: `a,b`: a key has no comma"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        }
    }

    #[test]
    fn shipped_declarations_and_their_tables_are_read() {
        let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
        for (name, keys) in [("ha", 578), ("obs", 151), ("vmix", 798)] {
            let folder = plugins.join(name);
            let declaration = read_declaration(&folder.join("plugin.toml")).unwrap();
            let tables = declaration.tables.values();
            let count: usize =
                tables.map(|path| read_table(&folder.join(path)).unwrap().len()).sum();
            assert_eq!((declaration.provider.as_str(), count), (name, keys));
        }
    }
}
