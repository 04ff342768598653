//! The pictures of the last seconds, as the camera gave them, in case that something happens now.

use crate::camera::Frame;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// JPEG pictures, oldest first, bounded in time and bytes.
#[derive(Debug, Default)]
pub struct Ring {
    shots: VecDeque<Shot>,
    bytes: usize,
    /// Numbers go on over all shots that there ever were.
    next: u64,
}

/// One picture.
#[derive(Clone, Debug)]
pub struct Shot {
    pub number: u64,
    /// In JPEG.
    pub frame: Arc<Frame>,
    /// What is private in it is black already.
    pub is_blackened: bool,
}

impl Ring {
    /// Takes a picture, and lets those go that are older than `span` before it or that are too many for `most_bytes`. Numbers from
    /// `wanted` on stay as long as there is room for them.
    pub fn push(
        &mut self,
        frame: Arc<Frame>,
        is_blackened: bool,
        (span, most_bytes): (Duration, usize),
        wanted: Option<u64>,
    ) {
        let newest = frame.captured;
        self.bytes += frame.data.len();
        self.shots.push_back(Shot { number: self.next, frame, is_blackened });
        self.next += 1;
        while let Some(oldest) = self.shots.front() {
            let is_old = oldest.frame.captured + span < newest;
            let is_wanted = wanted.is_some_and(|wanted| oldest.number >= wanted);
            if self.bytes <= most_bytes && (!is_old || is_wanted) {
                break;
            }
            self.bytes -= oldest.frame.data.len();
            self.shots.pop_front();
        }
    }

    /// What is private may be another part of the picture now.
    pub fn uncover(&mut self) {
        self.shots.iter_mut().for_each(|shot| shot.is_blackened = false);
    }

    /// The number of the first picture that was taken at `time` or later, or of the next one.
    pub fn first_since(&self, time: Duration) -> u64 {
        self.shots.iter().find(|shot| shot.frame.captured >= time).map_or(self.next, |shot| shot.number)
    }

    /// The pictures with numbers from `number` on.
    pub fn from(&self, number: u64) -> impl Iterator<Item = &Shot> {
        self.shots.iter().filter(move |shot| shot.number >= number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::{PixelFormat, Range};

    fn frame(milliseconds: u64, bytes: usize) -> Arc<Frame> {
        Arc::new(Frame {
            sequence: 0,
            captured: Duration::from_millis(milliseconds),
            restarted: false,
            format: PixelFormat::Jpeg,
            width: 1,
            height: 1,
            stride: 0,
            range: Range::Full,
            data: vec![0; bytes],
        })
    }

    fn numbers(ring: &Ring) -> Vec<u64> {
        ring.from(0).map(|shot| shot.number).collect()
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_is_too_old_or_too_much_goes() {
        let mut ring = Ring::default();
        for n in 0..10 {
            ring.push(frame(300 * n, 10), false, (SECOND, 1000), None);
        }
        assert_eq!((numbers(&ring), ring.bytes), ((6..10).collect(), 40));
        ring.push(frame(2800, 980), false, (SECOND, 1000), None);
        assert_eq!((numbers(&ring), ring.bytes), (vec![8, 9, 10], 1000));
        assert_eq!(ring.first_since(Duration::from_millis(2700)), 9);
        assert_eq!(ring.first_since(Duration::from_millis(2801)), 11);
    }

    #[test]
    fn what_is_wanted_stays_as_long_as_there_is_room() {
        let mut ring = Ring::default();
        for n in 0..10 {
            ring.push(frame(1000 * n, 10), false, (SECOND, 60), Some(5));
        }
        assert_eq!(numbers(&ring), [5, 6, 7, 8, 9]);
        ring.push(frame(10_000, 30), false, (SECOND, 60), Some(5));
        assert_eq!(numbers(&ring), [7, 8, 9, 10]);
    }
}
