//! Whether a command may act now: its turn, and the breakers that stand before it.
//!
//! The turn is taken, and waited for, before the intent; that a circuit lets it pass is part of the
//! intent's commit, and how it ended part of the outcome's.

use crate::host::{Host, fill_random};
use crate::job::explain;
use crate::outcome::Fate;
use if_config::GovernorFile;
use if_core::{Code, Explain as _, OperationId, Problem, UnixMillis};
use if_governor::{
    Asked, Breaker, CircuitRule, Ended, Rate, RateRule, Rules, Subject, Turn, admit, record,
    take_turn,
};
use if_store::{Sql, StoreError};
use std::time::Duration;

pub use if_governor::{Shown as CircuitShown, State as CircuitState};

/// The governor's word on one command.
pub(crate) struct Governed {
    rules: Rules,
    asked: Asked,
    /// A test passes an open circuit: that is what it is for.
    tests: bool,
    /// For the jitter of a breaker that opens.
    chance: u64,
}

impl Governed {
    pub fn new(host: &Host, asked: Asked, tests: bool) -> Result<Self, Problem> {
        let mut chance = [0; 8];
        fill_random(&mut chance)?;
        let rules = rules(&GovernorFile::load(&host.home).map_err(explain)?)?;
        Ok(Self { rules, asked, tests, chance: u64::from_le_bytes(chance) })
    }

    /// Takes the command's turn and waits for it; in words, where it waited.
    pub fn turn(&self, host: &Host) -> Result<Option<String>, Problem> {
        let Some((name, rule)) = self.rules.rate(&self.asked) else { return Ok(None) };
        let now = host.now();
        let taken = host
            .store
            .transaction(|tx| take_turn(tx, &name, &rule.rate, rule.wait_ms, now))
            .map_err(|error: StoreError| error.problem())?;
        match taken {
            Turn::In(0) => Ok(None),
            Turn::In(millis) => {
                std::thread::sleep(Duration::from_millis(millis));
                Ok(Some(format!("waited {} for its turn in {name}", seconds(millis))))
            }
            Turn::NotBefore(millis) => {
                let text = format!(
                    "{name} has no turn left: the next one is in {}, and commands wait {} for \
                     theirs",
                    seconds(millis),
                    seconds(rule.wait_ms)
                );
                Err(Problem::new(Code::RateLimited, text).hint("`rates:` in governor.yaml"))
            }
        }
    }

    /// Asks the breakers, in the transaction of the intent; in words, where this one tries.
    pub fn admit(
        &self,
        sql: &dyn Sql,
        operation: &OperationId,
        lasting_ms: u64,
        now: UnixMillis,
    ) -> Result<Vec<String>, Problem> {
        let names: Vec<String> = self.asked.subjects().iter().map(ToString::to_string).collect();
        let passed = admit(sql, &names, operation, lasting_ms, now, self.tests);
        match passed.map_err(|error| error.problem())? {
            Ok(trying) => {
                Ok(trying.iter().map(|name| format!("tries whether {name} works again")).collect())
            }
            Err((name, left)) => Err(self.open(&name, left)),
        }
    }

    fn open(&self, name: &str, left: u64) -> Problem {
        let text =
            format!("the circuit {name} is open for {} more: calls kept failing", seconds(left));
        let problem = Problem::new(Code::CircuitOpen, text);
        let problem = match &self.asked.instance {
            Some(instance) => {
                problem.hint(format!("ifctl {} test {instance}", self.asked.provider))
            }
            None => problem,
        };
        problem.hint(format!("ifctl governor circuit reset {name}"))
    }

    /// Tells the breakers how it ended, in the transaction of the outcome; the names of those that
    /// opened by it.
    pub fn record(
        &self,
        sql: &dyn Sql,
        operation: &OperationId,
        fate: Fate,
        now: UnixMillis,
    ) -> Result<Vec<String>, StoreError> {
        let mut opened = Vec::new();
        for subject in self.asked.subjects() {
            let (name, breaker) = (subject.to_string(), self.rules.breaker(&subject));
            let ended = ended(&subject, fate);
            if record(sql, &name, &breaker, operation, ended, now, self.chance)? {
                opened.push(name);
            }
        }
        Ok(opened)
    }
}

/// What a call's fate says of whom: a provider that is down is no plugin's fault, and the other way
/// round. A swarm hears of both.
fn ended(subject: &Subject, fate: Fate) -> Ended {
    match (subject, fate) {
        (_, Fate::Well) => Ended::Well,
        (_, Fate::Neither) => Ended::Neither,
        (Subject::Instance(..), Fate::Provider) | (Subject::Component(_), Fate::Plugin) => {
            Ended::Badly
        }
        (Subject::Swarm(_), Fate::Provider | Fate::Plugin) => Ended::Badly,
        (Subject::Instance(..), Fate::Plugin) => Ended::Neither,
        // It has done what it could.
        (Subject::Component(_), Fate::Provider) => Ended::Well,
    }
}

/// The operator's rules. What the file allows is a rate: its bounds are the same.
fn rules(file: &GovernorFile) -> Result<Rules, Problem> {
    let mut rules = Rules::default();
    for it in &file.rates {
        let rate = Rate::new(it.per_thousand_seconds, it.burst);
        let rate = rate.map_err(|_| Problem::new(Code::Config, "governor.yaml: no such rate"))?;
        rules.rates.push(RateRule {
            provider: it.provider.clone(),
            instance: it.instance.clone(),
            command: it.command.clone(),
            rate,
            wait_ms: it.wait_ms,
        });
    }
    rules.circuits = file.circuits.iter().map(circuit).collect();
    Ok(rules)
}

fn circuit(it: &if_config::CircuitEntry) -> CircuitRule {
    let breaker = Breaker { failures: it.failures, percent: it.percent, window_ms: it.window_ms };
    CircuitRule { provider: it.provider.clone(), instance: it.instance.clone(), breaker }
}

/// The breaker where nothing else is said.
pub fn usual() -> Breaker {
    Breaker::default()
}

fn seconds(millis: u64) -> String {
    format!("{}.{} s", millis / 1000, millis % 1000 / 100)
}

impl Host {
    /// All breakers that have counted a call, or those before one plugin.
    pub fn circuits(&self, component: Option<&str>) -> Result<Vec<CircuitShown>, Problem> {
        let rules = rules(&GovernorFile::load(&self.home).map_err(explain)?)?;
        let now = self.now();
        let breaker = |name: &str| rules.breaker_named(name);
        let all = self.store.read(|view| if_governor::circuits(view, breaker, now));
        let mut all = all.map_err(|error: StoreError| error.problem())?;
        all.retain(|it| {
            component.is_none_or(|wanted| {
                it.name.strip_prefix("component:").is_some_and(|id| {
                    id == wanted || id.strip_prefix("if://capability/") == Some(wanted)
                })
            })
        });
        Ok(all)
    }

    /// Closes a breaker by hand; false where there is none of that name. The log says so in the
    /// same commit.
    pub fn reset_circuit(&self, name: &str) -> Result<bool, Problem> {
        if !self.circuits(None)?.iter().any(|it| it.name == name) {
            return Ok(false);
        }
        let reset = |sql: &dyn Sql| if_governor::reset(sql, name).map(|_| ());
        self.witness
            .note_with(&format!("circuit {name} reset"), |tx| reset(tx))
            .map_err(explain)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_core::{CapabilityId, Word};

    #[test]
    fn whose_fault_it_was_is_told_apart() {
        let word = || Word::new("x").unwrap();
        let instance = Subject::Instance(word(), None);
        let component = Subject::Component(CapabilityId::new("if://capability/a.b").unwrap());
        let swarm = Subject::Swarm(word());
        for (fate, ends) in [
            (Fate::Well, [Ended::Well, Ended::Well, Ended::Well]),
            (Fate::Provider, [Ended::Badly, Ended::Well, Ended::Badly]),
            (Fate::Plugin, [Ended::Neither, Ended::Badly, Ended::Badly]),
            (Fate::Neither, [Ended::Neither, Ended::Neither, Ended::Neither]),
        ] {
            assert_eq!([&instance, &component, &swarm].map(|it| ended(it, fate)), ends);
        }
    }
}
