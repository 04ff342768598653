//! Huffman tables for reading: what the next bits mean is looked up.

use super::bits::{Bits, Writer};
use super::header::Codes;
use super::{Refusal, corrupt};

/// So many bits are looked up at once. Longer codes are rare, and found step by step.
const WINDOW: u32 = 12;

/// The coefficients of a block behind the first.
pub const LAST: u32 = 63;

/// [`Step::whole`] has this added to what it advances when the block ends with it.
const END: u32 = 128;

/// Between what a block has room for and [`END`].
const UNKNOWN: u8 = 64;

/// The longest difference of two first coefficients, and the longest value of another one, in bits, in pictures of 8 bits.
const LONGEST_DC: u32 = 11;
const LONGEST_AC: u32 = 10;

/// Bits for a step of the window's width, and for one code alone: 16 bits and its value's 10.
const READY: u32 = WINDOW + 16 + LONGEST_AC;

/// A code with its symbol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// Bits, 0: there is no such code of at most [`WINDOW`] bits.
    pub length: u8,
    pub symbol: u8,
}

/// What the next bits do to the place in a block, values not looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    /// As many codes as fit into the window with their values: bits and coefficients; [`UNKNOWN`] if there is none.
    bits: u8,
    advance: u8,
    /// The same of the first of them alone; no bits: the code is longer than the window, or there is none.
    first_bits: u8,
    first_advance: u8,
}

/// One table.
pub struct Table {
    codes: Box<[Code; 1 << WINDOW]>,
    /// By length: the first code that is longer, left-aligned in 16 bits; and what added to a code is its symbol's index.
    above: [u32; 17],
    offset: [i32; 17],
    symbols: Vec<u8>,
    /// By symbol: its code, and how many bits that has; 0: there is none.
    written: Box<[(u16, u8); 256]>,
}

impl Table {
    /// # Errors
    /// The lengths fit no prefix code.
    pub fn new(spec: Codes) -> Result<Self, Refusal> {
        let mut codes = Box::new([Code::default(); 1 << WINDOW]);
        let mut written = Box::new([(0, 0); 256]);
        let (mut above, mut offset) = ([0; 17], [0; 17]);
        let (mut code, mut index) = (0_u32, 0_usize);
        for length in 1..=16_u32 {
            offset[length as usize] = index as i32 - code as i32;
            for _ in 0..spec.counts[length as usize - 1] {
                // All ones is no code.
                if code + 1 >= 1 << length {
                    return Err(corrupt("an impossible Huffman table"));
                }
                if length <= WINDOW {
                    let from = (code << (WINDOW - length)) as usize;
                    codes[from..from + (1 << (WINDOW - length))]
                        .fill(Code { length: length as u8, symbol: spec.symbols[index] });
                }
                written[usize::from(spec.symbols[index])] = (code as u16, length as u8);
                code += 1;
                index += 1;
            }
            above[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(Self { codes, above, offset, symbols: spec.symbols.to_vec(), written })
    }

    /// The next code; it isn't skipped. `None`: there is no such code.
    #[inline(always)]
    pub fn code(&self, bits: &Bits) -> Option<Code> {
        let code = self.codes[bits.peek(WINDOW) as usize];
        if code.length != 0 { Some(code) } else { self.long_code(bits) }
    }

    /// Writes a symbol and `size` bits of its value.
    ///
    /// # Errors
    /// The table has no such symbol, as it was made for one picture alone.
    #[inline(always)]
    fn put(&self, writer: &mut Writer, symbol: u8, value: i32, size: u32) -> Result<(), Refusal> {
        let (code, length) = self.written[usize::from(symbol)];
        if length == 0 {
            return Err(Refusal::Unsupported("its Huffman tables lack what is to be written"));
        }
        // Negative ones are written as one less (T.81, F.1.2.1).
        let value = (value + (value >> 31)) as u32 & ((1 << size) - 1);
        // At most 16 bits and 11.
        writer.put(u32::from(code) << size | value, u32::from(length) + size);
        Ok(())
    }

    #[cold]
    fn long_code(&self, bits: &Bits) -> Option<Code> {
        let next = bits.peek(16);
        let length = (WINDOW + 1..=16).find(|&length| next < self.above[length as usize])?;
        let index = (next >> (16 - length)) as i32 + self.offset[length as usize];
        Some(Code { length: length as u8, symbol: *self.symbols.get(usize::try_from(index).ok()?)? })
    }
}

/// The value of `size` bits at the start of `next`, which is left-aligned in 32 bits (T.81, F.2.2.1: negative ones begin
/// with 0).
#[inline(always)]
pub fn extend(next: u32, size: u32) -> i32 {
    if size == 0 {
        return 0;
    }
    let value = (next >> (32 - size)) as i32;
    if next >> 31 == 0 { value - (1 << size) + 1 } else { value }
}

/// A coefficient that isn't zero, and the bits that it is written with, its code's among them.
#[derive(Clone, Copy, Debug, Default)]
struct Value {
    value: i16,
    /// How many places further it is; [`END`]: the block ends instead.
    advance: u8,
    /// 0: there are more bits than the window has, or there is no such code.
    bits: u8,
}

/// A table for the blocks' first coefficients.
pub struct DcTable {
    table: Table,
    values: Box<[Value; 1 << WINDOW]>,
}

impl DcTable {
    /// # Errors
    /// The lengths fit no prefix code.
    pub fn new(spec: Codes) -> Result<Self, Refusal> {
        let table = Table::new(spec)?;
        let value = |window| value_of(&table, window, |size| (size <= LONGEST_DC).then_some((size, 0)));
        Ok(Self { values: values(value), table })
    }

    /// Reads by how much a block's first coefficient differs from the one before. Leaves at least [`READY`] bits.
    #[inline(always)]
    pub fn difference(&self, bits: &mut Bits) -> Result<i32, Refusal> {
        bits.refill();
        let Value { value, bits: used, .. } = self.values[bits.peek(WINDOW) as usize];
        if used == 0 {
            return self.long_difference(bits);
        }
        bits.skip(used.into());
        Ok(value.into())
    }

    #[cold]
    fn long_difference(&self, bits: &mut Bits) -> Result<i32, Refusal> {
        let code = self.table.code(bits).ok_or_else(|| corrupt("a code that doesn't exist"))?;
        bits.skip(code.length.into());
        let size = u32::from(code.symbol);
        if size > LONGEST_DC {
            return Err(corrupt("a value with too many bits"));
        }
        let difference = extend(bits.peek(32), size);
        bits.skip(size);
        bits.refill();
        Ok(difference)
    }

    /// Writes the difference of two first coefficients, at most 11 bits.
    ///
    /// # Errors
    /// The table lacks its length.
    pub fn put_difference(&self, writer: &mut Writer, difference: i32) -> Result<(), Refusal> {
        let size = 32 - difference.unsigned_abs().leading_zeros();
        self.table.put(writer, size as u8, difference, size)
    }
}

/// A table for all coefficients but a block's first.
pub struct AcTable {
    table: Table,
    steps: Box<[Step; 1 << WINDOW]>,
    values: Box<[Value; 1 << WINDOW]>,
}

impl AcTable {
    /// # Errors
    /// The lengths fit no prefix code.
    pub fn new(spec: Codes) -> Result<Self, Refusal> {
        let table = Table::new(spec)?;
        let mut steps = Box::new([Step::default(); 1 << WINDOW]);
        for (window, step) in steps.iter_mut().enumerate() {
            *step = step_of(&table, window as u32);
        }
        let value = |window| {
            let advance = |symbol| Some((symbol & 15, advance_of_symbol(symbol)?));
            value_of(&table, window, advance)
        };
        Ok(Self { values: values(value), table, steps })
    }

    /// Skips the rest of a block whose coefficients up to number `k` have been read. At least [`READY`] bits must be there.
    #[inline(always)]
    pub fn skip(&self, bits: &mut Bits, mut k: u32) -> Result<(), Refusal> {
        debug_assert!(bits.ready() >= READY);
        loop {
            for _ in 0..2 {
                let step = self.steps[bits.peek(WINDOW) as usize];
                let next = k + u32::from(step.advance);
                if next < LAST {
                    bits.skip(step.bits.into());
                    k = next;
                } else if next >= END && next - END < LAST {
                    bits.skip(step.bits.into());
                    return Ok(());
                } else if self.skip_one(bits, step, &mut k)? {
                    return Ok(());
                }
            }
            bits.refill();
        }
    }

    /// One code alone: near the end of a block, or because it is long. Returns whether the block is over.
    #[cold]
    fn skip_one(&self, bits: &mut Bits, step: Step, k: &mut u32) -> Result<bool, Refusal> {
        let (length, advance) = match step.first_bits {
            0 => self
                .table
                .code(bits)
                .and_then(advance_of)
                .ok_or_else(|| corrupt("a code that doesn't exist"))?,
            length => (length.into(), step.first_advance.into()),
        };
        bits.skip(length);
        if advance >= END {
            return Ok(true);
        }
        *k += advance;
        bits.refill();
        if *k > LAST { Err(corrupt("a block with too many coefficients")) } else { Ok(*k == LAST) }
    }

    /// Writes a block behind its first coefficient, in the file's order; each has at most 10 bits.
    ///
    /// # Errors
    /// The table lacks something.
    pub fn put(&self, writer: &mut Writer, block: &[i16; 64]) -> Result<(), Refusal> {
        let mut left = not_zero(block) & !1;
        let mut last = 0;
        while left != 0 {
            let place = left.trailing_zeros();
            left &= left - 1;
            let mut run = place - last - 1;
            last = place;
            while run > 15 {
                self.table.put(writer, 0xf0, 0, 0)?;
                run -= 16;
            }
            let value = i32::from(block[place as usize]);
            let size = 32 - value.unsigned_abs().leading_zeros();
            self.table.put(writer, (run << 4 | size) as u8, value, size)?;
        }
        if last < LAST { self.table.put(writer, 0, 0, 0) } else { Ok(()) }
    }

    /// Reads the next coefficient that isn't zero: how many places further it is, and its value; `None` at the block's
    /// end. Skips at most 26 bits.
    #[inline(always)]
    pub fn value(&self, bits: &mut Bits) -> Result<Option<(u32, i32)>, Refusal> {
        let Value { value, advance, bits: used } = self.values[bits.peek(WINDOW) as usize];
        if used == 0 {
            return self.long_value(bits);
        }
        bits.skip(used.into());
        let advance = u32::from(advance);
        Ok((advance < END).then_some((advance, value.into())))
    }

    fn long_value(&self, bits: &mut Bits) -> Result<Option<(u32, i32)>, Refusal> {
        let code = self.table.code(bits).ok_or_else(|| corrupt("a code that doesn't exist"))?;
        bits.skip(code.length.into());
        let (run, size) = (u32::from(code.symbol >> 4), u32::from(code.symbol & 15));
        if size == 0 {
            return Ok((run == 15).then_some((16, 0)));
        }
        if size > LONGEST_AC {
            return Err(corrupt("a value with too many bits"));
        }
        let value = extend(bits.peek(32), size);
        bits.skip(size);
        Ok(Some((run + 1, value)))
    }
}

/// Bits of a code with its value, and what it advances.
fn advance_of(code: Code) -> Option<(u32, u32)> {
    let advance = advance_of_symbol(code.symbol.into())?;
    (code.length != 0).then_some((u32::from(code.length) + u32::from(code.symbol & 15), advance))
}

fn advance_of_symbol(symbol: u32) -> Option<u32> {
    let (run, size) = (symbol >> 4, symbol & 15);
    let advance = match (run, size) {
        (15, 0) => 16,
        // T.81 has one symbol for the end; libjpeg takes the others for it too.
        (_, 0) => END,
        _ => run + 1,
    };
    (size <= LONGEST_AC).then_some(advance)
}

/// One bit for each value, the first one's lowest: whether it isn't zero.
fn not_zero(block: &[i16; 64]) -> u64 {
    let flags = block.map(|value| u8::from(value != 0));
    // Multiplied, the eight flags come to lie side by side in the highest byte.
    let gathered = |flags: &[u8; 8]| (u64::from_le_bytes(*flags).wrapping_mul(0x0102_0408_1020_4080)) >> 56;
    flags.as_chunks().0.iter().rev().fold(0, |bits, flags| bits << 8 | gathered(flags))
}

fn values(value: impl Fn(u32) -> Value) -> Box<[Value; 1 << WINDOW]> {
    let mut values = Box::new([Value::default(); 1 << WINDOW]);
    for (window, slot) in values.iter_mut().enumerate() {
        *slot = value(window as u32);
    }
    values
}

/// `meaning`: the bits of a symbol's value, and what it advances.
fn value_of(table: &Table, window: u32, meaning: impl Fn(u32) -> Option<(u32, u32)>) -> Value {
    let code = table.codes[window as usize];
    let length = u32::from(code.length);
    match meaning(code.symbol.into()) {
        Some((size, advance)) if length != 0 && length + size <= WINDOW => {
            let next = window.checked_shl(32 - WINDOW + length).unwrap_or(0);
            Value { value: extend(next, size) as i16, advance: advance as u8, bits: (length + size) as u8 }
        }
        _ => Value::default(),
    }
}

fn step_of(table: &Table, window: u32) -> Step {
    let mut step = Step { advance: UNKNOWN, ..Step::default() };
    let mut used = 0;
    while used < WINDOW {
        // Bits behind the window are taken for zeros: what doesn't fit into it is left for the next step.
        let code = table.codes[((window << used) & ((1 << WINDOW) - 1)) as usize];
        let Some((bits, advance)) = advance_of(code) else { break };
        if step.first_bits == 0 {
            (step.first_bits, step.first_advance) = (bits as u8, advance as u8);
            (step.bits, step.advance) = (step.first_bits, step.first_advance);
        } else if used + bits <= WINDOW && step.advance < LAST as u8 {
            (step.bits, step.advance) = ((used + bits) as u8, step.advance + advance as u8);
        } else {
            break;
        }
        used += bits;
        if advance >= END {
            break;
        }
    }
    step
}
