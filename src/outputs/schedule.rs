//! When a schedule of weekly spans holds. Knows calendars and time zones.
//!
//! A span is what its clock times mean on its day: where a clock is put back, a span that ends in the hour that
//! comes twice lasts until the second time; where it is put forward, times that don't exist count as if the clock
//! had not been touched.

use crate::config::{DAY, Span};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use std::time::SystemTime;

/// A week and a day: every span begins and ends within it.
const AHEAD_DAYS: i64 = 8;

pub struct Schedule {
    spans: Vec<Span>,
    zone: TimeZone,
}

impl Schedule {
    /// Nothing is scheduled. Needs no data of time zones, which a small board may not have.
    pub fn always() -> Self {
        Self { spans: Vec::new(), zone: TimeZone::UTC }
    }

    /// `zone` is a name, or empty for the machine's.
    ///
    /// # Errors
    /// The machine doesn't know the zone.
    pub fn new(spans: Vec<Span>, zone: &str) -> Result<Self, String> {
        let zone = match zone {
            "" => TimeZone::system(),
            "UTC" => TimeZone::UTC,
            name => TimeZone::get(name).map_err(|error| format!("time zone {name}: {error}"))?,
        };
        Ok(Self { spans, zone })
    }

    /// Nothing is scheduled: it always holds.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    pub fn holds(&self, wall: SystemTime) -> bool {
        let Ok(time) = Timestamp::try_from(wall) else { return false };
        self.is_empty() || self.occurrences(time, -2, 1).any(|(from, to)| (from..to).contains(&time))
    }

    /// When it begins or ends to hold next, if ever.
    pub fn next_change(&self, wall: SystemTime) -> Option<SystemTime> {
        let time = Timestamp::try_from(wall).ok()?;
        let mut edges: Vec<Timestamp> =
            self.occurrences(time, -2, AHEAD_DAYS).flat_map(|(from, to)| [from, to]).collect();
        edges.sort_unstable();
        let now = self.holds(wall);
        let later = edges.into_iter().filter(|edge| *edge > time).map(SystemTime::from);
        later.into_iter().find(|edge| self.holds(*edge) != now)
    }

    /// The spans that begin on days around `time`.
    fn occurrences(
        &self,
        time: Timestamp,
        first: i64,
        last: i64,
    ) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let today = time.to_zoned(self.zone.clone()).date();
        let days = (first..=last).filter_map(move |day| today.checked_add(day.days()).ok());
        days.flat_map(move |date| {
            let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
            self.spans.iter().filter(move |span| span.days[weekday]).filter_map(move |span| {
                let end = if span.is_overnight() { span.to + DAY } else { span.to };
                Some((self.instant(date, span.from, false)?, self.instant(date, end, true)?))
            })
        })
    }

    /// When the clocks show so many minutes after the midnight that `date` begins with; if twice, the first or the
    /// second time.
    fn instant(&self, date: Date, minutes: u16, second: bool) -> Option<Timestamp> {
        let date = date.checked_add(i64::from(minutes / DAY).days()).ok()?;
        let time = minutes % DAY;
        let civil = date.at((time / 60) as i8, (time % 60) as i8, 0, 0);
        let ambiguous = self.zone.to_ambiguous_timestamp(civil);
        if second { ambiguous.later().ok() } else { ambiguous.compatible().ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(spans: &[&str], zone: &str) -> Schedule {
        Schedule::new(spans.iter().map(|span| Span::parse(span).unwrap()).collect(), zone).unwrap()
    }

    fn at(time: &str) -> SystemTime {
        time.parse::<Timestamp>().unwrap().into()
    }

    /// The edges of the schedule in a stretch of time, each in UTC with whether it holds from then on.
    fn edges(schedule: &Schedule, from: &str, to: &str) -> Vec<(String, bool)> {
        let mut edges = Vec::new();
        let mut time = at(from);
        while let Some(next) = schedule.next_change(time).filter(|next| *next <= at(to)) {
            edges.push((Timestamp::try_from(next).unwrap().to_string(), schedule.holds(next)));
            time = next;
        }
        edges
    }

    fn edge(time: &str, on: bool) -> (String, bool) {
        (time.into(), on)
    }

    #[test]
    fn an_empty_schedule_always_holds() {
        let schedule = schedule(&[], "UTC");
        assert!(schedule.holds(at("2026-11-24T12:00:00Z")));
        assert_eq!(schedule.next_change(at("2026-11-24T12:00:00Z")), None);
        assert_eq!(
            self::schedule(&["daily 00:00-24:00"], "UTC").next_change(at("2026-11-24T12:00:00Z")),
            None
        );
    }

    #[test]
    fn nights_belong_to_the_day_on_which_they_begin() {
        // The 27th is a Friday.
        let schedule = schedule(&["mon-fri 22:00-06:00"], "Europe/Berlin");
        assert_eq!(
            edges(&schedule, "2026-11-26T12:00:00Z", "2026-11-30T12:00:00Z"),
            [
                edge("2026-11-26T21:00:00Z", true),
                edge("2026-11-27T05:00:00Z", false),
                edge("2026-11-27T21:00:00Z", true),
                edge("2026-11-28T05:00:00Z", false),
            ]
        );
        assert!(schedule.holds(at("2026-11-28T04:59:59Z")), "Saturday's morning is Friday's night");
        assert!(!schedule.holds(at("2026-11-30T04:00:00Z")), "Monday's morning is Sunday's night");
    }

    #[test]
    fn spans_that_touch_are_one() {
        let schedule = schedule(&["sat 00:00-24:00", "sun 00:00-24:00", "fri 18:00-24:00"], "UTC");
        assert_eq!(
            edges(&schedule, "2026-11-24T00:00:00Z", "2026-12-01T00:00:00Z"),
            [edge("2026-11-27T18:00:00Z", true), edge("2026-11-30T00:00:00Z", false)]
        );
    }

    #[test]
    fn a_night_over_the_end_of_summer_time_is_an_hour_longer_and_has_no_gap() {
        // 2026-10-25: 03:00 CEST (01:00 UTC) becomes 02:00 CET.
        let nights = schedule(&["daily 22:00-02:30"], "Europe/Berlin");
        assert_eq!(
            edges(&nights, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"),
            [edge("2026-10-24T20:00:00Z", true), edge("2026-10-25T01:30:00Z", false)]
        );
        let both = schedule(&["daily 02:15-02:45"], "Europe/Berlin");
        assert_eq!(
            edges(&both, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"),
            [edge("2026-10-25T00:15:00Z", true), edge("2026-10-25T01:45:00Z", false)],
            "both hours between 02:15 and 02:45"
        );
    }

    #[test]
    fn a_night_over_the_begin_of_summer_time_ends_though_its_hour_is_missing() {
        // 2026-03-29: 02:00 CET (01:00 UTC) becomes 03:00 CEST.
        let nights = schedule(&["daily 22:00-02:30"], "Europe/Berlin");
        assert_eq!(
            edges(&nights, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"),
            [edge("2026-03-28T21:00:00Z", true), edge("2026-03-29T01:30:00Z", false)]
        );
        let ordinary = schedule(&["daily 22:00-06:00"], "Europe/Berlin");
        assert_eq!(
            edges(&ordinary, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"),
            [edge("2026-03-28T21:00:00Z", true), edge("2026-03-29T04:00:00Z", false)]
        );
    }

    #[test]
    fn an_unknown_zone_is_an_error() {
        assert!(Schedule::new(Vec::new(), "Mars/Olympus").is_err_and(|error| error.contains("Mars/Olympus")));
    }
}
