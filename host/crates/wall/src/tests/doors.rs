//! Every system call there is, tried behind the filter: what is not on the list is refused, by its
//! number and whatever its arguments.

use super::{calls, leave_file_system, shut_io};
use crate::Calls;
use std::collections::BTreeMap;

/// No kernel of today has numbers beyond; the filter refuses those of tomorrow's, too.
const NUMBERS: std::ops::Range<libc::c_long> = 0..1024;

/// Calls of the other calling convention for 64 bits, which know the same numbers.
#[cfg(target_arch = "x86_64")]
const OTHER_CONVENTION: libc::c_long = 0x4000_0000;

/// The kernel's own trampolines of probes, which filters do not see: whoever calls one without a
/// probe is killed.
#[cfg(target_arch = "x86_64")]
const PROBES: std::ops::RangeInclusive<libc::c_long> = 335..=336;
#[cfg(not(target_arch = "x86_64"))]
const PROBES: std::ops::Range<libc::c_long> = 0..0;

/// What may answer anything: reading, waiting and ending on what is held already, and memory. A
/// second list on purpose, sorted by what a call could do at worst.
fn harmless(calls: Calls) -> Vec<libc::c_long> {
    let on_what_is_open = [
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_fstat,
        libc::SYS_lseek,
    ];
    let memory =
        [libc::SYS_brk, libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_munmap, libc::SYS_mremap];
    let time = [
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
    ];
    let itself = [
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
        libc::SYS_tgkill,
    ];
    let conversation = [
        libc::SYS_recvfrom,
        libc::SYS_sendto,
        libc::SYS_epoll_ctl,
        libc::SYS_epoll_wait,
        libc::SYS_epoll_pwait,
    ];
    let conversation = conversation.iter().filter(|_| calls == Calls::Conversing);
    let rest = on_what_is_open.iter().chain(&memory).chain(&time).chain(&itself);
    rest.chain(conversation).copied().collect()
}

/// Makes a call with arguments that no call makes sense of.
#[allow(unsafe_code)]
fn attempt(number: libc::c_long) -> std::io::Result<()> {
    // SAFETY: where the filter holds, nothing happens. Where it does not, minus one is neither an
    // address, nor a descriptor, nor a set of flags that a kernel takes; a call without arguments
    // that makes a process is ended in that process at once.
    let result = unsafe { libc::syscall(number, -1_i64, -1_i64, -1_i64, -1_i64, -1_i64, -1_i64) };
    if result == 0 && [libc::SYS_fork, libc::SYS_vfork].contains(&number) {
        // SAFETY: ends the process that has just been made.
        unsafe { libc::_exit(0) };
    }
    if result == -1 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
}

/// Those of these numbers that are not refused.
fn open(numbers: Vec<libc::c_long>, calls: Calls) -> Vec<libc::c_long> {
    let closed = move || {
        let _half = leave_file_system().unwrap();
        seccompiler::apply_filter(&calls::filter(calls).unwrap()).unwrap();
        numbers.into_iter().filter(|number| !shut_io(attempt(*number))).collect()
    };
    std::thread::spawn(closed).join().unwrap()
}

#[test]
fn no_system_call_is_left_but_those_on_the_list() {
    for calls in [Calls::Piping, Calls::Conversing] {
        let harmless = harmless(calls);
        let tried = |number: &_| !harmless.contains(number) && !PROBES.contains(number);
        let others = NUMBERS.filter(tried).collect();
        assert_eq!(open(others, calls), [], "{calls:?}");
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn the_other_calling_convention_is_closed_whole() {
    let others = NUMBERS.map(|number| number | OTHER_CONVENTION).collect();
    assert_eq!(open(others, Calls::Conversing), []);
}

#[test]
#[allow(unsafe_code)]
fn signals_reach_this_process_only() {
    let parent = i64::from(std::os::unix::process::parent_id());
    let tried = move || {
        // SAFETY: signal 0 asks only whether it might be sent.
        let ask = |process: i64, thread: i64| match unsafe {
            libc::syscall(libc::SYS_tgkill, process, thread, 0_i64)
        } {
            -1 => Err(std::io::Error::last_os_error()),
            _ => Ok(()),
        };
        let own = rustix::process::getpid().as_raw_nonzero().get().into();
        // SAFETY: tells a number.
        let thread = unsafe { libc::syscall(libc::SYS_gettid) };
        BTreeMap::from([
            ("own", ask(own, thread).is_ok()),
            ("parent", shut_io(ask(parent, parent))),
        ])
    };
    // Behind the filter alone: Landlock would keep signals in, too.
    let closed = move || {
        seccompiler::apply_filter(&calls::filter(Calls::Conversing).unwrap()).unwrap();
        tried()
    };
    let found = std::thread::spawn(closed).join().unwrap();
    assert_eq!(found, BTreeMap::from([("own", true), ("parent", true)]));
}
