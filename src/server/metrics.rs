//! Figures for Prometheus, in its text format (version 0.0.4). What isn't measured is absent.

use super::App;
use super::condition::{Condition, PHASES};
use super::events::in_background;
use crate::appliance::NetworkState;
use crate::events::store::Condition as Events;
use crate::outputs::report::Report;
use crate::pipeline::State as AiState;
use crate::service::process::Figures;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::fmt::{Display, Write};
use std::sync::Arc;
use std::time::Duration;

/// A disk that works answers in this time.
const DISK_PATIENCE: Duration = Duration::from_secs(1);

/// `GET /metrics`
pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    let appliance = &app.context.appliance;
    let cameras: Vec<_> = appliance
        .cameras
        .iter()
        .map(|camera| (camera.name(), Condition::of(camera, &appliance.clock)))
        .collect();
    let events = events(&app).await;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (
        headers,
        text(
            &cameras,
            &appliance.outputs.report(),
            events.as_ref(),
            app.process.figures(),
            app.context.access.failed_logins(),
        ),
    )
        .into_response()
}

/// How events are kept; `None` while the disk takes its time, for the other figures are worth having all the same. One asks at a
/// time, so that a disk that hangs holds up no more than one thread.
async fn events(app: &Arc<App>) -> Option<Events> {
    let looking = app.looking.clone().try_lock_owned().ok()?;
    let asked = in_background(app, move |store| {
        let _looking = looking;
        Ok(store.condition())
    });
    tokio::time::timeout(DISK_PATIENCE, asked).await.ok()?.ok()
}

fn text(
    cameras: &[(&str, Condition)],
    outputs: &Report,
    events: Option<&Events>,
    process: Figures,
    failed_logins: u64,
) -> String {
    let mut page = Page(String::new());
    page.family("build_info", "gauge", "Always 1; the version is its label.");
    page.line("build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);

    page.counter(cameras, "frames_analyzed_total", "Frames analysed.", |c| c.status.frames_analyzed);
    page.counter(cameras, "frames_spared_total", "Frames that needed no analysis.", |c| {
        c.status.frames_spared
    });
    page.counter(cameras, "frames_broken_total", "Frames that could not be used.", |c| {
        c.status.frames_broken
    });
    page.counter(cameras, "frames_skipped_total", "Frames that nobody had time for.", |c| {
        c.status.frames_skipped
    });
    page.counter(
        cameras,
        "camera_reopened_total",
        "Times that the camera was opened again after a loss.",
        |c| c.status.reopened,
    );

    page.gauge(cameras, "viewers", "Streams being watched.", |c| Some(c.status.viewers as f64));
    page.gauge(cameras, "camera_active", "1 while valid frames come.", |c| {
        Some(f64::from(u8::from(c.active)))
    });
    page.gauge(cameras, "frame_age_seconds", "Since the last valid frame.", |c| {
        c.status.frame_age.map(|age| age.as_secs_f64())
    });
    page.gauge(cameras, "frames_per_second", "Frames that came a second, lately.", |c| {
        c.status.fps.map(f64::from)
    });
    page.gauge(cameras, "analyses_per_second", "Frames analysed a second, lately.", |c| {
        c.status.analysis_fps.map(f64::from)
    });
    page.gauge(cameras, "latency_seconds", "From capture to the end of the analysis, lately.", |c| {
        c.status.latency_ms.map(|ms| f64::from(ms) / 1e3)
    });
    page.gauge(
        cameras,
        "processing_seconds",
        "Time for the analysis of one frame without the network's look, lately.",
        |c| c.status.processing_ms.map(|ms| f64::from(ms) / 1e3),
    );
    page.gauge(cameras, "motion_regions", "Moving things in the newest frame.", |c| {
        c.fresh_analysis().map(|analysis| analysis.regions.len() as f64)
    });
    page.counter(
        cameras,
        "anomalies_total",
        "Anomalies of more than low severity, each counted when it begins.",
        |c| c.status.anomaly.anomalies,
    );
    page.counter(cameras, "network_looks_total", "Times that the network looked.", |c| {
        c.status.anomaly.looks
    });
    page.gauge(cameras, "network_look_seconds", "Time for one look of the network, lately.", |c| {
        c.status.anomaly.look_ms.map(|ms| f64::from(ms) / 1e3)
    });
    page.gauge(cameras, "network_running", "1 while the network looks.", |c| {
        Some(f64::from(u8::from(matches!(c.status.anomaly.network, NetworkState::Running { .. }))))
    });
    page.gauge(cameras, "anomaly_score", "How strange the newest frame is.", |c| c.score().map(f64::from));
    page.gauge(cameras, "learning_progress", "How far learning is, 0 to 1.", |c| {
        let known = !matches!(c.status.anomaly.network, NetworkState::Off | NetworkState::Loading);
        known.then(|| c.status.anomaly.progress.into())
    });
    let states = [AiState::Idle, AiState::Motion, AiState::Alert].map(AiState::name);
    page.one_of(
        cameras,
        "state",
        "The state of the camera's scene: 1 for the one that holds.",
        &states,
        |c| c.state().name(),
    );
    page.one_of(
        cameras,
        "camera_phase",
        "What the camera does: 1 for the one that holds.",
        &PHASES,
        Condition::phase,
    );
    page.family("armed", "gauge", "1 while relays may close.");
    page.line("armed", &[], u8::from(outputs.armed));
    if !outputs.outputs.is_empty() {
        page.family("output_on", "gauge", "1 while an LED is lit or a relay closed.");
        for output in &outputs.outputs {
            page.line("output_on", &[("output", &output.name)], u8::from(output.on));
        }
        page.family("output_missing", "gauge", "1 while the line of an LED or relay can't be moved.");
        for output in &outputs.outputs {
            page.line("output_missing", &[("output", &output.name)], u8::from(output.problem.is_some()));
        }
    }
    if let Some(events) = events {
        page.family("events_kept", "gauge", "Events that are kept.");
        page.line("events_kept", &[], events.events);
        page.family("events_bytes", "gauge", "Bytes of all events.");
        page.line("events_bytes", &[], events.bytes);
        page.family("events_failing", "gauge", "1 while events can't be kept or listed.");
        page.line("events_failing", &[], u8::from(events.problem.is_some()));
    }
    page.family(
        "failed_logins_total",
        "counter",
        "Passwords that were wrong, or came too soon after others that were.",
    );
    page.line("failed_logins_total", &[], failed_logins);
    if let Some(celsius) = process.celsius {
        page.family("temperature_celsius", "gauge", "Of the hottest part of the board.");
        page.line("temperature_celsius", &[], celsius);
    }
    if let Some(bytes) = process.memory_bytes {
        // The name that Prometheus's own libraries give it.
        page.write(format_args!(
            "# HELP process_resident_memory_bytes Resident memory.\n# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {bytes}\n"
        ));
    }
    page.0
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.write(format_args!("# HELP edge_cctv_{name} {help}\n# TYPE edge_cctv_{name} {kind}\n"));
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> =
            labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
        self.write(format_args!("edge_cctv_{name}{{{}}} {value}\n", labels.join(",")));
    }

    fn counter(
        &mut self,
        cameras: &[(&str, Condition)],
        name: &str,
        help: &str,
        value: fn(&Condition) -> u64,
    ) {
        self.family(name, "counter", help);
        for (camera, condition) in cameras {
            self.line(name, &[("camera", camera)], value(condition));
        }
    }

    fn gauge(
        &mut self,
        cameras: &[(&str, Condition)],
        name: &str,
        help: &str,
        value: fn(&Condition) -> Option<f64>,
    ) {
        self.family(name, "gauge", help);
        for (camera, condition) in cameras {
            if let Some(value) = value(condition) {
                self.line(name, &[("camera", camera)], value);
            }
        }
    }

    /// Prometheus has no words for values: each word is a label, and one of them is 1.
    fn one_of(
        &mut self,
        cameras: &[(&str, Condition)],
        name: &str,
        help: &str,
        words: &[&str],
        word: fn(&Condition) -> &'static str,
    ) {
        self.family(name, "gauge", help);
        for (camera, condition) in cameras {
            for &each in words {
                self.line(name, &[("camera", camera), (name, each)], u8::from(word(condition) == each));
            }
        }
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.0.write_fmt(text).expect("a String takes everything");
    }
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::appliance::{Phase, Status};

    fn condition() -> Condition {
        let status = Status {
            phase: Phase::Streaming,
            opened: None,
            analysis: None,
            frame_age: Some(Duration::from_millis(250)),
            frames_analyzed: 1547,
            frames_spared: 3094,
            frames_broken: 3,
            last_broken: None,
            frames_skipped: 2,
            reopened: 1,
            fps: None,
            analysis_fps: None,
            latency_ms: Some(12.5),
            processing_ms: None,
            viewers: 4,
            reencoded: None,
            anomaly: Default::default(),
        };
        Condition { status, streaming: true, active: true, degraded: None }
    }

    #[test]
    fn figures_are_in_base_units_and_unmeasured_ones_are_absent() {
        let problem = Some("the disk is full".into());
        let events = Events {
            events: 12,
            bytes: 3456,
            max_bytes: 9999,
            free_bytes: None,
            written: Vec::new(),
            problem,
        };
        let text = text(&[("yard", condition())], &Report::default(), Some(&events), Figures::default(), 7);
        for line in [
            "edge_cctv_failed_logins_total{} 7",
            "edge_cctv_frames_analyzed_total{camera=\"yard\"} 1547",
            "edge_cctv_frames_spared_total{camera=\"yard\"} 3094",
            "edge_cctv_latency_seconds{camera=\"yard\"} 0.0125",
            "edge_cctv_frame_age_seconds{camera=\"yard\"} 0.25",
            "edge_cctv_camera_phase{camera=\"yard\",camera_phase=\"streaming\"} 1",
            "edge_cctv_camera_phase{camera=\"yard\",camera_phase=\"lost\"} 0",
            "edge_cctv_state{camera=\"yard\",state=\"IDLE\"} 1",
            "edge_cctv_armed{} 0",
            "edge_cctv_events_kept{} 12",
            "edge_cctv_events_bytes{} 3456",
            "edge_cctv_events_failing{} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
        for unmeasured in ["edge_cctv_frames_per_second{", "temperature", "process_"] {
            assert!(!text.contains(unmeasured), "{text}");
        }
    }

    #[test]
    fn memory_and_temperature_are_told_where_they_are_measured() {
        let figures = Figures { memory_bytes: Some(52_344), celsius: Some(61.25), ..Figures::default() };
        let text = text(&[("yard", condition())], &Report::default(), None, figures, 0);
        for line in ["process_resident_memory_bytes 52344", "edge_cctv_temperature_celsius{} 61.25"] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn every_figure_has_its_help_and_type_before_it() {
        let text = text(
            &[("yard", condition()), ("door", condition())],
            &Report::default(),
            None,
            Figures::default(),
            7,
        );
        let mut family = "";
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                family = rest.split_once(' ').unwrap().0;
            } else if !line.starts_with('#') {
                assert_eq!(line.split_once('{').unwrap().0, family);
            }
        }
    }

    #[test]
    fn labels_are_escaped() {
        assert_eq!(escaped("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
    }
}
