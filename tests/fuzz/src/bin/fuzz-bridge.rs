//! Fuzzes [`powerbox_fuzz::bridge`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| powerbox_fuzz::bridge(data));
