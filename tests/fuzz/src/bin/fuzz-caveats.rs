//! Fuzzes [`powerbox_fuzz::caveats`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| powerbox_fuzz::caveats(data));
