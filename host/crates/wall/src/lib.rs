//! The wall around a process that only computes: after [`close`] it keeps the memory it can get and
//! the pipes or the socket it already holds, and has no file, no network, no other process and no
//! new code.
//!
//! Three mechanisms of the kernel, each enough alone for most of it: limits of resources, Landlock
//! over the paths of the file system, and a seccomp filter over system calls. Whoever breaks out of
//! a compiler or a sandbox inside such a process has won a room without doors.

mod calls;
#[cfg(test)]
mod tests;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, Scope,
};
use rustix::process::{Resource, Rlimit, setrlimit};

/// Newest Landlock whose rights are named here; an older kernel holds those it knows.
const LANDLOCK: ABI = ABI::V6;

/// Most of the machine that the process may use from now on.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Seconds of processor time; the kernel kills beyond.
    pub cpu_seconds: Option<u64>,
    /// Address space; allocation fails beyond.
    pub address_bytes: u64,
    /// Memory that can be written, of the address space; allocation fails beyond.
    pub data_bytes: Option<u64>,
}

/// Which system calls are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// For reading and writing open pipes.
    Piping,
    /// For a conversation over an open socket, too, and waiting for its next word.
    Conversing,
}

/// Why the wall does not stand. The process must not go on to foreign bytes.
#[derive(Debug, thiserror::Error)]
pub enum WallError {
    #[error("the kernel does not take a limit: {0}")]
    Limit(std::io::Error),
    #[error("the kernel does not take the Landlock rules: {0}")]
    Paths(#[from] landlock::RulesetError),
    #[error("the kernel does not take a filter of system calls: {0}")]
    Calls(#[from] seccompiler::Error),
    #[error("no filter of system calls can be made: {0}")]
    Filter(#[from] seccompiler::BackendError),
}

/// Closes this process, for good. To be called before it has other threads.
pub fn close(bounds: Bounds, calls: Calls) -> Result<(), WallError> {
    // A rule set is a file while it is made; after the limits there is none any more.
    leave_file_system()?.close(bounds, calls)
}

/// The first half of the wall stands: no path leads anywhere. Threads that are started now are
/// behind it, too.
#[derive(Debug)]
#[must_use = "half a wall"]
pub struct Outside(());

impl Outside {
    /// The other half, for every thread there is.
    pub fn close(self, bounds: Bounds, calls: Calls) -> Result<(), WallError> {
        limit(bounds)?;
        seccompiler::apply_filter_all_threads(&calls::filter(calls)?)?;
        Ok(())
    }
}

/// Closes every descriptor but the first three: what whoever started us had open is not for us.
/// To be called before anything is opened.
#[allow(unsafe_code)]
pub fn forget_inherited() {
    let behind_the_first_three = 3;
    // SAFETY: nothing of this process was opened yet, so nobody owns what is closed here. A kernel
    // too old for the call leaves them open; the filter of system calls still names no path.
    unsafe { libc::close_range(behind_the_first_three, libc::c_uint::MAX, 0) };
}

fn limit(bounds: Bounds) -> Result<(), WallError> {
    let limits = [
        (Resource::Cpu, bounds.cpu_seconds),
        (Resource::As, Some(bounds.address_bytes)),
        (Resource::Data, bounds.data_bytes),
        (Resource::Core, Some(0)),
        // What is open stays open; nothing joins it.
        (Resource::Nofile, Some(0)),
    ];
    for (resource, most) in limits.into_iter().filter(|(_, most)| most.is_some()) {
        let limit = Rlimit { current: most, maximum: most };
        setrlimit(resource, limit).map_err(|error| WallError::Limit(error.into()))?;
    }
    Ok(())
}

/// No path may be read, written, listed or run, no port bound or reached, no abstract socket
/// named and no foreign process signalled: every right is claimed, none is granted.
///
/// A kernel without Landlock leaves all of this to the filter of system calls, which knows no path
/// that may be opened either.
pub fn leave_file_system() -> Result<Outside, WallError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?
        .restrict_self()?;
    Ok(Outside(()))
}
