//! Lines that exist in memory, for tests: their levels are written down, and they can be taken away.

use super::{Driver, InputLine, OutputLine, Request};
use crate::config::outputs::Bias;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A board without hardware. Clones are the same board.
#[derive(Clone, Default)]
pub struct Recorded(Arc<Mutex<Board>>);

#[derive(Default)]
struct Board {
    levels: HashMap<String, bool>,
    /// Each level that was set, in order.
    moves: Vec<(String, bool)>,
    /// Why the line can't be used.
    faults: HashMap<String, String>,
}

impl Recorded {
    fn with<T>(&self, work: impl FnOnce(&mut Board) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The logical level of a line.
    pub fn level(&self, line: &str) -> Option<bool> {
        self.with(|board| board.levels.get(line).copied())
    }

    /// Drives an input.
    pub fn drive(&self, line: &str, level: bool) {
        self.with(|board| board.levels.insert(line.into(), level));
    }

    /// Takes a line away, or gives it back with `None`.
    pub fn fault(&self, line: &str, why: Option<&str>) {
        self.with(|board| match why {
            Some(why) => board.faults.insert(line.into(), why.into()),
            None => board.faults.remove(line),
        });
    }

    /// Every level that was set since the last call, in order.
    pub fn moves(&self) -> Vec<(String, bool)> {
        self.with(|board| std::mem::take(&mut board.moves))
    }

    fn take(&self, request: &Request) -> Result<RecordedLine, String> {
        let name = request.line.to_string();
        self.with(|board| match board.faults.get(&name) {
            Some(why) => Err(why.clone()),
            None => {
                board.levels.entry(name.clone()).or_insert(false);
                Ok(RecordedLine { board: self.clone(), name })
            }
        })
    }
}

struct RecordedLine {
    board: Recorded,
    name: String,
}

impl RecordedLine {
    fn level(&self) -> Result<bool, String> {
        self.board.with(|board| match board.faults.get(&self.name) {
            Some(why) => Err(why.clone()),
            None => Ok(board.levels.get(&self.name).copied().unwrap_or_default()),
        })
    }
}

impl Driver for Recorded {
    fn name(&self) -> &'static str {
        "recorded"
    }

    fn output(&self, request: &Request) -> Result<Box<dyn OutputLine>, String> {
        let mut line = self.take(request)?;
        line.set(false)?;
        Ok(Box::new(line))
    }

    fn input(&self, request: &Request, _: Bias) -> Result<Box<dyn InputLine>, String> {
        Ok(Box::new(self.take(request)?))
    }
}

impl OutputLine for RecordedLine {
    fn set(&mut self, on: bool) -> Result<(), String> {
        self.level()?;
        self.board.with(|board| {
            board.levels.insert(self.name.clone(), on);
            board.moves.push((self.name.clone(), on));
        });
        Ok(())
    }

    fn get(&self) -> Result<bool, String> {
        self.level()
    }
}

impl InputLine for RecordedLine {
    fn get(&self) -> Result<bool, String> {
        self.level()
    }
}
