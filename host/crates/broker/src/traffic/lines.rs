//! Byte streams cut into lines, so that each is classified before any of it leaves.
//!
//! Bytes behind the last newline are held back: half a command cannot be judged. A line ends with
//! LF or CRLF and nothing else; a lone CR or a NUL inside makes it unmatchable (see the rules),
//! because some devices end their lines there.

use crate::BrokerError;

/// Longest line held back. Control protocols use lines of some hundred bytes; 64 KiB is room for
/// any of them and bounds what a guest can park in the host.
pub const LINE_BYTES_MAX: usize = 64 << 10;

/// What a guest has sent but not finished.
#[derive(Debug, Default)]
pub struct LineBuffer {
    held: Vec<u8>,
}

impl LineBuffer {
    /// Takes a piece and gives the lines it completed, each with its terminator.
    pub fn push(&mut self, piece: &[u8]) -> Result<Vec<Vec<u8>>, BrokerError> {
        let mut lines = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if self.held.len() + part.len() > LINE_BYTES_MAX {
                let bytes_max = LINE_BYTES_MAX as u64;
                return Err(BrokerError::TooLarge { what: "a line", bytes_max });
            }
            self.held.extend_from_slice(part);
            if part.ends_with(b"\n") {
                lines.push(std::mem::take(&mut self.held));
            }
        }
        Ok(lines)
    }
}

/// The line without its terminator.
pub fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Whether it holds a byte at which a device might end or cut it.
pub fn has_break(line: &[u8]) -> bool {
    line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}

/// The request method, if this is a SIP request line (RFC 3261 §7.1).
pub fn sip_method(line: &[u8]) -> Option<&str> {
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (method, uri, version) = (words.next()?, words.next()?, words.next()?);
    let sound = !uri.is_empty() && version == "SIP/2.0" && words.next().is_none();
    sound.then_some(method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_leave_whole_and_the_rest_is_held() {
        let mut buffer = LineBuffer::default();
        assert_eq!(buffer.push(b"FUNC").unwrap(), Vec::<Vec<u8>>::new());
        assert_eq!(
            buffer.push(b"TION Cut\r\nXML\nT").unwrap(),
            [&b"FUNCTION Cut\r\n"[..], b"XML\n"]
        );
        assert_eq!(buffer.push(b"ALLY\n").unwrap(), [b"TALLY\n"]);
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let mut buffer = LineBuffer::default();
        buffer.push(&vec![b'x'; LINE_BYTES_MAX]).unwrap();
        assert!(matches!(buffer.push(b"x"), Err(BrokerError::TooLarge { .. })));
    }

    #[test]
    fn sip_methods_need_the_whole_request_line() {
        assert_eq!(sip_method(b"INVITE sip:a@b SIP/2.0"), Some("INVITE"));
        for bad in
            [&b"INVITE sip:a@b"[..], b"INVITE", b"INVITE  SIP/2.0", b"SIP/2.0 200 OK x", b"\xff"]
        {
            assert_eq!(sip_method(bad), None);
        }
    }
}
