//! Each bit of each byte of a bundle, turned: in our form no byte is free.

use super::*;

fn accepted(bytes: &[u8], world: &World, authority: &Authority) -> bool {
    let bundle = Bundle::parse(bytes);
    bundle
        .is_ok_and(|it| verify(&it, &world.message, &world.signer(), authority, world.now).is_ok())
}

/// How many flips were tried.
fn turned(world: &World) -> usize {
    let authority = world.authority().unwrap();
    let good = world.adopted().unwrap().to_bytes();
    assert!(accepted(&good, world, &authority));
    let mut bytes = good.clone();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            let end = (at + 30).min(bytes.len());
            let place = String::from_utf8_lossy(&bytes[at.saturating_sub(30)..end]).into_owned();
            assert!(!accepted(&bytes, world, &authority), "byte {at} bit {bit}: …{place}…");
            bytes[at] ^= 1 << bit;
        }
    }
    assert_eq!(bytes, good);
    8 * good.len()
}

#[test]
fn every_flipped_bit_of_a_keyless_bundle_is_refused() {
    assert!(turned(&keyless()) > 20_000);
}

#[test]
fn every_flipped_bit_of_a_key_bundle_is_refused() {
    assert!(turned(&keyed()) > 15_000);
}

#[test]
fn every_flipped_bit_of_an_attestation_is_refused() {
    assert!(turned(&with(&ada(), &statement("application/vnd.in-toto+json"), NOW + 5)) > 20_000);
}

#[test]
fn every_cut_is_refused() {
    let world = keyless();
    let authority = world.authority().unwrap();
    let good = world.adopted().unwrap().to_bytes();
    for end in 0..good.len() {
        assert!(!accepted(&good[..end], &world, &authority), "cut at {end}");
    }
    for more in [" ", "\n", "{}", "\0"] {
        assert!(!accepted(&[&good[..], more.as_bytes()].concat(), &world, &authority));
    }
}
