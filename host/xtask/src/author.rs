//! `cargo xtask author`: an author's first ten minutes, from `plugin new` to a passing test without
//! a device; once with `cargo build`, once with `cargo component build`, whose output must pack
//! and pass as well.

use crate::scenario::Scene;
use crate::{setup, shell};
use anyhow::Result;
use std::path::Path;

/// Runs the command.
pub fn run() -> Result<()> {
    setup::target(setup::TARGET)?;
    setup::component()?;
    shell::run(&mut shell::build())?;
    let scene = Scene::new(Scene::debug_binary())?;
    let (folder, sdk) = (scene.path("lamp"), shell::root().join("sdk/rust"));
    let (lamp, sdk) = (folder.display().to_string(), sdk.display().to_string());
    scene.ok(&["init"], &[])?;
    scene.ok(&["plugin", "new", "lamp", "--into", &lamp, "--sdk", &sdk], &["lamp"])?;
    // The versions the plugins of this repository were tested with, not whatever is newest today.
    fs_err::copy(shell::root().join("plugins/Cargo.lock"), folder.join("Cargo.lock"))?;

    scene.tell("With cargo:");
    build(&["build", "--quiet", "--release", "--target", setup::TARGET], &folder)?;
    pack_and_test(&scene, &lamp, None)?;

    scene.tell("With cargo component:");
    build(&["component", "build", "--quiet", "--release"], &folder)?;
    let component = folder.join("target/wasm32-wasip1/release/plugin.wasm");
    pack_and_test(&scene, &lamp, Some(&component.display().to_string()))
}

fn build(arguments: &[&str], folder: &Path) -> Result<()> {
    println!("  $ cargo {}", arguments.join(" "));
    shell::run(shell::cargo(arguments).current_dir(folder))
}

fn pack_and_test(scene: &Scene, lamp: &str, component: Option<&str>) -> Result<()> {
    let package = scene.path("lamp/package");
    if package.exists() {
        fs_err::remove_dir_all(package)?;
    }
    let mut pack = vec!["plugin", "pack", lamp];
    if let Some(component) = component {
        pack.extend(["--component", component]);
    }
    scene.ok(&pack, &["sha256:"])?;
    scene.ok(&["plugin", "test", lamp], &["ok", "0 failed"])?;
    Ok(())
}
