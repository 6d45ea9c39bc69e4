//! What cargo-fuzz runs: [`pointsman_fuzz::golden`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pointsman_fuzz::golden(data));
