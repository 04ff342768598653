//! What goes wrong with cameras in the network, in words that say what to do.

use crate::camera::CameraError;

/// A connection that didn't come about, by the system's words: retina passes nothing else on.
pub fn connecting(place: &str, error: &str) -> CameraError {
    let has = |part: &str| error.contains(part);
    let why = if has("Connection refused") {
        "nothing answers at this port; is the port right, and the camera's service on?".into()
    } else if has("No route to host") || has("unreachable") {
        "there is no way to it in the network; is the camera on?".into()
    } else if has("lookup") {
        "its name isn't known; is it spelled right?".into()
    } else {
        format!("no connection: {}", shortened(error))
    };
    CameraError::Gone(format!("{place}: {why}"))
}

/// No answer to a step in time.
pub fn silent(place: &str) -> CameraError {
    CameraError::Gone(format!("{place} doesn't answer; is the camera on, and its address right?"))
}

/// An answer with this status, of HTTP or RTSP, instead of pictures; 401 is `login`'s.
pub fn status(place: &str, status: u16) -> CameraError {
    match status {
        403 => CameraError::Denied(format!("{place} doesn't let this user see its pictures (403)")),
        404 | 410 | 454 => CameraError::Gone(format!(
            "{place} has no stream under this path ({status}); see the camera's manual"
        )),
        429 | 453 | 503 => CameraError::Busy(format!(
            "{place} has too many viewers or is starting ({status}); close another one"
        )),
        461 => {
            CameraError::Lost(format!("{place} doesn't send this way (461); set transport to the other one"))
        }
        300..=399 => CameraError::Lost(format!(
            "{place} sends on to another address ({status}); write that one as the source"
        )),
        500..=599 => {
            CameraError::Lost(format!("{place} has failed inside ({status}); starting it anew may help"))
        }
        _ => CameraError::Lost(format!("{place} refuses ({status})")),
    }
}

/// An established connection that broke.
pub fn broken(place: &str, why: &str) -> CameraError {
    CameraError::Lost(format!("{place}: the connection is lost: {why}"))
}

/// The camera has ended its stream by itself.
pub fn ended(place: &str) -> CameraError {
    CameraError::Lost(format!("{place} has ended its stream"))
}

/// The first line of a foreign text, as far as it can be shown in one line.
pub fn shortened(text: &str) -> String {
    const LONGEST: usize = 120;
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|letter| !letter.is_control()).take(LONGEST).collect()
}
