//! Each test closes a thread of its own and looks for a door. Limits hold for a whole process: the
//! test of the compiling child holds those.

mod doors;
mod paths;

use super::*;
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType};
use std::io::{Read, Write};

/// What `attempt` gives in a thread behind the wall.
fn behind<T: Send + 'static>(attempt: impl FnOnce() -> T + Send + 'static) -> T {
    let closed = move || {
        let _half = leave_file_system().unwrap();
        seccompiler::apply_filter(&calls::filter(Calls::Conversing).unwrap()).unwrap();
        attempt()
    };
    std::thread::spawn(closed).join().unwrap()
}

/// A door that is shut, not one that is not there.
fn shut<T>(result: Result<T, Errno>) -> bool {
    result.err() == Some(Errno::PERM)
}

/// The same of the standard library.
fn shut_io<T>(result: std::io::Result<T>) -> bool {
    shut(result.map_err(|error| Errno::from_io_error(&error).unwrap()))
}

#[test]
fn no_file_is_opened_made_removed_or_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs_err::write(&path, "kept").unwrap();
    let (inside, beside) = (path.clone(), dir.path().join("new"));
    let open = |path: &std::path::Path, flags| rustix::fs::open(path, flags, Mode::RUSR);
    assert!(behind(move || {
        shut(open(&inside, OFlags::RDONLY))
            && shut(open(&inside, OFlags::WRONLY | OFlags::TRUNC))
            && shut(open(&beside, OFlags::WRONLY | OFlags::CREATE))
            && shut(open("/".as_ref(), OFlags::RDONLY | OFlags::DIRECTORY))
            && shut(rustix::fs::stat(&inside))
            && shut(rustix::fs::renameat(CWD, &inside, CWD, &beside))
            && shut(rustix::fs::unlink(&inside))
    }));
    assert_eq!(fs_err::read(&path).unwrap(), b"kept");
}

#[test]
fn no_socket_is_made_of_any_family() {
    let families = [
        AddressFamily::INET,
        AddressFamily::INET6,
        AddressFamily::UNIX,
        AddressFamily::NETLINK,
        AddressFamily::PACKET,
        AddressFamily::VSOCK,
    ];
    let kinds = [SocketType::STREAM, SocketType::DGRAM, SocketType::RAW];
    let socket = |family, kind| shut(rustix::net::socket(family, kind, None));
    assert!(behind(move || {
        families.into_iter().all(|family| kinds.into_iter().all(|kind| socket(family, kind)))
    }));
}

#[test]
fn no_program_is_run() {
    assert!(behind(|| shut_io(std::process::Command::new("/bin/true").status())));
}

#[test]
fn no_thread_is_started() {
    assert!(behind(|| shut_io(std::thread::Builder::new().spawn(|| ()))));
}

#[test]
fn no_other_process_is_signalled() {
    let parent = std::os::unix::process::parent_id();
    let parent = rustix::process::Pid::from_raw(parent.cast_signed()).unwrap();
    assert!(behind(move || shut(rustix::process::test_kill_process(parent))));
}

#[test]
fn no_memory_becomes_code() {
    let (data, code) = (libc::PROT_READ | libc::PROT_WRITE, libc::PROT_READ | libc::PROT_EXEC);
    assert!(behind(move || map(data)).is_ok());
    assert!(shut_io(behind(move || map(code))));
    assert!(behind(move || map(data).and_then(|page| protect(page, libc::PROT_READ))).is_ok());
    assert!(shut_io(behind(move || map(data).and_then(|page| protect(page, code)))));
}

const PAGE_BYTES: usize = 4096;

/// A page with this protection, by its address. It is never touched, and goes with the process.
#[allow(unsafe_code)]
fn map(protection: i32) -> std::io::Result<usize> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a fresh anonymous mapping where the kernel likes; nothing existing is replaced.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), PAGE_BYTES, protection, flags, -1, 0) };
    if page == libc::MAP_FAILED { Err(std::io::Error::last_os_error()) } else { Ok(page.addr()) }
}

/// Changes the protection of such a page.
#[allow(unsafe_code)]
fn protect(page: usize, protection: i32) -> std::io::Result<()> {
    let page = std::ptr::without_provenance_mut(page);
    // SAFETY: a page of `map`, which nobody reads, writes or runs.
    let result = unsafe { libc::mprotect(page, PAGE_BYTES, protection) };
    if result == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

#[test]
fn what_is_open_stays_open_and_memory_is_to_be_had() {
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let (answers, mut answer) = std::io::pipe().unwrap();
    writer.write_all(b"work").unwrap();
    drop(writer);
    behind(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        let work = text.repeat(1 << 20);
        answer.write_all(&work.as_bytes()[..8]).unwrap();
    });
    assert_eq!(std::io::read_to_string(answers).unwrap(), "workwork");
}
