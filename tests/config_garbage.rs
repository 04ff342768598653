//! Whatever stands in the file, it is read or refused, and never ends the program.

use edge_cctv::config::{Config, installed_file, parse};

const VALID: &str = include_str!("data/two_cameras.toml");

/// What every outcome must be.
fn check(text: &str) {
    match parse(text) {
        Ok(config) => sane(&config, text),
        Err(faults) => {
            assert!(!faults.list.is_empty(), "refused without a reason: {text:?}");
            let lines = text.lines().count().max(1) + 1;
            for fault in &faults.list {
                let shown = fault.to_string();
                assert!(!shown.chars().any(char::is_control), "{shown:?}");
                assert!(
                    fault.line.is_some_and(|line| (1..=lines).contains(&line)),
                    "{shown} of {lines} lines"
                );
            }
        }
    }
}

/// The promises of `config`'s documentation, whatever was read.
fn sane(config: &Config, text: &str) {
    assert!(!config.cameras.is_empty(), "{text:?}");
    assert!((1..=100).contains(&config.stream.quality));
    assert!(config.server.max_viewers < config.server.max_connections);
    for camera in &config.cameras {
        assert!(camera.fps.is_finite() && camera.fps >= 0.5, "{text:?}");
        assert!((32..=4096).contains(&camera.width) && (32..=4096).contains(&camera.height), "{text:?}");
        assert!((0.0..=1.0).contains(&camera.motion.sensitivity), "{text:?}");
        assert!(camera.timeout_seconds.is_finite() && camera.timeout_seconds >= 0.5, "{text:?}");
        for (x, y) in camera.zones.iter().flat_map(|zone| &zone.points) {
            assert!((0.0..=1.0).contains(x) && (0.0..=1.0).contains(y), "{text:?}");
        }
    }
}

#[test]
fn the_file_that_is_changed_below_is_fine() {
    assert_eq!(parse(VALID).unwrap().cameras.len(), 2);
}

#[test]
fn random_text_is_refused_or_read() {
    let mut random = fastrand::Rng::with_seed(1);
    let letters: Vec<char> =
        "[]{}=.,\"'#\\\n\r\t 0123456789-+eE_abcfpsx\0\u{feff}\u{85}üß😀".chars().collect();
    for _ in 0..3000 {
        let length = random.usize(0..200);
        let text: String = (0..length).map(|_| letters[random.usize(0..letters.len())]).collect();
        check(&text);
        let bytes: Vec<u8> = (0..length).map(|_| random.u8(..)).collect();
        check(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn a_valid_file_with_some_letters_changed_is_refused_or_read() {
    let mut random = fastrand::Rng::with_seed(2);
    let fresh: Vec<char> = "[]{}=.,\"'#\n 0159-e_anif\0".chars().collect();
    let valid: Vec<char> = VALID.chars().collect();
    for _ in 0..4000 {
        let mut letters = valid.clone();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(0..letters.len());
            match random.u8(0..20) {
                0 => letters.truncate(at.max(1)),
                1..8 => letters[at] = fresh[random.usize(0..fresh.len())],
                8..14 => letters.insert(at, fresh[random.usize(0..fresh.len())]),
                _ if letters.len() > 1 => drop(letters.remove(at)),
                _ => {}
            }
        }
        check(&letters.iter().collect::<String>());
    }
}

#[test]
fn a_valid_file_with_values_and_lines_changed_is_refused_or_read() {
    let values = [
        "0",
        "-0.0",
        "-1",
        "nan",
        "-inf",
        "inf",
        "1e308",
        "1e999",
        "1e-50",
        "99999999999999999999999",
        "0x7f",
        "0b1",
        "\"\"",
        "''",
        "true",
        "[]",
        "[[]]",
        "[[0.5, nan], [inf, 0], [1, 1]]",
        "[1, 2, 3]",
        "{}",
        "{ x = 1 }",
        "1979-05-27",
        "\"\\u0000\"",
        "\"a\\nb\"",
        "\"\"\"\nmany\nlines\"\"\"",
        "",
        "= 1",
        "[[[[[[[[[[[[]]]]]]]]]]]]",
        "\"rtsp://u:p@h\"",
        "\"*\"",
    ];
    let mut random = fastrand::Rng::with_seed(3);
    let valid = format!("{VALID}\n{}", installed_file().replace("[[camera]]", "[[other]]"));
    for text in [VALID, &valid] {
        let lines: Vec<&str> = text.lines().collect();
        for _ in 0..1500 {
            let mut lines: Vec<String> = lines.iter().map(|line| line.to_string()).collect();
            for _ in 0..random.usize(1..4) {
                let (at, other) = (random.usize(0..lines.len()), random.usize(0..lines.len()));
                match random.u8(0..4) {
                    0 => lines.swap(at, other),
                    1 => lines[at] = lines[other].clone(),
                    _ => {
                        if let Some((key, _)) = lines[at].split_once('=') {
                            lines[at] = format!("{key}= {}", values[random.usize(0..values.len())]);
                        }
                    }
                }
            }
            check(&lines.join(if random.bool() { "\n" } else { "\r\n" }));
        }
    }
}

#[test]
fn deep_and_long_files_neither_overflow_nor_take_long() {
    for text in [
        "[".repeat(100_000),
        "{a=".repeat(100_000),
        "x=".to_string() + &"[".repeat(100_000),
        "x=".to_string() + &"{a=".repeat(100_000),
        "a.".repeat(100_000),
        "[[a]]\n".repeat(100_000),
        "[[camera]]\n".repeat(50_000),
        "fps=".repeat(100_000),
        "\"".repeat(100_001),
        format!("state_dir = \"{}\"", "x".repeat(900_000)),
        format!("[[camera]]\nsource='demo'\n[[camera.zone]]\npoints = [{}]", "[0,0],".repeat(100_000)),
        (0..20_000).map(|number| format!("k{number} = 1\n")).collect(),
    ] {
        check(&text);
    }
}
