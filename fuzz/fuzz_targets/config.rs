//! What cargo-fuzz runs: [`pointsman_fuzz::config`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pointsman_fuzz::config(data));
