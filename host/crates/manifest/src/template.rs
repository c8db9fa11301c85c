//! `{host}`: an endpoint's address as literal pieces and settings of the instance; `{url.host}` and
//! `{url.port}` are the parts of a setting that is a URL.
//!
//! Closed on purpose: a setting stands for itself or for one of those two parts, there is no
//! default inside the braces, no nesting and no escape. Nothing here resolves a name or decides
//! whether it may be reached.

use crate::url::UrlParts;
use serde_json::{Map, Value};
use std::fmt;

/// One piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Literal(String),
    /// The name of a setting.
    Setting(String),
    /// A part of the setting of this name, which is a URL.
    Part(String, Part),
}

/// What a template may take out of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Host,
    Port,
}

impl Part {
    fn of(word: &str) -> Option<Part> {
        [Part::Host, Part::Port].into_iter().find(|part| part.as_str() == word)
    }

    fn as_str(self) -> &'static str {
        match self {
            Part::Host => "host",
            Part::Port => "port",
        }
    }
}

/// A parsed template, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

/// A text that is no template, or a setting without a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("`{0}` has a brace without its partner")]
    Unbalanced(String),
    #[error("`{{{0}}}` must be a setting's name, or a URL setting's `.host` or `.port`")]
    Part(String),
    #[error("the setting `{0}` has no value that fits")]
    Missing(String),
}

impl Template {
    /// Splits `text` at `{…}`.
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        let unbalanced = || TemplateError::Unbalanced(text.to_owned());
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((literal, behind)) = rest.split_once('{') {
            let (name, after) = behind.split_once('}').ok_or_else(unbalanced)?;
            if literal.contains('}') || name.is_empty() || name.contains('{') {
                return Err(unbalanced());
            }
            if !literal.is_empty() {
                pieces.push(Piece::Literal(literal.to_owned()));
            }
            pieces.push(placeholder(name)?);
            rest = after;
        }
        if rest.contains('}') {
            return Err(unbalanced());
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.to_owned()));
        }
        Ok(Template(pieces))
    }

    /// The pieces, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// The names of the settings in it.
    pub fn settings(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Setting(name) | Piece::Part(name, _) => Some(name.as_str()),
            Piece::Literal(_) => None,
        })
    }

    /// The URL of which it takes parts, if it takes any and the setting has one.
    pub fn url<'s>(&self, settings: &'s Map<String, Value>) -> Option<UrlParts<'s>> {
        let name = self.0.iter().find_map(|piece| match piece {
            Piece::Part(name, _) => Some(name),
            _ => None,
        })?;
        UrlParts::parse(settings.get(name)?.as_str()?).ok()
    }

    /// The text with each setting's value in its place, as it is: a text or a number.
    pub fn fill(&self, settings: &Map<String, Value>) -> Result<String, TemplateError> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Setting(name) | Piece::Part(name, _) => {
                    let found = settings.get(name).and_then(|value| piece.of(value));
                    text.push_str(&found.ok_or_else(|| TemplateError::Missing(name.clone()))?);
                }
            }
        }
        Ok(text)
    }
}

impl Piece {
    /// What this piece takes out of its setting's value.
    fn of(&self, value: &Value) -> Option<String> {
        match (self, value) {
            (Piece::Part(_, part), Value::String(text)) => {
                let url = UrlParts::parse(text).ok()?;
                Some(match part {
                    Part::Host => url.host.to_owned(),
                    Part::Port => url.port.to_string(),
                })
            }
            (Piece::Setting(_), Value::String(text)) => Some(text.clone()),
            (Piece::Setting(_), Value::Number(number)) => Some(number.to_string()),
            _ => None,
        }
    }
}

/// What stands between two braces.
fn placeholder(name: &str) -> Result<Piece, TemplateError> {
    match name.split_once('.') {
        None => Ok(Piece::Setting(name.to_owned())),
        Some((setting, word)) => match Part::of(word) {
            Some(part) if !setting.is_empty() => Ok(Piece::Part(setting.to_owned(), part)),
            _ => Err(TemplateError::Part(name.to_owned())),
        },
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Literal(literal) => f.write_str(literal),
            Piece::Setting(name) => write!(f, "{{{name}}}"),
            Piece::Part(name, part) => write!(f, "{{{name}.{}}}", part.as_str()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn fills_settings_and_refuses_stray_braces() {
        let template = Template::parse("{region}.example.com").unwrap();
        assert_eq!(template.settings().collect::<Vec<_>>(), ["region"]);
        assert_eq!(template.fill(&settings(json!({"region": "eu"}))).unwrap(), "eu.example.com");
        let missing = Err(TemplateError::Missing("region".into()));
        assert_eq!(template.fill(&settings(json!({}))), missing);
        assert_eq!(template.fill(&settings(json!({"region": true}))), missing);
        assert_eq!(template.to_string(), "{region}.example.com");
        let port = Template::parse("{port}").unwrap();
        assert_eq!(port.fill(&settings(json!({"port": 80}))).unwrap(), "80");
        for bad in ["{host", "host}", "{}", "{a{b}}", "}{"] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_url_gives_its_host_and_port_and_nothing_else() {
        let fill = |text: &str, url: Value| {
            Template::parse(text).unwrap().fill(&settings(json!({"url": url})))
        };
        assert_eq!(fill("{url.host}", json!("http://ha.local:8123")).unwrap(), "ha.local");
        assert_eq!(fill("{url.port}", json!("http://ha.local:8123")).unwrap(), "8123");
        assert_eq!(fill("{url.port}", json!("https://ha.local")).unwrap(), "443");
        for url in [json!("ha.local"), json!("http://user@ha.local"), json!(8123), json!(null)] {
            assert_eq!(fill("{url.host}", url), Err(TemplateError::Missing("url".into())));
        }
        let template = Template::parse("{url.host}").unwrap();
        assert_eq!(template.settings().collect::<Vec<_>>(), ["url"]);
        assert_eq!(template.to_string(), "{url.host}");
        let secure = settings(json!({"url": "https://ha.local"}));
        assert!(template.url(&secure).unwrap().scheme.is_secure());
        assert_eq!(Template::parse("{url}").unwrap().url(&secure), None);
        for bad in ["{url.path}", "{.host}", "{url.}", "{url.host.port}"] {
            assert!(matches!(Template::parse(bad), Err(TemplateError::Part(_))), "{bad}");
        }
    }
}
