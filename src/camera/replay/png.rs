//! PNG pictures to planes: whatever a PNG file can hold becomes grey or YCbCr 4:2:0.

use crate::camera::{Image, MAX_PIXELS, PixelFormat, Range};
use png::{ColorType, Transformations};
use std::io::Cursor;

/// Width and height in pixels, from the header.
pub(super) fn size(data: &[u8]) -> Option<(u32, u32)> {
    let reader = png::Decoder::new(Cursor::new(data)).read_info().ok()?;
    Some(reader.info().size())
}

/// Decodes a PNG file: grey ones to [`PixelFormat::Grey`], all others to [`PixelFormat::I420`] by JFIF's
/// (BT.601, full range) matrix. Depths of 16 bits lose their lower half, transparency is left out.
pub(super) fn decode(data: &[u8]) -> Result<Image, String> {
    let mut decoder = png::Decoder::new(Cursor::new(data));
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(|error| error.to_string())?;
    let (width, height) = reader.info().size();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(format!("{width} x {height} pixels are too many"));
    }
    // The decoder takes it for granted (PNG, third edition, 11.2.2: three bytes a colour, 256 of them at most).
    if reader.info().palette.as_deref().is_some_and(|palette| palette.len() % 3 != 0 || palette.len() > 768) {
        return Err("its palette isn't whole".into());
    }
    let size = reader.output_buffer_size().ok_or("its size is beyond all measure")?;
    let mut pixels = vec![0; size];
    reader.next_frame(&mut pixels).map_err(|error| error.to_string())?;

    let columns = width as usize;
    Ok(match reader.output_color_type().0 {
        ColorType::Grayscale => Image {
            format: PixelFormat::Grey,
            width,
            height,
            stride: width,
            range: Range::Full,
            data: pixels,
        },
        ColorType::GrayscaleAlpha => {
            let data = pixels.iter().step_by(2).copied().collect();
            Image { format: PixelFormat::Grey, width, height, stride: width, range: Range::Full, data }
        }
        ColorType::Rgb => i420(&pixels, columns, 3),
        ColorType::Rgba => i420(&pixels, columns, 4),
        ColorType::Indexed => return Err("its palette could not be expanded".into()),
    })
}

/// Packed RGB with `step` bytes a pixel to planes.
fn i420(pixels: &[u8], width: usize, step: usize) -> Image {
    let height = pixels.len() / (width * step);
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let mut data = Vec::with_capacity(width * height + 2 * half_width * half_height);
    data.extend(
        pixels.chunks_exact(step).map(|pixel| luma(pixel[0].into(), pixel[1].into(), pixel[2].into())),
    );

    let mut cr = Vec::with_capacity(half_width * half_height);
    for y in 0..half_height {
        for x in 0..half_width {
            // The mean of up to four pixels: JFIF's chroma samples lie in the middle of them.
            let (mut sum, mut count) = ([0.0f32; 3], 0.0);
            for row in 2 * y..(2 * y + 2).min(height) {
                for column in 2 * x..(2 * x + 2).min(width) {
                    let at = (row * width + column) * step;
                    for (sum, &value) in sum.iter_mut().zip(&pixels[at..at + 3]) {
                        *sum += f32::from(value);
                    }
                    count += 1.0;
                }
            }
            let [r, g, b] = sum.map(|sum| sum / count);
            data.push((128.0 - 0.168_736 * r - 0.331_264 * g + 0.5 * b).round() as u8);
            cr.push((128.0 + 0.5 * r - 0.418_688 * g - 0.081_312 * b).round() as u8);
        }
    }
    data.extend(cr);
    Image {
        format: PixelFormat::I420,
        width: width as u32,
        height: height as u32,
        stride: width as u32,
        range: Range::Full,
        data,
    }
}

/// JFIF 1.02, page 3
fn luma(r: f32, g: f32, b: f32) -> u8 {
    (0.299 * r + 0.587 * g + 0.114 * b).round() as u8
}

/// A PNG file for tests.
#[cfg(test)]
pub(super) fn encoded(
    width: u32,
    height: u32,
    color: ColorType,
    depth: png::BitDepth,
    bytes: &[u8],
) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == ColorType::Indexed {
        encoder.set_palette(vec![255, 0, 0, 0, 0, 255]);
        encoder.set_trns(vec![255, 100]);
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(bytes).unwrap();
    drop(writer);
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use png::BitDepth::{Eight, One, Sixteen};

    #[test]
    fn a_palette_that_is_not_whole_is_an_error() {
        let sound = encoded(2, 1, ColorType::Indexed, Eight, &[0, 1]);
        assert!(decode(&sound).is_ok());
        let at = sound.windows(4).position(|name| name == b"PLTE").unwrap();
        for bytes in [1, 5, 7, 771] {
            let mut chunk = [b"PLTE".as_slice(), &vec![9; bytes]].concat();
            chunk.extend(crc32fast::hash(&chunk).to_be_bytes());
            let mut file = [&sound[..at - 4], &(bytes as u32).to_be_bytes(), &chunk].concat();
            // After the palette of two colours and its checksum.
            file.extend(&sound[at + 4 + 6 + 4..]);
            assert!(decode(&file).is_err(), "{bytes} bytes");
        }
    }

    #[test]
    fn every_kind_of_pixel_becomes_the_right_colour() {
        // Red's JFIF values are Y 76, Cb 85, Cr 255; blue's 29, 255, 107.
        let red = [76, 76, 85, 255];
        let cases: [(ColorType, png::BitDepth, &[u8], &[u8]); 8] = [
            (ColorType::Grayscale, Eight, &[7, 200], &[7, 200]),
            (ColorType::Grayscale, One, &[0b0100_0000], &[0, 255]),
            (ColorType::Grayscale, Sixteen, &[7, 255, 200, 1], &[7, 200]),
            (ColorType::GrayscaleAlpha, Eight, &[7, 0, 200, 9], &[7, 200]),
            (ColorType::Rgb, Eight, &[255, 0, 0, 255, 0, 0], &red),
            (ColorType::Rgba, Eight, &[255, 0, 0, 1, 255, 0, 0, 9], &red),
            (ColorType::Rgb, Sixteen, &[255, 9, 0, 9, 0, 9, 255, 9, 0, 9, 0, 9], &red),
            (ColorType::Indexed, One, &[0b0100_0000], &[76, 29, 170, 181]),
        ];
        for (color, depth, bytes, expected) in cases {
            let image = decode(&encoded(2, 1, color, depth, bytes)).unwrap();
            assert_eq!((image.width, image.height, image.stride), (2, 1, 2));
            assert_eq!(image.data, expected, "{color:?} {depth:?}");
            let grey = matches!(color, ColorType::Grayscale | ColorType::GrayscaleAlpha);
            assert_eq!(image.format == PixelFormat::Grey, grey);
        }
    }

    #[test]
    fn odd_sizes_round_the_chroma_planes_up() {
        let image = decode(&encoded(3, 3, ColorType::Rgb, Eight, &[50; 27])).unwrap();
        assert_eq!(image.data.len(), 9 + 4 + 4);
        assert!(image.data[..9].iter().all(|&value| value == 50));
        assert!(image.data[9..].iter().all(|&value| value == 128));
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let file = encoded(3, 3, ColorType::Rgb, Eight, &[50; 27]);
        // Behind the picture's data is only IEND, which isn't needed.
        for end in 0..file.len() - 16 {
            assert!(decode(&file[..end]).is_err(), "cut at {end}");
        }
        for at in 0..file.len() {
            let mut file = file.clone();
            file[at] ^= 0x41;
            let _ = decode(&file);
        }
    }

    #[test]
    fn a_claimed_size_is_not_believed() {
        let mut file = encoded(3, 3, ColorType::Rgb, Eight, &[50; 27]);
        file[16..20].copy_from_slice(&60_000u32.to_be_bytes());
        file[20..24].copy_from_slice(&60_000u32.to_be_bytes());
        assert!(decode(&file).is_err());
    }
}
