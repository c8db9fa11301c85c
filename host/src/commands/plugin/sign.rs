//! `if plugin sign`: one principal approves a manifest, by its exact bytes.

use crate::app::App;
use crate::commands::{host, signing_host};
use crate::keys::OpenArgs;
use crate::print::{clean, time};
use clap::Args;
use if_core::Problem;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Approve a package as its publisher or as a reviewer
#[derive(Debug, Args)]
pub struct SignArgs {
    /// The package's folder, or an installed plugin
    package: String,

    /// In which role
    #[arg(long, default_value = "publisher", value_parser = ["publisher", "reviewer"])]
    role: String,

    /// The key to sign with; the home's root key when absent
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Attach an approval that was signed elsewhere: a Sigstore bundle over manifest.json, such as
    /// `cosign sign-blob` and `cosign attest-blob` write
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "role"])]
    bundle: Option<PathBuf>,

    #[command(flatten)]
    keys: OpenArgs,
}

/// Signs.
pub fn run(app: &App, args: &SignArgs) -> Result<(), Problem> {
    if let Some(bundle) = &args.bundle {
        return attach(app, args, bundle);
    }
    let signed =
        signing_host(app, &args.keys)?.sign(&args.package, &args.role, args.key.as_deref())?;
    let principal = signed.principal.to_string();
    let value =
        json!({"manifest": signed.manifest_digest, "principal": principal, "role": args.role});
    let text = format!(
        "manifest:   {}\nsigned by:  {} as {}\n",
        signed.manifest_digest, signed.principal, args.role
    );
    app.printer.result(&value, &text)?;
    app.printer.hint(&format!("ifctl plugin allow {}", args.package));
    Ok(())
}

/// Attaches another tool's signature.
fn attach(app: &App, args: &SignArgs, bundle: &Path) -> Result<(), Problem> {
    let attached = host(app)?.attach(&args.package, bundle)?;
    let signed = &attached.signed;
    let value = json!({
        "manifest": signed.manifest_digest, "principal": signed.principal.to_string(),
        "role": attached.role, "vouched": attached.vouched,
    });
    let text = format!(
        "manifest:   {}\nsigned by:  {} as {}\n            {}\nsigned at:  {}\n",
        signed.manifest_digest,
        signed.principal,
        attached.role,
        clean(&attached.vouched.to_string()),
        time(attached.vouched.signed_at),
    );
    app.printer.result(&value, &text)?;
    app.printer.hint(&format!("ifctl plugin allow {}", args.package));
    Ok(())
}
