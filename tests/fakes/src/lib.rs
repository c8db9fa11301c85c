//! What the tests talk to instead of devices. [`vmix`] is a simulator: state that changes as the
//! functions say. [`http`], [`obs`] and [`s3`] are fakes: they answer from a table and misbehave on
//! demand, which no real device does when asked. [`sigstore`] is an installation that signs.
//!
//! Everything listens on 127.0.0.1, on a port of its own, in a thread of its own, and is gone when
//! its handle is dropped; so a test may be synchronous or not. Nothing here is part of the product,
//! and no plugin knows of it.

mod background;
pub mod http;
pub mod obs;
pub mod s3;
pub mod sigstore;
pub mod vmix;

pub use http::HttpFake;
pub use obs::ObsFake;
pub use s3::S3Fake;
pub use vmix::VmixSimulator;
