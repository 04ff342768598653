//! From what a camera delivers to planes: luma for analysis, whole pictures for what is drawn and sent.
//! Knows memory layouts and value ranges; opens no device.
//!
//! Samples in video's limited range are stretched to 0..=255 in the same pass that copies them, as everything
//! behind this module takes full range. A camera that says limited and isn't loses a little of its darkest and
//! brightest, nothing else.

use super::jpeg::{self, JpegError, MAX_PIXELS};
use super::plane::Plane;
use super::{Chroma, Picture};
use crate::camera::{Frame, PixelFormat, Range};

/// Why a frame can't be used. The texts are for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    #[error(transparent)]
    Jpeg(#[from] JpegError),
    #[error("the camera's frame has no size ({0}x{1})")]
    Empty(u32, u32),
    #[error("the camera's frame is too large: {0}x{1}, at most {MAX_PIXELS} pixels are taken")]
    TooLarge(u32, u32),
    #[error("the camera's frame is short: {got} bytes where {needed} are needed")]
    Short { got: usize, needed: u64 },
    #[error("the camera's frame says {stride} bytes a line, and its lines have {needed}")]
    Stride { stride: u32, needed: u64 },
    #[error("a picture can't be scaled by 1/{0}; 1, 2, 4 and 8 are possible")]
    Denominator(u32),
}

impl PictureError {
    /// Short and stable, for a counter's label.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Jpeg(error) => error.reason(),
            Self::Empty(..) => "empty",
            Self::TooLarge(..) => "too large",
            Self::Short { .. } => "truncated",
            Self::Stride { .. } => "stride",
            Self::Denominator(_) => "unsupported",
        }
    }
}

/// The frame's luma, each `denominator` x `denominator` pixels averaged to one: `ceil(size / denominator)`.
/// `denominator`: 1, 2, 4 or 8.
pub fn luma(frame: &Frame, denominator: u32) -> Result<Plane, PictureError> {
    if !matches!(denominator, 1 | 2 | 4 | 8) {
        return Err(PictureError::Denominator(denominator));
    }
    if frame.format == PixelFormat::Jpeg {
        return Ok(jpeg::decode_luma(&frame.data, denominator)?);
    }
    let layout = Layout::of(frame)?;
    let (data, d) = (frame.data.as_slice(), denominator as usize);
    Ok(match (frame.format, frame.range) {
        (PixelFormat::Yuyv, Range::Full) => layout.average::<2>(data, d, |sample| sample),
        (PixelFormat::Yuyv, Range::Limited) => layout.average::<2>(data, d, stretch_luma),
        (_, Range::Full) => layout.average::<1>(data, d, |sample| sample),
        (_, Range::Limited) => layout.average::<1>(data, d, stretch_luma),
    })
}

/// The frame's planes in full range, with the format's own subsampling.
pub fn picture(frame: &Frame) -> Result<Picture, PictureError> {
    if frame.format == PixelFormat::Jpeg {
        return Ok(jpeg::decode(&frame.data)?);
    }
    let layout = Layout::of(frame)?;
    let (data, stride) = (frame.data.as_slice(), layout.stride);
    let (cw, ch) = (layout.width.div_ceil(2), layout.height.div_ceil(2));
    let below = stride * layout.height;
    let stretch = frame.range == Range::Limited;
    let chroma = match frame.format {
        PixelFormat::Grey | PixelFormat::Jpeg => None,
        PixelFormat::Yuyv => Some(Chroma {
            cb: pick::<4, 1>(data, stride, cw, layout.height, stretch),
            cr: pick::<4, 3>(data, stride, cw, layout.height, stretch),
            horizontal: 2,
            vertical: 1,
        }),
        PixelFormat::Nv12 => Some(Chroma {
            cb: pick::<2, 0>(&data[below..], stride, cw, ch, stretch),
            cr: pick::<2, 1>(&data[below..], stride, cw, ch, stretch),
            horizontal: 2,
            vertical: 2,
        }),
        PixelFormat::I420 => {
            let half = stride.div_ceil(2);
            Some(Chroma {
                cb: pick::<1, 0>(&data[below..], half, cw, ch, stretch),
                cr: pick::<1, 0>(&data[below + half * ch..], half, cw, ch, stretch),
                horizontal: 2,
                vertical: 2,
            })
        }
    };
    Ok(Picture { luma: luma(frame, 1)?, chroma })
}

/// A mask over the analysed picture, brought to another size: each sample is the nearest one of `mask`.
pub fn upscale_mask(mask: &Plane, width: usize, height: usize) -> Plane {
    let mut large = Plane::new(width, height, 0);
    if mask.width == 0 || mask.height == 0 || width == 0 || height == 0 {
        return large;
    }
    // The centre of each target sample, in samples of the mask.
    let nearest = |at: usize, from: usize, to: usize| (2 * at + 1) * from / (2 * to);
    let columns: Vec<usize> = (0..width).map(|x| nearest(x, mask.width, width)).collect();
    let mut previous = None;
    for y in 0..height {
        let source = nearest(y, mask.height, height);
        if previous == Some(source) {
            large.data.copy_within((y - 1) * width..y * width, y * width);
            continue;
        }
        let row = mask.row(source);
        for (sample, &column) in large.row_mut(y).iter_mut().zip(&columns) {
            *sample = row[column];
        }
        previous = Some(source);
    }
    large
}

/// Sizes of a raw frame, checked against its data: all indexing below stays inside.
struct Layout {
    width: usize,
    height: usize,
    stride: usize,
}

impl Layout {
    fn of(frame: &Frame) -> Result<Self, PictureError> {
        let (width, height, stride) =
            (u64::from(frame.width), u64::from(frame.height), u64::from(frame.stride));
        if width == 0 || height == 0 {
            return Err(PictureError::Empty(frame.width, frame.height));
        }
        if width * height > MAX_PIXELS {
            return Err(PictureError::TooLarge(frame.width, frame.height));
        }
        let (pairs, half_height, half_stride) = (width.div_ceil(2), height.div_ceil(2), stride.div_ceil(2));
        // The last line of the last plane may lack its padding.
        let (line, needed) = match frame.format {
            PixelFormat::Jpeg | PixelFormat::Grey => (width, stride * (height - 1) + width),
            PixelFormat::Yuyv => (4 * pairs, stride * (height - 1) + 4 * pairs),
            PixelFormat::Nv12 => (2 * pairs, stride * (height + half_height - 1) + 2 * pairs),
            PixelFormat::I420 => (width, stride * height + half_stride * (2 * half_height - 1) + pairs),
        };
        if stride < line {
            return Err(PictureError::Stride { stride: frame.stride, needed: line });
        }
        if (frame.data.len() as u64) < needed {
            return Err(PictureError::Short { got: frame.data.len(), needed });
        }
        Ok(Self { width: width as usize, height: height as usize, stride: stride as usize })
    }

    /// Averages squares of `d` x `d` samples that lie `STEP` bytes apart. At the right and lower border only
    /// what is there counts.
    fn average<const STEP: usize>(&self, data: &[u8], d: usize, map: impl Fn(u8) -> u8 + Copy) -> Plane {
        let (width, height) = (self.width.div_ceil(d), self.height.div_ceil(d));
        let mut plane = Plane { width, height, data: Vec::with_capacity(width * height) };
        let line = |y: usize| &data[y * self.stride..][..(self.width - 1) * STEP + 1];
        if d == 1 {
            plane.data.resize(width * height, 0);
            for y in 0..height {
                spread::<STEP>(line(y), plane.row_mut(y), map);
            }
            return plane;
        }
        // Sums of a column's samples: at most 8 x 255.
        let mut sums = vec![0u16; self.width];
        for y in 0..height {
            let rows = y * d..((y + 1) * d).min(self.height);
            sums.fill(0);
            for row in rows.clone() {
                add::<STEP>(&mut sums, &data[row * self.stride..]);
            }
            match (d, rows.len() == d) {
                (2, true) => fold::<2>(&sums, &mut plane.data, map),
                (4, true) => fold::<4>(&sums, &mut plane.data, map),
                (8, true) => fold::<8>(&sums, &mut plane.data, map),
                _ => fold_rest(&sums, d, rows.len(), &mut plane.data, map),
            }
        }
        plane
    }
}

/// Adds a line's samples to the columns' sums. `line` may reach beyond the line's end.
fn add<const STEP: usize>(sums: &mut [u16], line: &[u8]) {
    // The last sample's chunk may be cut short by the end of the data, hence by itself.
    let Some((last, most)) = sums.split_last_mut() else { return };
    *last += u16::from(line[most.len() * STEP]);
    for (sum, samples) in most.iter_mut().zip(line.as_chunks::<STEP>().0) {
        *sum += u16::from(samples[0]);
    }
}

/// Averages `D` columns of `D` samples each.
fn fold<const D: usize>(sums: &[u16], out: &mut Vec<u8>, map: impl Fn(u8) -> u8) {
    let (squares, rest) = sums.as_chunks::<D>();
    let area = (D * D) as u16;
    out.extend(squares.iter().map(|square| map(((square.iter().sum::<u16>() + area / 2) / area) as u8)));
    if !rest.is_empty() {
        fold_rest(rest, D, D, out, map);
    }
}

/// As [`fold`], where less than a square is left.
fn fold_rest(sums: &[u16], d: usize, rows: usize, out: &mut Vec<u8>, map: impl Fn(u8) -> u8) {
    out.extend(sums.chunks(d).map(|columns| {
        let (sum, area) =
            (columns.iter().map(|&sum| u32::from(sum)).sum::<u32>(), (columns.len() * rows) as u32);
        map(((sum + area / 2) / area) as u8)
    }));
}

/// Chroma samples that lie `STEP` bytes apart, the first at `FIRST`, if need be stretched to full range.
fn pick<const STEP: usize, const FIRST: usize>(
    data: &[u8],
    stride: usize,
    width: usize,
    height: usize,
    stretched: bool,
) -> Plane {
    let mut plane = Plane::new(width, height, 0);
    for y in 0..height {
        let line = &data[y * stride..][..(width - 1) * STEP + FIRST + 1];
        if stretched {
            spread::<STEP>(&line[FIRST..], plane.row_mut(y), stretch_chroma);
        } else {
            spread::<STEP>(&line[FIRST..], plane.row_mut(y), |sample| sample);
        }
    }
    plane
}

/// Copies samples that lie `STEP` bytes apart. Whole steps and a plain loop, so that the compiler can do many at
/// once; the last sample has no whole step behind it.
fn spread<const STEP: usize>(line: &[u8], row: &mut [u8], map: impl Fn(u8) -> u8) {
    let (steps, rest) = line.as_chunks::<STEP>();
    for (target, step) in row.iter_mut().zip(steps) {
        *target = map(step[0]);
    }
    if let ([sample, ..], Some(target)) = (rest, row.get_mut(steps.len())) {
        *target = map(*sample);
    }
}

/// Luma 16..=235 to 0..=255: `(y - 16) * 255 / 219`, in 8-bit fixed point so that it stays within 16 bits and the
/// compiler can do many at once.
fn stretch_luma(sample: u8) -> u8 {
    ((u16::from(sample.saturating_sub(16).min(219)) * 298 + 128) >> 8) as u8
}

/// Chroma 16..=240 to 1..=255 around 128: `(c - 128) * 255 / 224`, likewise.
fn stretch_chroma(sample: u8) -> u8 {
    let offset = (i16::from(sample) - 128).clamp(-112, 112);
    (((offset * 291 + 128) >> 8) + 128) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn frame(format: PixelFormat, width: u32, height: u32, stride: u32, data: Vec<u8>) -> Frame {
        let range = if format == PixelFormat::Grey { Range::Full } else { Range::Limited };
        let (sequence, captured, restarted) = (0, Duration::ZERO, false);
        Frame { sequence, captured, restarted, format, width, height, stride, range, data }
    }

    /// Bytes that a raw frame needs, written out apart from the code above.
    fn size(format: PixelFormat, height: usize, stride: usize) -> usize {
        match format {
            PixelFormat::I420 => stride * height + 2 * stride.div_ceil(2) * height.div_ceil(2),
            PixelFormat::Nv12 => stride * (height + height.div_ceil(2)),
            _ => stride * height,
        }
    }

    fn random(length: usize) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(3);
        (0..length).map(|_| random.u8(..)).collect()
    }

    const RAW: [PixelFormat; 4] =
        [PixelFormat::Yuyv, PixelFormat::Nv12, PixelFormat::Grey, PixelFormat::I420];

    fn stride(format: PixelFormat, width: u32) -> u32 {
        if format == PixelFormat::Yuyv { width.next_multiple_of(2) * 2 } else { width.next_multiple_of(2) }
    }

    #[test]
    fn limited_range_is_stretched_as_bt_601_says() {
        for value in 0..=255u8 {
            let luma = ((f64::from(value) - 16.0) * 255.0 / 219.0).clamp(0.0, 255.0);
            assert!((f64::from(stretch_luma(value)) - luma).abs() <= 1.0, "luma {value}");
            let chroma = ((f64::from(value) - 128.0) * 255.0 / 224.0).clamp(-127.0, 127.0) + 128.0;
            assert!((f64::from(stretch_chroma(value)) - chroma).abs() <= 1.0, "chroma {value}");
        }
        assert_eq!([16, 235].map(stretch_luma), [0, 255]);
        assert_eq!([16, 128, 240].map(stretch_chroma), [1, 128, 255]);
    }

    #[test]
    fn planes_are_taken_from_where_the_format_keeps_them() {
        // 3x3 pixels, 8 or 16 bytes a line, so that padding would show. 120 and 140 stand for "not looked at".
        let expect = |format, data: Vec<u8>, stride, vertical| {
            let picture = picture(&frame(format, 3, 3, stride, data)).unwrap();
            assert_eq!(picture.luma.data, [20, 30, 40, 50, 60, 70, 80, 90, 100].map(stretch_luma));
            let chroma = picture.chroma.unwrap();
            assert_eq!((chroma.horizontal, chroma.vertical), (2, vertical));
            (chroma.cb.data, chroma.cr.data)
        };
        let i420 = [
            &[20, 30, 40, 0, 0, 0, 0, 0, 50, 60, 70, 0, 0, 0, 0, 0, 80, 90, 100, 0, 0, 0, 0, 0][..],
            &[61, 62, 0, 0, 63, 64, 0, 0, 161, 162, 0, 0, 163, 164],
        ]
        .concat();
        let four = (
            [61, 62, 63, 64].map(stretch_chroma).to_vec(),
            [161, 162, 163, 164].map(stretch_chroma).to_vec(),
        );
        assert_eq!(expect(PixelFormat::I420, i420.clone(), 8, 2), four);
        let nv12 = [&i420[..24], &[61, 161, 62, 162, 0, 0, 0, 0, 63, 163, 64, 164]].concat();
        assert_eq!(expect(PixelFormat::Nv12, nv12, 8, 2), four);
        let yuyv = [
            [20, 61, 30, 161, 40, 62, 0, 162, 0, 0, 0, 0],
            [50, 63, 60, 163, 70, 64, 0, 164, 0, 0, 0, 0],
            [80, 65, 90, 165, 100, 66, 0, 166, 0, 0, 0, 0],
        ]
        .concat();
        let six = (
            [61, 62, 63, 64, 65, 66].map(stretch_chroma).to_vec(),
            [161, 162, 163, 164, 165, 166].map(stretch_chroma).to_vec(),
        );
        assert_eq!(expect(PixelFormat::Yuyv, yuyv[..32].to_vec(), 12, 1), six);
        let grey = picture(&frame(PixelFormat::Grey, 2, 2, 3, vec![0, 7, 99, 255, 200])).unwrap();
        assert_eq!((grey.luma.data, grey.chroma), (vec![0, 7, 255, 200], None));
    }

    #[test]
    fn luma_is_averaged_over_squares_also_at_the_border() {
        for (width, height) in [(1, 1), (7, 5), (16, 8), (33, 18)] {
            for format in RAW {
                let stride = stride(format, width) + 4;
                let data = random(size(format, height as usize, stride as usize));
                let step = if format == PixelFormat::Yuyv { 2 } else { 1 };
                let map = if format == PixelFormat::Grey { |sample| sample } else { stretch_luma };
                let at = |x: u32, y: u32| u32::from(data[(y * stride + x * step) as usize]);
                for d in [1, 2, 4, 8] {
                    let plane = luma(&frame(format, width, height, stride, data.clone()), d).unwrap();
                    assert_eq!(
                        (plane.width as u32, plane.height as u32),
                        (width.div_ceil(d), height.div_ceil(d))
                    );
                    for (i, &got) in plane.data.iter().enumerate() {
                        let (x0, y0) = (i as u32 % width.div_ceil(d) * d, i as u32 / width.div_ceil(d) * d);
                        let (xs, ys) = (x0..(x0 + d).min(width), y0..(y0 + d).min(height));
                        let sum: u32 = ys
                            .clone()
                            .flat_map(|y| xs.clone().map(move |x| (x, y)))
                            .map(|(x, y)| at(x, y))
                            .sum();
                        let area = (xs.len() * ys.len()) as u32;
                        assert_eq!(
                            got,
                            map(((sum + area / 2) / area) as u8),
                            "{format:?} {width}x{height} 1/{d}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn frames_that_lie_about_their_size_are_errors() {
        let reason = |frame: &Frame| {
            let (one, other) = (luma(frame, 2).map(drop), picture(frame).map(drop));
            assert_eq!(one, other);
            one.map_err(|error| error.reason())
        };
        for format in RAW {
            for (width, height) in [(1, 1), (5, 3), (8, 6)] {
                let stride = stride(format, width);
                let whole = size(format, height as usize, stride as usize);
                for length in 0..=whole {
                    let answer = reason(&frame(format, width, height, stride, vec![0; length]));
                    // at most the last line's padding may lack
                    assert!(
                        answer == Err("truncated") || length + 2 >= whole,
                        "{format:?} {length} of {whole}"
                    );
                    assert!(answer == Ok(()) || length < whole, "{format:?} {length} of {whole}");
                }
                assert_eq!(reason(&frame(format, width + 2, height, stride, vec![0; whole])), Err("stride"));
                assert_eq!(reason(&frame(format, width, height, 0, vec![0; whole])), Err("stride"));
                if height > 1 {
                    let answer = reason(&frame(format, width, height, u32::MAX, vec![0; whole]));
                    assert_eq!(answer, Err("truncated"));
                }
                assert_eq!(reason(&frame(format, 0, height, stride, vec![0; whole])), Err("empty"));
                assert_eq!(reason(&frame(format, width, 0, stride, vec![0; whole])), Err("empty"));
                assert_eq!(reason(&frame(format, u32::MAX, u32::MAX, u32::MAX, vec![])), Err("too large"));
            }
        }
        assert_eq!(reason(&frame(PixelFormat::Jpeg, 8, 8, 0, vec![1, 2, 3])), Err("garbage"));
        let grey = frame(PixelFormat::Grey, 2, 2, 2, vec![0; 4]);
        assert_eq!(luma(&grey, 3), Err(PictureError::Denominator(3)));
    }

    #[test]
    fn masks_are_enlarged_to_the_nearest_sample() {
        let mask = Plane { width: 2, height: 2, data: vec![0, 255, 255, 0] };
        let large = upscale_mask(&mask, 5, 4);
        assert_eq!(large.row(0), [0, 0, 255, 255, 255]);
        assert_eq!(large.row(1), large.row(0));
        assert_eq!(large.row(2), [255, 255, 0, 0, 0]);
        assert_eq!(upscale_mask(&large, 5, 4), large);
        assert_eq!(upscale_mask(&large, 2, 2), mask);
        assert_eq!(upscale_mask(&Plane::default(), 3, 2), Plane::new(3, 2, 0));
        assert_eq!(upscale_mask(&mask, 0, 2).data, Vec::<u8>::new());
    }
}
