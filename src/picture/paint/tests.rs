use super::*;
use crate::picture::{Chroma, Picture};

const INK: Colour = Colour { y: 200, cb: 60, cr: 220 };
const FORMS: [Option<(usize, usize)>; 5] = [None, Some((1, 1)), Some((2, 1)), Some((1, 2)), Some((2, 2))];

fn blank(width: usize, height: usize, form: Option<(usize, usize)>) -> Picture {
    let chroma = form.map(|(horizontal, vertical)| {
        let plane = Plane::new(width.div_ceil(horizontal), height.div_ceil(vertical), 128);
        Chroma { cb: plane.clone(), cr: plane, horizontal, vertical }
    });
    Picture { luma: Plane::new(width, height, 10), chroma }
}

/// What each plane should hold: the colour by the share of its luma pixels that are inked.
fn assert_colour_follows_luma(picture: &Picture, tolerance: u8) {
    let Some(chroma) = &picture.chroma else { return };
    for (i, (&cb, &cr)) in chroma.cb.data.iter().zip(&chroma.cr.data).enumerate() {
        let (cx, cy) = (i % chroma.cb.width, i / chroma.cb.width);
        let (mut share, mut area) = (0.0, 0.0);
        for y in cy * chroma.vertical..((cy + 1) * chroma.vertical).min(picture.luma.height) {
            for x in cx * chroma.horizontal..((cx + 1) * chroma.horizontal).min(picture.luma.width) {
                share += (f32::from(picture.luma.row(y)[x]) - 10.0) / 190.0;
                area += 1.0;
            }
        }
        let expected = [60.0, 220.0].map(|value| (128.0 + (value - 128.0) * share / area) as u8);
        let close = cb.abs_diff(expected[0]) <= tolerance && cr.abs_diff(expected[1]) <= tolerance;
        assert!(close, "{cx},{cy}: {cb},{cr} instead of {expected:?}");
    }
}

#[test]
fn colours_are_those_of_jfif() {
    assert_eq!(Colour::rgb(255, 255, 255), Colour { y: 255, cb: 128, cr: 128 });
    assert_eq!(Colour::rgb(0, 0, 0), Colour { y: 0, cb: 128, cr: 128 });
    assert_eq!(Colour::rgb(255, 0, 0), Colour { y: 76, cb: 85, cr: 255 });
    assert_eq!(Colour::rgb(0, 255, 255), Colour { y: 179, cb: 171, cr: 1 });
}

#[test]
fn rectangles_cover_just_their_pixels_in_every_subsampling() {
    for form in FORMS {
        for rect in [
            Rect { x: 3, y: 2, w: 5, h: 4 },
            Rect { x: 4, y: 4, w: 1, h: 1 },
            Rect { x: -3, y: -2, w: 5, h: 4 },
            Rect { x: 10, y: 7, w: i32::MAX, h: i32::MAX },
            Rect { x: 0, y: 0, w: 13, h: 9 },
        ] {
            let mut picture = blank(13, 9, form);
            fill(&mut picture, rect, INK, 255);
            for (i, &sample) in picture.luma.data.iter().enumerate() {
                let (x, y) = ((i % 13) as i32, (i / 13) as i32);
                let inside = x >= rect.x && y >= rect.y && x - rect.x < rect.w && y - rect.y < rect.h;
                assert_eq!(sample, if inside { 200 } else { 10 }, "{form:?} {rect:?} at {x},{y}");
            }
            assert_colour_follows_luma(&picture, 1);
        }
    }
}

#[test]
fn half_opacity_lies_halfway() {
    let mut picture = blank(8, 8, Some((2, 2)));
    fill(&mut picture, Rect { x: 0, y: 0, w: 8, h: 8 }, INK, 128);
    assert!(picture.luma.data.iter().all(|&sample| sample.abs_diff(105) <= 1));
    fill(&mut picture, Rect { x: 0, y: 0, w: 8, h: 8 }, INK, 0);
    assert!(picture.luma.data.iter().all(|&sample| sample.abs_diff(105) <= 1));
}

#[test]
fn what_lies_outside_changes_nothing() {
    for form in FORMS {
        let (mut picture, untouched) = (blank(15, 11, form), blank(15, 11, form));
        let font = Font::of_height(14);
        for (x, y) in [(-500, 3), (500, 3), (3, -500), (3, 500), (i32::MAX, i32::MAX), (i32::MIN, i32::MIN)] {
            fill(&mut picture, Rect { x, y, w: 20, h: 20 }, INK, 255);
            outline(&mut picture, Rect { x, y, w: 20, h: 20 }, 2, INK, 255);
            corners(&mut picture, Rect { x, y, w: 20, h: 20 }, 2, 5, INK);
            text(&mut picture, x, y, font, "outside", INK);
        }
        fill(&mut picture, Rect { x: 3, y: 3, w: 0, h: 5 }, INK, 255);
        fill(&mut picture, Rect { x: 3, y: 3, w: -4, h: 5 }, INK, 255);
        let stroke = Stroke { thickness: 2.0, dash: None, colour: INK, opacity: 255 };
        polygon(&mut picture, &[(-50.0, -50.0), (-50.0, 900.0), (-90.0, 0.0)], stroke);
        polygon(&mut picture, &[(f32::NAN, 3.0), (5.0, f32::INFINITY), (1e30, 4.0)], stroke);
        polygon(&mut picture, &[], stroke);
        fill_polygon(&mut picture, &[(-50.0, -50.0), (-50.0, 900.0), (-90.0, 0.0)], INK, 255);
        fill_polygon(&mut picture, &[(f32::NAN, 3.0), (f32::NAN, 9.0)], INK, 255);
        assert_eq!(picture, untouched);
    }
}

#[test]
fn everything_survives_pictures_of_any_size() {
    for form in FORMS {
        for (width, height) in [(1, 1), (1, 9), (9, 1), (2, 3), (16, 15), (0, 0)] {
            let mut picture = blank(width, height, form);
            for offset in [-7, 0, 3] {
                let rect = Rect { x: offset, y: offset, w: 12, h: 9 };
                fill(&mut picture, rect, INK, 99);
                outline(&mut picture, rect, 2, INK, 255);
                corners(&mut picture, rect, 3, 5, INK);
                text(&mut picture, offset, offset, Font::of_height(28), "Ä?", INK);
                let at = offset as f32;
                let corners = [(at, at), (at + 9.5, at + 1.0), (4.0, 12.0 + at)];
                let stroke = Stroke { thickness: 1.5, dash: Some(2.0), colour: INK, opacity: 200 };
                polygon(&mut picture, &corners, stroke);
                fill_polygon(&mut picture, &corners, INK, 200);
            }
            assert_eq!(picture.luma.data.len(), width * height);
        }
    }
}

#[test]
fn outlines_and_corners_leave_the_middle_free() {
    let mut picture = blank(40, 30, Some((2, 1)));
    outline(&mut picture, Rect { x: 5, y: 5, w: 20, h: 16 }, 2, INK, 255);
    assert_eq!(&picture.luma.row(10)[3..9], [10, 10, 200, 200, 10, 10]);
    assert_eq!(&picture.luma.row(10)[21..27], [10, 10, 200, 200, 10, 10]);
    assert_eq!(
        [4, 5, 6, 7, 18, 19, 20, 21].map(|y| picture.luma.row(y)[15]),
        [10, 200, 200, 10, 10, 200, 200, 10]
    );
    let mut picture = blank(40, 30, Some((2, 1)));
    corners(&mut picture, Rect { x: 4, y: 4, w: 20, h: 16 }, 2, 5, INK);
    assert_eq!([4, 8, 9, 18, 19, 23, 24].map(|x| picture.luma.row(4)[x]), [200, 200, 10, 10, 200, 200, 10]);
    assert_eq!([4, 8, 9, 14, 15, 19, 20].map(|y| picture.luma.row(y)[4]), [200, 200, 10, 10, 200, 200, 10]);
    assert_eq!(picture.luma.row(12)[14], 10);
}

#[test]
fn text_is_the_fonts_mask_also_when_clipped() {
    let font = Font::of_height(10);
    let mask = font.mask("Eé7");
    for form in FORMS {
        for (x, y) in [(3, 2), (-4, -3), (27, 9)] {
            let mut picture = blank(33, 15, form);
            text(&mut picture, x, y, font, "Eé7", INK);
            for (i, &sample) in picture.luma.data.iter().enumerate() {
                let (mx, my) = ((i % 33) as i32 - x, (i / 33) as i32 - y);
                let inside = mx >= 0 && my >= 0 && mx < mask.width as i32 && my < mask.height as i32;
                let ink = inside && mask.row(my as usize)[mx as usize] == 255;
                assert_eq!(sample, if ink { 200 } else { 10 });
            }
            assert_colour_follows_luma(&picture, 3);
        }
    }
}

#[test]
fn polygons_have_their_thickness_area_and_dashes() {
    let square = [(10.0, 10.0), (50.0, 10.0), (50.0, 40.0), (10.0, 40.0)];
    for form in FORMS {
        let mut picture = blank(64, 50, form);
        polygon(&mut picture, &square, Stroke { thickness: 2.0, dash: None, colour: INK, opacity: 255 });
        assert_eq!([7, 8, 9, 10, 11, 12].map(|y| picture.luma.row(y)[30]), [10, 10, 200, 200, 10, 10]);
        assert_eq!([7, 8, 9, 10, 11, 12].map(|x| picture.luma.row(25)[x]), [10, 10, 200, 200, 10, 10]);
        assert_eq!(picture.luma.row(25)[30], 10, "the middle stays free");
        let inked = |picture: &Picture| picture.luma.data.iter().filter(|&&sample| sample > 100).count();
        let solid = inked(&picture);
        let mut dashed = blank(64, 50, form);
        polygon(&mut dashed, &square, Stroke { thickness: 2.0, dash: Some(5.0), colour: INK, opacity: 255 });
        assert!(inked(&dashed).abs_diff(solid / 2) < solid / 10, "{} of {solid}", inked(&dashed));
        let mut filled = blank(64, 50, form);
        fill_polygon(&mut filled, &square, INK, 255);
        assert_eq!(inked(&filled), 40 * 30);
        assert_colour_follows_luma(&filled, 2);
        // a slanted line has as much ink as a straight one of its length
        let mut slanted = blank(64, 50, form);
        let stroke = Stroke { thickness: 3.0, dash: None, colour: INK, opacity: 255 };
        line(&mut slanted, (5.0, 5.0), (45.0, 35.0), stroke, 0.0);
        let ink: f32 = slanted.luma.data.iter().map(|&sample| (f32::from(sample) - 10.0) / 190.0).sum();
        assert!((ink - 150.0).abs() < 12.0, "{ink}");
    }
}

#[test]
fn a_blacked_out_polygon_leaves_no_colour_behind() {
    for form in [Some((2, 2)), Some((2, 1))] {
        let mut picture = blank(40, 40, form);
        fill(&mut picture, Rect { x: 0, y: 0, w: 40, h: 40 }, INK, 255);
        fill_polygon(&mut picture, &[(3.0, 5.0), (33.0, 9.0), (21.0, 35.0)], Colour::rgb(0, 0, 0), 255);
        let chroma = picture.chroma.as_ref().unwrap();
        for y in 0..40 {
            for x in 0..40 {
                if picture.luma.row(y)[x] == 0 {
                    let (cx, cy) = (x / chroma.horizontal, y / chroma.vertical);
                    assert_eq!((chroma.cb.row(cy)[cx], chroma.cr.row(cy)[cx]), (128, 128), "{x},{y}");
                }
            }
        }
        assert!(picture.luma.data.contains(&0) && picture.luma.data.contains(&200));
    }
}
