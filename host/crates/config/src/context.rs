//! Contexts: named sets of defaults in `config.yaml`, one of which may be in use.
//!
//! A context names an instance for each provider, and what a line would otherwise say with flags.
//! It can forbid `--yes`, and can never give it: a standing yes would make every slip a dangerous
//! one.

use crate::lock::lock;
use crate::settings::{Settings, TIMEOUT_MS_MAX};
use crate::yaml::{self, Pairs};
use crate::{ConfigError, nearest};
use if_core::Word;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::{Location, Spanned};
use std::path::Path;

/// A named set of defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    pub name: Word,
    /// The instance of each provider where the line names none, in the order of the file.
    pub instances: Vec<DefaultInstance>,
    /// Time for a command in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Results as JSON.
    pub json: bool,
    /// `--yes` is refused.
    pub yes_never: bool,
}

/// The instance that stands for its provider, and where that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultInstance {
    pub provider: Word,
    pub instance: Word,
    /// From 1.
    pub line: u64,
    pub column: u64,
}

impl Context {
    /// The instance that stands for `provider`.
    pub fn instance(&self, provider: &str) -> Option<&Word> {
        let found = self.instances.iter().find(|one| one.provider.as_str() == provider);
        found.map(|one| &one.instance)
    }
}

/// One context as it may be written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FileContext {
    instances: Option<Pairs<String>>,
    timeout_ms: Option<Spanned<u64>>,
    json: Option<bool>,
    yes: Option<Spanned<serde_json::Value>>,
}

/// All contexts of a file, checked.
pub(crate) fn parse(
    path: &Path,
    contexts: Pairs<Option<FileContext>>,
) -> Result<Vec<Context>, ConfigError> {
    let one = |(name, keys): (Spanned<String>, Spanned<Option<FileContext>>)| {
        check(path, word(path, &name)?, keys.value.unwrap_or_default())
    };
    contexts.0.into_iter().map(one).collect()
}

fn check(path: &Path, name: Word, file: FileContext) -> Result<Context, ConfigError> {
    if let Some(timeout) = &file.timeout_ms
        && !(1..=TIMEOUT_MS_MAX).contains(&timeout.value)
    {
        let what = format!("`timeout_ms` must be between 1 and {TIMEOUT_MS_MAX}");
        return Err(yaml::at(path, timeout.referenced, what, None));
    }
    if let Some(yes) = file.yes.as_ref().filter(|yes| yes.value != "never") {
        let what = "a context cannot say yes to dangerous commands, only `never`";
        return Err(yaml::at(path, yes.referenced, what.into(), Some("yes: never".into())));
    }
    let one = |(provider, instance): (Spanned<String>, Spanned<String>)| {
        Ok(DefaultInstance {
            provider: word(path, &provider)?,
            instance: word(path, &instance)?,
            line: instance.referenced.line(),
            column: instance.referenced.column(),
        })
    };
    Ok(Context {
        name,
        instances: file
            .instances
            .unwrap_or_default()
            .0
            .into_iter()
            .map(one)
            .collect::<Result<_, ConfigError>>()?,
        timeout_ms: file.timeout_ms.map(|timeout| timeout.value),
        json: file.json.unwrap_or_default(),
        yes_never: file.yes.is_some(),
    })
}

/// A name at its place.
pub(crate) fn word(path: &Path, text: &Spanned<String>) -> Result<Word, ConfigError> {
    Word::new(text.value.as_str())
        .map_err(|error| yaml::at(path, text.referenced, error.to_string(), None))
}

impl Settings {
    /// The context of this name.
    ///
    /// # Errors
    /// [`ConfigError::ContextUnknown`] with the nearest name.
    pub fn context_named(&self, name: &str) -> Result<&Context, ConfigError> {
        let found = self.contexts.iter().find(|context| context.name.as_str() == name);
        found.ok_or_else(|| {
            let names = self.contexts.iter().map(|context| context.name.as_str());
            let nearest = nearest(name, names).map(str::to_owned);
            ConfigError::ContextUnknown { name: name.to_owned(), nearest }
        })
    }

    /// Writes which context is in use, or that none is; the rest of `config.yaml` stays as it is.
    ///
    /// # Errors
    /// [`ConfigError::ContextUnknown`]; [`ConfigError::NotEditable`]. Nothing is written then.
    pub fn use_context(path: &Path, name: Option<&str>) -> Result<Settings, ConfigError> {
        let _lock = lock(path)?;
        let text = yaml::read(path)?.unwrap_or_default();
        let before = Settings::from_text(path, &text)?;
        let chosen = name.map(|name| before.context_named(name)).transpose()?;
        let intended = Settings { context: chosen.map(|one| one.name.clone()), ..before.clone() };
        let edited = edit(path, &text, intended.context.as_ref())?;
        let means = |text: &String| {
            let read = Settings::from_text(path, text);
            read.is_ok_and(|read| read.context == intended.context && read.same_but_places(&before))
        };
        let Some(edited) = edited.filter(means) else {
            let by_hand = match &intended.context {
                Some(name) => format!("write `context: {name}` at the top of config.yaml"),
                None => "delete the line `context: …` from config.yaml".to_owned(),
            };
            return Err(ConfigError::NotEditable { path: path.to_owned(), by_hand });
        };
        let target = fs_err::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if_disk::write_atomic(&target, edited.as_bytes(), 0o600)?;
        Ok(intended)
    }
}

/// The text with the line `context: NAME` in place of what it said; `None` where there is no such
/// place.
fn edit(path: &Path, text: &str, name: Option<&Word>) -> Result<Option<String>, ConfigError> {
    let top: Pairs<IgnoredAny> = yaml::parse(path, text)?;
    let key = top.0.iter().find(|(key, _)| key.value == "context");
    let line = name.map_or_else(String::new, |name| format!("context: {name}\n"));
    let Some((key, _)) = key else {
        return Ok(Some(format!("{line}{text}")));
    };
    let place: Location = key.referenced;
    let number = usize::try_from(place.line()).unwrap_or(usize::MAX);
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let Some(old) = number.checked_sub(1).and_then(|index| lines.get_mut(index)) else {
        return Ok(None);
    };
    *old = &line;
    Ok(Some(lines.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_core::Explain;

    const TEXT: &str = "# mine\nversion: 1\ncontexts:\n  live:\n    instances:\n      obs: studio\n\
                        \x20     vmix: switcher\n    timeout_ms: 5000\n    yes: never\n\
                        \x20 lab:\n    json: true\n";

    fn settings(text: &str) -> Settings {
        Settings::from_text(Path::new("config.yaml"), text).unwrap()
    }

    #[test]
    fn contexts_are_read_with_their_places() {
        let settings = settings(TEXT);
        let live = settings.context_named("live").unwrap();
        assert_eq!(live.instance("vmix").map(Word::as_str), Some("switcher"));
        assert_eq!(live.instance("ha"), None);
        assert_eq!((live.timeout_ms, live.json, live.yes_never), (Some(5000), false, true));
        assert_eq!((live.instances[0].line, live.instances[0].column), (6, 12));
        assert!(settings.context_named("lab").unwrap().json);
        assert_eq!(settings.context, None);
    }

    #[test]
    fn an_unknown_context_names_its_neighbour() {
        let error = settings(TEXT).context_named("live1").unwrap_err();
        assert_eq!(error.to_string(), "there is no context `live1`");
        assert_eq!(error.hints(), ["did you mean `live`?"]);
    }

    #[test]
    fn what_does_not_hold_is_named_with_its_place() {
        for (text, expect) in [
            ("context: live\n", "config.yaml:1:10: there is no context `live`"),
            ("contexts:\n  a:\n    yes: true\n", "config.yaml:3:10: a context cannot say yes"),
            ("contexts:\n  a:\n    timeout_ms: 0\n", "config.yaml:3:17: `timeout_ms` must"),
            ("contexts:\n  A b:\n", "config.yaml:2:3: name `A b`"),
            ("contexts:\n  a:\n    instances:\n      obs: A b\n", "config.yaml:4:12: name `A b`"),
            ("contexts:\n  a:\n    instance: x\n", "config.yaml:3:5: unknown key `instance`"),
        ] {
            let error = Settings::from_text(Path::new("config.yaml"), text).unwrap_err();
            assert!(error.to_string().starts_with(expect), "{text}: {error}");
        }
    }

    #[test]
    fn using_a_context_changes_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        fs_err::write(&path, TEXT).unwrap();
        Settings::use_context(&path, Some("live")).unwrap();
        assert_eq!(fs_err::read_to_string(&path).unwrap(), format!("context: live\n{TEXT}"));
        Settings::use_context(&path, Some("lab")).unwrap();
        assert_eq!(fs_err::read_to_string(&path).unwrap(), format!("context: lab\n{TEXT}"));
        Settings::use_context(&path, None).unwrap();
        assert_eq!(fs_err::read_to_string(&path).unwrap(), TEXT);
        assert!(Settings::use_context(&path, Some("lib")).is_err());
        assert_eq!(fs_err::read_to_string(&path).unwrap(), TEXT);
    }

    #[test]
    fn a_layout_that_cannot_be_edited_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        let text = "{contexts: {a: {}}, context: a}\n";
        fs_err::write(&path, text).unwrap();
        let error = Settings::use_context(&path, None).unwrap_err();
        assert!(matches!(error, ConfigError::NotEditable { .. }), "{error}");
        assert_eq!(fs_err::read_to_string(&path).unwrap(), text);
    }
}
