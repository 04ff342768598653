//! Streams as cameras send them, cut at every byte.

use super::*;

/// A real picture, with coded 0xff bytes in it.
fn jpeg(seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut compress = mozjpeg::Compress::new(mozjpeg::ColorSpace::JCS_GRAYSCALE);
    compress.set_size(64, 48);
    compress.set_progressive_mode();
    let mut compress = compress.start_compress(Vec::new()).unwrap();
    let noise: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(64 * 48).collect();
    compress.write_scanlines(&noise).unwrap();
    let jpeg = compress.finish().unwrap();
    assert!(memmem::find(&jpeg, &[0xff, 0x00]).is_some());
    jpeg
}

/// What stands before a picture.
type Head = dyn Fn(&[u8]) -> String;

fn all(stream: &[u8], piece: usize) -> Vec<Found> {
    let (mut pictures, mut out) = (Pictures::new(), Vec::new());
    for piece in stream.chunks(piece) {
        pictures.push(piece, &mut out).unwrap();
    }
    out
}

fn stream(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    parts.iter().flat_map(|(head, jpeg)| head.bytes().chain(jpeg.iter().copied())).collect()
}

#[test]
fn pictures_are_found_whatever_stands_between_them_and_wherever_the_stream_is_cut() {
    let pictures = [jpeg(1), jpeg(2), jpeg(3)];
    let heads: [&Head; 7] = [
        &|jpeg| format!("\r\n--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len()),
        &|_| "\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n".into(),
        &|_| "--\"other\"\n\n".into(),
        &|_| "myboundary\r\nX-Time: 1\r\n\r\n".into(),
        &|jpeg| format!("\n--a\ncontent-length:{}\n\n", jpeg.len() + 700),
        &|jpeg| format!("\r\n--a\r\nContent-Length: {}\r\n\r\n", jpeg.len() / 2),
        &|_| String::new(),
    ];
    for head in heads {
        let parts: Vec<_> = pictures.iter().map(|jpeg| (head(jpeg), jpeg.clone())).collect();
        let stream = stream(&parts);
        for piece in [1, 2, 3, 7, 100, 1460, stream.len()] {
            let found: Vec<_> = all(&stream, piece).into_iter().map(Result::unwrap).collect();
            assert!(found == pictures, "{:?} in pieces of {piece}", head(&pictures[0]));
        }
        // Cut once, at every byte.
        for cut in 0..stream.len() {
            let (mut reader, mut out) = (Pictures::new(), Vec::new());
            reader.push(&stream[..cut], &mut out).unwrap();
            reader.push(&stream[cut..], &mut out).unwrap();
            assert_eq!(out.len(), 3, "cut at {cut}");
        }
    }
}

#[test]
fn a_picture_inside_a_picture_is_no_picture() {
    let (mut outer, inner) = (jpeg(1), jpeg(2));
    let segment: Vec<u8> = [&[0xff, 0xe1][..], &(inner.len() as u16 + 2).to_be_bytes(), &inner].concat();
    outer.splice(2..2, segment);
    assert_eq!(all(&outer, 11), [Ok(outer)]);
}

#[test]
fn where_the_end_marker_is_missing_the_announced_length_counts() {
    let mut short = jpeg(1);
    short.truncate(short.len() - 2);
    let head = format!("\r\n--b\r\nContent-Length: {}\r\n\r\n", short.len());
    let stream =
        stream(&[(head.clone(), short.clone()), (head, short.clone()), ("\r\n--b".into(), Vec::new())]);
    for piece in [1, 5, stream.len()] {
        assert_eq!(all(&stream, piece), [Ok(short.clone()), Ok(short.clone())]);
    }
}

#[test]
fn a_picture_that_breaks_off_costs_one_picture() {
    let cut = jpeg(1)[..700].to_vec();
    let head = "\r\n--b\r\nContent-Type: image/jpeg\r\n\r\n".to_string();
    let stream = stream(&[(head.clone(), cut), (head.clone(), jpeg(2)), (head, jpeg(3))]);
    for piece in [1, stream.len()] {
        let found = all(&stream, piece);
        assert!(found[0].is_err() && found[1..] == [Ok(jpeg(2)), Ok(jpeg(3))]);
    }
}

#[test]
fn endless_garbage_ends_and_takes_no_memory() {
    let mut random = fastrand::Rng::with_seed(1);
    for kind in 0..3 {
        let (mut pictures, mut out, mut pushed) = (Pictures::new(), Vec::new(), 0u64);
        if kind == 2 {
            pictures.push(&jpeg(1)[..700], &mut out).unwrap();
        }
        let error = loop {
            let piece: Vec<u8> = match kind {
                0 => vec![b'-'; 10_000],
                // No start of a picture in it.
                1 => std::iter::repeat_with(|| random.u8(..0xff)).take(10_000).collect(),
                // Coded data without an end.
                _ => vec![7; 100_000],
            };
            pushed += piece.len() as u64;
            if let Err(error) = pictures.push(&piece, &mut out) {
                break error;
            }
            assert!(pictures.buffer.len() as u64 <= MAX_FRAME_BYTES + 100_000);
            assert!(pushed < 2 * MAX_FRAME_BYTES, "kind {kind} goes on for ever");
        };
        assert!(error.contains(if kind == 2 { "more than" } else { "no JPEG" }), "{error}");
        assert!(out.is_empty());
    }
}

#[test]
fn any_bytes_are_taken_without_a_panic() {
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..300 {
        let (mut pictures, mut out) = (Pictures::new(), Vec::new());
        let mut bytes = [jpeg(1), b"\r\n--x\r\nContent-Length: 99\r\n\r\n".to_vec(), jpeg(2)].concat();
        for _ in 0..20 {
            let at = random.usize(..bytes.len());
            bytes[at] = if random.bool() { 0xff } else { random.u8(..) };
        }
        for piece in bytes.chunks(random.usize(1..500)) {
            if pictures.push(piece, &mut out).is_err() {
                break;
            }
        }
    }
}
