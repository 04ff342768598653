//! Records one camera's events: keeps its last pictures in memory, and writes them from a little before the first motion to a
//! little after the last, in a thread of its own, so that a slow disk delays no frame.
//!
//! A JPEG camera's pictures are written as they came, with what is private made black. Another camera's have to be encoded all the
//! time, at a lower rate.

use super::episode::{Episode, Step, Watcher};
use super::files::Kind;
use super::record::{Clip, Event, milliseconds};
use super::recording::{OpenClip, Picture};
use super::ring::{Ring, Shot};
use super::store::{Store, StoreError};
use super::thumbnail;
use crate::camera::{Frame, PixelFormat, Range};
use crate::config;
use crate::picture::convert::PictureError;
use crate::picture::jpeg;
use crate::picture::overlay::Overlay;
use crate::pipeline::Analysis;
use crate::publisher::Wish;
use crate::publisher::maker::Maker;
use crate::service::beat::Beat;
use crate::service::clock::SharedClock;
use crate::service::shield::shielded;
use bytes::Bytes;
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// A fragment of a clip is so long: a power cut costs no more.
const FRAGMENT: Duration = Duration::from_secs(1);

/// The state is MOTION only after a while: so much more is held than `before_seconds`.
const NOTICED_WITHIN: Duration = Duration::from_secs(1);

/// While nothing happens, old events are looked for so often.
const REST: Duration = Duration::from_secs(60);

/// Of messages that wait for a disk that hangs. What happens meanwhile is lost.
const MOST_WAITING: usize = 64;

/// Of pictures that are encoded here.
const QUALITY: u8 = 85;

/// One camera's recorder.
pub struct Recorder {
    camera: String,
    store: Arc<Store>,
    clock: SharedClock,
    state: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    config: Arc<config::Camera>,
    ring: Ring,
    /// The first picture that is still to be written, while there is an event.
    wanted: Option<u64>,
    watcher: Watcher,
    /// A picture that is still to be encoded.
    raw: Option<Arc<Frame>>,
    beat: Beat,
    messages: VecDeque<Message>,
    closed: bool,
}

/// What the thread is told of an event.
enum Message {
    /// Its pictures begin with this number.
    Begins(Box<Episode>, u64),
    Rises(Box<Episode>),
    /// Pictures that were taken later don't belong to it.
    Ends(Box<Episode>, Duration),
}

/// What the thread does next.
enum Work {
    Encode(Arc<Frame>),
    Tell(Message),
    Write,
    End,
}

impl Recorder {
    pub fn new(camera: &Arc<config::Camera>, store: Arc<Store>, clock: SharedClock) -> Self {
        let state = Waiting { config: camera.clone(), ..Waiting::default() };
        Self { camera: camera.name.clone(), store, clock, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Takes new settings of the camera.
    pub fn configure(&self, camera: Arc<config::Camera>) {
        let mut state = self.lock();
        state.ring.uncover();
        state.config = camera;
    }

    /// Takes a frame as it came.
    pub fn frame(&self, frame: &Arc<Frame>) {
        let settings = self.store.settings();
        let mut state = self.lock();
        if !settings.enabled && state.wanted.is_none() {
            state.ring = Ring::default();
            return;
        }
        if frame.format == PixelFormat::Jpeg {
            // What is cut off is no picture.
            if jpeg::is_whole(&frame.data) {
                let wanted = state.wanted;
                state.ring.push(frame.clone(), false, bounds(&settings), wanted);
            }
        } else if state.beat.is_due(frame.captured, settings.encode_fps) {
            state.raw = Some(frame.clone());
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Takes what was found in a frame.
    pub fn analysed(&self, frame: &Arc<Frame>, analysis: &Analysis) {
        let settings = self.store.settings();
        let mut state = self.lock();
        let step = state.watcher.look(frame, analysis, &settings);
        self.take(state, step, analysis.captured, &settings);
    }

    /// The camera is gone or was stopped: what comes next doesn't follow on what was.
    pub fn cut(&self) {
        let mut state = self.lock();
        let step = state.watcher.cut();
        self.take(state, step, self.clock.now(), &self.store.settings());
    }

    /// Ends what is under way, and the thread.
    pub fn close(&self) {
        self.cut();
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn take(&self, mut state: MutexGuard<Waiting>, step: Step, now: Duration, settings: &config::Events) {
        let message = match step {
            Step::Nothing => return,
            Step::Begins => {
                if state.messages.len() >= MOST_WAITING {
                    log::warn!("{}: the disk hangs: an event isn't recorded", self.camera);
                    state.watcher.cut();
                    return;
                }
                let first = state.ring.first_since(now.saturating_sub(bounds(settings).0));
                // One that ends now may still have pictures to be written.
                state.wanted.get_or_insert(first);
                state.watcher.episode.clone().map(|episode| Message::Begins(episode.into(), first))
            }
            Step::Rises => state.watcher.episode.clone().map(|episode| Message::Rises(episode.into())),
            Step::Ends(episode) => Some(Message::Ends(episode, now)),
        };
        state.messages.extend(message);
        drop(state);
        self.changed.notify_one();
    }

    /// Records until [`Recorder::close`].
    pub fn run(&self) {
        let mut maker = Maker::new(self.lock().config.clone());
        let mut recording: Option<Recording> = None;
        let mut written = self.clock.now();
        loop {
            let patience = match &recording {
                Some(_) => (written + FRAGMENT).saturating_sub(self.clock.now()),
                None => REST,
            };
            let (work, config) = self.next(patience);
            maker.configure(&config);
            // A defect that one event brings out must not cost the others.
            let done = shielded(|| match work {
                Work::End => false,
                Work::Encode(frame) => {
                    self.encode(&mut maker, &frame);
                    true
                }
                Work::Write => {
                    written = self.clock.now();
                    match &mut recording {
                        Some(recording) => self.write(recording, &mut maker, None),
                        None => self.store.tidy(),
                    }
                    true
                }
                Work::Tell(message) => {
                    match message {
                        Message::Begins(episode, first) => {
                            recording = Some(self.begin(&episode, first, &mut maker));
                            self.store.tidy();
                        }
                        Message::Rises(episode) => {
                            if let Some(recording) = &mut recording {
                                self.rise(recording, &episode, &mut maker);
                            }
                        }
                        Message::Ends(episode, until) => {
                            if let Some(recording) = recording.take() {
                                self.end(recording, &episode, until, &mut maker);
                            }
                        }
                    }
                    true
                }
            });
            match done {
                Ok(true) => {}
                Ok(false) => break,
                Err(defect) => {
                    log::error!("{}: an event isn't recorded: {defect}", self.camera);
                    recording = None;
                    maker = Maker::new(config);
                }
            }
        }
    }

    /// Waits for something to do, and no longer than `patience` until what is there is to be written.
    fn next(&self, patience: Duration) -> (Work, Arc<config::Camera>) {
        let end = self.clock.now() + patience;
        let mut state = self.lock();
        loop {
            let work = match () {
                () if state.raw.is_some() => state.raw.take().map(Work::Encode),
                () if !state.messages.is_empty() => state.messages.pop_front().map(Work::Tell),
                () if state.closed => Some(Work::End),
                () if self.clock.now() >= end => Some(Work::Write),
                () => None,
            };
            if let Some(work) = work {
                return (work, state.config.clone());
            }
            let rest = end.saturating_sub(self.clock.now());
            state = self.changed.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Another camera's picture becomes a JPEG one.
    fn encode(&self, maker: &mut Maker, frame: &Arc<Frame>) {
        // What is unusable is counted by the analysis.
        let Ok(jpeg) = picture(maker, frame) else { return };
        let frame = Arc::new(Frame {
            format: PixelFormat::Jpeg,
            range: Range::Full,
            stride: 0,
            data: jpeg.into(),
            ..frame_of(frame)
        });
        let settings = self.store.settings();
        let mut state = self.lock();
        let (wanted, is_blackened) = (state.wanted, Arc::ptr_eq(&state.config, &maker.camera));
        state.ring.push(frame, is_blackened, bounds(&settings), wanted);
    }

    fn begin(&self, episode: &Episode, first: u64, maker: &mut Maker) -> Recording {
        let mut event = Event {
            time_synced: self.clock.is_set(),
            since_start: i64::try_from(episode.began.as_millis()).unwrap_or(i64::MAX),
            // It gets its number when it is listed.
            ..Event::new(0, &self.camera, milliseconds(self.wall(episode.began)))
        };
        fill(&mut event, episode);
        // Why it isn't listed is in the log; its clip is enough to list it later.
        let _ = self.store.begin(&mut event);
        let mut recording = Recording { event, clip: None, next: first, lost: 0, given_up: None };
        self.show(&mut recording, episode, maker);
        self.store.tell_begin(&recording.event);
        recording
    }

    fn rise(&self, recording: &mut Recording, episode: &Episode, maker: &mut Maker) {
        fill(&mut recording.event, episode);
        self.show(recording, episode, maker);
        self.list(&recording.event);
    }

    fn end(&self, mut recording: Recording, episode: &Episode, until: Duration, maker: &mut Maker) {
        self.write(&mut recording, maker, Some(until));
        let Recording { mut event, clip, lost, given_up, .. } = recording;
        fill(&mut event, episode);
        event.ended = Some(milliseconds(self.wall(episode.active)).max(event.began));
        event.fault = match (&given_up, lost, &clip) {
            (Some(why), ..) => Some(why.clone()),
            (None, 1.., _) => Some(format!("{lost} pictures are missing: the disk is too slow")),
            (None, 0, None) => Some("no picture came that could be recorded".into()),
            (None, 0, Some(_)) => None,
        };
        if let Some(clip) = clip {
            event.clip = Some(clip.told());
            match clip.finish(&event) {
                Ok(written) => event.clip = event.clip.map(|clip| Clip { bytes: written.bytes, ..clip }),
                Err(error) => self.fail(&mut event.fault, &error),
            }
        }
        if let Err(error) = self.snapshot(&event, &episode.best.frame, maker) {
            self.fail(&mut event.fault, &error);
        }
        if event.fault.is_none() {
            self.store.tell_fault(None);
        }
        self.list(&event);
        let mut state = self.lock();
        // The next event may have begun.
        let next = state.messages.iter().find_map(|message| match message {
            Message::Begins(_, first) => Some(*first),
            _ => None,
        });
        state.wanted = next;
    }

    /// Writes what has come since the last time; with `until`, what was taken up to then and all of it.
    fn write(&self, recording: &mut Recording, maker: &mut Maker, until: Option<Duration>) {
        let shots: Vec<Shot> = {
            let state = self.lock();
            let is_of_it = |shot: &&Shot| until.is_none_or(|until| shot.frame.captured <= until);
            state.ring.from(recording.next).take_while(is_of_it).cloned().collect()
        };
        if let Some(first) = shots.first() {
            recording.lost += first.number - recording.next;
        }
        if let Some(last) = shots.last() {
            recording.next = last.number + 1;
            self.lock().wanted = Some(recording.next);
        }
        if recording.given_up.is_some() {
            return;
        }
        if let Err(error) = self.append(recording, &shots, maker, until.is_some()) {
            self.fail(&mut recording.given_up, &error);
        }
    }

    fn append(
        &self,
        recording: &mut Recording,
        shots: &[Shot],
        maker: &mut Maker,
        all: bool,
    ) -> io::Result<()> {
        let mut pictures = Vec::with_capacity(shots.len());
        for shot in shots {
            let frame = &shot.frame;
            let jpeg = if shot.is_blackened { Ok(frame.data.clone().into()) } else { picture(maker, frame) };
            // What is unusable is counted by the analysis.
            let Ok(jpeg) = jpeg else { continue };
            pictures.push(Picture { jpeg, captured: frame.captured, size: (frame.width, frame.height) });
        }
        let id = recording.event.id;
        let clip = match (&mut recording.clip, pictures.first()) {
            (Some(clip), _) => clip,
            (None, None) => return Ok(()),
            (None, Some(first)) => {
                self.reserve(id, 0)?;
                let path = self.store.files.path(&self.camera, id, Kind::Clip);
                let began = milliseconds(self.wall(first.captured));
                recording.clip.insert(OpenClip::create(&path, first, began, &mut recording.event)?)
            }
        };
        if clip.write(pictures, all, |bytes| self.reserve(id, bytes))? {
            recording.given_up = Some("the pictures' size changed, and the clip ends there".into());
        }
        Ok(())
    }

    fn reserve(&self, id: i64, bytes: u64) -> io::Result<()> {
        self.store
            .reserve(id, bytes)
            .map_err(|StoreError(why)| io::Error::new(io::ErrorKind::StorageFull, why))
    }

    /// Writes the best picture so far.
    fn show(&self, recording: &mut Recording, episode: &Episode, maker: &mut Maker) {
        if let Err(error) = self.snapshot(&recording.event, &episode.best.frame, maker) {
            self.fail(&mut recording.given_up, &error);
        }
    }

    fn snapshot(&self, event: &Event, frame: &Arc<Frame>, maker: &mut Maker) -> io::Result<()> {
        // What is unusable is counted by the analysis.
        let Ok(jpeg) = picture(maker, frame) else { return Ok(()) };
        let files = &self.store.files;
        fs::create_dir_all(files.folder.join(&self.camera))?;
        self.reserve(event.id, jpeg.len() as u64)?;
        files.write(&self.camera, event.id, Kind::Snapshot, &jpeg)?;
        if let Ok(small) = thumbnail::make(&jpeg) {
            files.write(&self.camera, event.id, Kind::Thumbnail, &small)?;
        }
        Ok(())
    }

    fn list(&self, event: &Event) {
        // Why it can't be is in the log, and in the status.
        let _ = self.store.change(event);
    }

    fn fail(&self, fault: &mut Option<String>, error: &io::Error) {
        self.store.tell_fault(Some(error.to_string()));
        fault.get_or_insert_with(|| format!("not all could be recorded: {error}"));
    }

    /// When a frame was taken, by the wall clock of now.
    fn wall(&self, captured: Duration) -> SystemTime {
        self.clock.wall() - self.clock.now().saturating_sub(captured)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An event that is being recorded.
struct Recording {
    event: Event,
    clip: Option<OpenClip>,
    /// The number of the next picture.
    next: u64,
    /// Pictures that went before they were written.
    lost: u64,
    /// Why no more is written.
    given_up: Option<String>,
}

/// How long pictures are held, and how many bytes of them.
fn bounds(settings: &config::Events) -> (Duration, usize) {
    let span = Duration::from_secs_f64(settings.before_seconds) + NOTICED_WITHIN;
    (span, (settings.memory_mib as usize) << 20)
}

/// What was seen so far.
fn fill(event: &mut Event, episode: &Episode) {
    event.state = episode.state;
    event.severity = episode.severity;
    // Serializing it can't fail: it has no keys but texts.
    event.verdict = episode.verdict.as_ref().and_then(|verdict| serde_json::to_value(verdict).ok());
    event.zone = episode.zone.as_ref().map(|zone| zone.to_string());
    // Without digits that mean nothing.
    event.score = (f64::from(episode.best.score) * 1e3).round() / 1e3;
    event.tracks = episode.tracks();
    event.regions.clone_from(&episode.best.regions);
}

/// A frame's picture with nothing private in it, the camera's own if it is one.
fn picture(maker: &mut Maker, frame: &Arc<Frame>) -> Result<Bytes, PictureError> {
    let plain = Wish { quality: QUALITY, any_quality: true, fps: None, overlay: false };
    let analysis = Analysis::default();
    let nothing = Overlay { camera: "", time: "", analysis: &analysis, zones: &[] };
    let made = maker.make(frame, &nothing, &[plain], None)?;
    Ok(made.into_iter().next().map(|made| made.jpeg).expect("one wish is one picture"))
}

/// All of a frame but its picture.
fn frame_of(frame: &Frame) -> Frame {
    Frame { data: Vec::new(), ..*frame }
}

#[cfg(test)]
mod tests;
