//! A Raspberry Pi's registers, by crate rppal. Unlike the kernel's devices they keep no other program from the line.

use super::{Driver, InputLine, OutputLine, Request};
use crate::config::outputs::{Bias, Line};
use rppal::gpio::{Error, Gpio, InputPin, OutputPin, Pin};

/// Lines with this prefix have the numbers of the Broadcom chip, as the kernel names them too.
const PREFIX: &str = "GPIO";

pub struct Rppal;

/// Whether this machine's registers can be used.
pub fn can_be_opened() -> Result<(), String> {
    Gpio::new().map(|_| ()).map_err(|error| words(&error))
}

fn words(error: &Error) -> String {
    match error {
        Error::UnknownModel => "this is no Raspberry Pi that rppal knows".into(),
        Error::PermissionDenied(path) => {
            format!("{path} may not be used: permission denied; put the program's user into the group gpio")
        }
        other => other.to_string(),
    }
}

struct Output {
    pin: OutputPin,
    active_low: bool,
}

struct Input {
    pin: InputPin,
    active_low: bool,
}

impl Driver for Rppal {
    fn name(&self) -> &'static str {
        "rppal"
    }

    fn output(&self, request: &Request) -> Result<Box<dyn OutputLine>, String> {
        let pin = pin(&request.line)?;
        // The level is set before the direction: no wrong level is ever shown.
        let mut pin = if request.active_low { pin.into_output_high() } else { pin.into_output_low() };
        // rppal would make the line an input again, and the safe level would be gone.
        pin.set_reset_on_drop(false);
        Ok(Box::new(Output { pin, active_low: request.active_low }))
    }

    fn input(&self, request: &Request, bias: Bias) -> Result<Box<dyn InputLine>, String> {
        let pin = pin(&request.line)?;
        let pin = match bias {
            Bias::AsIs | Bias::Disabled => pin.into_input(),
            Bias::PullUp => pin.into_input_pullup(),
            Bias::PullDown => pin.into_input_pulldown(),
        };
        Ok(Box::new(Input { pin, active_low: request.active_low }))
    }
}

fn pin(line: &Line) -> Result<Pin, String> {
    let Line::Named(name) = line else {
        // Another chip's line 17 must never move the header's.
        return Err(format!(
            "line {line} is no name: rppal knows GPIO0, GPIO1 and so on; outputs.driver = \"gpiochip\" takes others too"
        ));
    };
    let number = name.strip_prefix(PREFIX).and_then(|number| number.parse().ok());
    let number =
        number.ok_or_else(|| format!("line {line} is missing: a Raspberry Pi has GPIO0, GPIO1 and so on"))?;
    let gpio = Gpio::new().map_err(|error| words(&error))?;
    gpio.get(number).map_err(|error| match error {
        Error::PinUsed(_) => format!("line {line} is in use by another output or input of this program"),
        Error::PinNotAvailable(_) => format!("line {line} is missing: this board doesn't have it"),
        other => words(&other),
    })
}

impl OutputLine for Output {
    fn set(&mut self, on: bool) -> Result<(), String> {
        if on == self.active_low {
            self.pin.set_low()
        } else {
            self.pin.set_high()
        }
        Ok(())
    }

    fn get(&self) -> Result<bool, String> {
        // It reads the pin's level and not what was written.
        Ok(self.pin.is_set_high() != self.active_low)
    }
}

impl InputLine for Input {
    fn get(&self) -> Result<bool, String> {
        Ok(self.pin.is_high() != self.active_low)
    }
}
