//! `lint`: every fault with its place, and exit code 2.

use crate::lab::{Lab, root};
use serde_json::Value;
use std::fs;

/// `file:line:column code` of each finding.
fn places(lab: &Lab, words: &[&str]) -> Vec<String> {
    let run = lab.run(["lint", "--json"].iter().chain(words));
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(run.exit, if findings.is_empty() { 0 } else { 2 }, "{}", run.stderr);
    let place = |one: &Value| {
        let file = one["file"].as_str().unwrap().rsplit('/').next().unwrap();
        format!("{file}:{}:{} {}", one["line"], one["column"], one["code"].as_str().unwrap())
    };
    findings.iter().map(place).collect()
}

#[test]
fn a_sound_home_has_nothing_to_say() {
    let lab = Lab::with(&["vmix"]);
    lab.run(["vmix", "add", "switcher", "--host", "127.0.0.1", "--port", "9"]).ok();
    assert_eq!(places(&lab, &[]), Vec::<String>::new());
    assert!(lab.run(["lint"]).ok().contains("nothing is wrong"));
}

#[test]
fn a_price_of_what_is_not_there_is_a_fault() {
    let lab = Lab::with(&["vmix"]);
    let write = |text: &str| fs::write(lab.home().join("prices.yaml"), text).unwrap();
    write(
        "prices:\n  - {provider: vmix, command: cut, currency: EUR}\n  \
         - {provider: vmix, command: cutt, currency: EUR}\n  - {provider: obs, currency: EUR}\n",
    );
    assert_eq!(places(&lab, &[]), ["prices.yaml:0:0 IF_ERR_CONFIG"; 2]);
    write("prices:\n  - provider: vmix\n    currency: euro\n");
    assert_eq!(places(&lab, &[]), ["prices.yaml:3:15 IF_ERR_CONFIG"]);
}

#[test]
fn every_fault_of_a_home_is_shown_with_its_place() {
    let lab = Lab::with(&["vmix"]);
    let write = |name: &str, text: &str| fs::write(lab.home().join(name), text).unwrap();
    write(
        "config.yaml",
        "contexts:\n  a:\n    instances:\n      vmix: swicher\n      obs: studio\n",
    );
    write(
        "providers/vmix.yaml",
        "instances:\n  switcher:\n    host: h\n    prot: 1\n  other:\n    port: 0\n",
    );
    write("providers/obs.yaml", "instances:\n  studio:\n    password: hunter2hunter2\n");
    write("providers/note.txt", "");
    assert_eq!(
        places(&lab, &[]),
        [
            "config.yaml:4:13 IF_ERR_CONFIG",
            "config.yaml:5:12 IF_ERR_CONFIG",
            "note.txt:0:0 IF_ERR_CONFIG",
            "obs.yaml:3:5 IF_ERR_CONFIG",
            "obs.yaml:0:0 IF_ERR_CONFIG",
            "vmix.yaml:4:5 IF_ERR_CONFIG",
            "vmix.yaml:5:3 IF_ERR_CONFIG",
            "vmix.yaml:6:5 IF_ERR_CONFIG",
        ]
    );
    let text = lab.run(["lint"]);
    assert!(text.stdout.contains("hint: did you mean `switcher`?"), "{}", text.stdout);
    assert!(text.stdout.contains("vmix.yaml:4:5: "), "{}", text.stdout);
    assert!(!text.stdout.contains("hunter2"), "{}", text.stdout);
    assert!(text.fails("IF_ERR_CONFIG", 2).contains("8 things are wrong"));
}

#[test]
fn broken_yaml_and_a_spoilt_package_have_their_places() {
    let lab = Lab::with(&["noop"]);
    fs::write(lab.home().join("config.yaml"), "defaults:\n  timeout: 1\n").unwrap();
    let manifest = lab.home().join("plugins/noop/manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let line = text.lines().position(|line| line.contains("\"release\"")).unwrap() + 1;
    fs::write(&manifest, text.replace("\"release\": 1", "\"release\": 0")).unwrap();
    let found = places(&lab, &[]);
    assert_eq!(found[0], "config.yaml:2:3 IF_ERR_CONFIG");
    let expect = format!("manifest.json:{line}:");
    assert!(
        found[1].starts_with(&expect) && found[1].ends_with("IF_ERR_MANIFEST_MALFORMED"),
        "{found:?}"
    );
}

#[test]
fn an_authors_folder_is_linted_without_a_home() {
    let lab = Lab::bare();
    for plugin in ["obs", "vmix"] {
        let folder = root().join("plugins").join(plugin).display().to_string();
        assert_eq!(places(&lab, &[&folder]), Vec::<String>::new());
    }
    let folder = lab.path().join("mine");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("plugin.toml"), "id = \"if://capability/a.b\"\nprovider = 3\n").unwrap();
    let folder = folder.display().to_string();
    assert_eq!(places(&lab, &[&folder]), ["plugin.toml:2:12 IF_ERR_MANIFEST_MALFORMED"]);
    lab.run(["lint", &lab.path().display().to_string()]).fails("IF_ERR_USAGE", 2);
}
