//! Small pictures for lists.

use crate::picture::jpeg::{self, JpegError};
use crate::picture::shrink;

/// Columns at most.
const WIDTH: u32 = 320;
const QUALITY: u8 = 75;

/// The same picture, small.
///
/// # Errors
/// It can't be decoded.
pub fn make(picture: &[u8]) -> Result<Vec<u8>, JpegError> {
    let (width, height) = jpeg::header(picture)?;
    let factor = width.div_ceil(WIDTH).max(1);
    let size = (width.div_ceil(factor) as usize, height.div_ceil(factor) as usize);
    jpeg::encode(&shrink::picture(&jpeg::decode_small(picture, size)?, size), QUALITY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::{Wanted, demo};
    use crate::picture::convert;
    use crate::picture::plane::Plane;

    #[test]
    fn it_is_the_same_picture_in_small() {
        for (width, height, small) in [(640, 480, (320, 240)), (642, 362, (214, 121)), (160, 120, (160, 120))]
        {
            let wanted = Wanted { width, height, fps: 5.0 };
            let frame = demo::open(&wanted, None).next_frame().unwrap();
            let picture = convert::picture(&frame).unwrap();
            let made = make(&jpeg::encode(&picture, 90).unwrap()).unwrap();
            let found = jpeg::decode(&made).unwrap();
            assert_eq!((found.luma.width, found.luma.height), small);
            let mean = |plane: &Plane| {
                plane.data.iter().map(|s| u64::from(*s)).sum::<u64>() as f64 / plane.data.len() as f64
            };
            assert!((mean(&found.luma) - mean(&picture.luma)).abs() < 2.0);
        }
        assert!(make(b"no picture").is_err());
    }
}
