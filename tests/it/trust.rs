//! Nothing unsigned, unlisted, revoked, rolled back or altered runs, and each refusal says what to
//! do.

use crate::lab::Lab;
use std::fs;
use std::path::Path;
use std::process::Stdio;

/// Installs up to the step before `until`, and gives the package's folder.
fn packed(lab: &Lab) -> String {
    lab.package("noop")
}

fn flip_last_byte(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn an_unsigned_then_an_unlisted_package_is_refused_with_the_next_line() {
    let lab = Lab::fresh();
    let package = packed(&lab);
    let error = lab.run(["plugin", "install", &package]).fails("IF_ERR_SIGNATURE_MISSING", 4);
    assert!(error.contains("ifctl plugin sign"), "{error}");
    lab.run(["plugin", "sign", &package]).ok();
    let error = lab.run(["plugin", "install", &package]).fails("IF_ERR_NOT_ALLOWED", 4);
    assert!(error.contains("ifctl plugin allow"), "{error}");
    lab.run(["plugin", "allow", &package]).ok();
    lab.run(["plugin", "install", &package]).ok();
    lab.run(["noop", "add", "here"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
}

#[test]
fn an_author_packs_without_a_home() {
    let lab = Lab::bare();
    let package = packed(&lab);
    assert!(Path::new(&package).join("manifest.json").exists() && !lab.home().exists());
}

#[test]
fn a_changed_component_is_refused_before_it_is_compiled() {
    let lab = Lab::with(&["noop"]);
    flip_last_byte(&lab.home().join("plugins/noop/component.wasm"));
    // The cache still holds what was signed; without it, the changed bytes would have to be read.
    fs::remove_dir_all(lab.path().join("cache")).unwrap();
    lab.run(["noop", "add", "here"]).fails("IF_ERR_TAMPERED", 4);
    lab.run(["noop", "ping", "here"]).fails("IF_ERR_TAMPERED", 4);
    lab.run(["plugin", "verify", "noop"]).fails("IF_ERR_TAMPERED", 4);
}

#[test]
fn a_changed_manifest_loses_its_approvals() {
    let lab = Lab::with(&["noop"]);
    let manifest = lab.home().join("plugins/noop/manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"read\"", "\"write\"")).unwrap();
    let run = lab.run(["noop", "list"]);
    assert_eq!(run.exit, 0);
    let error = lab.run(["plugin", "verify", "noop"]);
    assert_eq!(error.exit, 4, "{}", error.stderr);
}

#[test]
fn an_unknown_manifest_field_is_refused_although_it_is_signed() {
    let lab = Lab::fresh();
    let package = packed(&lab);
    let manifest = Path::new(&package).join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let text = text.replacen("\"predicate\": {", "\"predicate\": {\n    \"telepathy\": true,", 1);
    assert!(text.contains("telepathy"));
    fs::write(&manifest, text).unwrap();
    let run = lab.run(["plugin", "sign", &package]);
    let error = if run.exit == 0 { lab.run(["plugin", "allow", &package]) } else { run };
    let error = error.fails("IF_ERR_MANIFEST_MALFORMED", 4);
    assert!(error.contains("telepathy"), "{error}");
}

#[test]
fn a_revoked_plugin_never_runs_again() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    lab.run(["plugin", "revoke", "noop", "--reason", "found wanting"]).ok();
    let error = lab.run(["noop", "ping", "here"]).fails("IF_ERR_REVOKED", 4);
    assert!(error.contains("found wanting"), "{error}");
    let denied = lab.run(["witness", "query", "--outcome", "denied", "--json"]).json();
    assert_eq!(denied["entries"].as_array().unwrap().len(), 1);
}

#[test]
fn an_older_release_than_one_that_ran_is_refused() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let old = lab.path().join("old");
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .arg(lab.home().join("plugins/noop"))
        .arg(&old)
        .status();
    assert!(copied.unwrap().success());
    let newer = source_with(&lab, |text| {
        text.replace("release = 1", "release = 2").replace("0.1.0", "0.2.0")
    });
    let package = lab.path().join("newer").display().to_string();
    lab.run(["plugin", "pack", &newer, "--out", &package]).ok();
    for step in ["sign", "allow", "install"] {
        lab.run(["plugin", step, &package]).ok();
    }
    lab.run(["noop", "ping", "here"]).ok();
    fs::remove_dir_all(lab.home().join("plugins/noop")).unwrap();
    fs::rename(old, lab.home().join("plugins/noop")).unwrap();
    lab.run(["noop", "ping", "here"]).fails("IF_ERR_ROLLED_BACK", 4);
}

#[test]
fn a_component_that_imports_more_than_its_manifest_says_is_refused() {
    let lab = Lab::fresh();
    let package = lab.package("undeclared");
    let manifest = Path::new(&package).join("manifest.json");
    let mut value: serde_json::Value =
        serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    let imports = value["predicate"]["imports"].as_array_mut().unwrap();
    assert!(imports.iter().any(|import| import.as_str().unwrap().contains("state")), "{imports:?}");
    imports.retain(|import| !import.as_str().unwrap().contains("state"));
    fs::write(&manifest, serde_json::to_vec_pretty(&value).unwrap()).unwrap();
    for step in ["sign", "allow"] {
        lab.run(["plugin", step, &package]).ok();
    }
    let error = lab.run(["plugin", "install", &package]).fails("IF_ERR_IMPORTS_UNDECLARED", 4);
    assert!(error.contains("infrafabric:adapter/state"), "{error}");
}

#[test]
fn a_component_described_otherwise_than_signed_is_refused() {
    let lab = Lab::fresh();
    let package = packed(&lab);
    let manifest = Path::new(&package).join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("returns its arguments", "returns your money")).unwrap();
    for step in ["sign", "allow"] {
        lab.run(["plugin", step, &package]).ok();
    }
    lab.run(["plugin", "install", &package]).fails("IF_ERR_DESCRIPTION_CHANGED", 4);
}

#[test]
fn compiled_code_that_was_exchanged_is_never_run() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let artefacts: Vec<_> = lab
        .files()
        .into_iter()
        .filter(|(path, _)| path.starts_with(lab.path().join("cache")))
        .collect();
    assert!(!artefacts.is_empty());
    for (path, bytes) in &artefacts {
        let mut poisoned = bytes.clone();
        let middle = poisoned.len() / 2;
        poisoned[middle] ^= 0xff;
        fs::write(path, poisoned).unwrap();
    }
    lab.run(["noop", "ping", "here"]).ok();
    for (path, bytes) in &artefacts {
        assert!(
            !path.exists() || &fs::read(path).unwrap() == bytes,
            "{} was not made anew",
            path.display()
        );
    }
}

#[test]
fn commands_at_once_and_one_killed_in_the_middle_fill_the_cache_whole() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let cache = lab.path().join("cache");
    let ping = || {
        let mut line = lab.command(["noop", "ping", "here"]);
        line.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    for killed in [true, false] {
        fs::remove_dir_all(&cache).unwrap();
        let mut running: Vec<_> = (0..6).map(|_| ping()).collect();
        if killed {
            // Whoever it was: it may have been compiling, writing or renaming.
            running.iter_mut().step_by(2).for_each(|one| one.kill().unwrap());
        }
        for (place, mut one) in running.into_iter().enumerate() {
            let well = one.wait().unwrap().success();
            assert!(well || (killed && place % 2 == 0), "{place}");
        }
        lab.run(["noop", "ping", "here"]).ok();
    }
    let whole = lab.files().into_iter().filter(|(path, _)| {
        path.starts_with(&cache) && path.extension().is_some_and(|end| end == "aot")
    });
    assert_eq!(whole.count(), 1);
}

/// A copy of the noop plugin's folder with a changed plugin.toml.
fn source_with(lab: &Lab, change: impl Fn(String) -> String) -> String {
    let folder = lab.path().join("source");
    fs::create_dir_all(&folder).unwrap();
    let original = crate::lab::root().join("tests/guests/noop");
    let text = fs::read_to_string(original.join("plugin.toml")).unwrap();
    let component = fs::canonicalize(original.join(component_of(&text))).unwrap();
    let text = text.replace(&component_of(&text), component.to_str().unwrap());
    fs::write(folder.join("plugin.toml"), change(text)).unwrap();
    folder.display().to_string()
}

fn component_of(declaration: &str) -> String {
    let line = declaration.lines().find(|line| line.starts_with("component")).unwrap();
    line.split('"').nth(1).unwrap().to_owned()
}

#[test]
fn an_upgrade_that_may_do_more_is_read_before_it_is_allowed() {
    let lab = Lab::with(&["noop"]);
    let newer = |lab: &Lab, tail: &str| {
        let source = source_with(lab, |text| {
            let text = text.replace("release = 1", "release = 2").replace("0.1.0", "0.2.0");
            format!("{tail}\n{text}")
        });
        let package = lab.path().join("newer").display().to_string();
        let _ = fs::remove_dir_all(&package);
        lab.run(["plugin", "pack", &source, "--out", &package]).ok();
        lab.run(["plugin", "sign", &package]).ok();
        package
    };
    let same = newer(&lab, "");
    let diff = lab.run(["plugin", "diff", "noop", &same, "--json"]).json();
    assert_eq!((&diff["widens"], &diff["differences"]), (&false.into(), &serde_json::json!([])));
    assert_eq!((&diff["from"]["release"], &diff["to"]["release"]), (&1.into(), &2.into()));
    lab.run(["plugin", "allow", &same]).ok();

    let wider = newer(&lab, "echoes = true\nscopes = [\"studio:own\"]");
    let text = lab.run(["plugin", "diff", "noop", &wider]).ok();
    assert!(text.contains("widens   echoes answers: new: may repeat secrets"), "{text}");
    assert!(text.contains("widens   scope studio:own"), "{text}");
    let back = lab.run(["plugin", "diff", &wider, "noop"]).ok();
    assert!(back.contains("narrows  echoes answers: gone"), "{back}");
    let error = lab.run(["plugin", "allow", &wider]).fails("IF_ERR_CONFIRMATION_NEEDED", 4);
    assert!(error.contains("because: widens   echoes") && error.contains("plugin diff"), "{error}");
    lab.run(["plugin", "install", &wider]).fails("IF_ERR_NOT_ALLOWED", 4);
    lab.run(["plugin", "allow", &wider, "--yes"]).ok();
    lab.run(["plugin", "install", &wider]).ok();
}

#[test]
fn a_word_behind_the_program_is_nobody_elses() {
    let lab = Lab::with(&["noop"]);
    let other = lab.path().join("other").display().to_string();
    let pack = |from: &str, to: &str| {
        let source = source_with(&lab, |text| text.replace(from, to));
        let _ = fs::remove_dir_all(&other);
        lab.run(["plugin", "pack", &source, "--out", &other])
    };
    // Another plugin under the word of one that is allowed.
    pack("id = \"if://capability/test.noop\"", "id = \"if://capability/test.squatter\"").ok();
    lab.run(["plugin", "sign", &other]).ok();
    let said = lab.run(["plugin", "allow", &other, "--yes"]).fails("error[IF_ERR_USAGE]", 2);
    assert!(said.contains("the word `noop` belongs to if://capability/test.noop"), "{said}");
    lab.run(["plugin", "install", &other]).fails("error[IF_ERR_NOT_ALLOWED]", 4);
    // Words that the program itself answers to, and words that only look like another.
    for word in
        ["secret", "plugin", "trust", "doctor", "n\u{043e}op", "Noop", "noop\u{200b}", "-noop"]
    {
        let run = pack("provider = \"noop\"", &format!("provider = \"{word}\""));
        run.fails("error[IF_ERR_MANIFEST_MALFORMED]", 4);
    }
    let shown = lab.run(["plugin", "list", "--json"]).json();
    assert!(shown.to_string().contains("if://capability/test.noop"), "{shown}");
}
