//! What the cameras tell the outputs: the newest state of each, and every cause since the last time.

use crate::alert::Cause;
use crate::anomaly::kinds::Severity;
use crate::pipeline::{Analysis, State};
use std::time::Duration;

/// Causes that wait at most; only the last of equal ones is kept, so there are no more than this of different ones.
const MOST_CAUSES: usize = 256;

/// Whether a camera gives pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Nobody wants it to run.
    #[default]
    Stopped,
    /// Its first frame is awaited.
    Starting,
    Well,
    /// It should run and gives nothing.
    Lost,
}

/// The newest state of one camera.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    pub health: Health,
    pub state: State,
    /// What is normal isn't known yet.
    pub learning: bool,
    /// Of the ALERT.
    pub severity: Option<Severity>,
}

/// A cause, where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// Number of the camera.
    pub camera: usize,
    pub cause: Cause,
    /// The camera still learned what is normal.
    pub learning: bool,
    pub captured: Duration,
}

/// What is new since it was taken the last time.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// One for each camera.
    pub views: Vec<View>,
    pub alarms: Vec<Alarm>,
    /// When the newest frame was captured that changed a view.
    pub captured: Option<Duration>,
}

impl News {
    pub fn new(cameras: usize) -> Self {
        Self { views: vec![View::default(); cameras], ..Self::default() }
    }

    /// Takes what was found in a frame; true if there is something to do.
    pub fn frame(&mut self, camera: usize, analysis: &Analysis) -> bool {
        let unlearned = analysis.judgement.as_ref().is_some_and(|judgement| !judgement.complete);
        let learning = analysis.learning || unlearned;
        let view =
            View { health: Health::Well, state: analysis.state, learning, severity: analysis.alert_severity };
        let mut news = self.view(camera, view);
        if news {
            self.captured = Some(analysis.captured);
        }
        // A change of light proves nothing about things: no relay acts on a frame that shows one.
        if !analysis.lighting {
            for cause in &analysis.causes {
                let alarm = Alarm { camera, cause: cause.clone(), learning, captured: analysis.captured };
                self.alarm(alarm);
                news = true;
            }
        }
        news
    }

    /// The camera gives no pictures, or none yet; true if that is new.
    pub fn health(&mut self, camera: usize, health: Health) -> bool {
        let learning = self.views.get(camera).is_some_and(|view| view.learning);
        self.view(camera, View { health, learning, ..View::default() })
    }

    fn view(&mut self, camera: usize, new: View) -> bool {
        let Some(view) = self.views.get_mut(camera) else { return false };
        let changed = *view != new;
        *view = new;
        changed
    }

    fn alarm(&mut self, alarm: Alarm) {
        let same = |other: &Alarm| (other.camera, &other.cause) == (alarm.camera, &alarm.cause);
        if let Some(known) = self.alarms.iter_mut().find(|other| same(other)) {
            *known = alarm;
        } else if self.alarms.len() < MOST_CAUSES {
            self.alarms.push(alarm);
        }
    }

    /// What was new; the views stay.
    pub fn take(&mut self) -> Self {
        Self {
            views: self.views.clone(),
            alarms: std::mem::take(&mut self.alarms),
            captured: self.captured.take(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::Judgement;
    use crate::config::outputs::AlarmType;

    fn alert(lighting: bool) -> Analysis {
        let cause = Cause { kind: AlarmType::Zone, zone: Some("door".into()), severity: Severity::High };
        Analysis {
            state: State::Alert,
            alert_severity: Some(Severity::High),
            causes: vec![cause],
            lighting,
            judgement: Some(Judgement { complete: true, ..Judgement::default() }),
            ..Analysis::default()
        }
    }

    #[test]
    fn causes_are_kept_until_they_are_taken_and_equal_ones_once() {
        let mut news = News::new(2);
        assert!(news.frame(1, &alert(false)) && news.frame(1, &alert(false)) && news.frame(0, &alert(false)));
        assert!(news.frame(1, &Analysis::default()), "the state is another one");
        assert!(!news.frame(1, &Analysis::default()), "nothing is new");
        let taken = news.take();
        assert_eq!(taken.alarms.iter().map(|alarm| alarm.camera).collect::<Vec<_>>(), [1, 0]);
        assert_eq!(taken.views[1].state, State::Idle);
        assert!(news.take().alarms.is_empty());
        assert_eq!(news.views, taken.views);
    }

    #[test]
    fn a_change_of_light_is_no_cause() {
        let mut news = News::new(1);
        news.frame(0, &alert(true));
        assert_eq!((news.alarms.len(), news.views[0].state), (0, State::Alert));
    }

    #[test]
    fn what_was_found_says_nothing_once_the_camera_is_lost() {
        let mut news = News::new(1);
        news.frame(0, &alert(false));
        assert!(news.health(0, Health::Lost) && !news.health(0, Health::Lost));
        assert_eq!(news.views[0], View { health: Health::Lost, ..View::default() });
    }
}
