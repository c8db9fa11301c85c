//! Everything a guest can want from outside, as serialisable messages.
//!
//! The runtime turns each host call into one [`Ask`]; a broker answers with one [`Answer`]. Because
//! both are data, a live network, a dry run, a replay, a device-free test and a sandboxed worker
//! process are only different answerers. Sizes are capped by whoever makes the message, before it
//! is made.

use crate::{Code, Effect, Micros, UnixMillis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A header as it stands on the wire; several with one name are several entries.
pub type Header = (String, String);

/// Which of a call's open connections: dense, starting at 1, never reused within the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConnectionId(pub u32);

/// How bytes travel. The word is the one used in manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Http,
    Https,
    /// WebSocket over TCP.
    Ws,
    /// WebSocket over TLS.
    Wss,
    Tcp,
    Tls,
    Udp,
}

/// An HTTP request as the guest made it: placeholders, never values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// Upper case.
    pub method: String,
    /// Absolute, `http` or `https`, without userinfo.
    pub url: String,
    pub headers: Vec<Header>,
    #[serde(with = "bytes_text")]
    pub body: Vec<u8>,
    pub timeout_ms: Option<u64>,
}

/// The whole answer, decoded, measured and free of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpResponse {
    pub status: u16,
    pub headers: Vec<Header>,
    #[serde(with = "bytes_text")]
    pub body: Vec<u8>,
}

/// Where a connection should lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTarget {
    pub protocol: Protocol,
    /// Name or address literal, as the instance settings give it.
    pub host: String,
    pub port: u16,
    /// WebSocket only: path with query, `/` when absent.
    pub path: Option<String>,
    /// WebSocket only: extra request headers and, under `sec-websocket-protocol`, subprotocols.
    pub headers: Vec<Header>,
    /// Time for resolving, connecting and shaking hands.
    pub timeout_ms: u64,
}

/// One unit of a connection: a WebSocket message, a datagram, or a piece of a byte stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Frame {
    Text(String),
    #[serde(with = "bytes_text")]
    Binary(Vec<u8>),
    /// The peer closed; nothing follows.
    Closed {
        code: u16,
        reason: String,
    },
}

/// Levels of a plugin's log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

/// One wish of a guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Ask {
    Http {
        request: HttpRequest,
    },
    Open {
        target: OpenTarget,
    },
    Send {
        connection: ConnectionId,
        frame: Frame,
    },
    /// Waits for the next frame; answered by `Reply::Frame(None)` when `timeout_ms` passes first.
    Receive {
        connection: ConnectionId,
        timeout_ms: u64,
    },
    /// Waits until `Receive` would answer at once.
    Ready {
        connection: ConnectionId,
    },
    Close {
        connection: ConnectionId,
    },
    /// A token standing for the value that `recipe` derives from the secret and these inputs.
    Placeholder {
        recipe: String,
        inputs: BTreeMap<String, String>,
    },
    /// Lets guest time pass.
    Sleep {
        nanos: u64,
    },
    /// Reads from a file parameter (`parameter:<name>`) or a data file of the package
    /// (`data:<name>`).
    BlobRead {
        blob: String,
        offset: u64,
        bytes_max: u32,
    },
    /// Appends to a `file-out` parameter.
    BlobWrite {
        blob: String,
        #[serde(with = "bytes_text")]
        bytes: Vec<u8>,
    },
    StateGet {
        key: String,
    },
    /// `None` deletes.
    StateSet {
        key: String,
        #[serde(with = "bytes_text::option")]
        value: Option<Vec<u8>>,
    },
    /// One event of a stream, a JSON value.
    Emit {
        event: String,
    },
    Progress {
        done: u64,
        total: Option<u64>,
        message: String,
    },
    Log {
        level: LogLevel,
        message: String,
    },
    /// Evidence for this operation, a JSON value under a name.
    Attach {
        name: String,
        evidence: String,
    },
    CostReserve {
        micros: Micros,
        reason: String,
    },
    CostReport {
        micros: Micros,
        usage: String,
    },
}

/// What a granted wish brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    Done,
    Http {
        response: HttpResponse,
    },
    /// `fresh` is false only for a pooled connection; `local` is the own address, `ip:port`.
    Opened {
        connection: ConnectionId,
        fresh: bool,
        local: String,
        subprotocol: Option<String>,
    },
    /// `None` when the wait timed out.
    Frame {
        frame: Option<Frame>,
    },
    Placeholder {
        token: String,
    },
    Bytes {
        #[serde(with = "bytes_text")]
        bytes: Vec<u8>,
        end: bool,
    },
    State {
        #[serde(with = "bytes_text::option")]
        value: Option<Vec<u8>>,
    },
}

/// How a refusal looks to the guest. Details stay with the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalKind {
    /// Not granted, not allowed, or above the command's effect.
    Denied,
    /// A limit was reached.
    Limit,
    /// Dry run: recorded, not sent.
    Planned,
    /// The peer could not be reached, or went away.
    Unreachable,
    /// The peer did not answer in time.
    Timeout,
    /// The peer spoke, but not the protocol; a bad certificate is one of these.
    Protocol,
    /// The guest asked for something that does not exist.
    Invalid,
    /// A budget would be overspent.
    Budget,
}

/// A wish that was not granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub kind: RefusalKind,
    pub code: Code,
    /// One line for a person, free of secrets.
    pub message: String,
    pub hints: Vec<String>,
    /// The host ends the call here whatever the guest would do with the error.
    pub ends_call: bool,
}

impl Refusal {
    /// A refusal that the guest may handle.
    pub fn new(kind: RefusalKind, code: Code, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), hints: Vec::new(), ends_call: false }
    }

    /// A refusal that ends the call.
    pub fn fatal(kind: RefusalKind, code: Code, message: impl Into<String>) -> Self {
        Self { ends_call: true, ..Self::new(kind, code, message) }
    }

    /// Adds a line to write.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// A reply or a refusal, the time at which it came, and what the host classified the wish as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Guest time moves to this instant.
    pub at: UnixMillis,
    /// Set for whatever left or would have left the machine.
    pub effect: Option<Effect>,
    pub result: Result<Reply, Refusal>,
}

/// Bytes as text where they are UTF-8, else `{"hex": …}`: a transcript stays readable.
mod bytes_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Shape {
        Text(String),
        Binary { hex: String },
    }

    fn shape(bytes: &[u8]) -> Shape {
        match std::str::from_utf8(bytes) {
            Ok(text) => Shape::Text(text.to_owned()),
            Err(_) => Shape::Binary { hex: bytes.iter().map(|b| format!("{b:02x}")).collect() },
        }
    }

    fn bytes(shape: Shape) -> Option<Vec<u8>> {
        match shape {
            Shape::Text(text) => Some(text.into_bytes()),
            Shape::Binary { hex } => (0..hex.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok())
                .collect(),
        }
    }

    pub fn serialize<S: Serializer>(value: &[u8], to: S) -> Result<S::Ok, S::Error> {
        shape(value).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        bytes(Shape::deserialize(from)?).ok_or_else(|| D::Error::custom("odd hexadecimal"))
    }

    pub mod option {
        use super::{Shape, bytes, shape};
        use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

        pub fn serialize<S: Serializer>(value: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
            value.as_deref().map(shape).serialize(to)
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Option<Vec<u8>>, D::Error> {
            match Option::<Shape>::deserialize(from)? {
                None => Ok(None),
                Some(shape) => {
                    bytes(shape).map(Some).ok_or_else(|| D::Error::custom("odd hexadecimal"))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_a_round_trip_readably() {
        let ask = Ask::Send { connection: ConnectionId(1), frame: Frame::Binary(vec![0xff, 0]) };
        let text = serde_json::to_string(&ask).unwrap();
        assert_eq!(text, r#"{"ask":"send","connection":1,"frame":{"binary":{"hex":"ff00"}}}"#);
        assert_eq!(serde_json::from_str::<Ask>(&text).unwrap(), ask);
        let ask = Ask::StateSet { key: "k".into(), value: Some(b"plain".to_vec()) };
        let text = serde_json::to_string(&ask).unwrap();
        assert_eq!(text, r#"{"ask":"state-set","key":"k","value":"plain"}"#);
        assert_eq!(serde_json::from_str::<Ask>(&text).unwrap(), ask);
    }
}
