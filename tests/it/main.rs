//! The product, tested as a user has it: the real binary, a real home, components built from
//! source.
//!
//! One module per room of promises. Tests that drive a real OBS or Home Assistant have `real_obs`
//! or `real_ha` in their name and run one at a time (`.config/nextest.toml`).

// A test may fail loudly, and its helpers are not inside `#[test]` functions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

mod anchors;
mod anchors_s3;
mod attacks;
mod author;
mod backup;
mod budgets;
mod bundle;
mod cache;
mod completion;
mod context;
mod cosign;
mod discover;
mod durability;
mod errors;
mod evidence;
mod export;
mod face;
mod face_json;
mod falsify;
mod governor;
mod guides;
mod ha;
mod keyring;
mod keys;
mod kv;
mod lab;
mod limits;
mod lint;
mod lock_file;
mod obs;
mod obs_commands;
mod obs_events;
mod obs_requests;
mod papers;
mod policies;
mod proofs;
mod rebinding;
mod remains;
mod replay;
mod report;
mod reviewers;
mod revocation;
mod sandbox;
mod scripts;
mod secrets;
mod secrets_audit;
mod setup;
mod shell;
mod sigstore;
mod stores;
mod streams;
mod terminal;
mod traffic;
mod trust;
mod trust_lists;
mod trust_root;
mod usage;
mod vmix;
mod vmix_streams;
mod worker;
