//! `wasi:random` from the call's seed. A BLAKE3 stream, because its output is fixed by its
//! specification for ever: a replay years later draws the same numbers.

use crate::limits::Stop;
use crate::state::CallState;
use if_core::Code;
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};

/// Most bytes of one draw; keys and nonces are far smaller, and the host allocates it.
const DRAW_BYTES_MAX: u64 = 64 << 10;

/// The streams of one call, independent of one another.
pub(crate) struct Random {
    secure: blake3::OutputReader,
    insecure: blake3::OutputReader,
    seed: (u64, u64),
}

impl Random {
    pub(crate) fn new(seed: &[u8; 32]) -> Self {
        let stream = |purpose: &str| {
            let mut hasher = blake3::Hasher::new_keyed(seed);
            hasher.update(purpose.as_bytes());
            hasher.finalize_xof()
        };
        let mut map_seed = stream("infrafabric guest random: insecure-seed");
        Self {
            secure: stream("infrafabric guest random: random"),
            insecure: stream("infrafabric guest random: insecure"),
            seed: (draw_u64(&mut map_seed), draw_u64(&mut map_seed)),
        }
    }
}

fn draw_u64(stream: &mut blake3::OutputReader) -> u64 {
    let mut bytes = [0; 8];
    stream.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

fn draw_bytes(stream: &mut blake3::OutputReader, length: u64) -> wasmtime::Result<Vec<u8>> {
    if length > DRAW_BYTES_MAX {
        let message = format!(
            "the plugin asked for {length} random bytes at once; the most is {DRAW_BYTES_MAX}"
        );
        return Err(Stop::limit(Code::LimitHostCalls, message).into());
    }
    let mut bytes = vec![0; usize::try_from(length)?];
    stream.fill(&mut bytes);
    Ok(bytes)
}

impl random::Host for CallState {
    fn get_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        self.alive()?;
        draw_bytes(&mut self.random.secure, length)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.alive()?;
        Ok(draw_u64(&mut self.random.secure))
    }
}

impl insecure::Host for CallState {
    fn get_insecure_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        self.alive()?;
        draw_bytes(&mut self.random.insecure, length)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.alive()?;
        Ok(draw_u64(&mut self.random.insecure))
    }
}

impl insecure_seed::Host for CallState {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        self.alive()?;
        Ok(self.random.seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_for_ever() {
        let mut random = Random::new(&[7; 32]);
        let drawn = draw_bytes(&mut random.secure, 4).unwrap();
        let mut again = Random::new(&[7; 32]);
        assert_eq!(draw_bytes(&mut again.secure, 4).unwrap(), drawn);
        assert_ne!(draw_bytes(&mut again.insecure, 4).unwrap(), drawn);
        assert_ne!(Random::new(&[8; 32]).seed, random.seed);
    }

    #[test]
    fn a_draw_is_bounded() {
        let mut random = Random::new(&[0; 32]);
        assert!(draw_bytes(&mut random.secure, DRAW_BYTES_MAX).is_ok());
        assert!(draw_bytes(&mut random.secure, DRAW_BYTES_MAX + 1).is_err());
    }
}
