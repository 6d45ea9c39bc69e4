//! What cargo-fuzz runs: [`pointsman_fuzz::write_json`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pointsman_fuzz::write_json(data));
