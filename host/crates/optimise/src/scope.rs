//! Whose money it is: the levels that a budget can stand on, and which of them one call belongs to.

use if_core::Word;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// What a budget holds for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everything.
    Global,
    /// All plugins that declare this category: `category:ai`.
    Category(Word),
    Provider(Word),
    /// One instance: `instance:openai/work`.
    Instance(Word, Word),
    /// Everything started with this `IF_SWARM`.
    Swarm(Word),
    /// Everything started with this `IF_AGENT`.
    Agent(Word),
}

/// Who a call is made for, as far as money goes. The log has it in every entry that costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Payer {
    pub provider: Word,
    pub instance: Option<Word>,
    pub command: String,
    pub category: Option<Word>,
    pub swarm: Option<Word>,
    pub agent: Option<Word>,
}

impl Payer {
    /// Every scope that the call belongs to, the widest first.
    pub fn scopes(&self) -> Vec<Scope> {
        let instance =
            self.instance.clone().map(|name| Scope::Instance(self.provider.clone(), name));
        let all = [
            Some(Scope::Global),
            self.category.clone().map(Scope::Category),
            Some(Scope::Provider(self.provider.clone())),
            instance,
            self.swarm.clone().map(Scope::Swarm),
            self.agent.clone().map(Scope::Agent),
        ];
        all.into_iter().flatten().collect()
    }
}

/// Words that name no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no scope of a budget")]
pub struct NoScope(String);

impl NoScope {
    /// How scopes are written.
    pub const FORMS: &str = "global, category:NAME, provider:NAME, instance:PROVIDER/NAME, \
                             swarm:NAME or agent:NAME";
}

impl FromStr for Scope {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Self, NoScope> {
        let no = || NoScope(text.to_owned());
        let word = |text: &str| Word::new(text).map_err(|_| no());
        if text == "global" {
            return Ok(Scope::Global);
        }
        let (level, name) = text.split_once(':').ok_or_else(no)?;
        Ok(match level {
            "category" => Scope::Category(word(name)?),
            "provider" => Scope::Provider(word(name)?),
            "swarm" => Scope::Swarm(word(name)?),
            "agent" => Scope::Agent(word(name)?),
            "instance" => {
                let (provider, name) = name.split_once('/').ok_or_else(no)?;
                Scope::Instance(word(provider)?, word(name)?)
            }
            _ => return Err(no()),
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Global => f.write_str("global"),
            Scope::Category(name) => write!(f, "category:{name}"),
            Scope::Provider(name) => write!(f, "provider:{name}"),
            Scope::Instance(provider, name) => write!(f, "instance:{provider}/{name}"),
            Scope::Swarm(name) => write!(f, "swarm:{name}"),
            Scope::Agent(name) => write!(f, "agent:{name}"),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for text in
            ["global", "category:ai", "provider:obs", "instance:obs/a", "swarm:s", "agent:a-1"]
        {
            assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
        }
        for wrong in ["", "Global", "provider", "provider:", "instance:obs", "team:x", "agent:A"] {
            assert!(wrong.parse::<Scope>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_call_belongs_to_every_level_that_is_known_of_it() {
        let word = |text| Word::new(text).unwrap();
        let mut payer = Payer {
            provider: word("openai"),
            instance: Some(word("work")),
            command: "chat".into(),
            category: Some(word("ai")),
            swarm: Some(word("night")),
            agent: Some(word("a")),
        };
        let shown = |payer: &Payer| {
            payer.scopes().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let all = "global category:ai provider:openai instance:openai/work swarm:night agent:a";
        assert_eq!(shown(&payer), all);
        (payer.instance, payer.category, payer.swarm, payer.agent) = (None, None, None, None);
        assert_eq!(shown(&payer), "global provider:openai");
    }
}
