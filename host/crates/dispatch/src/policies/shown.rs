//! Policies laid open: those that hold, and those that could.

use crate::host::Host;
use if_config::When;
use if_core::{Code, Explain as _, Problem, Word};
use if_manifest::model::{Parameter, PluginKind};
use serde::Serialize;
use serde_json::{Map, Value};

/// A policy, installed or at work.
#[derive(Debug, Clone)]
pub struct PolicyShown {
    /// What it is called in reasons; none where it is installed and not at work.
    pub name: Option<Word>,
    pub policy: Word,
    pub when: When,
    pub settings: Map<String, Value>,
    pub version: String,
    pub summary: String,
    /// What the operator may write under `settings:`.
    pub schema: Vec<Parameter>,
    pub reasons: Vec<ReasonShown>,
    /// Why it denies whatever it is for; none where it may decide.
    pub problem: Option<Problem>,
}

/// A reason that a policy may give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReasonShown {
    pub code: String,
    pub meaning: String,
}

impl Host {
    /// Every policy that holds, in the order of the file, then those that are installed and do not.
    pub fn policies_shown(&self) -> Result<Vec<PolicyShown>, Problem> {
        let signed = !self.trust()?.root.role(if_manifest::trust::Role::Policy).keys.is_empty();
        let set = self.policies(signed)?;
        let mut shown = Vec::new();
        for entry in &set.file.entries {
            let mut row = self.policy(&entry.policy);
            row.problem = self.member(&set, entry).err();
            row.name = Some(entry.name.clone());
            row.when = entry.when.clone();
            row.settings = entry.settings.clone();
            shown.push(row);
        }
        let listed = if_registry::list(&self.layout).map_err(|error| error.problem())?;
        for one in listed {
            let is_policy = one.manifest.is_some_and(|it| it.kind == PluginKind::Policy);
            if is_policy && !set.file.entries.iter().any(|entry| entry.policy == one.provider) {
                shown.push(self.policy(&one.provider));
            }
        }
        Ok(shown)
    }

    /// One policy, by its own word or the name it has in the set.
    pub fn policy_shown(&self, name: &str) -> Result<PolicyShown, Problem> {
        let all = self.policies_shown()?;
        let is_named = |it: &&PolicyShown| {
            it.name.as_ref().is_some_and(|own| own.as_str() == name) || it.policy.as_str() == name
        };
        if let Some(found) = all.iter().find(is_named) {
            return Ok(found.clone());
        }
        let known = all.iter().map(|it| it.name.as_ref().unwrap_or(&it.policy).as_str());
        let problem = Problem::new(Code::PluginUnknown, format!("there is no policy `{name}`"));
        match if_config::nearest(name, known) {
            Some(near) => Err(problem.hint(format!("did you mean `{near}`?"))),
            None => Err(problem.hint("ifctl governor policy list")),
        }
    }

    /// An installed policy; what it says of itself is empty where it may not run.
    fn policy(&self, word: &Word) -> PolicyShown {
        let loaded = self.load(word).and_then(|loaded| match loaded.manifest.kind {
            PluginKind::Policy => Ok(loaded),
            PluginKind::Provider => {
                let what = format!("`{word}` is a provider, not a policy");
                Err(Problem::new(Code::Usage, what))
            }
        });
        let (manifest, problem) = match loaded {
            Ok(loaded) => (Some(loaded.manifest.clone()), None),
            Err(problem) => (None, Some(problem)),
        };
        let manifest = manifest.as_deref();
        let reasons = manifest.and_then(|it| it.rules.as_ref()).map(|rules| &rules.reasons);
        let reason = |(code, meaning): (&Word, &String)| ReasonShown {
            code: code.to_string(),
            meaning: meaning.clone(),
        };
        PolicyShown {
            name: None,
            policy: word.clone(),
            when: When::default(),
            settings: Map::new(),
            version: manifest.map(|it| it.version.to_string()).unwrap_or_default(),
            summary: manifest.map(|it| it.summary.clone()).unwrap_or_default(),
            schema: manifest.map(|it| it.settings.clone()).unwrap_or_default(),
            reasons: reasons.into_iter().flatten().map(reason).collect(),
            problem,
        }
    }
}
