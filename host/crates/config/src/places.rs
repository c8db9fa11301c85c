//! A YAML value of any shape that remembers where each part of it stands.

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};
use serde_saphyr::{Location, Spanned};
use std::collections::BTreeMap;
use std::fmt;

/// A value of any shape.
#[derive(Debug)]
pub(crate) enum Tree {
    Leaf(Value),
    List(Vec<Spanned<Tree>>),
    Map(Vec<(String, Spanned<Tree>)>),
}

impl Tree {
    /// Without places.
    pub(crate) fn value(&self) -> Value {
        match self {
            Tree::Leaf(value) => value.clone(),
            Tree::List(items) => items.iter().map(|item| item.value.value()).collect(),
            Tree::Map(members) => {
                let member =
                    |(name, tree): &(String, Spanned<Tree>)| (name.clone(), tree.value.value());
                Value::Object(members.iter().map(member).collect::<Map<_, _>>())
            }
        }
    }
}

/// JSON pointers → line and column.
#[derive(Debug, Clone)]
pub(crate) struct Places(BTreeMap<String, (u64, u64)>);

impl Places {
    /// Nothing but the whole.
    pub(crate) fn at(place: Location) -> Self {
        Self(BTreeMap::from([(String::new(), (place.line(), place.column()))]))
    }

    /// Every part of a tree; `fallback` where the parser knows no place.
    pub(crate) fn of_tree(tree: &Spanned<Tree>, fallback: Location) -> Self {
        let mut places = Self::at(fallback);
        places.add(String::new(), tree);
        places
    }

    fn add(&mut self, pointer: String, tree: &Spanned<Tree>) {
        let place = tree.referenced;
        if place.line() > 0 {
            self.0.insert(pointer.clone(), (place.line(), place.column()));
        }
        match &tree.value {
            Tree::Leaf(_) => {}
            Tree::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.add(format!("{pointer}/{index}"), item);
                }
            }
            Tree::Map(members) => {
                for (name, member) in members {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    self.add(format!("{pointer}/{name}"), member);
                }
            }
        }
    }

    /// The place of a pointer, or of the nearest that encloses it; `inside` is a place within a
    /// block of text (`|`) of `source`.
    pub(crate) fn of(&self, at: &str, inside: Option<(u64, u64)>, source: &str) -> (u64, u64) {
        let mut pointer = at;
        let place = loop {
            match (self.0.get(pointer), pointer.rfind('/')) {
                (Some(place), _) => break *place,
                (None, Some(end)) => pointer = pointer.get(..end).unwrap_or_default(),
                (None, None) => return (0, 0),
            }
        };
        match inside {
            Some(inside) if pointer == at => in_block(place, inside, source).unwrap_or(place),
            _ => place,
        }
    }
}

/// Where a line of a block stands, which begins in the line below its `|`; `None` where the text is
/// written in another way.
fn in_block(
    (line, column): (u64, u64),
    (down, right): (u64, u64),
    source: &str,
) -> Option<(u64, u64)> {
    let above = usize::try_from(line).ok()?.checked_sub(2)?;
    let mark = source.lines().nth(above)?.trim_end().trim_end_matches(['-', '+']);
    mark.ends_with('|').then_some(())?;
    let place = (line.saturating_add(down), column.saturating_add(right));
    Some((place.0.saturating_sub(1), place.1.saturating_sub(1)))
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(Any)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Tree, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("number is not finite"))?;
        Ok(Tree::Leaf(number.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let mut map = Vec::new();
        while let Some(member) = members.next_entry()? {
            map.push(member);
        }
        Ok(Tree::Map(map))
    }
}
