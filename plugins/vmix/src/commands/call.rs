//! Any of the 797 functions, and what is known of each.

use super::on;
use crate::functions::{self, Function, Values};
use crate::inputs;
use crate::kinds;
use crate::link::Vmix;
use if_sdk::prelude::*;

/// Functions whose value is a secret: the recipe that makes it from the channel.
const SECRET_VALUES: [(&str, &str); 2] =
    [("StreamingSetKey", "stream-key"), ("StreamingSetPassword", "stream-password")];

pub fn commands() -> Vec<Command> {
    vec![
        on(
            by_table("function", "any of vMix's 797 functions", "functions", "name")
                .example(
                    "vmix function studio SetText Input=3 SelectedName=Headline.Text Value=Hello",
                )
                .example("vmix function studio SetVolume Input=2 Value=+=5"),
            (
                text("name", "such as SetVolume; `vmix functions` lists them").positional(),
                record("values", "its parameters, such as Input=2 Value=80")
                    .positional()
                    .or(json!({})),
            ),
            |vmix, (name, values): (String, Values)| call(vmix, &name, values),
        ),
        read("functions", "vMix's functions by group or by a part of the name")
            .takes((
                text("group", "such as Audio, Replay or Title").optional(),
                text("match", "a part of the name, in any case").optional(),
            ))
            .example("vmix functions studio --group Replay")
            .example("vmix functions studio --match overlayinput1")
            .table("/functions", &["name", "group", "effect", "parameters"])
            .run(|_, (group, part)| list(group, part)),
        read("function-help", "what a function takes and does to the show")
            .takes(text("name", "the function's name").positional())
            .example("vmix function-help studio SetVolume")
            .text("/text")
            .run(|call, name: String| Ok(help(call, functions::find(&name)?))),
    ]
}

fn call(vmix: &mut Vmix<'_>, name: &str, mut values: Values) -> Outcome {
    let function = functions::find(name)?;
    if let Some((_, recipe)) = SECRET_VALUES.iter().find(|(known, _)| *known == name) {
        return with_secret(vmix, function, values, recipe);
    }
    function.check(&values)?;
    let given = values.get("Input").filter(|input| !inputs::is_role(input)).cloned();
    if let Some(given) = given {
        let input = inputs::find(&vmix.state()?, &given)?;
        values.insert("Input".to_owned(), input.sent);
    }
    vmix.function(name, values)
}

/// The value is the channel alone; what comes behind it stays with the host.
fn with_secret(vmix: &mut Vmix<'_>, function: Function, values: Values, recipe: &str) -> Outcome {
    let name = function.name;
    if let Some(other) = values.keys().find(|known| *known != "Value") {
        return Err(Failure::usage(format!("`{name}` has no parameter `{other}`; it takes Value")));
    }
    let channel = values.get("Value").map_or("0", String::as_str);
    if !matches!(channel, "0" | "1" | "2" | "3" | "4") {
        let text = format!(
            "`{name}` takes only the channel here, Value=0 to 4: the rest is the secret `{recipe}`"
        );
        return Err(Failure::usage(text));
    }
    if !vmix.call.has_secret(recipe) {
        let instance = &vmix.call.facts.name;
        let text = format!("the secret is not set: ifctl secret set vmix {instance} {recipe}");
        return Err(Failure::usage(text));
    }
    vmix.function_with_secret(name, recipe, channel)
}

fn list(group: Option<String>, part: Option<String>) -> Outcome {
    let groups: Vec<_> = {
        let mut groups: Vec<_> = functions::all().map(|function| function.group).collect();
        groups.dedup();
        groups
    };
    if let Some(group) = &group
        && !groups.iter().any(|known| known.eq_ignore_ascii_case(group))
    {
        let text = format!("there is no group `{group}`; there are {}", groups.join(", "));
        return Err(Failure::usage(text));
    }
    let part = part.map(|part| part.to_lowercase());
    let wanted = |function: &Function| {
        group.as_deref().is_none_or(|group| function.group.eq_ignore_ascii_case(group))
            && part.as_deref().is_none_or(|part| function.name.to_lowercase().contains(part))
    };
    let row = |function: Function| {
        let names: Vec<_> = function.parameters().map(|(name, ..)| name).collect();
        json!({
            "name": function.name,
            "group": function.group,
            "effect": function.effect(),
            "parameters": names.join(" "),
        })
    };
    let rows: Vec<_> = functions::all().filter(wanted).map(row).collect();
    Ok(json!({ "functions": rows }))
}

fn help(call: &Call, function: Function) -> Value {
    let parameters: Vec<_> = function
        .parameters()
        .map(|(name, kind, optional)| {
            json!({ "name": name, "takes": kinds::words(kind), "optional": optional })
        })
        .collect();
    let Function { name, group, .. } = function;
    let effect = function.effect();
    let mut text = format!("{name} ({group}): {effect}");
    if let Some(reason) = function.reason() {
        text.push_str(&format!(", because it {reason}"));
    }
    for parameter in &parameters {
        let [name, takes] =
            ["name", "takes"].map(|it| parameter.at(it).as_str().unwrap_or_default());
        let may = if parameter.at("optional") == true { " (optional)" } else { "" };
        text.push_str(&format!("\n  {name:<14}{takes}{may}"));
    }
    let named: Vec<_> =
        function.parameters().filter(|it| !it.2).map(|it| format!(" {}=…", it.0)).collect();
    let line = format!("ifctl vmix function {} {name}{}", call.facts.name, named.concat());
    text.push_str(&format!("\n  {line}"));
    json!({
        "name": name,
        "group": group,
        "effect": effect,
        "reason": function.reason(),
        "parameters": parameters,
        "line": line,
        "text": text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_by_group_and_part() {
        let count = |group: Option<&str>, part: Option<&str>| {
            let listed = list(group.map(str::to_owned), part.map(str::to_owned)).unwrap();
            listed.at("functions").items().len()
        };
        assert_eq!(count(None, None), 797);
        assert_eq!(count(Some("replay"), None), 175);
        assert_eq!(count(Some("Audio"), Some("SETBUS")), 14);
        assert_eq!(count(None, Some("no such")), 0);
        let Err(Failure::Usage(text)) = list(Some("Sound".into()), None) else { panic!() };
        assert!(text.contains("Audio, "), "{text}");
    }
}
