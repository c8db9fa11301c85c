//! Everything that is wrong with a provider file, each with its place; where an ordinary command
//! stops at the first, an editor wants them all.

use crate::instance::{self, Instance};
use crate::provider_file::{File, ProviderFile, take};
use crate::{ConfigError, yaml};
use if_core::{Explain, Word};
use if_manifest::model::Parameter;
use serde_json::Value;
use serde_saphyr::{Location, Spanned};
use std::path::Path;

impl ProviderFile {
    /// All faults of the file at `path`, in its order. `settings` is the plugin's schema; without
    /// one only the file itself is looked at.
    pub fn lint(path: &Path, settings: Option<&[Parameter]>) -> Vec<ConfigError> {
        let provider = match Self::provider_of(path) {
            Ok(provider) => provider,
            Err(error) => return vec![error],
        };
        let parsed =
            yaml::read(path).and_then(|text| yaml::parse::<File>(path, &text.unwrap_or_default()));
        let file = match parsed {
            Ok(file) => file,
            Err(error) => return vec![error],
        };
        let mut linter = Linter { path, settings, found: Vec::new() };
        for (name, keys) in file.instances.unwrap_or_default().0 {
            linter.instance(&provider, &name, keys.value.unwrap_or_default().0);
        }
        linter.found
    }
}

struct Linter<'a> {
    path: &'a Path,
    settings: Option<&'a [Parameter]>,
    found: Vec<ConfigError>,
}

impl Linter<'_> {
    fn instance(
        &mut self,
        provider: &Word,
        name: &Spanned<String>,
        keys: Vec<(Spanned<String>, Spanned<Value>)>,
    ) {
        let word = match Word::new(name.value.as_str()) {
            Ok(word) => word,
            Err(error) => {
                self.found.push(yaml::at(self.path, name.referenced, error.to_string(), None));
                return;
            }
        };
        let mut instance = Instance::new(provider.clone(), word);
        let mut places = Vec::new();
        for (key, value) in keys {
            let place = key.referenced;
            let name = key.value.clone();
            match take(self.path, &mut instance, key, value) {
                Ok(()) => places.push((name, place)),
                Err(error) => self.push(error, place),
            }
        }
        if let Some(settings) = self.settings {
            self.schema(&instance, settings, &places, name.referenced);
        }
    }

    /// The instance against the plugin's schema.
    fn schema(
        &mut self,
        instance: &Instance,
        settings: &[Parameter],
        places: &[(String, Location)],
        top: Location,
    ) {
        let place = |key: &str| {
            places.iter().find(|(name, _)| name == key).map_or(top, |(_, place)| *place)
        };
        for (key, value) in &instance.settings {
            if !settings.iter().any(|setting| setting.name.as_str() == key) {
                let error = instance::undeclared(instance, key, value, settings);
                self.push(error, place(key));
            }
        }
        for setting in settings {
            if let Err(error) = instance::check_one(instance, setting) {
                self.push(error, place(setting.name.as_str()));
            }
        }
    }

    /// The error at this place, unless it knows a better one.
    fn push(&mut self, error: ConfigError, place: Location) {
        self.found.push(match error {
            located @ ConfigError::File { .. } => located,
            other => other.located(self.path, place.line(), place.column()),
        });
    }
}

impl ConfigError {
    /// The same error as a fault of this file, at this place.
    fn located(self, path: &Path, line: u64, column: u64) -> Self {
        let hint = (!self.hints().is_empty()).then(|| self.hints().join("\n"));
        Self::in_file(path, (line, column), &self.to_string(), hint)
    }

    /// Where in a file it is: line and column from 1, 0 where only the file is known.
    pub fn place(&self) -> Option<(&Path, u64, u64)> {
        match self {
            Self::File { path, line, column, .. } => Some((path, *line, *column)),
            Self::FileTooLarge { path, .. } | Self::FileName(path) => Some((path, 0, 0)),
            _ => None,
        }
    }

    /// What is wrong, without its place.
    pub fn what(&self) -> String {
        match self {
            Self::File { what, .. } => what.clone(),
            other => other.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings() -> Vec<Parameter> {
        let of = |name: &str, kind: Value, required: bool| {
            let text = json!({"name": name, "summary": "s", "kind": kind, "required": required});
            serde_json::from_value(text).unwrap()
        };
        vec![
            of("host", json!({"string": {}}), true),
            of("port", json!({"int": {"min": 1, "max": 65535}}), false),
            of("password", json!("secret"), false),
        ]
    }

    fn lint(text: &str, settings: Option<&[Parameter]>) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("obs.yaml");
        fs_err::write(&path, text).unwrap();
        let found = ProviderFile::lint(&path, settings);
        let line = |error: &ConfigError| {
            let (_, line, column) = error.place().unwrap();
            let hints = error.hints().join(" | ");
            format!("{line}:{column} {} [{hints}]", error.what())
        };
        found.iter().map(line).collect()
    }

    #[test]
    fn every_fault_is_found_with_its_place_and_the_line_to_write() {
        let text = "instances:\n  studio:\n    hots: h\n    port: 99999\n    password: hunter2x\n  \
                    Bad Name:\n  ok:\n    host: h\n    port: 1\n    hosts: 3\n";
        let found = lint(text, Some(&settings()));
        assert_eq!(
            found,
            [
                "5:5 obs instance `studio` holds the secret `password` in plain text \
                 [ifctl secret set obs studio password\nthen delete `password` of `studio` from \
                 providers/obs.yaml]",
                "3:5 obs instance `studio` has an unknown setting `hots` [did you mean `host`?]",
                "2:3 obs instance `studio` lacks the setting `host` [write `host: …` under \
                 `studio:` in providers/obs.yaml]",
                "4:5 obs instance `studio`: setting `port` must be at most 65535 []",
                "6:3 name `Bad Name` must match [a-z0-9-]+, start with a letter or digit and have \
                 at most 63 characters []",
                "10:12 `hosts` must be a list of at most 64 host names []",
            ]
        );
        assert!(!found.concat().contains("hunter2"));
    }

    #[test]
    fn without_a_schema_only_the_file_is_looked_at() {
        assert!(lint("instances:\n  a:\n    colour: red\n", None).is_empty());
        assert_eq!(lint("instances:\n  a: [\n", None).len(), 1);
        assert!(lint("", Some(&settings())).is_empty());
    }
}
