//! Signals of behaviour: what the tracks of moving things tell, beside what is usual at their place. Needs no network.

use crate::anomaly::path::{Motion, Path};
use crate::anomaly::places::{self, COLUMNS, Places, ROWS};
use crate::anomaly::signal::{Measured, Signal, Values};
use crate::motion::Moving;
use crate::picture::plane::Plane;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The quantile of a place's values that a new one is compared with.
const UPPER: f32 = 0.95;
/// Lingering for less is nobody's business, in seconds.
const LEAST_LINGER: f32 = 10.0;
/// Slower is standing, in picture widths a second.
const STANDING: f32 = 0.02;
/// Speeds, in picture widths a second, and other ranges of the histograms.
const SPEEDS: (f32, f32) = (0.005, 8.0);
const LINGERS: (f32, f32) = (1.0, 3600.0);
const SIZES: (f32, f32) = (0.01, 1.0);
/// Directions that are told apart.
const SECTORS: usize = 8;
/// Seconds of evenly spread presence with which the picture starts, so that nowhere is impossible.
const PRIOR_PRESENCE: f32 = 5.0;

/// What was learned of behaviour at this camera, by place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Behaviour {
    /// Of upright things, and of the others: people walk beside a road.
    speed: [Places; 2],
    linger: Places,
    size: Places,
    /// Seconds with something that moved: `[place]`, and in which direction: `[place][sector]`.
    presence: Vec<f32>,
    directions: Vec<f32>,
    #[serde(skip)]
    paths: Vec<Path>,
    #[serde(skip)]
    last: Option<Duration>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            speed: [Places::new(SPEEDS.0, SPEEDS.1), Places::new(SPEEDS.0, SPEEDS.1)],
            linger: Places::new(LINGERS.0, LINGERS.1),
            size: Places::new(SIZES.0, SIZES.1),
            presence: vec![0.0; COLUMNS * ROWS],
            directions: vec![0.0; COLUMNS * ROWS * SECTORS],
            paths: Vec::new(),
            last: None,
        }
    }
}

impl Behaviour {
    /// Whether all lists have the lengths that this version works with.
    pub fn is_sound(&self) -> bool {
        self.speed.iter().chain([&self.linger, &self.size]).all(Places::is_sound)
            && self.presence.len() == COLUMNS * ROWS
            && self.directions.len() == COLUMNS * ROWS * SECTORS
    }

    /// Measures what moves at `time`, and takes it for normal when `learn` says so.
    pub fn look(&mut self, moving: &Moving, mask: &Plane, time: Duration, learn: bool, values: &mut Values) {
        let step = self.last.map_or(0.0, |last| time.saturating_sub(last).as_secs_f32()).min(1.0);
        self.last = Some(time);
        let (width, height) = (mask.width as f32, mask.height as f32);
        self.end_visits(time);
        if moving.tracks.is_empty() {
            return;
        }
        let area = moving.tracks.iter().map(|track| track.blob.area).sum::<usize>() as f32 / (width * height);
        values.raise(Signal::Area, Measured::plain(area, None));
        values.raise(Signal::Count, Measured::plain(moving.tracks.len() as f32, None));
        let total: f32 = self.presence.iter().sum();
        for track in &moving.tracks {
            let (x, _) = track.blob.centre();
            // Where it stands on the ground tells how far away it is.
            let foot = (x / width, track.blob.bottom as f32 / height);
            let place = places::place(foot);
            let path = known(&mut self.paths, track.id);
            path.seen = time;
            path.odd |= !learn;
            let linger = path.linger(foot, width / height, time);
            let motion = path.follow(&track.blob, mask.width, time);
            let size = (track.blob.area as f32 / (width * height)).sqrt();
            values.raise_above(Signal::Size, size, self.size.quantile(foot, UPPER), foot);
            if let Some(usual) = self.linger.quantile(foot, UPPER) {
                let measured = Measured::above(linger, usual, Some(foot));
                let alarming = if linger < LEAST_LINGER { 0.0 } else { measured.alarming };
                values.raise(Signal::Linger, Measured { alarming, ..measured });
            }
            if learn {
                self.size.add(foot, size, step);
                path.lingered_at(place, linger);
            }
            let Some(Motion { velocity, wide }) = motion.filter(|_| track.has_moved) else { continue };
            let speed = velocity.0.hypot(velocity.1) / width;
            let shape = usize::from(wide);
            values.raise_above(Signal::Speed, speed, self.speed[shape].quantile(foot, UPPER), foot);
            values.raise(Signal::Place, Measured::plain(self.emptiness(place, total), Some(foot)));
            if speed > STANDING
                && let Some(contrary) = self.contrariness(place, sector(velocity))
            {
                values.raise(Signal::Direction, Measured::plain(contrary, Some(foot)));
            }
            if learn {
                self.speed[shape].add(foot, speed, step);
                self.presence[place] += step;
                if speed > STANDING {
                    self.directions[place * SECTORS + sector(velocity)] += step;
                }
            }
        }
    }

    /// Learns how long they lingered who are gone. Each counts once, or the longer somebody stays the sooner he is normal.
    fn end_visits(&mut self, time: Duration) {
        let is_there = |path: &mut Path| time.saturating_sub(path.seen) < Duration::from_secs(5);
        let gone = self.paths.extract_if(.., |path| !is_there(path));
        for (place, seconds) in gone.filter(|path| !path.odd).flat_map(Path::into_lingers) {
            self.linger.add(places::centre(place), seconds, 1.0);
        }
    }

    /// How much less was seen at a place and around it than on average, as a ratio from 1 up.
    fn emptiness(&self, place: usize, total: f32) -> f32 {
        let mean = (total + PRIOR_PRESENCE) / (COLUMNS * ROWS) as f32;
        let prior = PRIOR_PRESENCE / (COLUMNS * ROWS) as f32;
        let (sum, weight) = around(place).fold((0.0, 0.0), |(sum, weight), (near, share)| {
            (sum + share * (self.presence[near] + prior), weight + share)
        });
        (mean / (sum / weight)).max(1.0)
    }

    /// One over the share of a place's motion that went in this direction or one beside it; `None` where too little is known.
    fn contrariness(&self, place: usize, sector: usize) -> Option<f32> {
        let (mut all, mut same) = (0.0, 0.0);
        for (near, share) in around(place) {
            let counts = &self.directions[near * SECTORS..(near + 1) * SECTORS];
            all += share * counts.iter().sum::<f32>();
            same +=
                share * [SECTORS - 1, 0, 1].iter().map(|turn| counts[(sector + turn) % SECTORS]).sum::<f32>();
        }
        (all > PRIOR_PRESENCE).then(|| (all + 1.0) / (same + 1.0))
    }

    /// Lets what was learned count for less.
    pub fn fade(&mut self, factor: f32) {
        for places in self.speed.iter_mut().chain([&mut self.linger, &mut self.size]) {
            places.fade(factor);
        }
        self.presence.iter_mut().chain(&mut self.directions).for_each(|seconds| *seconds *= factor);
    }

    /// What comes next doesn't follow on what was.
    pub fn cut(&mut self) {
        self.paths.clear();
        self.last = None;
    }

    /// Seconds with something that moved, for each place, row by row.
    pub fn presence(&self) -> &[f32] {
        &self.presence
    }

    /// The usual upper speed at a point (0..1), in picture widths a second.
    pub fn usual_speed(&self, point: (f32, f32)) -> Option<f32> {
        let speeds = self.speed.iter().filter_map(|speed| speed.quantile(point, UPPER));
        speeds.reduce(f32::max)
    }

    /// The usual direction at a place: mean of the unit vectors, shorter the more they differ. Down is positive.
    pub fn usual_direction(&self, place: usize) -> (f32, f32) {
        let counts = &self.directions[place * SECTORS..(place + 1) * SECTORS];
        let total = counts.iter().sum::<f32>().max(1e-6);
        let turn = std::f32::consts::TAU / SECTORS as f32;
        let sum = (0..SECTORS).fold((0.0, 0.0), |(x, y), i| {
            let (sin, cos) = (i as f32 * turn).sin_cos();
            (x + counts[i] * cos, y + counts[i] * sin)
        });
        (sum.0 / total, sum.1 / total)
    }
}

/// The path of a track, begun if it isn't known.
fn known(paths: &mut Vec<Path>, track: u32) -> &mut Path {
    let index = paths.iter().position(|path| path.track == track).unwrap_or_else(|| {
        paths.push(Path::new(track));
        paths.len() - 1
    });
    &mut paths[index]
}

/// A place with its neighbours and their weights.
fn around(place: usize) -> impl Iterator<Item = (usize, f32)> {
    let (column, row) = (place % COLUMNS, place / COLUMNS);
    (row.saturating_sub(1)..(row + 2).min(ROWS)).flat_map(move |y| {
        (column.saturating_sub(1)..(column + 2).min(COLUMNS))
            .map(move |x| (y * COLUMNS + x, if (x, y) == (column, row) { 1.0 } else { 0.5 }))
    })
}

/// The sector of a direction, 0 is to the right, 2 is down.
fn sector((x, y): (f32, f32)) -> usize {
    let turns = y.atan2(x) / std::f32::consts::TAU;
    (turns * SECTORS as f32).round().rem_euclid(SECTORS as f32) as usize % SECTORS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::motion::regions::Blob;
    use crate::motion::tracks::Tracker;

    /// Who is followed, and when.
    #[derive(Default)]
    struct Scene {
        behaviour: Behaviour,
        tracks: Tracker,
        time: Duration,
    }

    impl Scene {
        /// Ten frames a second in which somebody is at the column that `left` gives, if he is there. Returns how many
        /// times longer than usual somebody lingered at most.
        fn watch(&mut self, learn: bool, seconds: u32, left: impl Fn(f32) -> Option<usize>) -> f32 {
            let mask = Plane::new(320, 240, 0);
            let mut most = 0.0f32;
            for i in 0..10 * seconds {
                self.time += Duration::from_millis(100);
                let blob =
                    |left| Blob { left, top: 100, right: left + 16, bottom: 140, area: 400, zone: None };
                let blobs = left(i as f32 / 10.0).map(blob).into_iter().collect();
                let tracks = self.tracks.update(blobs, self.time).cloned().collect();
                let moving = Moving { tracks, lighting: false, learning: false };
                let mut values = Values::default();
                self.behaviour.look(&moving, &mask, self.time, learn, &mut values);
                let linger = values.get(Signal::Linger);
                most = most.max(linger.map_or(0.0, |measured| measured.value / measured.usual));
            }
            most
        }
    }

    #[test]
    fn who_lingers_does_not_become_normal_by_lingering() {
        let mut scene = Scene::default();
        for _ in 0..20 {
            scene.watch(true, 20, |t| Some((30.0 * t) as usize).filter(|left| *left < 300));
        }
        let stays = |t: f32| Some(150).filter(|_| t < 50.0);
        let first = scene.watch(true, 60, stays);
        assert!(first > 15.0, "{first} times what is usual after fifty seconds");
        // He is one of twenty-one, and whoever does the same afterwards is as unusual.
        let second = scene.watch(true, 60, stays);
        assert!(second > 0.8 * first, "{second} after {first}");
        // If it happens again and again, it is usual there.
        for _ in 0..20 {
            scene.watch(true, 60, stays);
        }
        let last = scene.watch(true, 60, stays);
        assert!(last < 2.0, "{last}");
    }

    #[test]
    fn whose_visit_was_no_normal_one_teaches_nothing() {
        let mut scene = Scene::default();
        for _ in 0..20 {
            scene.watch(true, 20, |t| Some((30.0 * t) as usize).filter(|left| *left < 300));
        }
        for _ in 0..20 {
            // Nothing is learned of his first half minute.
            scene.watch(false, 30, |_| Some(150));
            scene.watch(true, 30, |t| Some(150).filter(|_| t < 20.0));
        }
        let last = scene.watch(true, 60, |t| Some(150).filter(|_| t < 50.0));
        assert!(last > 15.0, "{last}");
    }
}
