//! The last lines that were logged, in memory: for whoever looks at the program and not at its terminal. Knows log
//! records, not where else they go.

use log::kv::Key;
use log::{Level, Record};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// So many lines are kept.
pub const KEPT: usize = 500;

/// What is longer is cut off: a defect may log anything.
const LONGEST_BYTES: usize = 2000;

/// A line of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub time: SystemTime,
    pub level: Level,
    pub text: String,
    /// The record's field of that name.
    pub camera: Option<String>,
}

/// The newest lines.
#[derive(Default)]
pub struct Recent(Mutex<VecDeque<Line>>);

impl Recent {
    /// Without lines, for a static.
    pub const fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    pub fn keep(&self, record: &Record, time: SystemTime) {
        let mut text = record.args().to_string();
        text.truncate(text.floor_char_boundary(LONGEST_BYTES));
        let camera = record.key_values().get(Key::from_str("camera")).map(|name| name.to_string());
        // Nothing is logged while this is locked.
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(Line { time, level: record.level(), text, camera });
    }

    /// The last `most` lines, oldest first.
    pub fn newest(&self, most: usize) -> Vec<Line> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().skip(lines.len().saturating_sub(most)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    fn keep(recent: &Recent, text: &str) {
        recent.keep(&Record::builder().level(Level::Warn).args(format_args!("{text}")).build(), UNIX_EPOCH);
    }

    fn texts(recent: &Recent, most: usize) -> Vec<String> {
        recent.newest(most).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn the_newest_lines_are_kept_in_their_order() {
        let recent = Recent::new();
        assert!(recent.newest(10).is_empty());
        (0..KEPT + 20).for_each(|number| keep(&recent, &number.to_string()));
        assert_eq!(texts(&recent, 2), ["518", "519"]);
        let all = texts(&recent, 1000);
        assert_eq!((all.len(), all[0].as_str()), (KEPT, "20"));
    }

    #[test]
    fn a_line_has_its_level_and_camera_and_no_more_than_a_line() {
        let recent = Recent::new();
        let camera = [("camera", "yard")];
        let fields: &dyn log::kv::Source = &camera;
        recent.keep(
            &Record::builder().level(Level::Error).args(format_args!("lost")).key_values(fields).build(),
            UNIX_EPOCH,
        );
        let line = recent.newest(1).remove(0);
        assert_eq!((line.level, line.camera.as_deref()), (Level::Error, Some("yard")));
        keep(&recent, &"ä".repeat(LONGEST_BYTES));
        assert_eq!(recent.newest(1)[0].text.len(), LONGEST_BYTES);
    }
}
