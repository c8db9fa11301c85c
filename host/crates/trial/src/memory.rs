//! What the program took of memory: the kernel counts the highest of all its processes that have
//! ended, exactly; whoever looked from outside would miss the last moment.

use nix::sys::resource::{UsageWho, getrusage};

/// What an attack may cost the host beside what honest commands cost it.
pub(crate) const MORE_KIB_MAX: u64 = 128 << 10;

/// The most that one process of the program took so far.
pub(crate) fn peak_kib() -> std::io::Result<u64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok(u64::try_from(usage.max_rss()).unwrap_or_default())
}

/// How much more than honest commands an attack took, when that is too much. The peak only rises,
/// so what was there before the attack was not its doing.
pub(crate) fn too_much(honest_kib: u64, before_kib: u64, after_kib: u64) -> Option<u64> {
    let more = after_kib.saturating_sub(honest_kib);
    (after_kib > before_kib && more > MORE_KIB_MAX).then_some(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_raises_the_peak_too_far_is_named_and_nobody_after_it() {
        let over = 50_000 + MORE_KIB_MAX + 1;
        assert_eq!(too_much(50_000, 50_000, over - 1), None);
        assert_eq!(too_much(50_000, 50_000, over), Some(MORE_KIB_MAX + 1));
        assert_eq!(too_much(50_000, over, over), None);
        assert_eq!(too_much(50_000, over, over + 1), Some(MORE_KIB_MAX + 2));
    }
}
