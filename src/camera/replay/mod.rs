//! Recordings as cameras: folders of pictures, MJPEG in AVI, H.264 in MP4.
//! Each format only tells its frames one after another; when they are due is the player's.

mod avi;
mod folder;
mod jpeg;
mod mp4;
mod mp4_check;
mod player;
mod png;

pub use folder::FOLDER_FPS;

use super::{Camera, CameraError, Image, Opened};
use crate::service::clock::SharedClock;
use player::Player;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

/// What is read, for error texts.
const SUPPORTED: &str = "read are MJPEG in .avi, H.264 in .mp4, .jpg and .png pictures, and folders of these; \
                         ffmpeg -i INPUT -c:v libx264 -pix_fmt yuv420p OUTPUT.mp4 converts others";

/// So many frames are tried for a readable one before a recording counts as unreadable.
const TRIED_AT_OPEN: usize = 100;

/// How fast a recording is played.
#[derive(Clone)]
pub enum Pace {
    /// As fast as the consumer asks; `captured` is the position from the recording's start, and goes on
    /// counting over repetitions.
    Unlimited,
    /// As it was recorded, by this clock; `captured` is the clock's time at which the frame was due. A consumer
    /// who comes late gets the newest due frame, and `sequence` tells how many were passed over.
    ///
    /// A recording that can't be decoded at its rate is played slower. A gap in a recording is waited for
    /// for one second at most, so that [`Camera::next_frame`] always returns soon.
    RealTime(SharedClock),
}

/// Opens a recording; its kind is told by its content. With `repeat` it begins again at its end, otherwise
/// [`CameraError::End`] follows the last frame.
///
/// # Errors
/// It isn't there, can't be read, or holds nothing that can be shown.
pub fn open(path: &Path, pace: Pace, repeat: bool) -> Result<Box<dyn Camera>, CameraError> {
    let recording = recognise(path)?;
    Ok(Box::new(Player::new(recording, pace, repeat)))
}

/// One kind of recording: its frames in the order of showing.
trait Recording: Send {
    fn opened(&self) -> &Opened;

    /// Goes to the next frame; `None` at the end. Cheap where frames can be passed over unread.
    fn step(&mut self) -> Result<Option<Step>, CameraError>;

    /// The frame last stepped to, once. [`CameraError::Broken`] if it can't be had.
    fn image(&mut self) -> Result<Image, CameraError>;

    /// Position of the frame after the one last stepped to, as far as it is known.
    fn following(&self) -> Option<Duration>;

    /// Back to before the first frame.
    fn rewind(&mut self) -> Result<(), CameraError>;
}

/// Where in a recording a frame is.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    /// Frames before it, including those that are lost.
    index: u64,
    /// Time from the recording's start.
    position: Duration,
}

fn recognise(path: &Path) -> Result<Box<dyn Recording>, CameraError> {
    let name = name_of(path);
    let metadata = std::fs::metadata(path).map_err(|error| lost(&name, &error))?;
    if metadata.is_dir() {
        return Ok(Box::new(folder::Folder::open(path)?));
    }
    // Opening a pipe would block until somebody writes to it.
    if !metadata.is_file() {
        return Err(CameraError::Lost(format!("{name} is neither a file nor a folder; {SUPPORTED}")));
    }
    let mut head = Vec::new();
    let file = File::open(path).map_err(|error| lost(&name, &error))?;
    file.take(16).read_to_end(&mut head).map_err(|error| lost(&name, &error))?;

    match kind(&head) {
        Kind::Avi => Ok(Box::new(avi::Avi::open(path)?)),
        Kind::Mp4 => Ok(Box::new(mp4::Mp4::open(path)?)),
        Kind::Picture => Ok(Box::new(folder::Folder::single(path)?)),
        Kind::Other(what) => Err(CameraError::Lost(format!("{name} is {what}; {SUPPORTED}"))),
    }
}

#[derive(Debug, PartialEq)]
enum Kind {
    Avi,
    Mp4,
    Picture,
    Other(&'static str),
}

/// Tells a file's kind from its first bytes.
fn kind(head: &[u8]) -> Kind {
    let at = |from: usize, text: &[u8]| head.get(from..from + text.len()) == Some(text);
    if head.is_empty() {
        Kind::Other("empty")
    } else if at(0, b"RIFF") && at(8, b"AVI ") {
        Kind::Avi
    } else if at(4, b"ftyp") {
        Kind::Mp4
    } else if folder::is_picture(head) {
        Kind::Picture
    } else if [b"moov", b"mdat", b"wide", b"free", b"skip"].iter().any(|name| at(4, *name)) {
        Kind::Other("an MP4 or QuickTime file that lacks its first box (ftyp)")
    } else if at(0, &[0x1a, 0x45, 0xdf, 0xa3]) {
        Kind::Other("a Matroska or WebM file")
    } else if at(0, &[0, 0, 0, 1]) || at(0, &[0, 0, 1]) {
        Kind::Other("a bare H.264 or MPEG stream without a container")
    } else if at(0, b"RIFF") || at(0, b"RF64") {
        Kind::Other("a RIFF file, but no AVI video")
    } else if at(0, b"FLV") {
        Kind::Other("a Flash video")
    } else if at(0, b"GIF8") || at(0, b"BM") {
        Kind::Other("a picture of an unsupported format")
    } else {
        Kind::Other("no recording that is known here")
    }
}

/// The name to use in texts: never the whole path, as texts are shown on the network.
fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn lost(name: &str, error: &std::io::Error) -> CameraError {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => CameraError::Gone(format!("{name}: there is no such file or folder")),
        ErrorKind::PermissionDenied => CameraError::Denied(format!(
            "{name}: reading it is not permitted; give the service's user access"
        )),
        _ => CameraError::Lost(format!("{name} can't be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &Path) -> String {
        match open(path, Pace::Unlimited, false) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("was opened"),
        }
    }

    #[test]
    fn what_cannot_be_played_is_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.mp4");
        assert!(text(&path).contains("no such file"));

        for (content, words) in [
            (&b""[..], "empty"),
            (b"\x1a\x45\xdf\xa3....", "Matroska"),
            (b"\0\0\0\x01gB", "bare H.264"),
            (b"RIFF....WAVEfmt ", "no AVI"),
            (b"#!/bin/sh\n", "no recording that is known"),
            (b"\0\0\0\x08mdat", "lacks its first box"),
        ] {
            std::fs::write(&path, content).unwrap();
            let text = text(&path);
            assert!(text.contains(words), "{text}");
            assert!(text.contains("x.mp4") && text.contains("H.264 in .mp4"), "{text}");
            assert!(!text.contains(folder.path().to_str().unwrap()), "shows a path: {text}");
        }
    }

    #[test]
    fn the_content_decides_and_not_the_extension() {
        assert_eq!(kind(b"RIFF\0\0\0\0AVI LIST"), Kind::Avi);
        assert_eq!(kind(b"\0\0\0\x18ftypmp42"), Kind::Mp4);
        assert_eq!(kind(b"\xff\xd8\xff\xe0\0\x10JFIF"), Kind::Picture);
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Kind::Picture);
    }

    #[test]
    fn a_pipe_is_refused_instead_of_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert!(text(&path).contains("neither a file nor a folder"));
    }
}
