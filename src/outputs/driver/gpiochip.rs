//! The kernel's GPIO character devices (uAPI v2), by crate gpiocdev: any board. Lines are held as long as the value
//! lives, so that nobody else moves them.

use super::{Driver, InputLine, OutputLine, Request};
use crate::config::outputs::{Bias, Line};
use gpiocdev::chip::{Chip, chips};
use gpiocdev::line::{Bias as LineBias, Offset, Value};
use std::path::{Path, PathBuf};

pub struct Gpiochip;

/// A line that was found.
struct Place {
    chip: PathBuf,
    offset: Offset,
}

struct Held {
    request: gpiocdev::Request,
    offset: Offset,
}

impl Driver for Gpiochip {
    fn name(&self) -> &'static str {
        "gpiochip"
    }

    fn output(&self, request: &Request) -> Result<Box<dyn OutputLine>, String> {
        let held = take(request, |builder| {
            builder.as_output(Value::Inactive);
        })?;
        Ok(Box::new(held))
    }

    fn input(&self, request: &Request, bias: Bias) -> Result<Box<dyn InputLine>, String> {
        let held = take(request, |builder| {
            builder.as_input().with_bias(match bias {
                Bias::AsIs => None,
                Bias::PullUp => Some(LineBias::PullUp),
                Bias::PullDown => Some(LineBias::PullDown),
                Bias::Disabled => Some(LineBias::Disabled),
            });
        })?;
        Ok(Box::new(held))
    }
}

impl Held {
    fn value(&self) -> Result<bool, String> {
        let value = self.request.value(self.offset).map_err(|error| lost(&error))?;
        Ok(value == Value::Active)
    }
}

impl OutputLine for Held {
    fn set(&mut self, on: bool) -> Result<(), String> {
        let value = if on { Value::Active } else { Value::Inactive };
        self.request.set_value(self.offset, value).map_err(|error| lost(&error))
    }

    fn get(&self) -> Result<bool, String> {
        self.value()
    }
}

impl InputLine for Held {
    fn get(&self) -> Result<bool, String> {
        self.value()
    }
}

fn lost(error: &gpiocdev::Error) -> String {
    format!("the line is lost: {error}")
}

fn take(request: &Request, direct: impl Fn(&mut gpiocdev::request::Builder)) -> Result<Held, String> {
    let Place { chip, offset } = find(&request.line)?;
    let mut builder = gpiocdev::Request::builder();
    builder.on_chip(&chip).with_consumer(format!("edge-cctv {}", request.user)).with_line(offset);
    if request.active_low {
        builder.as_active_low();
    }
    direct(&mut builder);
    let taken = builder.request().map_err(|error| refused(&request.line, &chip, offset, &error))?;
    Ok(Held { request: taken, offset })
}

fn refused(line: &Line, path: &Path, offset: Offset, error: &gpiocdev::Error) -> String {
    match Chip::from_path(path).and_then(|chip| chip.line_info(offset)) {
        Ok(info) if info.used && info.consumer.is_empty() => {
            format!("line {line} is in use by a driver or program")
        }
        Ok(info) if info.used => format!("line {line} is in use by \"{}\"", info.consumer),
        _ => format!("line {line} can't be taken: {error}"),
    }
}

fn is_forbidden(error: &gpiocdev::Error) -> bool {
    matches!(error, gpiocdev::Error::Os(code) if [libc::EACCES, libc::EPERM].contains(&code.0))
}

/// The one line that is meant.
fn find(line: &Line) -> Result<Place, String> {
    let chips = chips().unwrap_or_default();
    if chips.is_empty() {
        return Err(format!("line {line} is missing: this machine has no GPIO chip that this user may see"));
    }
    let mut found = Vec::new();
    let mut closed = Vec::new();
    for path in &chips {
        let opened = Chip::from_path(path).and_then(|chip| chip.info().map(|info| (chip, info)));
        let (chip, info) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                if is_forbidden(&error) {
                    closed.push(path.display().to_string());
                }
                continue;
            }
        };
        match line {
            Line::Offset { chip: wanted, offset } if *wanted == info.name || *wanted == info.label => {
                if *offset >= info.num_lines {
                    return Err(format!(
                        "line {line} is missing: {wanted} has the lines 0 to {}",
                        info.num_lines.saturating_sub(1)
                    ));
                }
                found.push(Place { chip: path.clone(), offset: *offset });
            }
            Line::Offset { .. } => {}
            Line::Named(name) => {
                let lines = (0..info.num_lines).filter_map(|offset| chip.line_info(offset).ok());
                let named = lines.filter(|info| info.name == *name);
                found.extend(named.map(|info| Place { chip: path.clone(), offset: info.offset }));
            }
        }
    }
    match found.len() {
        0 if !closed.is_empty() => Err(format!(
            "line {line} isn't found: {} may not be used by this user, who must be in the group that may (gpio)",
            closed.join(", ")
        )),
        0 => Err(format!("line {line} is missing: `edge-cctv devices` lists the chips that are there")),
        1 => Ok(found.remove(0)),
        many => {
            let places: Vec<_> =
                found.iter().map(|place| format!("{}:{}", place.chip.display(), place.offset)).collect();
            Err(format!("line {line} is there {many} times: write one of {}", places.join(", ")))
        }
    }
}
