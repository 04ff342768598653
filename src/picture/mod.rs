//! What a frame is made of: planes, JPEG in and out, and what is drawn on them.

pub mod coded;
pub mod convert;
pub mod font;
pub mod jpeg;
pub mod map;
pub mod mosaic;
pub mod overlay;
pub mod paint;
pub mod palette;
pub mod plane;
pub mod shrink;
pub mod surface;

use plane::Plane;

/// One picture as planes of YCbCr in JFIF's full range (0..=255), as JPEG files and most cameras hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub luma: Plane,
    /// `None` for a grey picture.
    pub chroma: Option<Chroma>,
}

/// The colour planes of a [`Picture`], each `ceil(luma size / subsampling)` large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chroma {
    pub cb: Plane,
    pub cr: Plane,
    /// Luma columns for one chroma column: 1 or 2.
    pub horizontal: usize,
    /// Luma rows for one chroma row: 1 or 2.
    pub vertical: usize,
}
