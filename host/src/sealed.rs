//! What this process leaves behind: nothing of its memory when it dies, nothing of a secret in what
//! it has freed.
//!
//! Secrets live in it while a command runs. A core dump would write them to a disk, and a tracer of
//! the same user could read them; both are switched off before the first word is parsed. Neither is
//! a wall against the machine's administrator.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use std::alloc::System;
use zeroizing_alloc::ZeroAlloc;

/// Zeroes whatever is freed. Our own values are zeroed where they end; the libraries that write
/// them on the wire and search for them in answers make copies that nobody else could reach.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// No core file, no pipe to a crash reporter, no tracer; children inherit the first.
///
/// A kernel that refuses one of them has no such thing to switch off, and the command goes on.
pub fn seal() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{dumpable_behavior, getrlimit};

    #[test]
    fn a_sealed_process_dumps_no_memory() {
        seal();
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
        let core = getrlimit(Resource::Core);
        assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
    }
}
