//! What several settings must be together. Knows nothing of TOML; lines come from `Places`.

use super::fault::{Fault, quoted};
use super::reader::Places;
use super::{Camera, Config, Motion, Server, Tls, wiring};
use crate::camera::network::Protocol;
use std::path::{Path, PathBuf};

/// Everything that doesn't fit together in a file. `resolve` makes one path of all that lead to one device.
pub fn faults(config: &Config, places: &Places, resolve: &dyn Fn(&Path) -> PathBuf) -> Vec<Fault> {
    all(config, places, resolve, true)
}

/// What `changed` doesn't fit together in, and `base` does. Both have all the zones that they will have.
pub fn new_faults(
    base: &Config,
    changed: &Config,
    places: &Places,
    resolve: &dyn Fn(&Path) -> PathBuf,
) -> Vec<Fault> {
    let before = all(base, places, resolve, false);
    let mut after = all(changed, places, resolve, false);
    after.retain(|fault| !before.contains(fault));
    after
}

fn all(
    config: &Config,
    places: &Places,
    resolve: &dyn Fn(&Path) -> PathBuf,
    demo_zone_comes: bool,
) -> Vec<Fault> {
    let mut check = Check { places, faults: Vec::new() };
    let server = &config.server;
    if server.max_viewers >= server.max_connections {
        check.tell(
            &["server.max_viewers", "server.max_connections"],
            format!(
                "server.max_viewers is {}: it must be less than server.max_connections, which is {}, so that the page \
                 and the API can still be reached",
                server.max_viewers, server.max_connections
            ),
        );
    }
    check.files(server);
    check.motion("motion", &config.motion);
    for (index, camera) in config.cameras.iter().enumerate() {
        check.camera(&format!("camera[{index}]"), camera);
        check.twins(config, index, resolve);
    }
    for misfit in wiring::misfits(config, &|key| places.has(key), demo_zone_comes) {
        let keys: Vec<&str> = misfit.keys.iter().map(String::as_str).collect();
        check.tell(&keys, misfit.text);
    }
    check.faults
}

struct Check<'p> {
    places: &'p Places,
    faults: Vec<Fault>,
}

impl Check<'_> {
    /// A fault that the `keys` have together, at the line of the first that is in the file. If one of them was
    /// refused already, there is nothing to say yet.
    fn tell(&mut self, keys: &[&str], text: String) {
        if keys.iter().any(|key| self.places.refused(key)) {
            return;
        }
        let written = keys.iter().find(|key| self.places.has(key));
        let line = self.places.line(written.or(keys.first()).copied().unwrap_or_default());
        let keys = keys.iter().map(|key| key.to_string()).collect();
        self.faults.push(Fault { line, keys, ..Fault::new(text) });
    }

    /// Files are named when they are used, and only then.
    fn files(&mut self, server: &Server) {
        let files = [
            ("server.certificate", &server.certificate),
            ("server.certificate_key", &server.certificate_key),
        ];
        for (key, path) in files {
            let named = !path.as_os_str().is_empty();
            if (server.tls == Tls::Files) != named {
                let (is, tls) = (if named { "set" } else { "missing" }, server.tls.name());
                let why = if named { "it is used with \"files\" only" } else { "it must name a file then" };
                self.tell(&[key, "server.tls"], format!("{key} is {is} and server.tls is \"{tls}\": {why}"));
            }
        }
    }

    fn motion(&mut self, path: &str, motion: &Motion) {
        let (absorb, least) = (f64::from(motion.absorb_seconds), motion.min_seconds);
        if absorb <= least {
            let keys = ["absorb_seconds", "min_seconds"].map(|name| format!("{path}.{name}"));
            self.tell(
                &keys.each_ref().map(String::as_str),
                format!(
                    "{} is {absorb}: it must be more than {}, which is {least}, or slow motion would be background \
                     before it counts",
                    keys[0], keys[1]
                ),
            );
        }
    }

    fn camera(&mut self, path: &str, camera: &Camera) {
        let own = format!("{path}.motion");
        // What is inherited was told at [motion].
        if self.places.has(&own) {
            self.motion(&own, &camera.motion);
        }
        let shortest = 2.0 / f64::from(camera.fps);
        if camera.timeout_seconds < shortest {
            let keys = ["timeout_seconds", "fps"].map(|name| format!("{path}.{name}"));
            self.tell(
                &keys.each_ref().map(String::as_str),
                format!(
                    "{} is {}: at {} frames a second ({}) it must be at least {shortest:.2}, the time of two frames",
                    keys[0], camera.timeout_seconds, camera.fps, keys[1]
                ),
            );
        }
        self.login(path, camera);
        for (index, zone) in camera.zones.iter().enumerate() {
            if let Some(first) = camera.zones[..index].iter().position(|other| other.name == zone.name) {
                let (key, twin) =
                    (format!("{path}.zone[{index}].name"), format!("{path}.zone[{first}].name"));
                self.same(&key, &twin, &zone.name);
            }
        }
    }

    /// A login is said once, and a password belongs to somebody.
    fn login(&mut self, path: &str, camera: &Camera) {
        let key = |name: &str| format!("{path}.{name}");
        let (source, username, file) = (key("source"), key("username"), key("password_file"));
        let connection = camera.connection();
        let named = !camera.username.is_empty();
        let network = [
            ("username", named),
            ("password_file", !camera.password_file.as_os_str().is_empty()),
            ("certificate", !camera.certificate.as_os_str().is_empty()),
        ];
        for (name, _) in network.into_iter().filter(|(_, set)| *set && connection.is_none()) {
            let key = key(name);
            self.tell(&[&key, &source], format!("{key} is set: it is for cameras in the network only"));
        }
        let Some(connection) = connection else { return };
        if named && connection.address.login().is_some() {
            let text = format!("{username} is set, and {source} names a user, too: one of them must go");
            self.tell(&[&username, &source], text);
        }
        if !named && !camera.password_file.as_os_str().is_empty() {
            self.tell(&[&file, &username], format!("{file} is set and {username} is missing: whose is it?"));
        }
        let plain = connection.address.protocol() != Protocol::Https;
        if plain && !camera.certificate.as_os_str().is_empty() {
            let key = key("certificate");
            self.tell(&[&key, &source], format!("{key} is set: it is used with https:// only"));
        }
    }

    /// The camera at `index` must have a name and a device that no camera before it has.
    fn twins(&mut self, config: &Config, index: usize, resolve: &dyn Fn(&Path) -> PathBuf) {
        let (before, camera) = (&config.cameras[..index], &config.cameras[index]);
        if let Some(first) = before.iter().position(|other| other.name == camera.name) {
            self.same(&format!("camera[{index}].name"), &format!("camera[{first}].name"), &camera.name);
        }
        let Some(device) = camera.source.device() else { return };
        let taken =
            |other: &Camera| other.source.device().is_some_and(|other| resolve(other) == resolve(device));
        if let Some(first) = before.iter().position(taken) {
            let (key, twin) = (format!("camera[{index}].source"), format!("camera[{first}].source"));
            let place = self.place(&twin);
            let text = format!(
                "{key} is \"{}\": that device is {twin}{place} already, and a device gives its pictures to one only",
                quoted(&camera.source.to_string())
            );
            self.tell(&[&key, &twin], text);
        }
    }

    fn same(&mut self, key: &str, twin: &str, name: &str) {
        let text = format!(
            "{key} is \"{}\", as {twin}{} is already: each needs a name of its own",
            quoted(name),
            self.place(twin)
        );
        // A name that nobody wrote is the camera's number.
        if self.places.refused(key) || self.places.refused(twin) {
            return;
        }
        let keys = vec![key.into(), twin.into()];
        self.faults.push(Fault { line: self.places.line(key), keys, ..Fault::new(text) });
    }

    fn place(&self, key: &str) -> String {
        self.places.line(key).map(|line| format!(" (line {line})")).unwrap_or_default()
    }
}
