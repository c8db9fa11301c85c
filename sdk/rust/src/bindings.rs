//! The border as wit-bindgen generates it from `wit/adapter-0.1.0`.
//!
//! Generated code: the rest of the crate wraps it. It compiles for the build machine too, so that
//! schemas and parsers are tested natively; calling the host there is not possible.
#![allow(unsafe_code, missing_docs, clippy::all)]

wit_bindgen::generate!({
    path: "../../wit/adapter-0.1.0",
    world: "adapter",
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "if_sdk::bindings",
    additional_derives: [PartialEq],
});
