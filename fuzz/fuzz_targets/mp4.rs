//! H.264 in MP4: the container. Its index is read by another crate, which panics on tables that are too short; the
//! program catches that, so it is no finding.

#![no_main]

use edge_cctv_fuzz::{file, play};
use libfuzzer_sys::{Corpus, fuzz_target};
use std::panic;

fn init() {
    let finding = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        // Where nobody catches it, it ends the process all the same.
        if !info.location().is_some_and(|place| place.file().contains("/re_mp4-")) {
            finding(info);
        }
    }));
}

fuzz_target!(init: init(), |data: &[u8]| -> Corpus {
    // Other kinds of recordings have their own targets.
    if data.get(4..8) != Some(b"ftyp") {
        return Corpus::Reject;
    }
    play(&file("mp4", data))
});
