use super::*;
use crate::events::record::Clip;
use crate::pipeline::State;

pub(in crate::events) fn event(id: i64) -> Event {
    Event {
        id,
        camera: "yard".into(),
        began: id,
        ended: None,
        time_synced: true,
        since_start: 0,
        state: State::Motion,
        severity: None,
        verdict: None,
        zone: None,
        score: 1.5,
        tracks: 1,
        regions: Vec::new(),
        clip: Some(Clip { frames: 0, seconds: 0.0, width: 64, height: 48, bytes: 0, began: id - 5000 }),
        keep: false,
        fault: None,
    }
}

const TENTH: u32 = TICKS / 10;

/// A clip with fragments of so many pictures, each a tenth of a second; its pictures are numbered.
fn write(path: &Path, fragments: &[usize]) -> Writer {
    let mut writer = Writer::create(path, (64, 48)).unwrap();
    writer.record(&event(7)).unwrap();
    let mut number = 0;
    for count in fragments {
        let data: Vec<_> = (0..*count).map(|n| format!("picture {}", number + n)).collect();
        number += count;
        let samples: Vec<_> =
            data.iter().map(|data| Sample { data: data.as_bytes(), ticks: TENTH }).collect();
        writer.fragment(&samples).unwrap();
    }
    writer
}

fn pictures(index: &Index) -> Vec<String> {
    let text = |placed: &_| String::from_utf8(index.sample(*placed).unwrap()).unwrap();
    index.samples.iter().map(text).collect()
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("picture {n}")).collect()
}

#[test]
fn a_clip_holds_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("7.mp4");
    let mut writer = write(&path, &[10, 0, 3]);
    let ended = Event { ended: Some(20), ..event(7) };
    writer.record(&ended).unwrap();
    let written = writer.finish().unwrap();
    assert_eq!((written.frames, written.ticks), (13, 13 * u64::from(TENTH)));
    assert_eq!(written.bytes, path.metadata().unwrap().len());
    let index = Index::read(&path).unwrap();
    assert_eq!((pictures(&index), index.duration()), (numbered(13), written.ticks));
    assert_eq!((index.width, index.height, index.event.as_ref()), (64, 48, Some(&ended)));
    assert_eq!(index.moov.mvex.as_ref().unwrap().mehd.as_ref().unwrap().fragment_duration, written.ticks);
    assert!(Writer::create(&path, (64, 48)).is_err(), "what is there is never written over");
    assert!(Writer::create(&folder.path().join("8.mp4"), (0, 48)).is_err());
}

#[test]
fn a_clip_that_is_cut_anywhere_has_all_fragments_before_and_can_be_completed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("7.mp4");
    write(&path, &[4, 4, 4]);
    let bytes = std::fs::read(&path).unwrap();
    let cut = folder.path().join("cut.mp4");
    let mut seen = std::collections::BTreeSet::new();
    for length in 0..=bytes.len() {
        std::fs::write(&cut, &bytes[..length]).unwrap();
        let Ok(index) = Index::read(&cut) else { continue };
        let count = index.samples.len();
        assert_eq!(pictures(&index), numbered(count));
        seen.insert(count);
        if length % 29 == 0 {
            let completed = Event { ended: Some(99), ..event(7) };
            amend(&cut, &completed).unwrap();
            let index = Index::read(&cut).unwrap();
            assert_eq!((pictures(&index), index.event.as_ref()), (numbered(count), Some(&completed)));
            assert_eq!(index.length, cut.metadata().unwrap().len());
            let mvex = index.moov.mvex.as_ref().unwrap();
            assert_eq!(mvex.mehd.as_ref().unwrap().fragment_duration, index.duration());
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 4, 8, 12]);
}

#[test]
fn a_mark_is_written_into_an_ended_clip_and_seeking_stays_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("7.mp4");
    write(&path, &[5]).finish().unwrap();
    for keep in [true, false, true] {
        amend(&path, &Event { keep, ..event(7) }).unwrap();
        let index = Index::read(&path).unwrap();
        assert_eq!((pictures(&index), index.event.as_ref().unwrap().keep), (numbered(5), keep));
        let (at, length) = index.seeking.unwrap();
        assert_eq!(at + length, path.metadata().unwrap().len());
    }
}

#[test]
fn what_is_damaged_is_an_error_or_less_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("7.mp4");
    write(&path, &[2, 2]).finish().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let damaged = folder.path().join("damaged.mp4");
    for at in 0..bytes.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] ^= change;
            std::fs::write(&damaged, &bytes).unwrap();
            if let Ok(index) = Index::read(&damaged) {
                assert!(index.samples.len() <= 4);
                index.samples.iter().for_each(|placed| drop(index.sample(*placed)));
            }
        }
    }
}
