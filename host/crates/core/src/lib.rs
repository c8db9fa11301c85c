//! The ground floor: names, units, error codes and the ports through which the rooms above meet.
//!
//! Nothing here does I/O, reads a clock or knows wasmtime, SQLite or a socket. Siblings (broker,
//! runtime, witness, registry) never import one another; what they say to each other is written
//! here, as plain serialisable data and small traits.

mod code;
mod digest;
mod effect;
mod ids;
mod message;
mod ports;
mod problem;
mod units;

pub use code::{Code, Exit};
pub use digest::{Digest, DigestError};
pub use effect::Effect;
pub use ids::{CapabilityId, IdError, OperationId, Word};
pub use message::{
    Answer, Ask, ConnectionId, Frame, Header, HttpRequest, HttpResponse, LogLevel, OpenTarget,
    Protocol, Refusal, RefusalKind, Reply,
};
pub use ports::{
    BlobSource, BoxFuture, Broker, Clock, EventSink, Meter, Mode, SecretSource, SecretValue,
    Standing, StateStore,
};
pub use problem::{Explain, Problem, quoted};
pub use units::{Currency, Micros, Money, UnixMillis};
