//! What was out of range in a frame: as figures for programs, and in words for people that are made of these.

use crate::anomaly::signal::{Measured, Signal};
use crate::anomaly::tampering::{Kind, Tamper};
use serde::{Serialize, Serializer};
use std::fmt;

/// One thing that was out of range.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub code: Code,
    /// In the unit of what is said of it: shares from 0 to 1, seconds, picture widths a second, things, novelty, or one in
    /// so many.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "significant")]
    pub value: Option<f32>,
    /// The upper end of the normal range, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "significant")]
    pub normal_up_to: Option<f32>,
    /// What it usually is, where less is out of range.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "significant")]
    pub usually: Option<f32>,
    /// Where (0..1 across and down).
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "significant")]
    pub x: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "significant")]
    pub y: Option<f32>,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Code {
    Signal(Signal),
    Tampering(Kind),
}

impl Finding {
    fn plain(code: Code) -> Self {
        Self { code, value: None, normal_up_to: None, usually: None, x: None, y: None }
    }

    /// A signal beyond its normal range, whose upper end is `limit`: the natural logarithm of its multiple of what the
    /// place is used to.
    pub fn signal(signal: Signal, measured: &Measured, limit: f32) -> Self {
        let normal = measured.usual * limit.exp();
        // A thing's size is told by how much of the picture it takes.
        let said = |value: f32| if signal == Signal::Size { value * value } else { value };
        let has_range = !matches!(signal, Signal::Direction | Signal::Place | Signal::Hour | Signal::Light);
        Self {
            value: Some(said(measured.value)),
            normal_up_to: has_range.then(|| said(normal)),
            x: measured.point.map(|(x, _)| x),
            y: measured.point.map(|(_, y)| y),
            ..Self::plain(Code::Signal(signal))
        }
    }

    /// Most of the picture is in another light than ever before.
    pub fn light() -> Self {
        Self::plain(Code::Signal(Signal::Light))
    }

    /// Somebody has done something to the camera.
    pub fn tampering(tamper: &Tamper) -> Self {
        // Of a blurred picture the outlines say nothing.
        let outlines = tamper.kind != Kind::Defocused;
        Self {
            value: outlines.then_some(tamper.kept),
            usually: outlines.then_some(tamper.usual),
            ..Self::plain(Code::Tampering(tamper.kind))
        }
    }
}

/// One line for a guard.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.x.zip(self.y).map_or(String::new(), |point| format!(" {}", whereabouts(point)));
        let number = |figure: Option<f32>| figure.unwrap_or_default();
        let (value, normal) = (number(self.value), number(self.normal_up_to));
        let percent = |figure: Option<f32>| (100.0 * number(figure)).round();
        let (kept, usual) = (percent(self.value), percent(self.usually));
        match self.code {
            Code::Signal(Signal::Area) => {
                write!(
                    f,
                    "{:.0} % of the picture moves; normal is up to {:.0} %",
                    100.0 * value,
                    100.0 * normal
                )
            }
            Code::Signal(Signal::Count) => {
                write!(f, "{value:.0} things move at once; normal is up to {normal:.0}")
            }
            Code::Signal(Signal::Speed) => write!(
                f,
                "something moves{at} at {value:.2} picture widths a second; normal there is up to {normal:.2}"
            ),
            Code::Signal(Signal::Pace) => write!(
                f,
                "something moves{at} at {value:.2} picture widths a second as the network sees it; normal there is up to {normal:.2}"
            ),
            Code::Signal(Signal::Direction) => write!(
                f,
                "something moves{at} in a direction in which nothing goes there: 1 in {value:.0} at that place"
            ),
            Code::Signal(Signal::Size) => write!(
                f,
                "something{at} takes {:.1} % of the picture; normal there is up to {:.1} %",
                100.0 * value,
                100.0 * normal
            ),
            Code::Signal(Signal::Linger) => {
                write!(f, "somebody has lingered{at} for {value:.0} s; normal there is up to {normal:.0} s")
            }
            Code::Signal(Signal::Place) => {
                write!(f, "something moves{at}, where there is {value:.0} times less motion than elsewhere")
            }
            Code::Signal(Signal::Hour) => {
                write!(f, "something moves at an hour that is quiet: 1 in {value:.0} of the time")
            }
            Code::Signal(Signal::Kind) => write!(
                f,
                "what moves{at} is unlike what usually moves there: {value:.1}; normal is up to {normal:.1}"
            ),
            Code::Signal(Signal::Thing) => write!(
                f,
                "something{at} wasn't there before: its novelty is {value:.2}; normal is up to {normal:.2}"
            ),
            Code::Signal(Signal::View) => write!(
                f,
                "much of the picture looks as it never did: its novelty is {value:.2}; normal is up to {normal:.2}"
            ),
            Code::Signal(Signal::Light) => {
                f.write_str("most of the picture is in a light that was never seen here; it is being learned")
            }
            Code::Tampering(Kind::Moved) => write!(
                f,
                "the camera shows another view: {kept} % of the known outlines are in their place, usually {usual} %"
            ),
            Code::Tampering(Kind::Covered) => write!(
                f,
                "the lens is covered: there is light, but only {kept} % of the known outlines are seen, usually {usual} %"
            ),
            Code::Tampering(Kind::Defocused) => {
                f.write_str("the picture is blurred: its fine detail is gone, its brightness is as usual")
            }
        }
    }
}

fn whereabouts((x, y): (f32, f32)) -> &'static str {
    match (x, y) {
        (x, y) if x < 1.0 / 3.0 && y < 1.0 / 3.0 => "at the upper left",
        (x, y) if x > 2.0 / 3.0 && y < 1.0 / 3.0 => "at the upper right",
        (_, y) if y < 1.0 / 3.0 => "at the top",
        (x, y) if x < 1.0 / 3.0 && y > 2.0 / 3.0 => "at the lower left",
        (x, y) if x > 2.0 / 3.0 && y > 2.0 / 3.0 => "at the lower right",
        (_, y) if y > 2.0 / 3.0 => "at the bottom",
        (x, _) if x < 1.0 / 3.0 => "at the left",
        (x, _) if x > 2.0 / 3.0 => "at the right",
        _ => "in the middle",
    }
}

/// Four digits are all that anybody reads.
fn significant<S: Serializer>(figure: &Option<f32>, serializer: S) -> Result<S::Ok, S::Error> {
    let rounded = |figure: f32| format!("{figure:.3e}").parse::<f64>().ok();
    figure.and_then(rounded).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn figures_are_those_that_are_said() {
        for signal in Signal::ALL {
            let measured = Measured::above(0.3, 0.1, Some((0.1, 0.9)));
            let finding = Finding::signal(signal, &measured, 0.0);
            let json = serde_json::to_value(&finding).unwrap();
            assert_eq!(json["code"], json!(signal));
            let text = finding.to_string();
            let has_range = json.get("normal_up_to").is_some();
            assert_eq!(text.contains("normal"), has_range, "{text}");
        }
        let large = Finding::signal(Signal::Size, &Measured::above(0.5, 0.2, None), 0.0);
        assert_eq!(
            serde_json::to_value(&large).unwrap(),
            json!({"code": "size", "value": 0.25, "normal_up_to": 0.04})
        );
        assert_eq!(large.to_string(), "something takes 25.0 % of the picture; normal there is up to 4.0 %");
        let fast = Finding::signal(Signal::Speed, &Measured::above(0.312_345, 0.12, Some((0.8, 0.1))), 0.0);
        assert_eq!(
            serde_json::to_value(&fast).unwrap(),
            json!({"code": "speed", "value": 0.3123, "normal_up_to": 0.12, "x": 0.8, "y": 0.1})
        );
        assert!(fast.to_string().contains("at the upper right at 0.31 picture widths"), "{fast}");
    }

    #[test]
    fn what_is_no_signal_has_a_code_too() {
        let tampering = |kind| {
            let tamper = Tamper { kind, since: Duration::ZERO, deviation: 9.0, kept: 0.04, usual: 0.9 };
            Finding::tampering(&tamper)
        };
        let turned = tampering(Kind::Moved);
        assert_eq!(
            serde_json::to_value(&turned).unwrap(),
            json!({"code": "turned", "value": 0.04, "usually": 0.9})
        );
        assert!(turned.to_string().contains("4 % of the known outlines are in their place, usually 90 %"));
        assert_eq!(serde_json::to_value(tampering(Kind::Covered)).unwrap()["code"], "covered");
        assert_eq!(serde_json::to_value(tampering(Kind::Defocused)).unwrap(), json!({"code": "defocused"}));
        assert_eq!(serde_json::to_value(Finding::light()).unwrap(), json!({"code": "light"}));
    }
}
