//! What changes, as it changes: tally and activators over vMix's TCP API, whatever the transport.
//!
//! A stream that lost its connection is taken up again; a tally that is still the same is not said
//! twice. vMix does not tell which activators changed meanwhile.

use super::wrong_state;
use crate::lines::{Lines, Told};
use crate::link::Vmix;
use if_sdk::follow::follow;
use if_sdk::prelude::*;

/// Silence after which vMix is asked whether it is still there: a cable that was pulled says
/// nothing. Companion asks every three seconds.
const SILENCE_MS: u32 = 5_000;

pub fn commands() -> Vec<Command> {
    vec![
        read("tally", "which inputs are on program and on preview")
            .takes(flag("follow", "go on and say every change"))
            .example("vmix tally studio")
            .example("vmix tally studio --follow --json")
            .streams()
            .run(|call, follow| if follow { follow_tally(call) } else { tally(call) }),
        read("activators", "every change in vMix: inputs, audio, overlays, recording, replay, …")
            .takes((
                list(text("name", "only these, such as InputVolume")).positional().optional(),
                int("input", "only of this input's number").between(1, INPUTS_MAX).optional(),
            ))
            .example("vmix activators studio --json")
            .example("vmix activators studio Input InputVolume --input 2")
            .streams()
            .run(|call, (names, input)| follow_activators(call, names, input)),
        read("activator", "one activator's value now")
            .takes((
                text("name", "such as InputVolume, MasterVolume or Recording").positional(),
                int("input", "the input's number").between(1, INPUTS_MAX).positional().optional(),
            ))
            .example("vmix activator studio InputVolume 2")
            .run(|call, (name, input)| activator(call, &name, input)),
    ]
}

/// vMix's own limit.
const INPUTS_MAX: i64 = 1000;

/// One digit per input: 0 is safe, 1 on program, 2 on preview.
fn tally_value(digits: &str) -> Value {
    let with = |lamp: char| -> Vec<usize> {
        let lit = digits.chars().enumerate().filter(|(_, digit)| *digit == lamp);
        lit.map(|(index, _)| index + 1).collect()
    };
    json!({ "program": with('1'), "preview": with('2'), "tally": digits })
}

/// `Input 2 1`, `MasterVolume 0.5`: name, perhaps an input, and a value from 0 to 1.
fn activator_value(text: &str) -> Option<Value> {
    let words: Vec<_> = text.split_whitespace().collect();
    let (name, input, value) = match words.as_slice() {
        [name, value] => (name, None, value),
        [name, input, value] => (name, Some(input.parse::<i64>().ok()?), value),
        _ => return None,
    };
    let number = value.parse::<f64>().ok().filter(|number| number.is_finite());
    let value = number.map_or_else(|| json!(value), |number| json!(number));
    Some(json!({ "activator": name, "input": input, "value": value }))
}

fn tally(call: &Call) -> Outcome {
    let answer = Vmix::lines(call)?.ask("TALLY", false)?;
    Ok(tally_value(&answer.text))
}

/// A connection that was told to send events.
struct Feed {
    lines: Lines,
    /// The state at the beginning, where vMix gives one.
    first: Option<String>,
}

impl Feed {
    fn open(call: &Call, what: &str) -> Result<Self, Failure> {
        let mut lines = Vmix::lines(call)?;
        lines.ask(&format!("SUBSCRIBE {what}"), false)?;
        Ok(Self { lines, first: None })
    }

    /// The next event of this command. Asks for a sign of life when nothing comes.
    fn next(&mut self, command: &str) -> Result<String, Failure> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        let mut asked = false;
        loop {
            match self.lines.wait(SILENCE_MS)? {
                Some(line) => {
                    asked = false;
                    if let Told::Ok(text) = Told::read(&line, command) {
                        return Ok(text.to_owned());
                    }
                }
                None if asked => return Err(Failure::unreachable("it no longer answers", false)),
                None => {
                    self.lines.say("PING")?;
                    asked = true;
                }
            }
        }
    }
}

fn follow_tally(call: &Call) -> Outcome {
    let mut last = None;
    let open = || {
        let mut feed = Feed::open(call, "TALLY")?;
        feed.first = Some(feed.lines.ask("TALLY", false)?.text);
        Ok(feed)
    };
    follow(call, "vMix", open, |feed: &mut Feed| {
        let digits = Some(feed.next("TALLY")?);
        if digits != last {
            call.emit(&tally_value(digits.as_deref().unwrap_or_default()))?;
            last = digits;
        }
        Ok(())
    })
}

fn follow_activators(call: &Call, names: Option<Vec<String>>, input: Option<i64>) -> Outcome {
    let wanted = |event: &Value| {
        let name = event.at("activator").as_str().unwrap_or_default();
        names.as_ref().is_none_or(|names| names.iter().any(|it| it.eq_ignore_ascii_case(name)))
            && input.is_none_or(|input| event.at("input").as_i64() == Some(input))
    };
    let open = || Feed::open(call, "ACTS");
    follow(call, "vMix", open, |feed: &mut Feed| {
        match activator_value(&feed.next("ACTS")?).filter(wanted) {
            Some(event) => call.emit(&event),
            None => Ok(()),
        }
    })
}

fn activator(call: &Call, name: &str, input: Option<i64>) -> Outcome {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Failure::usage(format!("`{name}` cannot be an activator: letters and digits")));
    }
    let input = input.map(|input| format!(" {input}")).unwrap_or_default();
    let answer = Vmix::lines(call)?.ask(&format!("ACTS {name}{input}"), false)?;
    activator_value(&answer.text).ok_or_else(|| {
        wrong_state(format!("`{}` is not an activator's value", answer.text), "`vmix activators`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_names_inputs() {
        let expect = json!({ "program": [2], "preview": [1, 4], "tally": "2102" });
        assert_eq!(tally_value("2102"), expect);
        assert_eq!(tally_value("").at("program"), &json!([]));
    }

    #[test]
    fn activators_have_a_name_perhaps_an_input_and_a_value() {
        for (text, expect) in [
            ("Input 2 1", json!({ "activator": "Input", "input": 2, "value": 1.0 })),
            (
                "MasterVolume 0.25",
                json!({ "activator": "MasterVolume", "input": null, "value": 0.25 }),
            ),
        ] {
            assert_eq!(activator_value(text), Some(expect));
        }
        for text in ["", "Input", "Input two 1", "a b c d"] {
            assert_eq!(activator_value(text), None, "{text}");
        }
    }
}
