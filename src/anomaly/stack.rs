//! The frames that the network looks at: small, and a fixed time apart whatever the camera's rate.

use crate::picture::plane::Plane;
use crate::picture::shrink::Shrinker;
use std::time::Duration;

/// Frames of one stack.
pub const FRAMES: usize = 3;
/// Pixels that the network gets to see: as many as cost little on a small board.
const PIXELS: f32 = 192.0 * 128.0;
/// Smallest side.
const LEAST: usize = 32;

/// The size at which the network looks at pictures of a size: the same shape, no larger than the picture, both sides
/// multiples of `stride`.
pub fn size(width: usize, height: usize, stride: usize) -> (usize, usize) {
    let scale = (PIXELS / (width * height).max(1) as f32).sqrt().min(1.0);
    let side = |length: usize| {
        let wanted = (length as f32 * scale / stride as f32).round() as usize * stride;
        wanted.min(length / stride * stride).max(LEAST.min(length / stride * stride))
    };
    (side(width), side(height))
}

/// The newest frames, oldest first.
#[derive(Debug)]
pub struct Stack {
    interval: Duration,
    stride: usize,
    shrinker: Option<Shrinker>,
    planes: [Plane; FRAMES],
    times: [Option<Duration>; FRAMES],
    previous: Option<Duration>,
}

impl Stack {
    pub fn new(interval: Duration, stride: usize) -> Self {
        Self {
            interval,
            stride,
            shrinker: None,
            planes: Default::default(),
            times: [None; FRAMES],
            previous: None,
        }
    }

    /// Takes the frame at `time` if it is due; true when it did and the stack is complete.
    pub fn push(&mut self, luma: &Plane, time: Duration) -> bool {
        let step = self.previous.map_or(Duration::ZERO, |previous| time.saturating_sub(previous));
        self.previous = Some(time);
        if let Some(newest) = self.times[FRAMES - 1] {
            let gap = time.saturating_sub(newest);
            // The frame nearest to the interval: the next one would be further from it.
            if time >= newest && gap + step / 2 < self.interval {
                return false;
            }
            if time < newest || gap > 4 * self.interval.max(step) {
                self.times = [None; FRAMES];
            }
        }
        if !self.shrinker.as_ref().is_some_and(|shrinker| shrinker.fits(luma)) {
            let size = size(luma.width, luma.height, self.stride);
            if size.0 == 0 || size.1 == 0 {
                return false;
            }
            self.shrinker = Some(Shrinker::new((luma.width, luma.height), size));
            self.times = [None; FRAMES];
        }
        self.planes.rotate_left(1);
        self.times.rotate_left(1);
        if let Some(shrinker) = &mut self.shrinker {
            shrinker.shrink(luma, &mut self.planes[FRAMES - 1]);
        }
        self.times[FRAMES - 1] = Some(time);
        self.times.iter().all(Option::is_some)
    }

    /// The frames, oldest first.
    pub fn planes(&self) -> [&Plane; FRAMES] {
        self.planes.each_ref()
    }

    /// Whether the frame at `time` was taken.
    pub fn is_newest(&self, time: Duration) -> bool {
        self.times[FRAMES - 1] == Some(time)
    }

    /// The newest frame that was taken.
    pub fn newest(&self) -> &Plane {
        &self.planes[FRAMES - 1]
    }

    /// Seconds between the last two frames.
    pub fn step(&self) -> f32 {
        match (self.times[FRAMES - 2], self.times[FRAMES - 1]) {
            (Some(before), Some(last)) => last.saturating_sub(before).as_secs_f32().max(1e-3),
            _ => self.interval.as_secs_f32(),
        }
    }

    /// What comes next doesn't follow on what was.
    pub fn cut(&mut self) {
        self.times = [None; FRAMES];
        self.previous = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times in milliseconds at which a camera with a frame each `period` fills the stack.
    fn taken(period: u64) -> Vec<u64> {
        let mut stack = Stack::new(Duration::from_millis(200), 8);
        let plane = Plane::new(64, 48, 9);
        (0..3000 / period)
            .map(|i| i * period)
            .filter(|&time| stack.push(&plane, Duration::from_millis(time)))
            .collect()
    }

    #[test]
    fn frames_are_a_fifth_of_a_second_apart_at_any_rate() {
        for period in [20, 33, 40, 50, 67, 80, 100, 200] {
            let times = taken(period);
            assert!(times.len() >= 11, "{period}: {times:?}");
            for pair in times.windows(2) {
                assert!((150..=250).contains(&(pair[1] - pair[0])), "{period}: {times:?}");
            }
        }
        assert_eq!(taken(500).len(), 4, "a slower camera's frames are all taken");
    }

    #[test]
    fn the_network_looks_at_the_same_shape_and_never_enlarges() {
        for (width, height, expected) in [
            (128, 64, (128, 64)),
            (360, 240, (192, 128)),
            (320, 180, (208, 120)),
            (320, 240, (184, 136)),
            (480, 270, (208, 120)),
        ] {
            assert_eq!(size(width, height, 8), expected, "{width}x{height}");
        }
        assert_eq!(size(40, 20, 8), (40, 16));
    }
}
