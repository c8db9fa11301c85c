//! vMix's TCP API: lines that end with CRLF, one request at a time.
//!
//! An answer is `COMMAND OK text`, `COMMAND ER text`, or `COMMAND length` followed by exactly that
//! many bytes. Whoever subscribed also receives lines nobody asked for; [`Lines::ask`] steps over
//! them. Source: vMix's help page *TCP API*.

use if_sdk::prelude::*;
use if_sdk::tcp;

/// Largest answer with a length: a state of 1000 inputs with titles has two MiB.
const DATA_BYTES_MAX: usize = 8 << 20;

/// An open connection; dropping it closes it.
#[derive(Debug)]
pub struct Lines {
    wire: tcp::Lines,
}

/// What a command answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// Behind `OK`, or behind the length.
    pub text: String,
    /// The bytes that a length announced.
    pub data: Vec<u8>,
}

/// A line as an answer or event of one command.
#[derive(Debug, PartialEq, Eq)]
pub enum Told<'a> {
    Ok(&'a str),
    Refused(&'a str),
    Data(usize, &'a str),
    /// Of another command.
    Other,
}

impl<'a> Told<'a> {
    /// Reads a line.
    pub fn read(line: &'a str, command: &str) -> Self {
        let Some(rest) = line.strip_prefix(command).and_then(|rest| rest.strip_prefix(' ')) else {
            return Self::Other;
        };
        let (status, text) = rest.split_once(' ').unwrap_or((rest, ""));
        match status {
            "OK" => Self::Ok(text),
            "ER" => Self::Refused(text),
            status => status.parse().map_or(Self::Other, |length| Self::Data(length, text)),
        }
    }
}

impl Lines {
    /// Connects and hears the greeting.
    ///
    /// # Errors
    /// `unreachable`, `timeout`; `protocol` when something else than vMix answers.
    pub fn open(call: &Call, host: &str, port: u16) -> Result<Self, Failure> {
        let mut wire = tcp::Lines::open(call, host, port)?;
        let greeting = wire.line()?;
        match Told::read(&greeting, "VERSION") {
            Told::Ok(_) => Ok(Self { wire }),
            _ => Err(Failure::protocol(format!("`{greeting}` is not how vMix greets"))),
        }
    }

    /// Asks and waits for the answer; `writes` when a lost answer leaves something in doubt.
    ///
    /// # Errors
    /// `refused` with vMix's words; `timeout`, `unreachable`, `protocol`.
    pub fn ask(&mut self, request: &str, writes: bool) -> Result<Answer, Failure> {
        let line = ended(request)?;
        if writes {
            self.wire.send(&line)?
        } else {
            self.wire.ask(&line)?
        }
        let command = request.split(' ').next().unwrap_or_default();
        loop {
            let line = self.wire.line()?;
            match Told::read(&line, command) {
                Told::Other => {}
                Told::Refused("") => return Err(Failure::refused("ER", "no reason given")),
                Told::Refused(words) => return Err(Failure::refused("ER", words)),
                Told::Ok(text) => return Ok(Answer { text: text.to_owned(), data: Vec::new() }),
                Told::Data(length, _) if length > DATA_BYTES_MAX => {
                    let text = format!("an answer of {length} bytes is too large");
                    return Err(Failure::protocol(text));
                }
                Told::Data(length, text) => {
                    let text = text.to_owned();
                    return Ok(Answer { text, data: self.wire.block(length)? });
                }
            }
        }
    }

    /// Sends a line whose answer nobody waits for here.
    ///
    /// # Errors
    /// As [`Failure::lost`].
    pub fn say(&self, request: &str) -> Result<(), Failure> {
        self.wire.ask(&ended(request)?)
    }

    /// The next line, if one comes within this time.
    ///
    /// # Errors
    /// `unreachable` when the connection ended, `protocol` for an endless line.
    pub fn wait(&mut self, wait_ms: u32) -> Result<Option<String>, Failure> {
        self.wire.line_within(wait_ms)
    }
}

/// With the end that vMix wants; a second line in it would be a second command.
fn ended(request: &str) -> Result<String, Failure> {
    if request.contains(['\r', '\n', '\0']) {
        return Err(Failure::usage("a line break cannot be sent to vMix"));
    }
    Ok(format!("{request}\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_from_events() {
        for (line, command, expect) in [
            ("FUNCTION OK Completed", "FUNCTION", Told::Ok("Completed")),
            ("FUNCTION ER function X not found", "FUNCTION", Told::Refused("function X not found")),
            ("FUNCTION ER", "FUNCTION", Told::Refused("")),
            ("XML 1234", "XML", Told::Data(1234, "")),
            ("XMLTEXT 28 two lines", "XMLTEXT", Told::Data(28, "two lines")),
            ("XMLTEXT OK 3", "XML", Told::Other),
            ("TALLY OK 0120", "XML", Told::Other),
            ("PING OK PONG", "PING", Told::Ok("PONG")),
            ("XML -1", "XML", Told::Other),
            ("", "XML", Told::Other),
        ] {
            assert_eq!(Told::read(line, command), expect, "{line}");
        }
    }

    #[test]
    fn one_request_is_one_line() {
        assert_eq!(ended("XML"), Ok("XML\r\n".to_owned()));
        for broken in ["a\r\nFUNCTION Cut", "a\nb", "a\rb", "a\0b"] {
            assert!(matches!(ended(broken), Err(Failure::Usage(_))));
        }
    }
}
