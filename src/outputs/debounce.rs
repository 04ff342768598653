//! Takes the trembling off an input: a level counts once it has lasted.

use std::time::Duration;

/// One input over time.
#[derive(Clone, Debug, Default)]
pub struct Debounce {
    level: Option<bool>,
    /// Another level than that, and since when.
    candidate: Option<(bool, Duration)>,
}

impl Debounce {
    /// The level that counts; `None`: none has lasted yet.
    pub fn level(&self) -> Option<bool> {
        self.level
    }

    /// Takes what the line shows now; true if another level counts from now on.
    pub fn sample(&mut self, now: Duration, raw: bool, lasting: Duration) -> bool {
        if self.level == Some(raw) {
            self.candidate = None;
            return false;
        }
        let since = match self.candidate {
            Some((level, since)) if level == raw => since,
            _ => now,
        };
        self.candidate = Some((raw, since));
        if now.saturating_sub(since) < lasting {
            return false;
        }
        (self.level, self.candidate) = (Some(raw), None);
        true
    }

    /// The line can't be read any more.
    pub fn lose(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_counts_once_it_has_lasted() {
        let mut debounce = Debounce::default();
        let lasting = Duration::from_millis(50);
        // One letter each 10 ms.
        let levels = "000000000011111111110111101111111100000";
        let changes: Vec<_> = levels
            .bytes()
            .enumerate()
            .filter(|(index, level)| {
                debounce.sample(Duration::from_millis(10 * *index as u64), *level == b'1', lasting)
            })
            .map(|(index, _)| index)
            .collect();
        assert_eq!(changes, [5, 15], "dips of 10 ms and the last 40 ms don't count");
        assert_eq!(debounce.level(), Some(true));
        debounce.lose();
        assert_eq!(debounce.level(), None);
        assert!(debounce.sample(Duration::from_secs(9), true, Duration::ZERO));
    }
}
