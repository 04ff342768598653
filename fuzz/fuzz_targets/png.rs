//! A PNG picture of a folder, from the file to the planes.

#![no_main]

use edge_cctv_fuzz::{file, play};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    // Other kinds of recordings have their own targets.
    if !data.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Corpus::Reject;
    }
    play(&file("png", data))
});
