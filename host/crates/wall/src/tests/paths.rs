//! Landlock alone, without the filter of system calls in front of it: each of the two walls holds
//! when the other has a gap.

use super::*;
use std::net::{TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

/// The first Landlock that knows ports, and the first that knows abstract sockets and signals.
const KNOWS_PORTS: i64 = 4;
const KNOWS_SCOPES: i64 = 6;

/// What the kernel's Landlock knows; 0 where it has none.
#[allow(unsafe_code)]
fn landlock_of_the_kernel() -> i64 {
    let ask_version = 1_i64;
    let none = std::ptr::null::<u8>();
    // SAFETY: with this flag the call reads and changes nothing.
    let version =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, none, 0_usize, ask_version) };
    version.max(0)
}

/// What `attempt` gives behind Landlock; `None` where the kernel's does not know such doors.
fn landlocked<T: Send + 'static>(
    version_min: i64,
    attempt: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if landlock_of_the_kernel() < version_min {
        eprintln!("skipped: the kernel has no Landlock {version_min}");
        return None;
    }
    let closed = move || {
        let _half = leave_file_system().unwrap();
        attempt()
    };
    Some(std::thread::spawn(closed).join().unwrap())
}

/// Refused by Landlock: paths and ports with `EACCES`, what is out of scope with `EPERM`.
fn denied<T>(result: std::io::Result<T>) -> bool {
    result.err().is_some_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
}

#[test]
fn no_path_leads_anywhere() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs_err::write(&path, "kept").unwrap();
    let (inside, beside) = (path.clone(), dir.path().join("new"));
    let tried = landlocked(1, move || {
        denied(fs_err::read(&inside))
            && denied(fs_err::OpenOptions::new().write(true).open(&inside))
            && denied(fs_err::OpenOptions::new().write(true).create_new(true).open(&beside))
            && denied(fs_err::read_dir("/"))
            && denied(fs_err::create_dir(&beside))
            && denied(fs_err::hard_link(&inside, &beside))
            && denied(fs_err::rename(&inside, &beside))
            && denied(fs_err::remove_file(&inside))
            && denied(std::process::Command::new("/bin/true").status())
    });
    assert_ne!(tried, Some(false));
    assert_eq!(fs_err::read(&path).unwrap(), b"kept");
}

#[test]
fn no_port_is_bound_or_reached() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap();
    let tried = landlocked(KNOWS_PORTS, move || {
        denied(TcpStream::connect(port)) && denied(TcpListener::bind("127.0.0.1:0"))
    });
    assert_ne!(tried, Some(false));
}

#[test]
fn no_abstract_socket_is_reached_and_no_other_process_signalled() {
    let name = format!("infrafabric-wall-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(name).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    assert!(UnixStream::connect_addr(&address).is_ok(), "somebody listens");
    let parent = std::os::unix::process::parent_id();
    let parent = rustix::process::Pid::from_raw(parent.cast_signed()).unwrap();
    let tried = landlocked(KNOWS_SCOPES, move || {
        let reached = UnixStream::connect_addr(&address);
        denied(reached) && shut(rustix::process::test_kill_process(parent))
    });
    drop(listener);
    assert_ne!(tried, Some(false));
}
