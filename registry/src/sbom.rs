//! What a component was built from, as CycloneDX 1.5 JSON (cyclonedx.org/docs/1.5/json).
//!
//! Read from the Cargo.lock next to the plugin or above it: the packages reachable from its own. A
//! lock file does not say which of them were compiled in, so build and test dependencies are
//! listed too: too much rather than too little. No time and no serial number: the same lock file
//! gives the same bytes.

use crate::RegistryError;
use crate::declaration::read_own;
use if_core::Digest;
use if_manifest::model::Declaration;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Largest lock file; that of a large workspace has 400 KiB.
const LOCK_BYTES_MAX: usize = 16 << 20;

/// How many folders up to look for it.
const PARENTS_MAX: usize = 8;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct CargoToml {
    package: Option<CargoPackage>,
}

#[derive(Deserialize)]
struct CargoPackage {
    name: String,
}

/// The SBOM of the plugin whose plugin.toml is in `folder`, as the bytes of `data/sbom.json`.
pub(crate) fn sbom(
    folder: &Path,
    declaration: &Declaration,
    component: Digest,
) -> Result<Vec<u8>, RegistryError> {
    let lock = find_lock(folder)?;
    let root = cargo_name(folder)?;
    let used = reachable(&lock, root.as_deref());
    let packages: Vec<&Locked> =
        lock.package.iter().filter(|it| used.contains(&it.key())).collect();
    let components: Vec<Value> = packages
        .iter()
        .filter(|it| root.as_deref() != Some(it.name.as_str()))
        .map(|it| library(it))
        .collect();
    let dependencies: Vec<Value> = packages
        .iter()
        .map(|it| {
            let of: BTreeSet<String> =
                it.dependencies.iter().filter_map(|line| resolve(&lock, line)).map(purl).collect();
            json!({"ref": purl(it), "dependsOn": of})
        })
        .collect();
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {
            "type": "application",
            "bom-ref": declaration.id.as_str(),
            "name": declaration.id.name(),
            "version": declaration.version.to_string(),
            "hashes": [{"alg": "SHA-256", "content": component.hex()}],
        }},
        "components": components,
        "dependencies": dependencies,
    });
    let mut bytes = serde_json::to_vec_pretty(&document)
        .map_err(|error| RegistryError::malformed("data/sbom.json", error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

impl Locked {
    fn key(&self) -> (&str, &str) {
        (&self.name, &self.version)
    }
}

fn purl(it: &Locked) -> String {
    format!("pkg:cargo/{}@{}", it.name, it.version)
}

fn library(it: &Locked) -> Value {
    let mut value = json!({
        "type": "library", "bom-ref": purl(it), "name": it.name, "version": it.version,
        "purl": purl(it),
    });
    if let (Some(members), Some(checksum)) = (value.as_object_mut(), &it.checksum) {
        members.insert("hashes".into(), json!([{"alg": "SHA-256", "content": checksum}]));
    }
    value
}

/// `name`, `name version` or `name version (source)`, as Cargo.lock writes a dependency.
fn resolve<'a>(lock: &'a Lock, line: &str) -> Option<&'a Locked> {
    let mut words = line.split(' ');
    let (name, version) = (words.next()?, words.next());
    lock.package
        .iter()
        .find(|it| it.name == name && version.is_none_or(|version| it.version == version))
}

/// Everything below `root`; everything there is when the root is not known.
fn reachable<'a>(lock: &'a Lock, root: Option<&str>) -> BTreeSet<(&'a str, &'a str)> {
    let mut open: Vec<&Locked> = match root {
        Some(root) => lock.package.iter().filter(|it| it.name == root).collect(),
        None => lock.package.iter().collect(),
    };
    let mut used = BTreeSet::new();
    while let Some(it) = open.pop() {
        if used.insert(it.key()) {
            open.extend(it.dependencies.iter().filter_map(|line| resolve(lock, line)));
        }
    }
    used
}

fn find_lock(folder: &Path) -> Result<Lock, RegistryError> {
    let folder = fs_err::canonicalize(folder)?;
    for above in folder.ancestors().take(PARENTS_MAX) {
        let path = above.join("Cargo.lock");
        if path.is_file() {
            return parse(&path);
        }
    }
    Ok(Lock { package: Vec::new() })
}

fn cargo_name(folder: &Path) -> Result<Option<String>, RegistryError> {
    let path = folder.join("Cargo.toml");
    if !path.is_file() {
        return Ok(None);
    }
    let cargo: CargoToml = parse(&path)?;
    Ok(cargo.package.map(|package| package.name))
}

fn parse<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, RegistryError> {
    let shown = || path.display().to_string();
    let text = String::from_utf8(read_own(path, LOCK_BYTES_MAX)?)
        .map_err(|_| RegistryError::malformed(shown(), "is not UTF-8"))?;
    toml::from_str(&text).map_err(|error| RegistryError::malformed(shown(), error.message()))
}

/// The names of the data files a package gets without being asked.
pub(crate) const SBOM_FILE: &str = "data/sbom.json";

/// Data files by their name in the package.
pub(crate) type DataFiles = BTreeMap<String, Vec<u8>>;

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4
[[package]]
name = "plugin"
version = "0.1.0"
dependencies = ["b 2.0.0", "a"]
[[package]]
name = "a"
version = "1.0.0"
source = "registry+x"
checksum = "aa"
dependencies = ["b 1.0.0"]
[[package]]
name = "b"
version = "1.0.0"
[[package]]
name = "b"
version = "2.0.0"
[[package]]
name = "unrelated"
version = "1.0.0"
"#;

    fn names(bytes: &[u8]) -> Vec<String> {
        let document: Value = serde_json::from_slice(bytes).unwrap();
        let list = document["components"].as_array().unwrap();
        list.iter().map(|one| one["bom-ref"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn lists_what_the_plugin_reaches_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let plugin = folder.path().join("plugin");
        fs_err::create_dir(&plugin).unwrap();
        let declaration: Declaration = toml::from_str(
            "id = \"if://capability/x.y\"\nprovider = \"x\"\nversion = \"1.0.0\"\nrelease = 1\n\
             component = \"c.wasm\"",
        )
        .unwrap();
        let digest = Digest::from_bytes([7; 32]);
        let make = || sbom(&plugin, &declaration, digest).unwrap();
        assert!(names(&make()).is_empty(), "no lock file, no libraries");
        fs_err::write(folder.path().join("Cargo.lock"), LOCK).unwrap();
        assert_eq!(names(&make()).len(), 5, "without a Cargo.toml all of the lock file");
        fs_err::write(plugin.join("Cargo.toml"), "[package]\nname = \"plugin\"").unwrap();
        let expect = ["pkg:cargo/a@1.0.0", "pkg:cargo/b@1.0.0", "pkg:cargo/b@2.0.0"];
        assert_eq!(names(&make()), expect);
        assert_eq!(make(), make());
        let document: Value = serde_json::from_slice(&make()).unwrap();
        assert_eq!(document["components"][0]["hashes"][0]["content"], "aa");
        assert_eq!(document["dependencies"][1]["dependsOn"], json!(["pkg:cargo/b@1.0.0"]));
        assert_eq!(document["metadata"]["component"]["hashes"][0]["content"], digest.hex());
    }
}
