//! OBS: answers to requests, and events.

use if_plugin_obs::{events, protocol};
use if_sdk::prelude::*;
use if_sdk::serde_json;

/// `plugin-obs-answer`: a message's data, as an answer and as an event.
pub fn answer(data: &[u8]) {
    let Ok(message) = serde_json::from_slice::<Value>(data) else { return };
    let status = message.at("requestStatus").at("result").as_bool();
    match protocol::verdict("StopStream", message.clone()) {
        Ok(data) => assert!(status == Some(true) && !data.is_null()),
        Err(Failure::Refused(refusal)) => {
            assert!(status == Some(false) && !refusal.message.is_empty());
        }
        Err(_) => assert!(status.is_none() || status == Some(false)),
    }
    let name = message.at("eventType").clone();
    let shown = events::shown(&[], message.clone()).expect("every event is shown");
    assert_eq!(shown.at("event"), &name);
    let wanted = ["SceneCreated".to_owned()];
    assert_eq!(events::shown(&wanted, message).is_some(), name == "SceneCreated");
}
