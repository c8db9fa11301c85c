//! Making a package: what the author wrote, what the component says of itself, and its digests,
//! become one manifest. The same inputs give the same bytes.

use crate::declaration::{read_declaration, read_own, read_table};
use crate::files::{make_folder, names};
use crate::imports::beyond_baseline;
use crate::package::{
    APPROVALS_DIR, COMPONENT_BYTES_MAX, DATA_BYTES_MAX, MANIFEST_FILE, check_magic, read_approvals,
    read_manifest,
};
use crate::sbom::{DataFiles, SBOM_FILE, sbom};
use crate::swap::NewFolder;
use crate::{Describe, RegistryError};
use if_core::{CapabilityId, Digest, Word};
use if_manifest::model::{
    COMPONENT_FILE, Declaration, Description, Manifest, PREDICATE_TYPE, PluginKind, Predicate,
    STATEMENT_TYPE, Subject, SubjectDigest, WORLD_POLICY, WORLD_PROVIDER,
};
use if_manifest::{MANIFEST_BYTES_MAX, parse_manifest, parse_strict, sha256};
use semver::Version;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What was packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackReport {
    pub dir: PathBuf,
    pub id: CapabilityId,
    pub provider: Word,
    pub version: Version,
    pub release: u64,
    pub manifest_digest: Digest,
    pub component_digest: Digest,
    /// Beyond the baseline.
    pub imports: Vec<String>,
    /// Command paths.
    pub commands: Vec<String>,
    /// Names inside the package, the manifest not among them.
    pub files: Vec<String>,
}

/// Packs the plugin declared at `declaration` (a plugin.toml) into the folder `out`, asking the
/// component to describe itself. `component` takes the place of the path in plugin.toml. An `out`
/// that holds anything but a package is refused; approvals there stay if the manifest is the same.
pub fn pack(
    declaration: &Path,
    component: Option<&Path>,
    out: &Path,
    describe: &mut Describe<'_>,
) -> Result<PackReport, RegistryError> {
    let parent = declaration.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = parent.unwrap_or(Path::new("."));
    let declared = read_declaration(declaration)?;
    let path = component.map_or_else(|| folder.join(&declared.component), Path::to_owned);
    let component = read_own(&path, COMPONENT_BYTES_MAX)?;
    check_magic(&component)?;
    let (description, imports) = describe(&component)?;
    let description = read_description(&description)?;
    let data = data_files(folder, &declared, sha256(&component))?;
    let subject = subjects(&component, &data);
    let predicate = predicate(folder, declared, description, &imports)?;
    let manifest = Manifest {
        statement_type: STATEMENT_TYPE.to_owned(),
        subject,
        predicate_type: PREDICATE_TYPE.to_owned(),
        predicate,
    };
    let bytes = manifest_bytes(&manifest)?;
    // What we write is what the loader will accept, or it is not written.
    parse_manifest(&bytes)?;
    write(out, &bytes, &component, &data)?;
    Ok(report(out, manifest, sha256(&bytes), sha256(&component)))
}

/// Reads what a component says about itself.
pub(crate) fn read_description(text: &str) -> Result<Description, RegistryError> {
    parse_strict(text.as_bytes(), MANIFEST_BYTES_MAX)
        .map_err(|error| RegistryError::Description(error.to_string()))
}

fn report(out: &Path, manifest: Manifest, digest: Digest, component: Digest) -> PackReport {
    let it = manifest.predicate;
    PackReport {
        dir: out.to_owned(),
        id: it.id,
        provider: it.provider,
        version: it.version,
        release: it.release,
        manifest_digest: digest,
        component_digest: component,
        imports: it.imports,
        commands: it.commands.into_iter().map(|command| command.path).collect(),
        files: manifest.subject.into_iter().map(|subject| subject.name).collect(),
    }
}

fn data_files(
    folder: &Path,
    declared: &Declaration,
    component: Digest,
) -> Result<DataFiles, RegistryError> {
    let mut data = DataFiles::new();
    for (name, path) in &declared.data {
        data.insert(format!("data/{name}"), read_own(&folder.join(path), DATA_BYTES_MAX)?);
    }
    let sbom = sbom(folder, declared, component)?;
    if data.insert(SBOM_FILE.to_owned(), sbom).is_some() {
        return Err(RegistryError::Usage(format!("{SBOM_FILE} is made by pack itself")));
    }
    let total: usize = data.values().map(Vec::len).sum();
    if total > DATA_BYTES_MAX {
        let what = format!("has {total} bytes, more than {DATA_BYTES_MAX}");
        return Err(RegistryError::malformed("data", what));
    }
    Ok(data)
}

fn subjects(component: &[u8], data: &DataFiles) -> Vec<Subject> {
    let subject = |name: &str, bytes: &[u8]| Subject {
        name: name.to_owned(),
        digest: SubjectDigest { sha256: sha256(bytes).hex() },
    };
    let mut subjects = vec![subject(COMPONENT_FILE, component)];
    subjects.extend(data.iter().map(|(name, bytes)| subject(name, bytes)));
    subjects
}

fn predicate(
    folder: &Path,
    declared: Declaration,
    description: Description,
    imports: &[String],
) -> Result<Predicate, RegistryError> {
    let mut tables = BTreeMap::new();
    for (name, path) in &declared.tables {
        tables.insert(name.clone(), read_table(&folder.join(path))?);
    }
    let world = match declared.kind {
        PluginKind::Provider => WORLD_PROVIDER,
        PluginKind::Policy => WORLD_POLICY,
    };
    Ok(Predicate {
        id: declared.id,
        provider: declared.provider,
        version: declared.version,
        release: declared.release,
        category: declared.category,
        kind: declared.kind,
        world: world.to_owned(),
        summary: description.summary,
        imports: beyond_baseline(imports).into_iter().collect(),
        scopes: declared.scopes,
        endpoints: declared.endpoints,
        secrets: declared.secrets,
        captures: declared.captures,
        discover: declared.discover,
        echoes: declared.echoes,
        limits: declared.limits,
        settings: description.settings,
        commands: description.commands,
        tables,
        prices: declared.prices,
        currency: declared.currency,
        rules: description.rules,
    })
}

/// Pretty JSON in the order of the types, and a newline: reviewers read it, `diff` compares it.
fn manifest_bytes(manifest: &Manifest) -> Result<Vec<u8>, RegistryError> {
    let mut bytes = serde_json::to_vec_pretty(manifest)
        .map_err(|error| RegistryError::malformed(MANIFEST_FILE, error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn write(
    out: &Path,
    manifest: &[u8],
    component: &[u8],
    data: &DataFiles,
) -> Result<(), RegistryError> {
    refuse_foreign(out)?;
    let parent = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    make_folder(parent)?;
    let new = NewFolder::beside(parent)?;
    new.write(COMPONENT_FILE, component)?;
    new.write(MANIFEST_FILE, manifest)?;
    for (name, bytes) in data {
        new.write(name, bytes)?;
    }
    let same = out.join(MANIFEST_FILE).exists() && read_manifest(out)? == manifest;
    if same {
        for (name, bytes) in read_approvals(out)? {
            new.write(&format!("{APPROVALS_DIR}/{name}"), &bytes)?;
        }
    }
    new.replace(out)
}

/// The folder is replaced as a whole: it must be new, empty, or a package.
fn refuse_foreign(out: &Path) -> Result<(), RegistryError> {
    const OWN: [&str; 4] = [APPROVALS_DIR, COMPONENT_FILE, "data", MANIFEST_FILE];
    let found = names(out, OWN.len() + 1)?;
    let package = found.is_empty() || found.iter().any(|name| name == MANIFEST_FILE);
    match found.iter().find(|name| !OWN.contains(&name.as_str())) {
        None if package => Ok(()),
        foreign => {
            let name = foreign.or(found.first()).cloned().unwrap_or_default();
            Err(RegistryError::Usage(format!(
                "{} is no package (it holds `{name}`): name an empty or new folder",
                out.display()
            )))
        }
    }
}
