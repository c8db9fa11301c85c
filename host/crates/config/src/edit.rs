//! Edits of a provider file's text, line by line. Pure: text in, text out.
//!
//! Block layout only, which is how people and this program write such files. Nothing here promises
//! to
//! be right about every YAML there is: the caller parses the outcome and compares its meaning.

use serde_json::{Map, Value};

/// Indentation of instances where the file shows none yet.
const INDENT: usize = 2;

/// Where the keys of the file stand.
pub(crate) struct Outline {
    /// Line of `instances:`, from 1.
    pub(crate) instances_line: Option<usize>,
    /// The instances' keys, in order.
    pub(crate) keys: Vec<Key>,
}

/// The key of one instance.
pub(crate) struct Key {
    pub(crate) name: String,
    /// From 1.
    pub(crate) line: usize,
    /// Blanks before it.
    pub(crate) indent: usize,
}

/// An instance to be written.
pub(crate) struct Block<'a> {
    pub(crate) name: &'a str,
    pub(crate) keys: Map<String, Value>,
}

impl Block<'_> {
    /// The instance as lines that start with `indent` blanks.
    pub(crate) fn text(&self, indent: usize) -> String {
        let blanks = " ".repeat(indent);
        // One line for each value: a block of text would let its blank lines run into what follows.
        let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
        let keys = serde_saphyr::to_string_with_options(&self.keys, options).unwrap_or_default();
        let name = match serde_saphyr::to_string(&self.name) {
            Ok(name) => name.trim_end().to_owned(),
            Err(_) => self.name.to_owned(),
        };
        if self.keys.is_empty() {
            return format!("{blanks}{name}: {{}}\n");
        }
        let mut text = format!("{blanks}{name}:\n");
        for line in keys.lines() {
            match line {
                "" => text.push('\n'),
                line => text.push_str(&format!("{blanks}  {line}\n")),
            }
        }
        text
    }
}

/// The text with the instance behind the others; `None` where there is no such place.
pub(crate) fn append(text: &str, outline: &Outline, block: &Block<'_>) -> Option<String> {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let Some(top) = outline.instances_line else {
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return Some(format!("{text}{gap}instances:\n{}", block.text(INDENT)));
    };
    let (after, indent) = match outline.keys.last() {
        Some(key) => (end_of(&lines, own_line(&lines, key)?), key.indent),
        None => (top, INDENT),
    };
    let heading;
    if outline.keys.is_empty() {
        // `instances: {}` becomes a heading; a comment behind it stays.
        let line = lines.get_mut(top.checked_sub(1)?)?;
        heading = line.replacen(" {}", "", 1);
        *line = &heading;
    }
    let (before, behind) = lines.split_at_checked(after)?;
    let before = before.concat();
    let gap = if before.ends_with('\n') { "" } else { "\n" };
    Some(format!("{before}{gap}{}{}", block.text(indent), behind.concat()))
}

/// The text without the instance; `None` where it does not stand on lines of its own.
pub(crate) fn cut(text: &str, outline: &Outline, name: &str) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let key = own_line(&lines, outline.keys.iter().find(|key| key.name == name)?)?;
    let before = lines.get(..key.line.checked_sub(1)?)?;
    let behind = lines.get(end_of(&lines, key)..)?;
    Some(before.concat() + &behind.concat())
}

/// The key again, if nothing stands before it on its line.
fn own_line<'a>(lines: &[&str], key: &'a Key) -> Option<&'a Key> {
    let before = lines.get(key.line.checked_sub(1)?)?.get(..key.indent)?;
    before.bytes().all(|byte| byte == b' ').then_some(key)
}

/// The number of the last line that belongs to the key: what is indented deeper, comments included.
/// Blank lines at the end, and comments of the key's own depth, belong to what follows.
fn end_of(lines: &[&str], key: &Key) -> usize {
    let mut end = key.line;
    for (index, line) in lines.iter().enumerate().skip(key.line) {
        let content = line.trim_start_matches(' ');
        if content.trim().is_empty() {
            continue;
        }
        if line.len() - content.len() <= key.indent {
            break;
        }
        end = index + 1;
    }
    end
}
