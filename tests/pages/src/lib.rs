//! Documents that are run. A page's `sh` blocks are lines that a reader types and that must end
//! well; its `console` blocks are lines with what they print. This crate finds them, runs them in
//! a shell with a home of its own, and says where page and truth differ.
//!
//! What a page may write, and nothing more: `# exit 4` behind a line that must end so; `…` for
//! what changes from run to run (a line of its own stands for any number of lines); a comment
//! `<!-- … -->` on the line before a block, which the caller gives its meaning.

mod blocks;
mod likeness;
mod shell;

pub use blocks::{Block, Step, blocks, section};
pub use likeness::difference;
pub use shell::{Said, Shell};
