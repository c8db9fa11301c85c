//! `cargo xtask minimal`: the host without its default features is a product too. It is built,
//! shown to carry no network and no vault, tested, and taken through its whole promise: verify a
//! signed component, run it with everything denied, witness it, verify the log offline.

use crate::scenario::Scene;
use crate::{plugins, shell};
use anyhow::{Result, bail};

/// What must not be in it: anything that opens a connection or decrypts a secret. `hyper` alone
/// may:
/// it is the vocabulary of wasi:http and, without `hyper-util`, has no socket to speak over.
const ABSENT: &[&str] = &[
    "if-broker",
    "if-vault",
    "if-keyring",
    "secret-service",
    "zbus",
    "age",
    "hyper-util",
    "rustls",
    "tokio-rustls",
    "tokio-tungstenite",
    "tungstenite",
];

/// The host, with its helpers.
const PACKAGES: &[&str] = &[
    "--no-default-features",
    "--package=infrafabric",
    "--package=if-compiler",
    "--package=if-worker",
];

const PROGRAMS: &[&str] = &["--bin=ifctl", "--bin=ifctl-compile", "--bin=ifctl-worker"];

/// All our crates without their default features, but for the one that asks for the live host.
/// Chosen together with the rest, the host's dependencies are those that the full build compiled
/// already: to compile them once more took a quarter of an hour.
pub const BESIDE_THE_REST: &[&str] = &["--no-default-features", "--workspace", "--exclude=if-fuzz"];

/// Runs the command.
pub fn run() -> Result<()> {
    let minimal = ["--package", "infrafabric", "--no-default-features"];
    let tree = ["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let tree = shell::output(shell::cargo(&tree).args(minimal))?;
    if let Some(carried) = carried(&tree) {
        bail!("the minimal host carries {carried}");
    }
    // With exactly its own features it must at least be sound.
    shell::run(shell::cargo(&["check", "--quiet"]).args(PACKAGES))?;
    // With an example, cargo counts the features that tests ask for, as the full build did.
    let built = ["build", "--quiet", "--examples"];
    shell::run(shell::cargo(&built).args(PROGRAMS).args(BESIDE_THE_REST))?;
    shell::run(shell::cargo(&["test", "--quiet"]).args(PROGRAMS).args(BESIDE_THE_REST))?;
    plugins::run()?;
    walk(&Scene::new(Scene::debug_binary())?)
}

/// The first package of a `cargo tree` that has no place in it.
fn carried(tree: &str) -> Option<&str> {
    let mut names = tree.lines().filter_map(|line| line.split(' ').next());
    names.find(|name| ABSENT.contains(name))
}

fn walk(scene: &Scene) -> Result<()> {
    let package = scene.word("noop");
    // It cannot encrypt, and says so instead of leaving a key in the clear unasked.
    scene.refused(4, &["init"], &["IF_ERR_PASSPHRASE", "init --no-passphrase"])?;
    scene.ok(&["init", "--no-passphrase"], &["root key:"])?;
    scene.ok(&["plugin", "pack", "tests/guests/noop", "--out", &package], &["sha256:"])?;
    scene.refused(4, &["plugin", "install", &package], &["IF_ERR_SIGNATURE_MISSING"])?;
    scene.ok(&["plugin", "sign", &package], &["as publisher"])?;
    scene.ok(&["plugin", "allow", &package], &["allow-list"])?;
    scene.ok(&["plugin", "install", &package], &["installed"])?;
    scene.ok(&["noop", "add", "here"], &["here"])?;
    scene.ok(&["noop", "ping", "here", "colour=blue"], &["blue"])?;
    scene.ok(&["witness", "log"], &["noop ping"])?;
    scene.ok(&["witness", "verify"], &["entries", "verified"])?;
    scene.refused(2, &["secret", "list"], &[])?;
    scene.ok(&["doctor", "sandbox"], &["computes for ever", "attacks held"])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_in_the_tree_is_found() {
        let tree = "infrafabric v0.1.0 (/x)\nserde v1.0.0\nhyper v1.0.0\n";
        assert_eq!(carried(tree), None);
        assert_eq!(carried(&format!("{tree}rustls v1.2.3\n")), Some("rustls"));
        assert_eq!(carried(&format!("{tree}if-vault v0.1.0 (/x)\n")), Some("if-vault"));
    }
}
