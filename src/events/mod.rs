//! What happened, kept: one stretch from the first motion to the end of its state is an event, with a verdict, the best picture and
//! a clip. Frames and analyses in, files and a list out; knows no devices and no HTTP.

pub mod clip;
pub mod database;
pub mod episode;
pub mod files;
pub mod film;
pub mod index;
pub mod record;
pub mod recorder;
mod recording;
mod recovery;
mod ring;
pub mod store;
mod thumbnail;
