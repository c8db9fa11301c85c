//! Which of the candidates that the host found are a vMix, and what to call them.
//!
//! The host probes the HTTP API's port and hands over what answered; this only reads the answer.

use if_sdk::Candidate;
use if_sdk::prelude::*;

/// The port that vMix's HTTP API and its TCP API have unless somebody changed it.
const TCP_PORT: u16 = 8099;

/// Instances for `ifctl vmix add`.
pub fn discover(call: &Call) -> Outcome {
    Ok(call.candidates()?.iter().filter_map(instance).collect())
}

/// One of them, if it is a vMix.
pub fn instance(candidate: &Candidate) -> Option<Value> {
    let answer = candidate.answer.trim_start();
    if !answer.starts_with("<vmix") {
        return None;
    }
    let version = element(answer, "version").unwrap_or("of unknown version");
    let edition = element(answer, "edition").unwrap_or_default();
    Some(json!({
        "name": name(&candidate.host),
        "settings": { "host": candidate.host, "port": candidate.port, "tcp-port": TCP_PORT },
        "about": format!("vMix {version} {edition}").trim_end(),
    }))
}

/// The first bytes of a state hold version and edition; they may break off anywhere behind.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once("</").map(|(text, _)| text.trim())
}

/// `vmix-192-168-1-20`; this machine's own is `vmix`.
fn name(host: &str) -> String {
    match host {
        "127.0.0.1" => "vmix".to_owned(),
        host => format!("vmix-{}", host.replace(['.', ':'], "-")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_vmix_is_one() {
        let found = |host: &str, answer: &str| {
            instance(&Candidate {
                host: host.into(),
                port: 8088,
                answer: answer.into(),
                ..Candidate::default()
            })
        };
        let half = "<vmix>\r\n<version>28.0.0.39</version><edition>4K</edition><preset>C:\\Sho";
        assert_eq!(
            found("192.168.1.20", half),
            Some(json!({
                "name": "vmix-192-168-1-20",
                "settings": { "host": "192.168.1.20", "port": 8088, "tcp-port": 8099 },
                "about": "vMix 28.0.0.39 4K",
            }))
        );
        assert_eq!(found("127.0.0.1", "<vmix>").unwrap().at("about"), "vMix of unknown version");
        assert_eq!(found("192.168.1.20", "<html>"), None);
    }
}
