//! A provider: its settings and commands, and the four functions of the border made from them.

use crate::command::{Command, Outcome};
use crate::nearest::did_you_mean;
use crate::parameter::Parameters;
use crate::schema::{self, Description};
use crate::{Call, Failure};
use serde_json::{Map, Value, json};

/// `check` and `discover`.
type Probe = Box<dyn Fn(&Call) -> Outcome>;

/// Everything a provider is. Built anew for each call: a few small allocations, no state.
pub struct Provider {
    about: String,
    settings: Vec<schema::Parameter>,
    commands: Vec<Command>,
    check: Probe,
    discover: Probe,
}

impl Provider {
    /// A provider without settings and commands; `check` says nothing, `discover` finds nothing.
    pub fn new(about: &str) -> Self {
        Self {
            about: about.to_owned(),
            settings: Vec::new(),
            commands: Vec::new(),
            check: Box::new(|_| Ok(json!({}))),
            discover: Box::new(|_| Ok(json!([]))),
        }
    }

    /// What an instance needs to know: the same parameters as commands have.
    #[must_use]
    pub fn settings(mut self, settings: impl Parameters) -> Self {
        self.settings = settings.schema();
        self
    }

    /// Is the instance reachable, do its credentials work? Facts about it.
    #[must_use]
    pub fn check(mut self, check: impl Fn(&Call) -> Outcome + 'static) -> Self {
        self.check = Box::new(move |call| check(call).map_err(Failure::unsent));
        self
    }

    /// Instances found: a list of `{name, settings, about}`.
    #[must_use]
    pub fn discover(mut self, discover: impl Fn(&Call) -> Outcome + 'static) -> Self {
        self.discover = Box::new(move |call| discover(call).map_err(Failure::unsent));
        self
    }

    /// Adds commands; help shows them in this order.
    #[must_use]
    pub fn commands(mut self, commands: impl IntoIterator<Item = Command>) -> Self {
        self.commands.extend(commands);
        self
    }

    /// The description that `pack` puts into the manifest.
    pub fn describe(&self) -> String {
        let commands = self.commands.iter().map(|command| &command.wire).collect();
        let (summary, settings) = (self.about.as_str(), self.settings.as_slice());
        let description = Description { summary, settings, commands, rules: None };
        json!(description).to_string()
    }

    /// Runs the check.
    ///
    /// # Errors
    /// As the check fails.
    pub fn run_check(&self, call: &Call) -> Outcome {
        (self.check)(call)
    }

    /// Runs the discovery.
    ///
    /// # Errors
    /// As the discovery fails.
    pub fn run_discover(&self, call: &Call) -> Outcome {
        (self.discover)(call)
    }

    /// Runs the command of this path with these arguments, a JSON object.
    ///
    /// # Errors
    /// `usage` for an unknown path or argument; else as the command fails.
    pub fn run_command(&self, call: &Call, path: &str, arguments: &str) -> Outcome {
        let Some(command) = self.commands.iter().find(|command| command.wire.path == path) else {
            let paths = self.commands.iter().map(|command| command.wire.path.as_str());
            let tail = did_you_mean(path, paths);
            return Err(Failure::usage(format!("there is no command `{path}`{tail}")));
        };
        let mut arguments: Map<String, Value> =
            serde_json::from_str(arguments).map_err(|error| {
                Failure::usage(format!("the arguments are no JSON object: {error}"))
            })?;
        let known = |name: &str| command.wire.parameters.iter().any(|known| known.name == name);
        if let Some(name) = arguments.keys().find(|name| !known(name)) {
            let names = command.wire.parameters.iter().map(|known| known.name.as_str());
            let tail = did_you_mean(name, names);
            return Err(Failure::usage(format!("`{path}` has no parameter `{name}`{tail}")));
        }
        (command.handler)(call, &mut arguments)
    }
}

/// Exports a provider: `if_sdk::provider!(provider);` with `fn provider() -> Provider`.
#[macro_export]
macro_rules! provider {
    ($make:path) => {
        // Symbols of the border hold colons, which only a wasm linker takes.
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)] // the exported symbols, as wit-bindgen writes them
        const _: () = {
            use $crate::bindings::{exports::infrafabric::adapter::provider::Guest, infrafabric};

            struct Exported;

            fn this() -> $crate::Call {
                $crate::Call::new(infrafabric::adapter::instance::get())
            }

            impl Guest for Exported {
                fn describe() -> String {
                    $make().describe()
                }

                fn check() -> Result<String, $crate::Failure> {
                    $make().run_check(&this()).map(|value| value.to_string())
                }

                fn discover() -> Result<String, $crate::Failure> {
                    $make().run_discover(&this()).map(|value| value.to_string())
                }

                fn call(command: String, arguments: String) -> Result<String, $crate::Failure> {
                    let outcome = $make().run_command(&this(), &command, &arguments);
                    outcome.map(|value| value.to_string())
                }
            }

    $crate::bindings::export!(Exported with_types_in $crate::bindings);
        };
        // The build machine only checks that it is one.
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() -> $crate::Provider = $make;
    };
}
