use crate::anomaly::fake::Fake;
use crate::anomaly::model::ModelError;
use crate::anomaly::signal::Signal;
use crate::anomaly::{Anomaly, Judgement, Seen};
use crate::config;
use crate::motion::Moving;
use crate::picture::plane::Plane;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A camera before which nothing moves, with a network that says what it is told to.
struct Watch {
    anomaly: Anomaly,
    says: Arc<Mutex<Option<f32>>>,
    time: Duration,
}

impl Watch {
    fn new() -> Self {
        let settings = config::Anomaly { false_alarms_per_day: 100.0, ..config::Anomaly::default() };
        let (mut anomaly, says) = (Anomaly::new(&settings), Arc::new(Mutex::new(Some(0.1))));
        let answer = says.clone();
        let says_it = move || answer.lock().unwrap().ok_or_else(|| ModelError::Run("no memory".into()));
        anomaly.set_network(Box::new(Fake::new(says_it))).unwrap();
        Self { anomaly, says, time: Duration::ZERO }
    }

    fn frame(&mut self, after_ms: u64) -> Judgement {
        self.time += Duration::from_millis(after_ms);
        let (luma, mask) = (Plane::new(64, 48, 90), Plane::new(64, 48, 0));
        let moving = Moving::default();
        self.anomaly.look(&Seen { luma: &luma, mask: &mask, moving: &moving, time: self.time, hour: None })
    }

    /// Frames up to one that the network is to look at.
    fn until_due(&mut self) -> Judgement {
        loop {
            let judgement = self.frame(200);
            if self.anomaly.is_look_due() {
                return judgement;
            }
        }
    }

    fn sees(&self) -> bool {
        self.anomaly.rarities().iter().any(|rarity| rarity.signal == Signal::View)
    }
}

#[test]
fn the_network_looks_only_when_it_is_asked_and_what_it_sees_stays() {
    let mut watch = Watch::new();
    watch.until_due();
    assert!(!watch.sees());
    assert!(watch.anomaly.ask_network().is_some() && watch.sees());
    assert!(!watch.anomaly.is_look_due() && watch.anomaly.ask_network().is_none(), "once");
    watch.frame(33);
    assert!(watch.sees());
}

#[test]
fn a_look_that_was_not_taken_is_not_made_up_for() {
    let mut watch = Watch::new();
    watch.until_due();
    watch.frame(33);
    assert!(watch.anomaly.ask_network().is_none(), "this frame isn't the network's");
    watch.until_due();
    assert!(watch.anomaly.ask_network().is_some());
    watch.until_due();
    watch.anomaly.cut();
    assert!(watch.anomaly.ask_network().is_none());
}

#[test]
fn a_network_that_fails_is_told_and_what_it_saw_is_gone_until_it_works_again() {
    let mut watch = Watch::new();
    watch.until_due();
    watch.anomaly.ask_network();
    *watch.says.lock().unwrap() = None;
    watch.until_due();
    assert!(watch.sees() && watch.anomaly.blind().is_none());
    assert!(watch.anomaly.ask_network().is_none());
    assert_eq!(watch.anomaly.blind(), Some("the network failed: no memory"));
    assert!(!watch.sees());
    *watch.says.lock().unwrap() = Some(0.1);
    watch.until_due();
    assert!(watch.anomaly.ask_network().is_some() && watch.anomaly.blind().is_none());
}

#[test]
fn the_next_frame_matters_when_a_look_changes_the_verdict() {
    let mut watch = Watch::new();
    watch.anomaly.teach();
    for _ in 0..120 {
        watch.until_due();
        watch.anomaly.ask_network();
        assert!(!watch.anomaly.is_undecided(), "nothing is judged");
    }
    watch.anomaly.end_teaching();
    // Another light, which comes over some seconds and goes at once.
    let (mut changes, mut looks) = (0, 0);
    for says in [0.1, -4.0, 0.1] {
        *watch.says.lock().unwrap() = Some(says);
        for _ in 0..30 {
            let before = watch.until_due().verdict.is_some();
            let told = watch.anomaly.ask_network().is_some_and(|judgement| judgement.verdict.is_some());
            let undecided = watch.anomaly.is_undecided();
            let after = watch.frame(1).verdict.is_some();
            assert_eq!((undecided, told), (before != after, after));
            assert!(!watch.anomaly.is_undecided());
            looks += 1;
            changes += usize::from(undecided);
        }
    }
    assert!((2..=looks / 10).contains(&changes), "{changes} of {looks}");
}
