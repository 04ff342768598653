//! What is said of a frame: how strange it is, and if it is an anomaly, of which kind, how severe, and why.
//! Knows rarities, nothing of pictures.
//!
//! Each signal's value has a rarity: minus the decimal logarithm of the share of normal ten-second blocks that reach
//! it, which makes signals of any unit comparable, and stands for a number of false alarms a day. Signals that rise
//! and fall together form a group; the threshold is where the false alarms of all groups together are as many as the
//! user chose. The score of a frame also asks how seldom each signal is as high at any moment, which tells one frame from
//! another; it is a norm of what the signals say, and the rarest decides.

use crate::anomaly::finding::Finding;
use crate::anomaly::kinds::{AnomalyType, Severity};
use crate::anomaly::rarity::{BLOCKS_A_DAY, Tail};
use crate::anomaly::signal::{Measured, Signal, Values};
use crate::anomaly::spread::Spread;
use crate::anomaly::tampering::Tamper;
use serde::ser::{Serialize, SerializeStruct, Serializer};

/// An anomaly in one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub is_anomaly: bool,
    pub anomaly_type: AnomalyType,
    /// 0..1: one real event a day taken for granted, how likely this is it and no false alarm.
    pub confidence: f32,
    pub severity: Severity,
    /// What was out of range, where, and how far: the rarest first.
    pub findings: Vec<Finding>,
    /// As many standard deviations would be as rare if the signal were normally distributed.
    pub baseline_deviation: f32,
}

impl Verdict {
    /// The findings in words for people, one line each.
    pub fn reasoning(&self) -> Vec<String> {
        self.findings.iter().map(ToString::to_string).collect()
    }
}

/// With the findings in words too.
impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Verdict", 7)?;
        fields.serialize_field("is_anomaly", &self.is_anomaly)?;
        fields.serialize_field("anomaly_type", &self.anomaly_type)?;
        fields.serialize_field("confidence", &self.confidence)?;
        fields.serialize_field("severity", &self.severity)?;
        fields.serialize_field("reasoning", &self.reasoning())?;
        fields.serialize_field("findings", &self.findings)?;
        fields.serialize_field("baseline_deviation", &self.baseline_deviation)?;
        fields.end()
    }
}

/// How near a frame is to an anomaly, which begins when `reached` is `limit`. Both are rarities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// The rarest signal's that may be a cause of alarm; 0 while there is nothing to measure.
    pub reached: f32,
    pub limit: f32,
}

/// A signal with how rare what may be a cause of alarm in it is.
pub struct Ranked<'a> {
    signal: Signal,
    measured: &'a Measured,
    rarity: f32,
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

/// What was measured by what may be a cause of alarm in it, the rarest first: that leaves out what the light alone may
/// have done.
pub fn rank<'a>(values: &'a Values, tails: &[Tail]) -> Vec<Ranked<'a>> {
    let ranked = |&signal: &Signal| {
        let measured = values.get(signal)?;
        Some(Ranked { signal, measured, rarity: tails[signal as usize].rarity(measured.alarming) })
    };
    let mut parts: Vec<_> = Signal::ALL.iter().filter_map(ranked).collect();
    parts.sort_by(|a, b| b.rarity.total_cmp(&a.rarity));
    parts
}

/// How near a frame is to an anomaly, by its ranked signals.
pub fn level(parts: &[Ranked], false_alarms_per_day: f64) -> Level {
    Level {
        reached: parts.first().map_or(0.0, |rarest| rarest.rarity),
        limit: threshold(false_alarms_per_day),
    }
}

/// Judges a frame by its ranked signals. `before`: there was an anomaly in the frame before.
pub fn judge(parts: &[Ranked], tails: &[Tail], level: Level, before: bool) -> Option<Verdict> {
    let &Ranked { signal, rarity, .. } = parts.first()?;
    if rarity < level.limit - if before { HYSTERESIS } else { 0.0 } {
        return None;
    }
    let has_part = |part: &&Ranked| part.rarity >= PART.0.max(PART.1 * rarity) || part.signal == signal;
    let severity = match rarity - level.limit {
        over if over >= CRITICAL => Severity::Critical,
        over if over >= HIGH => Severity::High,
        _ => Severity::Medium,
    };
    let finding = |part: &Ranked| {
        Finding::signal(part.signal, part.measured, tails[part.signal as usize].value(PART.0))
    };
    let findings = parts.iter().filter(has_part).map(finding).collect();
    Some(Verdict {
        is_anomaly: true,
        anomaly_type: kind(signal),
        confidence: confidence(rarity),
        severity,
        findings,
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
        findings: vec![Finding::light()],
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
        findings: vec![Finding::tampering(tamper)],
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

    fn judged(values: &Values, baseline: &Baseline, false_alarms: f64, before: bool) -> Option<Verdict> {
        let parts = rank(values, &baseline.tails);
        judge(&parts, &baseline.tails, level(&parts, false_alarms), before)
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
        let judged = |value: f32, before| judged(&values(&[(Signal::Pace, value)]), &baseline, 1.0, before);
        let begins = (100..1000).map(|i| i as f32 / 100.0).find(|&value| judged(value, false).is_some());
        let begins = begins.expect("something is fast enough");
        assert!(begins > 1.3, "nothing normal: {begins}");
        assert!(judged(begins - 0.02, true).is_some() && judged(begins - 0.02, false).is_none());
        assert!(judged(1.0, true).is_none());
        let verdict = judged(begins, false).expect("it begins here");
        assert_eq!((verdict.anomaly_type, verdict.severity), (AnomalyType::RapidMovement, Severity::Medium));
        assert!(verdict.reasoning()[0].contains("in the middle"), "{:?}", verdict.reasoning());
        let near = |value: f32| level(&rank(&values(&[(Signal::Pace, value)]), &baseline.tails), 1.0);
        let (reached, below) = (near(begins), near(begins - 0.02));
        assert!(reached.reached >= reached.limit && below.reached < below.limit, "{reached:?} {below:?}");
        assert_eq!(level(&[], 1.0).reached, 0.0, "nothing is measured");
        let extreme = judged(100.0, false).expect("it is faster still");
        assert!(extreme.severity > Severity::Medium && extreme.confidence > verdict.confidence);
    }

    #[test]
    fn whoever_wants_fewer_false_alarms_gets_fewer_alarms() {
        assert!((threshold(1.0) - threshold(10.0) - 1.0).abs() < 1e-5);
        let baseline = learned(&[Signal::Pace]);
        let least = |a_day: f64| {
            let is_told =
                |value: &f32| judged(&values(&[(Signal::Pace, *value)]), &baseline, a_day, false).is_some();
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
        assert_eq!(judged(&dark, &baseline, 1000.0, true), None);
        assert_eq!(level(&rank(&dark, &baseline.tails), 1000.0).reached, 0.0);
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

    #[test]
    fn a_verdict_has_a_finding_for_each_line_of_its_reasoning() {
        let baseline = learned(&Signal::ALL);
        let extreme = Signal::ALL.map(|signal| (signal, 1000.0));
        let mut verdict = judged(&values(&extreme), &baseline, 1.0, false).expect("everything is too much");
        assert!(verdict.findings.len() > 3, "{verdict:?}");
        // Whatever has a part.
        let measured = Measured::plain(2.0, Some((0.1, 0.9)));
        verdict.findings = Signal::ALL.map(|signal| Finding::signal(signal, &measured, 0.5)).into();
        let json = serde_json::to_value(&verdict).unwrap();
        let lines: Vec<_> = verdict.findings.iter().map(ToString::to_string).collect();
        assert_eq!(json["reasoning"], serde_json::json!(lines));
        let codes = json["findings"].as_array().unwrap().iter().map(|finding| finding["code"].clone());
        assert!(codes.eq(Signal::ALL.map(|signal| serde_json::json!(signal))));
    }
}
