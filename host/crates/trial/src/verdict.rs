//! What an attack came to. Pure: from what was seen to a word.

use crate::line::Said;
use crate::table::Attack;
use serde::Serialize;

/// The secret of the trial: what no guest may print, and no device get but in its sink. Not a
/// secret of anybody's.
pub(crate) const CANARY: &str = "trial-canary-7f3d51c09be2";
/// How much later than its deadline an attack may end: what a user would call at once.
pub(crate) const LATE_MS: u64 = 1_000;
/// Most bytes that an attack may print unless its row says otherwise.
const PRINTS_MAX: usize = 128 << 10;

/// How an attack ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Its limit fired, in time, and nothing came out.
    Held,
    /// Something else stopped it.
    OtherLimit,
    /// Stopped too late, or by the trial itself.
    Late,
    /// Stopped in time, but after it had taken more memory than the host has to spare.
    TooMuchMemory,
    /// Not stopped, or something came out that must not.
    GotThrough,
}

impl Verdict {
    /// For a person.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::OtherLimit => "another limit",
            Self::Late => "late",
            Self::TooMuchMemory => "too much memory",
            Self::GotThrough => "got through",
        }
    }
}

/// One attack, as it went.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    pub attack: String,
    /// What had to stop it.
    pub limit: String,
    pub stopped_after_ms: u64,
    pub verdict: Verdict,
    /// What went wrong; empty when it held.
    pub about: String,
}

impl Attack {
    /// What has to stop it, for a reader.
    pub(crate) fn stopper(&self) -> String {
        self.limit.clone().or_else(|| self.code.clone()).unwrap_or_default()
    }
}

/// The outcome of `attack`, from what its line said and what arrived at the device.
pub(crate) fn judge(attack: &Attack, said: &Said, arrived: &str) -> Outcome {
    let (verdict, about) = weigh(attack, said, arrived);
    Outcome {
        attack: attack.name.clone(),
        limit: attack.stopper(),
        stopped_after_ms: said.took_ms,
        verdict,
        about,
    }
}

fn weigh(attack: &Attack, said: &Said, arrived: &str) -> (Verdict, String) {
    if let Some(leak) = leak(attack, said, arrived) {
        return (Verdict::GotThrough, leak);
    }
    if said.late {
        return (Verdict::Late, format!("killed after {} ms", said.took_ms));
    }
    let code = said.code();
    match (&attack.code, &code) {
        (Some(expected), Some(code)) if expected == code => {}
        (None, None) if said.exit == Some(0) => {}
        (Some(_), None) if said.exit == Some(0) => {
            return (Verdict::GotThrough, "it ended well".into());
        }
        (_, Some(code)) => return (Verdict::OtherLimit, code.clone()),
        (_, None) => return (Verdict::OtherLimit, format!("the program ended: {:?}", said.exit)),
    }
    let lacks = |texts: &[String], whole: &str| {
        texts.iter().find(|text| !whole.contains(*text)).map(|text| format!("no {text:?}"))
    };
    let lack = lacks(&attack.says, &said.printed()).or_else(|| lacks(&attack.arrives, arrived));
    lack.map_or((Verdict::Held, String::new()), |lack| (Verdict::GotThrough, lack))
}

/// What came out and must not.
fn leak(attack: &Attack, said: &Said, arrived: &str) -> Option<String> {
    let printed = said.printed();
    if printed.contains(CANARY) {
        return Some("the secret was printed".into());
    }
    if arrived.contains(CANARY) && !attack.may_arrive {
        return Some("the secret arrived where it does not belong".into());
    }
    if let Some(text) = attack.never.iter().find(|text| arrived.contains(*text)) {
        return Some(format!("{text:?} arrived"));
    }
    if printed.contains(['\u{1b}', '\u{7}', '\u{202e}']) {
        return Some("an escape was printed".into());
    }
    let most = attack.prints_max.unwrap_or(PRINTS_MAX);
    (printed.len() > most).then(|| format!("{} bytes were printed", printed.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(exit: i32, code: &str) -> Said {
        let stderr = match code {
            "" => String::new(),
            code => format!("{{\"error\":{{\"code\":\"{code}\",\"exit\":{exit}}}}}\n"),
        };
        Said { exit: Some(exit), stdout: "{\"ok\":true}\n".into(), stderr, took_ms: 5, late: false }
    }

    fn limited() -> Attack {
        Attack { code: Some("IF_ERR_LIMIT_FUEL".into()), ..Attack::default() }
    }

    fn verdict(attack: &Attack, said: &Said, arrived: &str) -> Verdict {
        judge(attack, said, arrived).verdict
    }

    #[test]
    fn the_named_limit_and_no_other_holds() {
        assert_eq!(verdict(&limited(), &said(5, "IF_ERR_LIMIT_FUEL"), ""), Verdict::Held);
        let other = said(5, "IF_ERR_LIMIT_MEMORY");
        assert_eq!(verdict(&limited(), &other, ""), Verdict::OtherLimit);
        assert_eq!(judge(&limited(), &other, "").about, "IF_ERR_LIMIT_MEMORY");
        assert_eq!(verdict(&limited(), &said(0, ""), ""), Verdict::GotThrough);
    }

    #[test]
    fn a_program_that_dies_without_a_word_has_not_held() {
        let mut died = said(134, "");
        assert_eq!(verdict(&limited(), &died, ""), Verdict::OtherLimit);
        died.exit = None;
        assert_eq!(verdict(&limited(), &died, ""), Verdict::OtherLimit);
        assert_eq!(verdict(&Attack::default(), &died, ""), Verdict::OtherLimit);
    }

    #[test]
    fn who_is_killed_was_late_whatever_it_said() {
        let late = Said { late: true, ..said(5, "IF_ERR_LIMIT_FUEL") };
        assert_eq!(verdict(&limited(), &late, ""), Verdict::Late);
    }

    #[test]
    fn what_comes_out_counts_more_than_a_fitting_error() {
        let good = said(5, "IF_ERR_LIMIT_FUEL");
        for leak in [CANARY, "\u{1b}[2J", "\u{202e}", &"x".repeat(PRINTS_MAX)] {
            let leaky = Said { stdout: leak.into(), ..said(5, "IF_ERR_LIMIT_FUEL") };
            assert_eq!(verdict(&limited(), &leaky, ""), Verdict::GotThrough, "{leak:.20}");
        }
        assert_eq!(verdict(&limited(), &good, CANARY), Verdict::GotThrough);
        let sink = Attack { may_arrive: true, ..limited() };
        assert_eq!(verdict(&sink, &good, CANARY), Verdict::Held);
        let silent = Attack { never: vec!["WRITE".into()], ..limited() };
        assert_eq!(verdict(&silent, &good, "WRITE now"), Verdict::GotThrough);
    }

    #[test]
    fn an_attack_that_ends_well_must_show_that_it_failed() {
        let row = Attack { says: vec!["plan".into()], ..Attack::default() };
        assert_eq!(verdict(&row, &said(0, ""), ""), Verdict::GotThrough);
        let planned = Said { stdout: "a plan".into(), ..said(0, "") };
        assert_eq!(verdict(&row, &planned, ""), Verdict::Held);
        let row = Attack { arrives: vec!["LOOK".into()], ..Attack::default() };
        assert_eq!(verdict(&row, &said(0, ""), ""), Verdict::GotThrough);
        assert_eq!(verdict(&row, &said(0, ""), "LOOK there"), Verdict::Held);
        assert_eq!(verdict(&row, &said(1, "IF_ERR_PROVIDER"), "LOOK"), Verdict::OtherLimit);
    }

    #[test]
    fn a_code_is_read_as_json_and_as_text() {
        let text = Said { stderr: "warning: x\nerror[IF_ERR_USAGE]: y\n".into(), ..said(2, "") };
        assert_eq!(text.code().as_deref(), Some("IF_ERR_USAGE"));
        assert_eq!(said(2, "IF_ERR_USAGE").code().as_deref(), Some("IF_ERR_USAGE"));
        assert_eq!(said(0, "").code(), None);
    }
}
