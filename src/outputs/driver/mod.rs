//! GPIO lines behind one trait. Levels are logical everywhere: `true` is lit or closed or active, whether that is a
//! high or a low line.

mod gpiochip;
#[cfg(test)]
pub mod recorded;
mod rppal;

use crate::config::outputs::{Bias, Driver as Choice, Line};
use std::path::Path;

/// A line that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub line: Line,
    pub active_low: bool,
    /// What the kernel tells others who ask for it: "relay siren".
    pub user: String,
}

/// Moves and reads lines.
pub trait Driver: Send {
    /// As written in the configuration.
    fn name(&self) -> &'static str;

    /// Takes a line for output; it is `false` from the first moment.
    ///
    /// # Errors
    /// What is wrong and what to do, in words.
    fn output(&self, request: &Request) -> Result<Box<dyn OutputLine>, String>;

    /// Takes a line for input.
    ///
    /// # Errors
    /// What is wrong and what to do, in words.
    fn input(&self, request: &Request, bias: Bias) -> Result<Box<dyn InputLine>, String>;
}

/// An output that is held. Dropping it leaves the level as it is, as far as the hardware does.
pub trait OutputLine: Send {
    /// # Errors
    /// The line is lost, in words.
    fn set(&mut self, on: bool) -> Result<(), String>;

    /// What the line shows, read back from the hardware.
    ///
    /// # Errors
    /// The line is lost, in words.
    fn get(&self) -> Result<bool, String>;
}

/// An input that is held.
pub trait InputLine: Send {
    /// # Errors
    /// The line is lost, in words.
    fn get(&self) -> Result<bool, String>;
}

/// A driver, and why it is this one.
pub struct Chosen {
    /// `None`: nothing moves.
    pub driver: Option<Box<dyn Driver>>,
    pub reason: String,
}

impl Chosen {
    pub fn name(&self) -> &'static str {
        self.driver.as_ref().map_or(Choice::None.name(), |driver| driver.name())
    }
}

/// Takes the driver that is configured.
pub fn choose(choice: Choice) -> Chosen {
    let chosen = |driver: Box<dyn Driver>, reason: String| Chosen { driver: Some(driver), reason };
    let configured = || "it is configured (outputs.driver)".to_string();
    match choice {
        Choice::None => Chosen { driver: None, reason: configured() },
        Choice::Gpiochip => chosen(Box::new(gpiochip::Gpiochip), configured()),
        Choice::Rppal => chosen(Box::new(rppal::Rppal), configured()),
        Choice::Auto => match (is_raspberry_pi(), rppal::can_be_opened()) {
            (true, Ok(())) => chosen(Box::new(rppal::Rppal), "this is a Raspberry Pi".into()),
            (true, Err(why)) => chosen(
                Box::new(gpiochip::Gpiochip),
                format!("this is a Raspberry Pi, but its registers can't be used: {why}"),
            ),
            (false, _) => chosen(Box::new(gpiochip::Gpiochip), "this is no Raspberry Pi".into()),
        },
    }
}

fn is_raspberry_pi() -> bool {
    let model = std::fs::read(Path::new("/sys/firmware/devicetree/base/model"));
    model.is_ok_and(|model| String::from_utf8_lossy(&model).starts_with("Raspberry Pi"))
}
