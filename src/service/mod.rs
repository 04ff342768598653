//! What the process owes to its surroundings: time, orderly stop, systemd, heat, memory.

pub mod beat;
pub mod boot;
pub mod claim;
pub mod clock;
pub mod courtesy;
pub mod durable;
pub mod health;
pub mod logging;
pub mod machine;
pub mod process;
pub mod progress;
pub mod recent;
pub mod shield;
pub mod slot;
pub mod systemd;
pub mod thermal;
pub mod update;
