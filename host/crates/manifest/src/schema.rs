//! JSON Schema (2020-12): of the whole manifest, derived from the very types that read it, and of
//! one command's parameters.
//!
//! The schema is for editors, documents and other languages. It says less than `validate`, which
//! alone decides: references between parts of a manifest cannot be said in JSON Schema.

use crate::model::{Kind, Manifest, Parameter};
use serde_json::{Map, Value, json};

/// Names of the floor, as JSON Schema sees them: text with a pattern.
pub(crate) mod text {
    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use std::borrow::Cow;

    macro_rules! text {
        ($($name:ident $schema:tt)*) => {$(
            pub enum $name {}
            impl JsonSchema for $name {
                fn inline_schema() -> bool { true }
                fn schema_name() -> Cow<'static, str> { stringify!($name).into() }
                fn json_schema(_: &mut SchemaGenerator) -> Schema { json_schema!($schema) }
            }
        )*};
    }

    text! {
        Word {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$"}
        Capability {
            "type": "string",
            "pattern": "^if://capability/[a-z0-9-]+([.][a-z0-9-]+)*$",
            "maxLength": 200
        }
        Version {"type": "string", "pattern": "^[0-9]+[.][0-9]+[.][0-9]+([-+][0-9A-Za-z.+-]+)?$"}
        Sha256 {"type": "string", "pattern": "^[0-9a-f]{64}$"}
        Effect {"enum": ["session", "read", "write", "dangerous"]}
        Protocol {"enum": ["http", "https", "ws", "wss", "tcp", "tls", "udp"]}
    }
}

/// The schema of `manifest.json`.
pub fn json_schema() -> Value {
    let mut schema = schemars::schema_for!(Manifest).to_value();
    if let Some(members) = schema.as_object_mut() {
        members.insert("$id".into(), crate::model::PREDICATE_TYPE.into());
    }
    schema
}

/// The schema of a command's arguments or an instance's settings as one JSON object. A secret is
/// no member of it: it has no value.
pub fn parameters_schema(parameters: &[Parameter]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for parameter in parameters.iter().filter(|one| one.kind != Kind::Secret) {
        let name = parameter.name.as_str();
        let mut schema = kind_schema(&parameter.kind);
        if let Some(members) = schema.as_object_mut() {
            members.insert("description".into(), parameter.summary.clone().into());
            if let Some(default) = &parameter.default {
                members.insert("default".into(), default.clone());
            }
        }
        properties.insert(name.into(), schema);
        if parameter.required {
            required.push(Value::from(name));
        }
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn kind_schema(kind: &Kind) -> Value {
    match kind {
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Int { min, max } => bounds("integer", min.map(Value::from), max.map(Value::from)),
        Kind::Decimal { min, max } => bounds("number", min.map(Value::from), max.map(Value::from)),
        Kind::String { length_max } => json!({"type": "string", "maxLength": length_max}),
        Kind::Enum { values } => json!({"enum": values}),
        Kind::Url { schemes } => {
            let host = r"(\[[0-9A-Fa-f:.]+\]|[^\s/?#\\%@:\[\]]+)";
            json!({
                "type": "string",
                "pattern": format!("^({})://{host}(:[0-9]{{1,5}})?/?$", schemes.join("|")),
            })
        }
        Kind::Duration { max_ms } => bounds("integer", Some(0.into()), max_ms.map(Value::from)),
        Kind::List { of, count_max } => {
            json!({"type": "array", "items": kind_schema(of), "maxItems": count_max})
        }
        Kind::Record { count_max } => json!({
            "type": "object",
            "additionalProperties": {"type": "string"},
            "maxProperties": count_max,
        }),
        Kind::Json { .. } => json!({}),
        Kind::Secret => json!(false),
        Kind::FileIn { .. } | Kind::FileOut { .. } => json!({"type": "string", "minLength": 1}),
    }
}

fn bounds(of: &str, min: Option<Value>, max: Option<Value>) -> Value {
    let mut schema = Map::from_iter([("type".to_owned(), Value::from(of))]);
    schema.extend(min.map(|min| ("minimum".to_owned(), min)));
    schema.extend(max.map(|max| ("maximum".to_owned(), max)));
    Value::Object(schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::tests::EXAMPLE;
    use boon::{Compiler, SchemaIndex, Schemas};

    fn compile(schema: Value) -> (Schemas, SchemaIndex) {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("mem:///schema.json", schema).unwrap();
        let index = compiler.compile("mem:///schema.json", &mut schemas).unwrap();
        (schemas, index)
    }

    #[test]
    fn the_manifest_schema_fits_what_we_accept_and_is_closed() {
        let mut schema = json_schema();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        // The validator resolves references against this; the name we publish is no location.
        schema.as_object_mut().unwrap().shift_remove("$id").unwrap();
        let (schemas, index) = compile(schema);
        let example: Value = serde_json::from_str(EXAMPLE).unwrap();
        let written = crate::parse_manifest(EXAMPLE.as_bytes()).unwrap();
        for fits in [example.clone(), serde_json::to_value(&written).unwrap()] {
            let result = schemas.validate(&fits, index);
            assert!(result.is_ok(), "{:#}", result.unwrap_err());
        }
        for (pointer, bad) in [
            ("/predicate/provider", json!("Mixer")),
            ("/predicate/id", json!("mixer")),
            ("/predicate/version", json!("1.2")),
            ("/predicate/release", json!("7")),
            ("/predicate/endpoints/0/protocols/0", json!("gopher")),
            ("/predicate/commands/0/effect", json!("harmless")),
            ("/predicate/commands/0/view", json!({"text": {"pointer": "", "x": 1}})),
            ("/predicate/settings/0/kind", json!({"string": {"max": 1}})),
            ("/predicate/secrets/0/recipes/0/step", json!({"rot13": {"text": ""}})),
            ("/predicate/tables/requests/Get", json!("harmless")),
            ("/subject/0/digest/sha256", json!("x")),
        ] {
            let mut document = example.clone();
            *document.pointer_mut(pointer).unwrap() = bad;
            assert!(schemas.validate(&document, index).is_err(), "{pointer}");
        }
    }

    #[test]
    fn parameters_accept_what_their_kinds_accept() {
        let manifest = crate::parse_manifest(EXAMPLE.as_bytes()).unwrap().predicate;
        let mut parameters = manifest.settings;
        parameters.extend(manifest.commands.into_iter().flat_map(|command| command.parameters));
        for parameter in &mut parameters {
            parameter.required = false;
        }
        let (schemas, index) = compile(parameters_schema(&parameters));
        let values = [
            json!(true),
            json!(5),
            json!(-2),
            json!(1.25),
            json!(""),
            json!("eu"),
            json!("Get"),
            json!([1, 2]),
            json!([1, 2, 3, 4, 5]),
            json!(["x"]),
            json!({}),
            json!({"a": "b"}),
            json!({"a": 1}),
            json!(70_000),
            json!("x".repeat(300)),
            json!("http://ha.local:8123"),
            json!("https://[::1]/"),
            json!("ws://ha.local"),
            json!("http://user@ha.local"),
            json!("http://ha.local/x"),
        ];
        for parameter in parameters.iter().filter(|one| one.kind != Kind::Secret) {
            for value in &values {
                let document = json!({parameter.name.as_str(): value});
                let by_schema = schemas.validate(&document, index).is_ok();
                let by_kind = parameter.kind.check(value).is_ok();
                assert_eq!(by_schema, by_kind, "{} {value}", parameter.name);
            }
        }
        assert!(schemas.validate(&json!({"password": "x"}), index).is_err());
        assert!(schemas.validate(&json!({"other": 1}), index).is_err());
        let strict = parameters_schema(&[Parameter { required: true, ..parameters[0].clone() }]);
        let (schemas, index) = compile(strict);
        assert!(schemas.validate(&json!({}), index).is_err());
    }
}
