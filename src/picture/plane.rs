//! A rectangle of 8-bit samples. Knows nothing of what the samples mean.

/// A packed 8-bit plane: `data[y * width + x]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plane {
    pub width: usize,
    pub height: usize,
    pub data: Vec<u8>,
}

impl Plane {
    /// A plane with each sample set to `fill`.
    pub fn new(width: usize, height: usize, fill: u8) -> Self {
        Self { width, height, data: vec![fill; width * height] }
    }

    pub fn row(&self, y: usize) -> &[u8] {
        &self.data[y * self.width..(y + 1) * self.width]
    }

    pub fn row_mut(&mut self, y: usize) -> &mut [u8] {
        &mut self.data[y * self.width..(y + 1) * self.width]
    }
}
