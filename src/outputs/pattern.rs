//! Whether an LED with a pattern is lit at a moment.

use crate::config::outputs::Pattern;
use std::time::Duration;

/// Whether it is lit so long after the pattern began, and how long that stays so (`None`: for ever).
pub fn at(pattern: &Pattern, elapsed: Duration) -> (bool, Option<Duration>) {
    let steps = match pattern {
        Pattern::Off => return (false, None),
        Pattern::On => return (true, None),
        Pattern::Blink(steps) => steps,
    };
    let period: u64 = steps.iter().map(|step| u64::from(*step)).sum();
    let period = Duration::from_millis(period.max(1));
    let mut left = Duration::from_nanos((elapsed.as_nanos() % period.as_nanos()) as u64);
    for (index, step) in steps.iter().enumerate() {
        let step = Duration::from_millis((*step).into());
        if left < step {
            return (index % 2 == 0, Some(step - left));
        }
        left -= step;
    }
    (false, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_begins_lit_and_repeats() {
        let pattern = Pattern::parse("100 50 20 330").unwrap();
        let ms = Duration::from_millis;
        for (elapsed, lit, stays) in [
            (0, true, 100),
            (99, true, 1),
            (100, false, 50),
            (150, true, 20),
            (170, false, 330),
            (499, false, 1),
            (500, true, 100),
            (500 * 1000 + 155, true, 15),
        ] {
            assert_eq!(at(&pattern, ms(elapsed)), (lit, Some(ms(stays))), "after {elapsed} ms");
        }
        assert_eq!(at(&Pattern::On, ms(7)), (true, None));
        assert_eq!(at(&Pattern::Off, ms(7)), (false, None));
    }
}
