//! Our own interfaces, `infrafabric:adapter/*`: one import, one file. Each turns arguments into an
//! `Ask` and the reply into a result; none decides anything but shape and size.

pub(crate) mod blob;
pub(crate) mod connection;
pub(crate) mod cost;
pub(crate) mod instance;
pub(crate) mod output;
pub(crate) mod pulse;
pub(crate) mod secrets;
pub(crate) mod state;
pub(crate) mod witness;

use crate::state::CallState;

/// Shapes only; there is nothing to call.
impl if_world::imports::types::Host for CallState {}
