//! The way of one track: how long it has been around where it is, and how it moves. Knows blobs and time, nothing of
//! what is normal.

use crate::motion::regions::Blob;
use std::collections::VecDeque;
use std::time::Duration;

/// Speed is measured over at least so long, and at most: a box trembles, and people turn.
const SPEED_SECONDS: (f32, f32) = (0.6, 1.0);
/// A blob that grows or shrinks by more than this factor meanwhile has met another or come out from behind something:
/// how its middle moves tells nothing. Legs alone are half of somebody.
const SAME_AREA: f32 = 3.0;
/// Things of less height than this share of their width are wide: cars from the side, not people whose head the mask
/// lacks.
const WIDE: f32 = 0.8;
/// Who gets no further than this from where he is, in picture widths, lingers.
const AROUND: f32 = 0.15;
/// Points of a track's way that are remembered; of a longer one every second is forgotten.
const REMEMBERED: usize = 64;

/// The way of one track.
#[derive(Clone, Debug)]
pub struct Path {
    pub track: u32,
    pub seen: Duration,
    /// It was there while nothing was to be learned: nor is the rest of its visit.
    pub odd: bool,
    /// How long it lingered at most, for each place where it was.
    lingered: Vec<(usize, f32)>,
    /// When it was where, oldest first, so many seconds apart.
    way: Vec<(Duration, (f32, f32))>,
    apart: f32,
    /// The last second.
    trail: VecDeque<Point>,
}

/// A track's blob at one time.
#[derive(Clone, Copy, Debug)]
struct Point {
    time: Duration,
    /// Left, right, top and bottom in mask pixels.
    edges: [f32; 4],
    area: f32,
    /// Height over width; `None` where the picture's border may hide a part of the width.
    slimness: Option<f32>,
}

/// How a track has moved lately.
#[derive(Clone, Copy, Debug)]
pub struct Motion {
    /// Mask pixels a second.
    pub velocity: (f32, f32),
    pub wide: bool,
}

impl Path {
    pub fn new(track: u32) -> Self {
        Self {
            track,
            seen: Duration::ZERO,
            odd: false,
            lingered: Vec::new(),
            way: Vec::new(),
            apart: 0.5,
            trail: VecDeque::new(),
        }
    }

    /// Seconds since it was last elsewhere than around here (0..1 across and down; `aspect` is width over height).
    pub fn linger(&mut self, foot: (f32, f32), aspect: f32, time: Duration) -> f32 {
        let seconds = |since: Duration| time.saturating_sub(since).as_secs_f32();
        if self.way.last().is_none_or(|(last, _)| seconds(*last) >= self.apart) {
            if self.way.len() == REMEMBERED {
                let mut keep = false;
                self.way.retain(|_| {
                    keep = !keep;
                    keep
                });
                self.apart *= 2.0;
            }
            self.way.push((time, foot));
        }
        let is_here = |at: (f32, f32)| (foot.0 - at.0).hypot((foot.1 - at.1) / aspect) < AROUND;
        let here = self.way.iter().rev().take_while(|(_, at)| is_here(*at)).last();
        here.map_or(0.0, |(since, _)| seconds(*since))
    }

    /// It has lingered so long at a place.
    pub fn lingered_at(&mut self, place: usize, seconds: f32) {
        match self.lingered.iter_mut().find(|(known, _)| *known == place) {
            Some((_, longest)) => *longest = longest.max(seconds),
            None => self.lingered.push((place, seconds)),
        }
    }

    /// How long it lingered at most, for each place where it was.
    pub fn into_lingers(self) -> Vec<(usize, f32)> {
        self.lingered
    }

    /// How it moved over the last second; `None` while that isn't to be believed.
    pub fn follow(&mut self, blob: &Blob, across: usize, time: Duration) -> Option<Motion> {
        let is_cut = blob.left == 0 || blob.right == across;
        let slimness = blob.height() as f32 / blob.width() as f32;
        // As much of a car as is in the picture yet may be as slim as somebody on foot.
        let slimness = (!is_cut || slimness < WIDE).then_some(slimness);
        let edges = [blob.left, blob.right, blob.top, blob.bottom].map(|edge| edge as f32);
        let now = Point { time, edges, area: blob.area as f32, slimness };
        let differs = |point: &Point| now.area > SAME_AREA * point.area || point.area > SAME_AREA * now.area;
        while self.trail.iter().any(differs) {
            self.trail.pop_front();
        }
        self.trail.push_back(now);
        let seconds = |point: &Point| time.saturating_sub(point.time).as_secs_f32();
        while self.trail.len() > 2 && seconds(&self.trail[1]) >= SPEED_SECONDS.1 {
            self.trail.pop_front();
        }
        let oldest = self.trail.front()?;
        let gap = seconds(oldest);
        let [left, right, top, bottom] = std::array::from_fn(|edge| now.edges[edge] - oldest.edges[edge]);
        let gone = (both(left, right), both(top, bottom));
        let shapes = self.trail.iter().filter_map(|point| point.slimness);
        let (sum, count) = shapes.fold((0.0, 0.0), |(sum, count), slimness| (sum + slimness, count + 1.0));
        (gap >= SPEED_SECONDS.0 && count > 0.0)
            .then(|| Motion { velocity: (gone.0 / gap, gone.1 / gap), wide: sum / count < WIDE })
    }
}

/// How far something has moved of which two edges did: where somebody joins or leaves a group, only one of them jumps.
fn both(one: f32, other: f32) -> f32 {
    if one * other <= 0.0 { 0.0 } else { one.signum() * one.abs().min(other.abs()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACROSS: usize = 320;

    fn at(seconds: f32) -> Duration {
        Duration::from_secs_f32(seconds)
    }

    fn blob(left: f32, width: f32, height: f32) -> Blob {
        let (left, right) = (left.max(0.0) as usize, ((left + width) as usize).min(ACROSS));
        Blob { left, top: 100, right, bottom: 100 + height as usize, area: (right - left) * 30, zone: None }
    }

    /// What is said at the end of some frames, ten a second.
    fn followed(blobs: impl Iterator<Item = Blob>) -> Option<Motion> {
        let mut path = Path::new(1);
        let motions = blobs.enumerate().map(|(i, blob)| path.follow(&blob, ACROSS, at(i as f32 / 10.0)));
        motions.last().flatten()
    }

    #[test]
    fn speed_is_the_way_over_a_second_and_no_tremor() {
        // 5 pixels a frame, while legs open and close.
        let runner =
            followed((0..20).map(|i| blob(50.0 + 5.0 * i as f32, 12.0 + 6.0 * (i % 3) as f32, 40.0)));
        let Motion { velocity, wide } = runner.expect("seen for two seconds");
        assert!((40.0..=50.0).contains(&velocity.0), "{velocity:?}");
        assert!(velocity.1 == 0.0 && !wide);
        let stands = followed((0..20).map(|i| blob(50.0 - 4.0 * (i % 2) as f32, 16.0, 40.0)));
        assert!(stands.expect("seen for two seconds").velocity.0.abs() <= 4.0);
        assert!(followed((0..5).map(|i| blob(5.0 * i as f32, 12.0, 40.0))).is_none(), "too short");
    }

    #[test]
    fn who_joins_a_group_does_not_make_it_fast() {
        // A second one comes from the right: the box is three times as wide at once, then as wide as before.
        let joined = (0..12).map(|i| blob(100.0, if (4..8).contains(&i) { 40.0 } else { 16.0 }, 40.0));
        assert_eq!(followed(joined).expect("seen for a second").velocity, (0.0, 0.0));
        // Ten times as large is another thing.
        let swallowed = (0..12).map(|i| blob(100.0, if i < 9 { 16.0 } else { 170.0 }, 40.0));
        assert!(followed(swallowed).is_none());
    }

    #[test]
    fn a_car_is_wide_also_while_it_leaves_the_picture() {
        let car = |i: usize| blob(200.0 + 7.5 * i as f32, 90.0, 40.0);
        let leaving = followed((0..12).map(car));
        assert!(car(11).height() > car(11).width() && leaving.is_some_and(|motion| motion.wide));
        // Of what just comes in, nobody knows how wide it is.
        assert!(followed((0..8).map(|i| blob(-88.0 + 2.0 * i as f32, 90.0, 40.0))).is_none());
    }

    #[test]
    fn who_walks_up_and_down_lingers_and_who_passes_does_not() {
        let linger = |x: &dyn Fn(f32) -> f32, seconds: u32| {
            let mut path = Path::new(1);
            let frames = (0..10 * seconds).map(|i| i as f32 / 10.0);
            frames.map(|t| path.linger((x(t), 0.7), 4.0 / 3.0, at(t))).last().expect("there are frames")
        };
        assert!((1.2..2.0).contains(&linger(&|t| 0.1 * t, 10)), "{}", linger(&|t| 0.1 * t, 10));
        assert!(linger(&|t| 0.5 + 0.07 * (0.9 * t).sin(), 60) > 58.0);
        // An hour is remembered as well as a minute.
        let hour = linger(&|t| 0.5 + 0.07 * (0.9 * t).sin(), 3600);
        assert!((3540.0..=3600.0).contains(&hour), "{hour}");
    }
}
