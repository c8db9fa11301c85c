//! What binds an erasable body to its leaf: `HMAC-SHA256(salt, tag || 0 || length || bytes)`.
//!
//! The salt is 32 random bytes per part and lies beside the body. Once both are erased, the
//! commitment tells nothing, however few values the body could have had; until then, anybody who is
//! shown salt and bytes can check them. One part can be shown without the others.

use crate::bounds::PART_BYTES_MAX;
use crate::{Hash32, WitnessError};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of salt: as many as the hash has, so that guessing it is guessing the hash.
const SALT_BYTES: usize = 32;

/// What stands before the part's name, so that no other HMAC of this project collides.
const TAG: &[u8] = b"infrafabric body v1 ";

/// A body part ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) salt: Vec<u8>,
    /// How long it was before it was cut to [`PART_BYTES_MAX`].
    pub(crate) length: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Part {
    /// Draws a salt for these bytes.
    pub(crate) fn new(name: impl Into<String>, mut bytes: Vec<u8>) -> Result<Self, WitnessError> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        bytes.truncate(PART_BYTES_MAX);
        let mut salt = vec![0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|_| WitnessError::Random)?;
        Ok(Self { name: name.into(), salt, length, bytes })
    }

    /// What the leaf says about it.
    pub(crate) fn commitment(&self) -> Option<Hash32> {
        Some(Hash32::from(<[u8; 32]>::from(self.mac()?.finalize().into_bytes())))
    }

    fn mac(&self) -> Option<Hmac<Sha256>> {
        // HMAC takes keys of any length; a stored salt of another length is a forgery all the same.
        if self.salt.len() != SALT_BYTES {
            return None;
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.salt).ok()?;
        mac.update(TAG);
        mac.update(self.name.as_bytes());
        mac.update(&[0]);
        mac.update(&self.length.to_be_bytes());
        mac.update(&self.bytes);
        Some(mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_counts_and_salts_differ() {
        let part = Part::new("why", b"show start".to_vec()).unwrap();
        let commitment = part.commitment();
        assert!(commitment.is_some());
        assert_eq!(part.commitment(), commitment);
        assert_ne!(Part::new("why", b"show start".to_vec()).unwrap().commitment(), commitment);
        let mut salt = part.salt.clone();
        salt[31] ^= 1;
        for other in [
            Part { name: "error".into(), ..part.clone() },
            Part { salt, ..part.clone() },
            Part { length: 11, ..part.clone() },
            Part { bytes: b"show stars".to_vec(), ..part.clone() },
        ] {
            assert_ne!(other.commitment(), commitment, "{other:?}");
        }
        assert_eq!(Part { salt: vec![0; 31], ..part }.commitment(), None);
    }

    #[test]
    fn what_is_too_long_is_cut_and_its_length_stays_committed() {
        let part = Part::new("result", vec![7; PART_BYTES_MAX + 5]).unwrap();
        assert_eq!(part.bytes.len(), PART_BYTES_MAX);
        assert_eq!(part.length, PART_BYTES_MAX as u64 + 5);
    }
}
