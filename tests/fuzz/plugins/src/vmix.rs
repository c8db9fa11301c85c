//! vMix: its XML, its lines, and what it says to a probe.

use crate::{is_word, presentable, text};
use if_plugin_vmix::{discover, lines::Told, state};
use if_sdk::Candidate;
use if_sdk::prelude::*;

/// Notes of a state that are kept.
const NOTES_MAX: usize = 50;

/// `plugin-vmix-state`.
pub fn state(data: &[u8]) {
    let Some(xml) = text(data) else { return };
    let Ok(found) = state::parse(xml) else { return };
    presentable(&found);
    assert!(found.is_object() && found.at("inputs").is_array());
    assert!(found.at("notes").items().len() <= NOTES_MAX);
    assert_eq!(state::parse(xml), Ok(found), "it is read otherwise the second time");
}

/// `plugin-vmix-line`: a command, a line break, and the line that came.
pub fn line(data: &[u8]) {
    let Some((command, line)) = text(data).and_then(|text| text.split_once('\n')) else { return };
    match Told::read(line, command) {
        Told::Other => {}
        Told::Ok(words) | Told::Refused(words) | Told::Data(_, words) => {
            assert!(line.starts_with(command) && line.ends_with(words));
        }
    }
}

/// `plugin-vmix-discover`: the beginning of an answer, behind its address.
pub fn discover(data: &[u8]) {
    let Some((host, answer)) = text(data).and_then(|text| text.split_once('\n')) else { return };
    // The host gives the address that it asked.
    let Ok(host) = host.parse::<std::net::IpAddr>() else { return };
    let (host, answer) = (host.to_string(), answer.to_owned());
    let found = discover::instance(&Candidate { host, answer, ..Candidate::default() });
    assert!(found.is_none_or(|found| is_word(found.at("name")) && found.at("about").is_string()));
}
