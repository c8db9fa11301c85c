//! A plugin author's first ten minutes: a new plugin builds, packs, passes its test with no device,
//! and runs once it is signed and allowed.

use crate::lab::{Lab, root};
use if_fakes::http::{Canned, HttpFake};
use std::process::Command;

#[test]
fn a_new_plugin_builds_packs_tests_and_runs() {
    let lab = Lab::fresh();
    let folder = lab.path().join("lamp");
    let path = folder.display().to_string();
    let sdk = root().join("sdk/rust").display().to_string();
    lab.run(["plugin", "new", "lamp", "--into", &path, "--sdk", &sdk]).ok();
    lab.run(["plugin", "new", "lamp", "--into", &path, "--sdk", &sdk]).fails("IF_ERR_USAGE", 2);
    build(&folder, &["build"]);
    lab.run(["plugin", "pack", &path]).ok();
    let tested = lab.run(["plugin", "test", &path]).ok();
    assert!(tested.contains("0 failed") && !tested.starts_with("0 passed"), "{tested}");
    let package = folder.join("package").display().to_string();
    for step in ["sign", "allow", "install"] {
        lab.run(["plugin", step, &package]).ok();
    }
    let device = HttpFake::start(|_| Canned::ok(r#"{"greeting": "hello"}"#)).unwrap();
    lab.run(["lamp", "add", "hall", "--host", "127.0.0.1", "--port", &device.port.to_string()])
        .ok();
    assert!(lab.run(["lamp", "--help"]).ok().contains("Usage"));
}

#[test]
fn a_cassette_that_differs_fails_the_plugins_test() {
    let lab = Lab::fresh();
    let folder = lab.path().join("lamp");
    let path = folder.display().to_string();
    let sdk = root().join("sdk/rust").display().to_string();
    lab.run(["plugin", "new", "lamp", "--into", &path, "--sdk", &sdk]).ok();
    build(&folder, &["build"]);
    lab.run(["plugin", "pack", &path]).ok();
    let cassette = folder.join("tests/cassettes/hello.json");
    let text = std::fs::read_to_string(&cassette).unwrap();
    std::fs::write(&cassette, text.replace("GET", "PUT")).unwrap();
    let run = lab.run(["plugin", "test", &path]);
    assert_ne!(run.exit, 0, "{}", run.stdout);
    assert!(run.stdout.contains("FAIL"), "{}", run.stdout);
}

/// Builds with the shared target folder, so that the SDK is compiled once for all tests.
fn build(folder: &std::path::Path, words: &[&str]) {
    let done = Command::new("cargo")
        .args(words)
        .args(["--release", "--target", "wasm32-wasip2"])
        .current_dir(folder)
        .env_remove("RUSTUP_TOOLCHAIN")
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
