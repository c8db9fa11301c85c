//! The live service schema: what each service of this Home Assistant takes, and whether data fits.
//!
//! Home Assistant describes a field by a `selector`, the control its web page would show. Numbers
//! are held to its bounds and choices to its options; a field that the description lacks is left to
//! Home Assistant, which accepts some that it does not describe. Pure.

use if_sdk::prelude::*;

/// One service as `get_services` describes it.
#[derive(Debug, Clone, Copy)]
pub struct Service<'a> {
    name: &'a str,
    description: &'a Value,
}

/// Does it answer with data?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    Nothing,
    WhenAsked,
    Always,
}

impl<'a> Service<'a> {
    /// The service `domain.service`, out of all of them; the nearest names when there is none.
    pub fn find(services: &'a Value, name: &'a str) -> Result<Self, Failure> {
        let (domain, service) = split(name)?;
        match services.at(domain).get(service) {
            Some(description) => Ok(Self { name, description }),
            None => {
                let all = names(services);
                let near = nearest(name, all.iter().map(String::as_str));
                Err(Failure::refused(
                    "not_found",
                    format!("Home Assistant has no service `{name}`"),
                )
                .hint(near.map(|near| format!("did you mean `{near}`?"))))
            }
        }
    }

    /// Whether it answers with data.
    pub fn answers(self) -> Answers {
        match self.description.at("response") {
            Value::Null => Answers::Nothing,
            response if response.at("optional") == true => Answers::WhenAsked,
            _ => Answers::Always,
        }
    }

    /// Its fields with their descriptions, those in sections among them.
    pub fn fields(self) -> Vec<(&'a str, &'a Value)> {
        let mut fields = Vec::new();
        for (name, field) in self.description.at("fields").as_object().into_iter().flatten() {
            match field.at("fields").as_object() {
                Some(section) => {
                    fields.extend(section.iter().map(|(name, field)| (name.as_str(), field)));
                }
                None => fields.push((name.as_str(), field)),
            }
        }
        fields
    }

    /// Checks the data against the fields.
    ///
    /// # Errors
    /// `usage`, naming the field and what it takes.
    pub fn check(self, data: &Map<String, Value>) -> Result<(), Failure> {
        for (name, field) in self.fields() {
            let fault = match data.get(name) {
                None if field.at("required") == true => Some("is missing".to_owned()),
                None => None,
                Some(value) => selector_fault(field.at("selector"), value),
            };
            if let Some(fault) = fault {
                let text = format!("`{}`: field `{name}` {fault}", self.name);
                return Err(Failure::usage(text));
            }
        }
        Ok(())
    }

    /// The refusal with the nearest field, where the data has one that is not described.
    pub fn explain(self, data: &Map<String, Value>, failure: Failure) -> Failure {
        let fields = self.fields();
        let known = |name: &str| fields.iter().any(|(field, _)| *field == name);
        let odd = data.keys().find(|name| !known(name));
        let near = odd.and_then(|name| nearest(name, fields.iter().map(|(field, _)| *field)));
        match near {
            Some(near) => failure.hint(Some(format!("did you mean `{near}`?"))),
            None => failure,
        }
    }
}

/// `light.turn_on` into its two words.
pub fn split(name: &str) -> Result<(&str, &str), Failure> {
    let parts = name.split_once('.');
    let whole = parts.filter(|(domain, service)| !domain.is_empty() && !service.is_empty());
    whole.ok_or_else(|| {
        Failure::usage(format!("`{name}` must be domain.service, such as light.turn_on"))
    })
}

/// Every service, `domain.service`.
pub fn names(services: &Value) -> Vec<String> {
    let domains = services.as_object().into_iter().flatten();
    domains
        .flat_map(|(domain, services)| {
            let services = services.as_object().into_iter().flatten();
            services.map(move |(service, _)| format!("{domain}.{service}"))
        })
        .collect()
}

/// What a selector takes, in words.
pub fn takes(selector: &Value) -> String {
    let Some((kind, of)) = selector.as_object().and_then(|selector| selector.iter().next()) else {
        return String::new();
    };
    let options = options(of);
    match (of.at("min").as_f64(), of.at("max").as_f64()) {
        _ if !options.is_empty() => options.join(" | "),
        (Some(min), Some(max)) => format!("{kind}, {min} to {max}"),
        (Some(min), None) => format!("{kind}, at least {min}"),
        (None, Some(max)) => format!("{kind}, at most {max}"),
        (None, None) => kind.clone(),
    }
}

fn options(of: &Value) -> Vec<&str> {
    of.at("options")
        .items()
        .iter()
        .filter_map(|item| item.as_str().or_else(|| item.at("value").as_str()))
        .collect()
}

/// What is wrong with a value, as the end of a sentence about its field.
fn selector_fault(selector: &Value, value: &Value) -> Option<String> {
    let (kind, of) = selector.as_object()?.iter().next()?;
    match kind.as_str() {
        "number" => number_fault(of, value),
        "boolean" => {
            let word = value.as_str().is_some_and(|word| {
                ["true", "false", "on", "off", "yes", "no", "enable", "disable"]
                    .contains(&word.to_lowercase().as_str())
            });
            let fits = value.is_boolean() || value.is_number() || word;
            (!fits).then(|| format!("must be true or false, not {value}"))
        }
        "select" if of.at("custom_value") != true => {
            let options = options(of);
            let chosen = match value {
                Value::Array(items) if of.at("multiple") == true => items.as_slice(),
                one => std::slice::from_ref(one),
            };
            let odd = chosen.iter().find(|item| !is_option(item, &options))?;
            let near = odd.as_str().and_then(|odd| nearest(odd, options.iter().copied()));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            (!options.is_empty())
                .then(|| format!("must be one of {}, not {odd}{near}", options.join(", ")))
        }
        "color_rgb" => {
            let fits = value.items().len() == 3
                && value.items().iter().all(|part| part.as_u64().is_some_and(|part| part < 256));
            (!fits).then(|| format!("must be three numbers from 0 to 255, not {value}"))
        }
        "text" => (value.is_object() || value.is_array() && of.at("multiple") != true)
            .then(|| format!("must be text, not {value}")),
        _ => None,
    }
}

fn is_option(value: &Value, options: &[&str]) -> bool {
    let word = match value {
        Value::String(word) => word.clone(),
        other => other.to_string(),
    };
    options.contains(&word.as_str())
}

/// Home Assistant reads numbers out of text too.
fn number_fault(of: &Value, value: &Value) -> Option<String> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    let Some(number) = number else { return Some(format!("must be a number, not {value}")) };
    match (of.at("min").as_f64(), of.at("max").as_f64()) {
        (Some(min), _) if number < min => Some(format!("must be at least {min}, not {number}")),
        (_, Some(max)) if number > max => Some(format!("must be at most {max}, not {number}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services() -> Value {
        json!({
            "light": { "turn_on": { "fields": {
                "brightness": { "selector": { "number": { "min": 0, "max": 255 } } },
                "flash": { "selector": { "select": { "options": [
                    { "label": "Long", "value": "long" }, { "label": "Short", "value": "short" }
                ] } } },
                "advanced": { "collapsed": true, "fields": {
                    "rgb_color": { "selector": { "color_rgb": {} } }
                } },
            } } },
            "weather": { "get_forecasts": { "response": { "optional": false }, "fields": {
                "type": { "required": true, "selector": { "select": {
                    "options": ["daily", "hourly"] } } }
            } } },
            "script": { "greet": { "response": { "optional": true } } },
        })
    }

    fn check(service: &str, data: Value) -> String {
        let services = services();
        let found = Service::find(&services, service);
        match found.and_then(|service| service.check(data.as_object().unwrap())) {
            Ok(()) => "ok".into(),
            Err(Failure::Usage(text)) => text,
            Err(Failure::Refused(refusal)) => {
                format!("{} {}", refusal.message, refusal.hint.unwrap_or_default())
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn data_is_held_to_the_description() {
        let on = "light.turn_on";
        for (service, data, expect) in [
            (on, json!({ "brightness": 255, "flash": "short" }), "ok"),
            (on, json!({ "brightness": "12.5" }), "ok"),
            (on, json!({ "undescribed": 1 }), "ok"),
            (
                on,
                json!({ "brightness": 256 }),
                "`light.turn_on`: field `brightness` must be at most 255, not 256",
            ),
            (
                on,
                json!({ "brightness": -1 }),
                "`light.turn_on`: field `brightness` must be at least 0, not -1",
            ),
            (
                on,
                json!({ "brightness": "full" }),
                "`light.turn_on`: field `brightness` must be a number, not \"full\"",
            ),
            (
                on,
                json!({ "flash": "shrt" }),
                "`light.turn_on`: field `flash` must be one of long, short, not \"shrt\"; did you \
                 mean `short`?",
            ),
            (
                on,
                json!({ "rgb_color": [1, 2, 300] }),
                "`light.turn_on`: field `rgb_color` must be three numbers from 0 to 255, not \
                 [1,2,300]",
            ),
            (
                "weather.get_forecasts",
                json!({}),
                "`weather.get_forecasts`: field `type` is missing",
            ),
            (
                "light.trun_on",
                json!({}),
                "Home Assistant has no service `light.trun_on` did you mean `light.turn_on`?",
            ),
            ("light", json!({}), "`light` must be domain.service, such as light.turn_on"),
        ] {
            assert_eq!(check(service, data.clone()), expect, "{service} {data}");
        }
    }

    #[test]
    fn who_answers_is_known() {
        let services = services();
        let answers = |name| Service::find(&services, name).unwrap().answers();
        assert_eq!(answers("light.turn_on"), Answers::Nothing);
        assert_eq!(answers("script.greet"), Answers::WhenAsked);
        assert_eq!(answers("weather.get_forecasts"), Answers::Always);
    }

    #[test]
    fn a_slip_in_a_field_gets_the_nearest_one() {
        let services = services();
        let data = json!({ "brightnes": 5 });
        let refused = Failure::refused("invalid_format", "extra keys not allowed");
        let service = Service::find(&services, "light.turn_on").unwrap();
        let explained = service.explain(data.as_object().unwrap(), refused.clone());
        assert_eq!(explained, refused.clone().hint(Some("did you mean `brightness`?".into())));
        assert_eq!(service.explain(&Map::new(), refused.clone()), refused);
    }
}
