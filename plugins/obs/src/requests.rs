//! The 147 requests of obs-websocket 5.7.3 and their 304 fields, compiled in from `requests.csv`.
//!
//! A mistyped field fails here, by name, before a connection is opened; OBS would ignore an unknown
//! one in silence. Whether a combination of fields makes sense is OBS's to say.

use if_sdk::did_you_mean;
use if_sdk::prelude::*;

/// `request,field,type,presence,min,max`; a request without fields has one row without field.
const TABLE: &str = include_str!("../requests.csv");

/// One field of a request.
struct Field {
    /// `keyModifiers.shift` is the member `shift` of the field `keyModifiers`.
    name: &'static str,
    kind: &'static str,
    required: bool,
    min: Option<f64>,
    max: Option<f64>,
}

fn rows() -> impl Iterator<Item = (&'static str, Field)> {
    TABLE.lines().skip(1).filter_map(|line| {
        let mut cells = line.split(',');
        let request = cells.next()?;
        let (name, kind) = (cells.next()?, cells.next()?);
        let required = cells.next()? == "required";
        let (min, max) = (cells.next()?.parse().ok(), cells.next()?.parse().ok());
        Some((request, Field { name, kind, required, min, max }))
    })
}

/// Checks a request's fields.
///
/// # Errors
/// `usage`, naming the request or field and what was expected.
pub fn check(request: &str, data: &Value) -> Result<(), Failure> {
    if !rows().any(|(name, _)| name == request) {
        let tail = did_you_mean(request, rows().map(|(name, _)| name));
        return Err(Failure::usage(format!("obs-websocket has no request `{request}`{tail}")));
    }
    let fields = rows().filter(|(name, field)| *name == request && !field.name.is_empty());
    let fields: Vec<_> = fields.map(|(_, field)| field).collect();
    let Some(data) = data.as_object() else {
        return Err(Failure::usage("`data` must be a JSON object"));
    };
    refuse_unknown(request, &fields, "", data)?;
    fields.iter().try_for_each(|field| {
        let value = field.name.split('.').try_fold(None, |outer, part| {
            let members = outer.map_or(Some(data), Value::as_object)?;
            members.get(part).map(Some)
        });
        field
            .check(value.flatten())
            .map_err(|fault| Failure::usage(format!("`{request}`: field `{}` {fault}", field.name)))
    })
}

/// Every member must be a field; members of a field with described members likewise.
fn refuse_unknown(
    request: &str,
    fields: &[Field],
    prefix: &str,
    members: &Map<String, Value>,
) -> Result<(), Failure> {
    let names = || fields.iter().filter_map(|field| field.name.strip_prefix(prefix));
    for (name, value) in members {
        if !names().any(|known| known == name) {
            let tail = did_you_mean(name, names().filter(|known| !known.contains('.')));
            let fault = format!("`{request}` has no field `{prefix}{name}`{tail}");
            return Err(Failure::usage(fault));
        }
        let inner = format!("{prefix}{name}.");
        if let Some(members) = value.as_object()
            && fields.iter().any(|field| field.name.starts_with(&inner))
        {
            refuse_unknown(request, fields, &inner, members)?;
        }
    }
    Ok(())
}

impl Field {
    /// What is wrong with the value, as the end of a sentence about the field.
    fn check(&self, value: Option<&Value>) -> Result<(), String> {
        let value = match value {
            None if self.required => return Err(format!("is missing ({})", self.kind)),
            None => return Ok(()),
            // Some requests take `null` in an optional field to reset it.
            Some(Value::Null) if !self.required => return Ok(()),
            Some(value) => value,
        };
        let fits = match self.kind {
            "String" => value.is_string(),
            "Number" => value.is_number(),
            "Boolean" => value.is_boolean(),
            "Object" => value.is_object(),
            _ => true,
        };
        if !fits {
            return Err(format!("must be of type {}, not {value}", self.kind));
        }
        match (value.as_f64(), self.min, self.max) {
            (Some(number), Some(min), _) if number < min => {
                Err(format!("must be at least {min}, not {number}"))
            }
            (Some(number), _, Some(max)) if number > max => {
                Err(format!("must be at most {max}, not {number}"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The signed effects, one per request.
    const EFFECTS: &str = include_str!("../requests-effects.csv");

    #[test]
    fn every_request_has_fields_known_and_an_effect() {
        let requests: BTreeSet<_> = rows().map(|(name, _)| name).collect();
        assert_eq!(
            (requests.len(), rows().filter(|(_, f)| !f.name.is_empty()).count()),
            (147, 304)
        );
        let effects: Vec<_> =
            EFFECTS.lines().skip(1).map(|line| line.split_once(',').unwrap()).collect();
        assert_eq!(effects.len(), 147);
        assert_eq!(effects.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), requests);
        for (name, effect) in effects {
            let reads = name.starts_with("Get") || name == "Sleep";
            let known = ["read", "write", "dangerous"].contains(&effect);
            assert!(known && (effect != "read" || reads), "{name} is {effect}");
            let ends = ["Remove", "StopStream", "ToggleStream", "StopOutput", "TriggerHotkey"];
            assert!(
                effect == "dangerous" || !ends.iter().any(|end| name.starts_with(end)),
                "{name}"
            );
        }
    }

    #[test]
    fn faults_are_named() {
        let check = |request: &str, data: Value| match check(request, &data) {
            Ok(()) => String::from("ok"),
            Err(Failure::Usage(text)) => text,
            Err(other) => panic!("{other:?}"),
        };
        let keys = "TriggerHotkeyByKeySequence";
        let cases = [
            ("GetVersion", json!({}), "ok"),
            (
                "getversion",
                json!({}),
                "obs-websocket has no request `getversion`; did you mean `GetVersion`?",
            ),
            ("GetVersion", json!([]), "`data` must be a JSON object"),
            ("GetVersion", json!({ "": 1 }), "`GetVersion` has no field ``"),
            ("SetInputMute", json!({ "inputName": "Mic", "inputMuted": true }), "ok"),
            (
                "SetInputMute",
                json!({ "inputName": "Mic" }),
                "`SetInputMute`: field `inputMuted` is missing (Boolean)",
            ),
            (
                "SetInputMute",
                json!({ "inputMuted": "yes" }),
                "`SetInputMute`: field `inputMuted` must be of type Boolean, not \"yes\"",
            ),
            (
                "SetInputMute",
                json!({ "inputMute": true }),
                "`SetInputMute` has no field `inputMute`; did you mean `inputMuted`?",
            ),
            (
                "SetInputVolume",
                json!({ "inputVolumeDb": 26.5 }),
                "`SetInputVolume`: field `inputVolumeDb` must be at most 26, not 26.5",
            ),
            (
                "SetVideoSettings",
                json!({ "baseWidth": 0 }),
                "`SetVideoSettings`: field `baseWidth` must be at least 1, not 0",
            ),
            (keys, json!({ "keyModifiers": { "shift": true } }), "ok"),
            (
                keys,
                json!({ "keyModifiers": { "shft": true } }),
                &format!("`{keys}` has no field `keyModifiers.shft`; did you mean `shift`?"),
            ),
            (
                keys,
                json!({ "keyModifiers": { "shift": 1 } }),
                &format!("`{keys}`: field `keyModifiers.shift` must be of type Boolean, not 1"),
            ),
            ("SetSceneSceneTransitionOverride", json!({ "transitionName": null }), "ok"),
            (
                "SetPersistentData",
                json!({ "realm": "r", "slotName": "s", "slotValue": null }),
                "ok",
            ),
        ];
        for (request, data, expected) in cases {
            assert_eq!(check(request, data), expected);
        }
    }
}
