//! Which effect one use of a command has, before anything runs.

use crate::model::{Command, EffectSource};
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
            EffectSource::Table(source) => arguments
                .get(&source.key)
                .and_then(Value::as_str)
                .and_then(|key| tables.get(&source.table)?.get(key).copied()),
        };
        effect.unwrap_or(Effect::Dangerous).max(Effect::Read)
    }
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
        let fixed = Command { effect: EffectSource::Fixed(Effect::Write), ..command };
        assert_eq!(fixed.effect_for(&Map::new(), &tables), Effect::Write);
    }
}
