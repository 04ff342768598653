//! The status as it changes, as server-sent events: what people see at once is told within a moment, figures at a rate.
//! What a status is made of is `status`'s.

use super::App;
use super::problem::Problem;
use super::query::Parameters;
use super::status::Moment;
use crate::access::Grant;
use crate::anomaly::kinds::{AnomalyType, Severity};
use crate::appliance::CameraHandle;
use crate::pipeline::State as AiState;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// So many may follow the status or the events at once: browsers open one for each page.
pub const MOST_FOLLOWERS: usize = 96;

/// When somebody who found no place may ask again, in seconds.
const RETRY_SECONDS: u32 = 5;

/// How often it is looked whether anything changed.
const LOOK_PERIOD: Duration = Duration::from_millis(100);

/// A proxy that hears nothing must not take the connection for dead.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// `GET /api/status/stream`
pub async fn follow(
    State(app): State<Arc<App>>,
    Extension(grant): Extension<Grant>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let camera = parameters.camera(&app)?.clone();
    let rate = parameters.rate()?;
    let place = app.followers.clone().try_acquire_owned().map_err(|_| full())?;
    let follower = Follower::new(app, camera, rate, grant.ended, place);
    let events = stream::unfold(follower, async |mut follower| Some((follower.next().await?, follower)));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

pub fn full() -> Problem {
    let detail = format!(
        "so many pages follow already: {MOST_FOLLOWERS}; GET /status and GET /api/events tell it too"
    );
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Too many followers", detail).retry_after(RETRY_SECONDS)
}

/// Somebody who follows a camera's status.
struct Follower {
    app: Arc<App>,
    camera: Arc<CameraHandle>,
    looks: Interval,
    told: Option<Noticeable>,
    pace: Pace,
    ended: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    fn new(
        app: Arc<App>,
        camera: Arc<CameraHandle>,
        rate: f32,
        ended: CancellationToken,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let mut looks = interval(LOOK_PERIOD);
        // Somebody slow gets the newest status, and none that was missed.
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { app, camera, looks, told: None, pace: Pace::new(rate, Instant::now()), ended, _place: place }
    }

    /// The next event; `None` when the login is over or the program ends.
    async fn next(&mut self) -> Option<Result<Event, axum::Error>> {
        loop {
            tokio::select! {
                biased;
                () = self.ended.cancelled() => return None,
                now = self.looks.tick() => {
                    let moment = Moment::of(&self.app, &self.camera);
                    let noticeable = Noticeable::of(&moment);
                    let changed = self.told.as_ref() != Some(&noticeable);
                    if self.pace.is_due(now, changed) {
                        self.told = Some(noticeable);
                        return Some(Event::default().json_data(moment.body()));
                    }
                }
            }
        }
    }
}

/// When the next event is due.
struct Pace {
    period: Duration,
    due: Instant,
}

impl Pace {
    /// The first is due at once.
    fn new(rate: f32, now: Instant) -> Self {
        Self { period: Duration::from_secs_f32(1.0 / rate), due: now }
    }

    /// Whether an event is to be sent now, and if so, when the one after it.
    fn is_due(&mut self, now: Instant, changed: bool) -> bool {
        if changed {
            self.due = now + self.period;
            return true;
        }
        // Half a look early is nearer than half a look late.
        let is_due = now + LOOK_PERIOD / 2 >= self.due;
        if is_due {
            // From when it was due, so that lookings' steps don't slow the rate, but nothing is made up for.
            self.due = (self.due + self.period).max(now + self.period / 2);
        }
        is_due
    }
}

/// What people see at once.
#[derive(Debug, PartialEq)]
struct Noticeable {
    state: AiState,
    streaming: bool,
    active: bool,
    degraded: bool,
    anomaly: Option<(AnomalyType, Severity)>,
    alert_zone: Option<Arc<str>>,
    armed: bool,
    silent: bool,
    outputs: Vec<bool>,
    inputs: Vec<Option<bool>>,
}

impl Noticeable {
    fn of(Moment { condition, report, .. }: &Moment) -> Self {
        Self {
            state: condition.state(),
            streaming: condition.streaming,
            active: condition.active,
            degraded: condition.degraded.is_some(),
            anomaly: condition.verdict().map(|verdict| (verdict.anomaly_type, verdict.severity)),
            alert_zone: condition.fresh_analysis().and_then(|analysis| analysis.alert_zone.clone()),
            armed: report.armed,
            silent: report.silent_until.is_some(),
            outputs: report.outputs.iter().map(|output| output.on).collect(),
            inputs: report.inputs.iter().map(|input| input.active).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In how many of ten seconds' looks an event is sent when nothing changes.
    fn sent(rate: f32) -> usize {
        let start = Instant::now();
        let mut pace = Pace::new(rate, start);
        (0..100).filter(|&look| pace.is_due(start + LOOK_PERIOD * look, false)).count()
    }

    #[test]
    fn events_come_at_the_rate_that_was_asked_for() {
        for (rate, expected) in [(1.0, 10), (2.0, 20), (3.0, 30), (7.0, 70), (10.0, 100)] {
            assert_eq!(sent(rate), expected, "{rate}");
        }
    }

    #[test]
    fn a_change_is_told_at_once_and_the_rate_counts_from_it() {
        let start = Instant::now();
        let mut pace = Pace::new(1.0, start);
        let mut due =
            |milliseconds, changed| pace.is_due(start + Duration::from_millis(milliseconds), changed);
        assert!(due(0, true), "the first");
        assert!(!due(300, false) && due(400, true));
        assert!(!due(1000, false) && due(1400, false));
    }

    #[test]
    fn somebody_slow_gets_no_burst_afterwards() {
        let start = Instant::now();
        let mut pace = Pace::new(1.0, start);
        let mut due = |milliseconds| pace.is_due(start + Duration::from_millis(milliseconds), false);
        assert!(due(0) && due(30_000));
        assert!(!due(30_100) && !due(30_400));
    }
}
