//! The 797 functions of vMix and their parameters, compiled in from `functions.csv`.
//!
//! vMix ignores a mistyped parameter and acts without it, so names are checked here; values are
//! not, because the published lists disagree about their types. Functions that are published
//! without any parameter list take those of the API itself.

use if_sdk::did_you_mean;
use if_sdk::prelude::*;

/// `function,parameters`, the parameters separated by blanks.
const TABLE: &str = include_str!("../functions.csv");

fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.lines().skip(1).filter_map(|line| line.split_once(','))
}

/// Checks a function's name and the names of its parameters.
///
/// # Errors
/// `usage`, with the nearest name.
pub fn check<'a>(function: &str, given: impl Iterator<Item = &'a String>) -> Result<(), Failure> {
    let Some((_, parameters)) = rows().find(|(name, _)| *name == function) else {
        let tail = did_you_mean(function, rows().map(|(name, _)| name));
        return Err(Failure::usage(format!("vMix has no function `{function}`{tail}")));
    };
    let known = || parameters.split_whitespace();
    for name in given {
        if !known().any(|known| known == name) {
            let takes = match parameters {
                "" => "; it takes none".to_owned(),
                _ => format!("; it takes {}", known().collect::<Vec<_>>().join(", ")),
            };
            return Err(Failure::usage(format!("`{function}` has no parameter `{name}`{takes}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The signed effects, one per function.
    const EFFECTS: &str = include_str!("../functions-effects.csv");

    #[test]
    fn every_function_has_an_effect_and_none_is_a_read() {
        let functions: BTreeSet<_> = rows().map(|(name, _)| name).collect();
        let effects: Vec<_> =
            EFFECTS.lines().skip(1).map(|line| line.split_once(',').unwrap()).collect();
        assert_eq!((functions.len(), effects.len()), (797, 797));
        assert_eq!(effects.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), functions);
        for (name, effect) in effects {
            assert!(["write", "dangerous"].contains(&effect), "{name} is {effect}");
            let hurts = ["Script", "StopStreaming", "StartStopStreaming", "OpenPreset", "SendKeys"];
            assert!(
                effect == "dangerous" || !hurts.iter().any(|hurt| name.starts_with(hurt)),
                "{name}"
            );
        }
    }

    #[test]
    fn slips_are_named() {
        let check = |function: &str, given: &[&str]| {
            let given: Vec<_> = given.iter().map(|name| (*name).to_owned()).collect();
            match check(function, given.iter()) {
                Ok(()) => String::from("ok"),
                Err(Failure::Usage(text)) => text,
                Err(other) => panic!("{other:?}"),
            }
        };
        assert_eq!(check("SetVolume", &["Input", "Value"]), "ok");
        assert_eq!(check("Fade", &["Input", "Duration", "Mix"]), "ok");
        assert_eq!(
            check("SetVolme", &[]),
            "vMix has no function `SetVolme`; did you mean `SetVolume`?"
        );
        let fault = "`SetVolume` has no parameter `input`; it takes Input, Value";
        assert_eq!(check("SetVolume", &["input"]), fault);
        let fault = "`FadeToBlack` has no parameter `Function`; it takes none";
        assert_eq!(check("FadeToBlack", &["Function"]), fault);
        assert!(rows().all(|(_, parameters)| !parameters.contains("Function")));
    }
}
