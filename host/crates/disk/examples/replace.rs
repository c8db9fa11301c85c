//! A process that replaces a file, for a test that kills it: `replace <file> <letter> <bytes>`
//! writes so many of this letter.

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = PathBuf::from(arguments.next().ok_or("which file?")?);
    let letter = arguments.next().ok_or("which letter?")?;
    let count: usize = arguments.next().ok_or("how many?")?.parse()?;
    Ok(if_disk::write_atomic(&file, letter.repeat(count).as_bytes(), 0o600)?)
}
