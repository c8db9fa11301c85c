//! `discover`: what the host heard on the network, as instances.
//!
//! The host asks the network (mDNS `_home-assistant._tcp.local`) and gives what answered in the
//! setting `candidates`; here each is only given a name and a URL. Nothing is contacted.

use if_sdk::Candidate;
use if_sdk::prelude::*;

/// Instances out of candidates: `{name, settings: {url}, about}`.
pub fn instances(call: &Call) -> Outcome {
    Ok(call.candidates()?.iter().filter_map(instance).collect())
}

/// One of them.
pub fn instance(candidate: &Candidate) -> Option<Value> {
    let said = |name: &str| {
        let word = candidate.txt.get(name).and_then(Value::as_str);
        word.map(str::trim).filter(|word| !word.is_empty())
    };
    let url = said("internal_url").or_else(|| said("base_url")).map(str::to_owned);
    let url = url.filter(|url| crate::home::Address::parse(url).is_some()).or_else(|| {
        let host = candidate.host.trim_end_matches('.');
        let host = match host {
            "" => candidate.addresses.first()?.as_str(),
            host => host,
        };
        let authority = if_sdk::http::authority(host, candidate.port);
        Some(format!("http://{authority}"))
    })?;
    let title = said("location_name").unwrap_or(&candidate.name);
    let version = said("version").unwrap_or("of unknown version");
    Some(json!({
        "name": word(title),
        "settings": { "url": url.trim_end_matches('/') },
        "about": format!("Home Assistant {version}, {title}"),
    }))
}

/// A title as an instance's name: `[a-z0-9-]+`.
fn word(title: &str) -> String {
    let mut word = String::new();
    for sign in title.chars().flat_map(char::to_lowercase) {
        match sign {
            'a'..='z' | '0'..='9' => word.push(sign),
            _ if !word.is_empty() && !word.ends_with('-') => word.push('-'),
            _ => {}
        }
    }
    let word = word.trim_end_matches('-');
    if word.is_empty() { "home".to_owned() } else { word.chars().take(63).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(candidate: Value) -> Option<Value> {
        instance(&serde_json::from_value(candidate).unwrap())
    }

    use if_sdk::serde_json;

    #[test]
    fn a_candidate_becomes_an_instance() {
        let full = json!({ "name": "Home", "host": "ha.local.", "port": 8123,
            "addresses": ["10.0.0.7"],
            "txt": { "location_name": "My Studio!", "version": "2024.3.3",
                     "internal_url": "http://10.0.0.7:8123/", "base_url": "https://ha.example" } });
        let expect = json!({ "name": "my-studio", "settings": { "url": "http://10.0.0.7:8123" },
            "about": "Home Assistant 2024.3.3, My Studio!" });
        assert_eq!(found(full), Some(expect));
        let url = |candidate: Value| found(candidate).unwrap()["settings"]["url"].clone();
        assert_eq!(
            url(json!({ "name": "", "host": "ha.local.", "port": 80 })),
            "http://ha.local:80"
        );
        assert_eq!(
            url(json!({ "name": "", "host": "", "port": 8123, "addresses": ["fd00::7"] })),
            "http://[fd00::7]:8123"
        );
        let odd = json!({ "name": "", "host": "ha.local", "port": 8123,
            "txt": { "base_url": "javascript:x" } });
        assert_eq!(url(odd), "http://ha.local:8123");
        assert_eq!(found(json!({ "name": "nowhere", "host": "", "port": 1 })), None);
        assert_eq!(word("Ünïcode 客"), "n-code");
        assert_eq!(word("客"), "home");
    }
}
