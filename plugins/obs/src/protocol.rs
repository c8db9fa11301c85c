//! obs-websocket 5 in words: operation codes, what status and close codes mean, and what to do
//! about a state in which OBS does not do as asked.
//!
//! Source: obsproject/obs-websocket, `docs/generated/protocol.md`, RPC version 1.

use if_sdk::prelude::*;

/// Operation codes.
pub const HELLO: u64 = 0;
pub const IDENTIFY: u64 = 1;
pub const IDENTIFIED: u64 = 2;
pub const REIDENTIFY: u64 = 3;
pub const EVENT: u64 = 5;
pub const REQUEST: u64 = 6;
pub const RESPONSE: u64 = 7;
pub const BATCH: u64 = 8;
pub const BATCH_RESPONSE: u64 = 9;

/// Status: this OBS is older than the request.
pub const UNKNOWN_REQUEST: &str = "204";
/// Status: there is no such thing.
pub const NOT_FOUND: &str = "600";
/// Status: that kind of filter, and that kind of input, does not exist.
pub const NO_SUCH_KIND: [&str; 2] = ["605", "607"];

/// What a close code says; `None` where it says only that OBS is gone.
pub fn closed(code: u16, reason: &str) -> Option<Failure> {
    match code {
        4009 => Some(Failure::Auth("OBS did not accept the password".into())),
        4002..=4008 | 4010 | 4012 => {
            Some(Failure::protocol(format!("obs-websocket closed ({code}): {reason}")))
        }
        _ => None,
    }
}

/// The answer's data, or OBS's refusal in OBS's words and with what to do about it.
pub fn verdict(kind: &str, mut answer: Value) -> Outcome {
    let status = answer.take_at("requestStatus");
    match (status.at("result").as_bool(), status.at("code").as_u64()) {
        (Some(true), _) => match answer.take_at("responseData") {
            Value::Null => Ok(json!({})),
            data => Ok(data),
        },
        (Some(false), Some(code)) => {
            let comment = status.at("comment").as_str().filter(|comment| !comment.is_empty());
            let refused = Failure::refused(code, comment.unwrap_or_else(|| meaning(code)));
            Err(refused.hint(advice(kind, code).map(str::to_owned)))
        }
        _ => Err(Failure::protocol(format!("OBS's answer to {kind} has no status"))),
    }
}

/// The protocol's status codes, for refusals to which OBS adds no words.
pub fn meaning(code: u64) -> &'static str {
    match code {
        203 | 204 => "this OBS does not know that request",
        206 => "that works only inside a batch",
        207 => "OBS is not ready",
        300 | 301 => "a field is missing",
        400..=404 => "a field has a wrong type or value",
        500 => "the output is already running",
        501 => "the output is not running",
        502 => "the output is paused",
        503 => "the output is not paused",
        504 => "the output is disabled",
        505 => "studio mode is on",
        506 => "studio mode is off",
        600 => "there is no such thing",
        601 => "that name is taken",
        602 => "that is a thing of another kind",
        603 => "OBS has not enough resources for it",
        604 => "it is in a state that does not allow that",
        605 => "this OBS has no such input kind",
        606 => "it cannot be configured",
        607 => "this OBS has no such filter kind",
        700 => "OBS could not make it",
        701..=703 => "OBS could not do it",
        _ => "OBS gave no reason",
    }
}

/// What to do when the state is wrong for the action.
fn advice(kind: &str, code: u64) -> Option<&'static str> {
    Some(match (kind, code) {
        ("StartStream", 500) => "it is live already: `obs stream status` says since when",
        ("StopStream", 501) => "nothing is being streamed: `obs stream start` goes live",
        ("StartRecord", 500) => "it is recording already: `obs record status` says since when",
        ("StopRecord" | "PauseRecord" | "ResumeRecord", 501) => {
            "nothing is being recorded: `obs record start` begins"
        }
        ("PauseRecord", 502) => "the recording is paused already: `obs record resume` goes on",
        ("ResumeRecord", 503) => "the recording is not paused: `obs record status` shows it",
        ("StartVirtualCam", 500) => "the virtual camera is on already",
        ("StopVirtualCam", 501) => {
            "the virtual camera is off: `obs virtualcam start` switches it on"
        }
        ("StartReplayBuffer", 500) => "the replay buffer is running already",
        (_, 501) if kind.contains("Replay") => {
            "the replay buffer is not running: `obs replay start` starts it"
        }
        (_, 604) if kind.contains("VirtualCam") => {
            "this machine has no driver for a virtual camera"
        }
        (_, 604) if kind.contains("Replay") => {
            "switch the replay buffer on in OBS's output settings"
        }
        (_, 506) => "switch studio mode on first: `obs studio on`",
        (_, 505) => "switch studio mode off first: `obs studio off`",
        (_, 204) => {
            "this OBS is too old: `obs request-help` says which version brought the request"
        }
        (_, 207) => "OBS is starting, or changing its scene collection: try again in a moment",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_obs_s_code_and_words() {
        let status = |status: Value| verdict("X", json!({ "requestStatus": status }));
        let said = json!({ "result": false, "code": 600, "comment": "No source was found." });
        assert_eq!(status(said), Err(Failure::refused(600, "No source was found.")));
        let silent = json!({ "result": false, "code": 501 });
        assert_eq!(status(silent), Err(Failure::refused(501, "the output is not running")));
        assert!(matches!(status(json!({ "result": false })), Err(Failure::Protocol(_))));
        assert!(matches!(status(Value::Null), Err(Failure::Protocol(_))));
        assert_eq!(status(json!({ "result": true, "code": 100 })), Ok(json!({})));
    }

    #[test]
    fn a_wrong_state_says_what_to_do() {
        let refusal = |kind: &str, code: u64| {
            let status = json!({ "requestStatus": { "result": false, "code": code } });
            match verdict(kind, status) {
                Err(Failure::Refused(refusal)) => refusal.hint.unwrap_or_default(),
                other => panic!("{other:?}"),
            }
        };
        assert!(refusal("StopStream", 501).contains("obs stream start"));
        assert!(refusal("SaveReplayBuffer", 501).contains("obs replay start"));
        assert!(refusal("SetCurrentPreviewScene", 506).contains("obs studio on"));
        assert!(refusal("StartRecord", 999).is_empty());
    }

    #[test]
    fn only_some_close_codes_mean_more_than_gone() {
        assert!(matches!(closed(4009, ""), Some(Failure::Auth(_))));
        assert!(matches!(closed(4010, "rpc"), Some(Failure::Protocol(_))));
        assert_eq!((closed(1001, ""), closed(4011, ""), closed(1006, "")), (None, None, None));
    }
}
