//! TCP that speaks in lines, and in blocks of a told length between them.
//!
//! As [`WebSocket`](crate::websocket::WebSocket), it remembers whether a request has left.

use crate::bindings::infrafabric::adapter::connection::{Frame, Protocol, Session, Target, open};
use crate::{Call, Failure};

/// Longest line without end. Lines of protocols are a screen long at most; a peer that never ends
/// one must not fill the memory.
const LINE_BYTES_MAX: usize = 1 << 20;

/// An open connection; dropping it closes it.
#[derive(Debug)]
pub struct Lines {
    session: Session,
    patience_ms: u32,
    sent: bool,
    arrived: Vec<u8>,
}

impl Lines {
    /// Connects.
    ///
    /// # Errors
    /// `unreachable`, `timeout`, or the host's refusal.
    pub fn open(call: &Call, host: &str, port: u16) -> Result<Self, Failure> {
        Self::over(call, Protocol::Tcp, host, port)
    }

    /// The same over TLS.
    ///
    /// # Errors
    /// As [`Lines::open`].
    pub fn open_secure(call: &Call, host: &str, port: u16) -> Result<Self, Failure> {
        Self::over(call, Protocol::Tls, host, port)
    }

    fn over(call: &Call, protocol: Protocol, host: &str, port: u16) -> Result<Self, Failure> {
        let (patience_ms, host) = (call.patience_ms(), host.to_owned());
        let (path, headers, timeout_ms) = (None, Vec::new(), patience_ms);
        let session = open(&Target { protocol, host, port, path, headers, timeout_ms })?;
        Ok(Self { session, patience_ms, sent: false, arrived: Vec::new() })
    }

    /// Sends a line that changes nothing: a login, a question. Give it its end, as the peer wants
    /// it.
    ///
    /// # Errors
    /// As [`Failure::lost`].
    pub fn ask(&self, line: &str) -> Result<(), Failure> {
        let frame = Frame::Binary(line.as_bytes().to_vec());
        self.session.send(&frame).map_err(|error| Failure::lost(error, self.sent))
    }

    /// Sends a line that may change something: from here on a lost answer means an unknown outcome.
    ///
    /// # Errors
    /// As [`Failure::lost`].
    pub fn send(&mut self, line: &str) -> Result<(), Failure> {
        self.ask(line)?;
        self.sent = true;
        Ok(())
    }

    /// The next line without its end (LF or CRLF).
    ///
    /// # Errors
    /// `timeout`, `unreachable`, and `protocol` when it is too long or not UTF-8.
    pub fn line(&mut self) -> Result<String, Failure> {
        let patience_ms = self.patience_ms;
        self.line_within(patience_ms)?
            .ok_or_else(|| Failure::timeout("no answer in time", self.sent))
    }

    /// The next line, however long it takes: for a command that streams.
    ///
    /// # Errors
    /// As [`Lines::line`], but for `timeout`.
    pub fn wait(&mut self) -> Result<String, Failure> {
        loop {
            if let Some(line) = self.line_within(u32::MAX)? {
                return Ok(line);
            }
        }
    }

    /// The next line, if one comes in time; the time is that of each piece.
    ///
    /// # Errors
    /// As [`Lines::line`], but for `timeout`.
    pub fn line_within(&mut self, wait_ms: u32) -> Result<Option<String>, Failure> {
        loop {
            if let Some(line) = take_line(&mut self.arrived)? {
                return Ok(Some(line));
            }
            if !self.more(wait_ms)? {
                return Ok(None);
            }
        }
    }

    /// Exactly so many bytes: a block whose length a line has told.
    ///
    /// # Errors
    /// As [`Lines::line`].
    pub fn block(&mut self, bytes: usize) -> Result<Vec<u8>, Failure> {
        while self.arrived.len() < bytes {
            if !self.more(self.patience_ms)? {
                return Err(Failure::timeout("half an answer, and then nothing", self.sent));
            }
        }
        let rest = self.arrived.split_off(bytes);
        Ok(std::mem::replace(&mut self.arrived, rest))
    }

    /// Reads one piece; false when none came in time.
    fn more(&mut self, wait_ms: u32) -> Result<bool, Failure> {
        let received = self.session.receive(wait_ms);
        match received.map_err(|error| Failure::lost(error, self.sent))? {
            None => return Ok(false),
            Some(Frame::Binary(piece)) => self.arrived.extend_from_slice(&piece),
            Some(Frame::Text(piece)) => self.arrived.extend_from_slice(piece.as_bytes()),
            Some(Frame::Closed(_)) => {
                return Err(Failure::unreachable("the peer closed the connection", self.sent));
            }
        }
        Ok(true)
    }
}

/// The first line, taken out of what arrived; how [`Lines`] reads, for whoever has the bytes.
///
/// # Errors
/// `protocol` when it is too long or not UTF-8.
pub fn take_line(arrived: &mut Vec<u8>) -> Result<Option<String>, Failure> {
    let Some(end) = arrived.iter().position(|byte| *byte == b'\n') else {
        return match arrived.len() > LINE_BYTES_MAX {
            true => Err(Failure::protocol(format!("a line of more than {LINE_BYTES_MAX} bytes"))),
            false => Ok(None),
        };
    };
    let rest = arrived.split_off(end + 1);
    let mut line = std::mem::replace(arrived, rest);
    line.pop();
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    let line = String::from_utf8(line).map_err(|_| Failure::protocol("a line is not UTF-8"))?;
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_either_end_and_a_rest_stays() {
        let mut arrived = b"one\r\ntwo\nthr".to_vec();
        assert_eq!(take_line(&mut arrived), Ok(Some("one".into())));
        assert_eq!(take_line(&mut arrived), Ok(Some("two".into())));
        assert_eq!(take_line(&mut arrived), Ok(None));
        assert_eq!(arrived, b"thr");
        let mut endless = vec![b'x'; LINE_BYTES_MAX + 1];
        assert!(matches!(take_line(&mut endless), Err(Failure::Protocol(_))));
        assert!(matches!(take_line(&mut b"\xff\n".to_vec()), Err(Failure::Protocol(_))));
    }
}
