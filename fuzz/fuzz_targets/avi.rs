//! MJPEG in AVI, from the file to the planes.

#![no_main]

use edge_cctv_fuzz::{file, play};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    // Other kinds of recordings have their own targets.
    if !data.starts_with(b"RIFF") {
        return Corpus::Reject;
    }
    play(&file("avi", data))
});
