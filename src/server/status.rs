//! `GET /status`: a camera and its surroundings at one moment. Field names are the guide's; every other field is
//! measured or absent.

use super::App;
use super::condition::{Condition, Degraded, rounded, without_folders};
use super::problem::Problem;
use super::query::Parameters;
use crate::anomaly::kinds::Severity;
use crate::anomaly::verdict::Verdict;
use crate::appliance::{CameraHandle, NetworkState};
use crate::outputs::report::Report;
use crate::pipeline::State as AiState;
use crate::service::clock::rfc3339;
use crate::service::process::Process;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Serialize)]
struct StatusBody<'a> {
    streaming: bool,
    camera_active: bool,
    ai_pipeline_active: bool,
    ai_status: AiState,
    #[serde(skip_serializing_if = "Option::is_none")]
    anomaly_status: Option<AnomalyStatus<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anomaly_stats: Option<AnomalyStats>,
    network: Value,
    camera: &'a str,
    viewers: usize,
    #[serde(flatten)]
    measured: Measured,
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded: Option<Degraded>,
    /// What is missing, in words, while the camera goes on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    limits: Vec<String>,
    /// Relays may close.
    armed: bool,
    /// Until when alerts are silenced, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    silent_until: Option<String>,
    /// What each input is, if it is known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    inputs: BTreeMap<&'a str, Option<bool>>,
    /// What each LED and relay does.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    outputs: BTreeMap<&'a str, bool>,
    process: ProcessBody,
}

/// Absent what isn't measured.
#[derive(Serialize)]
struct ProcessBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_bytes: Option<u64>,
    uptime_seconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature_c: Option<f64>,
}

/// Only during an anomaly.
#[derive(Serialize)]
struct AnomalyStatus<'a> {
    #[serde(flatten)]
    verdict: &'a Verdict,
    /// Higher is stranger.
    score: f64,
}

/// Counted since the program started.
#[derive(Serialize)]
struct AnomalyStats {
    total_frames_analyzed: u64,
    total_anomalies_detected: u64,
    anomaly_rate: f64,
    learning_complete: bool,
    /// 0 to 1.
    learning_progress: f64,
    paused: bool,
}

/// Absent while nothing is measured.
#[derive(Default, Serialize)]
struct Measured {
    #[serde(skip_serializing_if = "Option::is_none")]
    fps: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    analysis_fps: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    processing_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    motion_regions: Option<usize>,
    /// The alert zone that caused ALERT.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_zone: Option<Arc<str>>,
    /// How severe ALERT's last cause was.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_severity: Option<Severity>,
    /// The background isn't known yet: motion isn't told.
    #[serde(skip_serializing_if = "Option::is_none")]
    learning_background: Option<bool>,
    /// A change of light over the whole picture is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    lighting_change: Option<bool>,
    /// How strange the newest frame is, without a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    anomaly_score: Option<f64>,
    /// How near the newest frame is to an anomaly, which begins when the level reaches the limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    anomaly_level: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anomaly_limit: Option<f64>,
    /// Since the last valid frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    frame_age_ms: Option<f64>,
}

/// `GET /status`: polled by the page each second.
pub async fn show(State(app): State<Arc<App>>, parameters: Parameters) -> Result<Response, Problem> {
    let camera = parameters.camera(&app)?;
    let moment = Moment::of(&app, camera);
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(moment.body())).into_response())
}

/// All that the status of a camera is made of.
pub struct Moment<'a> {
    process: &'a Process,
    camera: &'a CameraHandle,
    pub condition: Condition,
    pub report: Arc<Report>,
    /// What is wrong with the settings changed over the API, in words.
    settings: Vec<String>,
    /// Why events or the time-lapse aren't all kept, in words.
    unkept: Vec<String>,
}

impl<'a> Moment<'a> {
    pub fn of(app: &'a App, camera: &'a CameraHandle) -> Self {
        let appliance = &app.context.appliance;
        Self {
            process: &app.process,
            camera,
            condition: Condition::of(camera, &appliance.clock),
            report: appliance.outputs.report(),
            settings: app.context.settings.limits(),
            unkept: (appliance
                .events
                .problem()
                .map(|why| format!("events aren't all kept: {why}"))
                .into_iter())
            .chain(appliance.snapshots.problem())
            .collect(),
        }
    }

    /// The status as it is sent.
    pub fn body(&self) -> impl Serialize {
        status_body(self)
    }
}

fn status_body<'a>(moment: &'a Moment) -> StatusBody<'a> {
    let Moment { process, camera, condition, report, settings, unkept } = moment;
    let missing = report.problems.iter().chain(unkept).map(|problem| without_folders(problem));
    StatusBody {
        streaming: condition.streaming,
        camera_active: condition.active,
        ai_pipeline_active: condition.streaming,
        ai_status: condition.state(),
        anomaly_status: condition.verdict().map(|verdict| AnomalyStatus {
            verdict,
            score: rounded(condition.score().unwrap_or_default(), 3),
        }),
        anomaly_stats: condition.streaming.then(|| stats(condition)),
        network: network(condition),
        camera: camera.name(),
        viewers: condition.status.viewers,
        measured: measured(condition),
        degraded: condition.degraded.clone(),
        limits: condition.limits().into_iter().chain(missing).chain(settings.iter().cloned()).collect(),
        armed: report.armed,
        silent_until: report.silent_until.map(rfc3339),
        inputs: report.inputs.iter().map(|input| (input.name.as_str(), input.active)).collect(),
        outputs: report.outputs.iter().map(|output| (output.name.as_str(), output.on)).collect(),
        process: process_body(process),
    }
}

fn process_body(process: &Process) -> ProcessBody {
    let figures = process.figures();
    ProcessBody {
        memory_bytes: figures.memory_bytes,
        uptime_seconds: process.uptime().as_secs(),
        temperature_c: figures.celsius.map(|celsius| rounded(celsius, 1)),
    }
}

fn stats(condition: &Condition) -> AnomalyStats {
    let anomaly = &condition.status.anomaly;
    let (frames, anomalies) = (condition.status.frames_analyzed, anomaly.anomalies);
    AnomalyStats {
        total_frames_analyzed: frames,
        total_anomalies_detected: anomalies,
        anomaly_rate: ((anomalies as f64 / frames.max(1) as f64) * 1e6).round() / 1e6,
        learning_complete: anomaly.complete,
        learning_progress: rounded(anomaly.progress, 3),
        paused: anomaly.paused,
    }
}

/// What computes the network and how often, or why it doesn't.
pub fn network(condition: &Condition) -> Value {
    let anomaly = &condition.status.anomaly;
    match &anomaly.network {
        NetworkState::Running { version, provider, fallback } => {
            let mut body = json!({ "version": version, "provider": provider });
            if let Some(fallback) = fallback {
                body["fallback"] = without_folders(fallback).into();
            }
            // Measured, and only while frames come.
            if let (true, Some(rate), Some(ms)) = (condition.active, anomaly.look_rate, anomaly.look_ms) {
                body["rate_hz"] = rounded(rate, 1).into();
                body["look_ms"] = rounded(ms, 2).into();
            }
            body
        }
        NetworkState::Missing(why) => json!({ "missing": without_folders(why) }),
        NetworkState::Off => json!({ "missing": "anomalies aren't looked for (anomaly.enabled)" }),
        NetworkState::Loading => json!({ "missing": "it is being loaded" }),
    }
}

fn measured(condition: &Condition) -> Measured {
    let status = &condition.status;
    let frame_age_ms = status.frame_age.map(|age| rounded(age.as_secs_f32() * 1e3, 0));
    let Some(analysis) = condition.fresh_analysis() else {
        return Measured { frame_age_ms, ..Measured::default() };
    };
    let level = analysis.judgement.as_ref().and_then(|judgement| judgement.level);
    Measured {
        fps: status.fps.map(|fps| rounded(fps, 1)),
        analysis_fps: status.analysis_fps.map(|fps| rounded(fps, 1)),
        latency_ms: status.latency_ms.map(|latency| rounded(latency, 2)),
        processing_ms: status.processing_ms.map(|processing| rounded(processing, 3)),
        motion_regions: Some(analysis.regions.len()),
        alert_zone: analysis.alert_zone.clone(),
        alert_severity: analysis.alert_severity,
        learning_background: Some(analysis.learning),
        lighting_change: Some(analysis.lighting),
        anomaly_score: condition.score().map(|score| rounded(score, 3)),
        anomaly_level: level.map(|level| rounded(level.reached, 3)),
        anomaly_limit: level.map(|level| rounded(level.limit, 3)),
        frame_age_ms,
    }
}
