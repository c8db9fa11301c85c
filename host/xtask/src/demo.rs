//! `cargo xtask demo`: the product's tour. Everything is built, a home is made in a temporary
//! folder, plugins are signed and allowed, a vMix simulator is switched, and what must not happen
//! does not.
//!
//! Each printed line was run and checked; one that is not true fails the demo. A real OBS is used
//! when it is installed, and left out by name when it is not.

mod devices;
mod obs;

use crate::scenario::{self, Scene};
use crate::{plugins, shell};
use anyhow::{Result, ensure};
use devices::{Simulator, Tripwire};

/// Builds, then gives the tour.
pub fn run() -> Result<()> {
    println!("building the host, the simulator and the plugins …");
    // The whole workspace: one set of features, so that tests and tour share every build.
    shell::run(&mut shell::build())?;
    plugins::run()?;
    let simulator = Simulator::start()?;
    let scene = Scene::new(Scene::debug_binary())?;
    home(&scene)?;
    signed_plugin(&scene)?;
    device(&scene, &simulator)?;
    dry_run(&scene, &simulator)?;
    dangerous(&scene, &simulator)?;
    tampered(&scene)?;
    forbidden_write(&scene)?;
    if let Some(server) = if_servers::Server::Obs.missing() {
        scene.tell(&format!("A real OBS is left out: `{server}` is not installed here."));
    } else {
        obs::tour(&scene)?;
    }
    evidence(&scene)?;
    println!("\nEvery line above was run and checked.");
    Ok(())
}

fn home(scene: &Scene) -> Result<()> {
    scene.tell("A home: keys, trust files, a vault, and the log in which everything will stand.");
    scene.ok(&["init", "--no-passphrase"], &["root key:"])?;
    scene.refused(2, &["vmix", "inputs", "studio"], &["vmix", "hint:"])?;
    Ok(())
}

/// Packs, signs, allows and installs a plugin of this repository.
fn bring(scene: &Scene, folder: &str) -> Result<()> {
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let package = scene.word(name);
    scene.ok(&["plugin", "pack", folder, "--out", &package], &["sha256:"])?;
    scene.ok(&["plugin", "sign", &package], &["as publisher"])?;
    scene.ok(&["plugin", "allow", &package], &["allow-list"])?;
    scene.ok(&["plugin", "install", &package], &["installed"])?;
    Ok(())
}

fn signed_plugin(scene: &Scene) -> Result<()> {
    scene.tell("A plugin is a signed WebAssembly component. Unsigned, it is refused.");
    let package = scene.word("vmix");
    scene.ok(&["plugin", "pack", "plugins/vmix", "--out", &package], &["sha256:"])?;
    scene.refused(4, &["plugin", "install", &package], &["IF_ERR_SIGNATURE_MISSING", "hint:"])?;
    scene.ok(&["plugin", "sign", &package], &["as publisher"])?;
    scene.refused(4, &["plugin", "install", &package], &["IF_ERR_NOT_ALLOWED", "hint:"])?;
    scene.ok(&["plugin", "allow", &package], &["allow-list"])?;
    scene.ok(&["plugin", "install", &package], &["installed"])?;
    scene.ok(&["plugin", "list"], &["vmix"])?;
    Ok(())
}

fn device(scene: &Scene, simulator: &Simulator) -> Result<()> {
    scene.tell("A device: here the bundled simulator, which answers as vMix does.");
    let port = simulator.http_port.to_string();
    scene.ok(&["vmix", "add", "studio", "--host", "127.0.0.1", "--port", &port], &["studio"])?;
    scene.ok(&["vmix", "inputs", "studio"], &["Camera 1", "opener.mp4"])?;
    scene.ok(&["vmix", "cut", "studio", "--input", "3", "--why", "show start"], &[])?;
    ensure!(simulator.active()? == 3, "the cut did not arrive");
    scene.ok(&["vmix", "function", "studio", "Fade", "Input=2", "Duration=500"], &[])?;
    ensure!(simulator.active()? == 2, "the fade did not arrive");
    scene.refused(1, &["vmix", "cut", "studio", "--input", "99"], &["IF_ERR_PROVIDER"])?;
    scene.refused(2, &["vmix", "inputs", "studo"], &["IF_ERR_INSTANCE_UNKNOWN", "studio"])?;
    Ok(())
}

fn dry_run(scene: &Scene, simulator: &Simulator) -> Result<()> {
    scene
        .tell("A dry run shows what would be sent. The simulator's state proves that nothing was.");
    let before = simulator.xml()?;
    scene.ok(&["vmix", "cut", "studio", "--input", "1", "--dry-run"], &["Function=Cut"])?;
    ensure!(simulator.xml()? == before, "the dry run changed something");
    Ok(())
}

fn dangerous(scene: &Scene, simulator: &Simulator) -> Result<()> {
    scene
        .tell("What would hurt a show wants a yes; a signed table says which functions those are.");
    let before = simulator.xml()?;
    let stop = ["vmix", "function", "studio", "StopStreaming"];
    scene.refused(4, &stop, &["IF_ERR_CONFIRMATION_NEEDED", "--yes"])?;
    ensure!(simulator.xml()? == before, "the refused command changed something");
    scene.ok(&["vmix", "function", "studio", "StopStreaming", "--yes"], &[])?;
    Ok(())
}

fn tampered(scene: &Scene) -> Result<()> {
    scene.tell("One flipped bit in a signed package, and it is refused.");
    let spoilt = scene.path("vmix-tampered");
    scenario::copy_folder(&scene.path("vmix"), &spoilt)?;
    scenario::tamper(&spoilt.join("component.wasm"))?;
    let spoilt = scene.word("vmix-tampered");
    scene.refused(4, &["plugin", "verify", &spoilt], &["IF_ERR_TAMPERED"])?;
    scene.refused(4, &["plugin", "install", &spoilt], &["IF_ERR_TAMPERED"])?;
    scene.ok(&["plugin", "verify", "vmix"], &["verified"])?;
    Ok(())
}

fn forbidden_write(scene: &Scene) -> Result<()> {
    scene.tell(
        "A hostile plugin, properly signed: its `read` command tries to write. Nothing leaves.",
    );
    bring(scene, "tests/guests/hostile")?;
    let tripwire = Tripwire::set()?;
    let port = tripwire.port.to_string();
    scene.ok(&["hostile", "add", "trap", "--host", "127.0.0.1", "--port", &port], &["trap"])?;
    tripwire.reset()?;
    let by_get = r#"[{"path":"/look?Do=Cut"}]"#;
    for misdeed in [&["sneak-post", "trap"][..], &["send", "trap", by_get]] {
        let line = [&["hostile"], misdeed].concat();
        scene.refused(4, &line, &["IF_ERR_EFFECT_EXCEEDED"])?;
    }
    scene.tell("In a dry run it claims to be done, whatever the host says. Still nothing leaves.");
    scene.ok(&["hostile", "ignore-plan", "trap", "--dry-run"], &["POST"])?;
    ensure!(!tripwire.touched()?, "something arrived at the hostile plugin's device");
    Ok(())
}

fn evidence(scene: &Scene) -> Result<()> {
    scene.tell("Everything is in the log, refusals too: signed, linked, verifiable offline.");
    scene.ok(&["witness", "log", "-n", "8"], &["ok"])?;
    scene.ok(&["witness", "query", "--outcome", "denied"], &["hostile sneak-post trap"])?;
    scene.ok(&["witness", "verify"], &["entries", "verified"])?;
    scene.ok(&["doctor"], &[])?;
    Ok(())
}
