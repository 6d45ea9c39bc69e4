//! What cargo-fuzz runs: [`pointsman_fuzz::request_head`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pointsman_fuzz::request_head(data));
