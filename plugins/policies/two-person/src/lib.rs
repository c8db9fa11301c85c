//! Commands that could hurt wait until so many other people have approved them.

use if_policy::prelude::*;

/// The policy `two-person`.
pub struct TwoPerson;

#[derive(Debug, Serialize, Deserialize)]
pub struct Settings {
    approvals: u32,
    effect: Effect,
    #[serde(rename = "say-why")]
    say_why: bool,
}

impl Policy for TwoPerson {
    type Settings = Settings;

    fn about() -> About {
        About::new("dangerous commands wait for other people's approvals")
            .setting(int("approvals", "how many people besides the one who asks", 1, 9).or(1))
            .setting(
                choice("effect", "from which effect on", &["write", "dangerous"]).or("dangerous"),
            )
            .setting(flag("say-why", "whoever asks must say why"))
            .reason("needs-approvals", "the command waits for other people")
    }

    fn evaluate(settings: &Settings, facts: &Facts) -> Ruling {
        if !facts.command.changes() || facts.command.effect < settings.effect {
            return Ruling::allow();
        }
        let people = match settings.approvals {
            1 => "another person".to_owned(),
            count => format!("{count} other people"),
        };
        let text = format!("`{}` needs the approval of {people}", facts.command.line());
        let ruling = Ruling::hold("needs-approvals", text).by(settings.approvals);
        if settings.say_why { ruling.needs(Obligation::Why) } else { ruling }
    }
}

if_policy::policy!(TwoPerson);

#[cfg(test)]
mod tests {
    use super::*;

    fn ruled(settings: &Settings, effect: Effect, mode: Mode) -> Ruling {
        let mut facts = Facts::example("obs", "stream stop", effect);
        facts.command.mode = mode;
        TwoPerson::evaluate(settings, &facts)
    }

    #[test]
    fn what_could_hurt_waits_and_nothing_else() {
        let settings = Settings { approvals: 2, effect: Effect::Dangerous, say_why: true };
        let ruling = ruled(&settings, Effect::Dangerous, Mode::Live);
        assert_eq!((ruling.verdict, ruling.approvals), (Verdict::Hold, 2));
        assert_eq!(ruling.reasons[0].code, "needs-approvals");
        assert_eq!(
            ruling.reasons[0].text,
            "`obs stream stop studio` needs the approval of 2 other people"
        );
        assert_eq!(ruling.obligations, [Obligation::Why]);
        for (effect, mode) in [
            (Effect::Write, Mode::Live),
            (Effect::Read, Mode::Live),
            (Effect::Dangerous, Mode::DryRun),
        ] {
            assert_eq!(ruled(&settings, effect, mode), Ruling::allow());
        }
    }

    #[test]
    fn writes_wait_where_the_settings_say_so() {
        let settings = Settings { approvals: 1, effect: Effect::Write, say_why: false };
        let ruling = ruled(&settings, Effect::Write, Mode::Live);
        assert_eq!((ruling.verdict, ruling.approvals), (Verdict::Hold, 1));
        assert!(ruling.obligations.is_empty());
    }
}
