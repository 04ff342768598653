//! From a block's lowest coefficients to few pixels, each the average of those that it stands for.
//!
//! A cosine averaged over neighbours is that cosine at the coarser scale, a little weaker: what is averaged is exact but for
//! the higher coefficients, which are left out.

/// How much smaller the picture becomes, across and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Quarter,
    Eighth,
}

impl Scale {
    /// Number of the last coefficient in the file's order that is made use of.
    pub const fn last(self) -> u32 {
        match self {
            Self::Quarter => 4,
            Self::Eighth => 0,
        }
    }
}

/// The average of a block's longest wave over half of it, in its own height: cos(pi / 16) * cos(pi / 8).
const LONGEST: f32 = 0.906_127_45;

/// What makes grey of a block's mean.
const GREY: f32 = 128.0;

/// A block's lowest coefficients, weighed: the mean, the wave across and down, and both.
#[derive(Clone, Copy, Default)]
pub struct Low {
    mean: f32,
    across: f32,
    down: f32,
    both: f32,
}

/// The factors of the lowest coefficients: the quantiser, and what the transform asks for.
#[derive(Clone, Copy, Debug)]
pub struct Weights([f32; 5]);

impl Weights {
    /// `quantiser`: in the file's order, in which the wave across is 1, down 2, and both 4.
    pub fn new(quantiser: &[u8; 64]) -> Self {
        let waves = [1.0, LONGEST, LONGEST, 0.0, LONGEST * LONGEST];
        Self(std::array::from_fn(|number| f32::from(quantiser[number]) * waves[number] / 8.0))
    }

    /// Puts coefficient number 0 to 4 in; the one that doesn't count is left out.
    #[inline(always)]
    pub fn put(&self, low: &mut Low, number: u32, value: i32) {
        let place = match number {
            0 => &mut low.mean,
            1 => &mut low.across,
            2 => &mut low.down,
            4 => &mut low.both,
            _ => return,
        };
        *place = value as f32 * self.0[number as usize];
    }
}

/// To the nearest level. Numbers below 0 become 0 and above 255 that.
#[inline(always)]
pub fn grey(value: f32) -> u8 {
    // Numbers so large have no fractions, and their lowest bits are the whole number. A cast would take a branch for each.
    const ROOM: f32 = 8_388_608.0;
    (value.clamp(0.0, 255.0) + ROOM).to_bits() as u8
}

/// The block's mean.
pub fn one(low: &Low) -> u8 {
    grey(low.mean + GREY)
}

/// The means of its quarters, row by row.
pub fn four(low: &Low) -> [[u8; 2]; 2] {
    let Low { mean, across, down, both } = *low;
    let mean = mean + GREY;
    let row = |mean: f32, across: f32| [grey(mean + across), grey(mean - across)];
    [row(mean + down, across + both), row(mean - down, across - both)]
}
