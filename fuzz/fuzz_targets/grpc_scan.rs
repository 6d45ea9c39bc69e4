//! What cargo-fuzz runs: [`pointsman_fuzz::grpc_scan`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pointsman_fuzz::grpc_scan(data));
