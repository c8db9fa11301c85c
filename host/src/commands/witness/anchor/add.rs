//! `if witness anchor add`: a place off this machine that will keep the log's checkpoints.

use crate::app::App;
use crate::commands::host;
use clap::{ArgGroup, Args};
use if_core::Problem;
use if_dispatch::witness::{Place, S3Place};
use std::path::{Path, PathBuf};

/// Name a place off this machine that is to keep the log's checkpoints
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("place").required(true))]
#[command(after_help = "Examples:\n  \
    ifctl witness anchor add stick --directory /media/stick/anchor\n  \
    ifctl witness anchor add cloud --s3 https://s3.example.com/bucket/studio --region eu-central-1\n\n\
    A server's keys go into the vault:\n  ifctl secret set witness cloud access-key\n  \
    ifctl secret set witness cloud secret-key\n\n\
    Each log needs a place of its own. What is kept there is signed and holds no words of \
    anybody's.")]
pub struct AddArgs {
    /// What to call it
    name: String,
    /// A folder that is there: on another disk, or a share of another machine
    #[arg(long, value_name = "PATH", group = "place")]
    directory: Option<PathBuf>,
    /// A bucket, and perhaps a part of it, on a server that speaks S3
    #[arg(long, value_name = "URL", group = "place")]
    s3: Option<String>,
    /// The region that the server's signatures name
    #[arg(long, default_value = "us-east-1", requires = "s3")]
    region: String,
    /// Trust only the authorities in this PEM file for the server
    #[arg(long, value_name = "FILE", requires = "s3")]
    ca_file: Option<PathBuf>,
}

/// Writes it down. Nothing is sent anywhere yet.
pub fn run(app: &App, args: &AddArgs) -> Result<(), Problem> {
    let name = super::named(&args.name)?;
    let place = match (&args.directory, &args.s3) {
        (Some(path), _) => Place::Directory { path: absolute(path) },
        (None, url) => Place::S3(S3Place {
            url: url.clone().unwrap_or_default(),
            region: args.region.clone(),
            ca_file: args.ca_file.as_deref().map(absolute),
        }),
    };
    let added = host(app)?.add_anchor(&name, &place)?;
    app.printer.result(&super::value(&added), &format!("{name} will keep checkpoints: {place}"))?;
    if added.same_disk {
        app.printer.warn(
            "it is on the disk of the home: whoever puts that disk back puts the anchor back too",
        );
    }
    if let Place::S3(_) = place {
        app.printer.hint(&format!("ifctl secret set witness {name} access-key"));
        app.printer.hint(&format!("ifctl secret set witness {name} secret-key"));
    }
    app.printer.hint(&format!("ifctl witness anchor run {name}"));
    Ok(())
}

/// As it is from everywhere.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
