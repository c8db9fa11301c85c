//! A set of policies, looked through and put in the place of the one that holds.

use super::{Policies, SET, call};
use crate::host::Host;
use crate::job::explain;
use if_config::{ConfigError, PolicyEntry, PolicyFile};
use if_core::{CapabilityId, Code, Digest, Problem};
use if_manifest::SigningKey;
use if_runtime::{Action, Fault, Made, Runtime};
use if_store::remember_release;
use std::path::{Path, PathBuf};

/// What holds now.
#[derive(Debug, Clone)]
pub struct Applied {
    pub policies: usize,
    pub digest: Digest,
    /// Of the signature, where the root asks for one.
    pub version: Option<u64>,
}

impl Host {
    /// Looks through a set: every policy loads, its settings fit its schema, and it has nothing
    /// against them itself.
    pub fn validate_policies(&self, path: &Path) -> Result<usize, Problem> {
        Ok(self.validated(path)?.file.entries.len())
    }

    /// Puts a set in the place of the one that holds, signed where the root asks for it. What is
    /// wrong with it changes nothing.
    pub fn apply_policies(&self, path: &Path, keys: &[PathBuf]) -> Result<Applied, Problem> {
        let set = self.validated(path)?;
        let signers =
            match self.trust()?.root.role(if_manifest::trust::Role::Policy).keys.as_slice() {
                [] => Vec::new(),
                _ => self.signers(keys, true)?,
            };
        let signers: Vec<&SigningKey> = signers.iter().collect();
        let sha256 = set.file.digest();
        let signed = if_registry::sign_policy_set(&self.layout, sha256, self.set_seen()?, &signers);
        let signed = signed.map_err(explain)?;
        let own = self.home.policies_file();
        if_disk::write_atomic(&own, set.file.text.as_bytes(), 0o600).map_err(unwritable)?;
        let (policies, version) = (set.file.entries.len(), signed.map(|set| set.version));
        let note = format!("{policies} policies applied ({})", set.digest);
        let floor = CapabilityId::new(SET).ok().zip(version);
        self.witness
            .note_with(&note, |tx| match &floor {
                Some((id, version)) => remember_release(tx, id, *version).map(|_| ()),
                None => Ok(()),
            })
            .map_err(explain)?;
        Ok(Applied { policies, digest: set.digest, version })
    }

    /// A set in which nothing is wrong.
    pub(super) fn validated(&self, path: &Path) -> Result<Policies, Problem> {
        if !path.is_file() {
            return Err(Problem::new(Code::Usage, format!("there is no file {}", path.display())));
        }
        let file = PolicyFile::read(path).map_err(explain)?;
        let digest = self.set_digest(&file);
        let set = Policies { file, digest, version: None };
        if set.file.entries.is_empty() {
            return Ok(set);
        }
        let (runtime, catalog) = (self.engine()?, self.catalog()?.to_string());
        for entry in &set.file.entries {
            self.look_through(&runtime, &set, entry, &catalog)?;
        }
        Ok(set)
    }

    fn look_through(
        &self,
        runtime: &Runtime,
        set: &Policies,
        entry: &PolicyEntry,
        catalog: &str,
    ) -> Result<(), Problem> {
        let member = self.member(set, entry)?;
        let stage = super::staged(runtime, &member.loaded)?;
        let settings = member.settings.clone();
        let broken = |why: String| {
            let what = format!("the policy `{}` cannot look through its settings", entry.policy);
            Problem::new(Code::PolicyFailed, what).because(why)
        };
        let validate = Action::Validate { settings: settings.clone(), catalog: catalog.to_owned() };
        let faults = call(runtime, &stage, &member, validate).map_err(broken)?;
        let faults: Vec<Fault> =
            serde_json::from_str(&faults).map_err(|error| broken(error.to_string()))?;
        refuse(&set.file, entry, &faults)?;
        let made = call(runtime, &stage, &member, Action::Prepare { settings }).map_err(broken)?;
        match serde_json::from_str(&made).map_err(|error| broken(error.to_string()))? {
            Made::Faults(faults) => refuse(&set.file, entry, &faults),
            Made::Prepared(prepared) => {
                runtime.keep(&member.loaded.component_digest, &member.settings, &prepared);
                Ok(())
            }
        }
    }
}

/// The first fault as the error, the others as its causes.
fn refuse(file: &PolicyFile, entry: &PolicyEntry, faults: &[Fault]) -> Result<(), Problem> {
    let placed = |fault: &Fault| -> ConfigError {
        let inside = (fault.line > 0).then_some((fault.line.into(), fault.column.into()));
        file.fault(entry, &fault.at, inside, &fault.message)
    };
    let Some((first, others)) = faults.split_first() else { return Ok(()) };
    let problem = explain(placed(first));
    Err(others.iter().fold(problem, |problem, fault| problem.because(placed(fault).to_string())))
}

fn unwritable(error: std::io::Error) -> Problem {
    Problem::new(Code::Store, "policies.yaml cannot be written").because(error.to_string())
}
