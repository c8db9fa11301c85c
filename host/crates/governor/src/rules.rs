//! Which rates and breakers hold for a command. Pure: the rules are what the operator wrote.

use crate::circuit::Breaker;
use crate::rate::Rate;
use if_core::{CapabilityId, Word};
use std::fmt;

/// How often, for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateRule {
    pub provider: Word,
    /// One instance; each for itself where none is named.
    pub instance: Option<Word>,
    /// One command; all of them together where none is named.
    pub command: Option<String>,
    pub rate: Rate,
    /// The longest that a command waits for its turn.
    pub wait_ms: u64,
}

/// Another breaker than the usual one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitRule {
    /// One provider; everybody, plugins and swarms too, where none is named.
    pub provider: Option<Word>,
    /// One instance; each of them where none is named.
    pub instance: Option<Word>,
    pub breaker: Breaker,
}

/// All rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    pub rates: Vec<RateRule>,
    pub circuits: Vec<CircuitRule>,
}

/// Who asks for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub provider: Word,
    pub instance: Option<Word>,
    pub command: String,
    pub component: CapabilityId,
    pub swarm: Option<Word>,
}

/// What a breaker stands before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A provider's instance; the provider, where a command needs none.
    Instance(Word, Option<Word>),
    Component(CapabilityId),
    Swarm(Word),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Instance(provider, Some(instance)) => {
                write!(f, "instance:{provider}/{instance}")
            }
            Subject::Instance(provider, None) => write!(f, "provider:{provider}"),
            Subject::Component(id) => write!(f, "component:{id}"),
            Subject::Swarm(swarm) => write!(f, "swarm:{swarm}"),
        }
    }
}

impl Asked {
    /// What its breakers stand before.
    pub fn subjects(&self) -> Vec<Subject> {
        let instance = Subject::Instance(self.provider.clone(), self.instance.clone());
        let swarm = self.swarm.clone().map(Subject::Swarm);
        [Some(instance), Some(Subject::Component(self.component.clone())), swarm]
            .into_iter()
            .flatten()
            .collect()
    }
}

impl Rules {
    /// The rate that holds for a command, and the name of its bucket: the rule that names most of
    /// it, the first of several.
    pub fn rate(&self, asked: &Asked) -> Option<(String, &RateRule)> {
        let mut fitting: Vec<&RateRule> = self
            .rates
            .iter()
            .filter(|it| {
                it.provider == asked.provider
                    && fits(it.instance.as_ref(), asked.instance.as_ref())
                    && it.command.as_ref().is_none_or(|it| *it == asked.command)
            })
            .collect();
        // Stable: of those that name as much the first stays first.
        fitting.sort_by_key(|it| (it.command.is_none(), it.instance.is_none()));
        let rule = fitting.first().copied()?;
        let mut name = asked.provider.to_string();
        if let Some(instance) = &asked.instance {
            name = format!("{name}/{instance}");
        }
        if let Some(command) = &rule.command {
            name = format!("{name} {command}");
        }
        Some((name, rule))
    }

    /// The breaker before a subject.
    pub fn breaker(&self, subject: &Subject) -> Breaker {
        let (provider, instance) = match subject {
            Subject::Instance(provider, instance) => (Some(provider), instance.as_ref()),
            Subject::Component(_) | Subject::Swarm(_) => (None, None),
        };
        let mut fitting: Vec<&CircuitRule> = self
            .circuits
            .iter()
            .filter(|it| {
                fits(it.provider.as_ref(), provider) && fits(it.instance.as_ref(), instance)
            })
            .collect();
        fitting.sort_by_key(|it| (it.instance.is_none(), it.provider.is_none()));
        fitting.first().map_or_else(Breaker::default, |it| it.breaker)
    }
}

impl Rules {
    /// The breaker before a subject of that name.
    pub fn breaker_named(&self, name: &str) -> Breaker {
        let (kind, rest) = name.split_once(':').unwrap_or_default();
        let (provider, instance) = match (kind, rest.split_once('/')) {
            ("instance", Some((provider, instance))) => (provider, Some(instance)),
            ("provider", _) => (rest, None),
            ("component", _) => {
                let id = CapabilityId::new(rest).map(Subject::Component);
                return id.map_or_else(|_| Breaker::default(), |it| self.breaker(&it));
            }
            _ => {
                let swarm = Word::new(rest).map(Subject::Swarm);
                return swarm.map_or_else(|_| Breaker::default(), |it| self.breaker(&it));
            }
        };
        match (Word::new(provider), instance.map(Word::new).transpose()) {
            (Ok(provider), Ok(instance)) => self.breaker(&Subject::Instance(provider, instance)),
            _ => Breaker::default(),
        }
    }
}

fn fits(named: Option<&Word>, instance: Option<&Word>) -> bool {
    named.is_none_or(|named| Some(named) == instance)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Word {
        Word::new(text).unwrap()
    }

    fn asked(instance: Option<&str>, command: &str) -> Asked {
        Asked {
            provider: word("openai"),
            instance: instance.map(word),
            command: command.into(),
            component: CapabilityId::new("if://capability/openai.ai").unwrap(),
            swarm: Some(word("night")),
        }
    }

    fn rule(instance: Option<&str>, command: Option<&str>, burst: u64) -> RateRule {
        RateRule {
            provider: word("openai"),
            instance: instance.map(word),
            command: command.map(str::to_owned),
            rate: Rate::new(1000, burst).unwrap(),
            wait_ms: 0,
        }
    }

    #[test]
    fn the_rule_that_names_most_holds_and_each_instance_has_its_bucket() {
        let rates = vec![
            rule(None, None, 1),
            rule(Some("work"), None, 2),
            rule(None, Some("chat"), 3),
            rule(None, None, 9),
        ];
        let rules = Rules { rates, circuits: Vec::new() };
        let found = |instance, command| {
            let asked = asked(instance, command);
            let (name, rule) = rules.rate(&asked).unwrap();
            (name, rule.rate)
        };
        let burst = |burst| Rate::new(1000, burst).unwrap();
        assert_eq!(found(Some("home"), "models"), ("openai/home".into(), burst(1)));
        assert_eq!(found(Some("work"), "models"), ("openai/work".into(), burst(2)));
        assert_eq!(found(Some("work"), "chat"), ("openai/work chat".into(), burst(3)));
        assert_eq!(found(None, "models"), ("openai".into(), burst(1)));
        let other = Asked { provider: word("obs"), ..asked(None, "x") };
        assert_eq!(rules.rate(&other), None);
    }

    #[test]
    fn a_breaker_stands_before_instance_component_and_swarm() {
        let names: Vec<String> =
            asked(Some("work"), "chat").subjects().iter().map(ToString::to_string).collect();
        let component = "component:if://capability/openai.ai";
        assert_eq!(names, ["instance:openai/work", component, "swarm:night"]);
        let shy = Breaker { failures: 1, ..Breaker::default() };
        let rule = |provider: Option<&str>, breaker| CircuitRule {
            provider: provider.map(word),
            instance: None,
            breaker,
        };
        let circuits = vec![rule(Some("openai"), shy)];
        let mut rules = Rules { rates: Vec::new(), circuits };
        let subjects = asked(None, "chat").subjects();
        assert_eq!(rules.breaker(&subjects[0]), shy);
        assert_eq!(rules.breaker(&subjects[1]), Breaker::default());
        let patient = Breaker { failures: 99, ..Breaker::default() };
        rules.circuits.push(rule(None, patient));
        let found: Vec<Breaker> = subjects.iter().map(|it| rules.breaker(it)).collect();
        assert_eq!(found, [shy, patient, patient]);
        let subjects = asked(Some("work"), "chat").subjects();
        for subject in asked(None, "chat").subjects().iter().chain(&subjects) {
            assert_eq!(rules.breaker_named(&subject.to_string()), rules.breaker(subject));
        }
    }
}
