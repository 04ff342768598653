//! Hands coded pictures from the thread that reads them to the one that decodes them. Newest wins: a picture that needs
//! no other throws out all that wait, and where one is missing, those that build on it are never handed out.

use crate::camera::CameraError;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Coded pictures that wait, altogether. A decoder that is so far behind begins again at the next key picture.
const MOST_BYTES: usize = 32 << 20;

/// Reasons of unusable pictures that are kept for the log.
const MOST_REASONS: usize = 8;

/// How a picture is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Jpeg,
    /// In Annex B form, with its parameter sets before each key picture.
    H264,
}

/// One picture on its way.
#[derive(Clone, Debug)]
pub struct Item {
    pub coding: Coding,
    /// It needs no other picture.
    pub key: bool,
    /// Something is missing between the last one and this.
    pub gap: bool,
    /// Its place in the order of showing, which is another one than that of coming where pictures build on later ones.
    pub place: i64,
    /// On the process's clock.
    pub captured: Duration,
    pub data: Vec<u8>,
}

/// What comes off the belt.
#[derive(Debug)]
pub enum Taken {
    /// With its number: pictures that were left out on the way are numbered, too.
    Item(u64, Item),
    /// A picture that can't be used, in words.
    Broken(String),
    /// No more pictures come.
    End(CameraError),
    /// Nothing came in time.
    Nothing,
}

#[derive(Default)]
struct State {
    items: VecDeque<(u64, Item)>,
    bytes: usize,
    /// Pictures so far.
    count: u64,
    /// Nothing can be decoded before the next key picture.
    awaiting_key: bool,
    broken: VecDeque<String>,
    end: Option<CameraError>,
}

impl State {
    fn clear(&mut self) {
        self.items.clear();
        self.bytes = 0;
    }

    fn push(&mut self, number: u64, item: Item) {
        if item.key {
            self.clear();
            self.awaiting_key = false;
        } else if item.gap && !self.awaiting_key {
            self.awaiting_key = true;
            self.tell("a part was lost in the network; waiting for the next key frame".into());
        } else if !self.awaiting_key && self.bytes + item.data.len() > MOST_BYTES {
            self.clear();
            self.awaiting_key = true;
            self.tell("decoding can't keep up; waiting for the next key frame".into());
        }
        if !self.awaiting_key {
            self.bytes += item.data.len();
            self.items.push_back((number, item));
        }
    }

    fn tell(&mut self, reason: String) {
        if self.broken.len() < MOST_REASONS {
            self.broken.push_back(reason);
        }
    }
}

#[derive(Default)]
pub struct Belt {
    state: Mutex<State>,
    changed: Condvar,
}

impl Belt {
    /// Puts on what has come at once: pictures, and reasons why one can't be used.
    pub fn push(&self, arrived: impl IntoIterator<Item = Result<Item, String>>) {
        let mut state = self.lock();
        for arrived in arrived {
            let number = state.count;
            state.count += 1;
            match arrived {
                Ok(item) => state.push(number, item),
                Err(reason) => state.tell(reason),
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    /// No more pictures will come.
    pub fn end(&self, error: CameraError) {
        self.lock().end.get_or_insert(error);
        self.changed.notify_all();
    }

    /// What was decoded last is bad, and all that builds on it.
    pub fn await_key(&self) {
        let mut state = self.lock();
        // A key picture that waits already is as good as one that comes.
        if !state.items.front().is_some_and(|(_, item)| item.key) {
            state.clear();
            state.awaiting_key = true;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.lock().items.is_empty()
    }

    /// Waits for the next thing. Pictures that came before the end come before it.
    pub fn take(&self, deadline: Instant) -> Taken {
        let mut state = self.lock();
        loop {
            if let Some(reason) = state.broken.pop_front() {
                return Taken::Broken(reason);
            }
            if let Some((number, item)) = state.items.pop_front() {
                state.bytes -= item.data.len();
                return Taken::Item(number, item);
            }
            if let Some(error) = &state.end {
                return Taken::End(error.clone());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Taken::Nothing;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(key: bool, gap: bool, length: usize) -> [Result<Item, String>; 1] {
        [Ok(Item {
            coding: Coding::H264,
            key,
            gap,
            place: 0,
            captured: Duration::ZERO,
            data: vec![0; length],
        })]
    }

    /// Numbers of the pictures that wait, and how many reasons.
    fn drain(belt: &Belt) -> (Vec<u64>, usize) {
        let (mut numbers, mut reasons) = (Vec::new(), 0);
        loop {
            match belt.take(Instant::now()) {
                Taken::Item(number, _) => numbers.push(number),
                Taken::Broken(_) => reasons += 1,
                Taken::End(_) | Taken::Nothing => return (numbers, reasons),
            }
        }
    }

    #[test]
    fn a_key_picture_throws_out_what_waits() {
        let belt = Belt::default();
        for key in [true, false, false, true, false] {
            belt.push(item(key, false, 1));
        }
        assert_eq!(drain(&belt), (vec![3, 4], 0));
    }

    #[test]
    fn after_a_loss_nothing_comes_before_the_next_key_picture() {
        let belt = Belt::default();
        belt.push(item(true, false, 1));
        for gap in [false, true, false, true] {
            belt.push(item(false, gap, 1));
        }
        assert_eq!(drain(&belt), (vec![0, 1], 1), "told once");
        belt.push(item(false, false, 1));
        belt.push(item(true, true, 1));
        belt.push(item(false, false, 1));
        assert_eq!(drain(&belt), (vec![6, 7], 0));
    }

    #[test]
    fn what_waits_is_bounded() {
        let belt = Belt::default();
        belt.push(item(true, false, 1));
        for _ in 0..100 {
            belt.push(item(false, false, MOST_BYTES / 10));
            assert!(belt.lock().bytes <= MOST_BYTES);
        }
        assert_eq!(drain(&belt), (vec![], 1));
        for _ in 0..100 {
            belt.push([Err("again".into())]);
        }
        assert_eq!(drain(&belt), (vec![], MOST_REASONS));
    }

    #[test]
    fn a_bad_picture_takes_those_that_build_on_it_along() {
        let belt = Belt::default();
        belt.push(item(true, false, 1));
        belt.push(item(false, false, 1));
        assert!(matches!(belt.take(Instant::now()), Taken::Item(0, _)));
        belt.await_key();
        belt.push(item(false, false, 1));
        assert_eq!(drain(&belt).0, [0; 0]);
        belt.push(item(true, false, 1));
        belt.await_key();
        assert_eq!(drain(&belt).0, [3], "a key picture that waits is the next one");
    }

    #[test]
    fn the_end_comes_after_the_last_picture_and_stays() {
        let belt = Belt::default();
        belt.push(item(true, false, 1));
        belt.end(CameraError::End);
        belt.end(CameraError::Lost("later".into()));
        assert!(matches!(belt.take(Instant::now()), Taken::Item(..)));
        for _ in 0..2 {
            assert!(matches!(belt.take(Instant::now()), Taken::End(CameraError::End)));
        }
    }
}
