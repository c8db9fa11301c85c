//! Messages on the socket: four bytes of length, little end first, then JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{Error, Read, Result};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes of a message's length.
const LENGTH_BYTES: usize = 4;

/// Read at a time.
const PIECE_BYTES: usize = 16 << 10;

/// A message as it travels.
pub(super) fn encode(message: &impl Serialize) -> Result<Vec<u8>> {
    let mut frame = vec![0; LENGTH_BYTES];
    serde_json::to_writer(&mut frame, message)?;
    let length = frame.len().saturating_sub(LENGTH_BYTES);
    let length = u32::try_from(length).map_err(|_| Error::other("a message of over 4 GiB"))?;
    let (head, _) = frame.split_at_mut(LENGTH_BYTES);
    head.copy_from_slice(&length.to_le_bytes());
    Ok(frame)
}

/// Takes messages off a stream. What has come of the next one is kept when a wait is dropped.
pub(super) struct Reader {
    held: Vec<u8>,
    message_bytes_max: usize,
}

impl Reader {
    pub(super) fn new(message_bytes_max: usize) -> Self {
        Self { held: Vec::new(), message_bytes_max }
    }

    /// The next message; `None` when the other side has closed.
    pub(super) async fn next<T: DeserializeOwned>(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
    ) -> Result<Option<T>> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            self.held.reserve(PIECE_BYTES);
            if from.read_buf(&mut self.held).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The same, waiting as long as the stream does.
    pub(super) fn next_blocking<T: DeserializeOwned>(
        &mut self,
        mut from: impl Read,
    ) -> Result<Option<T>> {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            match from.read(&mut piece) {
                Ok(0) => return Ok(None),
                Ok(count) => self.held.extend(piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The first of the bytes held, if it is whole.
    fn take<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        let Some((length, rest)) = self.held.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if length > self.message_bytes_max {
            let most = self.message_bytes_max;
            return Err(Error::other(format!("a message of {length} bytes; {most} are allowed")));
        }
        let Some(text) = rest.get(..length) else { return Ok(None) };
        let message = serde_json::from_slice(text)?;
        self.held.drain(..LENGTH_BYTES + length);
        Ok(Some(message))
    }
}

/// Messages as they would be written anew, and why the reading ended before the stream.
#[cfg(feature = "fuzzing")]
pub(crate) type Reread = (Vec<Vec<u8>>, Option<String>);

/// Reads a stream that comes so many bytes at a time.
#[cfg(feature = "fuzzing")]
pub(super) fn reread<T: Serialize + DeserializeOwned>(
    stream: &[u8],
    piece: usize,
    message_bytes_max: usize,
) -> Reread {
    struct Pieces<'a>(&'a [u8], usize);
    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> Result<usize> {
            let most = self.1.min(into.len());
            Read::read(&mut self.0, into.get_mut(..most).unwrap_or_default())
        }
    }
    let (mut reader, mut from) = (Reader::new(message_bytes_max), Pieces(stream, piece.max(1)));
    let mut messages = Vec::new();
    loop {
        match reader
            .next_blocking::<T>(&mut from)
            .and_then(|it| it.map(|it| encode(&it)).transpose())
        {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, None),
            Err(error) => return (messages, Some(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_off_in_order_however_they_are_cut() {
        let stream = [encode(&"one").unwrap(), encode(&"zwei — two").unwrap()].concat();
        for size in 1..stream.len() {
            let mut reader = Reader::new(64);
            let mut pieces = Pieces(stream.chunks(size));
            let mut next = || reader.next_blocking::<String>(&mut pieces).unwrap();
            assert_eq!(next().as_deref(), Some("one"));
            assert_eq!(next().as_deref(), Some("zwei — two"));
            assert_eq!(next(), None);
        }
    }

    struct Pieces<'a>(std::slice::Chunks<'a, u8>);

    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> Result<usize> {
            let piece = self.0.next().unwrap_or_default();
            into[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    #[test]
    fn long_messages_are_refused_by_their_length_alone() {
        let mut reader = Reader::new(8);
        let error = reader.next_blocking::<String>(&[9u8, 0, 0, 0][..]).unwrap_err().to_string();
        assert!(error.contains("9 bytes; 8 are allowed"), "{error}");
        let endless = [0xff_u8; 4];
        assert!(reader.next_blocking::<String>(&endless[..]).is_err());
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        let mut reader = Reader::new(64);
        assert!(reader.next_blocking::<String>(&[1u8, 0, 0, 0, b'?'][..]).is_err());
    }
}
