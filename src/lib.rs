//! edge-cctv: frames come in, motion is found, states change, and pictures go out.
//!
//! Data flows one way: `camera` → `pipeline` (`picture`, `motion`) → `alert` → `outputs` and `publisher` → `server`.
//! The modules on the left know nothing of those on their right.

pub mod access;
pub mod alert;
pub mod anomaly;
pub mod appliance;
pub mod camera;
pub mod commands;
pub mod config;
pub mod events;
pub mod motion;
pub mod outputs;
pub mod picture;
pub mod pipeline;
pub mod publisher;
pub mod server;
pub mod service;
pub mod settings;
pub mod snapshots;
