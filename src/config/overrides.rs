//! What the command line sets: flags win over the file.

use super::fault::{Fault, Faults, quoted};
use super::file::resolved;
use super::tables::MOST_CAMERAS;
use super::{Camera, Config, Source, wiring};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The flags of `run`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--camera SOURCE`, repeated. They replace the file's cameras.
    pub cameras: Vec<String>,
    /// `--listen ADDR:PORT`
    pub listen: Option<SocketAddr>,
    /// `--state DIR`
    pub state: Option<PathBuf>,
}

impl Overrides {
    /// Changes a configuration. A `--camera` whose source a camera of the file has keeps that camera's name and
    /// settings; others have the file's `[motion]` and `[alert]` and are named camera0, camera1 and so on by their
    /// place. On faults the configuration is as it was.
    pub fn apply(self, config: &mut Config) -> Result<(), Faults> {
        let mut faults = Vec::new();
        let cameras = cameras(&self.cameras, config, &mut faults);
        if self.state.as_ref().is_some_and(|state| state.as_os_str().is_empty()) {
            faults.push(Fault::new("--state is empty: name a folder"));
        }
        let mut changed = config.clone();
        if !cameras.is_empty() {
            changed.cameras = cameras;
            let strange = wiring::strange_cameras(&changed).into_iter();
            faults.extend(
                strange.map(|misfit| {
                    Fault::new(format!("{} (--camera replaces the file's cameras)", misfit.text))
                }),
            );
        }
        if !faults.is_empty() {
            return Err(Faults { file: None, list: faults });
        }
        *config = changed;
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        if let Some(state) = self.state {
            config.state_dir = state;
        }
        Ok(())
    }
}

fn cameras(flags: &[String], config: &Config, faults: &mut Vec<Fault>) -> Vec<Camera> {
    if flags.len() > MOST_CAMERAS {
        faults.push(Fault::new(format!(
            "--camera is there {} times: allowed are at most {MOST_CAMERAS}",
            flags.len()
        )));
        return Vec::new();
    }
    let mut sources = Vec::new();
    for text in flags {
        let source = match Source::parse(text) {
            Ok(source) => source,
            Err(why) => {
                faults.push(Fault::new(format!("--camera {}: {why}", quoted(text))));
                continue;
            }
        };
        let taken = |other: &Source| match (other.device(), source.device()) {
            (Some(other), Some(device)) => resolved(other) == resolved(device),
            _ => false,
        };
        if sources.iter().any(taken) {
            let text = quoted(text);
            faults.push(Fault::new(format!(
                "--camera {text}: that device is there already, and a device gives its pictures to one only"
            )));
        }
        sources.push(source);
    }
    // Two demos are two cameras: what one has taken from the file, the next can't.
    let mut left = config.cameras.clone();
    let kept: Vec<Option<Camera>> = sources
        .iter()
        .map(|source| {
            let place = left.iter().position(|camera| camera.source == *source)?;
            Some(left.remove(place))
        })
        .collect();
    let taken: Vec<String> = kept.iter().flatten().map(|camera| camera.name.clone()).collect();
    // A number whose name is taken is left out for one after all places.
    let mut spare =
        (flags.len()..).map(|number| format!("camera{number}")).filter(|name| !taken.contains(name));
    let mut cameras = Vec::new();
    for (index, (source, kept)) in sources.into_iter().zip(kept).enumerate() {
        cameras.push(kept.unwrap_or_else(|| {
            let mut camera = Camera { source, ..config.camera(index) };
            if taken.contains(&camera.name) {
                camera.name = spare.next().unwrap_or_default();
            }
            camera
        }));
    }
    cameras
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn with(file: &str, cameras: &[&str]) -> Result<Config, String> {
        let mut config = parse(file).expect("the file is fine");
        let overrides = Overrides {
            cameras: cameras.iter().map(|text| text.to_string()).collect(),
            ..Overrides::default()
        };
        overrides.apply(&mut config).map(|()| config).map_err(|faults| faults.to_string())
    }

    fn names(config: &Config) -> Vec<&str> {
        config.cameras.iter().map(|camera| camera.name.as_str()).collect()
    }

    const FILE: &str = "
        motion.sensitivity = 0.9
        [[camera]]
        name = 'yard'
        source = '/dev/video7'
        fps = 5
        [camera.motion]
        sensitivity = 0.1
        [[camera]]
        name = 'camera0'
        source = 'demo'
        fps = 7
    ";

    #[test]
    fn no_flag_changes_nothing() {
        assert_eq!(with(FILE, &[]).unwrap(), parse(FILE).unwrap());
    }

    #[test]
    fn flags_win_over_the_file() {
        let mut config = parse(FILE).unwrap();
        let listen = Some(([0, 0, 0, 0], 1).into());
        Overrides { listen, state: Some("/var/lib/x".into()), ..Overrides::default() }
            .apply(&mut config)
            .unwrap();
        assert_eq!(config.server.listen.to_string(), "0.0.0.0:1");
        assert_eq!(config.state_dir, PathBuf::from("/var/lib/x"));
        assert_eq!(config.cameras, parse(FILE).unwrap().cameras);
    }

    #[test]
    fn cameras_replace_the_files_and_are_numbered() {
        let config = with(FILE, &["/dev/video0", "walk.avi"]).unwrap();
        assert_eq!(names(&config), ["camera0", "camera1"]);
        assert_eq!(config.cameras[0].source, Source::Device("/dev/video0".into()));
        assert_eq!(config.cameras[1].source, Source::Recording("walk.avi".into()));
        assert_eq!(config.cameras[1].motion.sensitivity, 0.9, "[motion] is for them too");
        assert_eq!(config.cameras[1].fps, 25.0);
    }

    #[test]
    fn a_source_that_the_file_knows_keeps_its_settings() {
        let config = with(FILE, &["demo", "/dev/video7", "demo"]).unwrap();
        assert_eq!(names(&config), ["camera0", "yard", "camera2"]);
        assert_eq!(config.cameras[0].fps, 7.0);
        assert_eq!((config.cameras[1].fps, config.cameras[1].motion.sensitivity), (5.0, 0.1));
        assert_eq!(config.cameras[2].fps, 25.0);
    }

    #[test]
    fn a_name_that_is_taken_is_left_out() {
        assert_eq!(names(&with(FILE, &["walk.avi", "demo"]).unwrap()), ["camera2", "camera0"]);
    }

    #[test]
    fn every_bad_flag_is_told_and_nothing_is_changed() {
        let mut config = parse(FILE).unwrap();
        let overrides = Overrides {
            cameras: ["", "ftp://u:p@h/", "/dev/video1", "/dev//video1"].map(String::from).to_vec(),
            listen: Some(([0, 0, 0, 0], 1).into()),
            state: Some(PathBuf::new()),
        };
        let faults = overrides.apply(&mut config).unwrap_err().to_string();
        assert_eq!(
            faults,
            "--camera : a camera's source is empty\n\
             --camera ftp://***@h/: cameras are reached by rtsp, http and https\n\
             --camera /dev//video1: that device is there already, and a device gives its pictures to one only\n\
             --state is empty: name a folder"
        );
        assert_eq!(config, parse(FILE).unwrap());
        assert!(with(FILE, &["demo"; 17]).unwrap_err().contains("17 times"));
    }
}
