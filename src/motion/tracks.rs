//! Blobs followed over frames: which is which, how fast, and for how long. Knows nothing of pixels' values.

use crate::motion::regions::Blob;
use std::time::Duration;

/// A blob is believed when it was there in at least `CONFIRM_HITS` of the last `CONFIRM_WINDOW` frames:
/// noise comes and goes, things stay.
const CONFIRM_HITS: u32 = 3;
const CONFIRM_WINDOW: u32 = 5;

/// A confirmed track is remembered so long without its blob (somebody behind a tree), in seconds.
const REMEMBER_SECONDS: f32 = 1.5;

/// A thing has moved once its centre was so far from where it appeared, as a share of its diagonal. Light that
/// falls on a roof or a wall appears, and changes in place.
const MOVED_SHARE: f32 = 0.5;

/// Weight of the newest velocity, for a time constant of about a third of a second.
const VELOCITY_SECONDS: f32 = 0.35;

/// A thing followed over frames.
#[derive(Clone, Debug)]
pub struct Track {
    pub id: u32,
    /// Where it was seen last.
    pub blob: Blob,
    /// Mask pixels a second.
    pub velocity: (f32, f32),
    pub first_seen: Duration,
    /// Its centre when it was first seen.
    origin: (f32, f32),
    /// It has been elsewhere than where it appeared.
    pub has_moved: bool,
    last_seen: Duration,
    /// One bit a frame, the newest lowest: was it there?
    history: u32,
    confirmed: bool,
}

impl Track {
    /// Mask pixels a second.
    pub fn speed(&self) -> f32 {
        self.velocity.0.hypot(self.velocity.1)
    }

    fn seen_now(&self) -> bool {
        self.history & 1 == 1
    }

    /// How badly `blob` continues this track at `time`: distance of the centres over what is plausible,
    /// `None` if it can't be the same thing.
    fn cost(&self, blob: &Blob, time: Duration) -> Option<f32> {
        let gap = time.saturating_sub(self.last_seen).as_secs_f32();
        let (x, y) = self.blob.centre();
        let predicted = (x + self.velocity.0 * gap, y + self.velocity.1 * gap);
        let (bx, by) = blob.centre();
        let distance = (bx - predicted.0).hypot(by - predicted.1).min((bx - x).hypot(by - y));
        let reach = 0.6 * (diagonal(&self.blob) + diagonal(blob)) / 2.0 + 2.0;
        let touching = overlap(&self.blob, blob);
        (distance <= reach || touching).then(|| distance / reach)
    }
}

fn diagonal(blob: &Blob) -> f32 {
    (blob.width() as f32).hypot(blob.height() as f32)
}

fn overlap(a: &Blob, b: &Blob) -> bool {
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

/// Follows blobs.
#[derive(Default)]
pub struct Tracker {
    tracks: Vec<Track>,
    last_id: u32,
    last_time: Duration,
}

impl Tracker {
    /// Takes the blobs of the frame at `time` and returns the tracks that are confirmed and seen in it.
    pub fn update(&mut self, blobs: Vec<Blob>, time: Duration) -> impl Iterator<Item = &Track> {
        let step = time.saturating_sub(self.last_time).as_secs_f32().max(1e-3);
        self.last_time = time;
        for track in &mut self.tracks {
            track.history <<= 1;
        }
        let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
        for (t, track) in self.tracks.iter().enumerate() {
            for (b, blob) in blobs.iter().enumerate() {
                if let Some(cost) = track.cost(blob, time) {
                    pairs.push((cost, t, b));
                }
            }
        }
        // The best matches first. An unconfirmed track must not take a blob from a confirmed one.
        pairs.sort_by(|a, b| {
            let unconfirmed = |t: usize| !self.tracks[t].confirmed;
            (unconfirmed(a.1), a.0).partial_cmp(&(unconfirmed(b.1), b.0)).unwrap_or(std::cmp::Ordering::Equal)
        });
        let mut blobs: Vec<Option<Blob>> = blobs.into_iter().map(Some).collect();
        for (_, t, b) in pairs {
            let track = &mut self.tracks[t];
            if track.seen_now() {
                continue;
            }
            let Some(blob) = blobs[b].take() else { continue };
            track.follow(blob, time);
        }
        for blob in blobs.into_iter().flatten() {
            // Numbers are given when a track is confirmed, so that people see 1, 2, 3.
            self.tracks.push(Track {
                id: 0,
                origin: blob.centre(),
                has_moved: false,
                blob,
                velocity: (0.0, 0.0),
                first_seen: time,
                last_seen: time,
                history: 1,
                confirmed: false,
            });
        }
        let window = (1 << CONFIRM_WINDOW) - 1;
        for track in &mut self.tracks {
            if !track.confirmed && (track.history & window).count_ones() >= CONFIRM_HITS {
                track.confirmed = true;
                self.last_id += 1;
                track.id = self.last_id;
            }
        }
        // At low frame rates a missing frame alone is longer than the memory.
        let memory = REMEMBER_SECONDS.max(2.5 * step);
        self.tracks.retain(|track| {
            let gap = time.saturating_sub(track.last_seen).as_secs_f32();
            if track.confirmed { gap <= memory } else { track.history & window != 0 }
        });
        self.tracks.iter().filter(|track| track.confirmed && track.seen_now())
    }

    /// Whether something was seen last that isn't believed yet.
    pub fn is_undecided(&self) -> bool {
        self.tracks.iter().any(|track| !track.confirmed && track.seen_now())
    }

    /// Forgets all tracks; numbers go on.
    pub fn reset(&mut self) {
        self.tracks.clear();
    }
}

impl Track {
    fn follow(&mut self, blob: Blob, time: Duration) {
        let gap = time.saturating_sub(self.last_seen).as_secs_f32().max(1e-3);
        let ((x1, y1), (x2, y2)) = (self.blob.centre(), blob.centre());
        let weight = 1.0 - (-gap / VELOCITY_SECONDS).exp();
        self.velocity.0 += weight * ((x2 - x1) / gap - self.velocity.0);
        self.velocity.1 += weight * ((y2 - y1) / gap - self.velocity.1);
        let from_origin = (x2 - self.origin.0).hypot(y2 - self.origin.1);
        self.has_moved |= from_origin >= MOVED_SHARE * diagonal(&blob);
        self.blob = blob;
        self.last_seen = time;
        self.history |= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(x: usize, y: usize) -> Blob {
        Blob { left: x, top: y, right: x + 10, bottom: y + 20, area: 200, zone: None }
    }

    fn at(frame: u64) -> Duration {
        Duration::from_millis(40 * frame)
    }

    #[test]
    fn a_thing_is_believed_after_three_frames_of_five() {
        let mut tracker = Tracker::default();
        let seen = [true, false, true, false, true];
        let confirmed: Vec<usize> = seen
            .iter()
            .enumerate()
            .map(|(i, &there)| {
                let blobs = if there { vec![blob(50, 50)] } else { vec![] };
                tracker.update(blobs, at(i as u64)).count()
            })
            .collect();
        assert_eq!(confirmed, [0, 0, 0, 0, 1]);
    }

    #[test]
    fn speed_and_dwell_are_those_of_the_thing() {
        let mut tracker = Tracker::default();
        let mut last = None;
        for frame in 0..50 {
            last = tracker.update(vec![blob(10 + 2 * frame as usize, 50)], at(frame)).next().cloned();
        }
        let track = last.expect("followed to the end");
        assert_eq!(track.id, 1);
        assert!((track.speed() - 50.0).abs() < 2.0, "2 px in 40 ms, found {}", track.speed());
        assert_eq!(track.first_seen, at(0));
    }

    #[test]
    fn two_things_that_pass_each_other_at_a_distance_keep_their_numbers() {
        let mut tracker = Tracker::default();
        for frame in 0..40u64 {
            let step = 3 * frame as usize;
            let tracks: Vec<(u32, usize)> = tracker
                .update(vec![blob(10 + step, 20), blob(150 - step, 80)], at(frame))
                .map(|t| (t.id, t.blob.top))
                .collect();
            if frame > 3 {
                assert_eq!(tracks.len(), 2);
                assert!(tracks.iter().all(|&(id, top)| (id == 1) == (top == 20)), "{tracks:?}");
            }
        }
    }

    #[test]
    fn what_changes_in_place_has_not_moved_and_what_walks_has() {
        let mut tracker = Tracker::default();
        for frame in 0..50u64 {
            let wobble = (frame % 3) as usize;
            let tracks =
                tracker.update(vec![blob(20 + wobble, 20), blob(60 + frame as usize, 70)], at(frame));
            for track in tracks {
                // Half of the diagonal of 10x20 is 11 pixels.
                assert_eq!(track.has_moved, track.blob.top == 70 && frame >= 12, "frame {frame}");
            }
        }
    }

    #[test]
    fn somebody_behind_a_tree_for_a_second_is_the_same_afterwards() {
        let mut tracker = Tracker::default();
        for frame in 0..20 {
            tracker.update(vec![blob(10 + 2 * frame as usize, 50)], at(frame)).count();
        }
        for frame in 20..40 {
            assert_eq!(tracker.update(vec![], at(frame)).count(), 0);
        }
        let after: Vec<u32> = tracker.update(vec![blob(10 + 2 * 40, 50)], at(40)).map(|t| t.id).collect();
        assert_eq!(after, [1]);
    }
}
