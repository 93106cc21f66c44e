//! Fuzzes [`powerbox_fuzz::manifest`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| powerbox_fuzz::manifest(data));
