//! Passphrases of signing keys: asked on a terminal, or read from a file; nobody is kept waiting
//! who cannot answer.

use crate::app::App;
use crate::{input, print};
use clap::Args;
use if_core::{Code, Problem, SecretValue};
use if_dispatch::Passphrases;
use std::path::{Path, PathBuf};

/// For commands that sign.
#[derive(Debug, Default, Args)]
pub struct OpenArgs {
    /// Read the passphrase of a protected key from this file, instead of asking for it
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// For commands that make a key.
#[derive(Debug, Args)]
pub struct MakeArgs {
    /// Read the new key's passphrase from this file, instead of asking for it
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,

    /// Leave the new key in the clear: whoever reads its file can sign with it
    #[arg(long, conflicts_with = "passphrase_file")]
    no_passphrase: bool,
}

/// For commands that sign with one key and make another.
#[derive(Debug, Args)]
pub struct RenewArgs {
    #[command(flatten)]
    open: OpenArgs,

    /// Read the passphrase from now on from this file; without it, that of --passphrase-file stays
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,

    /// From now on in the clear: whoever reads the key's file can sign with it
    #[arg(long, conflicts_with = "new_passphrase_file")]
    no_passphrase: bool,
}

/// Who opens the keys of a command that signs.
pub fn opening(app: &App, args: &OpenArgs) -> Passphrases {
    let named = args.passphrase_file.clone();
    let file = named.or_else(|| app.environment.key_passphrase_file());
    let (may_ask, line) = (print::may_ask(&app.printer), app.line.clone());
    Passphrases::asking(move |path| match &file {
        None if !may_ask => Err(nobody(path, &line)),
        file => input::secret(&format!("passphrase of {}: ", shown(path)), file.as_deref()),
    })
}

/// Who seals the keys of a command that makes one.
pub fn making(app: &App, args: &MakeArgs) -> Result<Passphrases, Problem> {
    let open = OpenArgs { passphrase_file: args.passphrase_file.clone() };
    let file = args.passphrase_file.clone().or_else(|| app.environment.key_passphrase_file());
    let new = if args.no_passphrase { None } else { Some(chosen(app, file)?) };
    Ok(opening(app, &open).sealing(new))
}

/// Both.
pub fn renewing(app: &App, args: &RenewArgs) -> Result<Passphrases, Problem> {
    let mut files = [&args.new_passphrase_file, &args.open.passphrase_file].into_iter().flatten();
    let file = files.next().cloned().or_else(|| app.environment.key_passphrase_file());
    let new = if args.no_passphrase { None } else { Some(chosen(app, file)?) };
    Ok(opening(app, &args.open).sealing(new))
}

/// A new passphrase; a person types it twice.
fn chosen(app: &App, file: Option<PathBuf>) -> Result<SecretValue, Problem> {
    if !cfg!(feature = "live") {
        let text = "this build cannot encrypt: it makes keys in the clear only";
        return Err(
            Problem::new(Code::Passphrase, text).hint(format!("{} --no-passphrase", app.line))
        );
    }
    if file.is_none() && !print::may_ask(&app.printer) {
        let text = "the new key needs a passphrase, and there is nobody to ask for it";
        return Err(Problem::new(Code::Passphrase, text)
            .hint(format!("{} --passphrase-file <file>", app.line))
            .hint(format!("to leave the key in the clear: {} --no-passphrase", app.line)));
    }
    input::new_passphrase("passphrase for the new key: ", file.as_deref())
}

fn nobody(path: &Path, line: &str) -> Problem {
    let text =
        format!("the key {} is under a passphrase, and there is nobody to ask for it", shown(path));
    Problem::new(Code::Passphrase, text).hint(format!("{line} --passphrase-file <file>"))
}

fn shown(path: &Path) -> String {
    print::clean(&path.display().to_string())
}
