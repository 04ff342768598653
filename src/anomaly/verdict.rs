//! What is said of a frame: how strange it is, and if it is an anomaly, of which kind, how severe, and why.
//! Knows rarities, nothing of pictures.
//!
//! Each signal's value has a rarity: minus the decimal logarithm of the share of normal ten-second blocks that reach
//! it, which makes signals of any unit comparable, and stands for a number of false alarms a day. Signals that rise
//! and fall together form a group; the threshold is where the false alarms of all groups together are as many as the
//! user chose. The score of a frame also asks how seldom each signal is as high at any moment, which tells one frame from
//! another; it is a norm of what the signals say, and the rarest decides.

use crate::anomaly::kinds::{AnomalyType, Severity};
use crate::anomaly::rarity::{BLOCKS_A_DAY, Tail};
use crate::anomaly::signal::{Measured, Signal, Values};
use crate::anomaly::spread::Spread;
use crate::anomaly::tampering::Tamper;
use serde::Serialize;

/// An anomaly in one frame.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    pub is_anomaly: bool,
    pub anomaly_type: AnomalyType,
    /// 0..1: one real event a day taken for granted, how likely this is it and no false alarm.
    pub confidence: f32,
    pub severity: Severity,
    /// What was out of range, where, and how far: for people.
    pub reasoning: Vec<String>,
    /// As many standard deviations would be as rare if the signal were normally distributed.
    pub baseline_deviation: f32,
}

/// A signal so much rarer than the threshold makes an anomaly more severe, in powers of ten.
const HIGH: f32 = 0.5;
const CRITICAL: f32 = 1.5;
/// An anomaly under way lasts until it is so much less rare than the threshold.
const HYSTERESIS: f32 = 0.7;
/// Exponent of the norm that makes one score of many rarities: the rarest counts most, the others help.
const NORM: f32 = 8.0;
/// What tracks tell is noisier than what the network sees, and their speed the least so: in the score they count for this
/// share.
const SPEED_SHARE: f32 = 0.6;
const TRACKS_SHARE: f32 = 0.2;
/// Groups of signals that rise and fall together: how much moves (area, count, size), how it moves (speed, pace,
/// direction), where and when (place, hour, linger), how it looks (kind, thing, view).
const GROUPS: f32 = 4.0;
/// A signal has a part in an anomaly if it is at least so rare, and at least this share of the rarest one.
const PART: (f32, f32) = (2.0, 0.7);

/// The rarity from which something is an anomaly, for a number of false alarms a day.
pub fn threshold(false_alarms_per_day: f64) -> f32 {
    (BLOCKS_A_DAY * GROUPS / false_alarms_per_day as f32).log10()
}

/// How strange a frame is: higher is stranger, without a limit; about 2 is rare.
pub fn score(values: &Values, spreads: &[Spread], tails: &[Tail]) -> f32 {
    let strangeness = |signal: Signal| {
        let log = values.get(signal)?.log;
        // How seldom it is at any moment, and how seldom a while goes by without it: where only one is much, it is
        // often noise.
        let rarity = (spreads[signal as usize].rarity(log) + tails[signal as usize].rarity(log)) / 2.0;
        let share = match signal {
            signal if signal.is_networks() => 1.0,
            Signal::Speed => SPEED_SHARE,
            _ => TRACKS_SHARE,
        };
        Some(share * rarity)
    };
    let parts = Signal::ALL.into_iter().filter_map(strangeness);
    parts.map(|part| part.powf(NORM)).sum::<f32>().powf(1.0 / NORM)
}

/// Judges a frame by what may be a cause of alarm, which leaves out what the light alone may have done. `before`:
/// there was an anomaly in the frame before.
pub fn judge(values: &Values, tails: &[Tail], false_alarms_per_day: f64, before: bool) -> Option<Verdict> {
    let full = threshold(false_alarms_per_day);
    let mut parts: Vec<(Signal, &Measured, f32)> = Signal::ALL
        .iter()
        .filter_map(|&signal| {
            let measured = values.get(signal)?;
            Some((signal, measured, tails[signal as usize].rarity(measured.alarming)))
        })
        .collect();
    parts.sort_by(|a, b| b.2.total_cmp(&a.2));
    let &(signal, _, rarity) = parts.first()?;
    if rarity < full - if before { HYSTERESIS } else { 0.0 } {
        return None;
    }
    parts.retain(|part| part.2 >= PART.0.max(PART.1 * rarity) || part.0 == signal);
    let severity = match rarity - full {
        over if over >= CRITICAL => Severity::Critical,
        over if over >= HIGH => Severity::High,
        _ => Severity::Medium,
    };
    let reasoning = parts
        .iter()
        .map(|(signal, measured, _)| reason(*signal, measured, tails[*signal as usize].value(PART.0)))
        .collect();
    Some(Verdict {
        is_anomaly: true,
        anomaly_type: kind(signal),
        confidence: confidence(rarity),
        severity,
        reasoning,
        baseline_deviation: deviations(rarity),
    })
}

/// What is said while most of the picture looks as it never did: no alarm, since it may be the light alone.
pub fn strange_light(values: &Values, tails: &[Tail]) -> Verdict {
    let rarity = [Signal::Light, Signal::View]
        .iter()
        .filter_map(|&signal| values.get(signal).map(|measured| tails[signal as usize].rarity(measured.log)))
        .fold(0.0, f32::max);
    Verdict {
        is_anomaly: true,
        anomaly_type: AnomalyType::UnusualAppearance,
        confidence: confidence(rarity),
        severity: Severity::Low,
        reasoning: vec![
            "most of the picture is in a light that was never seen here; it is being learned".into(),
        ],
        baseline_deviation: deviations(rarity),
    }
}

/// What is said while somebody has turned, covered or defocused the camera.
pub fn tampering(tamper: &Tamper) -> Verdict {
    Verdict {
        is_anomaly: true,
        anomaly_type: AnomalyType::CameraTampering,
        confidence: confidence(rarity_of(tamper.deviation)),
        severity: Severity::Critical,
        reasoning: vec![tamper.reason.clone()],
        baseline_deviation: tamper.deviation,
    }
}

fn confidence(rarity: f32) -> f32 {
    1.0 / (1.0 + BLOCKS_A_DAY * GROUPS * 10f32.powf(-rarity))
}

/// Standard deviations that a normal variable exceeds as rarely, by the asymptote of its tail.
fn deviations(rarity: f32) -> f32 {
    let double = 2.0 * rarity * std::f32::consts::LN_10;
    (double - (double.max(1.0) * std::f32::consts::TAU).ln()).max(0.0).sqrt()
}

/// The other way round.
fn rarity_of(deviations: f32) -> f32 {
    (deviations.powi(2) / 2.0 + (deviations.max(0.4) * std::f32::consts::TAU.sqrt()).ln())
        * std::f32::consts::LOG10_E
}

fn kind(signal: Signal) -> AnomalyType {
    match signal {
        Signal::Area => AnomalyType::SuddenMotion,
        Signal::Count => AnomalyType::Crowd,
        Signal::Speed | Signal::Pace => AnomalyType::RapidMovement,
        Signal::Size => AnomalyType::UnusualSize,
        Signal::Linger => AnomalyType::Loitering,
        Signal::Direction | Signal::Place => AnomalyType::UnusualActivity,
        Signal::Hour => AnomalyType::UnusualTime,
        Signal::Kind | Signal::Thing | Signal::View | Signal::Light => AnomalyType::UnusualAppearance,
    }
}

/// One line for a guard. `limit` is the logarithm of the upper end of the normal range.
fn reason(signal: Signal, measured: &Measured, limit: f32) -> String {
    let at = measured.point.map_or(String::new(), |point| format!(" {}", whereabouts(point)));
    let normal = measured.usual * limit.exp();
    let value = measured.value;
    match signal {
        Signal::Area => {
            format!("{:.0} % of the picture moves; normal is up to {:.0} %", 100.0 * value, 100.0 * normal)
        }
        Signal::Count => format!("{value:.0} things move at once; normal is up to {normal:.0}"),
        Signal::Speed => format!(
            "something moves{at} at {value:.2} picture widths a second; normal there is up to {normal:.2}"
        ),
        Signal::Pace => format!(
            "something moves{at} at {value:.2} picture widths a second as the network sees it; normal there is up to {normal:.2}"
        ),
        Signal::Direction => format!(
            "something moves{at} in a direction in which nothing goes there: 1 in {value:.0} at that place"
        ),
        Signal::Size => format!(
            "something{at} takes {:.1} % of the picture; normal there is up to {:.1} %",
            100.0 * value * value,
            100.0 * normal * normal
        ),
        Signal::Linger => {
            format!("somebody has lingered{at} for {value:.0} s; normal there is up to {normal:.0} s")
        }
        Signal::Place => {
            format!("something moves{at}, where there is {value:.0} times less motion than elsewhere")
        }
        Signal::Hour => format!("something moves at an hour that is quiet: 1 in {value:.0} of the time"),
        Signal::Kind => {
            format!(
                "what moves{at} is unlike what usually moves there: {value:.1}; normal is up to {normal:.1}"
            )
        }
        Signal::Thing => {
            format!(
                "something{at} wasn't there before: its novelty is {value:.2}; normal is up to {normal:.2}"
            )
        }
        Signal::View => {
            format!(
                "much of the picture looks as it never did: its novelty is {value:.2}; normal is up to {normal:.2}"
            )
        }
        Signal::Light => "the light is as it never was".into(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::baseline::Baseline;
    use std::time::Duration;

    fn values(measured: &[(Signal, f32)]) -> Values {
        let mut values = Values::default();
        for &(signal, value) in measured {
            values.raise(signal, Measured::plain(value, Some((0.5, 0.5))));
        }
        values
    }

    /// Half an hour in which these signals had values around 1.
    fn learned(signals: &[Signal]) -> Baseline {
        let mut baseline = Baseline::default();
        let mut random = fastrand::Rng::with_seed(11);
        for i in 0..9000 {
            let measured: Vec<_> = signals.iter().map(|&signal| (signal, 0.8 + 0.4 * random.f32())).collect();
            let mut values = values(&measured);
            if signals.contains(&Signal::Light) {
                let light = Measured { alarming: f32::NEG_INFINITY, ..Measured::plain(1.0, None) };
                values.set(Signal::Light, Some(light));
            }
            baseline.learn(&values, Duration::from_millis(200 * i), 0.2, 86_400.0, true);
        }
        baseline
    }

    #[test]
    fn the_rarest_decides_the_score_and_the_others_help() {
        let baseline = learned(&[Signal::Pace, Signal::Kind, Signal::Size]);
        let score = |measured: &[(Signal, f32)]| score(&values(measured), &baseline.spreads, &baseline.tails);
        assert!(score(&[(Signal::Pace, 0.5)]) < 0.1);
        let (fast, odd) = (score(&[(Signal::Pace, 2.5)]), score(&[(Signal::Kind, 2.5)]));
        let both = score(&[(Signal::Pace, 2.5), (Signal::Kind, 2.5)]);
        assert!(fast > 2.0 && odd > 1.0, "{fast} {odd}");
        assert!((fast.max(odd)..1.2 * fast.max(odd)).contains(&both), "{both} of {fast} and {odd}");
        assert!(score(&[(Signal::Pace, 3.0)]) > fast);
        let large = score(&[(Signal::Size, 2.5)]);
        assert!(large > 0.0 && large < fast, "what a track tells counts for less: {large} of {fast}");
    }

    #[test]
    fn an_anomaly_begins_at_the_threshold_and_ends_below_it() {
        let baseline = learned(&[Signal::Pace]);
        let judged =
            |value: f32, before| judge(&values(&[(Signal::Pace, value)]), &baseline.tails, 1.0, before);
        let begins = (100..1000).map(|i| i as f32 / 100.0).find(|&value| judged(value, false).is_some());
        let begins = begins.expect("something is fast enough");
        assert!(begins > 1.3, "nothing normal: {begins}");
        assert!(judged(begins - 0.02, true).is_some() && judged(begins - 0.02, false).is_none());
        assert!(judged(1.0, true).is_none());
        let verdict = judged(begins, false).expect("it begins here");
        assert_eq!((verdict.anomaly_type, verdict.severity), (AnomalyType::RapidMovement, Severity::Medium));
        assert!(verdict.reasoning[0].contains("in the middle"), "{:?}", verdict.reasoning);
        let extreme = judged(100.0, false).expect("it is faster still");
        assert!(extreme.severity > Severity::Medium && extreme.confidence > verdict.confidence);
    }

    #[test]
    fn whoever_wants_fewer_false_alarms_gets_fewer_alarms() {
        assert!((threshold(1.0) - threshold(10.0) - 1.0).abs() < 1e-5);
        let baseline = learned(&[Signal::Pace]);
        let least = |a_day: f64| {
            let is_told = |value: &f32| {
                judge(&values(&[(Signal::Pace, *value)]), &baseline.tails, a_day, false).is_some()
            };
            (100..2000).map(|i| i as f32 / 100.0).find(is_told).expect("something is fast enough")
        };
        assert!(least(0.1) > least(1.0) && least(1.0) > least(20.0));
    }

    #[test]
    fn light_is_strange_and_alarms_nobody() {
        let baseline = learned(&[Signal::Light]);
        let mut dark = Values::default();
        dark.set(
            Signal::Light,
            Some(Measured { alarming: f32::NEG_INFINITY, ..Measured::plain(20.0, None) }),
        );
        assert!(score(&dark, &baseline.spreads, &baseline.tails) > 2.0);
        assert_eq!(judge(&dark, &baseline.tails, 1000.0, true), None);
        assert_eq!(strange_light(&dark, &baseline.tails).severity, Severity::Low);
    }

    #[test]
    fn deviations_and_rarities_are_two_ways_to_say_it() {
        for rarity in [2.0f32, 4.0, 8.0] {
            assert!((rarity_of(deviations(rarity)) - rarity).abs() < 0.25, "{rarity}");
        }
        // One in 741 normal values exceeds three deviations.
        assert!((deviations(2.87) - 3.0).abs() < 0.15, "{}", deviations(2.87));
    }
}
