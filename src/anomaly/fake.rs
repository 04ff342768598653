//! In the network's place, for tests: says what it is told to.

use super::contract::STRIDE;
use super::model::{Describe, Descriptors, ModelError, NetworkInfo};
use super::stack::FRAMES;
use crate::config::Provider;
use crate::picture::plane::Plane;
use std::time::Duration;

/// Channels of `moving`, `flow`, `size`, `kind`, `appearance` and `tone`.
const CHANNELS: [(&str, usize); 6] =
    [("moving", 1), ("flow", 2), ("size", 1), ("kind", 2), ("appearance", 4), ("tone", 2)];

/// At each look `says` is asked for the value of all descriptors.
pub struct Fake<F> {
    info: NetworkInfo,
    says: F,
    values: Vec<f32>,
}

impl<F: FnMut() -> Result<f32, ModelError> + Send> Fake<F> {
    pub fn new(says: F) -> Self {
        let mut end = 0;
        let group = |(name, count): (&str, usize)| {
            end += count;
            (name.to_string(), end - count..end)
        };
        let info = NetworkInfo {
            version: "fake".into(),
            training_commit: String::new(),
            data_sha256: String::new(),
            interval: Duration::from_millis(200),
            stride: STRIDE,
            groups: CHANNELS.map(group).into(),
            provider: Provider::Cpu,
            fallback: None,
            library_version: String::new(),
            fingerprint: 1,
        };
        Self { info, says, values: Vec::new() }
    }
}

impl<F: FnMut() -> Result<f32, ModelError> + Send> Describe for Fake<F> {
    fn info(&self) -> &NetworkInfo {
        &self.info
    }

    fn describe(&mut self, stack: [&Plane; FRAMES]) -> Result<Descriptors<'_>, ModelError> {
        let (columns, rows) = (stack[0].width / STRIDE, stack[0].height / STRIDE);
        let channels = CHANNELS.iter().map(|(_, count)| count).sum();
        self.values.clear();
        self.values.resize(channels * rows * columns, (self.says)()?);
        Ok(Descriptors { columns, rows, channels, values: &self.values })
    }
}
