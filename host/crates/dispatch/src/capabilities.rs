//! Swarms and what they are good at, as the operator asks for it.

use crate::host::Host;
use crate::job::explain;
use if_core::{Code, Micros, Problem, Word};
use if_governor::capability::{self, helpers, matches};
use if_store::StoreError;

pub use if_governor::capability::{CAPABILITIES_MAX, Capability, Match, Skill, Swarm, WHOLE};

impl Host {
    /// Registers a swarm, in the place of what was known of it.
    pub fn register_swarm(
        &self,
        name: Word,
        reputation: u64,
        capabilities: Vec<Capability>,
    ) -> Result<Swarm, Problem> {
        let swarm = Swarm { name, reputation, at: self.now(), capabilities };
        let note = format!(
            "swarm {} registered with {} capabilities",
            swarm.name,
            swarm.capabilities.len()
        );
        self.witness.note_with(&note, |tx| capability::register(tx, &swarm)).map_err(explain)?;
        Ok(swarm)
    }

    /// All of them, by name.
    pub fn swarms(&self) -> Result<Vec<Swarm>, Problem> {
        self.store.read(|view| capability::swarms(view)).map_err(|error: StoreError| explain(error))
    }

    /// One of them.
    pub fn swarm(&self, name: &str) -> Result<Swarm, Problem> {
        let all = self.swarms()?;
        if let Some(found) = all.iter().find(|it| it.name.as_str() == name) {
            return Ok(found.clone());
        }
        let near = if_config::nearest(name, all.iter().map(|it| it.name.as_str()));
        Err(unknown(&format!("there is no swarm `{name}`"), near))
    }

    /// Who fits a task; `threshold` in thousandths.
    pub fn matching(
        &self,
        task: &Skill,
        swarm: Option<&str>,
        threshold: u64,
    ) -> Result<Vec<Match>, Problem> {
        let all = match swarm {
            Some(name) => vec![self.swarm(name)?],
            None => self.known(std::slice::from_ref(task))?,
        };
        Ok(matches(&all, task, threshold))
    }

    /// Who could help with each of these, for at most so much.
    pub fn find_help(
        &self,
        required: &[Skill],
        cost_max: Micros,
    ) -> Result<Vec<(Skill, Vec<Match>)>, Problem> {
        let all = self.known(required)?;
        let one = |task: &Skill| (task.clone(), helpers(&all, task, cost_max));
        Ok(required.iter().map(one).collect())
    }

    /// All swarms, where somebody has each of these capabilities; else the nearest name there is.
    fn known(&self, tasks: &[Skill]) -> Result<Vec<Swarm>, Problem> {
        let all = self.swarms()?;
        let has = |task: &Skill| {
            all.iter().flat_map(|it| &it.capabilities).any(|it| it.name.covers(task))
        };
        match tasks.iter().find(|task| !has(task)) {
            None => Ok(all),
            Some(missing) => {
                let names = all.iter().flat_map(|it| &it.capabilities);
                let near = if_config::nearest(missing.as_str(), names.map(|it| it.name.as_str()));
                Err(unknown(&format!("no swarm has the capability `{missing}`"), near))
            }
        }
    }
}

fn unknown(what: &str, near: Option<&str>) -> Problem {
    let problem = Problem::new(Code::Usage, what);
    match near {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint("ifctl governor capabilities list"),
    }
}
