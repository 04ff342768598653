//! The remembered luma values of each pixel (a sample consensus model in the line of ViBe, Barnich and
//! Van Droogenbroeck 2011). Knows how far a picture is from what was remembered, not what that means.

/// Values remembered for each pixel. More make the memory longer and the distance slower.
pub const DEPTH: usize = 16;
/// Pixels that are worked on together: two SSE2 or NEON registers.
pub const BLOCK: usize = 32;

/// `data[(block * DEPTH + k) * BLOCK + lane]`: all samples of a block lie together, so that one pass over
/// the memory serves the distance.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    data: Vec<u8>,
    pixels: usize,
}

impl Samples {
    pub fn resize(&mut self, pixels: usize) {
        self.pixels = pixels;
        self.data.clear();
        self.data.resize(pixels.div_ceil(BLOCK) * BLOCK * DEPTH, 0);
    }

    fn at(pixel: usize, k: usize) -> usize {
        (pixel / BLOCK * DEPTH + k) * BLOCK + pixel % BLOCK
    }

    pub fn set(&mut self, pixel: usize, k: usize, value: u8) {
        self.data[Self::at(pixel, k)] = value;
    }

    /// In `out`: the distance from each value of `picture` to the second nearest of its pixel's samples
    /// (the second, so that one stray sample explains nothing).
    pub fn distance(&self, picture: &[u8], out: &mut [u8]) {
        let whole = picture.len() / BLOCK * BLOCK;
        let (body, tail) = picture.split_at(whole);
        let (out_body, out_tail) = out.split_at_mut(whole);
        let mut blocks = self.data.chunks_exact(DEPTH * BLOCK);
        for ((p, o), samples) in
            body.chunks_exact(BLOCK).zip(out_body.chunks_exact_mut(BLOCK)).zip(&mut blocks)
        {
            block_distance(p, samples, o);
        }
        if let (false, Some(samples)) = (tail.is_empty(), self.data.chunks_exact(DEPTH * BLOCK).last()) {
            let mut padded = [0; BLOCK];
            let mut far = [0; BLOCK];
            padded[..tail.len()].copy_from_slice(tail);
            block_distance(&padded, samples, &mut far);
            out_tail.copy_from_slice(&far[..tail.len()]);
        }
    }

    /// Multiplies the samples of block `block` (pixels `BLOCK * block..`) by `gain` / 256.
    pub fn scale(&mut self, block: usize, gain: u16) {
        let gain = u32::from(gain);
        for v in &mut self.data[block * DEPTH * BLOCK..(block + 1) * DEPTH * BLOCK] {
            *v = ((u32::from(*v) * gain + 128) >> 8).min(255) as u8;
        }
    }
}

fn block_distance(picture: &[u8], samples: &[u8], out: &mut [u8]) {
    let mut now = [0u8; BLOCK];
    now.copy_from_slice(picture);
    let mut first = [255u8; BLOCK];
    let mut second = [255u8; BLOCK];
    for sample in samples.chunks_exact(BLOCK) {
        for (((&n, &s), first), second) in now.iter().zip(sample).zip(&mut first).zip(&mut second) {
            let d = n.max(s) - n.min(s);
            *second = (*second).min(d.max(*first));
            *first = (*first).min(d);
        }
    }
    out.copy_from_slice(&second);
}
