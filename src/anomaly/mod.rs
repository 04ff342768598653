//! What is normal for this camera, and what is not.

pub mod tampering;
