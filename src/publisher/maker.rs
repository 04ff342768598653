//! Makes the pictures that are wished for of one frame, each with as little work as it takes: a camera's own JPEG picture
//! goes on as it is, or with the blocks coded anew that are drawn on; only another quality needs a new picture.

use super::Wish;
use crate::camera::{Frame, PixelFormat};
use crate::config;
use crate::motion::zones::Privacy;
use crate::picture::coded::{self, Index, Refusal, Splicer};
use crate::picture::convert::{self, PictureError};
use crate::picture::jpeg::{self, JpegError};
use crate::picture::overlay::{self, Overlay};
use bytes::Bytes;
use std::borrow::Cow;
use std::sync::Arc;

/// A picture for all whose wish it fits.
pub struct Made {
    pub jpeg: Bytes,
    overlay: bool,
    /// `None`: the camera's own.
    quality: Option<u8>,
}

/// A frame's bytes, which need no copy as long as it is there.
struct Data(Arc<Frame>);

impl AsRef<[u8]> for Data {
    fn as_ref(&self) -> &[u8] {
        &self.0.data
    }
}

impl Made {
    /// A camera's JPEG picture as it came; `None` if it is cut off.
    pub fn as_it_came(frame: &Arc<Frame>) -> Option<Self> {
        let jpeg = match jpeg::is_whole(&frame.data).then(|| coded::complete(&frame.data))? {
            Cow::Borrowed(whole) => Bytes::from_owner(Data(frame.clone())).slice(..whole.len()),
            Cow::Owned(whole) => whole.into(),
        };
        Some(Self { jpeg, overlay: false, quality: None })
    }

    pub fn fits(&self, wish: Wish) -> bool {
        let quality = self.quality.map_or(wish.any_quality, |quality| quality == wish.quality);
        quality && wish.overlay == self.overlay
    }
}

/// Makes the pictures of one camera with one configuration.
pub struct Maker {
    pub camera: Arc<config::Camera>,
    privacy: Privacy,
    splicer: Splicer,
    /// Why its own pictures can't be drawn on; the log says so once.
    pub refused: Option<&'static str>,
}

impl Maker {
    pub fn new(camera: Arc<config::Camera>) -> Self {
        let privacy = Privacy::new(&camera.zones);
        Self { camera, privacy, splicer: Splicer::default(), refused: None }
    }

    /// Takes new settings.
    pub fn configure(&mut self, camera: &Arc<config::Camera>) {
        if !Arc::ptr_eq(&self.camera, camera) {
            self.privacy = Privacy::new(&camera.zones);
            self.camera = camera.clone();
        }
    }

    /// What is needed for these wishes, each picture once; of two that fit, the first is meant. `index`: what a scanner found
    /// in the frame.
    ///
    /// # Errors
    /// The frame can't be used, or a picture can't be encoded.
    pub fn make(
        &mut self,
        frame: &Arc<Frame>,
        drawn: &Overlay,
        wishes: &[Wish],
        mut index: Option<Index>,
    ) -> Result<Vec<Made>, PictureError> {
        let mut made: Vec<Made> = Vec::new();
        if frame.format == PixelFormat::Jpeg {
            for overlay in [false, true] {
                if wishes.iter().any(|wish| wish.any_quality && wish.overlay == overlay) {
                    match self.own(frame, overlay.then_some(drawn), &mut index) {
                        Ok(own) => made.push(own),
                        Err(Refusal::Unsupported(why)) => self.refuse(why),
                        // The scan is strict: whether it can be shown all the same is libjpeg's to say.
                        Err(Refusal::Broken(_)) => {}
                    }
                }
            }
        }
        let mut picture = None;
        // What is drawn stays: those without come first.
        for overlay in [false, true] {
            for &wish in wishes.iter().filter(|wish| wish.overlay == overlay) {
                if made.iter().any(|made| made.fits(wish)) {
                    continue;
                }
                let (picture, is_drawn) = match &mut picture {
                    Some(picture) => picture,
                    None => {
                        let mut whole = convert::picture(frame)?;
                        self.privacy.blacken_surface(&mut whole);
                        picture.insert((whole, false))
                    }
                };
                if overlay && !*is_drawn {
                    overlay::draw(picture, drawn);
                    *is_drawn = true;
                }
                let jpeg = jpeg::encode(picture, wish.quality)?.into();
                made.push(Made { jpeg, overlay, quality: Some(wish.quality) });
            }
        }
        Ok(made)
    }

    /// The camera's own picture, with what is drawn over it.
    fn own(
        &mut self,
        frame: &Arc<Frame>,
        drawn: Option<&Overlay>,
        index: &mut Option<Index>,
    ) -> Result<Made, Refusal> {
        if drawn.is_none() && self.privacy.hides_nothing() {
            // Not each frame is analysed.
            return Made::as_it_came(frame).ok_or_else(|| JpegError::Truncated.into());
        }
        let mut canvas = match index.take() {
            Some(index) => self.splicer.open_with(&frame.data, index)?,
            None => self.splicer.open(&frame.data)?,
        };
        self.privacy.blacken_surface(&mut canvas);
        if let Some(drawn) = drawn {
            overlay::draw(&mut canvas, drawn);
        }
        let jpeg = canvas.finish()?.into();
        Ok(Made { jpeg, overlay: drawn.is_some(), quality: None })
    }

    fn refuse(&mut self, why: &'static str) {
        if self.refused != Some(why) {
            log::info!("{}: its pictures are decoded and encoded for viewers: {why}", self.camera.name);
            self.refused = Some(why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::{Range, Wanted, demo};
    use crate::config::{Zone, ZoneKind};
    use crate::pipeline::{Analysis, Region};
    use std::time::Duration;

    /// The demo's first picture as a camera's own.
    fn frame(quality: u8) -> Frame {
        let raw = demo::open(&Wanted { width: 320, height: 240, fps: 1.0 }, None).next_frame().unwrap();
        let data = jpeg::encode(&convert::picture(&raw).unwrap(), quality).unwrap();
        Frame { format: PixelFormat::Jpeg, range: Range::Full, stride: 0, data, ..raw }
    }

    fn wish(quality: u8, any_quality: bool, overlay: bool) -> Wish {
        Wish { quality, any_quality, fps: None, overlay }
    }

    fn make(camera: config::Camera, frame: &Frame, wishes: &[Wish]) -> Vec<Made> {
        let region =
            Region { x: 100, y: 80, w: 60, h: 70, area: 900, track: 1, zone: None, speed: 1.0, dwell: 1.0 };
        let analysis = Analysis { width: 320, height: 240, regions: vec![region], ..Analysis::default() };
        let mut maker = Maker::new(Arc::new(camera));
        let zones = maker.camera.zones.clone();
        let drawn = Overlay { camera: "yard", time: "12:00", analysis: &analysis, zones: &zones };
        maker.make(&Arc::new(frame.clone()), &drawn, wishes, None).unwrap()
    }

    #[test]
    fn who_wishes_nothing_gets_the_cameras_own_bytes() {
        let frame = frame(70);
        let made = make(config::Camera::default(), &frame, &[wish(80, true, false), wish(50, true, false)]);
        assert_eq!(made.len(), 1);
        assert_eq!(made[0].jpeg, frame.data);
    }

    #[test]
    fn what_is_cut_off_is_not_shown() {
        let mut frame = frame(70);
        frame.data.truncate(frame.data.len() / 2);
        let analysis = Analysis::default();
        let drawn = Overlay { camera: "", time: "", analysis: &analysis, zones: &[] };
        let mut maker = Maker::new(Arc::new(config::Camera::default()));
        for overlay in [false, true] {
            assert!(
                maker.make(&Arc::new(frame.clone()), &drawn, &[wish(80, true, overlay)], None).is_err(),
                "{overlay}"
            );
        }
    }

    #[test]
    fn each_wish_is_fulfilled_once() {
        let frame = frame(70);
        let wishes =
            [wish(80, true, true), wish(40, false, true), wish(40, false, false), wish(40, false, true)];
        let made = make(config::Camera::default(), &frame, &wishes);
        assert_eq!(made.len(), 3);
        for wish in wishes {
            let first = made.iter().find(|made| made.fits(wish)).unwrap();
            assert_eq!(first.quality, (!wish.any_quality).then_some(40));
        }
        // The label's plate is there, however it got into the picture.
        let luma = |made: &Made| jpeg::decode_luma(&made.jpeg, 1).unwrap();
        let plain = jpeg::decode_luma(&frame.data, 1).unwrap();
        for made in &made {
            let changed =
                luma(made).data.iter().zip(&plain.data).filter(|(a, b)| a.abs_diff(**b) > 60).count();
            assert_eq!(changed > 200, made.overlay, "{:?}: {changed}", made.quality);
        }
    }

    #[test]
    fn privacy_zones_are_black_in_each_picture() {
        let frame = frame(70);
        let zone = Zone {
            name: "neighbours".into(),
            kind: ZoneKind::Privacy,
            points: vec![(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)],
        };
        let camera = config::Camera { zones: vec![zone], ..config::Camera::default() };
        let wishes =
            [wish(80, true, true), wish(80, true, false), wish(40, false, true), wish(40, false, false)];
        let made = make(camera, &frame, &wishes);
        assert_eq!(made.len(), 4);
        for made in made {
            let picture = jpeg::decode(&made.jpeg).unwrap();
            let brightest = (64..176).flat_map(|y| &picture.luma.row(y)[80..240]).max();
            // Blocks that lie inside whole. The box of a region may be drawn over them.
            assert!(made.overlay || brightest.is_some_and(|&sample| sample < 12), "{:?}", made.quality);
            assert!(picture.luma.row(70)[90] < 12 && picture.luma.row(170)[230] < 12);
        }
    }

    #[test]
    fn what_the_scan_alone_refuses_is_shown_all_the_same() {
        let mut frame = frame(70);
        // A stray byte between two markers, which libjpeg skips.
        let tables = frame.data.windows(2).position(|pair| pair == [0xff, 0xc4]).unwrap();
        frame.data.insert(tables, 0x12);
        let made = make(config::Camera::default(), &frame, &[wish(80, true, true)]);
        assert_eq!((made.len(), made[0].quality), (1, Some(80)));
    }

    #[test]
    fn what_cannot_be_drawn_on_is_encoded_anew_and_what_is_broken_is_not_shown() {
        let mut frame = frame(70);
        // Claims to be RGB, which is another form.
        let adobe = [&[0xff, 0xee, 0, 14][..], b"Adobe\0\x64\0\0\0\0\0"].concat();
        frame.data.splice(2..2, adobe);
        let analysis = Analysis { captured: Duration::ZERO, ..Analysis::default() };
        let drawn = Overlay { camera: "", time: "", analysis: &analysis, zones: &[] };
        let mut maker = Maker::new(Arc::new(config::Camera::default()));
        let made = maker.make(&Arc::new(frame.clone()), &drawn, &[wish(80, true, true)], None).unwrap();
        assert_eq!((made.len(), made[0].quality), (1, Some(80)));
        assert_eq!(maker.refused, Some("its colours aren't YCbCr"));
        frame.data.truncate(frame.data.len() / 2);
        assert!(maker.make(&Arc::new(frame.clone()), &drawn, &[wish(80, true, true)], None).is_err());
    }
}
