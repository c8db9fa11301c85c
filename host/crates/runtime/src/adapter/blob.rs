//! `blob`: files of parameters and the package's data files, in pieces.

use crate::state::CallState;
use if_core::{Ask, Reply};
use if_world::imports::blob::Host;
use if_world::imports::types::Error;

/// Most bytes of one piece: bounds what the host holds for a guest at a time.
const PIECE_BYTES_MAX: u32 = 256 << 10;

type Piece = Result<(Vec<u8>, bool), Error>;

impl CallState {
    async fn read_blob(
        &mut self,
        blob: String,
        offset: u64,
        bytes_max: u32,
    ) -> wasmtime::Result<Piece> {
        let bytes_max = bytes_max.min(PIECE_BYTES_MAX);
        match self.ask(Ask::BlobRead { blob, offset, bytes_max }).await? {
            Ok(Reply::Bytes { bytes, end }) => Ok(Ok((bytes, end))),
            Ok(reply) => Err(self.shared.mismatch(&reply).into()),
            Err(error) => Ok(Err(error)),
        }
    }
}

impl Host for CallState {
    async fn read_parameter(
        &mut self,
        name: String,
        offset: u64,
        bytes_max: u32,
    ) -> wasmtime::Result<Piece> {
        self.read_blob(format!("parameter:{name}"), offset, bytes_max).await
    }

    async fn append_parameter(
        &mut self,
        name: String,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        self.ask_done(Ask::BlobWrite { blob: format!("parameter:{name}"), bytes }).await
    }

    async fn read_data(
        &mut self,
        name: String,
        offset: u64,
        bytes_max: u32,
    ) -> wasmtime::Result<Piece> {
        self.read_blob(format!("data:{name}"), offset, bytes_max).await
    }
}
