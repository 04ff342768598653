//! What is kept of an event: one stretch from the first motion to the end of its state, at one camera.

use crate::anomaly::kinds::Severity;
use crate::pipeline::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One event. As JSON it is in the API's answers, and at the end of its clip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Unix time in milliseconds at which it was first written, or a little more: no two events share it.
    pub id: i64,
    pub camera: String,
    /// Of the first motion, Unix time in milliseconds.
    pub began: i64,
    /// Of the last; `None` while it is under way.
    pub ended: Option<i64>,
    /// The wall clock had been set when it began; else the times say little.
    pub time_synced: bool,
    /// Milliseconds from the program's start to the first motion, which no clock that is set can move.
    pub since_start: i64,
    /// The highest that was reached.
    #[serde(with = "state")]
    pub state: State,
    /// The highest that it had, as an anomaly or by its alert zone.
    pub severity: Option<Severity>,
    /// What was strange, as `/status` tells it; of the most severe moment.
    pub verdict: Option<Value>,
    /// The alert zone that somebody was in.
    pub zone: Option<String>,
    /// The anomaly score of the best moment.
    pub score: f64,
    /// Things that moved.
    pub tracks: u32,
    /// Where they were at the best moment, which the snapshot shows; in pixels of it.
    pub regions: Vec<Area>,
    pub clip: Option<Clip>,
    /// Retention doesn't delete it.
    pub keep: bool,
    /// What is missing of its files, and why, in words.
    pub fault: Option<String>,
}

/// A box, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    pub x: u32,
    pub y: u32,
    pub w: u32,
    pub h: u32,
}

/// What a clip holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clip {
    pub frames: u32,
    pub seconds: f64,
    pub width: u32,
    pub height: u32,
    pub bytes: u64,
    /// Of its first picture, Unix time in milliseconds.
    pub began: i64,
}

impl Event {
    /// One of which nothing is known yet but where and when something moved.
    pub fn new(id: i64, camera: &str, began: i64) -> Self {
        Self {
            id,
            camera: camera.into(),
            began,
            ended: None,
            time_synced: false,
            since_start: 0,
            state: State::Motion,
            severity: None,
            verdict: None,
            zone: None,
            score: 0.0,
            tracks: 0,
            regions: Vec::new(),
            clip: None,
            keep: false,
            fault: None,
        }
    }

    /// Of the verdict.
    pub fn anomaly_type(&self) -> Option<&str> {
        self.verdict.as_ref()?.get("anomaly_type")?.as_str()
    }
}

/// Unix time in milliseconds; before 1970 it is 0.
pub fn milliseconds(wall: SystemTime) -> i64 {
    let since = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The other way.
pub fn wall(milliseconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
}

/// IDLE, MOTION and ALERT by their names.
pub mod state {
    use crate::pipeline::State;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(state: &State, serializer: S) -> Result<S::Ok, S::Error> {
        state.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<State, D::Error> {
        let name = String::deserialize(deserializer)?;
        State::parse(&name).ok_or_else(|| D::Error::custom(format!("{name} is no state")))
    }
}
