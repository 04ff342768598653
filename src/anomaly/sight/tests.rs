use super::*;

const COLUMNS: usize = 10;
const ROWS: usize = 6;
const CELLS: usize = COLUMNS * ROWS;
const CHANNELS: usize = 1 + 2 + 1 + 2 + 4 + 2;

fn layout() -> Layout {
    let groups = [
        ("moving", 0..1),
        ("flow", 1..3),
        ("size", 3..4),
        ("kind", 4..6),
        ("appearance", 6..10),
        ("tone", 10..12),
    ];
    Layout::new(&groups.map(|(name, range)| (name.to_string(), range))).unwrap()
}

/// Descriptors as a network would give them, looked at five times a second.
struct Scene {
    sight: Sight,
    values: Vec<f32>,
    random: fastrand::Rng,
    /// Looks so far.
    looks: u64,
    learned: f64,
}

impl Scene {
    /// A still scene that was learned for ten minutes.
    fn learned() -> Self {
        let mut scene = Self {
            sight: Sight::new(COLUMNS, ROWS, &layout()),
            values: vec![0.0; CHANNELS * CELLS],
            random: fastrand::Rng::with_seed(5),
            looks: 0,
            learned: 0.0,
        };
        scene.run(600.0, Learning::Everything);
        scene
    }

    fn set(&mut self, channel: usize, cells: &[usize], value: f32) {
        cells.iter().for_each(|cell| self.values[channel * CELLS + cell] = value);
    }

    /// Looks for some seconds; returns the last values.
    fn run(&mut self, seconds: f64, learning: Learning) -> Values {
        let mut values = Values::default();
        for _ in 0..(seconds * 5.0) as usize {
            // Noise well below what the descriptors' own is taken to be.
            let noisy: Vec<f32> =
                self.values.iter().map(|value| value + 0.01 * (self.random.f32() - 0.5)).collect();
            let time = Duration::from_millis(200 * self.looks);
            let look = Look { columns: COLUMNS, rows: ROWS, values: &noisy, time, interval: 0.2 };
            values = Values::default();
            self.sight.look(&look, &layout(), learning, self.learned, &mut values);
            self.looks += 1;
            self.learned += 0.2;
        }
        values
    }
}

/// A thing of six cells.
const THING: [usize; 6] = [23, 24, 25, 33, 34, 35];

#[test]
fn a_thing_that_somebody_brought_may_alarm_and_light_that_looks_the_same_may_not() {
    for brings in [true, false] {
        let mut scene = Scene::learned();
        if brings {
            scene.set(0, &THING, 0.9);
            scene.run(1.0, Learning::Slowly);
            scene.set(0, &THING, 0.0);
        }
        scene.set(6, &THING, 3.0);
        let thing = *scene.run(20.0, Learning::Slowly).get(Signal::Thing).unwrap();
        assert!(thing.log > 0.0, "brought {brings}: {thing:?}");
        assert_eq!(thing.alarming > 0.0, brings, "{thing:?}");
    }
}

#[test]
fn what_only_moves_through_makes_no_place_new() {
    let mut scene = Scene::learned();
    scene.set(0, &THING, 0.9);
    scene.set(6, &THING, 3.0);
    let thing = *scene.run(20.0, Learning::Slowly).get(Signal::Thing).unwrap();
    assert!(thing.log < -2.0, "{thing:?}");
}

#[test]
fn when_most_of_the_picture_is_new_it_is_the_light_and_is_learned_after_minutes() {
    let mut scene = Scene::learned();
    let all: Vec<usize> = (0..CELLS).collect();
    scene.set(0, &THING, 0.9);
    scene.run(1.0, Learning::Slowly);
    scene.set(0, &THING, 0.0);
    scene.set(6, &all, 3.0);
    scene.set(10, &all, -2.0);
    let values = scene.run(60.0, Learning::Slowly);
    assert!(scene.sight.is_strange());
    for signal in [Signal::Thing, Signal::View, Signal::Light] {
        let measured = values.get(signal).unwrap();
        assert!(measured.log > 0.0, "{signal:?} is in the score: {measured:?}");
        assert_eq!(measured.alarming, f32::NEG_INFINITY, "{signal:?}");
    }
    scene.run(f64::from(LIGHT_SECONDS), Learning::Slowly);
    assert!(!scene.sight.is_strange(), "it is known now");
}

#[test]
fn a_thing_isnt_learned_while_it_is_news() {
    let mut scene = Scene::learned();
    scene.set(0, &THING, 0.9);
    scene.run(1.0, Learning::Slowly);
    scene.set(0, &THING, 0.0);
    scene.set(6, &THING, 3.0);
    scene.run(20.0, Learning::Slowly);
    let known = scene.sight.prototypes();
    let after = *scene.run(600.0, Learning::Slowly).get(Signal::Thing).unwrap();
    assert!(after.alarming > 0.0 && scene.sight.prototypes() == known, "{after:?}");
    let accepted = *scene.run(f64::from(THING_SECONDS), Learning::Slowly).get(Signal::Thing).unwrap();
    assert!(accepted.log < -2.0, "{accepted:?}");
}

#[test]
fn what_changed_while_nobody_watched_is_known_after_a_minute() {
    let mut scene = Scene::learned();
    scene.set(6, &THING, 3.0);
    let mut thing = |seconds| *scene.run(f64::from(seconds), Learning::Slowly).get(Signal::Thing).unwrap();
    let news = thing(LEARN_SECONDS - 5.0);
    assert!(news.log > 0.0 && news.alarming < -2.0, "{news:?}");
    let known = thing(25.0);
    assert!(known.log < -2.0, "{known:?}");
}

#[test]
fn one_look_tells_nothing_and_an_error_among_looks_little() {
    let mut steady = Steady::default();
    let fast = Some(Measured::plain(3.0, None));
    assert_eq!(steady.follow(fast, 0.2), None);
    assert_eq!(steady.follow(None, 0.2), None);
    assert_eq!(steady.follow(fast, 0.2), None, "what was before the gap isn't its company");
    let slow = Some(Measured::plain(1.0, None));
    let mut log = |newest| steady.follow(newest, 0.2).unwrap().log;
    (0..20).for_each(|_| assert!(log(slow) < 3f32.ln()));
    assert!(log(slow).abs() < 1e-3);
    assert!((0.4..0.8).contains(&(log(fast) / 3f32.ln())), "one look of many");
    (0..5).for_each(|_| assert!(log(fast) > 0.5));
    assert!((log(fast) - 3f32.ln()).abs() < 0.02, "it follows");
}

#[test]
fn what_is_faster_than_usual_at_its_place_has_a_higher_pace() {
    let mut scene = Scene::learned();
    let mut walk = |flow: f32, learning| {
        scene.set(0, &THING, 0.9);
        scene.set(1, &THING, flow);
        scene.run(30.0, learning).get(Signal::Pace).map(|pace| pace.log)
    };
    walk(0.2, Learning::Everything);
    let (usual, fast) = (walk(0.2, Learning::Nothing).unwrap(), walk(0.6, Learning::Nothing).unwrap());
    assert!((fast - usual - 3f32.ln()).abs() < 0.1, "{usual} {fast}");
}
