//! `if plugin verify`: the load path, without running anything.

use crate::app::App;
use crate::commands::host;
use clap::Args;
use if_core::Problem;
use serde_json::json;

/// Verify a plugin or package exactly as the loader does, every file included
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The word of an installed plugin, or a package's folder
    plugin: String,
}

/// Verifies; any doubt is the command's error.
pub fn run(app: &App, args: &VerifyArgs) -> Result<(), Problem> {
    let report = host(app)?.verify_plugin(&args.plugin)?;
    for warning in &report.warnings {
        app.printer.warn(&crate::print::clean(&warning.to_string()));
    }
    let value = json!({
        "id": report.id, "version": report.version, "manifest": report.manifest,
        "component": report.component, "approved_by": report.approvers, "warnings": report.warnings,
    });
    let text = format!(
        "id:           {} {}\nmanifest:     {}\ncomponent:    {}\napproved by:  {}\nverified: \
             signatures, schema, allow-list, revocations, release, every file, imports\n",
        report.id,
        report.version,
        report.manifest,
        report.component,
        report.approvers.join(", "),
    );
    app.printer.result(&value, &text)
}
