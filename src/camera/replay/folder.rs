//! A folder of pictures as a recording, in the order of their names.

use super::{Recording, SUPPORTED, Step, TRIED_AT_OPEN, jpeg, lost, name_of, png};
use crate::camera::{CameraError, Image, MAX_FRAME_BYTES, Opened, PixelFormat, Range};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Frames a second of a folder, which has no times of its own.
pub const FOLDER_FPS: f32 = 25.0;

const INTERVAL: Duration = Duration::from_millis(40);

/// Whether these first bytes of a file begin a JPEG or PNG picture.
pub(super) fn is_picture(head: &[u8]) -> bool {
    is_png(head) || head.starts_with(&[0xff, 0xd8, 0xff])
}

fn is_png(head: &[u8]) -> bool {
    head.starts_with(b"\x89PNG\r\n\x1a\n")
}

/// A folder, or one picture.
pub(super) struct Folder {
    path: PathBuf,
    /// `path` itself is the only picture.
    single: bool,
    opened: Opened,
    /// In name order.
    pictures: Vec<PathBuf>,
    next: usize,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, CameraError> {
        let pictures = list(path)?;
        Self::new(path, false, pictures)
    }

    pub(super) fn single(path: &Path) -> Result<Self, CameraError> {
        Self::new(path, true, vec![path.to_owned()])
    }

    fn new(path: &Path, single: bool, pictures: Vec<PathBuf>) -> Result<Self, CameraError> {
        let mut error = None;
        let opened = pictures.iter().take(TRIED_AT_OPEN).find_map(|picture| match describe(picture) {
            Ok((format, width, height)) => Some(Opened {
                device: name_of(path),
                format: format.into(),
                width,
                height,
                fps: Some(FOLDER_FPS),
            }),
            Err(why) => {
                error.get_or_insert(why);
                None
            }
        });
        let Some(opened) = opened else {
            let error = error.unwrap_or_default();
            return Err(CameraError::Lost(format!("{}: no picture can be read: {error}", name_of(path))));
        };
        Ok(Self { path: path.to_owned(), single, opened, pictures, next: 0 })
    }
}

/// The pictures of a folder in the order of their names.
fn list(path: &Path) -> Result<Vec<PathBuf>, CameraError> {
    let name = name_of(path);
    let mut pictures = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| lost(&name, &error))? {
        let entry = entry.map_err(|error| lost(&name, &error))?.path();
        let extension = entry.extension().unwrap_or_default().to_ascii_lowercase();
        // Names with a dot in front are other systems' notes on the pictures, not pictures.
        let hidden = entry.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && ["jpg", "jpeg", "png"].iter().any(|known| extension == *known) {
            pictures.push(entry);
        }
    }
    if pictures.is_empty() {
        return Err(CameraError::Lost(format!("{name}: there is no picture in this folder; {SUPPORTED}")));
    }
    pictures.sort_unstable();
    Ok(pictures)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let name = name_of(path);
    let failed = |error: std::io::Error| format!("{name} can't be read: {error}");
    // Opening a pipe would block until somebody writes to it.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(format!("{name} is no file"));
    }
    let mut data = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_FRAME_BYTES + 1).read_to_end(&mut data).map_err(failed)?;
    if data.len() as u64 > MAX_FRAME_BYTES {
        return Err(format!("{name} is larger than {} MB", MAX_FRAME_BYTES >> 20));
    }
    Ok(data)
}

/// Format, width and height of a picture.
fn describe(path: &Path) -> Result<(&'static str, u32, u32), String> {
    let data = read(path)?;
    let (format, size) = if is_png(&data) { ("PNG", png::size(&data)) } else { ("JPEG", jpeg::size(&data)) };
    let (width, height) = size.ok_or_else(|| format!("{} is no JPEG or PNG picture", name_of(path)))?;
    Ok((format, width, height))
}

fn load(path: &Path) -> Result<Image, String> {
    let data = read(path)?;
    if is_png(&data) {
        return png::decode(&data).map_err(|error| format!("{} is damaged: {error}", name_of(path)));
    }
    let (width, height) = jpeg::size(&data)
        .ok_or_else(|| format!("{} is no JPEG or PNG picture, or damaged", name_of(path)))?;
    Ok(Image { format: PixelFormat::Jpeg, width, height, stride: 0, range: Range::Full, data })
}

impl Recording for Folder {
    fn opened(&self) -> &Opened {
        &self.opened
    }

    fn step(&mut self) -> Result<Option<Step>, CameraError> {
        if self.next == self.pictures.len() {
            return Ok(None);
        }
        self.next += 1;
        let index = self.next - 1;
        Ok(Some(Step { index: index as u64, position: INTERVAL * index as u32 }))
    }

    fn image(&mut self) -> Result<Image, CameraError> {
        let current = self.next.checked_sub(1).and_then(|index| self.pictures.get(index));
        let path = current.ok_or_else(|| CameraError::Broken("no picture was chosen".into()))?;
        load(path).map_err(CameraError::Broken)
    }

    fn following(&self) -> Option<Duration> {
        (self.next < self.pictures.len()).then(|| INTERVAL * self.next as u32)
    }

    /// Lists the folder anew, so that what came or went since then counts.
    fn rewind(&mut self) -> Result<(), CameraError> {
        if !self.single {
            self.pictures = list(&self.path)?;
        }
        self.next = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Pace, open};
    use super::*;
    use crate::camera::Camera;
    use ::png::{BitDepth, ColorType};

    fn png_file() -> Vec<u8> {
        png::encoded(4, 2, ColorType::Rgb, BitDepth::Eight, &[99; 24])
    }

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        folder
    }

    fn played(path: &Path) -> Box<dyn Camera> {
        open(path, Pace::Unlimited, false).unwrap()
    }

    #[test]
    fn pictures_come_in_name_order_with_each_format() {
        let (one, two) = (jpeg::encoded(16, 8, 10), jpeg::encoded(24, 8, 20));
        let folder = folder(&[
            ("c.PNG", &png_file()),
            ("b.JpEg", &two),
            ("a.jpg", &one),
            ("notes.txt", b"no picture"),
            ("._a.jpg", b"no picture either"),
        ]);
        let mut camera = played(folder.path());
        let opened = camera.opened().clone();
        assert_eq!((opened.format.as_str(), opened.width, opened.height), ("JPEG", 16, 8));
        assert_eq!(opened.fps, Some(25.0));
        let first = camera.next_frame().unwrap();
        assert_eq!((first.format, first.data, first.stride), (PixelFormat::Jpeg, one, 0));
        let second = camera.next_frame().unwrap();
        assert_eq!((second.width, second.captured.as_millis(), second.sequence), (24, 40, 1));
        let third = camera.next_frame().unwrap();
        assert_eq!((third.format, third.width, third.height, third.stride), (PixelFormat::I420, 4, 2, 4));
        assert!(matches!(camera.next_frame(), Err(CameraError::End)));
    }

    #[test]
    fn a_broken_picture_costs_one_frame() {
        let good = jpeg::encoded(16, 8, 10);
        let cut = &png_file()[..40];
        let folder = folder(&[("1.jpg", b"text"), ("2.jpg", &good), ("3.png", cut), ("4.png", &png_file())]);
        std::fs::create_dir(folder.path().join("5.jpg")).unwrap();
        std::fs::write(folder.path().join("6.jpg"), &good).unwrap();
        let mut camera = played(folder.path());
        let kinds: Vec<_> = (0..6)
            .map(|_| match camera.next_frame() {
                Ok(frame) => Ok(frame.sequence),
                Err(CameraError::Broken(text)) => Err(text),
                Err(other) => panic!("{other:?}"),
            })
            .collect();
        let good: Vec<_> = kinds.iter().filter_map(|kind| kind.as_ref().ok()).collect();
        assert_eq!(good, [&1, &3, &5]);
        for (index, name) in [(0, "1.jpg"), (2, "3.png"), (4, "5.jpg")] {
            assert!(kinds[index].as_ref().unwrap_err().contains(name));
        }
        assert!(matches!(camera.next_frame(), Err(CameraError::End)));
    }

    #[test]
    fn a_folder_without_a_usable_picture_says_so() {
        for (files, words) in [
            (&[][..], "no picture in this folder"),
            (&[("a.jpg", &b"text"[..])][..], "no picture can be read"),
        ] {
            let folder = folder(files);
            match open(folder.path(), Pace::Unlimited, true) {
                Err(CameraError::Lost(text)) => assert!(text.contains(words), "{text}"),
                _ => panic!("opened"),
            }
        }
    }

    #[test]
    fn one_picture_is_a_recording_too_and_repeats() {
        let folder = folder(&[("still.bin", &png_file())]);
        let mut camera = open(&folder.path().join("still.bin"), Pace::Unlimited, true).unwrap();
        for expected in 0..3 {
            let frame = camera.next_frame().unwrap();
            assert_eq!((frame.sequence, frame.restarted), (expected, true));
        }
    }

    #[test]
    fn pictures_that_came_meanwhile_are_seen_in_the_next_round() {
        let folder = folder(&[("a.png", &png_file())]);
        let mut camera = open(folder.path(), Pace::Unlimited, true).unwrap();
        assert!(camera.next_frame().unwrap().restarted);
        std::fs::write(folder.path().join("b.jpg"), jpeg::encoded(16, 8, 10)).unwrap();
        assert!(camera.next_frame().unwrap().restarted);
        assert_eq!(camera.next_frame().unwrap().format, PixelFormat::Jpeg);
        std::fs::remove_dir_all(folder.path()).unwrap();
        assert!(matches!(camera.next_frame(), Err(CameraError::Gone(_))));
    }
}
