//! Bits of entropy-coded data whose stuffing is gone.

/// Bytes that have to follow the data, for [`Bits`] reads eight at a time.
pub const SLACK: usize = 8;

/// Reads from the highest bit of a byte to the lowest.
#[derive(Clone)]
pub struct Bits<'a> {
    bytes: &'a [u8],
    /// The next byte that isn't in `window`.
    at: usize,
    /// The next bits from the highest on; behind the first `have` of them lies what may not be used.
    window: u64,
    have: u32,
}

impl<'a> Bits<'a> {
    /// From a bit's place in `bytes`, which end with [`SLACK`] bytes.
    pub fn at(bytes: &'a [u8], position: usize) -> Self {
        let mut bits = Self { bytes, at: position / 8, window: 0, have: 0 };
        bits.refill();
        bits.skip((position % 8) as u32);
        bits
    }

    /// Afterwards the next 56 bits can be used. Behind the end come zeros.
    #[inline(always)]
    pub fn refill(&mut self) {
        let next = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<8>).copied().unwrap_or_default();
        self.window |= u64::from_be_bytes(next) >> self.have;
        self.at += ((63 - self.have) / 8) as usize;
        self.have |= 56;
    }

    /// The next `count` bits, 1 to 32, as a number.
    #[inline(always)]
    pub fn peek(&self, count: u32) -> u32 {
        (self.window >> (64 - count)) as u32
    }

    #[inline(always)]
    pub fn skip(&mut self, count: u32) {
        self.window <<= count;
        self.have -= count;
    }

    /// So many bits can be used.
    pub fn ready(&self) -> u32 {
        self.have
    }

    /// The next bit's place in the data.
    pub fn position(&self) -> usize {
        8 * self.at - self.have as usize
    }
}

/// Writes bits, the highest of a byte first.
#[derive(Default)]
pub struct Writer {
    pub bytes: Vec<u8>,
    /// The last `held` bits, at most 31, aren't in `bytes` yet.
    window: u64,
    held: u32,
}

impl Writer {
    /// Begins anew, with the memory of what was written.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.held = 0;
    }

    /// The lowest `count` bits of `bits`, at most 32; above them there are zeros.
    #[inline(always)]
    pub fn put(&mut self, bits: u32, count: u32) {
        self.window = self.window << count | u64::from(bits);
        self.held += count;
        if self.held >= 32 {
            self.held -= 32;
            self.bytes.extend_from_slice(&((self.window >> self.held) as u32).to_be_bytes());
        }
    }

    /// The bits of `source` from place `from` to place `to`.
    pub fn copy(&mut self, source: &[u8], from: usize, to: usize) {
        let (mut bits, mut left) = (Bits::at(source, from), to - from);
        while left >= 32 {
            self.put(bits.peek(32), 32);
            bits.skip(32);
            bits.refill();
            left -= 32;
        }
        if left > 0 {
            self.put(bits.peek(left as u32), left as u32);
        }
    }

    /// Fills the last byte with ones, as the standard has it before a marker.
    pub fn align(&mut self) {
        let count = (8 - self.held % 8) % 8;
        self.put((1 << count) - 1, count);
        while self.held > 0 {
            self.held -= 8;
            self.bytes.push((self.window >> self.held) as u8);
        }
    }
}
