//! What a new manifest may do that the old one may not.
//!
//! Both are laid out as facts under a name, and the facts compared. Each difference is judged by
//! what it means to whoever allows it: does the plugin gain something, lose something, or is it
//! only otherwise? In doubt it gains.

use crate::model::{Command, EffectSource, Endpoint, Parameter, Predicate, Price, Rule, Secret};
use if_core::Effect;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a difference means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It may do more than before.
    Widens,
    /// It may do less.
    Narrows,
    /// Neither more nor less, but not the same.
    Changes,
}

/// One difference between two manifests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub verdict: Verdict,
    /// The part of the manifest: `endpoint`, `rule`, `secret`, `sink`, `limit`, `command` …
    pub part: &'static str,
    /// Which of them.
    pub what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// How the two values of one fact are judged.
#[derive(Debug, Clone, Copy)]
enum Judge {
    /// To have it is to gain; another value is another gain.
    Gain,
    /// More is wider.
    More,
    /// For what is classified: what is not listed is dangerous, and less dangerous is wider.
    Classified,
    /// For a command: a more dangerous effect lets it send more.
    Power,
    /// Worth reading, no more.
    Plain,
}

/// Facts by part and name.
type Facts = BTreeMap<(&'static str, String), (String, Judge)>;

/// Every difference, what widens first.
pub fn diff(old: &Predicate, new: &Predicate) -> Vec<Difference> {
    let mut found = reordered(old, new);
    let (old, new) = (facts(old), facts(new));
    let names: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (from, to) = (old.get(name), new.get(name));
        if from.map(|(value, _)| value) == to.map(|(value, _)| value) {
            continue;
        }
        let Some((_, judge)) = to.or(from) else { continue };
        let value = |fact: Option<&(String, Judge)>| fact.map(|(value, _)| value.clone());
        let (from, to) = (value(from), value(to));
        let verdict = judged(*judge, from.as_deref(), to.as_deref());
        found.push(Difference { verdict, part: name.0, what: name.1.clone(), from, to });
    }
    found.sort_by_key(|difference| difference.verdict);
    found
}

/// Rules of both that stand in another order: the first match decides, so what was caught by one
/// may be let through by another now.
fn reordered(old: &Predicate, new: &Predicate) -> Vec<Difference> {
    let mut found = Vec::new();
    for endpoint in &new.endpoints {
        let Some(before) = old.endpoints.iter().find(|it| it.name == endpoint.name) else {
            continue;
        };
        let [before, after] = [&before.rules, &endpoint.rules]
            .map(|rules| -> Vec<String> { rules.iter().map(matcher).collect() });
        let common = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|rule| those.contains(rule)).cloned().collect()
        };
        let (before, after) = (common(&before, &after), common(&after, &before));
        if before != after {
            found.push(Difference {
                verdict: Verdict::Widens,
                part: "rule order",
                what: endpoint.name.to_string(),
                from: Some(before.join(", ")),
                to: Some(after.join(", ")),
            });
        }
    }
    found
}

fn judged(judge: Judge, from: Option<&str>, to: Option<&str>) -> Verdict {
    let wider = |wider: bool| if wider { Verdict::Widens } else { Verdict::Narrows };
    match judge {
        Judge::Plain => Verdict::Changes,
        Judge::Gain => wider(to.is_some()),
        Judge::More => match (number(from), number(to)) {
            (Some(from), Some(to)) => wider(to > from),
            _ => Verdict::Widens,
        },
        Judge::Classified => match (danger(from), danger(to)) {
            (Some(from), Some(to)) if from == to => Verdict::Changes,
            (Some(from), Some(to)) => wider(to < from),
            _ => Verdict::Widens,
        },
        Judge::Power => match (from, to, danger(from), danger(to)) {
            (None, _, _, _) => Verdict::Widens,
            (_, None, _, _) => Verdict::Narrows,
            (_, _, Some(from), Some(to)) => wider(to > from),
            _ => Verdict::Widens,
        },
    }
}

fn number(text: Option<&str>) -> Option<u64> {
    text.and_then(|text| text.parse().ok())
}

/// How dangerous a classification is; what is not listed is dangerous. `None`: a table knows.
fn danger(text: Option<&str>) -> Option<Effect> {
    match text {
        None => Some(Effect::Dangerous),
        Some(text) => serde_json::from_value(Value::from(text)).ok(),
    }
}

fn facts(plugin: &Predicate) -> Facts {
    let mut facts = Facts::new();
    let mut add = |part, name: String, value: String, judge| {
        facts.insert((part, name), (value, judge));
    };
    add("identity", "id".into(), plugin.id.to_string(), Judge::Gain);
    add("identity", "provider".into(), plugin.provider.to_string(), Judge::Gain);
    add("identity", "world".into(), plugin.world.clone(), Judge::Gain);
    add("identity", "kind".into(), text(&plugin.kind), Judge::Gain);
    if let Some(category) = &plugin.category {
        add("identity", "category".into(), category.to_string(), Judge::Plain);
    }
    add("summary", "plugin".into(), plugin.summary.clone(), Judge::Plain);
    for import in &plugin.imports {
        add("import", import.clone(), "asked for".into(), Judge::Gain);
    }
    for scope in &plugin.scopes {
        add("scope", scope.clone(), "asked for".into(), Judge::Gain);
    }
    if plugin.echoes {
        add("echoes", "answers".into(), "may repeat secrets".into(), Judge::Gain);
    }
    for (name, asked, _) in plugin.limits.rows() {
        add("limit", name.into(), asked.to_string(), Judge::More);
    }
    for (table, rows) in &plugin.tables {
        for (key, effect) in rows {
            add("table", format!("{table} {key}"), effect.to_string(), Judge::Classified);
        }
    }
    for (path, price) in &plugin.prices {
        price_parts(path, price, &mut add);
    }
    if let Some(currency) = &plugin.currency {
        add("price", "currency".into(), currency.clone(), Judge::Plain);
    }
    if !plugin.discover.is_empty() {
        add("discover", "looks for".into(), text(&plugin.discover), Judge::Gain);
    }
    for capture in &plugin.captures {
        let name = format!("{} of {}", capture.name, capture.endpoint);
        add("capture", name.clone(), "becomes a secret".into(), Judge::Plain);
        for sink in &capture.sinks {
            add("sink", format!("{name} in {}", text(sink)), "may stand there".into(), Judge::Gain);
        }
    }
    for setting in &plugin.settings {
        add("setting", setting.name.to_string(), parameter(setting), Judge::Plain);
    }
    plugin.endpoints.iter().for_each(|it| endpoint(it, &mut add));
    plugin.secrets.iter().for_each(|it| secret(it, &mut add));
    plugin.commands.iter().for_each(|it| command(it, &mut add));
    facts
}

type Add<'a> = dyn FnMut(&'static str, String, String, Judge) + 'a;

fn price_parts(path: &str, price: &Price, add: &mut Add<'_>) {
    let parts = serde_json::to_value(price).unwrap_or_default();
    for (part, value) in parts.as_object().into_iter().flatten() {
        match value.as_object() {
            None => add("price", format!("{path} {part}"), text(value), Judge::More),
            Some(members) => members.iter().for_each(|(member, value)| {
                let judge = if value.is_number() { Judge::More } else { Judge::Plain };
                add("price", format!("{path} {part} {member}"), text(value), judge);
            }),
        }
    }
}

fn endpoint(it: &Endpoint, add: &mut Add<'_>) {
    let name = it.name.to_string();
    add("endpoint", format!("{name} host"), it.host.clone(), Judge::Gain);
    add("endpoint", format!("{name} port"), it.port.clone(), Judge::Gain);
    for protocol in &it.protocols {
        add("endpoint", format!("{name} by {}", text(protocol)), "reached".into(), Judge::Gain);
    }
    for (place, rule) in it.rules.iter().enumerate() {
        let matcher = matcher(rule);
        let before = it.rules.iter().take(place).map(self::matcher);
        let before = before.filter(|other| *other == matcher).count();
        let again = if before > 0 { format!(" (again, {before})") } else { String::new() };
        add("rule", format!("{name} {matcher}{again}"), effect(&rule.effect), Judge::Classified);
        if let Some(planned) = &rule.planned {
            add("planned answer", format!("{name} {matcher}"), planned.to_string(), Judge::Plain);
        }
    }
}

fn secret(it: &Secret, add: &mut Add<'_>) {
    let need = if it.optional { "optional" } else { "needed" };
    add("secret", it.name.to_string(), need.into(), Judge::Gain);
    for recipe in &it.recipes {
        let name = format!("{} {}", it.name, recipe.name);
        add("recipe", name.clone(), text(&recipe.step), Judge::Gain);
        add("recipe inputs", name.clone(), recipe.inputs.join(", "), Judge::Plain);
        for sink in &recipe.sinks {
            add("sink", format!("{name} in {}", text(sink)), "may stand there".into(), Judge::Gain);
        }
    }
}

fn command(it: &Command, add: &mut Add<'_>) {
    add("command", it.path.clone(), effect(&it.effect), Judge::Power);
    let streams = if it.streams { "streams" } else { "answers once" };
    add("command form", it.path.clone(), streams.into(), Judge::Plain);
    // A table may hide a column that the last version showed.
    add("view", it.path.clone(), text(&it.view), Judge::Plain);
    for one in &it.parameters {
        add("parameter", format!("{} {}", it.path, one.name), parameter(one), Judge::Plain);
    }
}

/// What a rule matches, without what it says.
fn matcher(rule: &Rule) -> String {
    let bare = Rule { effect: EffectSource::Fixed(Effect::Read), planned: None, ..rule.clone() };
    let mut value = serde_json::to_value(bare).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.remove("effect");
    }
    value.to_string()
}

fn effect(source: &EffectSource) -> String {
    match source {
        EffectSource::Fixed(effect) => effect.to_string(),
        EffectSource::Table(key) => format!("by {} at {}", key.table, key.key),
    }
}

fn parameter(it: &Parameter) -> String {
    let mut value = serde_json::to_value(it).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, _| name != "name" && name != "summary");
    }
    value.to_string()
}

fn text(value: &impl Serialize) -> String {
    match serde_json::to_value(value).unwrap_or_default() {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin() -> Predicate {
        let example = include_str!("../tests/data/example.json");
        let manifest: crate::model::Manifest = serde_json::from_str(example).unwrap();
        manifest.predicate
    }

    /// What changes when this is done to the new manifest: verdict, part, and what.
    fn changed(change: impl FnOnce(&mut Predicate)) -> Vec<(Verdict, &'static str, String)> {
        let (old, mut new) = (plugin(), plugin());
        change(&mut new);
        let found: Vec<(Verdict, &str, String)> =
            diff(&old, &new).into_iter().map(|it| (it.verdict, it.part, it.what)).collect();
        // Seen from the other side it is the same, with gain and loss exchanged.
        let back = diff(&new, &old);
        let mirrored = |verdict| match verdict {
            Verdict::Widens => Verdict::Narrows,
            Verdict::Narrows => Verdict::Widens,
            Verdict::Changes => Verdict::Changes,
        };
        for (verdict, part, what) in &found {
            let other = back.iter().find(|it| it.part == *part && it.what == *what).unwrap();
            let doubt = other.verdict == Verdict::Widens && *verdict == Verdict::Widens;
            assert!(doubt || other.verdict == mirrored(*verdict), "{found:?} {other:?}");
        }
        found
    }

    fn only(change: impl FnOnce(&mut Predicate)) -> (Verdict, &'static str) {
        let found = changed(change);
        assert_eq!(found.len(), 1, "{found:?}");
        (found[0].0, found[0].1)
    }

    /// Fields that no difference names, each because it moves nothing and shows nothing else.
    const NOT_COMPARED: &[&str] = &[
        // What tells the two apart stands above the differences.
        "release",
        "version",
        // Words for people, of single things.
        "commands/details",
        "commands/examples",
        "commands/parameters/summary",
        "commands/summary",
        "secrets/summary",
        "settings/summary",
    ];

    /// Every value of the example, which has every field of the schema, is changed in turn.
    #[test]
    fn no_field_is_forgotten() {
        let mut old = plugin();
        old.commands[0].details = "at length".to_owned();
        let whole = serde_json::to_value(&old).unwrap();
        let mut silent = std::collections::BTreeSet::new();
        for place in places(&whole, String::new()) {
            let mut changed = whole.clone();
            let value = changed.pointer_mut(&place).unwrap();
            let seen = others(value).into_iter().any(|other| {
                *whole_at(&mut changed, &place) = other;
                // What is no manifest any more changes nothing for anybody.
                let new: Result<Predicate, _> = serde_json::from_value(changed.clone());
                new.is_ok_and(|new| new == old || !diff(&old, &new).is_empty())
            });
            if !seen {
                silent.insert(without_places(&place));
            }
        }
        let expected = NOT_COMPARED.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(silent, expected);
    }

    fn whole_at<'a>(value: &'a mut Value, place: &str) -> &'a mut Value {
        value.pointer_mut(place).unwrap()
    }

    /// Pointers to all that is neither a list nor a record.
    fn places(value: &Value, at: String) -> Vec<String> {
        let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
        match value {
            Value::Object(members) => members
                .iter()
                .flat_map(|(name, value)| places(value, format!("{at}/{}", escaped(name))))
                .collect(),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .flat_map(|(index, value)| places(value, format!("{at}/{index}")))
                .collect(),
            _ => vec![at],
        }
    }

    /// Other values that may stand there.
    fn others(value: &Value) -> Vec<Value> {
        match value {
            Value::Bool(it) => vec![Value::from(!it)],
            Value::Number(it) => vec![Value::from(it.as_u64().unwrap_or(1) + 1)],
            Value::String(it) => [&format!("{it}x"), "policy", "read", "write", "http", "tcp"]
                .into_iter()
                .chain(["9.9.9", "ES256", "RS256", "bool", "secret", "json", "fields"])
                .chain(["if://capability/other.one"])
                .filter(|other| other != it)
                .map(Value::from)
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The name of a field, whichever of several things has it.
    fn without_places(pointer: &str) -> String {
        let names = pointer.split('/').filter(|name| !name.is_empty());
        let names = names.filter(|name| name.parse::<usize>().is_err());
        names.collect::<Vec<_>>().join("/")
    }

    #[test]
    fn the_same_has_no_difference() {
        assert_eq!(changed(|_| ()), []);
    }

    #[test]
    fn more_of_anything_widens_and_less_narrows() {
        let widens = Verdict::Widens;
        assert_eq!(only(|p| p.imports.push("wasi:http/types@0.2".into())), (widens, "import"));
        assert_eq!(only(|p| p.scopes.push("studio:own".into())), (widens, "scope"));
        assert_eq!(only(|p| p.limits.fuel_max += 1), (widens, "limit"));
        assert_eq!(only(|p| p.limits.fuel_max -= 1), (Verdict::Narrows, "limit"));
        assert_eq!(only(|p| p.echoes = !p.echoes).1, "echoes");
        assert_eq!(only(|p| p.endpoints[0].host = "evil.example".into()), (widens, "endpoint"));
        let dropped = changed(|p| drop(p.endpoints.remove(0)));
        assert!(dropped.iter().any(|it| it.0 == Verdict::Narrows && it.1 == "endpoint"));
        let sinks = changed(|p| p.secrets[0].recipes[0].sinks.clear());
        assert!(!sinks.is_empty() && sinks.iter().all(|it| it.0 == Verdict::Narrows), "{sinks:?}");
    }

    #[test]
    fn what_is_called_less_dangerous_widens() {
        let rules = |p: &mut Predicate| {
            let rule = Rule {
                method: Some("DELETE".into()),
                path: Some("/everything".into()),
                query: BTreeMap::new(),
                json: BTreeMap::new(),
                line: None,
                effect: EffectSource::Fixed(Effect::Read),
                planned: None,
            };
            p.endpoints[0].rules.push(rule);
        };
        let found = changed(rules);
        assert!(found.iter().any(|it| it.0 == Verdict::Widens && it.1 == "rule"), "{found:?}");
        // A rule that only says what holds without it gains nothing.
        let harmless = changed(|p| {
            rules(p);
            let rule = p.endpoints[0].rules.last_mut().unwrap();
            rule.effect = EffectSource::Fixed(Effect::Dangerous);
        });
        assert!(harmless.iter().all(|it| it.0 == Verdict::Changes), "{harmless:?}");
        assert_eq!(only(|p| p.endpoints[0].rules.reverse()), (Verdict::Widens, "rule order"));
    }

    #[test]
    fn a_command_that_may_send_more_widens() {
        let set =
            |effect| move |p: &mut Predicate| p.commands[0].effect = EffectSource::Fixed(effect);
        let first = plugin().commands[0].clone();
        assert_eq!(first.effect, EffectSource::Fixed(Effect::Write), "the example's first command");
        let found = |verdict| [(verdict, "command", first.path.clone())];
        assert_eq!(changed(set(Effect::Dangerous)), found(Verdict::Widens));
        assert_eq!(changed(set(Effect::Read)), found(Verdict::Narrows));
        let gone = changed(|p| drop(p.commands.remove(0)));
        assert!(gone.iter().any(|it| it.0 == Verdict::Narrows && it.1 == "command"), "{gone:?}");
    }
}
