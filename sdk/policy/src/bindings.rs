//! The border as wit-bindgen generates it from `wit/adapter-0.1.0`, world `policy`.
#![allow(unsafe_code, missing_docs, clippy::all)]

wit_bindgen::generate!({
    path: "../../wit/adapter-0.1.0",
    world: "policy",
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "if_policy::bindings",
});
