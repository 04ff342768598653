//! What holds where the file says nothing.

use super::{
    Alert, Anomaly, Arming, Auth, Camera, Config, Events, Motion, Network, Outputs, Server, Snapshots,
    Source, Stream, Tls, Transport,
};
use crate::anomaly::kinds::Severity;
use std::path::PathBuf;

impl Default for Config {
    fn default() -> Self {
        Self {
            state_dir: PathBuf::from("state"),
            trust_clock: false,
            server: Server::default(),
            stream: Stream::default(),
            motion: Motion::default(),
            alert: Alert::default(),
            anomaly: Anomaly::default(),
            network: Network::default(),
            events: Events::default(),
            snapshots: Snapshots::default(),
            arming: Arming::default(),
            outputs: Outputs::default(),
            leds: Vec::new(),
            relays: Vec::new(),
            inputs: Vec::new(),
            cameras: vec![Camera::default()],
        }
    }
}

impl Default for Snapshots {
    fn default() -> Self {
        Self { every_seconds: 0.0, days: 30.0, max_mib: 1024 }
    }
}

impl Default for Events {
    fn default() -> Self {
        Self {
            enabled: true,
            before_seconds: 5.0,
            after_seconds: 5.0,
            longest_seconds: 600.0,
            encode_fps: 10.0,
            memory_mib: 16,
            days: 30.0,
            max_mib: 4096,
            reserve_mib: 256,
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 8000).into(),
            auth: Auth::default(),
            names: Vec::new(),
            tls: Tls::default(),
            certificate: PathBuf::new(),
            certificate_key: PathBuf::new(),
            cors_origins: vec!["http://localhost:3000".into(), "http://localhost:3001".into()],
            max_viewers: 50,
            max_connections: 256,
            max_address_connections: 128,
            head_seconds: 10.0,
            max_head_bytes: 16_384,
            max_body_bytes: 65_536,
            max_message_bytes: 1024,
            expensive_per_second: 10.0,
            stall_seconds: 10.0,
        }
    }
}

impl Default for Stream {
    fn default() -> Self {
        Self { quality: 80, fps: 0.0 }
    }
}

impl Default for Camera {
    fn default() -> Self {
        Self {
            name: "camera0".into(),
            source: Source::Demo,
            width: 640,
            height: 480,
            fps: 25.0,
            username: String::new(),
            password_file: PathBuf::new(),
            certificate: PathBuf::new(),
            transport: Transport::default(),
            format: None,
            autostart: true,
            repeat: true,
            timeout_seconds: 5.0,
            motion: Motion::default(),
            alert: Alert::default(),
            anomaly: Anomaly::default(),
            zones: Vec::new(),
        }
    }
}

impl Default for Motion {
    fn default() -> Self {
        Self {
            sensitivity: 0.5,
            min_area: 0.0005,
            min_seconds: 0.5,
            hold_seconds: 1.0,
            absorb_seconds: 60.0,
            max_width: 480,
            rate_hz: 10.0,
        }
    }
}

impl Default for Alert {
    fn default() -> Self {
        Self { hold_seconds: 5.0, zone_severity: Severity::High }
    }
}

impl Default for Anomaly {
    fn default() -> Self {
        Self {
            enabled: true,
            rate_hz: 5.0,
            heartbeat_seconds: 2.0,
            false_alarms_per_day: 1.0,
            adapt_days: 7.0,
        }
    }
}
