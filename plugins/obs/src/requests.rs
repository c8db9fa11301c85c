//! The 147 requests of obs-websocket 5.7.3 and their 304 fields, and four that OBS answers without
//! documenting them, compiled in from `requests.csv`.
//!
//! A mistyped field fails here, by name, before a connection is opened; OBS would ignore an unknown
//! one in silence. Whether a combination of fields makes sense is OBS's to say.

use if_sdk::did_you_mean;
use if_sdk::prelude::*;

/// `request,category,since,fields,answer`; fields are `name:Type`, with `?` when optional and
/// `[min..max]`.
const TABLE: &str = include_str!("../requests.csv");
/// What each does, as the host knows it too: `request,effect`.
const EFFECTS: &str = include_str!("../requests-effects.csv");

/// One request.
pub struct Request {
    pub name: &'static str,
    pub category: &'static str,
    /// The obs-websocket that brought it.
    pub since: &'static str,
    fields: &'static str,
    answer: &'static str,
}

/// One field of a request or of its answer.
struct Field {
    /// `keyModifiers.shift` is the member `shift` of the field `keyModifiers`.
    name: &'static str,
    kind: &'static str,
    optional: bool,
    min: Option<f64>,
    max: Option<f64>,
}

/// All of them, in the protocol's order.
pub fn all() -> impl Iterator<Item = Request> {
    TABLE.lines().skip(1).filter_map(|line| {
        let mut cells = line.split(',');
        let mut cell = || cells.next();
        let (name, category, since) = (cell()?, cell()?, cell()?);
        Some(Request { name, category, since, fields: cell()?, answer: cell()? })
    })
}

/// The request of this name.
///
/// # Errors
/// `usage`, with the nearest name.
pub fn find(name: &str) -> Result<Request, Failure> {
    all().find(|request| request.name == name).ok_or_else(|| {
        let tail = did_you_mean(name, all().map(|request| request.name));
        Failure::usage(format!("obs-websocket has no request `{name}`{tail}"))
    })
}

/// Checks a request's fields; those in `set_later` may be missing (a batch's variables).
///
/// # Errors
/// `usage`, naming the request or field and what was expected.
pub fn check(name: &str, data: &Value, set_later: &[&str]) -> Result<(), Failure> {
    let request = find(name)?;
    let Some(data) = data.as_object() else {
        return Err(Failure::usage("`data` must be a JSON object"));
    };
    refuse_unknown(&request, "", data)?;
    fields(request.fields).filter(|field| !set_later.contains(&field.name)).try_for_each(|field| {
        let value = field.name.split('.').try_fold(None, |outer, part| {
            let members = outer.map_or(Some(data), Value::as_object)?;
            members.get(part).map(Some)
        });
        field
            .check(value.flatten())
            .map_err(|fault| Failure::usage(format!("`{name}`: field `{}` {fault}", field.name)))
    })
}

/// Every member must be a field; members of a field with described members likewise.
fn refuse_unknown(
    request: &Request,
    prefix: &str,
    members: &Map<String, Value>,
) -> Result<(), Failure> {
    let names = || fields(request.fields).filter_map(|field| field.name.strip_prefix(prefix));
    for (name, value) in members {
        if !names().any(|known| known == name) {
            let tail = did_you_mean(name, names().filter(|known| !known.contains('.')));
            let fault = format!("`{}` has no field `{prefix}{name}`{tail}", request.name);
            return Err(Failure::usage(fault));
        }
        let inner = format!("{prefix}{name}.");
        if let Some(members) = value.as_object()
            && fields(request.fields).any(|field| field.name.starts_with(&inner))
        {
            refuse_unknown(request, &inner, members)?;
        }
    }
    Ok(())
}

fn fields(cell: &'static str) -> impl Iterator<Item = Field> {
    cell.split(' ').filter_map(|text| {
        let (name, kind) = text.split_once(':')?;
        let (kind, range) = kind.split_once('[').unwrap_or((kind, ""));
        let (min, max) = range.trim_end_matches(']').split_once("..").unwrap_or_default();
        let optional = kind.ends_with('?');
        let kind = kind.trim_end_matches('?');
        Some(Field { name, kind, optional, min: min.parse().ok(), max: max.parse().ok() })
    })
}

impl Field {
    /// What is wrong with the value, as the end of a sentence about the field.
    fn check(&self, value: Option<&Value>) -> Result<(), String> {
        let value = match value {
            None if self.optional => return Ok(()),
            None => return Err(format!("is missing ({})", self.kind)),
            // Some requests take `null` in an optional field to reset it.
            Some(Value::Null) if self.optional => return Ok(()),
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

    fn help(&self) -> Value {
        let range = match (self.min, self.max) {
            (Some(min), Some(max)) => json!(format!("{min} to {max}")),
            (Some(min), None) => json!(format!("at least {min}")),
            _ => Value::Null,
        };
        let needed = if self.optional { "optional" } else { "required" };
        json!({ "field": self.name, "type": self.kind, "presence": needed, "range": range })
    }
}

impl Request {
    /// What it does to OBS.
    pub fn effect(&self) -> &'static str {
        let mut rows = EFFECTS.lines().filter_map(|line| line.split_once(','));
        rows.find(|(name, _)| *name == self.name).map_or("dangerous", |(_, effect)| effect)
    }

    /// Its fields, types, ranges, effect and age.
    pub fn help(&self) -> Value {
        let answer = fields(self.answer).map(|f| json!({ "field": f.name, "type": f.kind }));
        json!({
            "request": self.name,
            "category": self.category,
            "effect": self.effect(),
            "since": self.since,
            "fields": fields(self.fields).map(|field| field.help()).collect::<Vec<_>>(),
            "answer": answer.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_request_has_fields_known_and_an_effect() {
        let requests: BTreeSet<_> = all().map(|request| request.name).collect();
        let documented = || all().filter(|request| request.category != "undocumented");
        let count = |cell: fn(&Request) -> &'static str| {
            documented().map(|request| fields(cell(&request)).count()).sum::<usize>()
        };
        let counts = (documented().count(), count(|r| r.fields), count(|r| r.answer));
        assert_eq!((requests.len(), counts), (151, (147, 304, 152)));
        let kinds: BTreeSet<_> =
            all().flat_map(|r| fields(r.fields)).map(|field| field.kind).collect();
        assert_eq!(kinds, BTreeSet::from(["Any", "Boolean", "Number", "Object", "String"]));
        let effects: Vec<_> =
            EFFECTS.lines().skip(1).map(|line| line.split_once(',').unwrap()).collect();
        assert_eq!(effects.len(), requests.len());
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
        let check = |request: &str, data: Value| match check(request, &data, &[]) {
            Ok(()) => String::from("ok"),
            Err(Failure::Usage(text)) => text,
            Err(other) => panic!("{other:?}"),
        };
        let keys = "TriggerHotkeyByKeySequence";
        for (request, data, expect) in [
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
                "SetInputVolume",
                json!({ "inputVolumeDb": -101 }),
                "`SetInputVolume`: field `inputVolumeDb` must be at least -100, not -101",
            ),
            (keys, json!({ "keyModifiers": { "shift": true } }), "ok"),
            (
                keys,
                json!({ "keyModifiers": { "shift": 1 } }),
                "`TriggerHotkeyByKeySequence`: field `keyModifiers.shift` must be of type Boolean, \
                 not 1",
            ),
            (
                keys,
                json!({ "keyModifiers": { "shft": true } }),
                "`TriggerHotkeyByKeySequence` has no field `keyModifiers.shft`; did you mean \
                 `shift`?",
            ),
        ] {
            assert_eq!(check(request, data.clone()), expect, "{request} {data}");
        }
    }

    #[test]
    fn what_a_variable_sets_later_may_be_missing_but_not_wrong() {
        let later = &["inputMuted"];
        assert_eq!(super::check("SetInputMute", &json!({ "inputName": "A" }), later), Ok(()));
        assert!(super::check("SetInputMute", &json!({ "mute": 1 }), later).is_err());
    }

    #[test]
    fn help_names_fields_types_ranges_effect_and_age() {
        let help = find("SetInputVolume").unwrap().help();
        assert_eq!(help.at("effect"), "write");
        assert_eq!(help.at("since"), "5.0.0");
        let decibel = &help.at("fields").items()[3];
        let expect = json!({
            "field": "inputVolumeDb", "type": "Number", "presence": "optional",
            "range": "-100 to 26",
        });
        assert_eq!(decibel, &expect);
    }
}
