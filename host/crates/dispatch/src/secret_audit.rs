//! Which plugin used which secret, when, towards which endpoint: read from the outcomes in the log.
//!
//! The broker notes a use the moment a value is put into a message, and the outcome's signed leaf
//! holds it; there was never a value to show. Who asks gets all of it: the log is read page by
//! page, and operations whose process died before it could tell are named, not passed over.

use crate::host::Host;
use if_core::{Digest, OperationId, Problem, UnixMillis, Word};
use if_witness::{Entry, Filter, Leaf, Status};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// A secret in the messages of one operation to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretUsed {
    /// When the operation began.
    pub at: UnixMillis,
    pub operation: OperationId,
    pub provider: Word,
    pub instance: Option<Word>,
    /// The secret's name in the manifest.
    pub secret: Word,
    /// Where it came from; absent where that part of the log was erased.
    pub source: Option<String>,
    /// Which version of it, where its place counts them.
    pub source_version: Option<u64>,
    /// The endpoint's name in the manifest.
    pub endpoint: Word,
    pub command: String,
    /// Who asked.
    pub actor: String,
    /// `if://capability/obs.studio@1.0.0`, and the very bytes that ran.
    pub plugin: String,
    pub component: Digest,
    pub outcome: Status,
}

/// What the log tells of secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SecretAudit {
    /// Oldest first.
    pub used: Vec<SecretUsed>,
    /// Operations that did not live to tell, or have not ended; oldest first.
    pub untold: Vec<OperationId>,
}

impl Host {
    /// Uses of secrets by the operations that fit, and of this secret only, if one is named.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn secret_audit(
        &self,
        filter: &Filter,
        secret: Option<&Word>,
    ) -> Result<SecretAudit, Problem> {
        SecretAudit::collect(filter.clone(), secret, |page| self.query(page))
    }
}

impl SecretAudit {
    /// Reads pages, newest first, until one has nothing new.
    fn collect(
        filter: Filter,
        secret: Option<&Word>,
        query: impl Fn(&Filter) -> Result<Vec<Entry>, Problem>,
    ) -> Result<Self, Problem> {
        let mut audit = Self::default();
        let mut seen = BTreeSet::new();
        let mut page = Filter { limit: None, ..filter };
        loop {
            let entries = query(&page)?;
            let before = seen.len();
            for entry in &entries {
                if seen.insert(entry.opened.leaf.seq) {
                    audit.add(entry, secret);
                }
            }
            let Some(oldest) = entries.last().filter(|_| seen.len() > before) else { break };
            // The next page ends with the time at which this one began; what both have is known.
            page.until = Some(oldest.opened.leaf.at.plus_millis(1));
        }
        audit.used.reverse();
        audit.untold.reverse();
        Ok(audit)
    }

    fn add(&mut self, entry: &Entry, secret: Option<&Word>) {
        let opened = &entry.opened.leaf;
        let Some(operation) = opened.operation.clone() else { return };
        match entry.closed.as_ref().map(|closed| &closed.leaf) {
            // Who finds a dead process's intent closes it without a time: nobody saw what it did.
            Some(closed) if closed.timing.is_some() => {
                let wanted = closed.secrets.iter().rev();
                let wanted =
                    wanted.filter(|used| secret.is_none_or(|secret| *secret == used.secret));
                let from = Sources::of(entry, closed);
                self.used.extend(wanted.filter_map(|used| used_by(opened, closed, used, &from)));
            }
            _ if opened.outcome.is_none() => self.untold.push(operation),
            _ => {}
        }
    }
}

/// What the log says of where secrets came from. What did not come from the vault is named in a
/// part of its own, which may be erased; the leaf tells that there was one.
struct Sources(Option<Value>);

impl Sources {
    const PART: &str = "sources";

    fn of(entry: &Entry, closed: &Leaf) -> Self {
        match entry.parts.get(Self::PART) {
            Some(text) => Self(serde_json::from_str(text).ok()),
            None if closed.commitments.contains_key(Self::PART) => Self(None),
            None => Self(Some(Value::Null)),
        }
    }

    fn name(&self, secret: &Word) -> Option<String> {
        let from = |known: &Value| Some(known.get(secret.as_str())?.get("from")?.as_str()?.into());
        self.0.as_ref().map(|known| from(known).unwrap_or_else(|| "vault".to_owned()))
    }

    fn version(&self, secret: &Word) -> Option<u64> {
        self.0.as_ref()?.get(secret.as_str())?.get("version")?.as_u64()
    }
}

fn used_by(
    opened: &Leaf,
    closed: &Leaf,
    used: &if_witness::SecretUse,
    from: &Sources,
) -> Option<SecretUsed> {
    let plugin = opened.plugin.as_ref()?;
    Some(SecretUsed {
        at: opened.at,
        operation: opened.operation.clone()?,
        provider: opened.provider.clone()?,
        instance: opened.instance.clone(),
        secret: used.secret.clone(),
        source: from.name(&used.secret),
        source_version: from.version(&used.secret),
        endpoint: used.endpoint.clone(),
        command: opened.command.clone().unwrap_or_default(),
        actor: opened.actor.clone().unwrap_or_default(),
        plugin: format!("{}@{}", plugin.id, plugin.version),
        component: plugin.component,
        outcome: closed.outcome?.status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_core::Digest;
    use serde_json::json;

    fn leaf(kind: &str, number: u64, at: u64, more: Value) -> Value {
        let digest = Digest::from_bytes([7; 32]);
        let mut leaf = json!({"v": 1, "seq": number, "prev": "0".repeat(64), "at": at, "kind": kind,
            "operation": format!("{number:032x}"), "provider": "obs",
            "instance": "studio", "command": "scene list", "actor": "me",
            "plugin": {"id": "if://capability/obs.studio", "version": "1.0.0", "release": 1,
                "manifest": digest, "component": digest}});
        leaf.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        leaf
    }

    /// An operation that used `password`, two to a millisecond.
    fn entry(number: u64) -> Entry {
        let recorded = |leaf: Value| if_witness::Recorded {
            hash: serde_json::from_value(json!("0".repeat(64))).unwrap(),
            leaf: serde_json::from_value(leaf).unwrap(),
        };
        let at = number / 2;
        let end = json!({"outcome": {"status": "ok", "exit": 0},
            "timing": {"started": at, "ended": at, "wall_ms": 0},
            "secrets": [{"secret": "password", "endpoint": "control"}]});
        let opened = recorded(leaf("intent", number, at, json!({})));
        let closed = Some(recorded(leaf("outcome", number, at, end)));
        Entry { opened, closed, parts: std::collections::BTreeMap::new() }
    }

    #[test]
    fn the_source_is_what_the_host_wrote_down() {
        let known = r#"{"password": {"from": "kv:secret/obs#password", "version": 3}}"#;
        let told = |part: Option<&str>, committed: bool| {
            let mut entry = entry(2);
            if let Some(text) = part {
                entry.parts.insert("sources".to_owned(), text.to_owned());
            }
            let closed = entry.closed.as_mut().unwrap();
            if committed {
                let hash = serde_json::from_value(json!("0".repeat(64))).unwrap();
                closed.leaf.commitments.insert("sources".to_owned(), hash);
            }
            let mut audit = SecretAudit::default();
            audit.add(&entry, None);
            let used = audit.used.remove(0);
            (used.source, used.source_version)
        };
        assert_eq!(told(None, false), (Some("vault".to_owned()), None));
        assert_eq!(told(Some(known), true), (Some("kv:secret/obs#password".to_owned()), Some(3)));
        assert_eq!(told(Some("{}"), true), (Some("vault".to_owned()), None));
        assert_eq!(told(None, true), (None, None), "erased");
    }

    #[test]
    fn a_log_of_many_pages_is_told_whole_and_once() {
        let log: Vec<Entry> = (0..25).rev().map(entry).collect();
        let pages = std::cell::Cell::new(0);
        let query = |filter: &Filter| {
            pages.set(pages.get() + 1);
            let until = |entry: &&Entry| filter.until.is_none_or(|end| entry.opened.leaf.at < end);
            Ok(log.iter().filter(until).take(4).cloned().collect())
        };
        let audit = SecretAudit::collect(Filter::default(), None, query).unwrap();
        let times: Vec<u64> = audit.used.iter().map(|used| used.at.0).collect();
        assert_eq!(times, (0..25).map(|number| number / 2).collect::<Vec<_>>());
        assert!(pages.get() > 6, "{} pages", pages.get());
        let other = Word::new("token").unwrap();
        let none = SecretAudit::collect(Filter::default(), Some(&other), query).unwrap();
        assert_eq!(none, SecretAudit::default());
    }
}
