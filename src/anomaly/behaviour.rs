//! Signals of behaviour: what the tracks of moving things tell, beside what is usual at their place. Needs no network.

use crate::anomaly::places::{self, COLUMNS, Places, ROWS};
use crate::anomaly::signal::{Measured, Signal, Values};
use crate::motion::Moving;
use crate::motion::tracks::Track;
use crate::picture::plane::Plane;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The quantile of a place's values that a new one is compared with.
const UPPER: f32 = 0.95;
/// A track younger than this, in seconds, has no speed to believe.
const YOUNG_SECONDS: f32 = 0.6;
/// Lingering for less is nobody's business, in seconds.
const LEAST_LINGER: f32 = 5.0;
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

/// The way of one track.
#[derive(Clone, Debug)]
struct Path {
    track: u32,
    start: (f32, f32),
    last: (f32, f32),
    /// Picture widths.
    length: f32,
    seen: Duration,
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
    /// Measures what moves at `time`, and takes it for normal when `learn` says so.
    pub fn look(&mut self, moving: &Moving, mask: &Plane, time: Duration, learn: bool, values: &mut Values) {
        let step = self.last.map_or(0.0, |last| time.saturating_sub(last).as_secs_f32()).min(1.0);
        self.last = Some(time);
        let (width, height) = (mask.width as f32, mask.height as f32);
        self.paths.retain(|path| time.saturating_sub(path.seen) < Duration::from_secs(5));
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
            let age = time.saturating_sub(track.first_seen).as_secs_f32();
            let linger = self.linger(track, foot, width / height, age, time);
            let size = (track.blob.area as f32 / (width * height)).sqrt();
            values.raise_above(Signal::Size, size, self.size.quantile(foot, UPPER), foot);
            if linger > LEAST_LINGER {
                values.raise_above(Signal::Linger, linger, self.linger.quantile(foot, UPPER), foot);
            }
            if learn {
                self.size.add(foot, size, step);
                self.linger.add(foot, linger, step);
            }
            if !track.has_moved || age < YOUNG_SECONDS {
                continue;
            }
            let speed = track.speed() / width;
            let shape = usize::from(track.blob.height() <= track.blob.width());
            values.raise_above(Signal::Speed, speed, self.speed[shape].quantile(foot, UPPER), foot);
            values.raise(Signal::Place, Measured::plain(self.emptiness(place, total), Some(foot)));
            if speed > STANDING
                && let Some(contrary) = self.contrariness(place, sector(track.velocity))
            {
                values.raise(Signal::Direction, Measured::plain(contrary, Some(foot)));
            }
            if learn {
                self.speed[shape].add(foot, speed, step);
                self.presence[place] += step;
                if speed > STANDING {
                    self.directions[place * SECTORS + sector(track.velocity)] += step;
                }
            }
        }
    }

    /// Seconds that a track has spent without getting anywhere: the share of its way that led nowhere, of its time.
    fn linger(&mut self, track: &Track, foot: (f32, f32), aspect: f32, age: f32, time: Duration) -> f32 {
        let apart = |a: (f32, f32), b: (f32, f32)| (a.0 - b.0).hypot((a.1 - b.1) / aspect);
        let known = self.paths.iter().position(|path| path.track == track.id);
        let index = known.unwrap_or_else(|| {
            self.paths.push(Path { track: track.id, start: foot, last: foot, length: 0.0, seen: time });
            self.paths.len() - 1
        });
        let path = &mut self.paths[index];
        // Steps smaller than the trembling of a box are none.
        let step = apart(foot, path.last);
        if step > 0.01 {
            path.length += step;
            path.last = foot;
        }
        path.seen = time;
        let gained = apart(foot, path.start);
        age * (1.0 - (gained / path.length.max(0.05)).min(1.0))
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
