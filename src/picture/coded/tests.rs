use super::*;
use crate::picture::jpeg::tests::without;
use crate::picture::paint::{self, Colour, Rect};
use crate::picture::plane::Plane;
use crate::picture::surface::Surface;
use crate::picture::{Chroma, Picture, jpeg};
use mozjpeg::{ColorSpace, Compress};
use mozjpeg_sys as ffi;

const SCALES: [(Scale, u32); 2] = [(Scale::Quarter, 4), (Scale::Eighth, 8)];
const FORMS: [Option<(usize, usize)>; 5] = [None, Some((1, 1)), Some((2, 1)), Some((1, 2)), Some((2, 2))];

/// Smooth shades, hard edges and noise.
fn scene(width: usize, height: usize, form: Option<(usize, usize)>) -> Picture {
    let mut random = fastrand::Rng::with_seed(11);
    let mut plane = |width: usize, height: usize| {
        let mut plane = Plane::new(width, height, 0);
        for y in 0..height {
            for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                let edge = if (x / 37 + y / 29) % 2 == 0 { 90 } else { 0 };
                let noise = if x / 64 % 2 == 0 { random.usize(0..12) } else { 0 };
                *sample = (20 + edge + x * 70 / width + y * 50 / height + noise) as u8;
            }
        }
        plane
    };
    let luma = plane(width, height);
    let chroma = form.map(|(horizontal, vertical)| {
        let (cw, ch) = (width.div_ceil(horizontal), height.div_ceil(vertical));
        Chroma { cb: plane(cw, ch), cr: plane(cw, ch), horizontal, vertical }
    });
    Picture { luma, chroma }
}

fn differences(a: &Plane, b: &Plane) -> (f64, u8) {
    assert_eq!((a.width, a.height, a.data.len()), (b.width, b.height, b.data.len()));
    let all = || a.data.iter().zip(&b.data).map(|(a, b)| a.abs_diff(*b));
    (all().map(f64::from).sum::<f64>() / a.data.len() as f64, all().max().unwrap_or(0))
}

/// The mean of each `d` x `d` pixels.
fn averages(plane: &Plane, d: usize) -> Plane {
    let (width, height) = (plane.width / d, plane.height / d);
    let mut small = Plane::new(width, height, 0);
    for y in 0..height {
        for x in 0..width {
            let all = (0..d * d).map(|i| usize::from(plane.row(y * d + i / d)[x * d + i % d]));
            small.row_mut(y)[x] = ((all.sum::<usize>() + d * d / 2) / (d * d)) as u8;
        }
    }
    small
}

#[test]
fn a_smaller_picture_is_the_average_of_what_it_covers() {
    let mut scanner = Scanner::default();
    for form in FORMS {
        let bytes = jpeg::encode(&scene(320, 240, form), 90).unwrap();
        let whole = jpeg::decode_luma(&bytes, 1).unwrap();
        for (scale, d) in SCALES {
            let small = scanner.luma(&bytes, scale).unwrap();
            let (mean, most) = differences(&small, &averages(&whole, d as usize));
            // At 1/8 exact but for rounding; elsewhere the higher frequencies are missing.
            let allowed = if scale == Scale::Eighth { (0.3, 1) } else { (2.0, 24) };
            assert!(mean < allowed.0 && most <= allowed.1, "{form:?} 1/{d}: {mean} {most}");
        }
    }
}

#[test]
fn sizes_that_are_no_multiple_of_anything_come_out_as_libjpegs() {
    let mut scanner = Scanner::default();
    for (width, height) in [(1, 1), (2, 3), (8, 8), (17, 33), (161, 121)] {
        for form in FORMS {
            let bytes = jpeg::encode(&scene(width, height, form), 90).unwrap();
            for (scale, d) in SCALES {
                let theirs = jpeg::decode_luma(&bytes, d).unwrap();
                let (mean, _) = differences(&scanner.luma(&bytes, scale).unwrap(), &theirs);
                assert!(mean < 4.0, "{width}x{height} {form:?} 1/{d}: {mean}");
            }
        }
    }
}

/// A picture of our own encoder's, but with tables made for it.
fn with_own_tables(picture: &Picture) -> Vec<u8> {
    let mut encoder = Compress::new(ColorSpace::JCS_GRAYSCALE);
    encoder.set_size(picture.luma.width, picture.luma.height);
    encoder.set_fastest_defaults();
    encoder.set_quality(90.0);
    encoder.set_optimize_coding(true);
    let mut started = encoder.start_compress(Vec::new()).unwrap();
    started.write_scanlines(&picture.luma.data).unwrap();
    started.finish().unwrap()
}

/// The same with a restart marker each `interval` blocks.
fn with_restarts(picture: &Picture, interval: u32) -> Vec<u8> {
    let rows = (0..picture.luma.height).map(|y| picture.luma.row(y).to_vec());
    encode(picture.luma.width, &rows.collect::<Vec<_>>(), interval, &[(1, 1)])
}

/// Grey or YCbCr rows with any factors, which the crate mozjpeg doesn't offer.
fn encode(width: usize, rows: &[Vec<u8>], interval: u32, factors: &[(i32, i32)]) -> Vec<u8> {
    use ffi::J_COLOR_SPACE::{JCS_GRAYSCALE, JCS_YCbCr};
    let (mut buffer, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: libjpeg's own order of calls, on a structure that lives to its end, with as many components as it has; it
    // allocates the buffer, which is copied and freed here.
    unsafe {
        let mut error = std::mem::zeroed();
        let mut info: ffi::jpeg_compress_struct = std::mem::zeroed();
        info.common.err = ffi::jpeg_std_error(&mut error);
        ffi::jpeg_create_compress(&mut info);
        ffi::jpeg_mem_dest(&mut info, &mut buffer, &mut size);
        info.image_width = width as u32;
        info.image_height = rows.len() as u32;
        info.input_components = factors.len() as i32;
        info.in_color_space = if factors.len() == 1 { JCS_GRAYSCALE } else { JCS_YCbCr };
        ffi::jpeg_c_set_int_param(
            &mut info,
            ffi::J_INT_PARAM::JINT_COMPRESS_PROFILE,
            ffi::JINT_COMPRESS_PROFILE_VALUE::JCP_FASTEST as i32,
        );
        ffi::jpeg_set_defaults(&mut info);
        ffi::jpeg_set_quality(&mut info, 90, 1);
        for (number, (across, down)) in factors.iter().enumerate() {
            let component = &mut *info.comp_info.add(number);
            (component.h_samp_factor, component.v_samp_factor) = (*across, *down);
        }
        info.restart_interval = interval;
        ffi::jpeg_start_compress(&mut info, 1);
        for row in rows {
            ffi::jpeg_write_scanlines(&mut info, &row.as_ptr(), 1);
        }
        ffi::jpeg_finish_compress(&mut info);
        ffi::jpeg_destroy_compress(&mut info);
        let bytes = std::slice::from_raw_parts(buffer, size as usize).to_vec();
        libc::free(buffer.cast());
        bytes
    }
}

/// As ffmpeg writes 4:2:2: units of 16x16, with two blocks of each colour.
fn in_tall_units(picture: &Picture) -> Vec<u8> {
    let chroma = picture.chroma.as_ref().unwrap();
    let rows = (0..picture.luma.height).map(|y| {
        let pixel = |x: usize| [picture.luma.row(y)[x], chroma.cb.row(y)[x / 2], chroma.cr.row(y)[x / 2]];
        (0..picture.luma.width).flat_map(pixel).collect()
    });
    encode(picture.luma.width, &rows.collect::<Vec<_>>(), 0, &[(2, 2), (1, 2), (1, 2)])
}

fn without_tables(bytes: &[u8]) -> Vec<u8> {
    without(bytes, 0xc4)
}

#[test]
fn restarts_own_tables_and_none_make_no_difference() {
    let picture = scene(200, 136, None);
    let mut scanner = Scanner::default();
    let plain = jpeg::encode(&picture, 90).unwrap();
    for (scale, _) in SCALES {
        let expected = scanner.luma(&plain, scale).unwrap();
        for interval in [1, 7, 25, 400, 1000] {
            let bytes = with_restarts(&picture, interval);
            assert_eq!(bytes.windows(2).any(|pair| pair == [0xff, 0xd0]), interval < 1000);
            assert_eq!(scanner.luma(&bytes, scale).unwrap(), expected, "every {interval}");
        }
        let own = with_own_tables(&picture);
        assert!(own.len() < plain.len());
        assert_eq!(scanner.luma(&own, scale).unwrap(), expected);
        let bare = without_tables(&plain);
        assert!(bare.len() < plain.len());
        assert_eq!(scanner.luma(&bare, scale).unwrap(), expected);
    }
}

#[test]
fn a_lost_or_doubled_part_between_restarts_is_noticed() {
    let bytes = with_restarts(&scene(200, 136, None), 25);
    let at = |marker: u8| bytes.windows(2).position(|pair| pair == [0xff, marker]).unwrap();
    let lost = [&bytes[..at(0xd1)], &bytes[at(0xd2)..]].concat();
    let doubled = [&bytes[..at(0xd2)], &bytes[at(0xd1)..]].concat();
    for damaged in [lost, doubled] {
        let error = Scanner::default().luma(&damaged, Scale::Eighth).unwrap_err();
        assert_eq!(error, corrupt("a restart marker is missing"));
    }
}

#[test]
fn other_forms_are_left_to_libjpeg() {
    let picture = scene(64, 48, None);
    let mut encoder = Compress::new(ColorSpace::JCS_GRAYSCALE);
    encoder.set_size(64, 48);
    encoder.set_quality(90.0);
    encoder.set_progressive_mode();
    let mut started = encoder.start_compress(Vec::new()).unwrap();
    started.write_scanlines(&picture.luma.data).unwrap();
    let progressive = started.finish().unwrap();
    let rgb = |space: ColorSpace, factor: i32| {
        let mut encoder = Compress::new(ColorSpace::JCS_RGB);
        encoder.set_size(64, 48);
        encoder.set_fastest_defaults();
        encoder.set_color_space(space);
        encoder.components_mut()[0].h_samp_factor = factor;
        let mut started = encoder.start_compress(Vec::new()).unwrap();
        started.write_scanlines(&[77; 3 * 64 * 48]).unwrap();
        started.finish().unwrap()
    };
    for bytes in [progressive, rgb(ColorSpace::JCS_RGB, 1), rgb(ColorSpace::JCS_YCbCr, 4)] {
        assert!(jpeg::decode_luma(&bytes, 8).is_ok());
        let refused = Scanner::default().luma(&bytes, Scale::Eighth);
        assert!(matches!(refused, Err(Refusal::Unsupported(_))), "{refused:?}");
    }
}

#[test]
fn what_is_cut_off_or_holed_is_refused() {
    let mut scanner = Scanner::default();
    let bytes = jpeg::encode(&scene(320, 240, Some((2, 1))), 80).unwrap();
    for cut in (0..bytes.len()).step_by(7) {
        for mut short in [bytes[..cut].to_vec(), [&bytes[..cut], &[0xff, 0xd9]].concat()] {
            assert!(scanner.luma(&short, Scale::Quarter).is_err(), "{cut}");
            short.resize(short.len() + 100, 0);
            assert!(scanner.luma(&short, Scale::Quarter).is_err(), "{cut}");
        }
    }
    for hole in 0..40 {
        let mut holed = bytes.clone();
        let at = bytes.len() / 4 + hole * bytes.len() / 80;
        holed.drain(at..at + 512);
        assert!(scanner.luma(&holed, Scale::Eighth).is_err(), "{hole}");
    }
    // Webcams leave a few bytes before the end marker.
    let padded = [&bytes[..bytes.len() - 2], &[0x12, 0x34, 0xff, 0xd9]].concat();
    assert_eq!(scanner.luma(&padded, Scale::Quarter), scanner.luma(&bytes, Scale::Quarter));
}

/// Whatever comes in, there is an error or a picture of the announced size; and that is as libjpeg sees it.
#[test]
fn what_is_read_of_damaged_pictures_is_what_libjpeg_reads() {
    let mut random = fastrand::Rng::with_seed(3);
    let mut scanner = Scanner::default();
    let mut sources: Vec<_> =
        FORMS.iter().map(|form| jpeg::encode(&scene(72, 56, *form), 75).unwrap()).collect();
    sources.push(with_restarts(&scene(72, 56, None), 9));
    let (mut both, mut refused, mut stricter) = (0, 0, 0);
    for round in 0..6000 {
        let mut bytes = sources[round % sources.len()].clone();
        let reach = if random.bool() { bytes.len() } else { 700.min(bytes.len()) };
        match random.u8(0..4) {
            0 => bytes[random.usize(2..reach)] ^= 1 << random.u8(0..8),
            1 => (0..random.usize(1..9)).for_each(|_| bytes[random.usize(2..reach)] = random.u8(..)),
            2 => {
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
        if jpeg::header(&bytes).is_ok_and(|(w, h)| w * h > 100_000) {
            continue;
        }
        match (scanner.luma(&bytes, Scale::Eighth), jpeg::decode_luma(&bytes, 8)) {
            (Ok(ours), Ok(theirs)) => {
                let (mean, _) = differences(&ours, &theirs);
                assert!(mean < 2.0, "round {round}: {mean}");
                both += 1;
            }
            (Err(Refusal::Broken(_)), Ok(_)) => stricter += 1,
            (_, _) => refused += 1,
        }
    }
    assert!(both > 1000 && refused > 1000 && stricter < 1000, "{both}, {refused}, {stricter}");
}

/// Draws here and there, at the borders too.
fn draw(surface: &mut dyn Surface) {
    let (width, height) = surface.size();
    let (w, h) = (width as i32, height as i32);
    let red = Colour::rgb(220, 20, 30);
    paint::fill(surface, Rect { x: w / 3, y: h / 4, w: 21, h: 13 }, red, 255);
    paint::fill(surface, Rect { x: w - 9, y: h - 5, w: 30, h: 30 }, Colour::rgb(20, 200, 30), 120);
    paint::outline(surface, Rect { x: -3, y: -3, w: w / 4, h: h / 5 }, 2, Colour::rgb(250, 250, 0), 200);
}

/// The planes as libjpeg sees them.
fn planes(bytes: &[u8]) -> Vec<Plane> {
    let picture = jpeg::decode(bytes).unwrap();
    let chroma = picture.chroma.map(|chroma| [chroma.cb, chroma.cr]);
    [picture.luma].into_iter().chain(chroma.into_iter().flatten()).collect()
}

/// Whether a plane's sample is in a unit that [`draw`] reaches; a colour has so many blocks of it, one below the other.
fn reached(
    form: Option<(usize, usize)>,
    (width, height): (usize, usize),
    blocks: usize,
) -> impl Fn(usize, usize, usize) -> bool {
    let (h, v) = form.unwrap_or((1, 1));
    let (uw, uh) = (8 * h, 8 * v * blocks);
    let mut touched = std::collections::BTreeSet::new();
    let mut add = |x0: usize, y0: usize, x1: usize, y1: usize| {
        for y in y0 / uh..y1.min(height).div_ceil(uh) {
            touched.extend((x0 / uw..x1.min(width).div_ceil(uw)).map(|x| (x, y)));
        }
    };
    add(width / 3, height / 4, width / 3 + 21, height / 4 + 13);
    add(width.saturating_sub(9), height.saturating_sub(5), width, height);
    add(0, 0, width / 4, height / 5);
    move |plane, x, y| {
        let (sw, sh) = if plane == 0 { (uw, uh) } else { (8, 8 * blocks) };
        touched.contains(&(x / sw, y / sh))
    }
}

#[test]
fn what_is_drawn_changes_the_touched_units_and_not_a_sample_elsewhere() {
    let mut splicer = Splicer::default();
    for (width, height) in [(160, 120), (320, 240), (99, 75), (17, 9)] {
        for form in FORMS {
            let picture = scene(width, height, form);
            let mut sources = vec![jpeg::encode(&picture, 85).unwrap()];
            if form.is_none() {
                sources.extend([1, 5, 7, 40].map(|interval| with_restarts(&picture, interval)));
            }
            if form == Some((2, 1)) {
                sources.push(in_tall_units(&picture));
            }
            for (number, original) in sources.into_iter().enumerate() {
                let tall = form == Some((2, 1)) && number == 1;
                let mut canvas = splicer.open(&original).unwrap();
                draw(&mut canvas);
                let spliced = canvas.finish().unwrap();
                let mut expected = jpeg::decode(&original).unwrap();
                draw(&mut expected);
                let expected = planes(&jpeg::encode(&expected, 100).unwrap());
                let reached = reached(form, (width, height), if tall { 2 } else { 1 });
                let (before, after) = (planes(&original), planes(&spliced));
                for (plane, (before, after)) in before.iter().zip(&after).enumerate() {
                    let (mut error, mut count) = (0, 0);
                    for y in 0..before.height {
                        for x in 0..before.width {
                            if reached(plane, x, y) {
                                error += u32::from(after.row(y)[x].abs_diff(expected[plane].row(y)[x]));
                                count += 1;
                            } else {
                                assert_eq!(after.row(y)[x], before.row(y)[x], "{form:?} {plane}: {x},{y}");
                            }
                        }
                    }
                    assert!(error < 9 * count, "{width}x{height} {form:?} {plane}: {error} in {count}");
                }
            }
        }
    }
}

#[test]
fn where_nothing_is_drawn_the_bytes_stay() {
    let mut splicer = Splicer::default();
    for form in FORMS {
        let bytes = jpeg::encode(&scene(99, 75, form), 85).unwrap();
        assert_eq!(splicer.open(&bytes).unwrap().finish().unwrap(), bytes);
    }
}

#[test]
fn what_a_scanner_found_need_not_be_found_again() {
    let (mut scanner, mut splicer) = (Scanner::default(), Splicer::default());
    let finish = |mut canvas: Canvas| {
        draw(&mut canvas);
        canvas.finish().unwrap()
    };
    for scale in [Scale::Quarter, Scale::Eighth] {
        for form in FORMS {
            let bytes = jpeg::encode(&scene(160, 120, form), 85).unwrap();
            let expected = finish(splicer.open(&bytes).unwrap());
            scanner.luma(&bytes, scale).unwrap();
            assert_eq!(finish(splicer.open_with(&bytes, scanner.take_index()).unwrap()), expected);
            // Of another picture.
            scanner.luma(&jpeg::encode(&scene(99, 75, form), 85).unwrap(), scale).unwrap();
            assert_eq!(finish(splicer.open_with(&bytes, scanner.take_index()).unwrap()), expected);
        }
    }
}

/// On whatever processor this runs, the bytes are the same.
#[test]
fn each_processor_gives_the_same_bytes() {
    let mut hash = Fnv::default();
    let (mut scanner, mut splicer) = (Scanner::default(), Splicer::default());
    for form in FORMS {
        for quality in [40, 85, 97] {
            let bytes = jpeg::encode(&scene(320, 240, form), quality).unwrap();
            hash.take(&bytes);
            for scale in [Scale::Quarter, Scale::Eighth] {
                hash.take(&scanner.luma(&bytes, scale).unwrap().data);
            }
            for denominator in [1, 2] {
                hash.take(&jpeg::decode_luma(&bytes, denominator).unwrap().data);
            }
            let mut canvas = splicer.open(&bytes).unwrap();
            draw(&mut canvas);
            hash.take(&canvas.finish().unwrap());
        }
    }
    assert_eq!(
        hash.0, 13_204_566_933_452_843_421,
        "what is made of pictures has changed, or depends on the processor"
    );
}

/// FNV-1a.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn take(&mut self, bytes: &[u8]) {
        self.0 =
            bytes.iter().fold(self.0, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    }
}

#[test]
fn tables_that_are_missing_are_written_and_second_pictures_left_out() {
    let bytes = jpeg::encode(&scene(99, 75, Some((2, 1))), 85).unwrap();
    // A marker that cameras keep a preview in.
    let preview = [&[0xff, 0xe1, 0, 8][..], b"SECRET"].concat();
    let bare = without_tables(&bytes);
    let both = [&bare[..2], &preview, &bare[2..]].concat();
    let mut splicer = Splicer::default();
    let mut drawn = |bytes: &[u8]| {
        let mut canvas = splicer.open(bytes).unwrap();
        draw(&mut canvas);
        canvas.finish().unwrap()
    };
    let (whole, made) = (drawn(&bytes), drawn(&both));
    assert!(!made.windows(6).any(|window| window == b"SECRET"));
    assert_eq!(planes(&made), planes(&whole));
    // libjpeg knows the standard's tables and others don't: they have to be there.
    assert!(made.windows(2).any(|pair| pair == [0xff, 0xc4]));
}

#[test]
fn tables_made_for_one_picture_alone_may_not_do() {
    let flat = Picture { luma: Plane::new(64, 64, 90), chroma: None };
    let own = with_own_tables(&flat);
    let mut splicer = Splicer::default();
    let mut canvas = splicer.open(&own).unwrap();
    draw(&mut canvas);
    assert!(matches!(canvas.finish(), Err(Refusal::Unsupported(_))));
}
