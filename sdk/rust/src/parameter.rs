//! Parameters: a name, a sentence, a kind, and the Rust type the handler receives.
//!
//! The type travels with the parameter, so a handler cannot expect what the schema does not
//! promise: `int("level", …)` gives an `i64`, `.optional()` makes it an `Option<i64>`. The host has
//! validated the values before they arrive; what is checked here is only that both sides agree.

use crate::Failure;
use crate::schema::{self, Kind};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// Longest string unless `.longest` says otherwise: more than any name or address of a device.
const LENGTH_MAX: u32 = 4096;
/// Most items of a list or record: a person types them.
const COUNT_MAX: u32 = 256;
/// Largest JSON argument: many times the settings of any scene source.
const JSON_BYTES_MAX: u64 = 256 << 10;

/// A parameter whose value reaches the handler as `T`.
#[derive(Debug, Clone)]
pub struct Parameter<T> {
    wire: schema::Parameter,
    value: PhantomData<fn() -> T>,
}

/// Text.
pub fn text(name: &str, about: &str) -> Parameter<String> {
    Parameter::new(name, about, Kind::String { length_max: LENGTH_MAX })
}

/// A whole number.
pub fn int(name: &str, about: &str) -> Parameter<i64> {
    Parameter::new(name, about, Kind::Int { min: None, max: None })
}

/// A number with a fraction.
pub fn decimal(name: &str, about: &str) -> Parameter<f64> {
    Parameter::new(name, about, Kind::Decimal { min: None, max: None })
}

/// On or off; off when absent.
pub fn flag(name: &str, about: &str) -> Parameter<bool> {
    Parameter::new(name, about, Kind::Bool).or(false)
}

/// One of these words.
pub fn choice(name: &str, about: &str, values: &[&str]) -> Parameter<String> {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Parameter::new(name, about, Kind::Enum { values })
}

/// Scheme, host and perhaps port. An endpoint may be granted by its parts: `{url.host}`.
pub fn url(name: &str, about: &str, schemes: &[&str]) -> Parameter<String> {
    let schemes = schemes.iter().map(|scheme| (*scheme).to_owned()).collect();
    Parameter::new(name, about, Kind::Url { schemes })
}

/// `250ms`, `5s`, `2m`; arrives in milliseconds.
pub fn duration(name: &str, about: &str) -> Parameter<u64> {
    Parameter::new(name, about, Kind::Duration { max_ms: None })
}

/// `key=value` words.
pub fn record(name: &str, about: &str) -> Parameter<BTreeMap<String, String>> {
    Parameter::new(name, about, Kind::Record { count_max: COUNT_MAX })
}

/// Any JSON.
pub fn json(name: &str, about: &str) -> Parameter<Value> {
    Parameter::new(name, about, Kind::Json { bytes_max: JSON_BYTES_MAX })
}

/// Several of `item`.
pub fn list<T: DeserializeOwned>(item: Parameter<T>) -> Parameter<Vec<T>> {
    let kind = Kind::List { of: Box::new(item.wire.kind), count_max: COUNT_MAX };
    let mut several = Parameter::new(&item.wire.name, &item.wire.summary, kind);
    several.wire.complete = item.wire.complete;
    several
}

/// A file that the host opens for reading; arrives as its path, and is read by this name.
pub fn file_in(name: &str, about: &str, bytes_max: u64) -> Parameter<String> {
    Parameter::new(name, about, Kind::FileIn { bytes_max })
}

/// A file that the host opens for writing; arrives as its path, and is written by this name.
pub fn file_out(name: &str, about: &str, bytes_max: u64) -> Parameter<String> {
    Parameter::new(name, about, Kind::FileOut { bytes_max })
}

impl<T: DeserializeOwned> Parameter<T> {
    fn new(name: &str, about: &str, kind: Kind) -> Self {
        let (name, summary) = (name.to_owned(), about.to_owned());
        let wire = schema::Parameter {
            name,
            summary,
            kind,
            required: true,
            positional: false,
            default: None,
            complete: None,
        };
        Self { wire, value: PhantomData }
    }

    /// Stands without its name, in the order of declaration.
    #[must_use]
    pub fn positional(mut self) -> Self {
        self.wire.positional = true;
        self
    }

    /// The value when none is given.
    #[must_use]
    pub fn or(mut self, default: impl Into<Value>) -> Self {
        self.wire.required = false;
        self.wire.default = Some(default.into());
        self
    }

    /// Completed in shells from what the read command `command` of this plugin answers; `pointer`
    /// says where the values stand, `*` being every item of a list: `"/scenes/*/name"`.
    #[must_use]
    pub fn completes(mut self, command: &str, pointer: &str) -> Self {
        let (command, pointer) = (command.to_owned(), pointer.to_owned());
        self.wire.complete = Some(schema::Completion { command, pointer });
        self
    }

    /// May be absent.
    pub fn optional(mut self) -> Parameter<Option<T>> {
        self.wire.required = false;
        Parameter { wire: self.wire, value: PhantomData }
    }

    fn value(&self, arguments: &mut Map<String, Value>) -> Result<T, Failure> {
        let name = &self.wire.name;
        let given = arguments.remove(name).filter(|value| !value.is_null());
        let value = given.or_else(|| self.wire.default.clone());
        if value.is_none() && self.wire.required {
            return Err(Failure::usage(format!("`{name}` is missing")));
        }
        serde_json::from_value(value.unwrap_or(Value::Null))
            .map_err(|error| Failure::usage(format!("`{name}`: {error}")))
    }
}

impl Parameter<String> {
    /// Most characters.
    #[must_use]
    pub fn longest(mut self, length_max: u32) -> Self {
        self.wire.kind = Kind::String { length_max };
        self
    }
}

impl Parameter<i64> {
    /// Bounds, both inclusive.
    #[must_use]
    pub fn between(mut self, min: i64, max: i64) -> Self {
        self.wire.kind = Kind::Int { min: Some(min), max: Some(max) };
        self
    }
}

impl Parameter<f64> {
    /// Bounds, both inclusive.
    #[must_use]
    pub fn between(mut self, min: f64, max: f64) -> Self {
        self.wire.kind = Kind::Decimal { min: Some(min), max: Some(max) };
        self
    }
}

/// Nothing, one parameter, or a tuple of parameters: what a command takes.
pub trait Parameters {
    /// What the handler receives: `()`, `T`, or a tuple.
    type Values;

    /// The schema, in the order of declaration.
    fn schema(&self) -> Vec<schema::Parameter>;

    /// The values, taken out of the arguments.
    ///
    /// # Errors
    /// `usage` when one is missing or of another type.
    fn values(&self, arguments: &mut Map<String, Value>) -> Result<Self::Values, Failure>;
}

impl Parameters for () {
    type Values = ();

    fn schema(&self) -> Vec<schema::Parameter> {
        Vec::new()
    }

    fn values(&self, _: &mut Map<String, Value>) -> Result<(), Failure> {
        Ok(())
    }
}

impl<T: DeserializeOwned> Parameters for Parameter<T> {
    type Values = T;

    fn schema(&self) -> Vec<schema::Parameter> {
        vec![self.wire.clone()]
    }

    fn values(&self, arguments: &mut Map<String, Value>) -> Result<T, Failure> {
        self.value(arguments)
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<$($name: Parameters),*> Parameters for ($($name,)*) {
            type Values = ($($name::Values,)*);

            fn schema(&self) -> Vec<schema::Parameter> {
                #[allow(non_snake_case)]
                let ($($name,)*) = self;
                [$($name.schema()),*].concat()
            }

            fn values(&self, arguments: &mut Map<String, Value>) -> Result<Self::Values, Failure> {
                #[allow(non_snake_case)]
                let ($($name,)*) = self;
                Ok(($($name.values(arguments)?,)*))
            }
        }
    };
}
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
