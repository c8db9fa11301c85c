//! The border by hand: the SDK can only answer with JSON, and one misdeed is not to.
#![cfg_attr(target_arch = "wasm32", allow(unsafe_code))] // symbols, as wit-bindgen writes them

#[cfg(target_arch = "wasm32")]
mod wasm {
    use if_sdk::bindings::{exports::infrafabric::adapter::provider::Guest, infrafabric};
    use if_sdk::{Call, Failure};

    struct Exported;

    fn this() -> Call {
        Call::new(infrafabric::adapter::instance::get())
    }

    impl Guest for Exported {
        fn describe() -> String {
            crate::provider().describe()
        }

        fn check() -> Result<String, Failure> {
            Ok("not JSON either".into())
        }

        fn discover() -> Result<String, Failure> {
            Ok("[".into())
        }

        fn call(command: String, arguments: String) -> Result<String, Failure> {
            if command == "bad-json" {
                return Ok("{\"half\": ".into());
            }
            if command == "garble" && arguments.contains("result") {
                return Ok(crate::grow::garbled());
            }
            let outcome = crate::provider().run_command(&this(), &command, &arguments);
            match (command.as_str(), outcome?) {
                ("answer", if_sdk::serde_json::Value::String(text)) => Ok(text),
                (_, value) => Ok(value.to_string()),
            }
        }
    }

    if_sdk::bindings::export!(Exported with_types_in if_sdk::bindings);
}
