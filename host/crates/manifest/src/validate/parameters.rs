//! Parameters of commands and settings of instances: names, order, kinds, bounds, defaults.

use super::at::At;
use super::{GLOBAL_FLAGS, is_plain, line};
use crate::ManifestError;
use crate::kind::INTEGER_MAX;
use crate::model::{Kind, Parameter, Predicate};
use crate::url::Scheme;
use std::collections::BTreeSet;

/// Words that an instance's entry in a provider file keeps for the host.
const RESERVED_SETTINGS: &[&str] = &["hosts", "secrets", "private-network"];

/// Longest text argument: one argument of a Linux process has at most 128 KiB.
const LENGTH_MAX: u32 = 128 << 10;

/// Most items in a list or record: all of them come from one command line.
const COUNT_MAX: u32 = 10_000;

/// Most names in an enum; the largest real one (vMix functions) has 797.
const VALUES_MAX: usize = 2_000;

/// Largest JSON argument; more belongs into a file parameter.
const JSON_BYTES_MAX: u64 = 4 << 20;

/// Largest file: it is streamed, but its digest is taken first.
const FILE_BYTES_MAX: u64 = 4 << 30;

/// Longest duration: a year. Beyond it a unit was mistaken.
const DURATION_MS_MAX: u64 = 366 * 24 * 3_600_000;

/// An instance's settings.
pub(super) fn settings(at: &At<'_>, it: &Predicate) -> Result<(), ManifestError> {
    parameters(at, &it.settings)?;
    for (index, setting) in it.settings.iter().enumerate() {
        let at = &at.index(index);
        let name = setting.name.as_str();
        at.field("name").require(!RESERVED_SETTINGS.contains(&name), || {
            format!("`{name}` is a word of the host's own")
        })?;
        at.field("positional").require(!setting.positional, || "settings have no order".into())?;
        at.field("complete").require(setting.complete.is_none(), || {
            "a setting is asked for before there is an instance to ask".into()
        })?;
        let file = matches!(setting.kind, Kind::FileIn { .. } | Kind::FileOut { .. });
        at.field("kind").require(!file, || "a setting cannot be a file".into())?;
        let declared = it.secrets.iter().any(|secret| secret.name == setting.name);
        at.field("kind").require(setting.kind != Kind::Secret || declared, || {
            format!("there is no secret `{name}` under secrets")
        })?;
    }
    Ok(())
}

/// What holds for settings and for a command's parameters.
pub(super) fn parameters(at: &At<'_>, parameters: &[Parameter]) -> Result<(), ManifestError> {
    let mut seen = BTreeSet::new();
    for (index, parameter) in parameters.iter().enumerate() {
        let at = &at.index(index);
        let name = parameter.name.as_str();
        at.field("name").require(seen.insert(name), || format!("`{name}` stands twice"))?;
        at.field("name").require(!GLOBAL_FLAGS.contains(&name), || {
            format!("`--{name}` is a flag of every command")
        })?;
        line(&at.field("summary"), &parameter.summary)?;
        kind(&at.field("kind"), &parameter.kind)?;
        if let Some(default) = &parameter.default {
            let at = &at.field("default");
            at.require(!parameter.required, || "a required value has no default".into())?;
            parameter.kind.check(default).map_err(|why| at.fault(why))?;
        }
    }
    Ok(())
}

/// Positional parameters: required ones first, a list or record only at the end.
pub(super) fn order(at: &At<'_>, parameters: &[Parameter]) -> Result<(), ManifestError> {
    let mut before: Option<&Parameter> = None;
    for (index, parameter) in parameters.iter().enumerate().filter(|(_, one)| one.positional) {
        let at = &at.index(index);
        if let Some(before) = before {
            let name = before.name.as_str();
            at.require(!parameter.required || before.required, || {
                format!("is required, but stands behind `{name}`, which is not")
            })?;
            at.require(!before.kind.is_several(), || {
                format!("stands behind `{name}`, which takes all that follows")
            })?;
        }
        before = Some(parameter);
    }
    Ok(())
}

impl Kind {
    /// Takes any number of words.
    fn is_several(&self) -> bool {
        matches!(self, Kind::List { .. } | Kind::Record { .. })
    }
}

fn kind(at: &At<'_>, kind: &Kind) -> Result<(), ManifestError> {
    let within = |name: &'static str, value: u64, most: u64| {
        at.field(name).require((1..=most).contains(&value), || format!("must be 1 to {most}"))
    };
    match kind {
        Kind::Bool | Kind::Secret => Ok(()),
        Kind::Int { min, max } => {
            let (min, max) = (min.unwrap_or(-INTEGER_MAX), max.unwrap_or(INTEGER_MAX));
            at.require(min <= max, || format!("min {min} is above max {max}"))
        }
        Kind::Decimal { min, max } => {
            let ordered = min.zip(*max).is_none_or(|(min, max)| min <= max);
            at.require(ordered, || "min is above max".into())
        }
        Kind::String { length_max } => {
            within("length_max", u64::from(*length_max), u64::from(LENGTH_MAX))
        }
        Kind::Enum { values } => names(&at.field("values"), values),
        Kind::Url { schemes } => {
            names(&at.field("schemes"), schemes)?;
            let known = |word: &String| Scheme::ALL.iter().any(|scheme| scheme.as_str() == word);
            at.field("schemes")
                .require(schemes.iter().all(known), || "may hold http, https, ws and wss".into())
        }
        Kind::Duration { max_ms } => within("max_ms", max_ms.unwrap_or(1), DURATION_MS_MAX),
        Kind::List { of, count_max } => {
            within("count_max", u64::from(*count_max), u64::from(COUNT_MAX))?;
            at.field("of").require(is_scalar(of), || {
                "a list holds bool, int, decimal, string, enum, duration or json".into()
            })?;
            self::kind(&at.field("of"), of)
        }
        Kind::Record { count_max } => {
            within("count_max", u64::from(*count_max), u64::from(COUNT_MAX))
        }
        Kind::Json { bytes_max } => within("bytes_max", *bytes_max, JSON_BYTES_MAX),
        Kind::FileIn { bytes_max } | Kind::FileOut { bytes_max } => {
            within("bytes_max", *bytes_max, FILE_BYTES_MAX)
        }
    }
}

/// One word of a command line says all of it.
fn is_scalar(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Bool
            | Kind::Int { .. }
            | Kind::Decimal { .. }
            | Kind::String { .. }
            | Kind::Enum { .. }
            | Kind::Duration { .. }
            | Kind::Json { .. }
    )
}

fn names(at: &At<'_>, values: &[String]) -> Result<(), ManifestError> {
    at.require((1..=VALUES_MAX).contains(&values.len()), || {
        format!("must have 1 to {VALUES_MAX} names")
    })?;
    let mut seen = BTreeSet::new();
    for (index, value) in values.iter().enumerate() {
        let at = &at.index(index);
        at.require(!value.is_empty() && is_plain(value), || {
            "must be a name without control characters".into()
        })?;
        at.require(seen.insert(value), || format!("`{value}` stands twice"))?;
    }
    Ok(())
}
