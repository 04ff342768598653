//! Zones as masks: polygons in 0..=1 coordinates, rasterised once for each picture size.

use crate::config::{Zone, ZoneKind};
use crate::picture::plane::Plane;
use crate::picture::surface::Surface;
use std::ops::Range;
use std::sync::Arc;

/// The zones of one camera at one picture size.
#[derive(Clone, Debug, Default)]
pub struct ZoneMasks {
    /// Each alert zone's name and mask (255 inside).
    pub alert: Vec<(Arc<str>, Plane)>,
    /// 255 where motion isn't looked at (ignore and privacy zones); `None`: everywhere is looked at.
    pub blind: Option<Plane>,
}

impl ZoneMasks {
    pub fn new(zones: &[Zone], width: usize, height: usize) -> Self {
        let mut masks = Self::default();
        for zone in zones {
            match zone.kind {
                ZoneKind::Alert => {
                    let mut mask = Plane::new(width, height, 0);
                    fill(&mut mask, &zone.points, 255);
                    masks.alert.push((zone.name.as_str().into(), mask));
                }
                ZoneKind::Ignore | ZoneKind::Privacy => {
                    let blind = masks.blind.get_or_insert_with(|| Plane::new(width, height, 0));
                    fill(blind, &zone.points, 255);
                }
            }
        }
        masks
    }
}

/// What the detector does with a pixel. A later one holds where several would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Layer {
    Watched,
    /// Motion here is an alert.
    Alert,
    /// Motion here isn't looked at.
    Ignored,
    /// Black before anything is looked at.
    Privacy,
    /// Something moves here, and counts.
    Foreground,
}

/// Each pixel's [`Layer`] as a number; `foreground` (0 or 255) is at the size of the rasters.
pub fn layers(foreground: &Plane, zones: &ZoneMasks, privacy: &Privacy) -> Plane {
    let mut layers = Plane::new(foreground.width, foreground.height, Layer::Watched as u8);
    let alert = zones.alert.iter().map(|(_, mask)| (mask, Layer::Alert));
    let blind = zones.blind.iter().map(|mask| (mask, Layer::Ignored));
    let hidden = [(&privacy.mask, Layer::Privacy), (foreground, Layer::Foreground)];
    for (mask, layer) in alert.chain(blind).chain(hidden) {
        for (pixel, _) in layers.data.iter_mut().zip(&mask.data).filter(|(_, inside)| **inside != 0) {
            *pixel = layer as u8;
        }
    }
    layers
}

/// Blackens privacy zones. Keeps a mask for the size it saw last.
#[derive(Clone, Debug, Default)]
pub struct Privacy {
    zones: Vec<Zone>,
    mask: Plane,
}

impl Privacy {
    pub fn new(zones: &[Zone]) -> Self {
        let zones = zones.iter().filter(|zone| zone.kind == ZoneKind::Privacy).cloned().collect();
        Self { zones, mask: Plane::default() }
    }

    /// Whether it hides what these zones hide.
    pub fn hides(&self, zones: &[Zone]) -> bool {
        let areas = |zones: &[Zone]| zones.iter().map(|zone| zone.points.clone()).collect::<Vec<_>>();
        areas(&self.zones) == areas(&Self::new(zones).zones)
    }

    /// Blackens a luma plane of any size.
    pub fn blacken(&mut self, luma: &mut Plane) {
        if self.zones.is_empty() {
            return;
        }
        self.prepare(luma.width, luma.height);
        for (sample, &hidden) in luma.data.iter_mut().zip(&self.mask.data) {
            *sample &= !hidden;
        }
    }

    pub fn hides_nothing(&self) -> bool {
        self.zones.is_empty()
    }

    /// Blackens a whole picture. A chroma sample goes grey when any luma sample that it colours is hidden.
    pub fn blacken_surface(&mut self, surface: &mut dyn Surface) {
        if self.zones.is_empty() {
            return;
        }
        let (width, height) = surface.size();
        self.prepare(width, height);
        let subsampling = surface.subsampling();
        for y in 0..height {
            for hidden in spans(self.mask.row(y)) {
                surface.samples(0, y, hidden.clone()).fill(0);
                if let Some((h, v)) = subsampling {
                    for plane in [1, 2] {
                        surface.samples(plane, y / v, hidden.start / h..hidden.end.div_ceil(h)).fill(128);
                    }
                }
            }
        }
    }

    fn prepare(&mut self, width: usize, height: usize) {
        if (self.mask.width, self.mask.height) == (width, height) {
            return;
        }
        self.mask = Plane::new(width, height, 0);
        for zone in &self.zones {
            fill(&mut self.mask, &zone.points, 255);
        }
        self.mask = grown(&self.mask);
    }
}

/// Where a row of a mask isn't 0.
fn spans(row: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + row[at..].iter().position(|&sample| sample != 0)?;
        at = row[start..].iter().position(|&sample| sample == 0).map_or(row.len(), |length| start + length);
        Some(start..at)
    })
}

/// Sets each pixel whose centre is inside the polygon (even-odd rule).
fn fill(mask: &mut Plane, points: &[(f32, f32)], value: u8) {
    let (width, height) = (mask.width as f32, mask.height as f32);
    let mut crossings = Vec::new();
    for y in 0..mask.height {
        let line = (y as f32 + 0.5) / height;
        crossings.clear();
        for (i, &(x1, y1)) in points.iter().enumerate() {
            let (x2, y2) = points[(i + 1) % points.len()];
            if (y1 <= line) != (y2 <= line) {
                crossings.push(x1 + (line - y1) / (y2 - y1) * (x2 - x1));
            }
        }
        crossings.sort_by(f32::total_cmp);
        for pair in crossings.chunks_exact(2) {
            let from = (pair[0] * width - 0.5).ceil().clamp(0.0, width) as usize;
            let to = ((pair[1] * width - 0.5).floor() + 1.0).clamp(0.0, width) as usize;
            if from < to {
                mask.row_mut(y)[from..to].fill(value);
            }
        }
    }
}

/// The mask and its eight neighbours: no pixel that the polygon only touches stays visible.
fn grown(mask: &Plane) -> Plane {
    let mut result = Plane::new(mask.width, mask.height, 0);
    for y in 0..mask.height {
        for x in 0..mask.width {
            let near = |y: usize| mask.row(y)[x.saturating_sub(1)..(x + 2).min(mask.width)].contains(&255);
            if (y.saturating_sub(1)..(y + 2).min(mask.height)).any(near) {
                result.row_mut(y)[x] = 255;
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Chroma, Picture};

    fn zone(kind: ZoneKind, points: &[(f32, f32)]) -> Zone {
        Zone { name: "z".into(), kind, points: points.to_vec() }
    }

    const LEFT_HALF: [(f32, f32); 4] = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)];

    #[test]
    fn a_rectangle_covers_its_share_at_any_size() {
        for (width, height) in [(8, 6), (320, 240), (33, 17)] {
            let masks = ZoneMasks::new(&[zone(ZoneKind::Alert, &LEFT_HALF)], width, height);
            let inside = masks.alert[0].1.data.iter().filter(|&&v| v == 255).count();
            assert!((inside as i64 - (width * height / 2) as i64).unsigned_abs() as usize <= height);
            assert!(masks.blind.is_none());
        }
    }

    #[test]
    fn a_concave_polygon_leaves_its_notch_out() {
        let notch = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.1), (0.0, 1.0)];
        let masks = ZoneMasks::new(&[zone(ZoneKind::Ignore, &notch)], 100, 100);
        let blind = masks.blind.expect("an ignore zone blinds");
        assert_eq!(blind.row(80)[50], 0);
        assert_eq!(blind.row(80)[2], 255);
        assert_eq!(blind.row(3)[50], 255);
    }

    #[test]
    fn what_moves_hides_zones_and_what_is_hidden_alerts_nobody() {
        let strip = |kind, from: f32| zone(kind, &[(from, 0.0), (1.0, 0.0), (1.0, 1.0), (from, 1.0)]);
        let zones =
            [strip(ZoneKind::Privacy, 0.75), strip(ZoneKind::Ignore, 0.5), strip(ZoneKind::Alert, 0.25)];
        let (mut luma, mut foreground) = (Plane::new(80, 1, 200), Plane::new(80, 1, 0));
        foreground.data[30] = 255;
        let mut privacy = Privacy::new(&zones);
        privacy.blacken(&mut luma);
        let found = layers(&foreground, &ZoneMasks::new(&zones, 80, 1), &privacy);
        for (x, layer) in [
            (10, Layer::Watched),
            (25, Layer::Alert),
            (30, Layer::Foreground),
            (45, Layer::Ignored),
            (70, Layer::Privacy),
        ] {
            assert_eq!(found.data[x], layer as u8, "at {x}");
        }
        // Privacy's raster has no size before there was a frame, nor without zones.
        let none = layers(&foreground, &ZoneMasks::default(), &Privacy::default());
        assert_eq!(none.data.iter().filter(|&&layer| layer != 0).count(), 1);
    }

    #[test]
    fn privacy_is_black_in_all_planes_and_touches_nothing_else() {
        let chroma =
            Chroma { cb: Plane::new(5, 4, 90), cr: Plane::new(5, 4, 90), horizontal: 2, vertical: 2 };
        let mut picture = Picture { luma: Plane::new(9, 7, 200), chroma: Some(chroma) };
        let mut privacy = Privacy::new(&[zone(ZoneKind::Privacy, &LEFT_HALF)]);
        privacy.blacken_surface(&mut picture);
        let chroma = picture.chroma.as_ref().expect("still coloured");
        for y in 0..7 {
            assert_eq!(picture.luma.row(y)[..5], [0; 5]);
            assert_eq!(picture.luma.row(y)[6..], [200; 3]);
            assert_eq!(chroma.cb.row(y / 2)[..2], [128; 2]);
            assert_eq!(chroma.cr.row(y / 2)[4], 90);
        }
    }
}
