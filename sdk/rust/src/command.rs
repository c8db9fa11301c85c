//! A command: path, sentence, effect, parameters, view, examples and handler in one expression.
//!
//! The effect comes first because it is the promise that the host enforces: a message above it ends
//! the call, whatever the handler does.

use crate::parameter::Parameters;
use crate::schema::{self, Effect, EffectSource, View};
use crate::{Call, Failure};
use serde_json::{Map, Value};

/// What a handler returns: a JSON value, or how it failed.
pub type Outcome = Result<Value, Failure>;

/// The handler with its parameters already bound.
type Handler = Box<dyn Fn(&Call, &mut Map<String, Value>) -> Outcome>;

/// How long to wait before a read is tried again.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(200);

/// A finished command.
pub struct Command {
    pub(crate) wire: schema::Command,
    pub(crate) handler: Handler,
}

/// A command without its handler yet.
#[derive(Debug)]
pub struct Draft<P> {
    wire: schema::Command,
    parameters: P,
    retries: u32,
}

/// A command that looks and changes nothing.
pub fn read(path: &str, about: &str) -> Draft<()> {
    draft(path, about, EffectSource::Fixed(Effect::Read))
}

/// A command that changes what the opposite command changes back.
pub fn write(path: &str, about: &str) -> Draft<()> {
    draft(path, about, EffectSource::Fixed(Effect::Write))
}

/// A command that could hurt a show or cost money: it needs `--yes`.
pub fn dangerous(path: &str, about: &str) -> Draft<()> {
    draft(path, about, EffectSource::Fixed(Effect::Dangerous))
}

/// A command whose effect the signed `table` knows by the value of the parameter `key`.
pub fn by_table(path: &str, about: &str, table: &str, key: &str) -> Draft<()> {
    draft(path, about, EffectSource::Table { table: table.to_owned(), key: key.to_owned() })
}

fn draft(path: &str, about: &str, effect: EffectSource) -> Draft<()> {
    let wire = schema::Command {
        path: path.to_owned(),
        summary: about.to_owned(),
        effect,
        parameters: Vec::new(),
        view: View::Fields,
        streams: false,
        examples: Vec::new(),
        details: String::new(),
    };
    Draft { wire, parameters: (), retries: 0 }
}

impl Draft<()> {
    /// One parameter, or a tuple of them; the handler receives their values in the same shape.
    pub fn takes<P: Parameters>(mut self, parameters: P) -> Draft<P> {
        self.wire.parameters = parameters.schema();
        Draft { wire: self.wire, parameters, retries: self.retries }
    }
}

impl<P: Parameters + 'static> Draft<P> {
    /// A whole line as a user would type it, without `if`.
    #[must_use]
    pub fn example(mut self, line: &str) -> Self {
        self.wire.examples.push(line.to_owned());
        self
    }

    /// What help says at its end: a list of what may be given, say.
    #[must_use]
    pub fn details(mut self, text: &str) -> Self {
        self.wire.details = text.to_owned();
        self
    }

    /// People see a table of these members over the list at `rows` (a JSON pointer).
    #[must_use]
    pub fn table(mut self, rows: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        self.wire.view = View::Table { rows: rows.to_owned(), columns };
        self
    }

    /// People see the text at this JSON pointer.
    #[must_use]
    pub fn text(mut self, pointer: &str) -> Self {
        self.wire.view = View::Text { pointer: pointer.to_owned() };
        self
    }

    /// People see the whole result as JSON.
    #[must_use]
    pub fn json(mut self) -> Self {
        self.wire.view = View::Json;
        self
    }

    /// Emits events (`call.emit`) until stopped. The manifest's limits hold from one event or
    /// message to the next; waiting quietly for a peer (`wait`) takes no time.
    #[must_use]
    pub fn streams(mut self) -> Self {
        self.wire.streams = true;
        self
    }

    /// How often the handler may be called anew when its peer could not be reached. Only reads are:
    /// whatever may have changed something is never repeated.
    #[must_use]
    pub fn retries(mut self, times: u32) -> Self {
        self.retries = times;
        self
    }

    /// The handler. A read that got no answer changed nothing, so its failure never says `sent`.
    pub fn run(self, handler: impl Fn(&Call, P::Values) -> Outcome + 'static) -> Command {
        let Self { wire, parameters, retries } = self;
        let reads = wire.effect == EffectSource::Fixed(Effect::Read);
        let retries = if reads && !wire.streams { retries } else { 0 };
        let handler: Handler = Box::new(move |call, arguments| {
            for _ in 0..retries {
                match handler(call, parameters.values(&mut arguments.clone())?) {
                    Err(Failure::Unreachable(_)) => std::thread::sleep(PAUSE),
                    ended => return ended.map_err(Failure::unsent),
                }
            }
            let values = parameters.values(arguments)?;
            let outcome = handler(call, values);
            if reads { outcome.map_err(Failure::unsent) } else { outcome }
        });
        Command { wire, handler }
    }
}
