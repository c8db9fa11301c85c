//! Home Assistant: states as they change, moments that people type, what is announced.

use crate::{is_word, presentable, text};
use if_plugin_ha::{discover, moment, states::States};
use if_sdk::Candidate;
use if_sdk::prelude::*;
use if_sdk::serde_json;
use std::collections::BTreeMap;

/// `plugin-ha-states`: one event a line. What says nothing new changes nothing.
pub fn states(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let mut states = States::default();
    for line in text.lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else { continue };
        let mut last = BTreeMap::new();
        for change in states.take(&event) {
            let (before, after) = (change.before.as_ref(), change.after.as_ref());
            assert!(before.is_some() || after.is_some());
            assert!(before != after, "{} did not change", change.entity);
            // It may have come and gone in one message: then the last change counts.
            last.insert(change.entity.clone(), after.is_some());
        }
        assert!(last.iter().all(|(entity, there)| states.get(entity).is_some() == *there));
        let whole = json!({ "a": event.at("a") });
        states.take(&whole);
        assert!(states.take(&whole).is_empty(), "the same states are a change");
    }
}

/// `plugin-ha-moment`: what is sent can be typed, and is sent as it is.
pub fn moment(data: &[u8]) {
    let Some(typed) = text(data) else { return };
    let Ok(sent) = moment::checked(typed) else { return };
    assert_eq!(moment::checked(&sent), Ok(sent.clone()));
    assert!(!sent.contains(['/', '?', '#', '%', ' ', '\r', '\n']), "{sent} in a path");
}

/// `plugin-ha-discover`: a candidate as the host hands it over.
pub fn discover(data: &[u8]) {
    let Ok(candidate) = serde_json::from_slice::<Candidate>(data) else { return };
    let Some(found) = discover::instance(&candidate) else { return };
    presentable(&found);
    assert!(is_word(found.at("name")), "{}", found.at("name"));
    assert!(found.at("settings").at("url").as_str().is_some_and(|url| url.contains("://")));
}
