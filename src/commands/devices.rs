//! `edge-cctv devices`: which cameras and GPIO chips this machine has, and what can be written into the configuration.

use crate::camera::v4l2::{self, DeviceInfo, FormatInfo, Rate, Size, SizeInfo};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// A GPIO chip's character device.
struct GpioChip {
    path: PathBuf,
    /// What it says about itself, or why it can't be asked.
    info: Result<ChipInfo, String>,
}

struct ChipInfo {
    name: String,
    label: String,
    lines: u32,
}

/// Prints the cameras and GPIO chips. Finding none is an answer and no failure.
pub fn run() -> ExitCode {
    let report = format!("{}\n{}", cameras(&v4l2::devices()), chips(&gpio_chips()));
    // A reader that has read enough (`| head`) is no failure either.
    let _ = std::io::stdout().write_all(report.as_bytes());
    ExitCode::SUCCESS
}

fn cameras(devices: &[DeviceInfo]) -> String {
    let (usable, others): (Vec<_>, Vec<_>) = devices.iter().partition(|device| device.problem.is_none());
    let mut text = String::from("Cameras\n");
    for device in &usable {
        camera(&mut text, device);
    }
    if usable.is_empty() {
        text.push_str(
            "  no camera found: check its plug and cable; `lsusb` says whether the board sees it at all.\n  \
             A camera on the CSI connector needs libcamera, which this program doesn't use.\n",
        );
    }
    if !others.is_empty() {
        text.push_str("\nVideo devices that can't be used\n");
    }
    for device in others {
        let card = if device.card.is_empty() { "unknown" } else { &device.card };
        let problem = device.problem.as_deref().unwrap_or_default();
        line(&mut text, format_args!("  {} ({card}): {problem}", device.path.display()));
    }
    text
}

fn camera(text: &mut String, device: &DeviceInfo) {
    let DeviceInfo { path, links, card, driver, bus, formats, .. } = device;
    line(text, format_args!("  {}  {card}  (driver {driver}, {bus})", path.display()));
    for (at, link) in links.iter().enumerate() {
        let why = if at == 0 { "  <- use this name: it stays" } else { "" };
        line(text, format_args!("    {}{why}", link.display()));
    }
    let (usable, others): (Vec<_>, Vec<_>) = formats.iter().partition(|format| format.usable);
    for FormatInfo { fourcc, description, sizes, .. } in usable {
        line(text, format_args!("    {fourcc}  {description}"));
        for SizeInfo { size, rates } in sizes {
            line(text, format_args!("      {:<11} {}", size_text(size), rates_text(rates)));
        }
    }
    if !others.is_empty() {
        let names: Vec<_> = others.iter().map(|format| format.fourcc.as_str()).collect();
        line(text, format_args!("    also, not used: {}", names.join(" ")));
    }
}

fn line(text: &mut String, arguments: std::fmt::Arguments) {
    // Writing to a String can't fail.
    let _ = text.write_fmt(arguments);
    // An empty column at the end leaves no blanks.
    text.truncate(text.trim_end().len());
    text.push('\n');
}

fn size_text(size: &Size) -> String {
    match size {
        Size::Exact { width, height } => format!("{width}x{height}"),
        Size::Range { min, max, step } => {
            format!("{}x{} to {}x{} in steps of {}x{}", min.0, min.1, max.0, max.1, step.0, step.1)
        }
    }
}

fn rates_text(rates: &[Rate]) -> String {
    let number = |fps: f32| {
        let text = format!("{fps:.2}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let rates: Vec<_> = rates
        .iter()
        .map(|rate| match *rate {
            Rate::Exact(fps) => number(fps),
            Rate::Range { slowest, fastest } => format!("{} to {}", number(slowest), number(fastest)),
        })
        .collect();
    if rates.is_empty() { String::new() } else { format!("{} frames a second", rates.join(", ")) }
}

fn gpio_chips() -> Vec<GpioChip> {
    // A machine without GPIO has no such files; a folder that can't be read is the same to us.
    let mut paths = gpiocdev::chip::chips().unwrap_or_default();
    paths.sort_by(|a, b| gpiocdev::chip::path_compare(a, b));
    let ask = |path: &PathBuf| {
        let info = gpiocdev::Chip::from_path(path)
            .and_then(|chip| chip.info())
            .map_err(|error| error.to_string())?;
        Ok(ChipInfo { name: info.name, label: info.label, lines: info.num_lines })
    };
    paths.into_iter().map(|path| GpioChip { info: ask(&path), path }).collect()
}

fn chips(chips: &[GpioChip]) -> String {
    let mut text = String::from("GPIO chips\n");
    for GpioChip { path, info } in chips {
        let path = path.display();
        match info {
            Ok(ChipInfo { name, label, lines }) => {
                line(&mut text, format_args!("  {path}  {name}  {label}  {lines} lines"));
            }
            Err(error) => line(
                &mut text,
                format_args!(
                    "  {path}  can't be asked: {error} (may this user use it? It is in the group gpio on most boards)"
                ),
            ),
        }
    }
    if chips.is_empty() {
        text.push_str("  no GPIO chip found: LEDs and relays can't be used on this machine\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webcam() -> DeviceInfo {
        let size = |width, height, rates| SizeInfo { size: Size::Exact { width, height }, rates };
        let format = |fourcc: &str, usable, sizes| FormatInfo {
            fourcc: fourcc.into(),
            description: "a format".into(),
            usable,
            sizes,
        };
        DeviceInfo {
            path: "/dev/video0".into(),
            links: vec!["/dev/v4l/by-id/usb-cam-video-index0".into(), "/dev/v4l/by-path/x".into()],
            card: "HD Webcam".into(),
            driver: "uvcvideo".into(),
            bus: "usb-1".into(),
            formats: vec![
                format(
                    "MJPG",
                    true,
                    vec![
                        size(640, 480, vec![Rate::Exact(30.0), Rate::Exact(7.5)]),
                        size(1280, 720, Vec::new()),
                    ],
                ),
                format("H264", false, Vec::new()),
            ],
            problem: None,
        }
    }

    #[test]
    fn a_camera_is_shown_with_the_name_that_stays_sizes_and_rates() {
        assert_eq!(
            cameras(&[webcam()]),
            "Cameras\n  \
             /dev/video0  HD Webcam  (driver uvcvideo, usb-1)\n    \
             /dev/v4l/by-id/usb-cam-video-index0  <- use this name: it stays\n    \
             /dev/v4l/by-path/x\n    \
             MJPG  a format\n      \
             640x480     30, 7.5 frames a second\n      \
             1280x720\n    \
             also, not used: H264\n"
        );
    }

    #[test]
    fn ranges_are_shown_as_such() {
        let size = Size::Range { min: (16, 16), max: (1920, 1080), step: (2, 2) };
        assert_eq!(size_text(&size), "16x16 to 1920x1080 in steps of 2x2");
        let rates = [Rate::Range { slowest: 1.0, fastest: 29.97 }];
        assert_eq!(rates_text(&rates), "1 to 29.97 frames a second");
    }

    #[test]
    fn no_camera_says_what_to_do_and_other_devices_say_why_not() {
        let text = cameras(&[]);
        assert!(text.contains("no camera found") && !text.contains("can't be used"), "{text}");
        let metadata = DeviceInfo { problem: Some("it gives metadata".into()), ..webcam() };
        let text = cameras(&[metadata]);
        assert!(text.contains("no camera found"), "{text}");
        assert!(text.contains("/dev/video0 (HD Webcam): it gives metadata"), "{text}");
    }

    #[test]
    fn gpio_chips_are_shown_with_label_and_lines() {
        let info = ChipInfo { name: "gpiochip0".into(), label: "pinctrl-bcm2711".into(), lines: 58 };
        let known = GpioChip { path: "/dev/gpiochip0".into(), info: Ok(info) };
        let closed = GpioChip { path: "/dev/gpiochip1".into(), info: Err("Permission denied".into()) };
        let text = chips(&[known, closed]);
        assert!(text.contains("/dev/gpiochip0  gpiochip0  pinctrl-bcm2711  58 lines"), "{text}");
        assert!(text.contains("Permission denied") && text.contains("group gpio"), "{text}");
        assert!(chips(&[]).contains("no GPIO chip found"));
    }
}
