//! Generated types to and from the host's messages: total, lossless, without judgement.

use crate::imports::{connection, instance, output, types};
use if_core::{Frame, LogLevel, Mode, OpenTarget, Protocol, Refusal, RefusalKind};

impl From<RefusalKind> for types::ErrorKind {
    fn from(kind: RefusalKind) -> Self {
        match kind {
            RefusalKind::Denied => Self::Denied,
            RefusalKind::Limit => Self::Limit,
            RefusalKind::Planned => Self::Planned,
            RefusalKind::Unreachable => Self::Unreachable,
            RefusalKind::Timeout => Self::Timeout,
            RefusalKind::Protocol => Self::Protocol,
            RefusalKind::Invalid => Self::Invalid,
            RefusalKind::Budget => Self::Budget,
        }
    }
}

impl From<types::ErrorKind> for RefusalKind {
    fn from(kind: types::ErrorKind) -> Self {
        match kind {
            types::ErrorKind::Denied => Self::Denied,
            types::ErrorKind::Limit => Self::Limit,
            types::ErrorKind::Planned => Self::Planned,
            types::ErrorKind::Unreachable => Self::Unreachable,
            types::ErrorKind::Timeout => Self::Timeout,
            types::ErrorKind::Protocol => Self::Protocol,
            types::ErrorKind::Invalid => Self::Invalid,
            types::ErrorKind::Budget => Self::Budget,
        }
    }
}

/// The guest sees kind and message; code and hints stay with the host.
impl From<&Refusal> for types::Error {
    fn from(refusal: &Refusal) -> Self {
        Self { kind: refusal.kind.into(), message: refusal.message.clone() }
    }
}

impl From<connection::Protocol> for Protocol {
    fn from(protocol: connection::Protocol) -> Self {
        match protocol {
            connection::Protocol::Ws => Self::Ws,
            connection::Protocol::Wss => Self::Wss,
            connection::Protocol::Tcp => Self::Tcp,
            connection::Protocol::Tls => Self::Tls,
            connection::Protocol::Udp => Self::Udp,
        }
    }
}

impl From<connection::Target> for OpenTarget {
    fn from(target: connection::Target) -> Self {
        Self {
            protocol: target.protocol.into(),
            host: target.host,
            port: target.port,
            path: target.path,
            headers: target.headers,
            timeout_ms: u64::from(target.timeout_ms),
        }
    }
}

impl From<connection::Frame> for Frame {
    fn from(frame: connection::Frame) -> Self {
        match frame {
            connection::Frame::Text(text) => Self::Text(text),
            connection::Frame::Binary(bytes) => Self::Binary(bytes),
            connection::Frame::Closed((code, reason)) => Self::Closed { code, reason },
        }
    }
}

impl From<Frame> for connection::Frame {
    fn from(frame: Frame) -> Self {
        match frame {
            Frame::Text(text) => Self::Text(text),
            Frame::Binary(bytes) => Self::Binary(bytes),
            Frame::Closed { code, reason } => Self::Closed((code, reason)),
        }
    }
}

impl From<output::Level> for LogLevel {
    fn from(level: output::Level) -> Self {
        match level {
            output::Level::Debug => Self::Debug,
            output::Level::Info => Self::Info,
            output::Level::Warn => Self::Warn,
            output::Level::Error => Self::Error,
        }
    }
}

impl From<Mode> for instance::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Live => Self::Live,
            Mode::DryRun => Self::DryRun,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_core::Code;

    #[test]
    fn frames_and_kinds_survive_both_ways() {
        for frame in [
            Frame::Text("a".into()),
            Frame::Binary(vec![0, 255]),
            Frame::Closed { code: 4009, reason: "auth".into() },
        ] {
            assert_eq!(Frame::from(connection::Frame::from(frame.clone())), frame);
        }
        for kind in [
            RefusalKind::Denied,
            RefusalKind::Limit,
            RefusalKind::Planned,
            RefusalKind::Unreachable,
            RefusalKind::Timeout,
            RefusalKind::Protocol,
            RefusalKind::Invalid,
            RefusalKind::Budget,
        ] {
            assert_eq!(RefusalKind::from(types::ErrorKind::from(kind)), kind);
        }
    }

    #[test]
    fn a_refusal_keeps_its_hints_from_the_guest() {
        let refusal = Refusal::new(RefusalKind::Denied, Code::EgressDenied, "no").hint("do this");
        let error = types::Error::from(&refusal);
        assert_eq!((error.kind, error.message.as_str()), (types::ErrorKind::Denied, "no"));
    }
}
