//! Pictures for whoever watches: one encode for all viewers with equal wishes, none for nobody.
//! Knows pictures and analyses; how they travel to a viewer is the server's.

pub mod maker;

use crate::camera::{Frame, PixelFormat};
use crate::config;
use crate::picture::coded::Index;
use crate::picture::overlay::{self, Overlay};
use crate::picture::{Picture, jpeg};
use crate::pipeline::Analysis;
use crate::service::beat::Beat;
use crate::service::clock::SharedClock;
use crate::service::progress::Pulse;
use crate::service::shield::shielded;
use crate::service::slot::Slot;
use bytes::Bytes;
use maker::{Made, Maker};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// No picture takes so long to be drawn and encoded.
const ENCODE_PATIENCE: Duration = Duration::from_secs(20);

/// What a viewer wants to see.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wish {
    /// JPEG quality of what is encoded, 1..=100.
    pub quality: u8,
    /// The camera's own will do, if it delivers JPEG.
    pub any_quality: bool,
    /// At most so many frames a second; `None`: each one.
    pub fps: Option<f32>,
    /// Boxes, labels and state drawn in.
    pub overlay: bool,
}

impl Wish {
    /// A camera's JPEG picture will do as it came.
    fn is_plain(self) -> bool {
        self.any_quality && !self.overlay
    }
}

/// One encoded picture, and what was found in it or in the newest one before it that was analysed.
#[derive(Debug)]
pub struct Encoded {
    pub jpeg: Bytes,
    /// Number of the frame.
    pub sequence: u64,
    /// When the frame was taken, on the process's clock.
    pub captured: Duration,
    /// The same as wall-clock time.
    pub wall: SystemTime,
    pub analysis: Arc<Analysis>,
    packed: OnceLock<Bytes>,
}

impl Encoded {
    pub fn new(
        jpeg: Bytes,
        (sequence, captured, wall): (u64, Duration, SystemTime),
        analysis: Arc<Analysis>,
    ) -> Self {
        Self { jpeg, sequence, captured, wall, analysis, packed: OnceLock::new() }
    }

    /// The picture with what stands around it on its way, packed for the first viewer and then the same for all.
    pub fn packed(&self, pack: impl FnOnce(&Self) -> Bytes) -> Bytes {
        self.packed.get_or_init(|| pack(self)).clone()
    }
}

/// A subscription is over.
pub struct Ended;

/// A subscription. Dropping it ends it; when the last one goes, encoding stops.
pub struct Viewer {
    newest: watch::Receiver<Option<Arc<Encoded>>>,
}

impl Viewer {
    pub fn new(newest: watch::Receiver<Option<Arc<Encoded>>>) -> Self {
        Self { newest }
    }

    /// The newest picture if it wasn't seen yet, without waiting.
    ///
    /// # Errors
    /// There will be no more: the camera is stopped or the program ends.
    pub fn newest(&mut self) -> Result<Option<Arc<Encoded>>, Ended> {
        match self.newest.has_changed() {
            Ok(true) => Ok(self.newest.borrow_and_update().clone()),
            Ok(false) => Ok(None),
            Err(_) => Err(Ended),
        }
    }

    /// The next picture: the newest one not seen yet, however many were missed. `None` when the camera is
    /// stopped or the program ends. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Arc<Encoded>> {
        loop {
            self.newest.changed().await.ok()?;
            if let Some(encoded) = self.newest.borrow_and_update().clone() {
                return Some(encoded);
            }
        }
    }
}

/// What is to be shown, and how many were to be before it.
struct Job {
    number: u64,
    what: What,
}

enum What {
    /// A frame with the newest analysis; `plain`: who takes it as it came has it already.
    Frame { frame: Arc<Frame>, analysis: Arc<Analysis>, index: Option<Index>, plain: bool },
    /// There is no frame, since when (wall clock) and why.
    NoSignal { since: SystemTime, reason: String, width: u32, height: u32 },
}

/// Viewers with equal wishes.
struct Group {
    wish: Wish,
    sender: watch::Sender<Option<Arc<Encoded>>>,
    beat: Beat,
    /// Number of the last job that was sent.
    sent: Option<u64>,
}

impl Group {
    fn is_watched(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Sends a picture, unless a newer one was faster.
    fn send(&mut self, number: u64, encoded: &Arc<Encoded>) {
        if self.sent.is_none_or(|sent| sent < number) {
            self.sent = Some(number);
            self.sender.send_replace(Some(encoded.clone()));
        }
    }
}

/// One camera's publisher. What has to be drawn or encoded is so in a thread of its own, and delays no analysis; what goes on
/// as it came is sent by whoever shows it.
pub struct Publisher {
    clock: SharedClock,
    camera: RwLock<Arc<config::Camera>>,
    groups: Mutex<Vec<Group>>,
    /// Jobs so far.
    count: AtomicU64,
    jobs: Slot<Job>,
    /// Why the camera's own pictures can't be drawn on, once that was seen.
    refused: Mutex<Option<&'static str>>,
    /// Its thread goes on.
    pulse: Pulse,
}

impl Publisher {
    pub fn new(clock: SharedClock, camera: Arc<config::Camera>, pulse: Pulse) -> Self {
        Self {
            clock,
            camera: RwLock::new(camera),
            groups: Mutex::default(),
            count: AtomicU64::new(0),
            jobs: Slot::default(),
            refused: Mutex::default(),
            pulse,
        }
    }

    /// Takes new settings (zones, name), which act from the next picture on.
    pub fn configure(&self, camera: Arc<config::Camera>) {
        *self.camera.write().unwrap_or_else(PoisonError::into_inner) = camera;
    }

    pub fn watch(&self, wish: Wish) -> Viewer {
        let mut groups = self.groups();
        groups.retain(Group::is_watched);
        let group = groups.iter().find(|group| group.wish == wish);
        let newest = match group {
            Some(group) => group.sender.subscribe(),
            None => {
                let (sender, newest) = watch::channel(None);
                groups.push(Group { wish, sender, beat: Beat::default(), sent: None });
                newest
            }
        };
        Viewer::new(newest)
    }

    pub fn viewers(&self) -> usize {
        self.groups().iter().map(|group| group.sender.receiver_count()).sum()
    }

    /// Why pictures that come as JPEG have to be decoded and encoded for viewers, in words.
    pub fn refused(&self) -> Option<&'static str> {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a frame to those who watch, with its analysis or the newest one before it. Without viewers it is dropped at once.
    /// `index`: what a scanner found in it, if one looked.
    pub fn show(&self, frame: Arc<Frame>, analysis: Arc<Analysis>, index: Option<Index>) {
        let (watched, others) = self
            .groups()
            .iter()
            .filter(|group| group.is_watched())
            .fold((false, false), |(_, others), group| (true, others || !group.wish.is_plain()));
        if !watched {
            return;
        }
        let number = self.next_number();
        let hides = self.camera().zones.iter().any(|zone| zone.kind == config::ZoneKind::Privacy);
        if frame.format != PixelFormat::Jpeg || hides || !jpeg::is_whole(&frame.data) {
            return self.put(number, What::Frame { frame, analysis, index, plain: false });
        }
        self.show_plain(number, &frame, &analysis);
        if others {
            self.put(number, What::Frame { frame, analysis, index, plain: true });
        }
    }

    /// Shows a camera's JPEG picture to those who take it as it came.
    fn show_plain(&self, number: u64, frame: &Arc<Frame>, analysis: &Arc<Analysis>) {
        let due = self.due_wishes(frame.captured, Wish::is_plain);
        if due.is_empty() {
            return;
        }
        match shielded(|| Made::as_it_came(frame)) {
            Ok(made) => self.send(number, made.as_slice(), frame, analysis, &due),
            Err(defect) => log::error!("{}: a picture wasn't shown: {defect}", self.camera().name),
        }
    }

    /// Shows those who watch that there is no picture.
    pub fn show_no_signal(&self, since: SystemTime, reason: &str, width: u32, height: u32) {
        if self.viewers() > 0 {
            let reason = reason.into();
            self.put(self.next_number(), What::NoSignal { since, reason, width, height });
        }
    }

    fn next_number(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    fn put(&self, number: u64, what: What) {
        self.pulse.owe(ENCODE_PATIENCE);
        self.jobs.put(Job { number, what }, |_, _| {});
    }

    /// Ends all subscriptions.
    pub fn dismiss(&self) {
        self.groups().clear();
    }

    /// Ends [`Publisher::run`].
    pub fn close(&self) {
        self.dismiss();
        self.jobs.close();
    }

    /// Encodes until [`Publisher::close`].
    pub fn run(&self) {
        let mut maker = Maker::new(self.camera());
        while let Some(job) = self.jobs.take() {
            self.pulse.promise(ENCODE_PATIENCE);
            maker.configure(&self.camera());
            if let Err(defect) = shielded(|| self.encode_job(job, &mut maker)) {
                log::error!("{}: a picture wasn't shown: {defect}", maker.camera.name);
                maker = Maker::new(self.camera());
            }
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = maker.refused;
            self.pulse.rest();
        }
    }

    fn camera(&self) -> Arc<config::Camera> {
        self.camera.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn encode_job(&self, Job { number, what }: Job, maker: &mut Maker) {
        match what {
            What::Frame { frame, analysis, index, plain } => {
                let due = self.due_wishes(frame.captured, |wish| !(plain && wish.is_plain()));
                if due.is_empty() {
                    return;
                }
                let camera = maker.camera.clone();
                let time = date_and_time(self.wall_of(frame.captured));
                let drawn =
                    Overlay { camera: &camera.name, time: &time, analysis: &analysis, zones: &camera.zones };
                match maker.make(&frame, &drawn, &due, index) {
                    Ok(made) => self.send(number, &made, &frame, &analysis, &due),
                    Err(error) => log::debug!("{}: not shown: {error}", camera.name),
                }
            }
            What::NoSignal { since, reason, width, height } => {
                let analysis = Analysis { captured: self.clock.now(), width, height, ..Analysis::default() };
                let picture =
                    overlay::no_signal(width as usize, height as usize, &time_of_day(since), &reason);
                self.send_no_signal(number, &picture, &Arc::new(analysis));
            }
        }
    }

    /// The distinct wishes of some kind for which a frame taken at `captured` is due.
    fn due_wishes(&self, captured: Duration, concerned: impl Fn(Wish) -> bool) -> Vec<Wish> {
        let mut due = Vec::new();
        for group in self.groups().iter_mut().filter(|group| group.is_watched() && concerned(group.wish)) {
            if group.wish.fps.is_none_or(|fps| group.beat.is_due(captured, fps.into())) {
                due.push(group.wish);
            }
        }
        due
    }

    /// Sends to each group of those that are due the first picture that fits.
    fn send(&self, number: u64, made: &[Made], frame: &Frame, analysis: &Arc<Analysis>, due: &[Wish]) {
        let encode =
            |made: &Made| self.encoded(made.jpeg.clone(), frame.sequence, frame.captured, analysis.clone());
        let encoded: Vec<_> = made.iter().map(|made| (made, encode(made))).collect();
        for group in self.groups().iter_mut().filter(|group| due.contains(&group.wish)) {
            if let Some((_, encoded)) = encoded.iter().find(|(made, _)| made.fits(group.wish)) {
                group.send(number, encoded);
            }
        }
    }

    /// One and the same for all but their quality: all that is to be seen is drawn in already.
    fn send_no_signal(&self, number: u64, picture: &Picture, analysis: &Arc<Analysis>) {
        let mut qualities: Vec<u8> = self.groups().iter().map(|group| group.wish.quality).collect();
        qualities.sort_unstable();
        qualities.dedup();
        for quality in qualities {
            match jpeg::encode(picture, quality) {
                Ok(jpeg) => {
                    let (sequence, captured) = (analysis.sequence, analysis.captured);
                    let encoded = self.encoded(jpeg.into(), sequence, captured, analysis.clone());
                    for group in self.groups().iter_mut().filter(|group| group.wish.quality == quality) {
                        group.send(number, &encoded);
                    }
                }
                Err(error) => log::warn!("a picture can't be encoded: {error}"),
            }
        }
    }

    fn encoded(
        &self,
        jpeg: Bytes,
        sequence: u64,
        captured: Duration,
        analysis: Arc<Analysis>,
    ) -> Arc<Encoded> {
        Arc::new(Encoded::new(jpeg, (sequence, captured, self.wall_of(captured)), analysis))
    }

    fn wall_of(&self, captured: Duration) -> SystemTime {
        self.clock.wall() - self.clock.now().saturating_sub(captured)
    }

    fn groups(&self) -> MutexGuard<'_, Vec<Group>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn local(wall: SystemTime) -> jiff::Zoned {
    jiff::Timestamp::try_from(wall).unwrap_or_default().to_zoned(jiff::tz::TimeZone::system())
}

/// In words for people, in local time.
pub fn date_and_time(wall: SystemTime) -> String {
    local(wall).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn time_of_day(wall: SystemTime) -> String {
    local(wall).strftime("%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::{Range, Wanted, demo};
    use crate::config::{Zone, ZoneKind};
    use crate::picture::convert;
    use crate::service::clock::SimulatedClock;
    use crate::service::progress::Progress;

    fn publisher() -> Publisher {
        let clock = SimulatedClock::shared();
        let pulse = Progress::new(clock.clone()).pulse("encode");
        Publisher::new(clock, Arc::new(config::Camera::default()), pulse)
    }

    fn wish(fps: Option<f32>) -> Wish {
        Wish { quality: 80, any_quality: false, fps, overlay: false }
    }

    #[test]
    fn each_wish_has_its_own_rate() {
        let publisher = publisher();
        let _viewers = [publisher.watch(wish(None)), publisher.watch(wish(Some(10.0)))];
        let due = (0..25).map(|n| publisher.due_wishes(Duration::from_millis(40 * n), |_| true).len());
        assert_eq!(due.sum::<usize>(), 25 + 10);
    }

    #[test]
    fn equal_wishes_are_one_group_and_who_leaves_is_forgotten() {
        let publisher = publisher();
        let first = publisher.watch(wish(None));
        let second = publisher.watch(wish(None));
        assert_eq!((publisher.viewers(), publisher.groups().len()), (2, 1));
        drop((first, second));
        assert_eq!((publisher.viewers(), publisher.due_wishes(Duration::ZERO, |_| true).len()), (0, 0));
        let _other = publisher.watch(wish(Some(5.0)));
        assert_eq!(publisher.groups().len(), 1, "the empty group is gone");
    }

    /// A camera's own picture.
    fn frame(sequence: u64) -> Arc<Frame> {
        let wanted = Wanted { width: 64, height: 48, fps: 1.0 };
        let raw = demo::open(&wanted, None).next_frame().unwrap();
        let data = jpeg::encode(&convert::picture(&raw).unwrap(), 70).unwrap();
        Arc::new(Frame { sequence, format: PixelFormat::Jpeg, range: Range::Full, stride: 0, data, ..raw })
    }

    fn seen(viewer: &mut Viewer) -> Option<u64> {
        viewer.newest.borrow_and_update().as_ref().map(|encoded| encoded.sequence)
    }

    #[test]
    fn what_goes_on_as_it_came_needs_no_other_thread() {
        let publisher = publisher();
        let mut plain = publisher.watch(Wish { any_quality: true, ..wish(None) });
        let data = frame(1).data.clone();
        publisher.show(frame(1), Arc::default(), None);
        assert_eq!(plain.newest.borrow().as_ref().unwrap().jpeg, data);
        let mut other = publisher.watch(wish(None));
        publisher.show(frame(2), Arc::default(), None);
        assert_eq!((seen(&mut plain), seen(&mut other)), (Some(2), None));
        let mut maker = Maker::new(publisher.camera());
        publisher.encode_job(publisher.jobs.take().unwrap(), &mut maker);
        assert_eq!(seen(&mut other), Some(2));
        assert_eq!(plain.newest.has_changed().ok(), Some(false), "once");
    }

    #[test]
    fn what_is_hidden_or_cut_off_never_goes_on_as_it_came() {
        let publisher = publisher();
        let mut plain = publisher.watch(Wish { any_quality: true, ..wish(None) });
        let mut broken = Arc::unwrap_or_clone(frame(1));
        broken.data.truncate(broken.data.len() / 2);
        publisher.show(Arc::new(broken), Arc::default(), None);
        assert_eq!(seen(&mut plain), None);
        let points = vec![(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
        let zone = Zone { name: "all".into(), kind: ZoneKind::Privacy, points };
        publisher.configure(Arc::new(config::Camera { zones: vec![zone], ..config::Camera::default() }));
        publisher.show(frame(2), Arc::default(), None);
        assert_eq!(seen(&mut plain), None);
        let job = publisher.jobs.take().unwrap();
        publisher.encode_job(job, &mut Maker::new(publisher.camera()));
        let shown = jpeg::decode(&plain.newest.borrow_and_update().as_ref().unwrap().jpeg).unwrap();
        assert!(shown.luma.data.iter().all(|&sample| sample < 12));
    }

    #[test]
    fn an_older_picture_that_took_longer_comes_too_late() {
        let publisher = publisher();
        let mut plain = publisher.watch(Wish { any_quality: true, ..wish(None) });
        publisher.show_no_signal(SystemTime::UNIX_EPOCH, "unplugged", 64, 48);
        let lost = publisher.jobs.take().unwrap();
        publisher.show(frame(7), Arc::default(), None);
        publisher.encode_job(lost, &mut Maker::new(publisher.camera()));
        assert_eq!(seen(&mut plain), Some(7));
    }
}
