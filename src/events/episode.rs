//! Tells from a camera's analyses where events begin and end, and what is to be told of each. Pure: time comes from the frames.

use super::record::Area;
use crate::anomaly::kinds::Severity;
use crate::anomaly::verdict::Verdict;
use crate::camera::Frame;
use crate::config;
use crate::pipeline::{Analysis, Region, State};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Of so many things at most it is remembered that they were seen.
const MOST_TRACKS: usize = 4096;

/// One event, as far as it has come. Times are those of frames.
#[derive(Clone, Debug)]
pub struct Episode {
    pub began: Duration,
    /// The last frame with motion or alert.
    pub active: Duration,
    /// The highest so far.
    pub state: State,
    /// The highest so far, as an anomaly or by its alert zone.
    pub severity: Option<Severity>,
    /// Of the most severe moment.
    pub verdict: Option<Verdict>,
    pub zone: Option<Arc<str>>,
    tracks: BTreeSet<u32>,
    pub best: Moment,
}

/// The moment that shows best what happened.
#[derive(Clone, Debug)]
pub struct Moment {
    pub frame: Arc<Frame>,
    pub score: f32,
    pub regions: Vec<Area>,
    rank: Rank,
}

/// What makes one moment better than another, the first first: the state, how strange it is if it is strange, how large the largest
/// thing is.
type Rank = (u8, f32, u32);

/// What an analysis did to the events.
#[derive(Clone, Debug)]
pub enum Step {
    Nothing,
    Begins,
    /// The state or the verdict is higher than before.
    Rises,
    Ends(Box<Episode>),
}

/// Watches one camera.
#[derive(Debug, Default)]
pub struct Watcher {
    pub episode: Option<Episode>,
}

impl Watcher {
    pub fn look(&mut self, frame: &Arc<Frame>, analysis: &Analysis, settings: &config::Events) -> Step {
        let (after, longest) = (settings.after_seconds, settings.longest_seconds);
        let is_active = analysis.state != State::Idle;
        let Some(episode) = &mut self.episode else {
            if is_active && settings.enabled {
                self.episode = Some(Episode::new(frame, analysis));
                return Step::Begins;
            }
            return Step::Nothing;
        };
        let now = analysis.captured;
        let is_over = !is_active && now.saturating_sub(episode.active).as_secs_f64() >= after;
        let is_long = now.saturating_sub(episode.began).as_secs_f64() >= longest;
        if is_over || is_long || !settings.enabled {
            return self.cut();
        }
        if is_active && episode.absorb(frame, analysis) { Step::Rises } else { Step::Nothing }
    }

    /// What comes next doesn't follow on what was.
    pub fn cut(&mut self) -> Step {
        self.episode.take().map_or(Step::Nothing, |episode| Step::Ends(episode.into()))
    }
}

impl Episode {
    fn new(frame: &Arc<Frame>, analysis: &Analysis) -> Self {
        // The state is MOTION only once it has lasted.
        let dwell = analysis.regions.iter().map(|region| region.dwell).fold(0.0, f32::max);
        let before = Duration::from_secs_f32(dwell.min(MOST_DWELL));
        let mut episode = Self {
            began: analysis.captured.saturating_sub(before),
            active: analysis.captured,
            state: State::Idle,
            severity: None,
            verdict: None,
            zone: None,
            tracks: BTreeSet::new(),
            best: Moment::of(frame, analysis),
        };
        episode.absorb(frame, analysis);
        episode
    }

    /// Takes what an active frame tells; true if the state or the verdict is higher than before.
    fn absorb(&mut self, frame: &Arc<Frame>, analysis: &Analysis) -> bool {
        self.active = analysis.captured;
        if self.tracks.len() < MOST_TRACKS {
            self.tracks.extend(analysis.regions.iter().map(|region| region.track));
        }
        let rises = rank(analysis.state) > rank(self.state);
        if rises {
            self.state = analysis.state;
        }
        let severest = analysis.alert_severity.max(verdict(analysis).map(|verdict| verdict.severity));
        let is_severer = severest > self.severity;
        self.severity = self.severity.max(severest);
        if let Some(zone) = &analysis.alert_zone {
            self.zone.get_or_insert_with(|| zone.clone());
        }
        let severity = |verdict: &Verdict| (verdict.severity, verdict.baseline_deviation);
        let verdict = verdict(analysis).filter(|new| {
            self.verdict.as_ref().is_none_or(|old| {
                severity(new).partial_cmp(&severity(old)) == Some(std::cmp::Ordering::Greater)
            })
        });
        let is_another = verdict
            .is_some_and(|new| self.verdict.as_ref().is_none_or(|old| new.anomaly_type != old.anomaly_type));
        if let Some(verdict) = verdict {
            self.verdict = Some(verdict.clone());
        }
        if Moment::rank(analysis) > self.best.rank {
            self.best = Moment::of(frame, analysis);
        }
        rises || is_severer || is_another
    }

    /// How many things moved.
    pub fn tracks(&self) -> u32 {
        u32::try_from(self.tracks.len()).unwrap_or(u32::MAX)
    }
}

/// A thing may have stood there long before; what is told of it begins no earlier.
const MOST_DWELL: f32 = 5.0;

impl Moment {
    fn of(frame: &Arc<Frame>, analysis: &Analysis) -> Self {
        Self {
            frame: frame.clone(),
            score: analysis.judgement.as_ref().map_or(0.0, |judgement| judgement.score),
            regions: analysis.regions.iter().map(area).collect(),
            rank: Self::rank(analysis),
        }
    }

    fn rank(analysis: &Analysis) -> Rank {
        let strange = verdict(analysis).and(analysis.judgement.as_ref());
        let largest = analysis.regions.iter().map(|region| region.area).max();
        (rank(analysis.state), strange.map_or(0.0, |judgement| judgement.score), largest.unwrap_or(0))
    }
}

/// What is strange in a frame.
fn verdict(analysis: &Analysis) -> Option<&Verdict> {
    analysis.judgement.as_ref()?.verdict.as_ref().filter(|verdict| verdict.is_anomaly)
}

fn rank(state: State) -> u8 {
    match state {
        State::Idle => 0,
        State::Motion => 1,
        State::Alert => 2,
    }
}

fn area(region: &Region) -> Area {
    Area { x: region.x, y: region.y, w: region.w, h: region.h }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::Judgement;
    use crate::anomaly::kinds::AnomalyType;
    use crate::camera::{Wanted, demo};

    fn settings() -> config::Events {
        config::Events { after_seconds: 2.0, longest_seconds: 20.0, ..config::Events::default() }
    }

    fn frame() -> Arc<Frame> {
        let wanted = Wanted { width: 64, height: 48, fps: 5.0 };
        Arc::new(demo::open(&wanted, None).next_frame().unwrap())
    }

    fn at(seconds: f64, state: State) -> Analysis {
        let region = Region { x: 1, y: 2, w: 3, h: 4, area: 9, track: 1, zone: None, speed: 0.0, dwell: 0.5 };
        let regions = if state == State::Idle { vec![] } else { vec![region] };
        Analysis { captured: Duration::from_secs_f64(seconds), state, regions, ..Analysis::default() }
    }

    fn strange(analysis: Analysis, severity: Severity, score: f32) -> Analysis {
        let verdict = Verdict {
            is_anomaly: true,
            anomaly_type: AnomalyType::Loitering,
            confidence: 0.5,
            severity,
            findings: vec![],
            baseline_deviation: score,
        };
        let judgement = Judgement { score, verdict: Some(verdict), ..Judgement::default() };
        Analysis { judgement: Some(judgement), ..analysis }
    }

    #[test]
    fn an_event_lasts_from_the_first_motion_until_nothing_moved_for_a_while() {
        let (mut watcher, frame, settings) = (Watcher::default(), frame(), settings());
        let mut look = |seconds, state| watcher.look(&frame, &at(seconds, state), &settings);
        assert!(matches!(look(9.0, State::Idle), Step::Nothing));
        assert!(matches!(look(10.0, State::Motion), Step::Begins));
        assert!(matches!(look(11.0, State::Idle), Step::Nothing));
        assert!(matches!(look(12.5, State::Motion), Step::Nothing), "it goes on");
        assert!(matches!(look(13.0, State::Alert), Step::Rises));
        assert!(matches!(look(14.9, State::Idle), Step::Nothing));
        let Step::Ends(episode) = look(15.0, State::Idle) else { panic!("it is over") };
        assert_eq!(episode.began, Duration::from_millis(9500), "when the thing was seen first");
        assert_eq!((episode.active, episode.state), (Duration::from_secs(13), State::Alert));
        assert_eq!(episode.tracks(), 1);
        assert!(matches!(look(15.1, State::Idle), Step::Nothing));
    }

    #[test]
    fn what_lasts_too_long_goes_on_as_another_event() {
        let (mut watcher, frame, settings) = (Watcher::default(), frame(), settings());
        let steps: Vec<_> =
            (0..45).map(|n| watcher.look(&frame, &at(f64::from(n), State::Motion), &settings)).collect();
        let begins = steps.iter().filter(|step| matches!(step, Step::Begins)).count();
        let ends = steps.iter().filter(|step| matches!(step, Step::Ends(_))).count();
        assert_eq!((begins, ends), (3, 2));
    }

    #[test]
    fn the_severest_verdict_and_the_best_moment_are_told() {
        let (mut watcher, first, settings) = (Watcher::default(), frame(), settings());
        let best = frame();
        watcher.look(&first, &strange(at(1.0, State::Alert), Severity::Medium, 3.0), &settings);
        let step = watcher.look(&best, &strange(at(2.0, State::Alert), Severity::High, 5.0), &settings);
        assert!(matches!(step, Step::Rises));
        watcher.look(&first, &strange(at(3.0, State::Alert), Severity::Low, 4.0), &settings);
        let Step::Ends(episode) = watcher.cut() else { panic!("it was cut") };
        assert_eq!(episode.severity, Some(Severity::High));
        assert_eq!(episode.verdict.map(|verdict| verdict.severity), Some(Severity::High));
        assert!(Arc::ptr_eq(&episode.best.frame, &best));
        assert_eq!(episode.best.score, 5.0);
    }

    #[test]
    fn switched_off_nothing_begins_and_what_is_under_way_ends() {
        let (mut watcher, frame, on) = (Watcher::default(), frame(), settings());
        let off = config::Events { enabled: false, ..on.clone() };
        assert!(matches!(watcher.look(&frame, &at(1.0, State::Motion), &off), Step::Nothing));
        watcher.look(&frame, &at(2.0, State::Motion), &on);
        assert!(matches!(watcher.look(&frame, &at(3.0, State::Motion), &off), Step::Ends(_)));
    }
}
