//! The part of XPath that `XMLTEXT` is used with: absolute paths of names, `[number]`,
//! `[@name="value"]`, ending in an element or an `@attribute`.
//!
//! It reads only the simulator's own XML (no entities beyond the five, no comments); anything
//! else in an expression yields nothing, which the surface answers with `ER`.

/// The text at this path; none when the path is not understood or leads nowhere.
pub(super) fn text(xml: &str, path: &str) -> Option<String> {
    let mut scope = Element { attributes: "", inner: xml };
    let mut steps = path.trim_start_matches('/').split('/').peekable();
    while let Some(step) = steps.next() {
        if let Some(name) = step.strip_prefix('@') {
            let last = steps.peek().is_none();
            return scope.attribute(name).filter(|_| last).map(unescape);
        }
        scope = scope.child(step)?;
    }
    let own = scope.inner.split('<').next().unwrap_or_default();
    Some(unescape(own.trim()))
}

/// An element's attributes as written, and what stands between its tags.
#[derive(Clone, Copy)]
struct Element<'a> {
    attributes: &'a str,
    inner: &'a str,
}

impl<'a> Element<'a> {
    fn attribute(self, name: &str) -> Option<&'a str> {
        let opening = format!(" {name}=\"");
        let (_, rest) = self.attributes.split_once(&opening)?;
        rest.split_once('"').map(|(value, _)| value)
    }

    /// The child that a step (`input[2]`, `input[@type="Video"]`, `active`) names.
    fn child(self, step: &str) -> Option<Self> {
        let (name, condition) = match step.split_once('[') {
            Some((name, rest)) => (name, Some(rest.strip_suffix(']')?)),
            None => (step, None),
        };
        let mut named = self.children().filter(|(found, _)| *found == name);
        let Some(condition) = condition else { return named.next().map(|(_, child)| child) };
        if let Ok(number) = condition.parse::<usize>() {
            return named.nth(number.checked_sub(1)?).map(|(_, child)| child);
        }
        let (name, value) = condition.strip_prefix('@')?.split_once('=')?;
        let value = value.trim_matches(['"', '\'']);
        named.map(|(_, child)| child).find(|child| child.attribute(name) == Some(value))
    }

    /// Direct children with their names, in order.
    fn children(self) -> impl Iterator<Item = (&'a str, Element<'a>)> {
        let mut rest = self.inner;
        std::iter::from_fn(move || {
            let (_, opened) = rest.split_once('<')?;
            let (tag, after) = opened.split_once('>')?;
            let (name, attributes) = tag.find(' ').map_or((tag, ""), |at| tag.split_at(at));
            if let Some(attributes) = attributes.strip_suffix('/') {
                rest = after;
                return Some((name, Element { attributes, inner: "" }));
            }
            // vMix nests no element in one of its own name: the first closing tag is the right one.
            let (inner, after) = after.split_once(&format!("</{name}>"))?;
            rest = after;
            Some((name, Element { attributes, inner }))
        })
    }
}

fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vmix::{state::Mixer, xml};

    #[test]
    fn paths_lead_to_elements_and_attributes() {
        let mut mixer = Mixer::default();
        mixer.inputs[1].title = "A & B".into();
        let xml = xml::write(&mixer);
        let check = |path: &str, expect: Option<&str>| {
            assert_eq!(text(&xml, path).as_deref(), expect, "{path}");
        };
        check("vmix/active", Some("1"));
        check("/vmix/version", Some("27.0.0.49"));
        check("vmix/inputs/input[2]/@title", Some("A & B"));
        check("vmix/inputs/input[@type=\"GT\"]/@number", Some("4"));
        check("vmix/inputs/input[4]/text[2]", Some("Description"));
        check("vmix/audio/master/@volume", Some("100"));
        check("vmix/overlays/overlay[2]", Some(""));
        check("vmix/nothing", None);
        check("vmix/inputs/input[0]/@title", None);
        check("vmix/inputs/input[9]", None);
        check("vmix/inputs/input[last()]", None);
        check("vmix/@a/b", None);
    }
}
