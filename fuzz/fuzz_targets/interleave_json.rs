//! What cargo-fuzz runs: [`pointsman_fuzz::interleave_json`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pointsman_fuzz::interleave_json(data));
