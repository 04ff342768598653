//! The names of snapshots: what they tell, and that nothing else is one.

use std::path::{Path, PathBuf};

/// Where the time-lapse is, so that it lengthens no other list.
pub const TIMELAPSE: &str = "timelapse";

/// What a snapshot's file name says. Fields in this order, so that it sorts by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Unix seconds.
    pub time: u64,
    /// From 1 on, among those of the same second that were asked for.
    pub number: u32,
    /// Of the time-lapse; `None`: somebody asked for it.
    pub camera: Option<String>,
}

impl Name {
    /// Reads `snapshot_TIME.jpg`, `snapshot_TIME_NUMBER.jpg` (the guide's) and `timelapse_CAMERA_TIME.jpg`; `None` for any other
    /// text, which must not reach the file system.
    pub fn parse(filename: &str) -> Option<Self> {
        // A name has one spelling: `snapshot_007.jpg` is none.
        Self::read(filename).filter(|name| name.filename() == filename)
    }

    fn read(filename: &str) -> Option<Self> {
        let number =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok())?;
        let stem = filename.strip_suffix(".jpg")?;
        if let Some(rest) = stem.strip_prefix("timelapse_") {
            let (camera, time) = rest.rsplit_once('_')?;
            let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
            let is_name = !camera.is_empty() && camera.chars().all(fits);
            return is_name.then_some(Self { time: number(time)?, number: 1, camera: Some(camera.into()) });
        }
        let (time, count) = match stem.strip_prefix("snapshot_")?.split_once('_') {
            None => (stem.strip_prefix("snapshot_")?, 1),
            Some((time, count)) => (time, number(count)?.try_into().ok()?),
        };
        Some(Self { time: number(time)?, number: count, camera: None })
    }

    pub fn filename(&self) -> String {
        match (&self.camera, self.number) {
            (Some(camera), _) => format!("timelapse_{camera}_{}.jpg", self.time),
            (None, 1) => format!("snapshot_{}.jpg", self.time),
            (None, number) => format!("snapshot_{}_{number}.jpg", self.time),
        }
    }

    /// Where it is in the folder of snapshots.
    pub fn path(&self, folder: &Path) -> PathBuf {
        match self.camera {
            Some(_) => folder.join(TIMELAPSE).join(self.filename()),
            None => folder.join(self.filename()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_the_same_after_it_was_written() {
        for (text, time, number, camera) in [
            ("snapshot_1700000000.jpg", 1_700_000_000, 1, None),
            ("snapshot_1700000000_12.jpg", 1_700_000_000, 12, None),
            ("timelapse_front_door-2_1700000000.jpg", 1_700_000_000, 1, Some("front_door-2")),
        ] {
            let name = Name::parse(text).unwrap();
            assert_eq!(name, Name { time, number, camera: camera.map(str::to_string) });
            assert_eq!(name.filename(), text);
        }
    }

    #[test]
    fn nothing_else_is_a_name() {
        for text in [
            "",
            "secret.jpg",
            "../snapshot_2.jpg",
            "snapshot_../../1.jpg",
            "snapshot_1.jpg\0",
            "snapshot_+1.jpg",
            "snapshot_1_+2.jpg",
            "snapshot_007.jpg",
            "snapshot_7_1.jpg",
            "timelapse_yard_07.jpg",
            "timelapse_1.jpg",
            "timelapse__1.jpg",
            "timelapse_../x_1.jpg",
            "timelapse_a/b_1.jpg",
            "timelapse_yard_.png",
            "timelapse_yard_99999999999999999999.jpg",
        ] {
            assert_eq!(Name::parse(text), None, "{text:?}");
        }
    }
}
