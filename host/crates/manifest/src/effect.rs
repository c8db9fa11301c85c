//! Which effect one use of a command has, before anything runs.

use crate::model::{Command, EffectSource, TableKey};
use if_core::Effect;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

impl Command {
    /// The effect of this command with these arguments. A key that no signed table knows, an
    /// argument that is missing or no string: `dangerous`. Never below `read`: `session` is for
    /// handshakes, not for commands.
    pub fn effect_for(
        &self,
        arguments: &Map<String, Value>,
        tables: &BTreeMap<String, BTreeMap<String, Effect>>,
    ) -> Effect {
        let effect = match &self.effect {
            EffectSource::Fixed(effect) => Some(*effect),
            EffectSource::Table(source) => tables.get(&source.table).and_then(|table| {
                let words = source.words(arguments)?;
                let effects = words.into_iter().map(|word| table.get(word).copied());
                effects.collect::<Option<Vec<_>>>()?.into_iter().max()
            }),
        };
        effect.unwrap_or(Effect::Dangerous).max(Effect::Read)
    }
}

impl TableKey {
    /// In a command: the parameter's name, and the pointer into its JSON.
    pub fn parameter(&self) -> (&str, &str) {
        self.key.split_once(':').unwrap_or((&self.key, ""))
    }

    /// In a command: the words that decide. `None` when one is missing, of another type, or there
    /// is none at all.
    pub fn words<'a>(&self, arguments: &'a Map<String, Value>) -> Option<Vec<&'a str>> {
        let (name, pointer) = self.parameter();
        let mut words = Vec::new();
        collect(arguments.get(name)?, pointer, &mut words)?;
        (!words.is_empty()).then_some(words)
    }
}

/// The texts at a pointer whose step `*` means every item of a list; nothing less than all of them.
fn collect<'a>(value: &'a Value, pointer: &str, into: &mut Vec<&'a str>) -> Option<()> {
    let Some(path) = pointer.strip_prefix('/') else {
        into.push(value.as_str()?);
        return Some(());
    };
    let (step, _) = path.split_once('/').unwrap_or((path, ""));
    let rest = path.get(step.len()..).unwrap_or_default();
    if step == "*" {
        return value.as_array()?.iter().try_for_each(|item| collect(item, rest, into));
    }
    collect(value.pointer(&format!("/{step}"))?, rest, into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_table_decides_and_what_it_does_not_know_is_dangerous() {
        let command: Command = serde_json::from_value(json!({
            "path": "request", "summary": "s", "effect": {"table": "requests", "key": "type"},
        }))
        .unwrap();
        let tables = serde_json::from_value(json!({
            "requests": {"GetStats": "read", "StartStream": "write", "Identify": "session"},
        }))
        .unwrap();
        for (arguments, expect) in [
            (json!({"type": "GetStats"}), Effect::Read),
            (json!({"type": "StartStream"}), Effect::Write),
            (json!({"type": "Identify"}), Effect::Read),
            (json!({"type": "getstats"}), Effect::Dangerous),
            (json!({"type": ["GetStats"]}), Effect::Dangerous),
            (json!({}), Effect::Dangerous),
        ] {
            let arguments = arguments.as_object().unwrap();
            assert_eq!(command.effect_for(arguments, &tables), expect, "{arguments:?}");
            assert_eq!(command.effect_for(arguments, &BTreeMap::new()), Effect::Dangerous);
        }
        let batch: Command = serde_json::from_value(json!({
            "path": "batch", "summary": "s",
            "effect": {"table": "requests", "key": "data:/*/requestType"},
        }))
        .unwrap();
        for (data, expect) in [
            (json!([{"requestType": "GetStats"}]), Effect::Read),
            (json!([{"requestType": "GetStats"}, {"requestType": "StartStream"}]), Effect::Write),
            (json!([{"requestType": "GetStats"}, {"requestType": "Other"}]), Effect::Dangerous),
            (json!([{"requestType": "GetStats"}, {}]), Effect::Dangerous),
            (json!([]), Effect::Dangerous),
            (json!({"requestType": "GetStats"}), Effect::Dangerous),
            (json!("GetStats"), Effect::Dangerous),
        ] {
            let arguments = Map::from_iter([("data".to_owned(), data)]);
            assert_eq!(batch.effect_for(&arguments, &tables), expect, "{arguments:?}");
        }
        let fixed = Command { effect: EffectSource::Fixed(Effect::Write), ..command };
        assert_eq!(fixed.effect_for(&Map::new(), &tables), Effect::Write);
    }
}
