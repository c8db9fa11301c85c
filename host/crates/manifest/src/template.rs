//! `{host}`: an endpoint's address as literal pieces and settings of the instance.
//!
//! Closed on purpose: a setting stands for itself, there is no default inside the braces, no
//! nesting and no escape. Nothing here resolves a name or decides whether it may be reached.

use std::fmt;

/// One piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Literal(String),
    /// The name of a setting.
    Setting(String),
}

/// A parsed template, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

/// A text that is no template, or a setting without a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("`{0}` has a brace without its partner")]
    Unbalanced(String),
    #[error("the setting `{0}` has no value")]
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
            pieces.push(Piece::Setting(name.to_owned()));
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
            Piece::Setting(name) => Some(name.as_str()),
            Piece::Literal(_) => None,
        })
    }

    /// The text with each setting's value in its place, as it is.
    pub fn fill(&self, value: impl Fn(&str) -> Option<String>) -> Result<String, TemplateError> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Setting(name) => {
                    let found = value(name).ok_or_else(|| TemplateError::Missing(name.clone()))?;
                    text.push_str(&found);
                }
            }
        }
        Ok(text)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Literal(literal) => f.write_str(literal),
            Piece::Setting(name) => write!(f, "{{{name}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_settings_and_refuses_stray_braces() {
        let template = Template::parse("{region}.example.com").unwrap();
        assert_eq!(template.settings().collect::<Vec<_>>(), ["region"]);
        assert_eq!(template.fill(|_| Some("eu".into())).unwrap(), "eu.example.com");
        assert_eq!(template.fill(|_| None), Err(TemplateError::Missing("region".into())));
        assert_eq!(template.to_string(), "{region}.example.com");
        for bad in ["{host", "host}", "{}", "{a{b}}", "}{"] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }
}
