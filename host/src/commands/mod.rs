//! One command, one file: its arguments (whose doc comments are the help) and its `run`.

pub mod add;
pub mod aliases;
#[cfg(feature = "live")]
pub mod backup;
pub mod bundle;
pub mod completion;
pub mod context;
pub mod discover;
pub mod doctor;
pub mod explain;
mod falsify;
pub mod governor;
pub mod init;
pub mod lint;
pub mod optimise;
pub mod plugin;
pub mod provider;
pub mod reference;
#[cfg(feature = "live")]
pub mod restore;
pub mod rewrite;
#[cfg(feature = "live")]
pub mod secret;
pub mod shell_init;
pub mod trust;
pub mod witness;

use crate::app::App;
use crate::keys::{self, MakeArgs, OpenArgs, RenewArgs};
use clap::Subcommand;
use if_config::{Environment, Home};
use if_core::{Explain, Problem};
use if_dispatch::Host;
use if_registry::{Index, Layout};
use std::sync::Arc;

/// The nouns. Provider words stand beside them, from the index of installed manifests.
#[derive(Debug, Subcommand)]
pub enum Builtin {
    Init(init::InitArgs),
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    #[command(subcommand)]
    Trust(trust::TrustCommand),
    #[command(subcommand)]
    Bundle(bundle::BundleCommand),
    #[cfg(feature = "live")]
    #[command(subcommand)]
    Secret(secret::SecretCommand),
    #[command(subcommand)]
    Witness(witness::WitnessCommand),
    #[command(subcommand)]
    Optimise(optimise::OptimiseCommand),
    #[command(subcommand)]
    Governor(governor::GovernorCommand),
    #[command(subcommand)]
    Context(context::ContextCommand),
    Doctor(doctor::DoctorArgs),
    Explain(explain::ExplainArgs),
    Lint(lint::LintArgs),
    #[cfg(feature = "live")]
    Backup(backup::BackupArgs),
    #[cfg(feature = "live")]
    Restore(restore::RestoreArgs),
    ShellInit(shell_init::ShellInitArgs),
    Completion(completion::CompletionArgs),
    Aliases(aliases::AliasesArgs),
    /// Candidates for the word under the cursor; called by the completion scripts
    #[command(name = "__complete", hide = true)]
    Complete(crate::complete::CompleteArgs),
    /// The line that a shell runs for one beginning with `if`; called by the shells' hooks
    #[command(name = "__rewrite", hide = true)]
    Rewrite(rewrite::RewriteArgs),
    /// Writes the generated reference into a folder
    #[command(name = "__reference", hide = true)]
    Reference(reference::ReferenceArgs),
}

/// Runs a built-in command.
pub fn run(app: &App, command: Builtin) -> Result<(), Problem> {
    match command {
        Builtin::Init(args) => init::run(app, &args),
        Builtin::Plugin(command) => plugin::run(app, command),
        Builtin::Trust(command) => trust::run(app, command),
        Builtin::Bundle(command) => bundle::run(app, command),
        #[cfg(feature = "live")]
        Builtin::Secret(command) => secret::run(app, command),
        Builtin::Witness(command) => witness::run(app, command),
        Builtin::Optimise(command) => optimise::run(app, command),
        Builtin::Governor(command) => governor::run(app, command),
        Builtin::Context(command) => context::run(app, command),
        Builtin::Doctor(args) => doctor::run(app, &args),
        Builtin::Explain(args) => explain::run(app, &args),
        Builtin::Lint(args) => lint::run(app, &args),
        #[cfg(feature = "live")]
        Builtin::Backup(args) => backup::run(app, &args),
        #[cfg(feature = "live")]
        Builtin::Restore(args) => restore::run(app, &args),
        Builtin::ShellInit(args) => shell_init::run(app, &args),
        Builtin::Completion(args) => completion::run(app, &args),
        Builtin::Aliases(args) => aliases::run(app, &args),
        Builtin::Rewrite(args) => rewrite::run(app, &args),
        Builtin::Complete(args) => crate::complete::run(app, &args),
        Builtin::Reference(args) => reference::run(app, &args),
    }
}

/// The index of installed manifests, if there is a home with one. Help works without a home.
pub fn index(environment: &Environment) -> Result<Option<Index>, Problem> {
    let layout = Layout { home: Home::locate(environment, None) };
    if !layout.home.is_dir() {
        return Ok(None);
    }
    Index::of(&layout).map_err(|error| error.problem())
}

/// The opened home: database, trust files, keys. One under a passphrase is asked for when it has
/// to sign.
pub fn host(app: &App) -> Result<Host, Problem> {
    signing_host(app, &OpenArgs::default())
}

/// The same, where the line may say how its keys are opened.
pub fn signing_host(app: &App, keys: &OpenArgs) -> Result<Host, Problem> {
    let host = Host::open(app.environment.clone())?;
    Ok(host.with_guard(Arc::new(keys::opening(app, keys))))
}

/// The same, where a key is made.
pub fn making_host(app: &App, keys: &MakeArgs) -> Result<Host, Problem> {
    let host = Host::open(app.environment.clone())?;
    Ok(host.with_guard(Arc::new(keys::making(app, keys)?)))
}

/// The same, where one key signs for another, or changes its passphrase.
pub fn renewing_host(app: &App, keys: &RenewArgs) -> Result<Host, Problem> {
    let host = Host::open(app.environment.clone())?;
    Ok(host.with_guard(Arc::new(keys::renewing(app, keys)?)))
}
