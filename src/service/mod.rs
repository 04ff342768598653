//! What the process owes to its surroundings: time, orderly stop, systemd.

pub mod clock;
pub mod logging;
pub mod shield;
pub mod slot;
pub mod systemd;
