//! What is wrong with a configuration file is told in words, all of it at once, each with its line.

use edge_cctv::anomaly::kinds::Severity;
use edge_cctv::camera::network::Transport;
use edge_cctv::config::outputs::{Action, Bias, Driver, Line, Pattern, Patterns, Shows};
use edge_cctv::config::{
    Alert, Anomaly, Arming, Auth, Camera, Config, Events, Input, Led, Motion, Network, Outputs, Provider,
    Relay, Server, Snapshots, Source, Stream, Tls, Zone, ZoneKind, parse,
};

/// The faults, one a line.
fn faults(text: &str) -> String {
    parse(text).map_or_else(|faults| faults.to_string(), |config| format!("no fault in {config:?}"))
}

/// A file with one camera; its keys begin in line 3.
fn camera(keys: &str) -> String {
    format!("[[camera]]\nsource = 'demo'\n{keys}")
}

#[track_caller]
fn fault(text: &str, wanted: &str) {
    let found = faults(text);
    assert!(found.contains(wanted) && !found.contains('\n'), "wanted:\n{wanted}\nfound:\n{found}");
}

#[test]
fn everything_in_a_file_arrives() {
    let door = Camera {
        name: "door".into(),
        source: Source::Device("/dev/video0".into()),
        width: 1280,
        height: 720,
        fps: 15.0,
        username: String::new(),
        password_file: "".into(),
        certificate: "".into(),
        transport: Transport::Tcp,
        format: Some(*b"NV12"),
        autostart: false,
        repeat: false,
        timeout_seconds: 3.0,
        motion: Motion {
            sensitivity: 0.9,
            min_area: 0.002,
            min_seconds: 0.4,
            hold_seconds: 2.0,
            absorb_seconds: 30.0,
            max_width: 320,
            rate_hz: 5.0,
        },
        alert: Alert { hold_seconds: 20.0, zone_severity: Severity::Critical },
        anomaly: Anomaly {
            enabled: false,
            rate_hz: 10.0,
            heartbeat_seconds: 1.5,
            false_alarms_per_day: 0.5,
            adapt_days: 3.0,
        },
        zones: vec![
            Zone {
                name: "doorstep".into(),
                kind: ZoneKind::Alert,
                points: vec![(0.3, 0.5), (0.7, 0.5), (0.8, 1.0), (0.2, 1.0)],
            },
            Zone {
                name: "street".into(),
                kind: ZoneKind::Ignore,
                points: vec![(0.0, 0.0), (1.0, 0.0), (1.0, 0.2)],
            },
        ],
    };
    let motion = Motion { sensitivity: 0.6, ..door.motion.clone() };
    let alert = Alert { hold_seconds: 8.0, ..Alert::default() };
    let anomaly = Anomaly { enabled: true, rate_hz: 2.0, ..door.anomaly.clone() };
    let yard = Camera {
        name: "yard".into(),
        source: Source::Recording("recordings/yard.avi".into()),
        motion: motion.clone(),
        alert: alert.clone(),
        anomaly: anomaly.clone(),
        zones: vec![Zone {
            name: "neighbour".into(),
            kind: ZoneKind::Privacy,
            points: vec![(0.8, 0.0), (1.0, 0.0), (1.0, 0.3)],
        }],
        ..Camera::default()
    };
    let wanted = Config {
        state_dir: "/var/lib/edge-cctv".into(),
        server: Server {
            auth: Auth::Password,
            names: vec!["cctv.example.org".into()],
            tls: Tls::Files,
            certificate: "/etc/cctv/certificate.pem".into(),
            certificate_key: "/etc/cctv/key.pem".into(),
            listen: ([0, 0, 0, 0], 8000).into(),
            cors_origins: vec!["http://localhost:3000".into(), "https://page.example".into()],
            max_viewers: 10,
            max_connections: 100,
            max_address_connections: 50,
            head_seconds: 20.0,
            max_head_bytes: 8192,
            max_body_bytes: 2048,
            max_message_bytes: 125,
            expensive_per_second: 2.5,
            stall_seconds: 5.0,
        },
        stream: Stream { quality: 70, fps: 12.5 },
        motion,
        alert,
        anomaly,
        network: Network {
            model: "/opt/cctv/anomaly.onnx".into(),
            library: "/opt/cctv/libonnxruntime.so".into(),
            provider: Provider::TensorRt,
        },
        trust_clock: true,
        events: Events {
            enabled: true,
            before_seconds: 3.0,
            after_seconds: 10.0,
            longest_seconds: 120.0,
            encode_fps: 5.0,
            memory_mib: 8,
            days: 14.0,
            max_mib: 2000,
            reserve_mib: 100,
        },
        snapshots: Snapshots { every_seconds: 60.0, days: 7.0, max_mib: 500 },
        arming: Arming {
            schedule: vec!["mon-fri 22:00-06:00".into(), "sat,sun 00:00-24:00".into()],
            time_zone: "Europe/Berlin".into(),
            silence_seconds: 120.0,
        },
        outputs: Outputs { driver: Driver::Gpiochip },
        leds: vec![
            Led {
                name: "status".into(),
                line: Line::Named("GPIO17".into()),
                active_low: true,
                patterns: Patterns {
                    healthy: Pattern::Blink(vec![50, 1950]),
                    learning: Pattern::On,
                    degraded: Pattern::Off,
                    stopped: Pattern::Blink(vec![20, 40, 60, 80]),
                    ..Patterns::default()
                },
                ..Led::default()
            },
            Led {
                name: "alarm".into(),
                line: Line::Offset { chip: "gpiochip1".into(), offset: 3 },
                shows: Shows::Alert,
                cameras: vec!["yard".into()],
                ..Led::default()
            },
        ],
        relays: vec![Relay {
            name: "siren".into(),
            line: Line::Offset { chip: "pinctrl-bcm2711".into(), offset: 27 },
            active_low: true,
            cameras: vec!["door".into(), "yard".into()],
            min_severity: Severity::High,
            zones: vec!["doorstep".into()],
            types: vec!["zone".into(), "loitering".into()],
            inputs: vec!["lid".into()],
            hold_seconds: 2.5,
            longest_on_seconds: 30.0,
            pause_seconds: 300.0,
            while_learning: true,
        }],
        inputs: vec![
            Input {
                name: "key".into(),
                line: Line::Named("GPIO22".into()),
                active_low: true,
                bias: Bias::PullUp,
                debounce_ms: 30,
                action: Action::Arm,
                ..Input::default()
            },
            Input {
                name: "lid".into(),
                line: Line::Named("GPIO23".into()),
                action: Action::Alarm,
                severity: Severity::Critical,
                ..Input::default()
            },
        ],
        cameras: vec![door, yard],
    };
    let text = include_str!("data/two_cameras.toml");
    assert_eq!(parse(text), Ok(wanted.clone()));
    assert_eq!(parse(&text.replace('\n', "\r\n")), Ok(wanted.clone()));
    assert_eq!(parse(&format!("\u{feff}{text}")), Ok(wanted));
}

#[test]
fn without_cameras_there_is_the_demo_with_the_files_defaults() {
    assert_eq!(parse(""), Ok(Config::default()));
    assert_eq!(parse("camera = []"), Ok(Config::default()));
    let config = parse("[motion]\nsensitivity = 1\n[alert]\nhold_seconds = 0").unwrap();
    assert_eq!(config.cameras[0].source, Source::Demo);
    assert_eq!(config.cameras[0].motion.sensitivity, 1.0);
    assert_eq!(config.cameras[0].alert.hold_seconds, 0.0);
}

#[test]
fn a_camera_without_a_name_is_called_by_its_number() {
    let config = parse("[[camera]]\nsource='demo'\n[[camera]]\nsource='demo'").unwrap();
    assert_eq!(config.cameras[1].name, "camera1");
    fault(
        "[[camera]]\nname='camera1'\nsource='demo'\n[[camera]]\nsource='demo'",
        "line 4: camera[1].name is \"camera1\", as camera[0].name (line 2) is already",
    );
}

#[test]
fn every_fault_is_told_at_once_in_the_order_of_lines() {
    let text = "\
stat_dir = 'x'
[server]
listen = 'localhost:8000'
max_viewers = -3
[[camera]]
name = 'a b'
source = 'ftp://me:secret@cam/1'
fps = 0
[camera.motion]
sensitivity = 7
[[camera.zone]]
name = 'z'
kind = 'alarm'
points = [[0, 0], [1.5, 0],
          [1, nan]]
[[camera]]
fps = 25
";
    let found = faults(text);
    let wanted = [
        "line 1: stat_dir is unknown: did you mean state_dir?",
        "line 3: server.listen is 'localhost:8000': a name isn't looked up; allowed are addresses",
        "line 4: server.max_viewers is -3: allowed are whole numbers from 1 to 1000",
        "line 6: camera[0].name is 'a b': allowed are names of 1 to 32 letters",
        "line 7: camera[0].source is 'ftp://***@cam/1': cameras are reached by rtsp, http and https; allowed are \"demo\"",
        "line 8: camera[0].fps is 0: allowed are 0.5 to 240",
        "line 10: camera[0].motion.sensitivity is 7: allowed are 0 to 1",
        "line 13: camera[0].zone[0].kind is 'alarm': allowed are \"alert\"",
        "line 14: camera[0].zone[0].points[1] is [1.5, 0]: a corner is [x, y], allowed are 0 to 1 for both",
        "line 15: camera[0].zone[0].points[2] is [1, nan]: a corner",
        "line 16: camera[1].source is missing: allowed are \"demo\"",
    ];
    assert_eq!(found.lines().count(), wanted.len(), "{found}");
    for (found, wanted) in found.lines().zip(wanted) {
        assert!(found.starts_with(wanted), "wanted:\n{wanted}\nfound:\n{found}");
    }
}

#[test]
fn numbers_outside_their_range_are_refused_and_the_range_is_told() {
    for bad in [
        "0",
        "-1",
        "nan",
        "inf",
        "-inf",
        "241",
        "240.0001",
        "1e999",
        "99999999999999999999999",
        "'25'",
        "true",
        "[25]",
    ] {
        fault(
            &camera(&format!("fps = {bad}")),
            &format!("line 3: camera[0].fps is {bad}: allowed are 0.5 to 240"),
        );
    }
    for bad in ["0", "-640", "4097", "640.0", "nan", "1e3", "0x1001", "99999999999999999999999", "'640'"] {
        let wanted = format!("line 3: camera[0].width is {bad}: allowed are whole numbers from 32 to 4096");
        fault(&camera(&format!("width = {bad}")), &wanted);
    }
    for bad in ["0.05", "-0.1", "241", "nan"] {
        fault(
            &format!("stream.fps = {bad}"),
            "allowed are 0.1 to 240 frames a second, and 0: as many as the camera gives",
        );
    }
    fault("motion.min_area = 0", "motion.min_area is 0: allowed are 0.00001 to 1");
}

#[test]
fn whole_numbers_are_fine_where_fractions_are_and_limits_are_inside() {
    let fps =
        |text: &str| parse(&camera(&format!("timeout_seconds = 600\nfps = {text}"))).unwrap().cameras[0].fps;
    assert_eq!(
        [fps("30"), fps("0.5"), fps("240"), fps("1_0"), fps("0x10"), fps("+2.5e1")],
        [30.0, 0.5, 240.0, 10.0, 16.0, 25.0]
    );
    assert_eq!(parse("stream.fps = 0.0").unwrap().stream.fps, 0.0);
    assert_eq!(parse("stream.fps = -0").unwrap().stream.fps.to_string(), "0");
}

#[test]
fn switches_are_true_or_false() {
    for bad in ["1", "'yes'", "'true'", "[]"] {
        fault(
            &camera(&format!("repeat = {bad}")),
            &format!("camera[0].repeat is {bad}: allowed are true and false"),
        );
    }
}

#[test]
fn unknown_keys_are_named_with_the_nearest_known() {
    fault("[motoin]", "line 1: motoin is unknown: did you mean motion?");
    fault("motion.sensitivty = 1", "line 1: motion.sensitivty is unknown: did you mean sensitivity?");
    fault(
        &camera("max-width = 1"),
        "camera[0].max-width is unknown: it belongs in [motion] or [camera.motion]",
    );
    fault(
        &camera("[camera.motion]\nholdseconds = 1"),
        "line 4: camera[0].motion.holdseconds is unknown: did you mean hold_seconds?",
    );
    fault("[server]\nquality = 3", "line 2: server.quality is unknown: it belongs in [stream]");
    fault("[alert]\ncolour = 3", "line 2: alert.colour is unknown: known here are hold_seconds");
    fault("\"a\\u001bb\" = 3", "line 1: \"a\\u{1b}b\" is unknown");
    fault("server.\"\" = 3", "line 1: server.\"\" is unknown");
}

#[test]
fn tables_in_the_wrong_form_are_explained() {
    fault("motion = 3", "line 1: motion is 3: it is a table, write [motion]");
    fault("[[motion]]", "line 1: motion is there once only: write [motion]");
    fault("\n[camera]\nsource = 'demo'", "line 2: camera can be there several times: write [[camera]]");
    fault("camera = 'demo'", "line 1: camera is 'demo': it is a list of tables, write [[camera]]");
    fault("camera = ['demo']", "line 1: camera[0] is 'demo': it is a table, write [[camera]]");
    fault(
        &camera("[camera.zone]"),
        "line 3: camera[0].zone can be there several times: write [[camera.zone]]",
    );
    fault("[server.listen]", "server.listen is a table: allowed are addresses");
}

#[test]
fn lists_that_are_too_long_are_refused() {
    fault(
        &"[[camera]]\nsource='demo'\n".repeat(17),
        "line 33: camera is there 17 times: allowed are at most 16",
    );
    let zone =
        |number| format!("[[camera.zone]]\nname='{number}'\nkind='ignore'\npoints=[[0,0],[1,0],[1,1]]\n");
    let zones: String = (0..33).map(zone).collect();
    fault(&camera(&zones), "camera[0].zone is there 33 times: allowed are at most 32");
    let points = "[0, 0], ".repeat(65);
    let wanted = "points is a list of 65: allowed are lists of 3 to 64 corners";
    fault(&camera(&format!("zone = [{{ name = 'z', kind = 'ignore', points = [{points}] }}]")), wanted);
    let origins = "'http://a', ".repeat(33);
    fault(
        &format!("server.cors_origins = [{origins}]"),
        "server.cors_origins is a list of 33: allowed are lists",
    );
}

#[test]
fn names_are_had_once() {
    fault(
        "[[camera]]\nname='a'\nsource='demo'\n\n[[camera]]\nname='a'\nsource='demo'",
        "line 6: camera[1].name is \"a\", as camera[0].name (line 2) is already: each needs a name of its own",
    );
    let zone = "[[camera.zone]]\nname='z'\nkind='ignore'\npoints=[[0,0],[1,0],[1,1]]\n";
    fault(
        &camera(&zone.repeat(2)),
        "line 8: camera[0].zone[1].name is \"z\", as camera[0].zone[0].name (line 4) is already",
    );
    // Zones of different cameras may share a name.
    assert!(parse(&camera(zone).repeat(2)).is_ok());
}

#[test]
fn a_device_is_had_once() {
    fault(
        "[[camera]]\nsource='/dev/video0'\n[[camera]]\nsource='/dev/./video0'",
        "line 4: camera[1].source is \"/dev/./video0\": that device is camera[0].source (line 2) already",
    );
    for shared in ["demo", "walk.avi"] {
        assert!(parse(&format!("[[camera]]\nsource='{shared}'\n").repeat(2)).is_ok());
    }
}

#[test]
fn sources_are_told_apart() {
    let source = |text: &str| {
        parse(&format!("[[camera]]\nsource = {text}")).map(|config| config.cameras[0].source.clone())
    };
    assert_eq!(source("'demo'"), Ok(Source::Demo));
    assert_eq!(source("'/dev/v4l/by-id/x'"), Ok(Source::Device("/dev/v4l/by-id/x".into())));
    assert_eq!(source("'/dev/shm/walk.avi'"), Ok(Source::Recording("/dev/shm/walk.avi".into())));
    assert_eq!(source("'a folder'"), Ok(Source::Recording("a folder".into())));
    for bad in ["''", "' '", "0", "'gopher://cam/video'", "\"a\\u0000b\""] {
        assert!(source(bad).is_err(), "{bad}");
    }
}

#[test]
fn how_a_camera_in_the_network_is_reached_arrives() {
    let text = "[[camera]]\nsource = 'https://cam/1'\nusername = 'me'\npassword_file = '/p'\ncertificate = '/c'\n\
                transport = 'udp'";
    let connection = parse(text).unwrap().cameras[0].connection().unwrap();
    assert_eq!((connection.address.place(), connection.username), ("cam".into(), "me".into()));
    assert_eq!((connection.password_file, connection.certificate), ("/p".into(), "/c".into()));
    assert_eq!(connection.transport, Transport::Udp);
}

#[test]
fn any_site_as_origin_is_refused_in_words() {
    fault(
        "server.cors_origins = ['http://a', '*']",
        "server.cors_origins[1] is '*': every site on the internet",
    );
    fault("server.cors_origins = '*'", "server.cors_origins is '*': allowed are lists of origins");
    fault("server.cors_origins = [3]", "server.cors_origins[0] is 3: it is no text");
    assert!(parse("server.cors_origins = []").unwrap().server.cors_origins.is_empty());
}

#[test]
fn polygons_enclose_an_area() {
    let zone = |points: &str| camera(&format!("[[camera.zone]]\nname='z'\nkind='ignore'\npoints={points}"));
    let place = "line 6: camera[0].zone[0].points";
    for (points, why) in [
        ("[]", "has 0 corners: a polygon needs at least 3"),
        ("[[0, 0], [1, 1]]", "has 2 corners: a polygon needs at least 3"),
        ("[[0, 0], [1, 1], [1, 0], [0, 0.5]]", "crosses itself: the edge from [0] to [1] meets"),
        ("[[0, 0], [0.5, 0.5], [1, 1]]", "encloses no area"),
        (
            "[[0, 0], [1, 0], [1, 1], [0, 0]]",
            "has the same corner twice, [0] and [3] (a polygon closes by itself",
        ),
        ("3", "is 3: allowed are lists of 3 to 64 corners"),
    ] {
        fault(&zone(points), &format!("{place} {why}"));
    }
    for point in
        ["[1]", "[0, 0, 0]", "3", "['0', '0']", "[-0.1, 0]", "[1.01, 0]", "[nan, 0]", "{ x = 0, y = 0 }"]
    {
        fault(&zone(&format!("[[0, 0], [1, 0], [1, 1], {point}]")), "points[3] is ");
    }
}

#[test]
fn settings_that_contradict_each_other_are_told() {
    fault(
        "[server]\nmax_connections = 20",
        "line 2: server.max_viewers is 50: it must be less than server.max_connections, which is 20",
    );
    fault(
        "[motion]\nmin_seconds = 60",
        "line 2: motion.absorb_seconds is 60: it must be more than motion.min_seconds",
    );
    fault(
        &camera("[camera.motion]\nabsorb_seconds = 1\nmin_seconds = 2"),
        "line 4: camera[0].motion.absorb_seconds is 1: it must be more than camera[0].motion.min_seconds, which is 2",
    );
    fault(
        &camera("fps = 0.5\ntimeout_seconds = 3"),
        "line 4: camera[0].timeout_seconds is 3: at 0.5 frames a second (camera[0].fps) it must be at least 4.00",
    );
    // What was refused already proves nothing.
    fault("[server]\nmax_connections = 20\nmax_viewers = 0", "line 3: server.max_viewers is 0");
}

#[test]
fn lines_that_are_no_toml_are_told_with_their_columns_and_the_rest_is_checked() {
    let found =
        faults("[stream]\nfps = 0,5\nquality = 0\n\n[[camera]]\nsource = /dev/video0\nname = 'a b'\n");
    let lines: Vec<_> = found.lines().collect();
    assert_eq!(lines.len(), 4, "{found}");
    assert!(lines[0].starts_with("line 2, column 8: this is not TOML: "), "{found}");
    assert!(lines[1].starts_with("line 3: stream.quality is 0: allowed"), "{found}");
    assert!(lines[2].starts_with("line 6, column 10: this is not TOML: "), "{found}");
    assert!(lines[3].starts_with("line 7: camera[0].name is 'a b'"), "{found}");
}

#[test]
fn what_a_broken_line_sets_is_not_compared_with_the_rest() {
    fault("[server]\nmax_connections = 20\nmax_viewers = ,\n", "line 3, column 15: this is not TOML");
}

#[test]
fn below_a_broken_header_nothing_is_guessed() {
    let found = faults("[stream\nquality = 0\nlisten = 3\n");
    assert!(found.starts_with("line 1, column ") && !found.contains('\n'), "{found}");
}

#[test]
fn what_is_there_twice_is_named() {
    fault("[server]\nmax_viewers = 1\nmax_viewers = 2\n", "line 3, column 1: max_viewers is there twice");
    fault("[server]\n\n[server]\n", "line 3, column 2: server is there twice");
}

#[test]
fn the_networks_settings_are_checked() {
    let config = parse("[network]\nmodel = ''\nlibrary = ''").unwrap();
    assert_eq!(config.network, Network::default());
    fault(
        "[network]\nprovider = 'gpu'",
        "line 2: network.provider is 'gpu': allowed are \"cpu\" (the processor), \"xnnpack\"",
    );
    fault("[network]\nmodel = ' '", "network.model is ' ': it names no file");
    fault("[anomaly]\nrate_hz = 26", "line 2: anomaly.rate_hz is 26: allowed are 0.2 to 25 times a second");
    fault(
        &camera("[camera.anomaly]\nadapt_days = 0"),
        "line 4: camera[0].anomaly.adapt_days is 0: allowed are 0.1 to 365 days",
    );
}

#[test]
fn lines_names_and_rules_of_outputs_must_fit() {
    let siren = "[[relay]]\nname = 'siren'\nline = 'GPIO27'\n";
    fault(
        &format!("{siren}[[led]]\nname = 'lamp'\nline = 'GPIO27'"),
        "relay[0].line is \"GPIO27\", as led[0].line is already: a line does one thing only",
    );
    fault(
        &format!("{siren}[[led]]\nname = 'siren'\nline = 'GPIO17'"),
        "relay[0].name is \"siren\", as led[0].name is already",
    );
    fault(
        &format!("{siren}zones = ['door']\n[[camera]]\nsource = '/dev/video0'"),
        "relay[0].zones names \"door\"",
    );
    fault(
        &format!("{siren}cameras = ['yard']"),
        "line 4: relay[0].cameras names \"yard\": there is no such camera",
    );
    fault(&format!("{siren}inputs = ['lid']"), "relay[0].inputs names \"lid\": no input of that name");
    fault(
        &format!("{siren}inputs = ['lid']\n[[input]]\nname = 'lid'\nline = 'GPIO4'"),
        "no input of that name has the action \"alarm\"",
    );
    fault(
        &format!("{siren}hold_seconds = 61"),
        "relay[0].longest_on_seconds is 60: it must be at least relay[0].hold_seconds, which is 61",
    );
    fault(
        &format!("{siren}types = ['burglar']"),
        "line 4: relay[0].types[0] is 'burglar': allowed are lists of \"zone\"",
    );
    fault(
        &format!("{siren}min_severity = 'high'"),
        "allowed are \"LOW\", \"MEDIUM\", \"HIGH\", \"CRITICAL\"",
    );
    fault(
        "[[relay]]\nname = 'siren'",
        "line 1: relay[0].line is missing: allowed are names of lines such as",
    );
    fault("[[led]]\nname = 'lamp'\nline = 'gpiochip0:'", "led[0].line is 'gpiochip0:': it names no line");
    let lamp = "[[led]]\nname = 'lamp'\nline = 'GPIO17'\nshows = 'motion'\n";
    fault(
        &format!("{lamp}[led.patterns]\nlearning = 'on'"),
        "line 6: led[0].patterns.learning is never shown: the LED shows \"motion\" (led[0].shows)",
    );
    fault(
        &format!("{lamp}[led.patterns]\nidle = '500'"),
        "led[0].patterns.idle is '500': allowed are \"on\"",
    );
    fault(
        "[arming]\nschedule = ['mon 22-6']",
        "line 2: arming.schedule[0] is 'mon 22-6': its times aren't times",
    );
    fault("[arming]\ntime_zone = 'Mars'", "arming.time_zone is 'Mars': this machine doesn't know it");
    fault(&camera("format = 'H264'"), "line 3: camera[0].format is 'H264': allowed are \"auto\"");
    fault("[outputs]\ndriver = 'wiringpi'", "outputs.driver is 'wiringpi': allowed are \"auto\"");
}
