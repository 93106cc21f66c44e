//! Fuzzes [`powerbox_fuzz::session`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| powerbox_fuzz::session(data));
