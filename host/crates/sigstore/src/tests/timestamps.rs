//! A timestamp authority: openssl's, with a key made here.
