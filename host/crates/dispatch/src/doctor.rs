//! `doctor`: everything that can be wrong with a home, each with what it means.

mod anchors;
mod sandbox;
#[cfg(feature = "live")]
mod secrets;

pub use if_trial::{Outcome, Report, Verdict};
pub use sandbox::sandbox;

use crate::host::Host;
use if_core::{Explain, Problem, Word};
use if_registry::TrustFiles;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Good,
    Warning,
    Bad,
}

impl Health {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Health::Good => "good",
            Health::Warning => "warning",
            Health::Bad => "bad",
        }
    }
}

/// One check.
#[derive(Debug, Clone)]
pub struct Finding {
    pub check: &'static str,
    pub health: Health,
    pub about: String,
    /// Set when bad.
    pub problem: Option<Problem>,
}

impl Finding {
    fn good(check: &'static str, about: impl Into<String>) -> Self {
        Self { check, health: Health::Good, about: about.into(), problem: None }
    }

    fn warning(check: &'static str, about: impl Into<String>) -> Self {
        Self { check, health: Health::Warning, about: about.into(), problem: None }
    }

    fn from(check: &'static str, result: Result<String, Problem>) -> Self {
        match result {
            Ok(about) => Self::good(check, about),
            Err(problem) => {
                let about = format!("{problem} [{}]", problem.code);
                Self { check, health: Health::Bad, about, problem: Some(problem) }
            }
        }
    }
}

impl Host {
    /// Runs every check, in the order in which one would mend things. The home's ownership and the
    /// database were checked by opening them.
    pub fn doctor(&self) -> Vec<Finding> {
        let mut findings = vec![
            Finding::good("home", format!("{} is yours alone", self.home.path().display())),
            Finding::good("database", format!("{} is open", self.store.place())),
            Finding::from("log", self.log_health()),
        ];
        findings.push(Finding::from("worker", self.wall_health()));
        findings.extend(self.trust_health());
        findings.extend(self.plugin_health());
        #[cfg(feature = "live")]
        findings.push(Finding::from("vault", self.vault_health()));
        findings.extend(self.instance_health());
        findings.extend(self.anchor_health());
        findings
    }

    fn log_health(&self) -> Result<String, Problem> {
        let verified = self.verify_log()?;
        Ok(format!(
            "{} entries verified, head {}",
            verified.leaves,
            verified.head.get(..12).unwrap_or_default()
        ))
    }

    fn wall_health(&self) -> Result<String, Problem> {
        self.engine().map(|_| "each call of a plugin runs in a process of its own".to_owned())
    }

    fn trust_health(&self) -> Vec<Finding> {
        let files = match TrustFiles::read(&self.layout) {
            Ok(files) => files,
            Err(error) => return vec![Finding::from("trust", Err(error.problem()))],
        };
        let (root, allow, deny) = (&files.root, &files.allow, &files.deny);
        let lists = format!("allow-list {}, deny-list {}", allow.version, deny.version);
        let sound = format!("root {}, {lists}, signed by their keys", root.version);
        match files.expiring(self.now()) {
            Ok(soon) => {
                let soon = soon.iter().map(|one| Finding::warning("trust", one.to_string()));
                std::iter::once(Finding::good("trust", sound)).chain(soon).collect()
            }
            Err(error) => vec![Finding::from("trust", Err(error.problem()))],
        }
    }

    fn plugin_health(&self) -> Vec<Finding> {
        let plugins = match self.plugins() {
            Ok(plugins) => plugins,
            Err(problem) => return vec![Finding::from("plugins", Err(problem))],
        };
        if plugins.is_empty() {
            return vec![Finding::warning("plugins", "none is installed")];
        }
        plugins
            .iter()
            .map(|plugin| match self.verify_plugin(&plugin.provider) {
                Ok(_) => {
                    let about = format!(
                        "{} {} {} verified, every file",
                        plugin.provider, plugin.id, plugin.version
                    );
                    Finding::good("plugin", about)
                }
                Err(problem) => Finding::from("plugin", Err(problem)),
            })
            .collect()
    }

    #[cfg(feature = "live")]
    fn vault_health(&self) -> Result<String, Problem> {
        Ok(format!("{} secrets, decryptable", self.secrets()?.len()))
    }

    fn instance_health(&self) -> Vec<Finding> {
        let Ok(plugins) = self.plugins() else { return Vec::new() };
        let word = |plugin: &crate::plugin::Plugin| Word::new(plugin.provider.as_str()).ok();
        let words: Vec<Word> = plugins.iter().filter_map(word).collect();
        let instances = words.iter().flat_map(|word| self.provider_health(word));
        #[cfg(feature = "live")]
        let instances = instances.chain(self.secret_health(&words));
        instances.collect()
    }

    fn provider_health(&self, provider: &Word) -> Vec<Finding> {
        let instances = match self.instances(provider) {
            Ok(instances) => instances,
            Err(problem) => return vec![Finding::from("instances", Err(problem))],
        };
        let mut findings = Vec::new();
        for instance in instances {
            let name = format!("{provider} {}", instance.name);
            match self.secrets_needed(provider, &instance.name) {
                Ok(missing) if missing.is_empty() => findings.push(Finding::good("instance", name)),
                Ok(missing) => findings.push(Finding::warning(
                    "instance",
                    format!("{name}: not set: {}", missing.join(", ")),
                )),
                Err(problem) => findings.push(Finding::from("instance", Err(problem))),
            }
        }
        findings
    }
}
