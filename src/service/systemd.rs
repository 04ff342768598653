//! What systemd is told: ready, what is going on, reloading, stopping; and its watchdog, which is fed while everything
//! goes on. Without systemd nothing happens.

use crate::appliance::{Appliance, CameraHandle, Phase};
use crate::service::progress::Progress;
use sd_notify::NotifyState;
use std::sync::Arc;
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
            camera.is_wanted() && status.analysis.is_none() && !matches!(status.phase, Phase::Lost { .. })
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

/// Tells systemd that the configuration is being read again; [`reloaded`] must follow.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => log::warn!("systemd can't be told of the reload: {error}"),
    }
}

/// Tells systemd that the new configuration acts, or that the old one goes on.
pub fn reloaded() {
    notify(&[NotifyState::Ready]);
}

/// Tells systemd that the program ends.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Feeds systemd's watchdog from a thread of its own while every thread that is watched goes on. Once one is stuck
/// it is fed no more, and systemd starts the service anew.
pub fn feed_watchdog(progress: Progress) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let feed = move || {
        let mut told = false;
        loop {
            let stuck = progress.stuck();
            if stuck.is_empty() {
                notify(&[NotifyState::Watchdog]);
                told = false;
            } else if !told {
                let threads: Vec<_> = stuck.into_iter().map(|(name, _)| name).collect();
                log::error!("stuck: {}; systemd will start the service anew", threads.join(", "));
                told = true;
            }
            std::thread::sleep(limit / 4);
        }
    };
    if let Err(error) = std::thread::Builder::new().name("watchdog".into()).spawn(feed) {
        log::error!("no thread to feed the watchdog: {error}");
    }
}

fn notify(states: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(states) {
        log::warn!("systemd can't be told: {error}");
    }
}

fn status_text(appliance: &Appliance) -> String {
    let camera = |camera: &Arc<CameraHandle>| {
        let name = camera.name();
        match camera.status().phase {
            Phase::Stopped => format!("{name} stopped"),
            Phase::Opening => format!("{name} opening"),
            Phase::Streaming => format!("{name} streaming"),
            Phase::Lost { reason, .. } => format!("{name} lost: {reason}"),
        }
    };
    let outputs = appliance.outputs.report();
    let mut parts: Vec<String> = appliance.cameras.iter().map(camera).collect();
    if outputs.outputs.iter().any(|output| output.kind == crate::outputs::report::Kind::Relay) {
        parts.push(if outputs.armed { "armed".into() } else { outputs.why.clone() });
    }
    parts.extend(outputs.problems.iter().cloned());
    parts.join("; ")
}
