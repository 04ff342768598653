//! Makes regions out of scattered changed pixels: specks go, gaps close, holes fill. Knows nothing of the
//! picture. All sizes are shares of the picture's smaller side, so that a scene gives the same mask at any
//! resolution.

use super::components::Components;
use super::filter::{self, Scratch};

/// The smaller side at which the radii below hold in pixels.
const REFERENCE_SIDE: f32 = 240.0;
/// Half width of the median that removes scattered changes.
const MEDIAN: f32 = 2.0;
/// Half width of the closing that joins the parts of a body across what has the background's luma.
const CLOSE: f32 = 4.0;
/// Width of the rim around a body that is half body, half background, and from which nothing is learnt.
const RIM: f32 = 2.0;
/// Largest hole that is filled, as a share of the picture: what shows through a parked ring of objects
/// isn't an object any more.
const HOLE_SHARE: f32 = 0.1;
/// Smallest region kept, as a share of the picture: about 7x7 pixels of 320x240.
const SPECK_SHARE: f32 = 1.0 / 1500.0;

#[derive(Clone, Debug, Default)]
pub struct Cleaner {
    regions: Components,
    areas: Vec<u32>,
    counts: Vec<u8>,
    scratch: Scratch,
    width: usize,
    height: usize,
}

impl Cleaner {
    pub fn resize(&mut self, width: usize, height: usize) {
        self.width = width;
        self.height = height;
        self.regions.reserve(width, height);
        self.areas.reserve(height * width.div_ceil(2));
        self.counts = vec![0; width * height];
    }

    /// `length` of the reference picture in this picture's pixels.
    fn px(&self, length: f32) -> usize {
        (length * self.width.min(self.height) as f32 / REFERENCE_SIDE).round().max(1.0) as usize
    }

    /// Cleans `mask` (0 or 1) in place.
    pub fn clean(&mut self, mask: &mut [u8]) {
        let (w, h) = (self.width, self.height);
        let (median, close) = (self.px(MEDIAN), self.px(CLOSE));
        filter::median(mask, &mut self.counts, w, h, median, &mut self.scratch);
        if !mask.contains(&1) {
            return;
        }
        filter::dilate(mask, w, h, close, &mut self.scratch);
        filter::erode(mask, w, h, close, &mut self.scratch);
        self.fill_holes(mask);
        self.drop_specks(mask);
    }

    /// Grows `mask` by its rim.
    pub fn grow(&mut self, mask: &mut [u8]) {
        let radius = self.px(RIM);
        filter::dilate(mask, self.width, self.height, radius, &mut self.scratch);
    }

    fn fill_holes(&mut self, mask: &mut [u8]) {
        let (w, h) = (self.width, self.height);
        self.regions.find(mask, w, 0, 1, false);
        self.areas.clear();
        self.areas.resize(self.regions.count, 0);
        for run in &self.regions.runs {
            let area = &mut self.areas[run.label as usize];
            let open = run.y == 0 || run.y as usize + 1 == h || run.start == 0 || run.end as usize == w;
            *area = if open { u32::MAX } else { area.saturating_add(run.end - run.start) };
        }
        let most = (HOLE_SHARE * (w * h) as f32) as u32;
        for run in &self.regions.runs {
            if self.areas[run.label as usize] <= most {
                mask[run.range(w)].fill(1);
            }
        }
    }

    fn drop_specks(&mut self, mask: &mut [u8]) {
        let (w, h) = (self.width, self.height);
        self.regions.find(mask, w, 1, 0, true);
        self.areas.clear();
        self.areas.resize(self.regions.count, 0);
        for run in &self.regions.runs {
            self.areas[run.label as usize] += run.end - run.start;
        }
        let least = (SPECK_SHARE * (w * h) as f32) as u32;
        for run in &self.regions.runs {
            if self.areas[run.label as usize] < least {
                mask[run.range(w)].fill(0);
            }
        }
    }
}
