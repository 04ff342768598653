//! Who comes by and when: the script of the demo, and how people and cars look at a moment of it.
//! A pure function of time; knows nothing of frames.

use super::backdrop::{FAR_LANE, FENCE, FENCE_HEIGHT, FOOTPATH, NEAR_LANE, nearness, person_height};
use super::canvas::{Canvas, Ink, Point};
use std::f32::consts::TAU;

/// The script begins again after so long.
pub const CYCLE_SECONDS: f64 = 240.0;

/// The first cycles show daily life and the intruder alone, so that there is something normal to learn: the other
/// unusual things begin after so many.
pub const CALM_CYCLES: u32 = 3;

/// Something that doesn't belong to the street's daily life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unusual {
    /// Seconds from the cycle's start.
    pub at_seconds: f64,
    pub duration_seconds: f64,
    /// Seconds after `at_seconds` from which on it can be known: nobody loiters at once.
    pub evident_after_seconds: f64,
    /// For programs.
    pub name: &'static str,
    /// For people.
    pub what: &'static str,
}

/// One a minute. Only the first is in the yard, which is the demo's alert zone.
pub const UNUSUAL: [Unusual; 4] = [
    Unusual {
        at_seconds: 47.8,
        duration_seconds: 17.8,
        evident_after_seconds: 2.0,
        name: "intrusion",
        what: "somebody leaves the footpath, climbs over the fence, goes to the loading door and climbs out again",
    },
    Unusual {
        at_seconds: 105.3,
        duration_seconds: 4.2,
        evident_after_seconds: 0.0,
        name: "chase",
        what: "two people run along the footpath, one after the other",
    },
    Unusual {
        at_seconds: 142.5,
        duration_seconds: 40.0,
        evident_after_seconds: 15.0,
        name: "loitering",
        what: "somebody walks up and down on the footpath, for longer than anybody stays there",
    },
    Unusual {
        at_seconds: 220.0,
        duration_seconds: 14.5,
        // He who brought it stands before it until then.
        evident_after_seconds: 5.0,
        name: "left_behind",
        what: "a car stops, somebody gets out, leaves a box on the footpath and drives off",
    },
];

/// Where somebody is at a time: between two of these along a straight line.
#[derive(Clone, Copy)]
struct Key {
    seconds: f32,
    /// 0..=1 across the picture.
    u: f32,
    /// Height in the picture where it touches the ground.
    v: f32,
    /// Above the ground, as a share of the picture's height.
    lift: f32,
}

#[derive(Clone, Copy)]
enum Look {
    Person { jacket: [f32; 3], trousers: [f32; 3] },
    Car { paint: [f32; 3] },
    Parcel,
}

/// One part in the script: on stage from its first key to its last.
pub struct Role {
    /// Not played in the calm cycles.
    staged: bool,
    look: Look,
    keys: Vec<Key>,
}

const JACKETS: [[f32; 3]; 6] = [
    [0.18, 0.28, 0.46],
    [0.62, 0.20, 0.18],
    [0.22, 0.24, 0.24],
    [0.70, 0.62, 0.45],
    [0.20, 0.42, 0.34],
    [0.45, 0.26, 0.42],
];
const TROUSERS: [[f32; 3]; 3] = [[0.16, 0.18, 0.24], [0.33, 0.31, 0.28], [0.22, 0.27, 0.38]];
const PAINTS: [[f32; 3]; 5] =
    [[0.74, 0.75, 0.77], [0.55, 0.13, 0.13], [0.16, 0.25, 0.42], [0.85, 0.84, 0.80], [0.20, 0.21, 0.22]];

fn person(number: usize) -> Look {
    Look::Person { jacket: JACKETS[number % JACKETS.len()], trousers: TROUSERS[number % TROUSERS.len()] }
}

/// Keys on the ground from (seconds, u, v).
fn path(keys: &[(f32, f32, f32)]) -> Vec<Key> {
    keys.iter().map(|&(seconds, u, v)| Key { seconds, u, v, lift: 0.0 }).collect()
}

/// Across the whole picture at one height, beginning and ending outside of it.
fn across(start: f32, takes: f32, v: f32, to_the_right: bool, outside: f32) -> Vec<Key> {
    let (left, right) = (-outside, 1.0 + outside);
    let (from, to) = if to_the_right { (left, right) } else { (right, left) };
    path(&[(start, from, v), (start + takes, to, v)])
}

/// Everybody's part for one cycle.
pub fn script() -> Vec<Role> {
    let mut roles = Vec::new();
    // Daily life, with moments in which nothing moves: 7 s at the minute's start, then around 28 and 44 s.
    for minute in 0..4 {
        let start = minute as f32 * 60.0;
        let mut add = |look, keys| roles.push(Role { staged: false, look, keys });
        let car = |number: usize| Look::Car { paint: PAINTS[number % PAINTS.len()] };
        add(person(minute), across(start + 7.0, 12.0, FOOTPATH, minute == 1, 0.06));
        add(car(minute), across(start + 13.0, 4.5, FAR_LANE, false, 0.3));
        add(car(minute + 2), across(start + 22.0, 4.0, NEAR_LANE, true, 0.3));
        // He who loiters has the footpath for himself.
        if minute != 2 {
            add(person(minute + 3), across(start + 30.0, 12.5, FOOTPATH + 0.012, minute == 0, 0.06));
        }
        add(car(minute + 3), across(start + 34.0, 4.5, FAR_LANE, false, 0.3));
    }
    let mut intruder = path(&[
        (41.0, -0.06, FOOTPATH),
        (47.8, 0.61, FOOTPATH),
        (49.5, 0.60, FENCE + 0.02),
        (50.6, 0.60, FENCE + 0.008),
        (51.1, 0.60, FENCE - 0.008),
        (51.8, 0.605, FENCE - 0.012),
        (56.0, 0.735, 0.385),
        (59.0, 0.740, 0.385),
        (62.4, 0.665, FENCE - 0.012),
        (63.3, 0.665, FENCE - 0.008),
        (63.8, 0.665, FENCE + 0.008),
        (64.5, 0.67, FENCE + 0.02),
        (65.6, 0.72, FOOTPATH),
        (68.4, 1.06, FOOTPATH),
    ]);
    // on top of the fence
    for at in [3, 4, 9, 10] {
        intruder[at].lift = FENCE_HEIGHT * 0.95;
    }
    let dark = Look::Person { jacket: [0.13, 0.13, 0.15], trousers: [0.14, 0.15, 0.19] };
    roles.push(Role { staged: false, look: dark, keys: intruder });
    roles.push(Role { staged: true, look: person(4), keys: across(105.0, 3.0, FOOTPATH, true, 0.08) });
    roles.push(Role {
        staged: true,
        look: person(1),
        keys: across(106.4, 3.1, FOOTPATH + 0.006, true, 0.08),
    });
    let there_and_back: Vec<(f32, f32, f32)> = [(140.5, -0.06), (142.5, 0.14)]
        .into_iter()
        .chain((0..8).flat_map(|turn| {
            let (t, u) = (142.5 + 5.0 * turn as f32, if turn % 2 == 0 { 0.26 } else { 0.14 });
            [(t + 3.2, u), (t + 5.0, u)]
        }))
        .chain([(184.7, -0.06)])
        .map(|(t, u)| (t, u, FOOTPATH - 0.006))
        .collect();
    roles.push(Role { staged: true, look: person(2), keys: path(&there_and_back) });
    let van = Look::Car { paint: [0.88, 0.88, 0.86] };
    let (stop, kerb) = (0.42, FAR_LANE - 0.018);
    let stops = [(217.0, 1.3, FAR_LANE), (220.0, stop, kerb), (227.5, stop, kerb), (230.5, -0.3, FAR_LANE)];
    roles.push(Role { staged: true, look: van, keys: path(&stops) });
    let (beside, place) = ((stop + 0.05, 0.80), (stop + 0.10, FOOTPATH + 0.010));
    let leaves = [
        (221.5, beside.0, beside.1),
        (223.0, place.0 - 0.02, place.1),
        (224.6, place.0 - 0.02, place.1),
        (226.0, beside.0, beside.1),
    ];
    roles.push(Role { staged: true, look: person(0), keys: path(&leaves) });
    roles.push(Role {
        staged: true,
        look: Look::Parcel,
        keys: path(&[(223.6, place.0, place.1), (234.3, place.0, place.1)]),
    });
    let takes = [
        (228.4, -0.06, FOOTPATH),
        (233.9, place.0 - 0.025, FOOTPATH + 0.008),
        (234.7, place.0 - 0.025, FOOTPATH + 0.008),
        (239.8, 1.06, FOOTPATH),
    ];
    roles.push(Role { staged: true, look: person(5), keys: path(&takes) });
    roles
}

/// Draws all who are on stage, the far ones first, at a time since the demo's start.
pub fn draw(roles: &[Role], seconds: f64, canvas: &mut Canvas) {
    let calm = seconds < f64::from(CALM_CYCLES) * CYCLE_SECONDS;
    let seconds = (seconds % CYCLE_SECONDS) as f32;
    let aspect = canvas.width as f32 / canvas.height as f32;
    let mut present: Vec<(&Role, Moment)> = roles
        .iter()
        .filter(|role| !(calm && role.staged))
        .filter_map(|role| Some((role, Moment::of(role, seconds, aspect)?)))
        .collect();
    present.sort_by(|a, b| a.1.v.total_cmp(&b.1.v));
    for (role, moment) in present {
        canvas.nearness = nearness(moment.v);
        match role.look {
            Look::Person { jacket, trousers } => draw_person(canvas, &moment, jacket, trousers),
            Look::Car { paint } => draw_car(canvas, &moment, paint),
            Look::Parcel => draw_parcel(canvas, &moment),
        }
    }
    canvas.nearness = 255;
}

/// One who is on stage, at one moment.
struct Moment {
    u: f32,
    v: f32,
    lift: f32,
    /// 1 to the right, -1 to the left.
    facing: f32,
    /// Metres a second on the ground.
    speed: f32,
    /// Metres gone since the first key.
    gone: f32,
}

impl Moment {
    fn of(role: &Role, seconds: f32, aspect: f32) -> Option<Self> {
        let (mut gone, mut facing) = (0.0, 1.0);
        for pair in role.keys.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let (du, dv, dt) = (to.u - from.u, to.v - from.v, to.seconds - from.seconds);
            // Up the picture is away from the camera, where a pixel is a longer way.
            let metres = (du * aspect).hypot(dv * 2.0) * 1.75 / person_height((from.v + to.v) / 2.0);
            if du.abs() > 0.004 {
                facing = du.signum();
            }
            if (from.seconds..to.seconds).contains(&seconds) {
                let share = (seconds - from.seconds) / dt;
                return Some(Self {
                    u: from.u + du * share,
                    v: from.v + dv * share,
                    lift: from.lift + (to.lift - from.lift) * share,
                    facing,
                    speed: metres / dt,
                    gone: gone + metres * share,
                });
            }
            gone += metres;
        }
        None
    }
}

fn shade([r, g, b]: [f32; 3], light: f32) -> Ink {
    Ink::rgb([r * light, g * light, b * light])
}

/// A person from the side, 1.75 m high: all lengths below are shares of that.
fn draw_person(canvas: &mut Canvas, moment: &Moment, jacket: [f32; 3], trousers: [f32; 3]) {
    let size = person_height(moment.v) * canvas.height as f32;
    let (x, ground) = (moment.u * canvas.width as f32, moment.v * canvas.height as f32);
    let (running, climbing) = (moment.speed > 3.0, moment.lift > 0.005);
    // The fence and the kerb hide the shadow no more than they hide the feet.
    canvas.ellipse(
        (x + 0.10 * size, ground),
        0.26 * size,
        0.040 * size,
        Ink::rgb([0.10, 0.10, 0.10]),
        0.42,
        0.8,
    );
    // A stride (two steps) is 1.5 m at a walk and 2.6 m at a run.
    let phase = moment.gone / if running { 2.6 } else { 1.5 } * TAU;
    let swing = if running { 0.85 } else { 0.48 } * (moment.speed / 1.2).min(1.0);
    let lean = if running { 0.10 } else { 0.02 * swing };
    let bob = 0.012 * (2.0 * phase).cos() * swing;
    let feet = ground - moment.lift * canvas.height as f32;
    let at = |dx: f32, up: f32| (x + moment.facing * dx * size, feet - up * size);
    let joint = |from: (f32, f32), length: f32, angle: f32| {
        (from.0 + length * angle.sin(), from.1 - length * angle.cos())
    };
    let (hip, shoulder) = ((0.0, 0.49 + bob), (lean, 0.80 + bob));
    let pixel = |point: (f32, f32)| -> Point { at(point.0, point.1) };
    let thick = |a: f32, b: f32| (a * size, b * size);
    for (side, light) in [(-1.0f32, 0.72), (1.0, 1.0)] {
        let stride = (phase + if side > 0.0 { 0.0 } else { TAU / 2.0 }).sin();
        // The knee bends while the leg swings forward.
        let forward = (phase + if side > 0.0 { 0.0 } else { TAU / 2.0 }).cos();
        let (mut thigh, mut knee) = (swing * stride, swing * (0.25 + 1.1 * forward.max(0.0)));
        let (mut upper, mut elbow) = (-swing * 0.9 * stride, if running { 1.4 } else { 0.25 + 0.2 * swing });
        if climbing {
            (thigh, knee) = if side > 0.0 { (1.1, 1.6) } else { (0.1, 0.5) };
            (upper, elbow) = (2.5, 0.5 + 0.3 * side);
        }
        let leg = joint(hip, 0.245, thigh);
        let ankle = joint(leg, 0.235, thigh - knee);
        let toe = (ankle.0 + 0.065, ankle.1 - 0.008);
        let trouser = shade(trousers, light);
        canvas.limb(pixel(hip), pixel(leg), thick(0.062, 0.048), trouser);
        canvas.limb(pixel(leg), pixel(ankle), thick(0.046, 0.032), trouser);
        canvas.limb(pixel(ankle), pixel(toe), thick(0.028, 0.022), shade([0.12, 0.11, 0.11], light));
        if side > 0.0 {
            canvas.limb(
                pixel((hip.0, hip.1 + 0.02)),
                pixel(shoulder),
                thick(0.078, 0.082),
                shade(jacket, 0.95),
            );
            let head = (shoulder.0 + 0.018 + 0.3 * lean, shoulder.1 + 0.125);
            canvas.limb(pixel(shoulder), pixel(head), thick(0.035, 0.035), shade([0.76, 0.58, 0.47], 0.85));
            canvas.ellipse(pixel(head), 0.060 * size, 0.070 * size, shade([0.78, 0.60, 0.49], 1.0), 1.0, 0.0);
            let crown = (head.0 - 0.014, head.1 + 0.022);
            canvas.ellipse(
                pixel(crown),
                0.058 * size,
                0.052 * size,
                shade([0.20, 0.15, 0.11], 1.0),
                1.0,
                0.0,
            );
        }
        let hand_from = (shoulder.0, shoulder.1 - 0.01);
        let arm = joint(hand_from, 0.165, upper);
        let wrist = joint(arm, 0.155, upper + elbow);
        canvas.limb(pixel(hand_from), pixel(arm), thick(0.043, 0.036), shade(jacket, light * 1.08));
        canvas.limb(pixel(arm), pixel(wrist), thick(0.035, 0.026), shade(jacket, light * 1.08));
        canvas.ellipse(pixel(wrist), 0.028 * size, 0.028 * size, shade([0.78, 0.60, 0.49], light), 1.0, 0.0);
    }
}

/// A car from the side, 4.2 m long; all lengths below are metres.
fn draw_car(canvas: &mut Canvas, moment: &Moment, paint: [f32; 3]) {
    let metre = person_height(moment.v) / 1.75 * canvas.height as f32;
    let (x, ground) = (moment.u * canvas.width as f32, moment.v * canvas.height as f32);
    let at = |along: f32, up: f32| (x + moment.facing * along * metre, ground - up * metre);
    let shape = |points: &[(f32, f32)]| -> Vec<Point> { points.iter().map(|&(a, u)| at(a, u)).collect() };
    canvas.ellipse(at(0.0, 0.02), 2.45 * metre, 0.28 * metre, Ink::rgb([0.06, 0.06, 0.07]), 0.6, 0.7);
    let glass = Ink::rgb([0.20, 0.25, 0.30]);
    canvas.convex(
        &shape(&[(-1.80, 0.84), (-1.30, 1.40), (-1.05, 1.45), (0.15, 1.45), (0.35, 1.41), (1.10, 0.86)]),
        shade(paint, 0.92),
        1.0,
    );
    canvas.convex(&shape(&[(-1.48, 0.93), (-1.14, 1.35), (-0.42, 1.37), (-0.42, 0.93)]), glass, 1.0);
    canvas.convex(&shape(&[(-0.32, 0.93), (-0.32, 1.37), (0.22, 1.36), (0.80, 0.93)]), glass, 1.0);
    canvas.convex(
        &shape(&[(-1.30, 1.05), (-1.14, 1.33), (-0.90, 1.34), (-1.05, 1.05)]),
        Ink::rgb([0.45, 0.52, 0.58]),
        0.6,
    );
    let body =
        [(-2.06, 0.28), (-2.12, 0.58), (-2.02, 0.88), (0.95, 0.90), (1.85, 0.76), (2.10, 0.55), (2.08, 0.28)];
    canvas.convex(&shape(&body), shade(paint, 1.0), 1.0);
    canvas.convex(
        &shape(&[(-2.07, 0.28), (-2.10, 0.45), (2.10, 0.45), (2.08, 0.28)]),
        shade(paint, 0.66),
        1.0,
    );
    let seam = 0.012 * metre;
    for door in [-0.37, 0.75] {
        canvas.limb(at(door, 0.86), at(door, 0.36), (seam, seam), shade(paint, 0.6));
    }
    canvas.limb(at(-0.60, 0.78), at(-0.48, 0.78), (0.02 * metre, 0.02 * metre), shade(paint, 0.5));
    canvas.ellipse(at(1.98, 0.63), 0.13 * metre, 0.08 * metre, Ink::rgb([0.95, 0.93, 0.84]), 1.0, 0.0);
    canvas.ellipse(at(-2.03, 0.70), 0.09 * metre, 0.10 * metre, Ink::rgb([0.70, 0.10, 0.09]), 1.0, 0.0);
    for axle in [-1.30, 1.30] {
        canvas.ellipse(at(axle, 0.36), 0.42 * metre, 0.40 * metre, Ink::rgb([0.08, 0.08, 0.09]), 1.0, 0.0);
        canvas.ellipse(at(axle, 0.33), 0.33 * metre, 0.33 * metre, Ink::rgb([0.13, 0.13, 0.14]), 1.0, 0.0);
        canvas.ellipse(at(axle, 0.33), 0.19 * metre, 0.19 * metre, Ink::rgb([0.60, 0.61, 0.63]), 1.0, 0.0);
        for spoke in 0..3 {
            let angle = moment.gone / 0.33 * moment.facing + spoke as f32 * TAU / 6.0;
            let (s, c) = (0.17 * angle.sin() * metre, 0.17 * angle.cos() * metre);
            let (hx, hy) = at(axle, 0.33);
            let radius = 0.022 * metre;
            canvas.limb((hx - c, hy - s), (hx + c, hy + s), (radius, radius), Ink::rgb([0.30, 0.31, 0.33]));
        }
    }
}

/// A cardboard box, half a metre wide.
fn draw_parcel(canvas: &mut Canvas, moment: &Moment) {
    let metre = person_height(moment.v) / 1.75 * canvas.height as f32;
    let (x, ground) = (moment.u * canvas.width as f32, moment.v * canvas.height as f32);
    let at = |along: f32, up: f32| (x + along * metre, ground - up * metre);
    canvas.ellipse(at(0.08, 0.0), 0.36 * metre, 0.07 * metre, Ink::rgb([0.10, 0.10, 0.10]), 0.5, 0.6);
    canvas.convex(
        &[at(-0.27, 0.0), at(0.27, 0.0), at(0.27, 0.36), at(-0.27, 0.36)],
        Ink::rgb([0.66, 0.49, 0.30]),
        1.0,
    );
    canvas.convex(
        &[at(-0.27, 0.36), at(0.27, 0.36), at(0.34, 0.46), at(-0.20, 0.46)],
        Ink::rgb([0.76, 0.60, 0.40]),
        1.0,
    );
    canvas.convex(
        &[at(-0.04, 0.0), at(0.04, 0.0), at(0.04, 0.36), at(-0.04, 0.36)],
        Ink::rgb([0.80, 0.70, 0.52]),
        1.0,
    );
}
