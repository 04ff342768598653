//! What an H.264 stream says of itself in its sequence parameter set (ITU-T H.264, 7.3.2.1.1 and annex E).
//! Read is only as far as a player must know.

use crate::camera::MAX_PIXELS;

/// The part of a sequence parameter set that matters here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sps {
    /// 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4
    pub chroma_format: u32,
    /// The larger of luma's and chroma's.
    pub bit_depth: u32,
    /// Frames may be made of two fields.
    pub interlaced: bool,
    /// Samples use 0..=255 instead of 16..=235 (chroma 16..=240).
    pub full_range: bool,
    /// Pictures that come before one that is shown earlier, at most (max_num_reorder_frames), if the stream says it.
    pub reordered: Option<u32>,
    /// Of the picture before cropping, in pixels.
    pub width: u64,
    pub height: u64,
}

impl Sps {
    /// Reads a NAL unit of type 7, with its header byte; `None` if it breaks off or isn't one.
    pub fn parse(nal: &[u8]) -> Option<Self> {
        let (&header, rest) = nal.split_first()?;
        if header & 0x1f != 7 {
            return None;
        }
        let payload = without_emulation_prevention(rest);
        let mut bits = Bits { bytes: &payload, at: 0 };
        let profile = bits.take(8)?;
        // Constraint flags and level.
        bits.take(16)?;
        bits.unsigned()?;

        let (mut chroma_format, mut bit_depth) = (1, 8);
        if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135) {
            chroma_format = bits.unsigned()?;
            if chroma_format == 3 {
                bits.take(1)?;
            }
            bit_depth = bits.unsigned()?.max(bits.unsigned()?).saturating_add(8);
            bits.take(1)?;
            if bits.flag()? {
                for list in 0..if chroma_format == 3 { 12 } else { 8 } {
                    if bits.flag()? {
                        bits.skip_scaling_list(if list < 6 { 16 } else { 64 })?;
                    }
                }
            }
        }
        bits.unsigned()?;
        match bits.unsigned()? {
            0 => {
                bits.unsigned()?;
            }
            1 => {
                bits.take(1)?;
                bits.signed()?;
                bits.signed()?;
                for _ in 0..bits.unsigned()?.min(255) {
                    bits.signed()?;
                }
            }
            _ => {}
        }
        bits.unsigned()?;
        bits.take(1)?;
        let width = (u64::from(bits.unsigned()?) + 1) * 16;
        let map_units = u64::from(bits.unsigned()?) + 1;
        let interlaced = !bits.flag()?;
        let height = map_units * if interlaced { 32 } else { 16 };
        if interlaced {
            bits.take(1)?;
        }
        bits.take(1)?;
        if bits.flag()? {
            for _ in 0..4 {
                bits.unsigned()?;
            }
        }
        // What lacks or breaks off in the optional part has its default value.
        let (full_range, reordered) = (false, None);
        let mut sps = Self { chroma_format, bit_depth, interlaced, full_range, reordered, width, height };
        let _ = bits.usability(&mut sps);
        Some(sps)
    }

    /// What of it isn't decoded here, to follow "H.264 with".
    pub fn unsupported(&self) -> Option<String> {
        if self.bit_depth != 8 {
            Some(format!("{} bits a sample", self.bit_depth))
        } else if self.chroma_format != 1 {
            // OpenH264 takes grey streams, but crops them wrongly.
            let formats = ["grey samples only", "4:2:0", "4:2:2 colour", "4:4:4 colour"];
            let format = formats.get(self.chroma_format as usize).unwrap_or(&"an unknown colour format");
            Some(format.to_string())
        } else if self.interlaced {
            Some("interlaced frames".into())
        } else if self.width * self.height > MAX_PIXELS {
            Some(format!("{} x {} pixels", self.width, self.height))
        } else {
            None
        }
    }
}

/// Removes the 3 from each 0 0 3 (7.4.1.1).
fn without_emulation_prevention(bytes: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(bytes.len());
    let mut zeros = 0;
    for &byte in bytes {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        payload.push(byte);
    }
    payload
}

struct Bits<'a> {
    bytes: &'a [u8],
    /// In bits.
    at: usize,
}

impl Bits<'_> {
    fn flag(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }

    /// Up to 32 bits, most significant first.
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.flag()?);
        }
        Some(value)
    }

    /// Exp-Golomb code, ue(v) (9.1)
    fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1u32 << zeros) - 1 + self.take(zeros)?)
    }

    /// Signed Exp-Golomb code, se(v) (9.1.1)
    fn signed(&mut self) -> Option<i64> {
        let code = i64::from(self.unsigned()?);
        Some(if code % 2 == 0 { -(code / 2) } else { (code + 1) / 2 })
    }

    /// 7.3.2.1.1.1
    fn skip_scaling_list(&mut self, size: u32) -> Option<()> {
        let (mut last, mut next) = (8, 8);
        for _ in 0..size {
            if next != 0 {
                next = (last + self.signed()?).rem_euclid(256);
            }
            if next != 0 {
                last = next;
            }
        }
        Some(())
    }

    /// What is taken of the video usability information (E.1.1), as far as there is some.
    fn usability(&mut self, sps: &mut Sps) -> Option<()> {
        if !self.flag()? {
            return None;
        }
        if self.flag()? && self.take(8)? == 255 {
            self.take(32)?;
        }
        if self.flag()? {
            self.take(1)?;
        }
        if self.flag()? {
            self.take(3)?;
            sps.full_range = self.flag()?;
            if self.flag()? {
                self.take(24)?;
            }
        }
        if self.flag()? {
            self.unsigned()?;
            self.unsigned()?;
        }
        // Timing.
        if self.flag()? {
            self.take(32)?;
            self.take(32)?;
            self.take(1)?;
        }
        let mut decoders = 0;
        for _ in 0..2 {
            if self.flag()? {
                self.skip_reference_decoder()?;
                decoders += 1;
            }
        }
        if decoders > 0 {
            self.take(1)?;
        }
        self.take(1)?;
        if self.flag()? {
            self.take(1)?;
            for _ in 0..4 {
                self.unsigned()?;
            }
            sps.reordered = Some(self.unsigned()?);
        }
        Some(())
    }

    /// E.1.2
    fn skip_reference_decoder(&mut self) -> Option<()> {
        let buffers = self.unsigned()?.min(31) + 1;
        self.take(8)?;
        for _ in 0..buffers {
            self.unsigned()?;
            self.unsigned()?;
            self.take(1)?;
        }
        self.take(20)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes what [`Bits`] reads.
    #[derive(Default)]
    struct Writer(Vec<bool>);

    impl Writer {
        fn bits(&mut self, value: u32, count: u32) -> &mut Self {
            self.0.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
            self
        }

        fn unsigned(&mut self, value: u32) -> &mut Self {
            let bits = 32 - (value + 1).leading_zeros();
            self.bits(0, bits - 1).bits(value + 1, bits)
        }

        fn nal(&self) -> Vec<u8> {
            let bytes = self.0.chunks(8).map(|bits| {
                bits.iter().enumerate().fold(0u8, |byte, (index, &bit)| byte | u8::from(bit) << (7 - index))
            });
            std::iter::once(0x67).chain(bytes).collect()
        }
    }

    /// A 4:2:0 stream of 48x32; `vui` writes what follows `vui_parameters_present_flag`.
    fn sps(profile: u32, frame_only: u32, vui: impl Fn(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.bits(profile, 8).bits(30, 16).unsigned(0);
        if profile == 100 {
            // 4:2:0, 8 bits, a scaling matrix whose first list is all default and second one has deltas of 0.
            writer.unsigned(1).unsigned(0).unsigned(0).bits(0, 1).bits(1, 1);
            writer.bits(1, 1).unsigned(16).bits(1, 1);
            for _ in 0..16 {
                writer.unsigned(0);
            }
            writer.bits(0, 6);
        }
        writer.unsigned(0).unsigned(0).unsigned(2).unsigned(1).bits(0, 1);
        writer.unsigned(2).unsigned(1).bits(frame_only, 1);
        if frame_only == 0 {
            writer.bits(0, 1);
        }
        writer.bits(1, 1).bits(1, 1).unsigned(0).unsigned(1).unsigned(0).unsigned(3);
        vui(&mut writer);
        writer.nal()
    }

    #[test]
    fn the_range_flag_is_found_behind_all_that_may_precede_it() {
        for profile in [66, 100] {
            for full in [0, 1] {
                let plain = sps(profile, 1, |writer| {
                    writer.bits(0b1001, 4).bits(5, 3).bits(full, 1);
                });
                // A custom aspect ratio and overscan information before it.
                let long = sps(profile, 1, |writer| {
                    writer.bits(0b11, 2).bits(255, 8).bits(0x0001_0001, 32).bits(0b11, 2);
                    writer.bits(1, 1).bits(5, 3).bits(full, 1);
                });
                for nal in [plain, long] {
                    let expected = Sps {
                        chroma_format: 1,
                        bit_depth: 8,
                        interlaced: false,
                        full_range: full == 1,
                        reordered: None,
                        width: 48,
                        height: 32,
                    };
                    assert_eq!(Sps::parse(&nal), Some(expected));
                }
            }
        }
    }

    #[test]
    fn without_a_range_flag_the_range_is_limited() {
        let none = |writer: &mut Writer| {
            writer.bits(0, 1);
        };
        assert!(!Sps::parse(&sps(66, 1, none)).unwrap().full_range);
        let no_video_signal = |writer: &mut Writer| {
            writer.bits(0b1000, 4).bits(0xff, 8);
        };
        assert!(!Sps::parse(&sps(66, 1, no_video_signal)).unwrap().full_range);
    }

    #[test]
    fn how_many_pictures_are_reordered_is_found_behind_all_that_may_precede_it() {
        for count in [0, 2] {
            let plain = sps(100, 1, |writer| {
                // Nothing but the restrictions.
                writer.bits(1, 1).bits(0, 8).bits(0b11, 2);
                writer.unsigned(0).unsigned(0).unsigned(9).unsigned(9).unsigned(count).unsigned(4);
            });
            let long = sps(100, 1, |writer| {
                // A signal's type with colours, places of chroma, timing, one reference decoder.
                writer.bits(0b1001, 4).bits(5, 3).bits(0b01, 2).bits(0x01_01_01, 24);
                writer.bits(1, 1).unsigned(0).unsigned(0).bits(1, 1).bits(1, 32).bits(50, 32).bits(1, 1);
                writer.bits(1, 1).unsigned(1).bits(0x12, 8);
                for _ in 0..2 {
                    writer.unsigned(1000).unsigned(2000).bits(0, 1);
                }
                writer.bits(0, 20).bits(0, 1).bits(0, 1).bits(0, 1).bits(0b11, 2);
                writer.unsigned(0).unsigned(0).unsigned(9).unsigned(9).unsigned(count).unsigned(4);
            });
            for nal in [plain, long] {
                assert_eq!(Sps::parse(&nal).unwrap().reordered, Some(count));
            }
        }
    }

    #[test]
    fn fields_are_told() {
        let sps = Sps::parse(&sps(100, 0, |_| ())).unwrap();
        assert!(sps.interlaced);
        assert_eq!(sps.height, 64);
    }

    #[test]
    fn emulation_prevention_is_removed() {
        assert_eq!(without_emulation_prevention(&[0, 0, 3, 1, 0, 0, 3, 0, 0, 3]), [0, 0, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn garbage_never_panics() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..20_000 {
            let mut nal: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(40).collect();
            if let Some(header) = nal.first_mut() {
                *header = 0x67;
            }
            let _ = Sps::parse(&nal);
        }
        let whole = sps(100, 1, |_| ());
        for end in 0..whole.len() {
            let _ = Sps::parse(&whole[..end]);
        }
    }
}
