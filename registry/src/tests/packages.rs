//! Packing and installing: what is refused on the way into a package and into a home.

use super::*;
use std::os::unix::fs::symlink;

/// Every file below a folder with its bytes.
fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs_err::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.push((name, fs_err::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn packing_twice_gives_the_same_bytes_and_keeps_approvals() {
    let world = World::new();
    world.pack().unwrap();
    let first = tree(&world.package());
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["component.wasm", "data/sbom.json", "data/words.csv", "manifest.json"]);
    world.pack().unwrap();
    assert_eq!(tree(&world.package()), first);
    world.sign();
    world.pack().unwrap();
    assert_eq!(tree(&world.package()).len(), 5, "the approval stays: the manifest is the same");
    world.write("words.csv", "three\n");
    world.pack().unwrap();
    assert_eq!(tree(&world.package()).len(), 4, "it was for another manifest");
    assert_eq!(fs_err::read_dir(world.path("")).unwrap().count(), 3, "nothing is left over");
}

#[test]
fn packing_takes_a_component_from_elsewhere() {
    let world = World::new();
    fs_err::write(world.path("other.wasm"), component("other")).unwrap();
    let declaration = world.author().join("plugin.toml");
    let other = world.path("other.wasm");
    let packed = pack(&declaration, Some(&other), &world.package(), &mut world.describe()).unwrap();
    assert_eq!(packed.component_digest, if_manifest::sha256(&component("other")));
}

#[test]
fn packing_refuses_to_replace_what_is_no_package() {
    let world = World::new();
    for (name, holds) in [("notes", "notes/me.txt"), ("data", "data/manifest.json/x")] {
        let path = world.path(name).join(holds);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, "mine").unwrap();
        let declaration = world.author().join("plugin.toml");
        let packed = pack(&declaration, None, &world.path(name), &mut world.describe());
        refused(packed, Code::Usage, "is no package");
        assert_eq!(fs_err::read(&path).unwrap(), b"mine");
    }
    let stray = world.package().join("README.md");
    world.pack().unwrap();
    fs_err::write(&stray, "mine").unwrap();
    refused(world.pack(), Code::Usage, "it holds `README.md`");
    assert!(stray.exists());
}

#[test]
fn packing_says_where_the_author_erred() {
    let mut world = World::new();
    let malformed = Code::ManifestMalformed;
    world.write("requests.csv", "Get,read\nSet,harmful\n");
    refused(world.pack(), malformed, "requests.csv:2:1: `harmful` is not");
    world.write("requests.csv", "Get,read\n");
    world.write("plugin.toml", DECLARATION.replace("release = 1", "release = 0"));
    refused(world.pack(), malformed, "predicate.release: must be at least 1");
    world.write("plugin.toml", DECLARATION.replace("release = 1", "releese = 1"));
    refused(world.pack(), malformed, "plugin.toml:5:1: unknown field `releese`");
    world.write("plugin.toml", DECLARATION.replace("\"words.csv\" =", "\"../words.csv\" ="));
    refused(world.pack(), malformed, "`data/../words.csv` must be");
    world.write("plugin.toml", DECLARATION.replace("\"words.csv\" =", "\"sbom.json\" ="));
    refused(world.pack(), Code::Usage, "is made by pack itself");
    world.write("plugin.toml", DECLARATION);
    for (bytes, text) in [
        (b"\0asm\x01\0\0\0".to_vec(), "is a core module"),
        (b"\x7fELF\x02".to_vec(), "is native code"),
        (b"(component)".to_vec(), "is not a WebAssembly component"),
    ] {
        world.write("mixer.wasm", bytes);
        refused(world.pack(), Code::PackageMalformed, text);
    }
    world.write("mixer.wasm", component("mixer"));
    world.description["colour"] = json!(1);
    refused(world.pack(), malformed, "description is not valid: unknown field `colour`");
    world.description.as_object_mut().unwrap().shift_remove("colour");
    world.description["commands"][0]["path"] = json!("add");
    refused(world.pack(), malformed, "every provider has `add`");
    world.description["commands"][0]["path"] = json!("cut");
    world.imports.push("env".to_owned());
    refused(world.pack(), malformed, "`env` must look like");
    let declaration = world.author().join("plugin.toml");
    let broken = pack(&declaration, None, &world.package(), &mut |_| {
        Err(Problem::new(Code::LimitFuel, "it computed too long"))
    });
    refused(broken, Code::LimitFuel, "it computed too long");
    assert!(!world.package().exists(), "nothing was written on any of these ways");
}

#[test]
fn packages_are_read_without_following_links() {
    let world = World::installed();
    let secret = world.path("secret");
    fs_err::write(&secret, component("mixer")).unwrap();
    for file in ["component.wasm", "manifest.json", "data/words.csv", "data", "approvals"] {
        let path = world.installed_file(file);
        fs_err::rename(&path, world.path("kept")).unwrap();
        let at = if world.path("kept").is_dir() { world.path("kept") } else { secret.clone() };
        symlink(at, &path).unwrap();
        let error = world.verify().map(|_| ()).expect_err(file);
        assert_eq!(error.code(), Code::PackageMalformed, "{file}: {error}");
        fs_err::remove_file(&path).unwrap();
        fs_err::rename(world.path("kept"), &path).unwrap();
    }
    assert!(world.verify().is_ok());
}

#[test]
fn files_that_the_manifest_does_not_name_are_refused() {
    let world = World::installed();
    let extra = world.installed_file("data/more.csv");
    fs_err::write(&extra, "x").unwrap();
    refused(world.verify(), Code::PackageMalformed, "data/more.csv: is not in the manifest");
    fs_err::remove_file(&extra).unwrap();
    fs_err::rename(world.installed_file("data/words.csv"), world.path("kept")).unwrap();
    refused(world.verify(), Code::PackageMalformed, "that the manifest names is missing");
    fs_err::rename(world.path("kept"), world.installed_file("data/words.csv")).unwrap();
    let deep = world.installed_file("data/a/b/c/d/e");
    fs_err::create_dir_all(&deep).unwrap();
    refused(world.verify(), Code::PackageMalformed, "is nested too deeply");
    fs_err::remove_dir_all(world.installed_file("data/a")).unwrap();
    for n in 0..33 {
        fs_err::write(world.installed_file(&format!("approvals/{n}")), "{}").unwrap();
    }
    refused(world.verify(), Code::PackageMalformed, "has over 32 entries");
}

#[test]
fn nobody_signs_what_is_not_whole() {
    let world = World::new();
    world.pack().unwrap();
    let expires = NOW.plus_millis(DAY);
    let sign_as = |role| sign(&world.package(), &world.key(), role, expires);
    refused(sign_as(Role::Root), Code::Usage, "publisher or reviewer, not as root");
    fs_err::write(world.package().join("component.wasm"), component("other")).unwrap();
    refused(sign_as(Role::Publisher), Code::Tampered, "component.wasm has digest");
    refused(world.allow_package(), Code::Tampered, "component.wasm has digest");
    fs_err::write(world.package().join("component.wasm"), component("mixer")).unwrap();
    fs_err::write(world.package().join("data/words.csv"), "").unwrap();
    refused(sign_as(Role::Publisher), Code::Tampered, "data/words.csv has digest");
}

#[test]
fn installing_asks_the_component_once_more() {
    let mut world = World::new();
    world.pack().unwrap();
    world.sign();
    world.allow_package().unwrap();
    let honest = world.description.clone();
    world.imports.push("wasi:http/outgoing-handler@0.2.9".to_owned());
    refused(world.install(), Code::ImportsUndeclared, "imports wasi:http/outgoing-handler@0.2");
    world.imports.pop();
    for (pointer, value, part) in [
        ("/summary", json!("another"), "summary"),
        ("/settings/0/required", json!(false), "settings"),
        ("/commands/0/effect", json!("read"), "commands"),
    ] {
        world.description = honest.clone();
        *world.description.pointer_mut(pointer).unwrap() = value;
        refused(world.install(), Code::DescriptionChanged, &format!("in `{part}`"));
    }
    assert!(!world.layout.plugin_dir(&word("mixer")).exists());
    world.description = honest;
    world.install().unwrap();
}

#[test]
fn an_upgrade_replaces_all_and_nothing_goes_back() {
    let world = World::installed();
    world.write(
        "plugin.toml",
        DECLARATION
            .replace("release = 1", "release = 2")
            .replace("1.0.0", "1.1.0")
            .replace("\"words.csv\" = \"words.csv\"", ""),
    );
    let old = world.path("old");
    fs_err::rename(world.package(), &old).unwrap();
    world.pack().unwrap();
    world.sign();
    world.allow_package().unwrap();
    assert!(world.load().is_ok(), "the old one runs until the new one is installed");
    let installed = world.install().unwrap();
    assert_eq!(installed.manifest.release, 2);
    assert!(!world.installed_file("data/words.csv").exists(), "nothing of the old one stays");
    assert_eq!(fs_err::read_dir(world.layout.plugins_dir()).unwrap().count(), 1);
    assert_eq!(Index::open(&world.layout.index_path()).unwrap().words()[0].release, 2);
    // The old package: allowed again, it is still older than what was seen.
    world.allow(&old.display().to_string()).unwrap();
    let back = install(&world.layout, &old, NOW, Some(2), false, &mut world.describe());
    refused(back, Code::RolledBack, "release 2 or higher");
    refused(load(&world.layout, &word("mixer"), NOW, Some(3)), Code::RolledBack, "release 3");
}

#[test]
fn a_renamed_folder_does_not_answer_to_another_word() {
    let world = World::installed();
    fs_err::rename(world.installed_file(""), world.layout.plugin_dir(&word("obs"))).unwrap();
    let text = "it is `mixer`, but stands in the folder of `obs`";
    refused(load(&world.layout, &word("obs"), NOW, None), Code::PackageMalformed, text);
    let target = Target::Installed(word("obs"));
    refused(verify(&world.layout, &target, NOW, None), Code::PackageMalformed, text);
}
