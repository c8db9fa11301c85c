//! `if plugin new`: a folder with a plugin that builds, packs and passes its test.

use crate::app::App;
use clap::Args;
use if_core::{Code, Problem, Word};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The template's files, as they stand in `sdk/template`.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../../../../sdk/template/Cargo.toml")),
    ("src/lib.rs", include_str!("../../../../sdk/template/src/lib.rs")),
    ("plugin.toml", include_str!("../../../../sdk/template/plugin.toml")),
    (
        "tests/cassettes/hello.json",
        include_str!("../../../../sdk/template/tests/cassettes/hello.json"),
    ),
    ("README.md", include_str!("../../../../sdk/template/README.md")),
];

/// Start a plugin: a small HTTP provider that builds and passes its test
#[derive(Debug, Args)]
pub struct NewArgs {
    /// Its provider word, and the name of the folder: [a-z0-9-]+
    name: String,

    /// Where the SDK is: a path to `sdk/rust` of a checkout
    #[arg(long, value_name = "FOLDER")]
    sdk: Option<PathBuf>,

    /// The folder to make; the name when absent
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

/// Writes the files; refuses a folder that exists.
pub fn run(app: &App, args: &NewArgs) -> Result<(), Problem> {
    let name = Word::new(&args.name).map_err(|e| Problem::new(Code::Usage, e.to_string()))?;
    let folder = args.into.clone().unwrap_or_else(|| PathBuf::from(name.as_str()));
    if folder.exists() {
        return Err(Problem::new(Code::Usage, format!("{} exists already", folder.display()))
            .hint(format!("ifctl plugin new {name} --into <another folder>")));
    }
    let sdk = sdk_folder(args.sdk.as_deref())?;
    for (file, text) in FILES {
        let path = folder.join(file);
        let text = text.replace("{{name}}", name.as_str()).replace("{{sdk}}", &sdk);
        write(&path, &text)?;
    }
    let shown = folder.display();
    app.printer.result(&json!({"folder": shown.to_string()}), &format!("{shown} written"))?;
    app.printer.hint(&format!("cd {shown} && cargo build --release --target wasm32-wasip2"));
    app.printer.hint("ifctl plugin pack . && ifctl plugin test .");
    Ok(())
}

/// The SDK this binary was built beside, unless the line names another.
fn sdk_folder(given: Option<&Path>) -> Result<String, Problem> {
    let built_beside = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../sdk/rust"));
    let folder = given.unwrap_or(built_beside);
    match fs_err::canonicalize(folder) {
        Ok(path) if path.join("Cargo.toml").is_file() => Ok(path.display().to_string()),
        _ => Err(Problem::new(Code::Usage, format!("there is no SDK at {}", folder.display()))
            .hint("ifctl plugin new <name> --sdk <checkout>/sdk/rust")),
    }
}

fn write(path: &Path, text: &str) -> Result<(), Problem> {
    let failed = |e: std::io::Error| {
        Problem::new(Code::Store, "the plugin's folder cannot be written").because(e.to_string())
    };
    if let Some(parent) = path.parent() {
        fs_err::create_dir_all(parent).map_err(failed)?;
    }
    fs_err::write(path, text).map_err(failed)
}
