//! Which system calls a process that only computes still has.
//!
//! A list of what is allowed, so that a call of tomorrow's kernel is refused. The refused get
//! `EPERM` rather than death: a C library that tries something new and can do without goes on, and
//! what cannot do without says so.

use crate::Calls;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule,
};
use std::collections::BTreeMap;

/// Allowed whatever their arguments: memory given back or asked for, pipes that are open, waiting,
/// clocks, chance, signals to the thread itself, and the end.
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_set_robust_list,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// For a conversation, beside those: words over a socket that is open, and waiting for them. None
/// of these opens one, and none takes in a descriptor.
const CONVERSING: &[libc::c_long] = &[
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
];

/// Memory may be mapped and its protection changed, but never to what can be run.
const MAPPING: &[libc::c_long] = &[libc::SYS_mmap, libc::SYS_mprotect];

/// Where both of them have their protection: the third argument.
const PROTECTION: u8 = 2;

/// The filter as the kernel takes it.
pub(crate) fn filter(calls: Calls) -> Result<BpfProgram, BackendError> {
    let mut rules = BTreeMap::new();
    let conversing = CONVERSING.iter().filter(|_| calls == Calls::Conversing);
    for call in ALLOWED.iter().chain(conversing) {
        rules.insert(*call, vec![]);
    }
    for call in MAPPING {
        rules.insert(*call, vec![SeccompRule::new(vec![not_executable()?])?]);
    }
    // Aborting is a signal to oneself.
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![to_this_process()?])?]);
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let arch = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, refuse, SeccompAction::Allow, arch)?.try_into()
}

fn not_executable() -> Result<SeccompCondition, BackendError> {
    let executable = libc::PROT_EXEC.unsigned_abs().into();
    SeccompCondition::new(
        PROTECTION,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::MaskedEq(executable),
        0,
    )
}

fn to_this_process() -> Result<SeccompCondition, BackendError> {
    let own = std::process::id().into();
    SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own)
}
