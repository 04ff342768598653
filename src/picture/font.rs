//! Letters as masks: embedded-graphics' bitmap fonts in a size that suits the picture, enlarged without steps.
//! Knows nothing of colours and planes' meaning.

use super::plane::Plane;
use embedded_graphics::geometry::{OriginDimensions, Point};
use embedded_graphics::image::GetPixel;
use embedded_graphics::mono_font::MonoFont;
use embedded_graphics::mono_font::iso_8859_15::{
    FONT_6X10, FONT_7X13_BOLD, FONT_7X14_BOLD, FONT_9X15_BOLD, FONT_9X18_BOLD, FONT_10X20,
};
use embedded_graphics::pixelcolor::BinaryColor;

/// Western European letters; bold ones where there is one, as thin strokes drown in a picture.
const FACES: [&MonoFont<'static>; 6] =
    [&FONT_6X10, &FONT_7X13_BOLD, &FONT_7X14_BOLD, &FONT_9X15_BOLD, &FONT_9X18_BOLD, &FONT_10X20];

/// A face and how much it is enlarged.
#[derive(Clone, Copy)]
pub struct Font {
    face: &'static MonoFont<'static>,
    /// 1, 2, 4 or 8
    scale: usize,
}

impl Font {
    /// The font whose lines come nearest to `height` pixels.
    pub fn of_height(height: usize) -> Self {
        [1, 2, 4, 8]
            .into_iter()
            .flat_map(|scale| FACES.into_iter().map(move |face| Self { face, scale }))
            .min_by_key(|font| font.height().abs_diff(height))
            .expect("there are faces")
    }

    /// Height of a line in pixels.
    pub fn height(self) -> usize {
        self.face.character_size.height as usize * self.scale
    }

    /// Width of one character in pixels; all have the same.
    pub fn advance(self) -> usize {
        self.face.character_size.width as usize * self.scale
    }

    /// Width of a text in pixels.
    pub fn width(self, text: &str) -> usize {
        self.advance() * text.chars().count()
    }

    /// A line of text as a mask: 255 where ink is, else 0. Characters that the font lacks become `?`.
    pub fn mask(self, text: &str) -> Plane {
        let (width, height) =
            (self.face.character_size.width as usize, self.face.character_size.height as usize);
        let mut mask = Plane::new(width * text.chars().count(), height, 0);
        let per_row = (self.face.image.size().width as usize / width).max(1);
        for (place, character) in text.chars().enumerate() {
            // The mapping answers with the index of '?' for what it doesn't know.
            let index = self.face.glyph_mapping.index(character);
            let (left, top) = (index % per_row * width, index / per_row * height);
            for y in 0..height {
                for x in 0..width {
                    let pixel = self.face.image.pixel(Point::new((left + x) as i32, (top + y) as i32));
                    if pixel == Some(BinaryColor::On) {
                        mask.row_mut(y)[place * width + x] = 255;
                    }
                }
            }
        }
        (0..self.scale.ilog2()).fold(mask, |mask, _| twice(&mask))
    }

    /// Breaks a text at spaces into lines of at most `width` pixels; a longer word is cut.
    pub fn wrap(self, text: &str, width: usize) -> Vec<String> {
        let most = (width / self.advance()).max(1);
        let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
        for word in text.split_whitespace() {
            let mut letters: Vec<char> = word.chars().collect();
            if used > 0 && used + 1 + letters.len() > most {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            while letters.len() > most {
                lines.push(letters.drain(..most).collect());
            }
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            used += letters.len();
            line.extend(letters);
        }
        if used > 0 {
            lines.push(line);
        }
        lines
    }

    /// The text, or its beginning and two dots, so that it is at most `width` pixels wide.
    pub fn shorten(self, text: &str, width: usize) -> String {
        let most = width / self.advance();
        if text.chars().count() <= most {
            return text.to_owned();
        }
        text.chars().take(most.saturating_sub(2)).chain("..".chars()).take(most).collect()
    }
}

/// Doubles a mask and fills the corners of slanted strokes, so that they don't look like stairs
/// (the rule known as Scale2x or EPX).
fn twice(mask: &Plane) -> Plane {
    let mut large = Plane::new(mask.width * 2, mask.height * 2, 0);
    let at = |x: usize, y: usize| mask.data[y * mask.width + x];
    for y in 0..mask.height {
        for x in 0..mask.width {
            let here = at(x, y);
            let up = if y > 0 { at(x, y - 1) } else { here };
            let down = if y + 1 < mask.height { at(x, y + 1) } else { here };
            let left = if x > 0 { at(x - 1, y) } else { here };
            let right = if x + 1 < mask.width { at(x + 1, y) } else { here };
            let corner = |a: u8, b: u8, c: u8, d: u8| if a == b && a != c && b != d { a } else { here };
            let upper = [corner(up, left, right, down), corner(up, right, left, down)];
            let lower = [corner(down, left, right, up), corner(down, right, left, up)];
            large.row_mut(2 * y)[2 * x..2 * x + 2].copy_from_slice(&upper);
            large.row_mut(2 * y + 1)[2 * x..2 * x + 2].copy_from_slice(&lower);
        }
    }
    large
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_the_wish_and_masks_have_them() {
        let heights: Vec<usize> =
            [0, 10, 14, 20, 30, 60, 1000].map(|wish| Font::of_height(wish).height()).into();
        assert_eq!(heights, [10, 10, 14, 20, 30, 60, 160]);
        for height in [10, 14, 28, 60] {
            let font = Font::of_height(height);
            let mask = font.mask("Ab 1");
            assert_eq!((mask.width, mask.height), (font.width("Ab 1"), font.height()));
            assert!(mask.data.contains(&255));
            let blank = font.advance() * 2..font.advance() * 3;
            assert!((0..mask.height).all(|y| mask.row(y)[blank.clone()].iter().all(|&ink| ink == 0)));
        }
        assert_eq!(Font::of_height(10).mask("").width, 0);
    }

    #[test]
    fn foreign_characters_become_question_marks_and_western_letters_stay() {
        let font = Font::of_height(14);
        assert_eq!(font.mask("日\n\u{1F600}"), font.mask("???"));
        assert_ne!(font.mask("äéß"), font.mask("???"));
    }

    #[test]
    fn enlarged_strokes_have_no_stairs() {
        let slash = Plane { width: 3, height: 3, data: vec![0, 0, 255, 0, 255, 0, 255, 0, 0] };
        let large = twice(&slash);
        assert_eq!((large.width, large.height), (6, 6));
        // the inner corners beside the diagonal are filled
        assert_eq!((large.row(1)[3], large.row(2)[2], large.row(2)[1]), (255, 255, 0));
        assert_ne!(large.row(2), large.row(3));
    }

    #[test]
    fn long_texts_are_wrapped_at_words_and_cut_where_no_space_is() {
        let font = Font::of_height(10);
        assert_eq!(font.wrap("no frame for 5 s", 60), ["no frame", "for 5 s"]);
        assert_eq!(font.wrap("aa bbbbbbbb c", 30), ["aa", "bbbbb", "bbb c"]);
        assert_eq!(font.wrap("  ", 60), Vec::<String>::new());
        assert_eq!(font.wrap("ab", 1), ["a", "b"]);
        assert_eq!(font.shorten("camera0", 42), "camera0");
        assert_eq!(font.shorten("camera0", 41), "came..");
        assert_eq!(font.shorten("camera0", 6), ".");
        assert_eq!(font.shorten("camera0", 0), "");
    }
}
