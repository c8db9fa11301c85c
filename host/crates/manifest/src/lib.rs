//! What a plugin declares, as checked types, and the documents that are signed about it.
//!
//! Bytes are verified first and parsed afterwards: [`dsse`] knows signatures and no JSON schema,
//! [`model`] knows the schema and no signatures. Unknown fields and doubled keys are refused. This
//! crate reads no file and asks no clock; the registry brings bytes and time.

pub mod model;
