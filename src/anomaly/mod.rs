//! What is normal for a camera, and what isn't.

pub mod contract;
pub mod library;
pub mod model;
