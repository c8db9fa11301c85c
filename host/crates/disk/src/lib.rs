//! The disk as the files need it that we write ourselves: what may be asked of it, the one way in
//! which a file is replaced as a whole, and the lock that says who may.
//!
//! Whatever must survive a power cut goes through the [`Disk`] trait, so that the tests can cut the
//! power between any two steps, fail any of them, and look at what is left. The database writes its
//! own files; what is fetched anew when it is lost (caches, temporary files) does not come here.
//!
//! This room refuses to believe a file that was not flushed: who is told of a failure begins anew
//! with another file, and never flushes the same bytes a second time.
//!
//! - `disk`: what may be asked; `local`: the real one
//! - `atomic`: replacing a file as a whole, and making the folder it lies in
//! - `lock`: one writer at a time

mod atomic;
mod disk;
mod local;
mod lock;

pub use atomic::{make_folder, place, replace, write_atomic, write_new};
pub use disk::{Disk, File, Open};
pub use local::Local;
pub use lock::{Lock, LockError, WRITER_WAIT};
