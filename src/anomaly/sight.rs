//! Signals of the network: what its descriptors tell, beside what each place has shown before. Knows descriptors,
//! nothing of how they are computed.

use crate::anomaly::memory::{self, Memory};
use crate::anomaly::places::Places;
use crate::anomaly::signal::{Measured, Signal, Values};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::time::Duration;

/// A cell with at least this probability of motion moves; with more than the second one the kind is worth a look.
const MOVES: f32 = 0.5;
const MOVES_SURELY: f32 = 0.8;
/// Distances that mean nothing: the descriptors' own noise.
const APPEARANCE_NOISE: f32 = 0.12;
const TONE_NOISE: f32 = 0.03;
const KIND_NOISE: f32 = 0.3;
/// Novelty counts for this much at most: the rest of the picture has its say too.
const MOST_NOVELTY: f32 = 30.0;
/// What stands must be new for some seconds, and is gone at once.
const RISE_SECONDS: f32 = 4.0;
const FALL_SECONDS: f32 = 1.0;
/// Cells that make a thing, and that make a moving thing.
const THING_CELLS: usize = 6;
const MOVING_CELLS: usize = 3;
/// One look errs: how something moves and what it is like is the mean of about so many seconds.
const STEADY_SECONDS: f32 = 0.22;
/// Novelty is a thing's if something moved there within so many seconds before it began. Light comes without.
const BROUGHT_SECONDS: f32 = 20.0;
/// Share of the picture that is new from which it is the light or the view.
const LIGHT_SHARE: f32 = 0.5;
/// What is new and was not brought is learned after so long: it changed while nobody watched, or is light. A new light of most
/// of the picture is learned after this, and a thing after this.
const LEARN_SECONDS: f32 = 60.0;
const LIGHT_SECONDS: f32 = 300.0;
const THING_SECONDS: f32 = 1800.0;
/// What is less new than this is the same again: learning it can't lead step by step to what is new.
const SAME: f32 = 0.5;
/// Speeds in picture widths a second.
const SPEEDS: (f32, f32) = (0.005, 8.0);
const UPPER: f32 = 0.95;
/// Pooled novelty below this is none.
const QUIET: f32 = 0.02;

/// Where the groups of channels are that this module understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    moving: usize,
    flow: usize,
    size: usize,
    kind: Range<usize>,
    appearance: Range<usize>,
    tone: Range<usize>,
}

impl Layout {
    /// # Errors
    /// A group is missing, in words.
    pub fn new(groups: &[(String, Range<usize>)]) -> Result<Self, String> {
        let group = |name: &str, count: usize| {
            let found = groups.iter().find(|(group, _)| group == name).map(|(_, range)| range.clone());
            found
                .filter(|range| range.len() >= count)
                .ok_or_else(|| format!("the model gives no \"{name}\" of at least {count} channels"))
        };
        Ok(Self {
            moving: group("moving", 1)?.start,
            flow: group("flow", 2)?.start,
            size: group("size", 1)?.start,
            kind: group("kind", 1)?,
            appearance: group("appearance", 1)?,
            tone: group("tone", 2)?,
        })
    }
}

/// One look of the network.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub columns: usize,
    pub rows: usize,
    /// `[channel][row][column]`.
    pub values: &'a [f32],
    pub time: Duration,
    /// Seconds between the frames that it looked at.
    pub interval: f32,
}

/// How much of a look is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learning {
    /// Nothing: paused, or light is changing.
    Nothing,
    /// What is known, and what was new long enough.
    Slowly,
    /// Everything is normal.
    Everything,
}

/// What was learned of how this camera's places look.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sight {
    columns: usize,
    rows: usize,
    appearance: Memory,
    tone: Memory,
    /// Of moving things, by row: nearer things are larger.
    kind: Memory,
    speed: Places,
    #[serde(skip)]
    cells: Vec<Cell>,
    #[serde(skip)]
    last: Option<Duration>,
    #[serde(skip)]
    pace: Steady,
    #[serde(skip)]
    oddity: Steady,
    /// Since when most of the picture is new.
    #[serde(skip)]
    strange_since: Option<Duration>,
    #[serde(skip)]
    vector: Vec<f32>,
}

/// What a cell has shown lately.
#[derive(Clone, Debug, Default)]
struct Cell {
    /// Novelty that stands, of appearance and of tone.
    appearance: f32,
    tone: f32,
    moved: Option<Duration>,
    /// Since when it is new, and whether something moved there before.
    since: Option<Duration>,
    brought: bool,
}

impl Sight {
    pub fn new(columns: usize, rows: usize, layout: &Layout) -> Self {
        let cells = columns * rows;
        Self {
            columns,
            rows,
            appearance: Memory::new(cells, layout.appearance.len(), APPEARANCE_NOISE),
            tone: Memory::new(cells, layout.tone.len(), TONE_NOISE),
            kind: Memory::new(rows, layout.kind.len() + 1, KIND_NOISE),
            speed: Places::new(SPEEDS.0, SPEEDS.1),
            cells: Vec::new(),
            last: None,
            pace: Steady::default(),
            oddity: Steady::default(),
            strange_since: None,
            vector: Vec::new(),
        }
    }

    /// Whether all lists have the lengths that this version works with; what was written by another one may not.
    pub fn is_sound(&self) -> bool {
        self.columns.checked_mul(self.rows).is_some()
            && [&self.appearance, &self.tone, &self.kind].into_iter().all(Memory::is_sound)
            && self.speed.is_sound()
    }

    /// Whether it was learned at this geometry.
    pub fn fits(&self, columns: usize, rows: usize, layout: &Layout) -> bool {
        let cells = columns * rows;
        (self.columns, self.rows) == (columns, rows)
            && self.appearance.fits(cells, layout.appearance.len())
            && self.tone.fits(cells, layout.tone.len())
            && self.kind.fits(rows, layout.kind.len() + 1)
    }

    /// Measures one look. `learned` is the time of learning so far, in seconds.
    pub fn look(
        &mut self,
        look: &Look,
        layout: &Layout,
        learning: Learning,
        learned: f64,
        values: &mut Values,
    ) {
        self.cells.resize_with(self.columns * self.rows, Cell::default);
        let step = self.last.map_or(0.2, |last| look.time.saturating_sub(last).as_secs_f32()).min(2.5);
        self.last = Some(look.time);
        let half = memory::turn(learned);
        self.notice_motion(look, layout);
        self.places(look, layout, learning, half, step);
        let pace = self.paces(look, layout, learning, step);
        values.set(Signal::Pace, self.pace.follow(pace, step));
        let kind = self.kinds(look, layout, learning, half);
        values.set(Signal::Kind, self.oddity.follow(kind, step));
        values.set(Signal::Thing, self.thing());
        let (view, light) = self.view();
        values.set(Signal::View, Some(view));
        values.set(Signal::Light, Some(light));
    }

    fn notice_motion(&mut self, look: &Look, layout: &Layout) {
        let moving = channel(look, layout.moving);
        for (i, cell) in self.cells.iter_mut().enumerate() {
            if moving[i] > MOVES {
                cell.moved = Some(look.time);
            }
        }
    }

    /// Brings each cell's standing novelty up to date and learns.
    fn places(&mut self, look: &Look, layout: &Layout, learning: Learning, half: usize, step: f32) {
        let strange = self.strange_since.is_some();
        let strange_for = self.strange_since.map_or(0.0, |since| since_seconds(since, look.time));
        let mut new = 0;
        for index in 0..self.cells.len() {
            self.vector.clear();
            self.vector.extend(layout.appearance.clone().map(|c| channel(look, c)[index]));
            let tones = layout.tone.len();
            self.vector.extend(layout.tone.clone().map(|c| channel(look, c)[index]));
            let split = self.vector.len() - tones;
            let (appearance, tone) = self.vector.split_at(split);
            let everything = learning == Learning::Everything;
            let (mut shape_novelty, tone_novelty) = if everything {
                (
                    self.appearance.learn(index, appearance, half).unwrap_or(0.0),
                    self.tone.learn(index, tone, half).unwrap_or(0.0),
                )
            } else {
                (self.appearance.novelty(index, appearance, None), self.tone.novelty(index, tone, None))
            };
            if shape_novelty > 1.0 {
                // What the neighbours know is no novelty: people sit a little to the left today.
                let asked = everything.then_some(1 - half);
                for near in neighbours(index, self.columns, self.rows) {
                    shape_novelty = shape_novelty.min(self.appearance.novelty(near, appearance, asked));
                }
            }
            let excess = |novelty: f32| {
                if novelty.is_finite() { (novelty - 1.0).clamp(0.0, MOST_NOVELTY) } else { 0.0 }
            };
            let brought = !strange && was_moved(&self.cells, index, self.columns, self.rows, look.time);
            let cell = &mut self.cells[index];
            // What moves through doesn't stand: it can't make a place new, only cover what is.
            let moves = channel(look, layout.moving)[index] > MOVES;
            let seen =
                |novelty, standing: f32| if moves { excess(novelty).min(standing) } else { excess(novelty) };
            let (shape, shade) = (seen(shape_novelty, cell.appearance), seen(tone_novelty, cell.tone));
            follow(&mut cell.appearance, shape, step);
            follow(&mut cell.tone, shade, step);
            let is_new = shape_novelty.max(tone_novelty) > 1.0;
            new += usize::from(cell.appearance.max(cell.tone) > 0.5);
            match (is_new, cell.since) {
                (true, None) => {
                    cell.since = Some(look.time);
                    cell.brought = brought;
                }
                (false, Some(_)) if cell.appearance < 0.2 => cell.since = None,
                _ => {}
            }
            if learning != Learning::Slowly {
                continue;
            }
            let cell = &self.cells[index];
            let new_for = cell.since.map_or(0.0, |since| since_seconds(since, look.time));
            let patience = if cell.brought { THING_SECONDS } else { LEARN_SECONDS };
            let is_normal = if strange {
                strange_for > LIGHT_SECONDS
            } else {
                shape_novelty.max(tone_novelty) < SAME || new_for > patience
            };
            if is_normal {
                self.appearance.learn(index, appearance, half);
                self.tone.learn(index, tone, half);
            }
        }
        if new as f32 > LIGHT_SHARE * self.cells.len() as f32 && learning != Learning::Everything {
            self.strange_since.get_or_insert(look.time);
        } else {
            self.strange_since = None;
        }
    }

    /// The fastest few cells beside what their places are used to.
    fn paces(&mut self, look: &Look, layout: &Layout, learning: Learning, step: f32) -> Option<Measured> {
        let moving = channel(look, layout.moving);
        let (across, down) = (channel(look, layout.flow), channel(look, layout.flow + 1));
        let mut fastest = [(f32::NEG_INFINITY, None); MOVING_CELLS];
        for index in 0..moving.len() {
            if moving[index] < MOVES {
                continue;
            }
            let (mut flow, mut weight) = ((0.0, 0.0), 0.0);
            for near in neighbours(index, self.columns, self.rows).chain([index]) {
                if moving[near] > MOVES {
                    flow.0 += moving[near] * across[near];
                    flow.1 += moving[near] * down[near];
                    weight += moving[near];
                }
            }
            let speed = f32::hypot(flow.0, flow.1) / weight / self.columns as f32 / look.interval;
            let point = self.point(index);
            if let Some(usual) = self.speed.quantile(point, UPPER) {
                let measured = Measured::above(speed, usual, Some(point));
                insert(&mut fastest, measured.log, measured);
            }
            if learning == Learning::Everything || learning == Learning::Slowly {
                self.speed.add(point, speed, step * moving[index]);
            }
        }
        pooled(&fastest)
    }

    /// The few moving cells that look least like what usually moves in their row.
    fn kinds(&mut self, look: &Look, layout: &Layout, learning: Learning, half: usize) -> Option<Measured> {
        let moving = channel(look, layout.moving);
        let mut oddest = [(f32::NEG_INFINITY, None); MOVING_CELLS];
        for (index, _) in moving.iter().enumerate().filter(|(_, moves)| **moves >= MOVES_SURELY) {
            self.vector.clear();
            self.vector.extend(layout.kind.clone().map(|c| channel(look, c)[index]));
            self.vector.push(2.0 * channel(look, layout.size)[index]);
            let row = index / self.columns;
            let novelty = match learning {
                Learning::Everything => self.kind.learn(row, &self.vector, half),
                Learning::Slowly | Learning::Nothing => {
                    let novelty = self.kind.novelty(row, &self.vector, None);
                    if learning == Learning::Slowly && novelty < SAME {
                        self.kind.learn(row, &self.vector, half);
                    }
                    Some(novelty)
                }
            };
            if let Some(novelty) = novelty.filter(|novelty| novelty.is_finite()) {
                let measured = Measured::plain(novelty, Some(self.point(index)));
                insert(&mut oddest, measured.log, measured);
            }
        }
        pooled(&oddest)
    }

    /// A few places together that look new and stay so.
    fn thing(&self) -> Option<Measured> {
        let mut newest = [(f32::NEG_INFINITY, None); THING_CELLS];
        let mut brought = [(f32::NEG_INFINITY, None); THING_CELLS];
        for index in 0..self.cells.len() {
            let (mut sum, mut count) = (self.cells[index].appearance, 1.0);
            for near in neighbours(index, self.columns, self.rows) {
                sum += self.cells[near].appearance;
                count += 1.0;
            }
            let measured = Measured::plain(QUIET + sum / count, Some(self.point(index)));
            insert(&mut newest, measured.log, measured);
            if self.cells[index].brought && self.strange_since.is_none() {
                insert(&mut brought, measured.log, measured);
            }
        }
        let all = pooled(&newest)?;
        let alarming = pooled(&brought).map_or(f32::NEG_INFINITY, |measured| measured.log);
        Some(Measured { alarming, ..all })
    }

    /// The whole picture: how new it looks, and how new its light is.
    fn view(&self) -> (Measured, Measured) {
        let count = self.cells.len().max(1) as f32;
        let mean = |value: &dyn Fn(&Cell) -> f32| self.cells.iter().map(value).sum::<f32>() / count;
        let all = Measured::plain(QUIET + mean(&|cell| cell.appearance), None);
        let brought = if self.strange_since.is_some() {
            f32::NEG_INFINITY
        } else {
            (QUIET + mean(&|cell| if cell.brought { cell.appearance } else { 0.0 })).ln()
        };
        let light = Measured::plain(QUIET + mean(&|cell| cell.tone), None);
        (Measured { alarming: brought, ..all }, Measured { alarming: f32::NEG_INFINITY, ..light })
    }

    /// The middle of a cell (0..1 across and down).
    fn point(&self, index: usize) -> (f32, f32) {
        let (x, y) = (index % self.columns, index / self.columns);
        ((x as f32 + 0.5) / self.columns as f32, (y as f32 + 0.5) / self.rows as f32)
    }

    /// Most of the picture looks like nothing before.
    pub fn is_strange(&self) -> bool {
        self.strange_since.is_some()
    }

    /// Prototypes remembered.
    pub fn prototypes(&self) -> usize {
        self.appearance.prototypes() + self.tone.prototypes() + self.kind.prototypes()
    }

    /// Lets what was learned count for less.
    pub fn fade(&mut self, factor: f32) {
        self.speed.fade(factor);
        for memory in [&mut self.appearance, &mut self.tone, &mut self.kind] {
            memory.fade(factor);
        }
    }

    /// What comes next doesn't follow on what was: what differs now was not brought while somebody watched.
    pub fn cut(&mut self) {
        self.cells.clear();
        (self.pace, self.oddity) = (Steady::default(), Steady::default());
        (self.last, self.strange_since) = (None, None);
    }
}

fn channel<'a>(look: &Look<'a>, channel: usize) -> &'a [f32] {
    let cells = look.columns * look.rows;
    &look.values[channel * cells..(channel + 1) * cells]
}

fn since_seconds(since: Duration, now: Duration) -> f32 {
    now.saturating_sub(since).as_secs_f32()
}

/// The cells above, below and beside a cell.
fn neighbours(index: usize, columns: usize, rows: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (index % columns, index / columns);
    [
        (y > 0).then(|| index - columns),
        (y + 1 < rows).then(|| index + columns),
        (x > 0).then(|| index - 1),
        (x + 1 < columns).then(|| index + 1),
    ]
    .into_iter()
    .flatten()
}

/// Whether something moved at a cell or beside it shortly before `time`.
fn was_moved(cells: &[Cell], index: usize, columns: usize, rows: usize, time: Duration) -> bool {
    neighbours(index, columns, rows)
        .chain([index])
        .any(|near| cells[near].moved.is_some_and(|moved| since_seconds(moved, time) < BROUGHT_SECONDS))
}

/// Follows slowly upwards and quickly downwards.
fn follow(standing: &mut f32, now: f32, step: f32) {
    let seconds = if now > *standing { RISE_SECONDS } else { FALL_SECONDS };
    *standing += (1.0 - (-step / seconds).exp()) * (now - *standing);
}

type Ranked = (f32, Option<Measured>);

/// Keeps the largest few, largest first.
fn insert<const N: usize>(largest: &mut [Ranked; N], log: f32, measured: Measured) {
    if let Some(slot) = largest.iter().position(|(other, _)| log > *other) {
        largest[slot..].rotate_right(1);
        largest[slot] = (log, Some(measured));
    }
}

/// The mean of the largest few, told of the largest one's place. Fewer than two are noise.
fn pooled<const N: usize>(largest: &[Ranked; N]) -> Option<Measured> {
    let there = largest.iter().filter(|(_, measured)| measured.is_some()).count();
    let first = largest[0].1.filter(|_| there >= 2)?;
    let log = largest[..there].iter().map(|(log, _)| log).sum::<f32>() / there as f32;
    Some(Measured { log, alarming: log, value: first.usual * log.exp(), ..first })
}

/// A measure of what moves, steadied over a few looks.
#[derive(Clone, Copy, Debug, Default)]
struct Steady {
    log: Option<f32>,
}

impl Steady {
    /// Takes what the newest look tells. One look alone tells nothing.
    fn follow(&mut self, newest: Option<Measured>, step: f32) -> Option<Measured> {
        let before = self.log;
        let share = 1.0 - (-step / STEADY_SECONDS).exp();
        self.log = newest.map(|newest| before.map_or(newest.log, |log| log + share * (newest.log - log)));
        let (log, newest) = (self.log?, newest.filter(|_| before.is_some())?);
        Some(Measured { log, alarming: log, value: newest.usual * log.exp(), ..newest })
    }
}

#[cfg(test)]
mod tests;
