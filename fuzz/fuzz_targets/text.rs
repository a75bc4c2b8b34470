//! libFuzzer's entry to `podshell_fuzz::text`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| podshell_fuzz::text(data));
