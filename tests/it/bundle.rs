//! Plugins and their trust in one file: the same every time, believed by nobody unasked, whole or
//! not at all.

use crate::lab::Lab;
use serde_json::Value;
use std::fs;

fn bundle(lab: &Lab, plugins: &[&str]) -> (String, Value) {
    let file = lab.path().join("studio.ifbundle").display().to_string();
    let words = ["bundle", "create", &file, "--yes", "--json"];
    let facts = lab.run(words.iter().chain(plugins)).json();
    (file, facts)
}

#[test]
fn the_same_plugins_make_the_same_bytes_and_anybody_may_look() {
    let lab = Lab::with(&["noop", "obs"]);
    let (file, facts) = bundle(&lab, &[]);
    let bytes = fs::read(&file).unwrap();
    fs::write(lab.home().join("config.yaml"), "version: 1\n").unwrap();
    let (_, again) = bundle(&lab, &["obs", "noop"]);
    assert_eq!(
        (&fs::read(&file).unwrap(), &again),
        (&bytes, &facts),
        "another order, another time"
    );
    let packages = facts["packages"].as_array().unwrap();
    let words: Vec<_> = packages.iter().map(|one| one["provider"].as_str().unwrap()).collect();
    assert_eq!(words, ["noop", "obs"]);
    assert!(packages.iter().all(|one| one["sbom"] == true && one["approvers"][0].is_string()));
    assert_eq!(Lab::bare().run(["bundle", "inspect", &file, "--json"]).json(), facts);
    // Without a key and without a secret.
    for word in ["PRIVATE KEY", "vault.age", "host.key"] {
        assert!(!bytes.windows(word.len()).any(|part| part == word.as_bytes()), "{word}");
    }
    lab.run(["bundle", "create", &file]).fails("--yes replaces it", 2);
}

#[test]
fn a_fresh_home_takes_another_root_only_by_its_digest() {
    let lab = Lab::with(&["noop"]);
    let (file, facts) = bundle(&lab, &[]);
    let root = facts["root"]["sha256"].as_str().unwrap();
    let other = Lab::fresh();
    let before = fs::read(other.home().join("trust/root.json")).unwrap();
    let error = other.run(["bundle", "install", &file]).fails("IF_ERR_ROOT_UNKNOWN", 4);
    assert!(error.contains(&format!("--trust-root {root}")), "{error}");
    let wrong = format!("sha256:{}", "0".repeat(64));
    let error = other.run(["bundle", "install", &file, "--trust-root", &wrong]);
    assert!(error.fails("IF_ERR_ROOT_UNKNOWN", 4).contains("do not install this bundle"));
    assert_eq!(fs::read(other.home().join("trust/root.json")).unwrap(), before);
    assert_eq!(other.run(["plugin", "list", "--json"]).json()["plugins"], serde_json::json!([]));

    let installed = other.run(["bundle", "install", &file, "--trust-root", root, "--json"]).json();
    assert_eq!(installed["installed"][0]["provider"], "noop");
    assert_eq!(installed["trust_changed"], true);
    other.run(["noop", "add", "here"]).ok();
    other.run(["noop", "ping", "here"]).ok();
    let log = other.run(["witness", "log"]).ok();
    assert!(log.contains("trust taken over") && log.contains("installed from a bundle"), "{log}");
    // Once more changes nothing; the digest is no longer needed.
    let again = other.run(["bundle", "install", &file, "--json"]).json();
    assert_eq!(again["trust_changed"], false);
}

#[test]
fn a_home_that_has_allowed_something_keeps_its_own_root() {
    let (file, facts) = bundle(&Lab::with(&["noop"]), &[]);
    // The lab goes with its folder, so the bundle is made again where it stays.
    assert!(!std::path::Path::new(&file).exists());
    let lab = Lab::with(&["noop"]);
    let (file, _) = bundle(&lab, &[]);
    let other = Lab::with(&["vmix"]);
    let root = facts["root"]["sha256"].as_str().unwrap();
    let error = other.run(["bundle", "install", &file, "--trust-root", root]);
    assert!(error.fails("IF_ERR_ROOT_UNKNOWN", 4).contains("under its own root"));
}

#[test]
fn newer_lists_of_the_same_root_come_with_it_and_older_ones_never() {
    let (signer, station) = (Lab::with(&["noop", "vmix"]), Lab::with(&["noop", "vmix"]));
    let (old, _) = bundle(&signer, &["noop"]);
    let kept = signer.path().join("old.ifbundle");
    fs::rename(old, &kept).unwrap();
    station.run(["noop", "add", "here"]).ok();
    station.run(["vmix", "list"]).ok();
    signer.run(["plugin", "revoke", "vmix", "--reason", "its author's key was stolen"]).ok();
    let (new, _) = bundle(&signer, &["noop"]);
    let installed = station.run(["bundle", "install", &new, "--json"]).json();
    assert_eq!(installed["trust_changed"], true);
    station.run(["vmix", "state", "nobody"]).fails("IF_ERR_REVOKED", 4);
    // The older bundle is still whole, but takes nothing back.
    let older = station.run(["bundle", "install", kept.to_str().unwrap(), "--json"]).json();
    assert_eq!(older["trust_changed"], false);
    station.run(["vmix", "state", "nobody"]).fails("IF_ERR_REVOKED", 4);
    station.run(["noop", "ping", "here"]).ok();
}

#[test]
fn a_changed_bundle_leaves_everything_as_it_was() {
    let lab = Lab::with(&["noop"]);
    let (file, facts) = bundle(&lab, &[]);
    let root = facts["root"]["sha256"].as_str().unwrap();
    let bytes = fs::read(&file).unwrap();
    let at =
        |word: &str| bytes.windows(word.len()).position(|part| part == word.as_bytes()).unwrap();
    let other = Lab::fresh();
    let before = fs::read(other.home().join("trust/root.json")).unwrap();
    for (place, code) in [
        (at("if://capability") + 8, "IF_ERR_"),
        (at("packages/noop/component.wasm") + 512 + 4096, "IF_ERR_TAMPERED"),
        (at("trust/deny.json") + 512 + 40, "IF_ERR_"),
        (at("packages/noop/data/sbom.json") + 512 + 20, "IF_ERR_TAMPERED"),
    ] {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        fs::write(&file, changed).unwrap();
        let run = other.run(["bundle", "install", &file, "--trust-root", root]);
        assert!(run.stderr.contains(code) && run.exit == 4, "{place}: {run:?}");
        assert_eq!(fs::read(other.home().join("trust/root.json")).unwrap(), before, "{place}");
        assert!(!other.home().join("plugins/noop").exists(), "{place}");
    }
    for length in [0, 100, 1024, bytes.len() / 2, bytes.len() - 1024] {
        fs::write(&file, &bytes[..length]).unwrap();
        let run = other.run(["bundle", "install", &file, "--trust-root", root]);
        assert!(run.exit == 4 && run.stderr.contains("IF_ERR_"), "{length}: {run:?}");
    }
    assert!(!other.home().join("plugins/noop").exists());
}

#[test]
fn only_what_is_named_is_installed_and_a_slip_is_named() {
    let lab = Lab::with(&["noop", "vmix"]);
    let (file, facts) = bundle(&lab, &[]);
    let root = facts["root"]["sha256"].as_str().unwrap();
    let other = Lab::fresh();
    let words = ["bundle", "install", &file, "nop", "--trust-root", root];
    assert!(other.run(words).fails("IF_ERR_PLUGIN_UNKNOWN", 2).contains("did you mean `noop`?"));
    let words = ["bundle", "install", &file, "noop", "--trust-root", root, "--json"];
    let installed = other.run(words).json();
    assert_eq!(installed["installed"].as_array().unwrap().len(), 1);
    lab.run(["bundle", "create", &format!("{file}2"), "nop"]).fails("IF_ERR_PLUGIN_UNKNOWN", 2);
}
