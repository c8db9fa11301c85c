//! `if plugin pack`: a built component and its `plugin.toml` become a package.

use crate::app::App;
use clap::Args;
use if_core::Problem;
use serde_json::json;
use std::path::PathBuf;

/// Make a package from a built plugin: component, manifest, data, SBOM
#[derive(Debug, Args)]
pub struct PackArgs {
    /// The plugin's folder, with plugin.toml
    folder: PathBuf,

    /// Where to put the package; `<folder>/package` when absent
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// Take the component from here instead of the path in plugin.toml
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
}

/// Packs, asking the component to describe itself in a sandbox that grants nothing.
pub fn run(app: &App, args: &PackArgs) -> Result<(), Problem> {
    let out = args.out.clone().unwrap_or_else(|| args.folder.join("package"));
    let packed =
        if_dispatch::plugin::pack(&app.environment, &args.folder, args.component.as_deref(), &out)?;
    let value = json!({
        "package": out.display().to_string(),
        "id": packed.id, "version": packed.version.to_string(), "release": packed.release,
        "manifest": packed.manifest_digest, "component": packed.component_digest,
        "imports": packed.imports, "commands": packed.commands, "files": packed.files,
    });
    let text = format!(
        "package:    {}\nid:         {} {} (release {})\nmanifest:   {}\ncomponent:  \
             {}\nimports:    {}\ncommands:   {}\n",
        out.display(),
        packed.id,
        packed.version,
        packed.release,
        packed.manifest_digest,
        packed.component_digest,
        packed.imports.join(", "),
        packed.commands.len(),
    );
    app.printer.result(&value, &text)?;
    app.printer.hint(&format!("ifctl plugin sign {}", out.display()));
    Ok(())
}
