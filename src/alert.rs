//! IDLE → MOTION → ALERT. Knows regions and frame time; why a region matters was decided before.

use crate::anomaly::kinds::Severity;
use crate::anomaly::verdict::Verdict;
use crate::config::{self, outputs::AlarmType};
use crate::pipeline::{Region, State};
use std::sync::Arc;
use std::time::Duration;

/// An anomaly is believed once it was there in so many analysed frames one after the other.
const CONFIRM_FRAMES: u32 = 3;

/// Two frames so far apart tell nothing of each other: cameras give at least one in two seconds.
const SLOWEST_FRAME_SECONDS: f64 = 4.0;

/// What raises an ALERT in one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    pub kind: AlarmType,
    /// The alert zone in which something moves.
    pub zone: Option<Arc<str>>,
    pub severity: Severity,
}

/// The state of one camera, moved on by each analysed frame.
#[derive(Debug, Default)]
pub struct StateMachine {
    state: State,
    /// Motion without a longer gap since then.
    motion_since: Option<Duration>,
    last_motion: Option<Duration>,
    /// Nothing moved in the newest frame.
    quiet: bool,
    /// When there was a cause last, the zone if it was one's, and its severity.
    last_cause: Option<(Duration, Option<Arc<str>>, Severity)>,
    /// Those of the newest frame.
    causes: Vec<Cause>,
    /// Frames one after the other with an anomaly that raises an alarm.
    anomalous: u32,
}

impl StateMachine {
    /// Takes what the frame at `time` shows. A frame under changing light proves nothing: no regions are
    /// expected from it, and the state only runs out.
    pub fn update(
        &mut self,
        time: Duration,
        regions: &[Region],
        verdict: Option<&Verdict>,
        motion: &config::Motion,
        alert: &config::Alert,
    ) -> State {
        let since = |then: Duration| time.saturating_sub(then).as_secs_f64();
        if !regions.is_empty() {
            // A gap shorter than the time that motion must last doesn't begin it anew, and neither does a slow camera, in whose
            // frames there is none.
            let gap = self.last_motion.map_or(f64::INFINITY, since);
            let longest = if self.quiet { motion.min_seconds.max(0.2) } else { SLOWEST_FRAME_SECONDS };
            if self.motion_since.is_none() || gap > longest {
                self.motion_since = Some(time);
            }
            self.last_motion = Some(time);
        }
        self.quiet = regions.is_empty();
        let lasts = self.motion_since.is_some_and(|start| since(start) >= motion.min_seconds);
        let moving = !regions.is_empty() && lasts;
        let recent = self.last_motion.is_some_and(|last| since(last) < motion.hold_seconds);

        self.causes.clear();
        if moving {
            self.trespasses(regions, alert.zone_severity);
        }
        let alarming = verdict.filter(|verdict| verdict.severity > Severity::Low);
        self.anomalous = if alarming.is_some() { self.anomalous.saturating_add(1) } else { 0 };
        if let Some(verdict) = alarming.filter(|_| self.anomalous >= CONFIRM_FRAMES) {
            let kind = AlarmType::Anomaly(verdict.anomaly_type);
            self.causes.push(Cause { kind, zone: None, severity: verdict.severity });
        }
        if let Some(severity) = self.causes.iter().map(|cause| cause.severity).max() {
            let zone = self.causes.iter().find_map(|cause| cause.zone.clone());
            let before = self.last_cause.take().and_then(|(_, zone, _)| zone);
            self.last_cause = Some((time, zone.or(before), severity));
        }
        let alerted = self.last_cause.as_ref().is_some_and(|(last, ..)| since(*last) < alert.hold_seconds);
        if !alerted {
            self.last_cause = None;
        }
        self.state = if alerted {
            State::Alert
        } else if moving || (self.state != State::Idle && recent) {
            State::Motion
        } else {
            State::Idle
        };
        self.state
    }

    /// The zone that caused ALERT, while it lasts; `None` if an anomaly alone did.
    pub fn alert_zone(&self) -> Option<Arc<str>> {
        self.last_cause.as_ref().and_then(|(_, zone, _)| zone.clone())
    }

    /// How severe the last cause of ALERT was, while it lasts.
    pub fn severity(&self) -> Option<Severity> {
        self.last_cause.as_ref().map(|(_, _, severity)| *severity)
    }

    /// What raises an ALERT in the newest frame: once for each alert zone, and once for an anomaly.
    pub fn causes(&self) -> &[Cause] {
        &self.causes
    }

    /// Whether an anomaly was in the newest frame that isn't believed yet.
    pub fn is_undecided(&self) -> bool {
        (1..CONFIRM_FRAMES).contains(&self.anomalous)
    }

    fn trespasses(&mut self, regions: &[Region], severity: Severity) {
        for zone in regions.iter().filter_map(|region| region.zone.as_ref()) {
            if !self.causes.iter().any(|cause| cause.zone.as_ref() == Some(zone)) {
                self.causes.push(Cause { kind: AlarmType::Zone, zone: Some(zone.clone()), severity });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::kinds::AnomalyType;

    fn region(zone: Option<&str>) -> Region {
        let zone = zone.map(Into::into);
        Region { x: 0, y: 0, w: 9, h: 9, area: 50, track: 1, zone, speed: 0.0, dwell: 0.0 }
    }

    /// Plays one frame each 100 ms; `script` says what each shows.
    fn play(script: &[Option<Region>]) -> Vec<State> {
        let (motion, alert) = (config::Motion::default(), config::Alert::default());
        let mut machine = StateMachine::default();
        let frame = |(i, region): (usize, &Option<Region>)| {
            let time = Duration::from_millis(100 * i as u64);
            machine.update(time, region.as_slice(), None, &motion, &alert)
        };
        script.iter().enumerate().map(frame).collect()
    }

    fn count(states: &[State], state: State) -> usize {
        states.iter().filter(|&&s| s == state).count()
    }

    /// Plays one frame each 100 ms, each with an anomaly or none.
    fn judged(script: &[Option<Severity>]) -> Vec<State> {
        let (motion, alert) = (config::Motion::default(), config::Alert::default());
        let mut machine = StateMachine::default();
        let frame = |(i, severity): (usize, &Option<Severity>)| {
            let verdict = severity.map(|severity| Verdict {
                is_anomaly: true,
                anomaly_type: AnomalyType::UnusualAppearance,
                confidence: 0.9,
                severity,
                findings: Vec::new(),
                baseline_deviation: 5.0,
            });
            machine.update(Duration::from_millis(100 * i as u64), &[], verdict.as_ref(), &motion, &alert)
        };
        script.iter().enumerate().map(frame).collect()
    }

    #[test]
    fn an_anomaly_alerts_in_its_third_frame_one_after_the_other() {
        let one = Some(Severity::Medium);
        let states = judged(&[one, one, None, one, one, one, None]);
        assert_eq!(states.iter().position(|&state| state == State::Alert), Some(5));
        assert_eq!(states[6], State::Alert, "it holds");
        assert_eq!(count(&judged(&[one, one, None].repeat(20)), State::Alert), 0);
    }

    #[test]
    fn what_may_be_the_light_alone_alerts_nobody() {
        assert_eq!(count(&judged(&[Some(Severity::Low); 100]), State::Alert), 0);
    }

    #[test]
    fn nothing_moves_and_nothing_happens() {
        assert_eq!(count(&play(&vec![None; 50]), State::Idle), 50);
    }

    #[test]
    fn motion_must_last_half_a_second_and_holds_one() {
        let mut script = vec![Some(region(None)); 10];
        script.extend(vec![None; 30]);
        let states = play(&script);
        assert_eq!(states[4], State::Idle);
        assert_eq!(states[5], State::Motion);
        assert_eq!(states[18], State::Motion);
        assert_eq!(states[19], State::Idle);
        assert_eq!(count(&states, State::Alert), 0);
    }

    #[test]
    fn a_flash_of_motion_is_no_motion() {
        let mut script = vec![Some(region(Some("door"))); 3];
        script.extend(vec![None; 20]);
        script.extend(vec![Some(region(Some("door"))); 3]);
        assert_eq!(count(&play(&script), State::Idle), script.len());
    }

    #[test]
    fn causes_are_told_once_for_each_zone_and_the_anomaly_and_the_severity_holds() {
        let (motion, alert) = (config::Motion::default(), config::Alert::default());
        let mut machine = StateMachine::default();
        let regions = [region(Some("door")), region(Some("yard")), region(Some("door")), region(None)];
        let frame = |machine: &mut StateMachine, ms: u64, regions: &[Region]| {
            machine.update(Duration::from_millis(ms), regions, None, &motion, &alert)
        };
        for ms in (0..500).step_by(100) {
            frame(&mut machine, ms, &regions);
            assert_eq!((machine.causes(), machine.severity()), (&[][..], None), "motion must last");
        }
        assert_eq!(frame(&mut machine, 500, &regions), State::Alert);
        let zones: Vec<_> = machine.causes().iter().filter_map(|cause| cause.zone.as_deref()).collect();
        assert_eq!(zones, ["door", "yard"]);
        assert_eq!(frame(&mut machine, 600, &[]), State::Alert);
        assert_eq!((machine.causes(), machine.severity()), (&[][..], Some(Severity::High)));
        frame(&mut machine, 5600, &[]);
        assert_eq!(machine.severity(), None);
    }

    #[test]
    fn a_slow_camera_shows_motion_too() {
        let (motion, alert) = (config::Motion::default(), config::Alert::default());
        let mut machine = StateMachine::default();
        let mut state = |seconds, regions: &[Region]| {
            machine.update(Duration::from_secs_f64(seconds), regions, None, &motion, &alert)
        };
        let moving = [region(None)];
        assert_eq!(state(0.0, &moving), State::Idle);
        assert_eq!(state(2.0, &moving), State::Motion, "one frame in two seconds");
        assert_eq!(state(4.0, &[]), State::Idle);
        assert_eq!(state(6.0, &moving), State::Idle, "nothing moved in between");
        assert_eq!(state(60.0, &moving), State::Idle, "nobody knows what was in between");
    }

    #[test]
    fn one_missing_frame_does_not_begin_motion_anew() {
        let mut script = vec![Some(region(None)); 4];
        script.push(None);
        script.extend(vec![Some(region(None)); 3]);
        assert_eq!(play(&script)[5], State::Motion);
    }

    #[test]
    fn a_region_in_an_alert_zone_alerts_and_holds_five_seconds_then_goes_back_to_what_is() {
        let mut script = vec![Some(region(None)); 10];
        script.push(Some(region(Some("door"))));
        script.extend(vec![Some(region(None)); 60]);
        script.extend(vec![None; 30]);
        let states = play(&script);
        assert_eq!(states[9], State::Motion);
        assert_eq!(states[10], State::Alert);
        assert_eq!(states[59], State::Alert);
        assert_eq!(states[60], State::Motion);
        assert_eq!(states[90], State::Idle);
    }
}
