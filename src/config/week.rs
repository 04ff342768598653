//! Spans of the week, as somebody writes them down: `mon-fri 22:00-06:00`.

use std::fmt;

/// What a span looks like.
pub const SPAN: &str = "lists of spans written \"DAYS FROM-TO\", such as [\"mon-fri 22:00-06:00\", \"sat,sun 00:00-24:00\"]: days are \
                        mon tue wed thu fri sat sun or daily, and a span that ends before it begins goes on into the next day";

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Minutes of a day.
pub const DAY: u16 = 24 * 60;

/// One stretch of time on some days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The days on which it begins, from Monday on.
    pub days: [bool; 7],
    /// Minutes after midnight, below [`DAY`].
    pub from: u16,
    /// Minutes after midnight, at most [`DAY`]; not after `from`: on the next day.
    pub to: u16,
}

impl Span {
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let (Some(days), Some(times), None) = (words.next(), words.next(), words.next()) else {
            return Err(format!("it isn't days and a time; allowed are {SPAN}"));
        };
        let days = parse_days(&days.to_ascii_lowercase())
            .ok_or_else(|| format!("its days aren't days; allowed are {SPAN}"))?;
        let minutes = times.split_once('-').and_then(|(from, to)| Some((minutes(from)?, minutes(to)?)));
        let (from, to) = minutes.ok_or_else(|| format!("its times aren't times; allowed are {SPAN}"))?;
        if from == DAY {
            return Err("it begins at 24:00; write 00:00 of the next day".into());
        }
        if from == to {
            return Err("it begins and ends at the same time; write 00:00-24:00 for a whole day".into());
        }
        Ok(Self { days, from, to })
    }

    /// It ends on the day after it began.
    pub fn is_overnight(&self) -> bool {
        self.to < self.from
    }
}

fn parse_days(text: &str) -> Option<[bool; 7]> {
    let number = |day: &str| DAYS.iter().position(|name| *name == day);
    let mut days = [false; 7];
    for part in text.split(',') {
        if part == "daily" {
            days = [true; 7];
            continue;
        }
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        let mut day = first;
        days[day] = true;
        while day != last {
            day = (day + 1) % 7;
            days[day] = true;
        }
    }
    Some(days)
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |text: &str, most: usize| {
        let fits = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { text.parse::<u16>().ok() } else { None }
    };
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2).filter(|_| minutes.len() == 2)?);
    let time = hours * 60 + minutes;
    (minutes < 60 && time <= DAY).then_some(time)
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<_> = DAYS.iter().zip(self.days).filter_map(|(name, on)| on.then_some(*name)).collect();
        let time = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        write!(f, "{} {}-{}", days.join(","), time(self.from), time(self.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read() {
        for (text, shown) in [
            ("mon-fri 22:00-06:00", "mon,tue,wed,thu,fri 22:00-06:00"),
            ("sat,sun 0:00-24:00", "sat,sun 00:00-24:00"),
            ("fri-mon 1:05-2:10", "mon,fri,sat,sun 01:05-02:10"),
            ("  Daily   23:59-00:00 ", "mon,tue,wed,thu,fri,sat,sun 23:59-00:00"),
            ("wed 12:00-13:00", "wed 12:00-13:00"),
        ] {
            assert_eq!(Span::parse(text).map(|span| span.to_string()).as_deref(), Ok(shown));
        }
        assert!(Span::parse("mon 22:00-06:00").unwrap().is_overnight());
        assert!(!Span::parse("mon 00:00-24:00").unwrap().is_overnight());
    }

    #[test]
    fn what_is_no_span_is_explained() {
        for (text, why) in [
            ("", "isn't days and a time"),
            ("22:00-06:00", "isn't days and a time"),
            ("mon 22:00 - 06:00", "isn't days and a time"),
            ("mo 22:00-06:00", "days aren't days"),
            ("mon- 22:00-06:00", "days aren't days"),
            ("mon,, 22:00-06:00", "days aren't days"),
            ("mon 22-06", "times aren't times"),
            ("mon 22:60-06:00", "times aren't times"),
            ("mon 24:01-06:00", "times aren't times"),
            ("mon 2:5-06:00", "times aren't times"),
            ("mon +2:05-06:00", "times aren't times"),
            ("mon 24:00-06:00", "begins at 24:00"),
            ("mon 06:00-06:00", "same time"),
        ] {
            let found = Span::parse(text).unwrap_err();
            assert!(found.contains(why), "{text}: {found}");
        }
    }
}
