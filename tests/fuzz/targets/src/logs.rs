//! The log, as a thief of its key may have written it.

use crate::input::text;
use if_witness::{Leaf, fuzzing as witness, leaf_hash};

/// `leaf`: leaves with a zero byte between them, each signed. What the check calls good is a chain.
pub fn leaves(data: &[u8]) {
    let leaves: Vec<&[u8]> = data.split(|byte| *byte == 0).collect();
    let (report, read) = witness::signed_log(&leaves);
    let good = usize::try_from(report.leaves).unwrap();
    assert_eq!(report.first_problem.is_none(), good == leaves.len());
    let mut before = None;
    for (at, leaf) in read.iter().take(good).enumerate() {
        let leaf: &Leaf = leaf.as_ref().expect("a good leaf can be read");
        assert_eq!(leaf.seq, at as u64);
        assert!(before.is_none_or(|hash| hash == leaf.prev));
        assert_eq!(leaf.log.is_some(), at == 0, "the log has one birth");
        before = Some(leaf_hash(leaves[at]));
    }
    for leaf in read.into_iter().flatten() {
        let written = serde_json::to_vec(&leaf).unwrap();
        assert_eq!(serde_json::from_slice::<Leaf>(&written).unwrap(), leaf);
    }
}

/// `instant`: a time that a person writes.
pub fn instant(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let now = if_core::UnixMillis(1_800_000_000_000);
    if let Some(before) = crate::time::ago(text, now) {
        assert!(before < now, "{text} is not before now");
    }
    let Some(at) = crate::time::instant(text) else { return };
    assert_eq!(crate::time::instant(&crate::time::time(at)), Some(at), "{text}");
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_seeds_log_is_good() {
        let seed = include_bytes!("../../seeds/leaf/two");
        let leaves: Vec<&[u8]> = seed.split(|byte| *byte == 0).collect();
        let (report, _) = if_witness::fuzzing::signed_log(&leaves);
        assert_eq!((report.leaves, report.first_problem), (2, None));
    }
}
