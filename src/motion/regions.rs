//! Connected areas of foreground. Knows masks and sizes, nothing of time.

use crate::motion::components::{Components, Run};
use crate::motion::zones::ZoneMasks;
use crate::picture::plane::Plane;
use std::sync::Arc;

/// A connected area of foreground, in pixels of the mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Blob {
    pub left: usize,
    pub top: usize,
    /// One past the last column and row.
    pub right: usize,
    pub bottom: usize,
    /// Foreground pixels.
    pub area: usize,
    /// The alert zone that it is in.
    pub zone: Option<Arc<str>>,
}

impl Blob {
    pub fn width(&self) -> usize {
        self.right - self.left
    }

    pub fn height(&self) -> usize {
        self.bottom - self.top
    }

    pub fn centre(&self) -> (f32, f32) {
        ((self.left + self.right) as f32 / 2.0, (self.top + self.bottom) as f32 / 2.0)
    }
}

/// Finds blobs; keeps its working memory from frame to frame.
#[derive(Default)]
pub struct Labeller {
    components: Components,
}

impl Labeller {
    /// Areas of `mask` (0 or 255, 8-connected) of at least `min_area` pixels, largest first.
    pub fn find(&mut self, mask: &Plane, zones: &ZoneMasks, min_area: usize) -> Vec<Blob> {
        if mask.width == 0 {
            return Vec::new();
        }
        self.components.find(&mask.data, mask.width, 255, 0, true);
        let nothing = Blob { left: usize::MAX, top: usize::MAX, right: 0, bottom: 0, area: 0, zone: None };
        let mut blobs = vec![(nothing, vec![0; zones.alert.len()]); self.components.count];
        for &Run { y, start, end, label } in &self.components.runs {
            let (row, from, to) = (y as usize, start as usize, end as usize);
            let (blob, inside) = &mut blobs[label as usize];
            blob.left = blob.left.min(from);
            blob.top = blob.top.min(row);
            blob.right = blob.right.max(to);
            blob.bottom = blob.bottom.max(row + 1);
            blob.area += to - from;
            for (count, (_, zone)) in inside.iter_mut().zip(&zones.alert) {
                *count += zone.row(row)[from..to].iter().filter(|&&v| v != 0).count();
            }
        }
        blobs.retain(|(blob, _)| blob.area >= min_area.max(1));
        blobs.sort_by_key(|(blob, _)| std::cmp::Reverse(blob.area));
        let with_zone = |(mut blob, inside): (Blob, Vec<usize>)| {
            blob.zone = zone_of(&blob, &inside, zones);
            blob
        };
        blobs.into_iter().map(with_zone).collect()
    }
}

/// A blob is in the zone that holds its foot point, which is where a thing stands on the ground, or half
/// of its foreground, which is what counts for things without ground contact (a hand at a window).
fn zone_of(blob: &Blob, inside: &[usize], zones: &ZoneMasks) -> Option<Arc<str>> {
    let (foot_x, foot_y) = ((blob.left + blob.right) / 2, blob.bottom - 1);
    let holds = |count: usize, zone: &Plane| zone.row(foot_y)[foot_x] != 0 || 2 * count >= blob.area;
    let mut candidates = inside.iter().zip(&zones.alert);
    candidates.find(|(count, (_, zone))| holds(**count, zone)).map(|(_, (name, _))| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Zone, ZoneKind};

    fn mask(rows: &[&str]) -> Plane {
        let data = rows.iter().flat_map(|row| row.bytes().map(|b| if b == b'#' { 255 } else { 0 })).collect();
        Plane { width: rows[0].len(), height: rows.len(), data }
    }

    fn find(rows: &[&str], min_area: usize) -> Vec<Blob> {
        Labeller::default().find(&mask(rows), &ZoneMasks::default(), min_area)
    }

    #[test]
    fn touching_pixels_are_one_area_even_by_a_corner() {
        let blobs = find(&["#..#", ".##.", "....", "#..."], 1);
        assert_eq!(blobs.len(), 2);
        assert_eq!((blobs[0].area, blobs[0].left, blobs[0].right, blobs[0].bottom), (4, 0, 4, 2));
        assert_eq!((blobs[1].area, blobs[1].top), (1, 3));
    }

    #[test]
    fn arms_that_meet_further_down_are_one_area() {
        let blobs = find(&["#.#.#", "#.#.#", "#####", ".....", "#####"], 1);
        assert_eq!(blobs.iter().map(|b| b.area).collect::<Vec<_>>(), [11, 5]);
    }

    #[test]
    fn what_is_smaller_than_asked_is_left_out() {
        assert_eq!(find(&["##..", "##.#"], 4).len(), 1);
        assert!(find(&["....", "...."], 0).is_empty());
    }

    #[test]
    fn a_thing_is_in_the_zone_where_it_stands() {
        let lower = Zone {
            name: "yard".into(),
            kind: ZoneKind::Alert,
            points: vec![(0.0, 0.75), (1.0, 0.75), (1.0, 1.0), (0.0, 1.0)],
        };
        let zones = ZoneMasks::new(&[lower], 4, 4);
        let standing = mask(&[".#..", ".#..", ".#..", ".#.."]);
        let above = mask(&[".#..", ".#..", ".#..", "...."]);
        let mut labeller = Labeller::default();
        assert_eq!(labeller.find(&standing, &zones, 1)[0].zone.as_deref(), Some("yard"));
        assert_eq!(labeller.find(&above, &zones, 1)[0].zone, None);
    }
}
