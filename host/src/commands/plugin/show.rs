//! `if plugin show`: everything a reviewer decides on, from a package or an installed plugin.

use crate::app::App;
use crate::commands::host;
use crate::print;
use clap::Args;
use if_core::Problem;
use if_manifest::model::{EffectSource, Limits, Position, Predicate, Sink};
use serde_json::{Value, json};

/// Show what a plugin asks for: endpoints, effects, secrets and where they go, limits
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The word of an installed plugin, or a package's folder
    plugin: String,
}

/// Shows.
pub fn run(app: &App, args: &ShowArgs) -> Result<(), Problem> {
    let shown = host(app)?.show(&args.plugin)?;
    let value = json!({"manifest": shown.manifest_digest, "predicate": shown.predicate});
    app.printer.result(&value, &describe(&shown.manifest_digest, &shown.predicate))
}

fn describe(digest: &str, plugin: &Predicate) -> String {
    let mut text = format!(
        "{} {} (release {}), provider word `{}`\n{}\nmanifest: {digest}\n",
        plugin.id, plugin.version, plugin.release, plugin.provider, plugin.summary
    );
    let list =
        |items: &[String]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    text.push_str(&format!(
        "imports:  {}\nscopes:   {}\n",
        list(&plugin.imports),
        list(&plugin.scopes)
    ));
    for endpoint in &plugin.endpoints {
        let protocols: Vec<String> =
            endpoint.protocols.iter().map(|p| format!("{p:?}").to_lowercase()).collect();
        text.push_str(&format!(
            "\nreaches {}:{} by {}\n",
            endpoint.host,
            endpoint.port,
            protocols.join(", ")
        ));
        for rule in &endpoint.rules {
            text.push_str(&format!("  {}\n", rule_line(rule)));
        }
        text.push_str("  anything else: dangerous\n");
    }
    for secret in &plugin.secrets {
        text.push_str(&format!("\nsecret {}: {}\n", secret.name, secret.summary));
        for recipe in &secret.recipes {
            let sinks: Vec<String> = recipe.sinks.iter().map(sink_words).collect();
            let step = serde_json::to_value(&recipe.step).unwrap_or_default();
            text.push_str(&format!(
                "  {} = {}\n    may stand in {}\n",
                recipe.name,
                derivation(&step),
                sinks.join(", ")
            ));
        }
    }
    if plugin.echoes {
        text.push_str("\nechoes: its answers may repeat secrets, which are then replaced\n");
    }
    text.push_str(&format!("\nlimits:   {}\n", limits(&plugin.limits)));
    text.push_str("\ncommands\n");
    for command in &plugin.commands {
        text.push_str(&format!(
            "  {:<10} {:<24} {}\n",
            effect(&command.effect),
            command.path,
            command.summary
        ));
    }
    text.lines().map(|line| print::clean(line) + "\n").collect()
}

/// What a recipe makes of its secret, as it would be written on paper:
/// `base64(sha256(secret password + input salt))`. A step is an object of one member; what takes
/// several steps names each.
fn derivation(step: &Value) -> String {
    let members: Vec<_> = step.as_object().into_iter().flatten().collect();
    match members.as_slice() {
        [(name, Value::String(word))] => format!("{name} {word}"),
        [(_, Value::Array(parts))] => parts.iter().map(derivation).collect::<Vec<_>>().join(" + "),
        [(name, inner)] => format!("{name}({})", derivation(inner)),
        [] => step.to_string(),
        several => {
            let named = several.iter().map(|(name, part)| format!("{name}: {}", derivation(part)));
            named.collect::<Vec<_>>().join(", ")
        }
    }
}

/// The limits that differ from what a manifest without any gets.
fn limits(limits: &Limits) -> String {
    let usual = Limits::default().rows();
    let differs = |((name, asked, _), (_, usual, _)): (&(&str, u64, u64), &(&str, u64, u64))| {
        (asked != usual).then(|| format!("{name} {asked} (usual {usual})"))
    };
    let differing: Vec<String> = limits.rows().iter().zip(&usual).filter_map(differs).collect();
    if differing.is_empty() { "the usual".to_owned() } else { differing.join(", ") }
}

/// Where a value may stand, in words: `frame /d/authentication of control`.
fn sink_words(sink: &Sink) -> String {
    let place = match &sink.position {
        Position::Header(name) => format!("header {name}"),
        Position::Query(name) => format!("query parameter {name}"),
        Position::PathSegment(index) => format!("path segment {index}"),
        Position::Json(pointer) => format!("body {pointer}"),
        Position::Form(name) => format!("form field {name}"),
        Position::Frame(pointer) => format!("frame {pointer}"),
        Position::Line(start) => format!("a line that begins `{start}`"),
    };
    let request = [sink.method.clone(), sink.path.clone()].into_iter().flatten();
    let request: String = request.map(|word| format!(" {word}")).collect();
    format!("{place} of {}{request}", sink.endpoint)
}

fn rule_line(rule: &if_manifest::model::Rule) -> String {
    let mut parts = Vec::new();
    parts.extend(rule.method.clone());
    parts.extend(rule.path.clone());
    parts.extend(rule.query.iter().map(|(name, value)| format!("?{name}={value}")));
    parts.extend(rule.json.iter().map(|(pointer, value)| format!("{pointer} = {value}")));
    parts.extend(rule.line.iter().map(|line| format!("line `{line}…`")));
    format!("{}: {}", parts.join(" "), effect(&rule.effect))
}

fn effect(source: &EffectSource) -> String {
    match source {
        EffectSource::Fixed(effect) => effect.to_string(),
        EffectSource::Table(key) => format!("by {}", key.table),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_read_as_it_would_be_written() {
        let step = json!({"base64": {"sha256": {"concat": [
            {"base64": {"sha256": {"concat": [{"secret": "password"}, {"input": "salt"}]}}},
            {"input": "challenge"},
        ]}}});
        assert_eq!(
            derivation(&step),
            "base64(sha256(base64(sha256(secret password + input salt)) + input challenge))"
        );
        let keyed = json!({"hex": {"hmac-sha256": {
            "key": {"secret": "key"}, "message": {"text": "m"},
        }}});
        assert_eq!(derivation(&keyed), "hex(hmac-sha256(key: secret key, message: text m))");
    }

    #[test]
    fn only_unusual_limits_are_shown() {
        assert_eq!(limits(&Limits::default()), "the usual");
        let asked = Limits { deadline_ms: 60_000, ..Limits::default() };
        assert_eq!(limits(&asked), "deadline_ms 60000 (usual 10000)");
    }
}
