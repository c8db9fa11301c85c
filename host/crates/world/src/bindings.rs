//! Generated from `wit/adapter-0.1.0` when this crate is compiled; nothing here is written by hand.
//!
//! Imports are asynchronous, because the host suspends the guest while the broker works, and may
//! end the call by returning an error. `wasi:io/poll` is the one that `wasmtime-wasi` implements,
//! so that a connection's pollable and an HTTP response's can stand in one `poll`.
#![allow(clippy::all, clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::panic, clippy::too_many_lines)]

wasmtime::component::bindgen!({
    path: "../../../wit/adapter-0.1.0",
    world: "adapter",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "wasi:io/poll": wasmtime_wasi::p2::bindings::io::poll,
    },
});

/// The world of policies: they import nothing but the baseline.
pub(crate) mod policy {
    wasmtime::component::bindgen!({
        path: "../../../wit/adapter-0.1.0",
        world: "policy",
        exports: { default: async },
    });
}
