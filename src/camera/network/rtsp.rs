//! A session with an RTSP camera: asks for its video and puts what comes onto the belt. The protocol is retina's.

use super::belt::{Belt, Coding, Item};
use super::time::Arrivals;
use super::{Address, Login, Transport, fault, login};
use crate::camera::CameraError;
use crate::service::clock::SharedClock;
use futures_util::StreamExt as _;
use retina::client::{
    Credentials, Demuxed, Described, InitialTimestampPolicy, PlayOptions, SessionGroup, SessionOptions,
    SetupOptions, TcpTransportOptions, UdpTransportOptions,
};
use retina::codec::{CodecItem, FrameFormat, VideoFrame};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// For each question to the camera.
const ANSWERING: Duration = Duration::from_secs(5);

/// For the camera's answer to the end of the session.
const PARTING: Duration = Duration::from_secs(1);

/// Which camera is asked, and how.
pub struct Session {
    pub address: Address,
    pub login: Option<Login>,
    pub transport: Transport,
}

impl Session {
    /// Puts pictures onto the belt until something is wrong, or it is cancelled. Then says goodbye to the camera, which may
    /// allow few sessions at once.
    pub async fn run(self, belt: &Belt, clock: &SharedClock, cancel: &CancellationToken) {
        let group = Arc::new(SessionGroup::default());
        let end = cancel.run_until_cancelled(self.watch(belt, clock, group.clone())).await;
        if let Some(error) = end {
            belt.end(error);
        }
        // What comes of it doesn't matter: the camera forgets the session by itself, later.
        let _ = timeout(PARTING, group.await_teardown()).await;
    }

    async fn watch(&self, belt: &Belt, clock: &SharedClock, group: Arc<SessionGroup>) -> CameraError {
        let place = self.address.place();
        let (mut pictures, coding) = match self.play(group).await {
            Ok(playing) => playing,
            Err(error) => return error,
        };
        let mut arrivals = Arrivals::default();
        loop {
            match pictures.next().await {
                None => return fault::ended(&place),
                Some(Err(error)) => return self.explain(&error),
                Some(Ok(CodecItem::VideoFrame(frame))) => {
                    belt.push([Ok(item(frame, coding, &mut arrivals, clock.now()))]);
                }
                Some(Ok(_)) => {}
            }
        }
    }

    async fn play(&self, group: Arc<SessionGroup>) -> Result<(Demuxed, Coding), CameraError> {
        let login = self.login.clone();
        let options = SessionOptions::default()
            .creds(login.map(|Login { username, password }| Credentials { username, password }))
            .user_agent(concat!("edge-cctv/", env!("CARGO_PKG_VERSION")).into())
            .session_group(group);
        let describing = retina::client::Session::describe(self.address.url().clone(), options);
        let mut session = self.answer(describing).await?;
        let (index, coding) = self.choose(&session)?;
        let transport = match self.transport {
            Transport::Tcp => retina::client::Transport::Tcp(TcpTransportOptions::default()),
            Transport::Udp => retina::client::Transport::Udp(UdpTransportOptions::default()),
        };
        let setup = SetupOptions::default().transport(transport).frame_format(FrameFormat::SIMPLE);
        self.answer(session.setup(index, setup)).await?;
        let play = PlayOptions::default().initial_timestamp(InitialTimestampPolicy::Ignore);
        let playing = self.answer(session.play(play)).await?;
        Ok((playing.demuxed().map_err(|error| self.explain(&error))?, coding))
    }

    /// The first stream of pictures that can be decoded.
    fn choose(&self, session: &retina::client::Session<Described>) -> Result<(usize, Coding), CameraError> {
        let place = self.address.place();
        let mut others = Vec::new();
        for (index, stream) in session.streams().iter().enumerate() {
            match (stream.media(), stream.encoding_name()) {
                ("video", "h264") => return Ok((index, Coding::H264)),
                ("video", "jpeg") => return Ok((index, Coding::Jpeg)),
                ("video", other) => others.push(fault::shortened(&other.to_uppercase())),
                _ => {}
            }
        }
        Err(CameraError::Lost(if others.is_empty() {
            format!("{place} offers no video under this path")
        } else {
            format!(
                "{place} sends {}, which isn't decoded here: choose H.264 or MJPEG in its settings, or the address of \
                 another of its streams",
                others.join(", ")
            )
        }))
    }

    async fn answer<T>(
        &self,
        question: impl Future<Output = Result<T, retina::Error>>,
    ) -> Result<T, CameraError> {
        match timeout(ANSWERING, question).await {
            Ok(answer) => answer.map_err(|error| self.explain(&error)),
            Err(_) => Err(fault::silent(&self.address.place())),
        }
    }

    /// The library's texts are for those who know the protocol, and long.
    fn explain(&self, error: &retina::Error) -> CameraError {
        let place = self.address.place();
        let text = fault::shortened(&error.to_string());
        match error.status_code() {
            // A good status with bad content has one, too.
            Some(200..=299) => CameraError::Lost(format!("{place} answers strangely: {text}")),
            Some(401) if self.login.is_none() => login::missing(&place),
            Some(401) => login::wrong(&self.address, self.login.as_ref()),
            Some(status) => fault::status(&place, status),
            None => match text.strip_prefix("Unable to connect to RTSP server: ") {
                Some(why) => fault::connecting(&place, why),
                None => fault::broken(&place, &text),
            },
        }
    }
}

fn item(frame: VideoFrame, coding: Coding, arrivals: &mut Arrivals, now: Duration) -> Item {
    let timestamp = frame.timestamp();
    let camera = timestamp.elapsed() as f64 / f64::from(timestamp.clock_rate().get());
    Item {
        coding,
        key: coding == Coding::Jpeg || frame.is_random_access_point(),
        gap: frame.loss() > 0,
        place: timestamp.elapsed(),
        captured: arrivals.place(camera, now),
        data: frame.into_data(),
    }
}
