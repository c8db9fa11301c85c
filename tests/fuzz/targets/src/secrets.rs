//! Secrets in answers: those that come back, and those that come anew.

use crate::input::{choice, halves, percent_decoded, text};
use if_broker::fuzzing::{Needles, Tail, captured, derived, strings};
use if_core::{HttpResponse, Word};
use if_manifest::model::{Capture, Step};
use serde_json::Value;
use std::sync::LazyLock;

/// Shorter values are not searched for.
const VALUE_BYTES_MIN: usize = 4;
/// Shorter values are not captured.
const CAPTURED_BYTES_MIN: usize = 8;
/// How every placeholder begins.
const TOKEN: &str = "ifp-";

/// `echo`: one byte says how small the pieces are; the secret, a zero byte, and an answer. What is
/// found in the whole is found in pieces, and what was redacted is not found any more.
pub fn echo(data: &[u8]) {
    let Some((piece, rest)) = choice(data) else { return };
    let (secret, answer) = halves(rest);
    let Some(needles) = Needles::new(std::iter::once(secret)) else {
        assert!(secret.len() < VALUE_BYTES_MIN, "a secret is not searched for");
        return;
    };
    let contains = answer.windows(secret.len()).any(|window| window == secret);
    let found = needles.found_in(answer);
    assert!(found || !contains, "a secret stands there in plain");
    let redacted = needles.redact(answer);
    // Whoever has a secret that stands in "[redacted]" cannot be helped.
    let helpless = needles.found_in(b"[redacted]");
    assert!(helpless || !needles.found_in(&redacted), "it is still there when it was redacted");
    assert!(found || redacted == answer, "what is no secret was redacted");
    // Spelled in plain or in percents; JSON is read as a whole only.
    let decoded = percent_decoded(answer);
    if contains || decoded.windows(secret.len()).any(|window| window == secret) {
        let mut tail = Tail::default();
        let mut seen = |piece: &[u8]| tail.joins(&needles, piece) | needles.found_in(piece);
        let seen = answer.chunks(piece % 32 + 1).fold(false, |before, piece| seen(piece) | before);
        assert!(seen, "cut into pieces it was not noticed");
    }
}

/// Declared captures, beside those by the usual names.
static CAPTURES: LazyLock<Vec<Capture>> = LazyLock::new(|| {
    serde_json::from_str(r#"[{"endpoint": "web", "name": "ticket", "sinks": []}]"#).unwrap()
});

/// `capture`: content type, header lines, an empty line, a body. Nothing of what is captured comes
/// to the guest, and the rest stays.
pub fn capture(data: &[u8]) {
    let (head, body) = halves(data);
    let Some(head) = text(head) else { return };
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let answer = HttpResponse { status: 200, headers, body: body.to_vec() };
    let endpoint = Word::new("web").unwrap();
    let Ok(seen) = captured(&[answer.clone(), answer.clone()], &endpoint, &CAPTURES) else {
        return;
    };
    let [one, two] = seen.as_slice() else { panic!("two answers") };
    assert_eq!(one, two, "one value has two placeholders");
    for ((name, before), (_, after)) in answer.headers.iter().zip(&one.headers) {
        if is_captured(name) {
            assert!(before.len() < CAPTURED_BYTES_MIN || after.starts_with(TOKEN), "{name}");
        } else if !name.eq_ignore_ascii_case("set-cookie") {
            assert_eq!(before, after);
        }
    }
    let (Ok(before), Ok(after)) =
        (serde_json::from_slice::<Value>(body), serde_json::from_slice::<Value>(&one.body))
    else {
        return;
    };
    if !is_form(&answer) {
        same_but_captured(&before, &after, false);
    }
}

fn is_form(answer: &HttpResponse) -> bool {
    let kind = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    kind.is_some_and(|(_, kind)| kind.to_ascii_lowercase().contains("form"))
}

fn is_captured(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let known = ["access_token", "refresh_token", "id_token", "ticket"];
    known.contains(&lower.as_str()) || lower.starts_with("session")
}

fn same_but_captured(before: &Value, after: &Value, under: bool) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            assert!(before.keys().eq(after.keys()));
            for (name, value) in before {
                same_but_captured(value, &after[name], is_captured(name));
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            assert_eq!(before.len(), after.len());
            before.iter().zip(after).for_each(|(a, b)| same_but_captured(a, b, under));
        }
        (Value::String(before), Value::String(after)) if under => {
            let taken = before.len() >= CAPTURED_BYTES_MIN;
            assert!(if taken { after.starts_with(TOKEN) } else { before == after }, "{after}");
        }
        (before, after) => assert!(crate::alike::alike(before, after), "{before} is {after}"),
    }
}

/// `json-place`: where a value is put into a body is where its pointer leads.
pub fn place(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Some(found) = strings(text) else { return };
    let value: Value = serde_json::from_str(text).unwrap();
    for (pointer, range) in found {
        let expected = value.pointer(&pointer).expect("the pointer leads somewhere");
        // Of two equal keys the last one counts, for the pointer and for the place.
        let Some(range) = range else { panic!("nothing stands at {pointer} of {text}") };
        let there: Value = serde_json::from_str(&text[range]).expect("a value stands there");
        assert_eq!(there, *expected, "{pointer}");
    }
}

/// Largest value at any step.
const DERIVED_BYTES_MAX: usize = 64 << 10;

/// `recipe`: a step, a zero byte, the secret, a zero byte, a public input. It is bounded, the same
/// each time, and no complaint shows the secret.
pub fn recipe(data: &[u8]) {
    let (step, rest) = halves(data);
    let (secret, input) = halves(rest);
    let Ok(step) = serde_json::from_slice::<Step>(step) else { return };
    let Some(input) = text(input) else { return };
    if slow(&serde_json::to_value(&step).unwrap()) {
        return;
    }
    let made = derived(&step, secret, ("i", input));
    assert_eq!(made, derived(&step, secret, ("i", input)), "derived anew it is another value");
    match made {
        Ok(value) => assert!(value.len() <= DERIVED_BYTES_MAX),
        Err(said) => {
            let plain = std::str::from_utf8(secret).is_ok_and(|secret| said.contains(secret));
            let shown = plain && secret.len() >= CAPTURED_BYTES_MIN;
            assert!(!shown || own_words(&step, &said), "a complaint shows the secret: {said}");
        }
    }
}

/// Whether a key is stretched for longer than a fuzzer has time, however it is nested.
fn slow(step: &Value) -> bool {
    match step {
        Value::Object(members) => members.iter().any(|(name, value)| {
            let rounds = (name == "rounds").then(|| value.as_u64()).flatten();
            rounds.is_some_and(|rounds| rounds > 100) || slow(value)
        }),
        Value::Array(items) => items.iter().any(slow),
        _ => false,
    }
}

/// Whether the secret happens to stand in a message made without it.
fn own_words(step: &Step, said: &str) -> bool {
    derived(step, b"", ("i", "")).is_err_and(|without| without == said)
}
