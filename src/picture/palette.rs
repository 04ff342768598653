//! Pictures of a few colours, some of them transparent, as PNG files. Knows numbers and colours, nothing of what they
//! stand for.

use super::plane::Plane;

/// Red, green, blue, and opacity: 255 hides what is below.
pub type Rgba = [u8; 4];

/// A plane whose samples are numbers of `palette`'s colours, as a PNG file with that palette.
///
/// # Errors
/// A plane without pixels.
pub fn png(numbers: &Plane, palette: &[Rgba]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, numbers.width as u32, numbers.height as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(
        palette.iter().flat_map(|&[red, green, blue, _]| [red, green, blue]).collect::<Vec<_>>(),
    );
    encoder.set_trns(palette.iter().map(|&[.., opacity]| opacity).collect::<Vec<_>>());
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&numbers.data)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_the_palettes_colours_and_opacities() {
        let palette = [[0, 0, 0, 0], [255, 0, 0, 77], [0, 255, 255, 255]];
        let mut numbers = Plane::new(3, 2, 0);
        numbers.data.copy_from_slice(&[0, 1, 2, 2, 1, 0]);
        let bytes = png(&numbers, &palette).unwrap();
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut rgba = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut rgba).unwrap();
        let wanted: Vec<u8> = [0, 1, 2, 2, 1, 0].iter().flat_map(|&number: &usize| palette[number]).collect();
        assert_eq!(rgba, wanted);
    }
}
