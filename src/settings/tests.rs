use super::*;
use crate::config::{Source, ZoneKind, parse};
use serde_json::json;
use std::fs;
use tempfile::TempDir;

const FILE: &str = "
    [stream]
    quality = 60
    [[camera]]
    name = 'yard'
    source = 'a.avi'
    [[camera.zone]]
    name = 'door'
    kind = 'alert'
    points = [[0, 0], [1, 0], [1, 1]]
    [[camera.zone]]
    name = 'neighbour'
    kind = 'privacy'
    points = [[0, 0], [0.5, 0], [0.5, 0.5]]
    [[camera]]
    name = 'gate'
    source = 'b.avi'
";

fn file(folder: &TempDir, toml: &str) -> Config {
    Config { state_dir: folder.path().into(), ..parse(toml).expect("the file is fine") }
}

fn start() -> (TempDir, Settings) {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::open(file(&folder, FILE));
    (folder, settings)
}

fn start_with(changed: &str) -> (TempDir, Settings) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("settings.toml"), changed).unwrap();
    let settings = Settings::open(file(&folder, FILE));
    (folder, settings)
}

fn patch(settings: &Settings, patch: Value) -> Result<Vec<String>, Vec<(Vec<String>, String)>> {
    match settings.patch(patch, None, |_| {}) {
        Ok(changes) => Ok(changes.into_iter().map(|change| change.key).collect()),
        Err(Refusal::Faults(faults)) => {
            Err(faults.into_iter().map(|fault| (fault.keys, fault.text)).collect())
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// The one fault of a patch.
fn fault(settings: &Settings, wrong: Value) -> (Vec<String>, String) {
    let before = (settings.running(), fs::read(settings.store.path()).ok());
    let faults = patch(settings, wrong.clone()).expect_err(&wrong.to_string());
    assert_eq!(faults.len(), 1, "{wrong}: {faults:?}");
    assert_eq!(before, (settings.running(), fs::read(settings.store.path()).ok()), "{wrong}");
    faults.into_iter().next().unwrap()
}

fn names(settings: &Settings, camera: usize) -> Vec<String> {
    settings.running().cameras[camera].zones.iter().map(|zone| zone.name.clone()).collect()
}

fn view(settings: &Settings) -> Value {
    serde_json::to_value(settings.view()).unwrap()
}

#[test]
fn what_is_changed_lies_on_top_of_the_file_and_outlives_the_program() {
    let (folder, settings) = start();
    let change = json!({
        "stream": {"quality": 70},
        "arming": {"schedule": ["daily 22:00-06:00"]},
        "camera": {"gate": {"fps": 10, "motion": {"sensitivity": 0.7}, "alert": {"zone_severity": "LOW"}}},
    });
    let mut ran = None;
    let changes = settings.patch(change.clone(), None, |config| ran = Some(config.clone())).unwrap();
    let found: Vec<_> = changes.iter().map(|c| (c.key.as_str(), c.effect, c.camera.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("stream.quality", Effect::AtOnce, None),
            ("arming.schedule", Effect::AtOnce, None),
            ("camera[1].fps", Effect::ReopensCamera, Some("gate")),
            ("camera[1].motion.sensitivity", Effect::AtOnce, Some("gate")),
            ("camera[1].alert.zone_severity", Effect::AtOnce, Some("gate")),
        ]
    );
    assert_eq!(ran, Some(settings.running()));
    let again = Settings::open(file(&folder, FILE));
    assert_eq!(again.running(), settings.running());
    assert_eq!((again.running().stream.quality, again.running().cameras[1].fps), (70, 10.0));
    assert_eq!(again.running().cameras[0].motion.sensitivity, 0.5);
    assert_eq!(view(&again)["changed"], change);
    assert!(again.limits().is_empty());
}

#[test]
fn null_goes_back_to_the_file() {
    let (folder, settings) = start();
    let before = settings.running();
    patch(
        &settings,
        json!({"stream": {"quality": 70}, "camera": {"yard": {"fps": 5, "alert": {"hold_seconds": 9}}}}),
    )
    .unwrap();
    assert_eq!(patch(&settings, json!({"stream": {"quality": null}})).unwrap(), ["stream.quality"]);
    assert_eq!(settings.running().stream.quality, 60);
    let back = patch(&settings, json!({"camera": {"yard": {"alert": null}}})).unwrap();
    assert_eq!(back, ["camera[0].alert.hold_seconds"]);
    patch(&settings, json!({"camera": {"yard": null}})).unwrap();
    assert_eq!((settings.running(), view(&settings)["changed"].clone()), (before.clone(), json!({})));
    assert_eq!(Settings::open(file(&folder, FILE)).running(), before);
}

#[test]
fn zones_are_replaced_as_a_whole_and_an_empty_list_means_none() {
    let (_folder, settings) = start();
    let zone = json!({"name": "gate", "kind": "ignore", "points": [[0, 0], [1, 0], [1, 0.5]]});
    patch(&settings, json!({"camera": {"yard": {"zone": [zone]}}})).unwrap();
    assert_eq!(names(&settings, 0), ["gate"]);
    assert_eq!(view(&settings)["settings"]["camera"]["yard"]["zone"], json!([zone]));
    patch(&settings, json!({"camera": {"yard": {"zone": []}}})).unwrap();
    assert!(names(&settings, 0).is_empty());
    patch(&settings, json!({"camera": {"yard": {"zone": null}}})).unwrap();
    assert_eq!(names(&settings, 0), ["door", "neighbour"]);
}

#[test]
fn faults_have_the_words_of_the_files_and_their_keys() {
    let (_folder, settings) = start();
    for (value, toml) in [
        (json!({"motion": {"sensitivity": 3}}), "[camera.motion]\nsensitivity = 3"),
        (json!({"width": 31.5}), "width = 31.5"),
        (json!({"repeat": "yes"}), "repeat = \"yes\""),
        (json!({"format": "H264"}), "format = \"H264\""),
        (json!({"widht": 640}), "widht = 640"),
        (
            json!({"zone": [{"kind": "alert", "points": [[0, 0], [1, 0], [1, 1]]}]}),
            "[[camera.zone]]\nkind = \"alert\"\npoints = [[0, 0], [1, 0], [1, 1]]",
        ),
        (
            json!({"zone": [{"name": "a", "kind": "alert", "points": [[0, 0], [1, 0], [2, 1]]}]}),
            "[[camera.zone]]\nname = \"a\"\nkind = \"alert\"\npoints = [[0, 0], [1, 0], [2, 1]]",
        ),
        (
            json!({"zone": [{"name": "a", "kind": "alert", "points": [[0, 0], [1, 1], [1, 0], [0, 1]]}]}),
            "[[camera.zone]]\nname = \"a\"\nkind = \"alert\"\npoints = [[0, 0], [1, 1], [1, 0], [0, 1]]",
        ),
        (json!({"zone": 5}), "zone = 5"),
        (json!({"motion": 5}), "motion = 5"),
        (
            json!({"motion": {"absorb_seconds": 1, "min_seconds": 2}}),
            "[camera.motion]\nabsorb_seconds = 1\nmin_seconds = 2",
        ),
        (json!({"fps": 0.5, "timeout_seconds": 1}), "fps = 0.5\ntimeout_seconds = 1"),
    ] {
        let of_the_file = parse(&format!("[[camera]]\nname = 'yard'\nsource = 'a.avi'\n{toml}")).unwrap_err();
        let (keys, text) = fault(&settings, json!({"camera": {"yard": value}}));
        assert_eq!((&keys, &text), (&of_the_file.list[0].keys, &of_the_file.list[0].text));
        assert!(keys[0].starts_with("camera[0]."), "{keys:?}");
    }
    assert_eq!(
        fault(&settings, json!({"camera": {"gate": {"motion": {"sensitivity": 3}}}})),
        (
            vec!["camera[1].motion.sensitivity".into()],
            "camera[1].motion.sensitivity is 3: allowed are 0 to 1".into()
        )
    );
    let twins = json!([{"name": "a", "kind": "alert", "points": [[0, 0], [1, 0], [1, 1]]},
        {"name": "a", "kind": "privacy", "points": [[0, 0], [1, 0], [1, 1]]}]);
    let (keys, text) = fault(&settings, json!({"camera": {"yard": {"zone": twins}}}));
    assert_eq!(keys, ["camera[0].zone[1].name", "camera[0].zone[0].name"]);
    assert!(text.contains("as camera[0].zone[0].name is already"), "{text}");
}

#[test]
fn every_fault_of_a_patch_is_told() {
    let (_folder, settings) = start();
    let wrong = json!({"stream": {"quality": 0}, "camera": {"yard": {"width": 1}, "house": {"fps": 1}}});
    let faults = patch(&settings, wrong).unwrap_err();
    let keys: Vec<_> = faults.iter().map(|(keys, _)| keys[0].as_str()).collect();
    assert_eq!(keys, ["camera.house", "stream.quality", "camera[0].width"]);
    assert_eq!(settings.running().stream.quality, 60);
}

#[test]
fn what_names_a_path_a_command_or_an_address_is_the_files_alone() {
    let (_folder, settings) = start();
    for (closed, key) in [
        (json!({"state_dir": "/tmp"}), "state_dir"),
        (json!({"server": {"listen": "0.0.0.0:80"}}), "server"),
        (json!({"network": {"library": "/tmp/x.so"}}), "network"),
        (json!({"outputs": {"driver": "none"}}), "outputs"),
        (json!({"relay": []}), "relay"),
        (json!({"motion": {"sensitivity": 1}}), "motion"),
        (json!({"camera": {"yard": {"source": "/etc/passwd"}}}), "camera[0].source"),
        (json!({"camera": {"yard": {"name": "x"}}}), "camera[0].name"),
    ] {
        let text = format!("{key} can be changed in the configuration file only");
        assert_eq!(fault(&settings, closed), (vec![key.into()], text));
    }
}

/// So that a table that the file gets is thought of here too.
#[test]
fn every_table_of_the_file_is_open_or_closed() {
    let (_folder, settings) = start();
    let file = crate::config::installed_file();
    for name in file.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix('[')) {
        let name = name.trim_matches(['[', ']']).split('.').next().unwrap();
        if !["stream", "arming", "events", "snapshots", "camera"].contains(&name) {
            assert!(fault(&settings, json!({name: {"x": 1}})).1.contains("file only"), "{name}");
        }
    }
}

#[test]
fn null_in_a_list_and_what_is_no_table_are_faults() {
    let (_folder, settings) = start();
    let deep = |wrap: fn(Value) -> Value| (0..120).fold(json!(1), |inner, _| wrap(inner));
    for odd in [
        deep(|inner| json!({ "a": inner })),
        json!({"camera": {"yard": {"zone": deep(|inner| json!([inner]))}}}),
        json!([]),
        json!("x"),
        json!({"stream": 5}),
        json!({"camera": []}),
        json!({"camera": {"yard": 5}}),
        json!({"camera": {"yard": {"zone": [null]}}}),
        json!({"camera": {"yard": {"zone": [{"name": null, "kind": "alert", "points": [[0, 0], [1, 0], [1, 1]]}]}}}),
        json!({"arming": {"schedule": [null]}}),
        json!({"camera": {"yard": {"fps": 1e300}}}),
    ] {
        fault(&settings, odd);
    }
}

#[test]
fn a_camera_that_is_not_there_is_a_fault_and_what_it_had_is_kept() {
    let (folder, settings) = start_with("[camera.house]\nfps = 3\n[stream]\nquality = 50\n");
    assert_eq!((settings.running().stream.quality, settings.limits()), (50, vec![]));
    let (keys, text) = fault(&settings, json!({"camera": {"yart": {"fps": 3}}}));
    assert_eq!(
        (keys[0].as_str(), text.as_str()),
        ("camera.yart", "camera.yart is unknown: did you mean yard?")
    );
    let (_, text) = fault(&settings, json!({"camera": {"house": {"fps": 4}}}));
    assert_eq!(text, "camera.house is unknown: known here are yard, gate");
    patch(&settings, json!({"stream": {"quality": 40}})).unwrap();
    assert_eq!(view(&settings)["changed"]["camera"]["house"]["fps"], 3);
    let with_house = FILE.replace("gate", "house");
    assert_eq!(Settings::open(file(&folder, &with_house)).running().cameras[1].fps, 3.0);
    patch(&settings, json!({"camera": {"house": null}})).unwrap();
    assert_eq!(view(&settings)["changed"], json!({"stream": {"quality": 40}}));
}

#[test]
fn at_the_start_what_is_fine_is_taken_and_the_rest_told_and_kept() {
    let (_folder, settings) = start_with(
        "[stream]\nquality = 500\nfps = 5\n[camera.yard]\nsource = '/etc/passwd'\n[server]\nlisten = '0.0.0.0:1'\n",
    );
    let running = settings.running();
    assert_eq!((running.stream.quality, running.stream.fps), (60, 5.0));
    assert_eq!(running.cameras[0].source, Source::Recording("a.avi".into()));
    assert_eq!(
        settings.limits(),
        [
            "settings changed on the page: server can be changed in the configuration file only",
            "settings changed on the page: stream.quality is 500: allowed are whole numbers from 1 to 100",
            "settings changed on the page: camera[0].source can be changed in the configuration file only",
        ]
    );
    // It is no fault of who changes something else.
    patch(&settings, json!({"stream": {"fps": 6}})).unwrap();
    assert_eq!(settings.limits().len(), 3);
    patch(&settings, json!({"stream": {"quality": 50}, "server": null, "camera": {"yard": null}})).unwrap();
    assert!(settings.limits().is_empty());
}

#[test]
fn of_zones_with_a_fault_the_fine_ones_are_taken_and_the_files_stay() {
    let (_folder, settings) = start_with(
        "[[camera.yard.zone]]\nname = 'door'\nkind = 'privacy'\npoints = [[0, 0], [1, 0], [1, 1]]\n\
         [[camera.yard.zone]]\nname = 'window'\nkind = 'privacy'\npoints = [[0, 0], [1, 0]]\n",
    );
    assert_eq!(names(&settings, 0), ["door", "neighbour"]);
    assert_eq!(settings.running().cameras[0].zones[0].kind, ZoneKind::Privacy);
    assert!(
        settings.limits()[0].contains("camera[0].zone[1].points has 2 corners"),
        "{:?}",
        settings.limits()
    );
}

#[test]
fn if_it_does_not_fit_together_zones_are_taken_and_the_rest_not() {
    let (_folder, settings) = start_with(
        "stream.quality = 50\n[camera.yard]\nfps = 0.5\n[[camera.yard.zone]]\nname = 'window'\nkind = 'privacy'\n\
         points = [[0, 0], [1, 0], [1, 1]]\n[camera.yard.motion]\nabsorb_seconds = 1\nmin_seconds = 3\n",
    );
    let running = settings.running();
    assert_eq!((running.stream.quality, running.cameras[0].fps), (60, 25.0));
    assert_eq!(names(&settings, 0), ["window"]);
    assert!(settings.limits()[0].contains("camera[0].motion.absorb_seconds is 1"), "{:?}", settings.limits());
    let refused = patch(&settings, json!({"stream": {"quality": 40}})).unwrap_err();
    assert_eq!(refused[0].0, ["camera[0].motion.absorb_seconds", "camera[0].motion.min_seconds"]);
    patch(&settings, json!({"camera": {"yard": {"motion": null}}})).unwrap();
    assert_eq!(settings.running().stream.quality, 50);
    assert!(settings.limits().is_empty());
}

#[test]
fn a_zone_that_a_relay_names_can_not_be_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let relay = "[[relay]]\nname = 'siren'\nline = 'GPIO5'\nzones = ['door']\n";
    let settings = Settings::open(file(&folder, &format!("{FILE}{relay}")));
    let (keys, text) = fault(&settings, json!({"camera": {"yard": {"zone": []}}}));
    assert_eq!(keys, ["relay[0].zones"]);
    assert!(text.contains("no camera has an alert zone of that name"), "{text}");
    // A demo scene whose zones were taken away gets none of its own.
    let demo = format!("[[camera]]\nname = 'yard'\nsource = 'demo'\n{relay}");
    let mut base = file(&folder, &demo);
    base.cameras[0].zones = parse(FILE).unwrap().cameras[0].zones.clone();
    let settings = Settings::open(base);
    assert_eq!(fault(&settings, json!({"camera": {"yard": {"zone": []}}})).0, ["relay[0].zones"]);
}

#[test]
fn what_the_file_itself_does_not_fit_in_is_no_fault_of_a_patch() {
    let folder = tempfile::tempdir().unwrap();
    let mut base =
        file(&folder, &format!("{FILE}[[relay]]\nname = 'siren'\nline = 'GPIO5'\nzones = ['door']\n"));
    // As `--camera` may do.
    base.cameras.remove(0);
    let settings = Settings::open(base);
    assert!(settings.limits().is_empty());
    patch(&settings, json!({"stream": {"quality": 40}})).unwrap();
}

#[test]
fn a_file_that_is_not_toml_is_set_aside_and_told_until_something_is_changed() {
    for bad in [&b"[stream\nquality = 5"[..], b"\xff\xfe", b"\0\0\0\0"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("settings.toml"), bad).unwrap();
        for _ in 0..2 {
            let settings = Settings::open(file(&folder, FILE));
            assert_eq!(settings.running(), file(&folder, FILE));
            assert!(settings.limits()[0].contains("set aside"), "{:?}", settings.limits());
        }
        assert_eq!(fs::read(folder.path().join("settings.bad")).unwrap(), bad);
        let settings = Settings::open(file(&folder, FILE));
        patch(&settings, json!({"stream": {"quality": 40}})).unwrap();
        assert!(settings.limits().is_empty());
        assert!(Settings::open(file(&folder, FILE)).limits().is_empty());
    }
}

#[test]
fn a_file_that_can_not_be_read_is_told_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    // A folder in the place of the file: reading fails whoever runs the test.
    fs::create_dir(&path).unwrap();
    let settings = Settings::open(file(&folder, FILE));
    assert!(settings.limits()[0].contains("can't be read"), "{:?}", settings.limits());
    let refusal = settings.patch(json!({"stream": {"quality": 40}}), None, |_| panic!("nothing acts"));
    assert!(matches!(refusal, Err(Refusal::Unreadable(_))), "{refusal:?}");
    // Once it can be read, what it says counts.
    fs::remove_dir(&path).unwrap();
    fs::write(&path, "[stream]\nfps = 5").unwrap();
    patch(&settings, json!({"stream": {"quality": 40}})).unwrap();
    assert_eq!((settings.running().stream.quality, settings.running().stream.fps), (40, 5.0));
    assert!(settings.limits().is_empty());
}

#[test]
fn what_can_not_be_written_changes_nothing() {
    let (folder, settings) = start();
    let before = settings.running();
    fs::create_dir(folder.path().join("settings.unfinished")).unwrap();
    let refusal = settings.patch(json!({"stream": {"quality": 40}}), None, |_| panic!("nothing acts"));
    assert!(matches!(refusal, Err(Refusal::Unwritten(_))), "{refusal:?}");
    assert_eq!((settings.running(), view(&settings)["changed"].clone()), (before, json!({})));
    fs::remove_dir(folder.path().join("settings.unfinished")).unwrap();
    patch(&settings, json!({"stream": {"quality": 40}})).unwrap();
}

#[test]
fn another_file_comes_under_what_was_changed() {
    let (folder, settings) = start();
    patch(&settings, json!({"stream": {"quality": 40}, "camera": {"gate": {"autostart": false}}})).unwrap();
    assert_eq!(view(&settings)["pending"], json!(["camera[1].autostart"]));
    let other = FILE.replace("quality = 60", "quality = 30\nfps = 3");
    let mut ran = None;
    let changes = settings.rebase(file(&folder, &other), |config| ran = Some(config.clone()));
    let keys: Vec<_> = changes.iter().map(|change| change.key.as_str()).collect();
    assert_eq!(keys, ["stream.fps", "camera[1].autostart"]);
    assert_eq!((settings.running().stream.quality, settings.running().stream.fps), (40, 3.0));
    assert_eq!(ran, Some(settings.running()));
    assert!(settings.running().cameras[1].autostart, "only after a restart");
    patch(&settings, json!({"stream": {"quality": null}})).unwrap();
    assert_eq!(settings.running().stream.quality, 30);
}

#[test]
fn the_view_has_every_open_key_with_its_form_and_its_value() {
    let (_folder, settings) = start();
    let view = view(&settings);
    let yard = &view["settings"]["camera"]["yard"];
    for (table, values) in [
        ("stream", &view["settings"]["stream"]),
        ("arming", &view["settings"]["arming"]),
        ("events", &view["settings"]["events"]),
        ("snapshots", &view["settings"]["snapshots"]),
        ("camera", yard),
        ("motion", &yard["motion"]),
        ("alert", &yard["alert"]),
        ("anomaly", &yard["anomaly"]),
        ("zone", &yard["zone"][0]),
    ] {
        let keys = view["keys"][table].as_array().unwrap();
        assert!(!keys.is_empty());
        for key in keys {
            let name = key["key"].as_str().unwrap();
            let value = &values[name];
            let fits = match key["type"].as_str().unwrap() {
                "number" => value.as_f64() >= key["from"].as_f64() || value == 0 && key["zero"].is_string(),
                "whole" => value.is_u64() && value.as_f64() <= key["to"].as_f64(),
                "switch" => value.is_boolean(),
                "text" => value.is_string(),
                "texts" | "polygon" => value.is_array(),
                other => panic!("{other}"),
            };
            assert!(fits, "{table}.{name} is {value}: {key}");
        }
    }
    assert!(yard.get("source").is_none() && yard.get("name").is_none());
    let quality = &view["keys"]["stream"][0];
    assert_eq!(
        (&quality["key"], &quality["default"], &quality["effect"]),
        (&json!("quality"), &json!(80), &json!("at_once"))
    );
}

/// What is shown can be sent back, and is the same then.
#[test]
fn all_that_is_shown_can_be_set() {
    let (_folder, settings) = start();
    let before = settings.running();
    assert_eq!(patch(&settings, view(&settings)["settings"].clone()), Ok(vec![]));
    assert_eq!(settings.running(), before);
}

#[test]
fn who_has_seen_older_settings_overwrites_nothing() {
    let (_folder, settings) = start();
    let seen = settings.view().revision;
    patch(&settings, json!({"camera": {"yard": {"zone": []}}})).unwrap();
    let late = json!({"camera": {"yard": {"motion": {"sensitivity": 0.1}}}});
    let refused = settings.patch(late.clone(), Some(&seen), |_| panic!("nothing acts"));
    assert!(matches!(refused, Err(Refusal::Outdated)));
    let seen = settings.view().revision;
    assert!(settings.patch(late, Some(&seen), |_| {}).is_ok());
    assert_ne!(settings.view().revision, seen);
}
