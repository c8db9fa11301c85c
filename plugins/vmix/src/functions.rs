//! The 797 functions of vMix: group, parameters with their kinds, and why one is dangerous.
//!
//! Compiled in from `functions.csv`. vMix ignores a mistyped parameter and acts without it, so
//! names are checked before anything is sent, and so are numbers whose bounds are published. Words
//! are not: newer versions of vMix know more of them. Functions that are published without any
//! parameter list take those of the API itself.

use crate::kinds;
use if_sdk::did_you_mean;
use if_sdk::prelude::*;
use std::collections::BTreeMap;

/// `function,group,danger,parameters`, the parameters as `Name=kind` separated by blanks.
const TABLE: &str = include_str!("../functions.csv");

/// Parameters of one call.
pub type Values = BTreeMap<String, String>;

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    pub name: &'static str,
    pub group: &'static str,
    /// Why it is dangerous, as a word of [`Function::reason`]; empty when it is not.
    danger: &'static str,
    parameters: &'static str,
}

/// All functions, group by group.
pub fn all() -> impl Iterator<Item = Function> {
    TABLE.lines().skip(1).filter_map(|line| {
        let mut cells = line.splitn(4, ',');
        let mut cell = || cells.next();
        Some(Function { name: cell()?, group: cell()?, danger: cell()?, parameters: cell()? })
    })
}

/// The function of this name.
///
/// # Errors
/// `usage`, with the nearest name.
pub fn find(name: &str) -> Result<Function, Failure> {
    all().find(|function| function.name == name).ok_or_else(|| {
        let tail = did_you_mean(name, all().map(|function| function.name));
        Failure::usage(format!("vMix has no function `{name}`{tail}"))
    })
}

impl Function {
    /// Its parameters: name, kind, whether it may be left out.
    pub fn parameters(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        self.parameters.split_whitespace().filter_map(|parameter| {
            let (name, kind) = parameter.split_once('=')?;
            let bare = kind.strip_suffix('?');
            Some((name, bare.unwrap_or(kind), bare.is_some()))
        })
    }

    /// The effect that the signed table gives it.
    pub fn effect(&self) -> &'static str {
        if self.danger.is_empty() { "write" } else { "dangerous" }
    }

    /// Why it is dangerous.
    pub fn reason(&self) -> Option<&'static str> {
        Some(match self.danger {
            "ends" => "ends something on air or loses footage",
            "deletes" => "deletes what cannot be brought back",
            "replaces" => "replaces or overwrites the whole show",
            "redirects" => "sends picture and sound to another place",
            "runs" => "runs whatever somebody wrote elsewhere",
            "files" => "writes a file anywhere on vMix's machine",
            _ => return None,
        })
    }

    /// Checks names and values of a call.
    ///
    /// # Errors
    /// `usage`, naming the parameter and what it takes.
    pub fn check(&self, values: &Values) -> Result<(), Failure> {
        for (name, value) in values {
            let Some((_, kind, _)) = self.parameters().find(|(known, ..)| known == name) else {
                return Err(Failure::usage(self.no_parameter(name)));
            };
            kinds::check(kind, value).map_err(|fault| {
                Failure::usage(format!("`{}`: {name} `{value}` {fault}", self.name))
            })?;
        }
        Ok(())
    }

    fn no_parameter(&self, name: &str) -> String {
        let known: Vec<_> = self.parameters().map(|(known, ..)| known).collect();
        let takes = match known.as_slice() {
            [] => "it takes none".to_owned(),
            known => format!("it takes {}", known.join(", ")),
        };
        format!("`{}` has no parameter `{name}`; {takes}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The signed effects, one per function.
    const EFFECTS: &str = include_str!("../functions-effects.csv");

    #[test]
    fn the_two_tables_agree_on_every_function() {
        let ours: Vec<_> = all().map(|it| format!("{},{}", it.name, it.effect())).collect();
        let signed: Vec<_> = EFFECTS.lines().skip(1).collect();
        assert_eq!((ours.len(), ours), (797, signed.iter().map(|row| (*row).into()).collect()));
        for function in all() {
            assert_eq!(function.reason().is_some(), !function.danger.is_empty(), "{function:?}");
        }
    }

    #[test]
    fn what_hurts_a_show_is_dangerous() {
        let hurts = ["Script", "Stop", "StartStop", "Streaming", "OpenPreset", "SendKeys"];
        let harmless = ["StopCountdown", "StopPlayList"];
        for function in all().filter(|function| !harmless.contains(&function.name)) {
            let hurt = hurts.iter().any(|hurt| function.name.starts_with(hurt));
            assert!(!hurt || function.effect() == "dangerous", "{}", function.name);
        }
        assert_eq!(all().filter(|function| function.effect() == "dangerous").count(), 43);
    }

    #[test]
    fn every_kind_has_words() {
        for function in all() {
            let count = function.parameters.split_whitespace().count();
            assert_eq!(function.parameters().count(), count, "{function:?}");
            for (name, kind, _) in function.parameters() {
                assert!(kinds::words(kind).is_some(), "{} {name}={kind}", function.name);
                assert_ne!(name, "Function");
            }
        }
    }

    #[test]
    fn slips_are_named() {
        let check = |name: &str, given: &[(&str, &str)]| {
            let values = given.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            match find(name).and_then(|function| function.check(&values)) {
                Ok(()) => String::from("ok"),
                Err(Failure::Usage(text)) => text,
                Err(other) => panic!("{other:?}"),
            }
        };
        assert_eq!(check("SetVolume", &[("Input", "2"), ("Value", "80")]), "ok");
        assert_eq!(check("SetVolume", &[("Input", "2"), ("Value", "+=5")]), "ok");
        assert_eq!(
            check("Fade", &[("Input", "Camera 1"), ("Duration", "500"), ("Mix", "1")]),
            "ok"
        );
        for (name, given, fault) in [
            ("SetVolme", ("", ""), "vMix has no function `SetVolme`; did you mean `SetVolume`?"),
            (
                "SetVolume",
                ("input", "1"),
                "`SetVolume` has no parameter `input`; it takes Input, Value",
            ),
            (
                "FadeToBlack",
                ("Function", "Cut"),
                "`FadeToBlack` has no parameter `Function`; it takes none",
            ),
            ("SetVolume", ("Value", "180"), "`SetVolume`: Value `180` is not between 0 and 100"),
            ("SetVolume", ("Value", "loud"), "`SetVolume`: Value `loud` is no number"),
            ("SetAlpha", ("Value", "2.5"), "`SetAlpha`: Value `2.5` is no whole number"),
            ("Fade", ("Duration", "-1"), "`Fade`: Duration `-1` is not at least 0"),
        ] {
            let given = if given.0.is_empty() { vec![] } else { vec![given] };
            assert_eq!(check(name, &given), fault);
        }
    }
}
