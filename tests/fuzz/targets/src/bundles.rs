//! A bundle for a machine without a network: a tar that anybody may have packed.

use if_registry::fuzzing as registry;

/// `bundle`: what is read is inside its own folder, and is the same when it is written anew.
pub fn bundle(data: &[u8]) {
    let Ok(bundle) = registry::bundle(data) else { return };
    for package in bundle.packages.values() {
        assert!(!package.component.is_empty() && !package.manifest.is_empty());
        for name in package.data.keys().chain(package.approvals.keys()) {
            let odd = |part: &str| part.is_empty() || part == "." || part == "..";
            assert!(!name.split('/').any(odd), "{name} leads out of the package");
        }
    }
    let mut written = Vec::new();
    // A name that the reader takes from an extended header may be too odd for the writer.
    if bundle.write(&mut written).is_err() {
        return;
    }
    let anew = registry::bundle(&written).expect("its own writing is a bundle");
    assert_eq!(anew.trust.root, bundle.trust.root);
    assert!(anew.packages.keys().eq(bundle.packages.keys()));
    for (word, package) in &bundle.packages {
        let other = &anew.packages[word];
        assert_eq!(other.component, package.component);
        assert_eq!((&other.data, &other.approvals), (&package.data, &package.approvals));
    }
}
