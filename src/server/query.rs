//! What callers write behind the question mark, and in bodies. Unknown parameters are passed over (the guide's `t=` is one);
//! values that can't be used are named with their range.

use super::App;
use super::problem::Problem;
use crate::anomaly::kinds::{AnomalyType, Severity};
use crate::appliance::CameraHandle;
use crate::config;
use crate::events::database::Filter;
use crate::pipeline::State;
use crate::publisher::Wish;
use crate::snapshots::Wanted;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;

const FPS: RangeInclusive<f32> = 0.1..=60.0;
const QUALITY: RangeInclusive<u8> = 1..=100;
const RATE: RangeInclusive<f32> = 1.0..=10.0;
const LIMIT: RangeInclusive<usize> = 1..=1000;

/// Events in a list if nobody says how many.
const USUAL_EVENTS: usize = 100;

/// Of links that open without a login: a minute to a week, and an hour if nobody says.
const LINK_SECONDS: RangeInclusive<u64> = 60..=604_800;
const USUAL_LINK_SECONDS: u64 = 3600;

/// The parameters of one request, decoded, in the order written.
#[derive(Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(pairs) = query.map_err(|_| Problem::bad_value("the query can't be read"))?;
        Ok(Self(pairs))
    }
}

impl Parameters {
    /// The last value of a parameter.
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn number<T>(&self, name: &str, range: &RangeInclusive<T>) -> Result<Option<T>, Problem>
    where
        T: FromStr + PartialOrd + Display,
    {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => {
                let (low, high) = (range.start(), range.end());
                Err(Problem::bad_value(format!("{name} must be a number from {low} to {high}")))
            }
        }
    }

    fn switch(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.get(name) {
            None => Ok(None),
            Some("0") => Ok(Some(false)),
            Some("1") => Ok(Some(true)),
            Some(_) => Err(Problem::bad_value(format!("{name} must be 0 or 1"))),
        }
    }

    /// What a viewer asked for, on top of what is configured: `fps`, `quality`, `overlay`.
    pub fn wish(&self, stream: &config::Stream) -> Result<Wish, Problem> {
        let configured_fps = (stream.fps > 0.0).then_some(stream.fps);
        let quality = self.number("quality", &QUALITY)?;
        Ok(Wish {
            quality: quality.unwrap_or(stream.quality),
            any_quality: quality.is_none(),
            fps: self.number("fps", &FPS)?.or(configured_fps),
            overlay: self.switch("overlay")?.unwrap_or(true),
        })
    }

    /// Which snapshots are wanted: `timelapse`, `camera`, `before` (Unix seconds).
    pub fn snapshots(&self) -> Result<Wanted, Problem> {
        Ok(Wanted {
            timelapse: self.switch("timelapse")?.unwrap_or(false),
            camera: self.get("camera").filter(|camera| !camera.is_empty()).map(str::to_string),
            before: self.number("before", &(0..=u64::MAX))?,
        })
    }

    /// How long a link opens: `seconds`.
    pub fn seconds(&self) -> Result<u64, Problem> {
        Ok(self.number("seconds", &LINK_SECONDS)?.unwrap_or(USUAL_LINK_SECONDS))
    }

    /// How many events a second are wanted: `rate`.
    pub fn rate(&self) -> Result<f32, Problem> {
        Ok(self.number("rate", &RATE)?.unwrap_or(*RATE.start()))
    }

    /// Which events are wanted: `camera`, `state`, `type`, `severity`, `zone`, `from` and `to` (Unix milliseconds), `keep`, `before` and
    /// `after` (numbers of events), `limit`.
    pub fn events(&self) -> Result<Filter, Problem> {
        let text = |name: &str| self.get(name).filter(|text| !text.is_empty()).map(str::to_string);
        let one_of = |name: &str, all: &[&str]| match text(name) {
            Some(text) if !all.contains(&text.as_str()) => {
                Err(Problem::bad_value(format!("{name} must be one of {}", all.join(", "))))
            }
            text => Ok(text),
        };
        let moment = |name: &str| self.number(name, &(0..=i64::MAX));
        Ok(Filter {
            camera: text("camera"),
            state: one_of("state", &State::ALL.map(State::name))?,
            anomaly_type: one_of("type", &AnomalyType::ALL.map(AnomalyType::name))?,
            severity: one_of("severity", &Severity::ALL.map(Severity::name))?,
            zone: text("zone"),
            from: moment("from")?,
            to: moment("to")?,
            keep: self.switch("keep")?,
            before: moment("before")?,
            after: moment("after")?,
            limit: self.limit()?.unwrap_or(USUAL_EVENTS),
        })
    }

    /// Numbers of events, with commas between them: `ids`.
    pub fn ids(&self, most: usize) -> Result<Vec<String>, Problem> {
        let ids: Vec<_> = self.get("ids").unwrap_or_default().split(',').map(str::to_string).collect();
        if ids.len() > most {
            return Err(Problem::bad_value(format!("ids must be at most {most} numbers")));
        }
        Ok(ids)
    }

    /// How many entries of a list are wanted: `limit`.
    pub fn limit(&self) -> Result<Option<usize>, Problem> {
        self.number("limit", &LIMIT)
    }

    /// The camera that `camera` names, if it names one.
    pub fn any_camera<'a>(&self, app: &'a App) -> Result<Option<&'a Arc<CameraHandle>>, Problem> {
        self.get("camera").map(|name| camera(app, name)).transpose()
    }

    /// The camera that `camera` names, else the first.
    pub fn camera<'a>(&self, app: &'a App) -> Result<&'a Arc<CameraHandle>, Problem> {
        Ok(self.any_camera(app)?.unwrap_or(app.context.appliance.first()))
    }
}

/// A camera by its name or number.
pub fn camera<'a>(app: &'a App, name: &str) -> Result<&'a Arc<CameraHandle>, Problem> {
    let unknown = || Problem::not_found("there is no such camera; /api/cameras lists those that there are");
    app.context.appliance.camera(name).ok_or_else(unknown)
}

/// The body as a JSON object; `allowed` shows what it may be. What is wrong with it isn't repeated: it may be secret.
pub fn parsed<T: DeserializeOwned>(body: &Bytes, allowed: &str) -> Result<T, Problem> {
    // serde would take a list, with values in the order of the fields.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let value = is_object.then(|| serde_json::from_slice(body).ok()).flatten();
    value.ok_or_else(|| Problem::bad_value(format!("the body must be {allowed}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(pairs: &[(&str, &str)]) -> Result<Wish, Problem> {
        let pairs = pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        Parameters(pairs).wish(&config::Stream { quality: 80, fps: 0.0 })
    }

    #[test]
    fn wishes_default_to_the_configuration() {
        let plain = Wish { quality: 80, any_quality: true, fps: None, overlay: true };
        assert_eq!(wish(&[]), Ok(plain));
        assert_eq!(wish(&[("t", "1700000000000"), ("colour", "blue")]), Ok(plain));
        let stream = config::Stream { quality: 50, fps: 5.0 };
        let configured = Parameters::default().wish(&stream);
        assert_eq!(configured, Ok(Wish { quality: 50, any_quality: true, fps: Some(5.0), overlay: true }));
    }

    #[test]
    fn wishes_are_taken_from_the_query() {
        let asked = wish(&[("fps", "0.1"), ("quality", "100"), ("overlay", "0")]);
        assert_eq!(asked, Ok(Wish { quality: 100, any_quality: false, fps: Some(0.1), overlay: false }));
        assert_eq!(wish(&[("fps", "5"), ("fps", "6")]).map(|wish| wish.fps), Ok(Some(6.0)));
    }

    #[test]
    fn a_rate_is_one_a_second_unless_asked_otherwise() {
        let rate = |pairs: &[(&str, &str)]| {
            Parameters(pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()).rate()
        };
        assert_eq!(rate(&[]), Ok(1.0));
        assert_eq!(rate(&[("rate", "10")]), Ok(10.0));
        for value in ["0", "11", "NaN", "fast"] {
            assert!(rate(&[("rate", value)]).is_err_and(|problem| problem.detail.contains("from 1 to 10")));
        }
    }

    #[test]
    fn values_out_of_range_are_named_with_their_range() {
        let cases = [
            ("fps", vec!["0", "0.09", "61", "-1", "NaN", "inf", "", "ten"], "from 0.1 to 60"),
            ("quality", vec!["0", "101", "-1", "7.5", "", "high"], "from 1 to 100"),
            ("overlay", vec!["2", "", "true"], "0 or 1"),
        ];
        for (name, values, range) in cases {
            for value in values {
                let problem = wish(&[(name, value)]).expect_err(value);
                assert_eq!(problem.status, 400);
                assert!(problem.detail.starts_with(name), "{}", problem.detail);
                assert!(problem.detail.contains(range), "{}", problem.detail);
            }
        }
    }
}
