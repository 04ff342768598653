//! What viewers see over the picture: state, boxes, zones, names and time; and the picture that says that there is
//! none. Knows what an analysis means; how pixels are changed is `paint`'s.
//!
//! Rules: nothing is shown that wasn't measured; the picture's middle stays free except for boxes and zones; light
//! letters on a dark plate stay readable on any background; red is for alerts and critical anomalies only.

use super::font::Font;
use super::paint::{self, Colour, Rect, Stroke};
use super::plane::Plane;
use super::{Chroma, Picture};
use crate::anomaly::kinds::Severity;
use crate::anomaly::verdict::Verdict;
use crate::config::{Zone, ZoneKind};
use crate::picture::surface::Surface;
use crate::pipeline::{Analysis, Region, State};

const WHITE: Colour = Colour::rgb(240, 244, 248);
const BLACK: Colour = Colour::rgb(0, 0, 0);
const GREY: Colour = Colour::rgb(150, 158, 168);
const CYAN: Colour = Colour::rgb(34, 211, 238);
const RED: Colour = Colour::rgb(239, 45, 56);
const AMBER: Colour = Colour::rgb(251, 176, 36);
const GREEN: Colour = Colour::rgb(74, 222, 128);
const YELLOW: Colour = Colour::rgb(250, 224, 50);
const ORANGE: Colour = Colour::rgb(251, 140, 40);
/// Letters in it are lighter than the plain one, to be read on a dark plate.
const LIGHT_RED: Colour = Colour::rgb(255, 82, 88);

/// Opacity of the dark plates behind letters.
const PLATE: u8 = 150;

/// A track that stays so long gets its time written beside its number, in seconds.
const WORTH_TELLING: f32 = 5.0;

/// What is drawn over one picture.
pub struct Overlay<'a> {
    /// The camera's name.
    pub camera: &'a str,
    /// Local date and time, ready to be read.
    pub time: &'a str,
    pub analysis: &'a Analysis,
    pub zones: &'a [Zone],
}

/// Draws everything. The analysis may be of another size than the picture.
pub fn draw(surface: &mut dyn Surface, overlay: &Overlay) {
    if matches!(surface.size(), (0, _) | (_, 0)) {
        return;
    }
    let measures = Measures::of(surface);
    let analysis = overlay.analysis;
    // From the least to the most important: what comes later lies above.
    overlay.zones.iter().for_each(|zone| draw_zone(surface, measures, zone, analysis));
    analysis.regions.iter().for_each(|region| draw_box(surface, measures, analysis, region));
    overlay.zones.iter().for_each(|zone| name_zone(surface, measures, zone, analysis));
    analysis.regions.iter().for_each(|region| label_box(surface, measures, analysis, region));
    draw_footer(surface, measures, overlay.camera, overlay.time);
    match analysis.state {
        State::Alert => draw_banner(surface, measures, analysis),
        State::Idle | State::Motion => draw_state(surface, measures, analysis),
    }
}

/// Sizes that follow from the picture's.
#[derive(Clone, Copy)]
struct Measures {
    width: i32,
    height: i32,
    font: Font,
    /// Width of a box's line in pixels.
    line: i32,
    /// From the picture's border to the plates.
    margin: i32,
    /// From a plate's border to its letters.
    padding: i32,
}

impl Measures {
    fn of(surface: &dyn Surface) -> Self {
        let (width, height) = surface.size();
        // The shorter side decides, so that upright pictures don't get letters wider than they are.
        let side = height.min(width * 3 / 4);
        let font = Font::of_height(side / 36);
        Self {
            width: width as i32,
            height: height as i32,
            font,
            line: (side as i32 + 180) / 360,
            margin: font.height() as i32 / 2,
            padding: (font.height() as i32 / 4).max(2),
        }
    }

    /// Height of a plate with one line of text.
    fn plate(self) -> i32 {
        self.font.height() as i32 + self.padding
    }

    /// Width of a plate with this text.
    fn plate_width(self, text: &str) -> i32 {
        self.font.width(text) as i32 + 2 * self.padding
    }

    /// A line of text on a plate whose upper left corner is at `x`, `y`.
    fn write(self, surface: &mut dyn Surface, x: i32, y: i32, text: &str, ink: Colour, plate: (Colour, u8)) {
        let rect = Rect { x, y, w: self.plate_width(text), h: self.plate() };
        paint::fill(surface, rect, plate.0, plate.1);
        paint::text(surface, x + self.padding, y + self.padding / 2, self.font, text, ink);
    }

    /// Where a plate so wide begins if it should be at `x` and inside the picture.
    fn inside(self, x: i32, plate_width: i32) -> i32 {
        x.min(self.width - plate_width).max(0)
    }

    /// First row below what is written at the top.
    fn top(self, analysis: &Analysis) -> i32 {
        match analysis.state {
            State::Alert => self.banner(),
            State::Idle | State::Motion => 0,
        }
    }

    fn banner(self) -> i32 {
        self.plate() + 2 * self.padding
    }
}

/// The region's box in pixels of the picture.
fn place(measures: Measures, analysis: &Analysis, region: &Region) -> Rect {
    let scale = |at: u32, size: i32, of: u32| {
        (i64::from(at) * i64::from(size) / i64::from(of.max(1))).min(1 << 20) as i32
    };
    let (x, y) =
        (scale(region.x, measures.width, analysis.width), scale(region.y, measures.height, analysis.height));
    let right = scale(region.x.saturating_add(region.w), measures.width, analysis.width);
    let bottom = scale(region.y.saturating_add(region.h), measures.height, analysis.height);
    Rect { x, y, w: right - x, h: bottom - y }
}

fn colour(region: &Region) -> Colour {
    if region.zone.is_some() { RED } else { CYAN }
}

fn draw_box(surface: &mut dyn Surface, measures: Measures, analysis: &Analysis, region: &Region) {
    let rect = place(measures, analysis, region);
    let (line, colour) = (measures.line, colour(region));
    // A dark line around it keeps it visible on a bright ground.
    let around = Rect { x: rect.x - line, y: rect.y - line, w: rect.w + 2 * line, h: rect.h + 2 * line };
    paint::outline(surface, around, line, BLACK, 90);
    paint::outline(surface, rect, line, colour, 150);
    let arm = (rect.w.min(rect.h) / 4).clamp(3 * line, 12 * line);
    paint::corners(surface, rect, 2 * line, arm, colour);
}

fn label_box(surface: &mut dyn Surface, measures: Measures, analysis: &Analysis, region: &Region) {
    let mut label = format!("#{}", region.track);
    if region.dwell >= WORTH_TELLING {
        label.push_str(&format!(" {:.0}s", region.dwell));
    }
    let rect = place(measures, analysis, region);
    let (above, below) = (rect.y - measures.plate() - measures.line, rect.y + rect.h + measures.line);
    let y = if above >= measures.top(analysis) {
        above
    } else if below + measures.plate() <= measures.height {
        below
    } else {
        rect.y.max(measures.top(analysis))
    };
    let (ink, plate) = match region.zone {
        Some(_) => (WHITE, (RED, 220)),
        None => (CYAN, (BLACK, PLATE)),
    };
    let x = measures.inside(rect.x, measures.plate_width(&label));
    measures.write(surface, x, y, &label, ink, plate);
}

/// The zone's corners in pixels of the picture.
fn corners(measures: Measures, zone: &Zone) -> Vec<(f32, f32)> {
    let (width, height) = (measures.width as f32, measures.height as f32);
    zone.points.iter().map(|(x, y)| (x * width, y * height)).collect()
}

fn is_cause(zone: &Zone, analysis: &Analysis) -> bool {
    analysis.alert_zone.as_deref() == Some(zone.name.as_str())
}

fn draw_zone(surface: &mut dyn Surface, measures: Measures, zone: &Zone, analysis: &Analysis) {
    let points = corners(measures, zone);
    let thickness = measures.line as f32;
    let stroke = match zone.kind {
        // Not filled: where nothing is drawn, the camera's picture costs nothing.
        ZoneKind::Alert if is_cause(zone, analysis) => {
            Stroke { thickness: 2.0 * thickness, dash: None, colour: RED, opacity: 240 }
        }
        ZoneKind::Alert => Stroke { thickness, dash: None, colour: AMBER, opacity: 225 },
        ZoneKind::Ignore => Stroke { thickness, dash: Some(6.0 * thickness), colour: WHITE, opacity: 190 },
        // It is black already, for everybody; a border would say nothing more.
        ZoneKind::Privacy => return,
    };
    paint::polygon(
        surface,
        &points,
        Stroke { thickness: thickness * 3.0, dash: None, colour: BLACK, opacity: 50 },
    );
    paint::polygon(surface, &points, stroke);
}

/// Writes the zone's name inside, in the middle of its uppermost side.
fn name_zone(surface: &mut dyn Surface, measures: Measures, zone: &Zone, analysis: &Analysis) {
    let (ink, plate) = match zone.kind {
        ZoneKind::Alert if is_cause(zone, analysis) => (WHITE, (RED, 220)),
        ZoneKind::Alert => (AMBER, (BLACK, PLATE)),
        ZoneKind::Ignore => (GREY, (BLACK, PLATE)),
        ZoneKind::Privacy => return,
    };
    let points = corners(measures, zone);
    let sides = points.iter().zip(points.iter().cycle().skip(1));
    let Some((from, to)) = sides.min_by(|a, b| (a.0.1 + a.1.1).total_cmp(&(b.0.1 + b.1.1))) else { return };
    let name = measures.font.shorten(&zone.name, (measures.width / 2) as usize);
    let width = measures.plate_width(&name);
    let x = measures.inside(((from.0 + to.0) / 2.0) as i32 - width / 2, width);
    let y = ((from.1 + to.1) / 2.0) as i32 + measures.line;
    let y = y.min(measures.height - measures.plate()).max(measures.top(analysis));
    measures.write(surface, x, y, &name, ink, plate);
}

/// State and number of objects, and what limits them just now.
fn draw_state(surface: &mut dyn Surface, measures: Measures, analysis: &Analysis) {
    let ink = if analysis.state == State::Idle { GREY } else { CYAN };
    let (mut x, y) = (measures.margin, measures.margin);
    let mut plate = |text: &str, ink: Colour| {
        measures.write(surface, x, y, text, ink, (BLACK, PLATE));
        x += measures.plate_width(text) + measures.line;
    };
    plate(analysis.state.name(), ink);
    if let Some(count) = objects(analysis) {
        plate(&count, WHITE);
    }
    if let Some(verdict) = verdict(analysis) {
        plate(verdict.anomaly_type.words(), severity_colour(verdict.severity));
    }
    notes(analysis).for_each(|note| plate(note, AMBER));
}

fn verdict(analysis: &Analysis) -> Option<&Verdict> {
    analysis.judgement.as_ref()?.verdict.as_ref().filter(|verdict| verdict.is_anomaly)
}

fn severity_colour(severity: Severity) -> Colour {
    match severity {
        Severity::Low => GREEN,
        Severity::Medium => YELLOW,
        Severity::High => ORANGE,
        Severity::Critical => LIGHT_RED,
    }
}

fn objects(analysis: &Analysis) -> Option<String> {
    match analysis.regions.len() {
        0 => None,
        1 => Some("1 object".into()),
        count => Some(format!("{count} objects")),
    }
}

fn notes(analysis: &Analysis) -> impl Iterator<Item = &'static str> {
    [(analysis.learning, "learning background"), (analysis.lighting, "LIGHT CHANGE")]
        .into_iter()
        .filter_map(|(applies, text)| applies.then_some(text))
}

/// A red strip over the whole width.
fn draw_banner(surface: &mut dyn Surface, measures: Measures, analysis: &Analysis) {
    let height = measures.banner();
    paint::fill(surface, Rect { x: 0, y: 0, w: measures.width, h: height }, RED, 225);
    let mut text = String::from("ALERT");
    if let Some(zone) = &analysis.alert_zone {
        text.push_str("  motion in zone ");
        text.push_str(zone);
    }
    let y = (height - measures.font.height() as i32) / 2;
    let (mut left, right) =
        (measures.margin + measures.padding, measures.width - measures.margin - measures.padding);
    let text = measures.font.shorten(&text, (right - left).max(0) as usize);
    paint::text(surface, left, y, measures.font, &text, WHITE);
    left += measures.font.width(&text) as i32;
    if let Some(verdict) = verdict(analysis) {
        let words = verdict.anomaly_type.words();
        let start = left + measures.font.advance() as i32;
        let plate = measures.plate_width(words);
        if start + plate <= right {
            let ink = severity_colour(verdict.severity);
            measures.write(surface, start, (height - measures.plate()) / 2, words, ink, (BLACK, 220));
            left = start + plate;
        }
    }
    // On the right, as far as there is room.
    let rest: Vec<String> = objects(analysis).into_iter().chain(notes(analysis).map(str::to_owned)).collect();
    let rest = rest.join("  ");
    let start = right - measures.font.width(&rest) as i32;
    if start >= left + 2 * measures.font.advance() as i32 {
        paint::text(surface, start, y, measures.font, &rest, WHITE);
    }
}

/// Name and time in the lower corners.
fn draw_footer(surface: &mut dyn Surface, measures: Measures, camera: &str, time: &str) {
    let y = measures.height - measures.margin - measures.plate();
    let whole = measures.width - 2 * measures.margin;
    let room = |plates: i32| (whole - plates - 2 * measures.padding).max(0) as usize;
    let time = measures.font.shorten(time, room(0));
    let mut taken = 0;
    if !time.is_empty() {
        taken = measures.plate_width(&time) + measures.margin;
        let x = measures.width - measures.margin - measures.plate_width(&time);
        measures.write(surface, x, y, &time, WHITE, (BLACK, PLATE));
    }
    let name = measures.font.shorten(camera, room(taken));
    if !name.is_empty() {
        measures.write(surface, measures.margin, y, &name, WHITE, (BLACK, PLATE));
    }
}

/// Writes whose picture it is, and of when, into the lower corners.
pub fn draw_caption(surface: &mut dyn Surface, camera: &str, time: &str) {
    let measures = Measures::of(surface);
    draw_footer(surface, measures, camera, time);
}

/// The picture while there is none: since when, and why. `since` and `reason` are ready to be read.
pub fn no_signal(width: usize, height: usize, since: &str, reason: &str) -> Picture {
    notice(width, height, "NO SIGNAL", &format!("since {since}"), reason)
}

/// The picture of a camera that is not to run.
pub fn stopped(width: usize, height: usize) -> Picture {
    notice(width, height, "STOPPED", "", "it can be started on the page")
}

/// Words in place of a picture.
fn notice(width: usize, height: usize, title: &str, since: &str, reason: &str) -> Picture {
    let (width, height) = (width.max(1), height.max(1));
    // A calm dark blue that gets a little darker downwards.
    let night = Colour::rgb(22, 30, 46);
    let (cw, ch) = (width.div_ceil(2), height.div_ceil(2));
    let mut picture = Picture {
        luma: Plane::new(width, height, night.y),
        chroma: Some(Chroma {
            cb: Plane::new(cw, ch, night.cb),
            cr: Plane::new(cw, ch, night.cr),
            horizontal: 2,
            vertical: 2,
        }),
    };
    for y in 0..height {
        let shade = night.y - (y * usize::from(night.y / 2) / height) as u8;
        picture.luma.row_mut(y).fill(shade);
    }
    let side = height.min(width * 3 / 4);
    let (large, small) = (Font::of_height(side / 11), Font::of_height(side / 26));
    let room = width - width / 8;
    let title = large.shorten(title, width);
    let since = small.wrap(since, room);
    let reason = small.wrap(reason, room);
    // Whatever is long, the title and the beginning stay visible.
    let step = small.height() as i32 * 5 / 4;
    let lines = (since.len() + reason.len()) as i32;
    let block = large.height() as i32 * 3 / 2 + step * lines + step / 2;
    let mut y = ((height as i32 - block) / 2).max(0);
    let centre = |font: Font, text: &str| (width as i32 - font.width(text) as i32) / 2;
    paint::text(&mut picture, centre(large, &title), y, large, &title, WHITE);
    y += large.height() as i32 * 3 / 2;
    for line in &since {
        paint::text(&mut picture, centre(small, line), y, small, line, AMBER);
        y += step;
    }
    y += step / 2;
    for line in &reason {
        paint::text(&mut picture, centre(small, line), y, small, line, GREY);
        y += step;
    }
    picture
}

#[cfg(test)]
mod tests;
