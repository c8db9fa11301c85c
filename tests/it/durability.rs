//! What was acknowledged is there: after processes were killed, in the order in which the kernel is
//! asked, on disks that fill up or may not be written, and wherever a bit of an export is flipped.

use crate::lab::Lab;

mod disks;
mod flips;
mod kills;
mod order;

fn noop() -> Lab {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    lab
}
