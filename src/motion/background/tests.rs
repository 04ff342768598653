//! Made-up scenes, each with one difficulty, and what the model must make of it.

use super::*;

const W: usize = 64;
const H: usize = 48;

/// A made-up scene: texture, noise, light, and what stands in it.
struct Scene {
    noise: u32,
    amplitude: i32,
    random: u32,
}

impl Scene {
    fn new(amplitude: i32) -> Self {
        Self { noise: 1, amplitude, random: 7 }
    }

    /// Luma of the empty scene: bright fields with edges between, so that light and ghosts can be told.
    fn surface(x: usize, y: usize) -> i32 {
        60 + 50 * ((x / 12 + y / 9) % 2) as i32 + ((x * 7 + y * 13) % 11) as i32
    }

    fn noisy(&mut self, value: i32) -> u8 {
        self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = if self.amplitude == 0 {
            0
        } else {
            (self.random >> 16) as i32 % (2 * self.amplitude + 1) - self.amplitude
        };
        (value + noise * self.noise as i32).clamp(0, 255) as u8
    }

    fn picture(&mut self, paint: impl Fn(usize, usize, i32) -> i32) -> Plane {
        let mut plane = Plane::new(W, H, 0);
        for y in 0..H {
            for x in 0..W {
                plane.data[y * W + x] = self.noisy(paint(x, y, Self::surface(x, y)));
            }
        }
        plane
    }
}

fn model(absorb_seconds: f32) -> Background {
    Background::new(BackgroundSettings { sensitivity: 0.5, absorb_seconds })
}

fn at(frame: usize, fps: f64) -> Duration {
    Duration::from_secs_f64(frame as f64 / fps)
}

fn share(mask: &Plane) -> f32 {
    mask.data.iter().filter(|&&m| m == 255).count() as f32 / mask.data.len() as f32
}

/// Inside a box of 16x20 whose left edge is at `left`.
fn boxed(left: usize, x: usize, y: usize) -> bool {
    (left..left + 16).contains(&x) && (14..34).contains(&y)
}

/// An object's luma: darker than any of the scene, with a stripe.
fn object(y: usize) -> i32 {
    if y % 8 < 4 { 15 } else { 215 }
}

fn covered(mask: &Plane, left: usize) -> f32 {
    let hit = (0..W * H).filter(|i| boxed(left, i % W, i / W) && mask.data[*i] == 255).count();
    hit as f32 / (16.0 * 20.0)
}

#[test]
fn noise_alone_is_no_foreground() {
    let mut scene = Scene::new(8);
    let mut model = model(30.0);
    for k in 0..60 {
        let found = model.apply(&scene.picture(|_, _, v| v), at(k, 25.0));
        assert!(!found.lighting);
        assert_eq!(share(found.mask), 0.0, "frame {k}");
        assert_eq!(found.learning, k <= 24, "frame {k}");
    }
}

#[test]
fn flicker_and_slow_drift_are_no_foreground() {
    let mut scene = Scene::new(2);
    let mut model = model(30.0);
    for k in 0..90 {
        let flicker = [0, 3, 0, -3][k % 4];
        let drift = k as i32 / 3;
        let found = model.apply(&scene.picture(|_, _, v| v + flicker + drift), at(k, 25.0));
        assert_eq!(share(found.mask), 0.0, "frame {k}");
    }
}

#[test]
fn a_mover_is_found_with_its_body_and_nothing_else() {
    let mut scene = Scene::new(2);
    let mut model = model(30.0);
    for k in 0..40 {
        model.apply(&scene.picture(|_, _, v| v), at(k, 25.0));
    }
    for k in 40..60 {
        let left = (k - 40) * 2 + 4;
        let paint = |x, y, v| if boxed(left, x, y) { object(y) } else { v };
        let found = model.apply(&scene.picture(paint), at(k, 25.0));
        assert!(covered(found.mask, left) > 0.95, "frame {k}");
        assert!(share(found.mask) < 1.3 * 320.0 / (W * H) as f32, "frame {k}");
    }
}

#[test]
fn a_parked_thing_is_absorbed_after_its_time_at_any_frame_rate_and_leaves_no_ghost() {
    for fps in [2.0, 15.0] {
        let mut scene = Scene::new(1);
        let mut model = model(4.0);
        let arrives = (3.0 * fps) as usize;
        let (mut gone, mut frame) = (None, 0);
        while frame < arrives + (6.0 * fps) as usize {
            let there = frame >= arrives;
            let paint = |x, y, v| if there && boxed(22, x, y) { object(y) } else { v };
            let found = model.apply(&scene.picture(paint), at(frame, fps));
            if there && gone.is_none() && covered(found.mask, 22) < 0.1 {
                gone = Some((frame - arrives) as f64 / fps);
            }
            frame += 1;
        }
        let gone = gone.unwrap_or(f64::MAX);
        assert!((3.4..5.1).contains(&gone), "{fps} fps: absorbed after {gone} s");
        let found = model.apply(&scene.picture(|_, _, v| v), at(frame, fps));
        assert_eq!(share(found.mask), 0.0, "{fps} fps: what was behind is remembered");
    }
}

#[test]
fn a_ghost_of_the_first_picture_vanishes_quickly() {
    let mut scene = Scene::new(1);
    let mut model = model(60.0);
    for k in 0..50 {
        let paint = |x, y, v| if boxed(22, x, y) { object(y) } else { v };
        model.apply(&scene.picture(paint), at(k, 25.0));
    }
    for k in 50..100 {
        let found = model.apply(&scene.picture(|_, _, v| v), at(k, 25.0));
        let ghost = share(found.mask);
        assert!(k < 85 || ghost == 0.0, "frame {k}: {ghost}");
    }
}

#[test]
fn a_step_of_light_is_told_and_leaves_a_person_findable() {
    for gain in [60, 150] {
        let mut scene = Scene::new(1);
        let mut model = model(30.0);
        let mut told = false;
        for k in 0..80 {
            let light = if k < 40 { 100 } else { gain };
            let left = 2 * (k % 22);
            let paint = |x, y, v: i32| if k >= 60 && boxed(left, x, y) { object(y) } else { v * light / 100 };
            let found = model.apply(&scene.picture(paint), at(k, 25.0));
            told |= k >= 40 && found.lighting;
            assert!(k >= 40 || !found.lighting, "frame {k}");
            let share = share(found.mask);
            assert!(!(45..60).contains(&k) || share < 0.02, "frame {k}: {share}");
            assert!(k < 65 || covered(found.mask, left) > 0.8, "frame {k}");
            assert!(k < 65 || share < 0.18, "frame {k}: {share}");
        }
        assert!(told, "gain {gain}");
    }
}

#[test]
fn who_switches_the_light_on_is_found_within_a_second() {
    let mut scene = Scene::new(2);
    let mut model = model(30.0);
    for k in 0..50 {
        model.apply(&scene.picture(|_, _, v| v * 2 / 5), at(k, 25.0));
    }
    let mut found = Vec::new();
    for k in 50..100 {
        let left = (k - 50) * 9 / 10;
        let paint = |x: usize, y: usize, v: i32| if boxed(left, x, y) { object(y) } else { v };
        let seen = model.apply(&scene.picture(paint), at(k, 25.0));
        found.push(!seen.lighting && covered(seen.mask, left) > 0.7);
    }
    assert!(found[25..].iter().filter(|&&found| found).count() >= 23, "{found:?}");
}

#[test]
fn shaking_by_a_pixel_is_mostly_ignored() {
    let mut scene = Scene::new(1);
    let mut model = model(30.0);
    let mut sum = 0.0;
    for k in 0..90usize {
        let (dx, dy) = (k * 7 % 3, k * 5 % 4 / 2);
        let paint = |x: usize, y: usize, _| Scene::surface(x + dx, y + dy);
        let found = model.apply(&scene.picture(paint), at(k, 25.0));
        sum += if k >= 40 { share(found.mask) } else { 0.0 };
    }
    assert!(sum / 50.0 < 0.01, "{}", sum / 50.0);
}

#[test]
fn a_soft_shadow_is_no_foreground() {
    let mut scene = Scene::new(1);
    let mut model = model(30.0);
    for k in 0..40 {
        model.apply(&scene.picture(|_, _, v| v), at(k, 25.0));
    }
    for k in 40..80 {
        let centre = 10.0 + 1.2 * (k - 40) as f32;
        let paint = |x: usize, y: usize, v: i32| {
            let away = ((x as f32 - centre).powi(2) + (y as f32 - 24.0).powi(2)).sqrt();
            let dark = (0.35 * (18.0 - away) / 10.0).clamp(0.0, 0.35);
            (v as f32 * (1.0 - dark)).round() as i32
        };
        let found = model.apply(&scene.picture(paint), at(k, 25.0));
        let share = share(found.mask);
        assert!(share < 0.01, "frame {k}: {share}");
    }
}

#[test]
fn the_same_pictures_give_the_same_masks_and_another_size_starts_anew() {
    let run = || {
        let mut scene = Scene::new(6);
        let mut model = model(30.0);
        model.apply(&Plane::new(5, 3, 80), Duration::ZERO);
        (0..30)
            .map(|k| {
                let paint = |x, y, v| if k > 20 && boxed(k, x, y) { object(y) } else { v };
                model.apply(&scene.picture(paint), at(k, 25.0)).mask.clone()
            })
            .collect::<Vec<_>>()
    };
    let masks = run();
    assert_eq!(masks, run());
    assert_eq!((masks[0].width, masks[0].height), (W, H));
}

#[test]
fn tiny_pictures_do_no_harm() {
    for (w, h) in [(0, 0), (1, 1), (2, 7), (33, 1), (4, 4)] {
        let mut model = model(1.0);
        for k in 0..8 {
            let found = model.apply(&Plane::new(w, h, (k * 30) as u8), at(k, 5.0));
            assert_eq!(found.mask.data.len(), w * h);
        }
    }
}
