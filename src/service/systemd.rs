//! What systemd is told: ready, what is going on, stopping. Without systemd nothing happens.

use crate::appliance::{Appliance, Phase};
use sd_notify::NotifyState;
use std::time::Duration;

/// How often the cameras are looked at for a change that systemd should show.
const PERIOD: Duration = Duration::from_millis(250);

/// Tells systemd READY after the first valid frame or a declared lack of one, and then each change.
/// Runs until it is dropped.
pub async fn report(appliance: &Appliance) {
    let mut told: Option<String> = None;
    loop {
        let undecided = appliance.cameras.iter().any(|camera| {
            let status = camera.status();
            let starting = camera.config().autostart || status.phase != Phase::Stopped;
            starting
                && status.analysis.is_none()
                && !matches!(status.phase, Phase::Lost { .. } | Phase::Stopped)
        });
        let text = status_text(appliance);
        if told.is_some() || !undecided {
            let status = NotifyState::Status(&text);
            match &told {
                None => notify(&[NotifyState::Ready, status]),
                Some(before) if *before != text => notify(&[status]),
                Some(_) => {}
            }
            told = Some(text);
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// Tells systemd that the program ends.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

fn notify(states: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(states) {
        log::warn!("systemd can't be told: {error}");
    }
}

fn status_text(appliance: &Appliance) -> String {
    let camera = |camera: &std::sync::Arc<crate::appliance::CameraHandle>| {
        let name = camera.name();
        match camera.status().phase {
            Phase::Stopped => format!("{name} stopped"),
            Phase::Opening => format!("{name} opening"),
            Phase::Streaming => format!("{name} streaming"),
            Phase::Lost { reason, .. } => format!("{name} lost: {reason}"),
        }
    };
    appliance.cameras.iter().map(camera).collect::<Vec<_>>().join("; ")
}
