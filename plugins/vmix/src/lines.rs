//! vMix's TCP API: lines that end with CRLF, one request at a time.
//!
//! An answer is `COMMAND OK text`, `COMMAND ER text`, or `COMMAND length` followed by exactly that
//! many bytes. Whoever subscribed also receives lines nobody asked for; [`Lines::ask`] steps over
//! them. Source: vMix's help page *TCP API*.

use if_sdk::bindings::infrafabric::adapter::connection::{Frame, Protocol, Session, Target, open};
use if_sdk::http::authority;
use if_sdk::prelude::*;

/// Largest answer with a length: a state of 1000 inputs with titles has two MiB.
const DATA_BYTES_MAX: usize = 8 << 20;
/// Longest line: a tally of 1000 inputs has 1011 bytes, an activator less than 100.
const LINE_BYTES_MAX: usize = 64 << 10;

/// An open connection; dropping it closes it.
#[derive(Debug)]
pub struct Lines {
    session: Session,
    place: String,
    patience_ms: u32,
    held: Vec<u8>,
    /// A function has left whose answer has not come.
    sent: bool,
    /// As the greeting says it.
    pub version: String,
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
    /// Of another command: an event.
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
        let target = Target {
            protocol: Protocol::Tcp,
            host: host.to_owned(),
            port,
            path: None,
            headers: Vec::new(),
            timeout_ms: call.patience_ms(),
        };
        let mut lines = Self {
            session: open(&target)?,
            place: authority(host, port),
            patience_ms: call.patience_ms(),
            held: Vec::new(),
            sent: false,
            version: String::new(),
        };
        let greeting = lines.hear()?;
        match Told::read(&greeting, "VERSION") {
            Told::Ok(version) => version.clone_into(&mut lines.version),
            _ => {
                let text = format!("{}: `{greeting}` is not vMix's greeting", lines.place);
                return Err(Failure::protocol(text));
            }
        }
        Ok(lines)
    }

    /// Asks and waits for the answer; `writes` when a lost answer leaves something in doubt.
    ///
    /// # Errors
    /// `refused` with vMix's words; `timeout`, `unreachable`, `protocol`.
    pub fn ask(&mut self, request: &str, writes: bool) -> Result<Answer, Failure> {
        self.say(request)?;
        self.sent |= writes;
        let command = request.split(' ').next().unwrap_or_default();
        loop {
            let line = self.hear()?;
            match Told::read(&line, command) {
                Told::Other => {}
                Told::Refused(words) => {
                    self.sent = false;
                    let words = if words.is_empty() { "no reason given" } else { words };
                    return Err(Failure::refused("ER", words));
                }
                Told::Ok(text) => {
                    self.sent = false;
                    return Ok(Answer { text: text.to_owned(), data: Vec::new() });
                }
                Told::Data(length, text) => {
                    let data = self.take(length)?;
                    self.sent = false;
                    return Ok(Answer { text: text.to_owned(), data });
                }
            }
        }
    }

    /// Sends one line.
    ///
    /// # Errors
    /// As [`Failure::lost`]; `usage` when it holds a line break.
    pub fn say(&self, line: &str) -> Result<(), Failure> {
        if line.contains(['\r', '\n', '\0']) {
            return Err(Failure::usage("a line break cannot be sent in a line"));
        }
        let frame = Frame::Binary(format!("{line}\r\n").into_bytes());
        self.session.send(&frame).map_err(|error| Failure::lost(error, self.sent))
    }

    /// The next line.
    ///
    /// # Errors
    /// `timeout` when none came; `unreachable` when the connection ended.
    pub fn hear(&mut self) -> Result<String, Failure> {
        let text = format!("{}: no answer in time", self.place);
        self.wait(self.patience_ms)?.ok_or_else(|| Failure::timeout(text, self.sent))
    }

    /// The next line, if one comes within this time.
    ///
    /// # Errors
    /// `unreachable` when the connection ended, `protocol` for an endless line.
    pub fn wait(&mut self, timeout_ms: u32) -> Result<Option<String>, Failure> {
        loop {
            if let Some(end) = self.held.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.held.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
            }
            if self.held.len() > LINE_BYTES_MAX {
                return Err(Failure::protocol(format!("{}: a line does not end", self.place)));
            }
            if !self.receive(timeout_ms)? {
                return Ok(None);
            }
        }
    }

    /// Exactly so many bytes.
    fn take(&mut self, length: usize) -> Result<Vec<u8>, Failure> {
        if length > DATA_BYTES_MAX {
            let text = format!("{}: an answer of {length} bytes is too large", self.place);
            return Err(Failure::protocol(text));
        }
        while self.held.len() < length {
            if !self.receive(self.patience_ms)? {
                let (place, got) = (&self.place, self.held.len());
                let text = format!("{place}: {got} of {length} bytes came, then nothing");
                return Err(Failure::timeout(text, self.sent));
            }
        }
        let rest = self.held.split_off(length);
        Ok(std::mem::replace(&mut self.held, rest))
    }

    /// One more piece; false when the time passed first.
    fn receive(&mut self, timeout_ms: u32) -> Result<bool, Failure> {
        let received = self.session.receive(timeout_ms);
        match received.map_err(|error| Failure::lost(error, self.sent))? {
            None => Ok(false),
            Some(Frame::Binary(piece)) => {
                self.held.extend_from_slice(&piece);
                Ok(true)
            }
            Some(Frame::Text(text)) => {
                self.held.extend_from_slice(text.as_bytes());
                Ok(true)
            }
            Some(Frame::Closed(_)) => {
                let text = format!("{}: vMix closed the connection", self.place);
                Err(Failure::unreachable(text, self.sent))
            }
        }
    }
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
}
