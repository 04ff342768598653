//! The way from one thread to the next on which the newest value wins.

use std::sync::{Condvar, Mutex, PoisonError};

/// A place for the newest value: putting replaces what nobody took, taking waits.
/// The way of one frame between two threads; a slow taker misses values and delays nobody.
pub struct Slot<T> {
    state: Mutex<SlotState<T>>,
    changed: Condvar,
}

/// What ended the waiting.
#[derive(Debug, PartialEq)]
pub enum Taken<T> {
    Value(T),
    Nudge,
}

struct SlotState<T> {
    value: Option<T>,
    nudged: bool,
    closed: bool,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            state: Mutex::new(SlotState { value: None, nudged: false, closed: false }),
            changed: Condvar::new(),
        }
    }
}

impl<T> Slot<T> {
    /// Puts a value. What nobody took is dropped, after `inherit` had a look at it for what the newer value must not lose.
    pub fn put(&self, mut value: T, inherit: impl FnOnce(&T, &mut T)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(missed) = state.value.take() {
            inherit(&missed, &mut value);
        }
        state.value = Some(value);
        // Who wakes with the lock held would sleep again at once.
        drop(state);
        self.changed.notify_one();
    }

    /// The newest value, waiting for one; `None` once the slot is closed.
    pub fn take(&self) -> Option<T> {
        loop {
            if let Taken::Value(value) = self.take_or_nudge()? {
                return Some(value);
            }
        }
    }

    /// The same, but also returns without a value when somebody nudges.
    pub fn take_or_nudge(&self) -> Option<Taken<T>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if state.closed {
                return None;
            }
            let nudged = std::mem::take(&mut state.nudged);
            if let Some(value) = state.value.take() {
                return Some(Taken::Value(value));
            }
            if nudged {
                return Some(Taken::Nudge);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Wakes the taker although there is no value: there is something else to do.
    pub fn nudge(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).nudged = true;
        self.changed.notify_one();
    }

    /// Ends all waiting, for ever.
    pub fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_value_wins() {
        let slot = Slot::default();
        for value in 1..=5 {
            slot.put(value, |_, _| {});
        }
        assert_eq!(slot.take(), Some(5));
    }

    #[test]
    fn what_must_not_be_lost_is_handed_on() {
        let slot = Slot::default();
        slot.put((1, true), |_, _| {});
        slot.put((2, false), |old, new| new.1 |= old.1);
        assert_eq!(slot.take(), Some((2, true)));
    }

    #[test]
    fn a_nudge_wakes_without_a_value_and_loses_none() {
        let slot = Slot::default();
        slot.nudge();
        assert_eq!(slot.take_or_nudge(), Some(Taken::Nudge));
        slot.nudge();
        slot.put(1, |_, _| {});
        assert_eq!(slot.take_or_nudge(), Some(Taken::Value(1)));
    }

    #[test]
    fn closing_ends_the_waiting() {
        let slot = std::sync::Arc::new(Slot::<u8>::default());
        let waiting = std::thread::spawn({
            let slot = slot.clone();
            move || slot.take()
        });
        slot.close();
        assert_eq!(waiting.join().expect("no panic"), None);
    }
}
