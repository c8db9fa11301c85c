//! From clap's matches to typed arguments: every word goes through its parameter's schema here, so
//! that a wrong one is refused before anything is loaded, with the parameter's name in the message.

use crate::tree::option_id;
use clap::ArgMatches;
use if_config::read_regular;
use if_core::{Code, Problem};
use if_manifest::model::{Kind, Parameter};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The arguments of one command.
#[derive(Debug, Default)]
pub struct Arguments {
    /// Parameter name → value, as the component will see it.
    pub values: Map<String, Value>,
    /// File parameters: name → path on this machine.
    pub files: BTreeMap<String, PathBuf>,
}

/// Collects and checks every parameter that was given; fills defaults; names what is missing.
pub fn arguments(
    matches: &ArgMatches,
    parameters: &[Parameter],
    line: &str,
) -> Result<Arguments, Problem> {
    complete(given(matches, parameters, line)?, parameters, line)
}

/// Whether the line says anything of this parameter.
pub fn is_given(matches: &ArgMatches, parameter: &Parameter) -> bool {
    !words_of(matches, parameter).is_empty()
}

/// The parameters that were given, each checked.
pub fn given(
    matches: &ArgMatches,
    parameters: &[Parameter],
    line: &str,
) -> Result<Arguments, Problem> {
    let mut arguments = Arguments::default();
    for parameter in parameters {
        let name = parameter.name.as_str();
        let words = words_of(matches, parameter);
        if words.is_empty() {
            continue;
        }
        if matches!(parameter.kind, Kind::FileIn { .. } | Kind::FileOut { .. }) {
            arguments.files.insert(name.to_owned(), PathBuf::from(words.concat()));
        }
        let value = value_of(&parameter.kind, &words).map_err(|reason| {
            Problem::new(
                Code::Usage,
                format!("`{}` is not a valid {name}: {reason}", words.join(" ")),
            )
            .hint(format!("{line} --help"))
        })?;
        arguments.values.insert(name.to_owned(), value);
    }
    Ok(arguments)
}

/// Fills in defaults; names what is needed and has none.
pub fn complete(
    mut arguments: Arguments,
    parameters: &[Parameter],
    line: &str,
) -> Result<Arguments, Problem> {
    for parameter in parameters {
        let name = parameter.name.as_str();
        if arguments.values.contains_key(name) {
            continue;
        }
        match &parameter.default {
            Some(default) => {
                arguments.values.insert(name.to_owned(), default.clone());
            }
            None if parameter.required => return Err(missing(parameter, line)),
            None => {}
        }
    }
    Ok(arguments)
}

/// What a person's answer means: several values of a list or record stand on one line.
pub fn answer(kind: &Kind, text: &str) -> Result<Value, String> {
    let words: Vec<String> = match kind {
        Kind::List { .. } | Kind::Record { .. } => {
            text.split_whitespace().map(str::to_owned).collect()
        }
        Kind::Bool if text.eq_ignore_ascii_case("y") => vec!["yes".to_owned()],
        Kind::Bool if text.eq_ignore_ascii_case("n") => vec!["no".to_owned()],
        _ => vec![text.to_owned()],
    };
    value_of(kind, &words)
}

fn words_of(matches: &ArgMatches, parameter: &Parameter) -> Vec<String> {
    let name = parameter.name.as_str();
    [option_id(name), name.to_owned()]
        .iter()
        .filter_map(|id| matches.try_get_many::<String>(id).ok().flatten())
        .flatten()
        .cloned()
        .collect()
}

fn value_of(kind: &Kind, words: &[String]) -> Result<Value, String> {
    let value = match kind {
        Kind::List { of, .. } => {
            Value::Array(words.iter().map(|word| one(of, word)).collect::<Result<_, _>>()?)
        }
        Kind::Record { .. } => {
            Value::Object(words.iter().map(|word| pair(word)).collect::<Result<_, _>>()?)
        }
        _ => match words {
            [word] => one(kind, word)?,
            _ => return Err("it is given twice".to_owned()),
        },
    };
    kind.check(&value)?;
    Ok(value)
}

fn one(kind: &Kind, word: &str) -> Result<Value, String> {
    match (kind, word.strip_prefix('@')) {
        (Kind::Json { bytes_max }, Some(path)) => {
            let bytes = read_regular(Path::new(path), *bytes_max);
            let text = String::from_utf8(bytes.map_err(|error| error.to_string())?);
            kind.parse_text(&text.map_err(|_| format!("{path} is not UTF-8 text"))?)
        }
        _ => kind.parse_text(word),
    }
}

fn pair(word: &str) -> Result<(String, Value), String> {
    let (key, value) = word.split_once('=').ok_or_else(|| format!("`{word}` is not key=value"))?;
    Ok((key.to_owned(), Value::String(value.to_owned())))
}

fn missing(parameter: &Parameter, line: &str) -> Problem {
    let name = parameter.name.as_str();
    let form = if parameter.positional { format!("<{name}>") } else { format!("--{name} …") };
    Problem::new(Code::Usage, format!("`{line}` needs {name}: {}", parameter.summary))
        .hint(format!("{line} {form}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_within_its_bound_and_what_has_no_end_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.json");
        let read =
            |path: &Path| answer(&Kind::Json { bytes_max: 8 }, &format!("@{}", path.display()));
        for (text, expect) in [
            ("{\"a\":1}", Ok(serde_json::json!({"a": 1}))),
            ("[1, 2, 3]", Err("has 9 bytes, at most 8 are allowed")),
            ("no JSON", Err("is not JSON")),
        ] {
            fs_err::write(&path, text).unwrap();
            match expect {
                Ok(value) => assert_eq!(read(&path), Ok(value)),
                Err(why) => assert!(read(&path).unwrap_err().contains(why), "{text}"),
            }
        }
        for endless in ["/dev/zero", "/dev/urandom", "/proc/self"] {
            let why = read(Path::new(endless)).unwrap_err();
            assert!(why.contains("is no regular file"), "{why}");
        }
    }
}
