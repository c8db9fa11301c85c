//! One vMix, over HTTP or TCP: the same functions and the same state either way.
//!
//! HTTP is one request after another; TCP is one connection for the whole command. Which of them
//! is the instance's `transport`, or `--via`.

use crate::functions::{self, Values};
use crate::lines::Lines;
use crate::state;
use if_sdk::Parameter;
use if_sdk::http::{Request, percent_encode};
use if_sdk::prelude::*;

/// The settings of an instance.
#[derive(Debug, serde::Deserialize)]
struct Settings {
    host: String,
    port: u16,
    #[serde(rename = "tcp-port")]
    tcp_port: u16,
    transport: String,
}

/// A vMix as one command sees it.
#[derive(Debug)]
pub struct Vmix<'a> {
    pub call: &'a Call,
    wire: Wire,
}

#[derive(Debug)]
enum Wire {
    Http { host: String, port: u16 },
    Tcp(Lines),
}

/// `--via`, for one command.
pub fn via() -> Parameter<Option<String>> {
    choice("via", "http or tcp instead of the instance's transport", &["http", "tcp"]).optional()
}

impl<'a> Vmix<'a> {
    /// The instance over its transport.
    ///
    /// # Errors
    /// Over TCP, as connecting fails; HTTP connects with the first request.
    pub fn open(call: &'a Call, via: Option<String>) -> Result<Self, Failure> {
        let settings: Settings = call.settings()?;
        let wire = match via.as_deref().unwrap_or(&settings.transport) {
            "tcp" => Wire::Tcp(Lines::open(call, &settings.host, settings.tcp_port)?),
            _ => Wire::Http { host: settings.host, port: settings.port },
        };
        Ok(Self { call, wire })
    }

    /// Lines of its TCP API, whatever the transport is.
    ///
    /// # Errors
    /// As connecting fails.
    pub fn lines(call: &Call) -> Result<Lines, Failure> {
        let settings: Settings = call.settings()?;
        Lines::open(call, &settings.host, settings.tcp_port)
    }

    /// Everything it tells about itself.
    ///
    /// # Errors
    /// `protocol` when it is not vMix's XML; else as the request fails.
    pub fn state(&mut self) -> Outcome {
        match &mut self.wire {
            Wire::Http { host, port } => {
                let response = Request::new("GET", host, *port, "/api/").send(self.call)?;
                state::parse(response.success()?.text()?)
            }
            Wire::Tcp(lines) => {
                let answer = lines.ask("XML", false)?;
                let xml = String::from_utf8(answer.data)
                    .map_err(|_| Failure::protocol("the state is not UTF-8 text"))?;
                state::parse(&xml)
            }
        }
    }

    /// Calls a function. vMix answers 500, or ER, with its reason when it refuses.
    ///
    /// # Errors
    /// `usage` for a name or value vMix does not have, before anything is sent; else as the
    /// request fails.
    pub fn function(&mut self, name: &str, values: Values) -> Outcome {
        functions::find(name)?.check(&values)?;
        self.send(name, &values)?;
        Ok(json!({ "function": name, "values": values }))
    }

    /// Calls a function whose value is a secret: what `recipe` makes of it and the channel.
    ///
    /// # Errors
    /// `usage` when the secret is not set; else as the request fails.
    pub fn function_with_secret(&mut self, name: &str, recipe: &str, channel: &str) -> Outcome {
        let recipe = match self.wire {
            Wire::Http { .. } => recipe.to_owned(),
            Wire::Tcp(_) => format!("{recipe}-line"),
        };
        let token = self.call.placeholder(&recipe, &[("channel", channel)])?;
        self.send(name, &Values::from([("Value".to_owned(), token)]))?;
        Ok(json!({ "function": name, "channel": channel }))
    }

    fn send(&mut self, name: &str, values: &Values) -> Result<(), Failure> {
        match &mut self.wire {
            Wire::Http { host, port } => {
                let request = Request::new("GET", host, *port, "/api/").query("Function", name);
                let with = |request: Request, (name, value): (&String, &String)| {
                    request.query(name, value)
                };
                let response = values.iter().fold(request, with).send(self.call)?;
                done(response.success()?.text()?)?;
            }
            Wire::Tcp(lines) => {
                let pairs: Vec<_> = values
                    .iter()
                    .map(|(name, value)| format!("{name}={}", percent_encode(value)))
                    .collect();
                let line = format!("FUNCTION {name} {}", pairs.join("&"));
                lines.ask(line.trim_end(), true)?;
            }
        }
        Ok(())
    }
}

/// vMix says in words that it did so. Which words is not written down anywhere: anything that
/// people could read counts, and what nobody could was said by something else.
fn done(answer: &str) -> Result<(), Failure> {
    let readable = |letter: char| !letter.is_control() || letter.is_ascii_whitespace();
    match answer.chars().all(readable) {
        true => Ok(()),
        false => Err(Failure::protocol("what answered is not vMix: it sent no text")),
    }
}

/// A parameter's values: `values([("Input", Some(input)), ("Mix", mix)])`.
pub fn values<const N: usize>(given: [(&str, Option<String>); N]) -> Values {
    given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
