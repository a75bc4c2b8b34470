//! libFuzzer's entry to `podshell_fuzz::frame`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| podshell_fuzz::frame(data));
