use super::*;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A picture with edges, gradients and some noise, so that all coefficients are in use.
fn scene(width: usize, height: usize, subsampling: Option<(usize, usize)>) -> Picture {
    let mut random = fastrand::Rng::with_seed(7);
    let mut plane = |width: usize, height: usize, base: usize| {
        let mut plane = Plane::new(width, height, 0);
        for y in 0..height {
            for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                let edge = if (x / 11 + y / 13) % 2 == 0 { 40 } else { 0 };
                *sample = (base + edge + x * 60 / width + y * 40 / height + random.usize(0..8)) as u8;
            }
        }
        plane
    };
    let luma = plane(width, height, 60);
    let chroma = subsampling.map(|(horizontal, vertical)| {
        let (cw, ch) = (width.div_ceil(horizontal), height.div_ceil(vertical));
        Chroma { cb: plane(cw, ch, 70), cr: plane(cw, ch, 90), horizontal, vertical }
    });
    Picture { luma, chroma }
}

fn mean_difference(a: &Plane, b: &Plane) -> f64 {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let sum: u64 = a.data.iter().zip(&b.data).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.data.len() as f64
}

const FORMS: [Option<(usize, usize)>; 5] = [None, Some((1, 1)), Some((2, 1)), Some((1, 2)), Some((2, 2))];

#[test]
fn planes_come_back_with_their_own_subsampling_at_any_size() {
    for (width, height) in [(1, 1), (2, 3), (8, 8), (17, 33), (64, 48), (160, 121), (161, 120)] {
        for form in FORMS {
            let picture = scene(width, height, form);
            let bytes = encode(&picture, 95).unwrap();
            assert_eq!(header(&bytes), Ok((width as u32, height as u32)));
            let back = decode(&bytes).unwrap();
            assert!(mean_difference(&picture.luma, &back.luma) < 3.0, "{width}x{height} {form:?}");
            assert_eq!(picture.chroma.is_some(), back.chroma.is_some());
            if let (Some(sent), Some(got)) = (&picture.chroma, &back.chroma) {
                assert_eq!((sent.horizontal, sent.vertical), (got.horizontal, got.vertical));
                assert!(mean_difference(&sent.cb, &got.cb) < 3.0, "{width}x{height} {form:?}");
                assert!(mean_difference(&sent.cr, &got.cr) < 3.0, "{width}x{height} {form:?}");
            }
        }
    }
}

#[test]
fn scaled_luma_is_the_average_of_what_it_covers() {
    for (width, height) in [(64, 48), (161, 121)] {
        let picture = scene(width, height, Some((2, 2)));
        let bytes = encode(&picture, 95).unwrap();
        for denominator in [1, 2, 4, 8] {
            let small = decode_luma(&bytes, denominator).unwrap();
            let d = denominator as usize;
            assert_eq!((small.width, small.height), (width.div_ceil(d), height.div_ceil(d)));
            // whole blocks only: what libjpeg invents beyond the border is its own affair
            for y in 0..height / d {
                for x in 0..width / d {
                    let block = (0..d * d).map(|i| u32::from(picture.luma.row(y * d + i / d)[x * d + i % d]));
                    let mean = block.sum::<u32>() / (d * d) as u32;
                    let got = u32::from(small.row(y)[x]);
                    assert!(got.abs_diff(mean) < 24, "1/{d} at {x},{y}: {got} instead of {mean}");
                }
            }
        }
    }
    assert_eq!(decode_luma(&[], 3).unwrap_err().reason(), "unsupported");
}

#[test]
fn better_quality_is_closer_and_larger() {
    let picture = scene(160, 120, Some((2, 1)));
    let (low, high) = (encode(&picture, 30).unwrap(), encode(&picture, 95).unwrap());
    assert!(low.len() * 2 < high.len());
    let error = |bytes: &[u8]| mean_difference(&picture.luma, &decode(bytes).unwrap().luma);
    assert!(error(&low) > 2.0 * error(&high));
}

#[test]
fn planes_that_do_not_fit_are_refused_in_words() {
    let mut picture = scene(32, 32, Some((2, 2)));
    picture.chroma.as_mut().unwrap().cb = Plane::new(16, 15, 0);
    assert_eq!(encode(&picture, 80).unwrap_err().reason(), "encode");
    picture.luma.data.truncate(5);
    assert_eq!(encode(&picture, 80).unwrap_err().reason(), "encode");
    assert_eq!(encode(&scene(0, 0, None), 80).unwrap_err().reason(), "encode");
}

/// Walks the markers and leaves out those of one kind.
pub fn without(bytes: &[u8], kind: u8) -> Vec<u8> {
    let mut out = bytes[..2].to_vec();
    let mut at = 2;
    while bytes[at + 1] != 0xda {
        let length = usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
        if bytes[at + 1] != kind {
            out.extend_from_slice(&bytes[at..at + 2 + length]);
        }
        at += 2 + length;
    }
    out.extend_from_slice(&bytes[at..]);
    out
}

#[test]
fn camera_pictures_without_huffman_tables_decode() {
    let bytes = encode(&scene(64, 48, Some((2, 1))), 80).unwrap();
    let bare = without(&bytes, 0xc4);
    assert!(bare.len() + 400 < bytes.len(), "the tables were there and are gone");
    assert_eq!(decode(&bare), decode(&bytes));
    assert_eq!(decode_luma(&bare, 2), decode_luma(&bytes, 2));
}

#[test]
fn a_missing_end_is_reported_and_padding_is_not() {
    let bytes = encode(&scene(64, 48, Some((2, 1))), 80).unwrap();
    for padding in [1, 2, 700] {
        let mut padded = bytes.clone();
        padded.resize(bytes.len() + padding, 0);
        assert!(decode(&padded).is_ok() && decode_luma(&padded, 1).is_ok());
    }
    for cut in (0..bytes.len()).step_by(7) {
        let error = decode(&bytes[..cut]).unwrap_err();
        assert!(matches!(error.reason(), "truncated" | "garbage"), "{cut}: {error}");
        assert_eq!(decode_luma(&bytes[..cut], 2).unwrap_err(), error);
    }
    // the end marker alone isn't enough
    let data = bytes.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap() + 14;
    for keep in [0.1, 0.5, 0.9] {
        let mut cut = bytes[..data + ((bytes.len() - data) as f64 * keep) as usize].to_vec();
        cut.extend([0xff, 0xd9]);
        assert_eq!(decode(&cut).unwrap_err().reason(), "corrupt data");
    }
}

#[test]
fn a_hole_in_the_data_is_reported() {
    let bytes = encode(&scene(320, 240, Some((2, 1))), 80).unwrap();
    // a lost USB packet: bytes are missing in the middle
    let mut holed = bytes.clone();
    holed.drain(bytes.len() / 2..bytes.len() / 2 + 1024);
    assert_eq!(decode(&holed).unwrap_err().reason(), "corrupt data");
    assert_eq!(decode_luma(&holed, 4).unwrap_err().reason(), "corrupt data");
    // webcams leave a few bytes before the end marker
    let mut padded = bytes[..bytes.len() - 2].to_vec();
    padded.extend([0x12, 0x34, 0xff, 0xd9]);
    assert_eq!(decode(&padded), decode(&bytes));
}

#[test]
fn headers_that_ask_for_too_much_or_nothing_are_refused() {
    let bytes = encode(&scene(16, 16, None), 80).unwrap();
    let sof = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    let sized = |width: u16, height: u16| {
        let mut forged = bytes.clone();
        forged[sof + 5..sof + 7].copy_from_slice(&height.to_be_bytes());
        forged[sof + 7..sof + 9].copy_from_slice(&width.to_be_bytes());
        header(&forged).map_err(|error| error.reason())
    };
    assert_eq!(sized(16, 16), Ok((16, 16)));
    assert_eq!(sized(0, 16), Err("empty"));
    assert_eq!(sized(16, 0), Err("empty"));
    assert_eq!(sized(65_535, 65_535), Err("too large"));
    assert_eq!(sized(4000, 3000), Ok((4000, 3000)));
    assert_eq!(sized(4000, 3001), Err("too large"));
    let with_byte = |at: usize, value: u8| {
        let mut forged = bytes.clone();
        forged[at] = value;
        header(&forged).map_err(|error| error.reason())
    };
    assert_eq!(with_byte(sof + 4, 12), Err("unsupported"));
    assert_eq!(with_byte(sof + 1, 0xc9), Err("unsupported"));
    assert_eq!(with_byte(0, 0), Err("garbage"));
    assert_eq!(with_byte(3, 0xda), Err("garbage"));
}

#[test]
fn what_is_not_jpeg_is_refused_in_words() {
    for (bytes, reason) in [
        (&b""[..], "garbage"),
        (b"GIF89a", "garbage"),
        (b"\xff\xd8", "truncated"),
        (b"\xff\xd8\xff", "truncated"),
        (b"\xff\xd8\xff\xd9", "garbage"),
        (b"\xff\xd8\xff\xe0\x00\x01", "garbage"),
        (b"\xff\xd8\xff\xe0\xff\xff", "truncated"),
        (b"\xff\xd8\xff\xc0\x00\x04\x08\x00\xff\xd9", "garbage"),
        (&[0; 4096], "garbage"),
    ] {
        for error in
            [header(bytes).unwrap_err(), decode(bytes).unwrap_err(), decode_luma(bytes, 8).unwrap_err()]
        {
            assert_eq!(error.reason(), reason, "{bytes:02x?}: {error}");
        }
    }
}

/// Whatever comes in, the answer is a picture of the announced size or an error.
fn survives(bytes: &[u8], denominator: u32) -> bool {
    let size = header(bytes);
    if let Ok(luma) = decode_luma(bytes, denominator) {
        let (w, h) = size.clone().unwrap();
        assert_eq!(
            (luma.width, luma.height),
            (w.div_ceil(denominator) as usize, h.div_ceil(denominator) as usize)
        );
        assert_eq!(luma.data.len(), luma.width * luma.height);
    }
    match decode(bytes) {
        Ok(picture) => {
            assert_eq!(check(&picture), Ok(()));
            assert_eq!((picture.luma.width as u32, picture.luma.height as u32), size.unwrap());
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

#[test]
fn damaged_pictures_never_get_out_of_hand() {
    // A true panic would call the hook and print; libjpeg's giving up must not.
    let (here, noise) = (std::thread::current().id(), Arc::new(AtomicU32::new(0)));
    let (counter, before) = (noise.clone(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == here {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        before(info);
    }));
    let mut random = fastrand::Rng::with_seed(42);
    let sources: Vec<Vec<u8>> = FORMS.iter().map(|form| encode(&scene(72, 56, *form), 75).unwrap()).collect();
    let (mut usable, mut refused) = (0, 0);
    for round in 0..3000 {
        let mut bytes = sources[round % sources.len()].clone();
        // half of them hit the header, where the structure is
        let reach = if random.bool() { bytes.len() } else { 700.min(bytes.len()) };
        match random.u8(0..5) {
            0 => (0..random.usize(1..4)).for_each(|_| bytes[random.usize(2..reach)] ^= 1 << random.u8(0..8)),
            1 => (0..random.usize(1..9)).for_each(|_| bytes[random.usize(2..reach)] = random.u8(..)),
            2 => {
                let start = random.usize(2..reach);
                let end = (start + random.usize(1..200)).min(bytes.len());
                bytes[start..end].fill(0);
            }
            3 => {
                let start = random.usize(2..reach);
                bytes.drain(start..(start + random.usize(1..100)).min(bytes.len()));
                bytes.extend([0xff, 0xd9]);
            }
            _ => {
                let garbage: Vec<u8> = (0..random.usize(1..50)).map(|_| random.u8(..)).collect();
                let at = random.usize(2..reach);
                bytes.splice(at..at, garbage);
            }
        }
        if header(&bytes).is_ok_and(|(w, h)| w * h > 1_000_000) {
            continue; // allowed, bounded, and too slow for 3000 rounds
        }
        match survives(&bytes, [1, 2, 4, 8][round % 4]) {
            true => usable += 1,
            false => refused += 1,
        }
    }
    assert!(
        usable > 100 && refused > 1000,
        "the damage is neither too mild nor too rough: {usable}, {refused}"
    );
    assert_eq!(noise.load(Ordering::Relaxed), 0, "panics that printed");
}

#[test]
fn pictures_of_another_making_decode_and_ours_decode_elsewhere() {
    let ffmpeg = |arguments: &[&str], input: &[u8]| -> Option<(Vec<u8>, String)> {
        let mut child = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "warning"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        io::Write::write_all(&mut child.stdin.take()?, input).ok()?;
        let output = child.wait_with_output().ok()?;
        Some((output.stdout, String::from_utf8_lossy(&output.stderr).into_owned()))
    };
    for (form, name) in FORMS.iter().zip(["gray", "yuvj444p", "yuvj422p", "yuvj440p", "yuvj420p"]) {
        let picture = scene(99, 75, *form);
        let bytes = encode(&picture, 90).unwrap();
        let Some((raw, complaint)) =
            ffmpeg(&["-f", "mjpeg", "-i", "-", "-f", "rawvideo", "-pix_fmt", name, "-"], &bytes)
        else {
            // Past the test runner, which keeps the output of tests that pass.
            let _ = writeln!(std::io::stderr(), "\n*** SKIPPED: ffmpeg isn't installed ***\n");
            return;
        };
        // ffmpeg says of each full-range picture that the name of its format is old-fashioned.
        let complaints: Vec<&str> =
            complaint.lines().filter(|line| !line.contains("deprecated pixel format used")).collect();
        assert!(complaints.is_empty(), "{name}: {complaints:?}");
        let ours = decode(&bytes).unwrap();
        let theirs = Plane { width: 99, height: 75, data: raw[..99 * 75].to_vec() };
        assert!(mean_difference(&ours.luma, &theirs) < 0.5, "{name}");
        let size = picture.luma.data.len() + picture.chroma.map_or(0, |c| c.cb.data.len() + c.cr.data.len());
        assert_eq!(raw.len(), size, "{name}");
    }
}

#[test]
fn progressive_rgb_and_unusual_sampling_decode() {
    let picture = scene(120, 90, Some((2, 2)));
    let padded: Vec<Vec<u8>> = {
        let chroma = picture.chroma.as_ref().unwrap();
        [&picture.luma, &chroma.cb, &chroma.cr].map(|plane| whole_blocks(plane).into_owned()).into()
    };
    let mut encoder = Compress::new(ColorSpace::JCS_YCbCr);
    encoder.set_size(120, 90);
    encoder.set_quality(95.0);
    encoder.set_progressive_mode();
    encoder.set_raw_data_in(true);
    let mut started = encoder.start_compress(Vec::new()).unwrap();
    assert!(started.write_raw_data(&padded.iter().map(|plane| &plane[..]).collect::<Vec<_>>()));
    let progressive = started.finish().unwrap();
    assert!(frame_header(&progressive).unwrap().progressive);
    let back = decode(&progressive).unwrap();
    assert!(mean_difference(&back.luma, &picture.luma) < 3.0);
    assert_eq!(decode_luma(&progressive, 1).unwrap(), back.luma);

    // Three colours, once stored as they are and once with one chroma sample for 4x1 pixels.
    let colours = [[255u8, 0, 0], [0, 255, 0], [0, 0, 255]];
    let rgb: Vec<u8> = (0..96 * 32).flat_map(|i| colours[(i % 96) / 32]).collect();
    let ycc = colours.map(rgb_to_ycc);
    assert_eq!(ycc, [[76, 85, 255], [150, 44, 21], [29, 255, 107]], "JFIF's own values");
    for (space, factor) in [(ColorSpace::JCS_RGB, 1), (ColorSpace::JCS_YCbCr, 4)] {
        let mut encoder = Compress::new(ColorSpace::JCS_RGB);
        encoder.set_size(96, 32);
        encoder.set_fastest_defaults();
        encoder.set_color_space(space);
        encoder.set_quality(95.0);
        for (index, component) in encoder.components_mut().iter_mut().enumerate() {
            component.h_samp_factor = if index == 0 { factor } else { 1 };
            component.v_samp_factor = 1;
        }
        let mut started = encoder.start_compress(Vec::new()).unwrap();
        started.write_scanlines(&rgb).unwrap();
        let bytes = started.finish().unwrap();
        let picture = decode(&bytes).unwrap();
        let chroma = picture.chroma.as_ref().unwrap();
        assert_eq!((chroma.horizontal, chroma.vertical), (1, 1));
        for (stripe, expected) in ycc.iter().enumerate() {
            let x = stripe * 32 + 16;
            for (plane, expected) in [&picture.luma, &chroma.cb, &chroma.cr].into_iter().zip(expected) {
                assert!(plane.row(16)[x].abs_diff(*expected) < 4, "factor {factor}, stripe {stripe}");
            }
        }
        assert!(decode_luma(&bytes, 1).unwrap().row(16)[16].abs_diff(76) < 4);
    }
}

#[test]
fn simd_is_compiled_in() {
    unsafe extern "C" {
        fn jsimd_can_idct_islow() -> c_int;
        fn jsimd_can_fdct_islow() -> c_int;
    }
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        // SAFETY: libjpeg's own questions about the processor, without arguments or side effects.
        let (decode, encode) = unsafe { (jsimd_can_idct_islow(), jsimd_can_fdct_islow()) };
        assert!(decode != 0 && encode != 0, "mozjpeg-sys was built without SIMD: is nasm installed?");
    }
}
