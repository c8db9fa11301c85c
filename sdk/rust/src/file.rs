//! Files that the operator named as `file-in` and `file-out` parameters, and the package's `data/`.
//!
//! The host opens them; here is only the parameter's name. Nothing here knows a path.

use crate::Failure;
use crate::bindings::infrafabric::adapter::{blob, types::Error};

/// Most bytes that cross at once, as the host allows.
const PIECE_BYTES: usize = 256 << 10;

/// The whole file of this `file-in` parameter.
///
/// # Errors
/// The host's refusal: it is larger than the parameter allows, or cannot be read.
pub fn read(parameter: &str) -> Result<Vec<u8>, Failure> {
    pieces(|offset| blob::read_parameter(parameter, offset, PIECE_BYTES as u32))
}

/// The whole file of this name from the package's `data/`.
///
/// # Errors
/// The host's refusal.
pub fn read_data(name: &str) -> Result<Vec<u8>, Failure> {
    pieces(|offset| blob::read_data(name, offset, PIECE_BYTES as u32))
}

/// Writes the file of this `file-out` parameter; called again, appends to it.
///
/// # Errors
/// The host's refusal: it becomes larger than the parameter allows, or the disk is full.
pub fn write(parameter: &str, bytes: &[u8]) -> Result<(), Failure> {
    for piece in bytes.chunks(PIECE_BYTES) {
        blob::append_parameter(parameter, piece)?;
    }
    Ok(())
}

fn pieces(read: impl Fn(u64) -> Result<(Vec<u8>, bool), Error>) -> Result<Vec<u8>, Failure> {
    let mut whole = Vec::new();
    loop {
        let (piece, end) = read(whole.len() as u64)?;
        let came = !piece.is_empty();
        whole.extend_from_slice(&piece);
        if end || !came {
            return Ok(whole);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_joined_and_a_host_that_gives_nothing_ends_it() {
        let text = b"abcdefg";
        let read = |offset: u64| {
            let rest = text.get(usize::try_from(offset).unwrap()..).unwrap();
            let piece = rest.get(..3).unwrap_or(rest);
            Ok((piece.to_vec(), piece.len() == rest.len()))
        };
        assert_eq!(pieces(read), Ok(text.to_vec()));
        assert_eq!(pieces(|_| Ok((Vec::new(), false))), Ok(Vec::new()));
    }
}
