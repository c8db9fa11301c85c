//! `policies.yaml`: which policies hold here, for what, with which settings. Without the file none
//! does.
//!
//! Settings belong to policies, whose shape this room does not know. They are read as a tree in
//! which every value remembers where it stands, so that a policy's complaint about
//! `/windows/0/days` becomes a line and a column of the file.

use crate::places::{Places, Tree};
use crate::{ConfigError, Home, yaml};
use if_core::{Digest, Effect, Word};
use serde::Deserialize;
use serde_json::{Map, Value};
use serde_saphyr::{Location, Spanned};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// Most policies in one set: every command asks those that are for it.
const POLICIES_MAX: usize = 64;

/// What the operator wrote.
#[derive(Debug, Clone)]
pub struct PolicyFile {
    pub path: PathBuf,
    pub text: String,
    pub entries: Vec<PolicyEntry>,
}

/// One policy at work.
#[derive(Debug, Clone)]
pub struct PolicyEntry {
    /// What it is called in reasons; the policy's own word where it has no other.
    pub name: Word,
    /// The installed policy.
    pub policy: Word,
    pub when: When,
    pub settings: Map<String, Value>,
    places: Places,
}

/// For which commands a policy is asked; all where nothing is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    pub provider: Option<Word>,
    pub instance: Option<Word>,
    pub command: Option<String>,
    /// From this effect on.
    pub effect: Option<Effect>,
}

/// The file as it may be written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    policies: Option<Vec<Spanned<FileEntry>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileEntry {
    policy: Spanned<String>,
    name: Option<Spanned<String>>,
    when: Option<FileWhen>,
    settings: Option<Spanned<Tree>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWhen {
    provider: Option<Spanned<String>>,
    instance: Option<Spanned<String>>,
    command: Option<String>,
    effect: Option<Spanned<String>>,
}

impl PolicyFile {
    /// Reads the home's file.
    ///
    /// # Errors
    /// [`ConfigError::File`] with line and column for anything that is no such list.
    pub fn load(home: &Home) -> Result<Self, ConfigError> {
        Self::read(&home.policies_file())
    }

    /// Reads a file; one that is not there is empty.
    ///
    /// # Errors
    /// As [`PolicyFile::load`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = yaml::read(path)?.unwrap_or_default();
        Self::from_text(path, text)
    }

    pub(crate) fn from_text(path: &Path, text: String) -> Result<Self, ConfigError> {
        let file: File = yaml::parse(path, &text)?;
        let mut entries: Vec<PolicyEntry> = Vec::new();
        for entry in file.policies.unwrap_or_default() {
            let place = entry.referenced;
            let entry = entry.value.checked(path, place)?;
            if entries.iter().any(|it| it.name == entry.name) {
                let what = format!("a policy called `{}` stands twice", entry.name);
                let hint = Some("give one of them another `name:`".to_owned());
                return Err(yaml::at(path, place, what, hint));
            }
            if entries.len() == POLICIES_MAX {
                let what = format!("there are more than {POLICIES_MAX} policies");
                return Err(yaml::at(path, place, what, None));
            }
            entries.push(entry);
        }
        Ok(Self { path: path.to_owned(), text, entries })
    }

    /// Of the file, byte for byte.
    pub fn digest(&self) -> Digest {
        Digest::from_bytes(Sha256::digest(self.text.as_bytes()).into())
    }

    /// A complaint about a setting as one about the file. `at` is a JSON pointer into the settings;
    /// `inside` the line and column within the text that stands there, from 1.
    pub fn fault(
        &self,
        entry: &PolicyEntry,
        at: &str,
        inside: Option<(u64, u64)>,
        what: &str,
    ) -> ConfigError {
        let place = entry.places.of(at, inside, &self.text);
        let what = format!("{}: {what}", entry.name);
        ConfigError::in_file(&self.path, place, &what, None)
    }
}

impl FileEntry {
    fn checked(self, path: &Path, place: Location) -> Result<PolicyEntry, ConfigError> {
        let policy = word(path, self.policy)?;
        let name = self.name.map_or_else(|| Ok(policy.clone()), |name| word(path, name))?;
        let when = self.when.map(|it| it.checked(path)).transpose()?.unwrap_or_default();
        let (settings, places) = match self.settings {
            None => (Map::new(), Places::at(place)),
            Some(tree) => match tree.value.value() {
                Value::Object(settings) => (settings, Places::of_tree(&tree, place)),
                _ => {
                    let what = "`settings` is a mapping of names to values".to_owned();
                    return Err(yaml::at(path, tree.referenced, what, None));
                }
            },
        };
        Ok(PolicyEntry { name, policy, when, settings, places })
    }
}

impl FileWhen {
    fn checked(self, path: &Path) -> Result<When, ConfigError> {
        if let (None, Some(instance)) = (&self.provider, &self.instance) {
            let what = "an instance is one of a provider, which is not named".to_owned();
            return Err(yaml::at(path, instance.referenced, what, None));
        }
        let effect = self.effect.map(|it| match it.value.as_str() {
            "read" => Ok(Effect::Read),
            "write" => Ok(Effect::Write),
            "dangerous" => Ok(Effect::Dangerous),
            _ => {
                let what = "`effect` is read, write or dangerous".to_owned();
                Err(yaml::at(path, it.referenced, what, None))
            }
        });
        Ok(When {
            provider: self.provider.map(|it| word(path, it)).transpose()?,
            instance: self.instance.map(|it| word(path, it)).transpose()?,
            command: self.command,
            effect: effect.transpose()?,
        })
    }
}

impl When {
    /// Whether a policy is asked about this command.
    pub fn covers(
        &self,
        provider: &Word,
        instance: Option<&Word>,
        command: &str,
        effect: Effect,
    ) -> bool {
        self.provider.as_ref().is_none_or(|it| it == provider)
            && self.instance.as_ref().is_none_or(|it| Some(it) == instance)
            && self.command.as_deref().is_none_or(|it| it == command)
            && self.effect.is_none_or(|it| effect >= it)
    }
}

fn word(path: &Path, text: Spanned<String>) -> Result<Word, ConfigError> {
    Word::new(text.value).map_err(|error| yaml::at(path, text.referenced, error.to_string(), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Result<PolicyFile, ConfigError> {
        PolicyFile::from_text(Path::new("policies.yaml"), text.to_owned())
    }

    const SET: &str = "policies:
  - policy: two-person
    when: { provider: obs, effect: dangerous }
  - policy: change-window
    name: shows
    settings:
      zone: Europe/Amsterdam
      windows:
        - { days: [mon, tue], from: '09:00' }
      text: |
        permit (a);
          forbid (b);
      count: 3
      on: yes
";

    #[test]
    fn a_set_is_read_with_every_place() {
        let file = read(SET).unwrap();
        let [two, window] = file.entries.as_slice() else { panic!("two entries") };
        assert_eq!((two.name.as_str(), two.settings.len()), ("two-person", 0));
        assert_eq!(two.when.effect, Some(Effect::Dangerous));
        assert_eq!((window.name.as_str(), window.policy.as_str()), ("shows", "change-window"));
        assert_eq!(
            Value::Object(window.settings.clone()),
            json!({
                "zone": "Europe/Amsterdam",
                "windows": [{"days": ["mon", "tue"], "from": "09:00"}],
                "text": "permit (a);\n  forbid (b);\n", "count": 3, "on": "yes",
            })
        );
        for (at, inside, place) in [
            ("/zone", None, "7:13"),
            ("/windows/0/days/1", None, "9:25"),
            ("/windows/0/days/7", None, "9:19"),
            ("/nowhere", None, "7:7"),
            ("", None, "7:7"),
            ("/count", Some((1, 1)), "13:14"),
            ("/text", Some((1, 9)), "11:17"),
            ("/text", Some((2, 3)), "12:11"),
        ] {
            let said = file.fault(window, at, inside, "no").to_string();
            assert_eq!(said, format!("policies.yaml:{place}: shows: no"), "{at}");
        }
        assert_eq!(
            file.fault(two, "/x", None, "no").to_string(),
            "policies.yaml:2:5: two-person: no"
        );
    }

    #[test]
    fn a_condition_covers_what_it_names() {
        let file = read(SET).unwrap();
        let [obs, vmix, studio] = ["obs", "vmix", "studio"].map(|it| Word::new(it).unwrap());
        let covers = |provider, effect| {
            file.entries[0].when.covers(provider, Some(&studio), "stream stop", effect)
        };
        assert!(covers(&obs, Effect::Dangerous));
        assert!(!covers(&obs, Effect::Write));
        assert!(!covers(&vmix, Effect::Dangerous));
        assert!(When::default().covers(&vmix, None, "cut", Effect::Session));
        let only = When { command: Some("cut".to_owned()), ..When::default() };
        assert!(only.covers(&vmix, None, "cut", Effect::Write));
        assert!(!only.covers(&vmix, None, "fade", Effect::Write));
    }

    #[test]
    fn what_is_no_set_is_refused_with_its_place() {
        for (text, expect) in [
            ("policies:\n  - { name: x }", "2:7: missing field `policy`"),
            ("policies:\n  - { policy: X }", "2:15: "),
            ("policies:\n  - { policy: x, setting: {} }", "2:18: unknown key `setting`"),
            ("policies:\n  - { policy: x, settings: [1] }", "2:28: `settings` is a mapping"),
            ("policies:\n  - { policy: x }\n  - { policy: x }", "3:5: a policy called `x` stands"),
            ("policies:\n  - { policy: x, when: { effect: session } }", "2:34: `effect` is read"),
            ("policies:\n  - { policy: x, when: { instance: y } }", "2:36: an instance is one of"),
            ("policies:\n  - { policy: x, settings: { a: 1, a: 2 } }", "2:36: key `a` stands"),
        ] {
            let error = read(&format!("{text}\n")).unwrap_err().to_string();
            assert!(error.starts_with(&format!("policies.yaml:{expect}")), "{text}: {error}");
        }
        assert!(read("").unwrap().entries.is_empty());
    }
}
