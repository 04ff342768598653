//! What one frame costs where pictures are made: `cargo bench --bench picture`.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use edge_cctv::camera::{Frame, PixelFormat, Wanted, demo};
use edge_cctv::picture::coded::{Scale, Scanner, Splicer};
use edge_cctv::picture::{convert, jpeg, overlay};
use edge_cctv::pipeline::{Analysis, Region, State};
use std::hint::black_box;

/// A frame of the demo with a car and somebody on the footpath.
fn demo_frame(width: u32, height: u32) -> Frame {
    let mut camera = demo::open(&Wanted { width, height, fps: 1.0 }, None);
    (0..16).map(|_| camera.next_frame().expect("the demo never ends")).last().expect("16 frames")
}

fn analysis(width: u32, height: u32) -> Analysis {
    let region = |share: u32, zone: Option<&str>| Region {
        x: width * share / 10,
        y: height / 3,
        w: width / 8,
        h: height / 4,
        area: width * height / 40,
        track: share,
        zone: zone.map(Into::into),
        speed: 40.0,
        dwell: 12.0,
    };
    Analysis {
        width,
        height,
        state: State::Alert,
        alert_zone: Some("yard".into()),
        regions: vec![region(1, None), region(4, None), region(7, Some("yard"))],
        ..Analysis::default()
    }
}

fn pictures(criterion: &mut Criterion) {
    for (width, height) in [(640, 480), (1920, 1080)] {
        let mut group = criterion.benchmark_group(format!("{width}x{height}"));
        group.sample_size(40);
        let raw = demo_frame(width, height);
        let picture = convert::picture(&raw).expect("the demo's frames are whole");
        let bytes = jpeg::encode(&picture, 80).expect("the demo's frames can be encoded");
        let jpeg_frame = Frame { format: PixelFormat::Jpeg, stride: 0, data: bytes.clone(), ..raw.clone() };
        group.bench_function("jpeg luma 1/1", |b| b.iter(|| convert::luma(black_box(&jpeg_frame), 1)));
        group.bench_function("jpeg luma 1/2", |b| b.iter(|| convert::luma(black_box(&jpeg_frame), 2)));
        for (name, scale) in [("1/4", Scale::Quarter), ("1/8", Scale::Eighth)] {
            let mut scanner = Scanner::default();
            group.bench_function(format!("jpeg scan {name}"), |b| {
                b.iter(|| scanner.luma(black_box(&bytes), scale))
            });
        }
        group.bench_function("jpeg decode", |b| b.iter(|| jpeg::decode(black_box(&bytes))));
        group.bench_function("jpeg encode", |b| b.iter(|| jpeg::encode(black_box(&picture), 80)));
        group.bench_function("i420 luma 1/2", |b| b.iter(|| convert::luma(black_box(&raw), 2)));
        group.bench_function("i420 picture", |b| b.iter(|| convert::picture(black_box(&raw))));
        let yuyv = Frame {
            format: PixelFormat::Yuyv,
            stride: 2 * width,
            data: (0..2 * width * height).map(|i| ((i * 31) >> 4) as u8).collect(),
            ..raw.clone()
        };
        group.bench_function("yuyv luma 1/2", |b| b.iter(|| convert::luma(black_box(&yuyv), 2)));
        group.bench_function("yuyv picture", |b| b.iter(|| convert::picture(black_box(&yuyv))));
        let (analysis, zones) = (analysis(width, height), [demo::zone()]);
        let drawn = overlay::Overlay {
            camera: "camera0",
            time: "2026-11-22 14:03:22",
            analysis: &analysis,
            zones: &zones,
        };
        group.bench_function("overlay", |b| {
            b.iter_batched_ref(
                || picture.clone(),
                |picture| overlay::draw(picture, &drawn),
                BatchSize::LargeInput,
            )
        });
        group.bench_function("decode, draw, encode", |b| {
            b.iter(|| {
                let mut picture = jpeg::decode(black_box(&bytes)).expect("it is whole");
                overlay::draw(&mut picture, &drawn);
                jpeg::encode(&picture, 80)
            })
        });
        let mut splicer = Splicer::default();
        group.bench_function("splice", |b| {
            b.iter(|| {
                let mut canvas = splicer.open(black_box(&bytes)).expect("it is whole");
                overlay::draw(&mut canvas, &drawn);
                canvas.finish()
            })
        });
        let mut camera = demo::open(&Wanted { width, height, fps: 25.0 }, None);
        group.bench_function("demo frame", |b| b.iter(|| camera.next_frame()));
        group.finish();
    }
}

criterion_group!(benches, pictures);
criterion_main!(benches);
