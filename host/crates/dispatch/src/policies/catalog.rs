//! Which providers, commands and instances there are, as policies are told when settings are
//! looked through.

use crate::host::Host;
use if_core::{Explain as _, Problem};
use if_manifest::model::{Command, EffectSource, Parameter, PluginKind};
use serde_json::{Value, json};

impl Host {
    /// Everything that can be asked for here.
    pub(super) fn catalog(&self) -> Result<Value, Problem> {
        let listed = if_registry::list(&self.layout).map_err(|error| error.problem())?;
        let mut providers = Vec::new();
        for one in listed {
            let Some(manifest) = one.manifest.filter(|it| it.kind == PluginKind::Provider) else {
                continue;
            };
            let instances = self.instances(&one.provider)?;
            let instances: Vec<_> = instances.into_iter().map(|it| it.name).collect();
            let commands: Vec<Value> = manifest.commands.iter().map(command).collect();
            providers.push(json!({
                "provider": one.provider, "category": manifest.category, "commands": commands,
                "instances": instances,
            }));
        }
        Ok(json!({ "providers": providers }))
    }
}

fn command(command: &Command) -> Value {
    let effect = match &command.effect {
        EffectSource::Fixed(effect) => effect.to_string(),
        EffectSource::Table(_) => "table".to_owned(),
    };
    let parameters: Vec<Value> = command.parameters.iter().map(parameter).collect();
    json!({"path": command.path, "effect": effect, "parameters": parameters})
}

fn parameter(parameter: &Parameter) -> Value {
    let kind = match json!(parameter.kind) {
        Value::String(name) => name,
        Value::Object(kind) => kind.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    };
    json!({"name": parameter.name, "kind": kind, "required": parameter.required})
}
