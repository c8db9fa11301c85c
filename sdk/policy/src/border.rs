//! The four functions of the border, made from a policy. Public for the macro alone.

use crate::{Compiled, Issue};

/// `validate`
pub fn validate<P: Compiled>(settings: &str, catalog: &str) -> Vec<Issue> {
    let catalog = serde_json::from_str(catalog).unwrap_or_default();
    match serde_json::from_str(settings) {
        Ok(settings) => P::validate(&settings, &catalog),
        Err(error) => vec![Issue::at("", error.to_string())],
    }
}

/// `prepare`
///
/// # Errors
/// What makes no sense in the settings.
pub fn prepare<P: Compiled>(settings: &str) -> Result<Vec<u8>, Vec<Issue>> {
    let settings = serde_json::from_str(settings);
    P::prepare(settings.map_err(|error| vec![Issue::at("", error.to_string())])?)
}

/// `evaluate`
///
/// # Errors
/// The policy cannot decide.
pub fn evaluate<P: Compiled>(prepared: &[u8], facts: &str) -> Result<String, String> {
    let ruling = P::evaluate(prepared, facts)?;
    serde_json::to_string(&ruling).map_err(|error| error.to_string())
}

/// Exports a policy: `if_policy::policy!(TwoPerson);`
#[macro_export]
macro_rules! policy {
    ($policy:ty) => {
        // Symbols of the border hold colons, which only a wasm linker takes.
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)] // the exported symbols, as wit-bindgen writes them
        const _: () = {
            use $crate::bindings::exports::infrafabric::adapter::policy_rules::{self, Guest};

            struct Exported;

            fn wire(issue: $crate::Issue) -> policy_rules::Issue {
                let $crate::Issue { at, line, column, message } = issue;
                policy_rules::Issue { at, line, column, message }
            }

            impl Guest for Exported {
                fn describe() -> String {
                    <$policy as $crate::Compiled>::about().describe()
                }

                fn validate(settings: String, catalog: String) -> Vec<policy_rules::Issue> {
                    let issues = $crate::border::validate::<$policy>(&settings, &catalog);
                    issues.into_iter().map(wire).collect()
                }

                fn prepare(settings: String) -> Result<Vec<u8>, Vec<policy_rules::Issue>> {
                    $crate::border::prepare::<$policy>(&settings)
                        .map_err(|issues| issues.into_iter().map(wire).collect())
                }

                fn evaluate(prepared: Vec<u8>, facts: String) -> Result<String, String> {
                    $crate::border::evaluate::<$policy>(&prepared, &facts)
                }
            }

    $crate::bindings::export!(Exported with_types_in $crate::bindings);
        };
        // The build machine only checks that it is one.
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() -> $crate::About = <$policy as $crate::Compiled>::about;
    };
}
