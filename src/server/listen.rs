//! Connections: accepting, limits, time-outs and an orderly end. Knows HTTP, but no address and no camera.

use super::tls::Tls;
use crate::service::progress::Pulse;
use axum::Router;
use axum::body::Body;
use futures_util::future::Either;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Connections that haven't ended so long after the stop are cut off; with the release of the cameras a
/// stop must take less than 2 s.
const GRACE: Duration = Duration::from_millis(1500);

/// Wait after a failure to accept (usually no more file descriptors), which would fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Failures to accept come in crowds, with successes in between: they are logged at most so often.
const TELL_PERIOD: Duration = Duration::from_secs(60);

/// The loop goes round at least so often, and is stuck if it is late by more than the slack.
const BEAT: Duration = Duration::from_secs(2);
const BEAT_SLACK: Duration = Duration::from_secs(10);

/// Kernel memory for bytes on their way to one viewer. Large enough for a 1080p picture in flight at LAN
/// delays, small enough that a slow viewer sees the newest picture and not one of seconds ago. Linux
/// doubles it for its own bookkeeping.
const SEND_BUFFER: usize = 256 * 1024;

/// Bytes that may wait in the kernel beyond those on their way. With more, a slow viewer's pictures would
/// be old by as long as the send buffer takes: measured 2.5 s at 200 kB/s, against 0.6 s with this limit.
const UNSENT: u32 = 32 * 1024;

/// The first byte of an encrypted connection: a handshake record (RFC 8446, 5.1). No request begins with it.
const HANDSHAKE: u8 = 22;

pub struct Limits {
    /// TCP connections at once; further ones wait to be accepted.
    pub connections: usize,
    /// Of them from one address; further ones are closed.
    pub address_connections: usize,
    /// A request's head must be there within this time; it is also how long an idle connection is kept.
    pub head: Duration,
    /// A request's head may have so many bytes. As many are kept of a reply before the next picture is asked for.
    pub head_bytes: usize,
    /// A peer that takes no bytes for so long is cut off.
    pub stall: Duration,
}

/// The other end of a connection, an extension of each request. While a clone of it lives, the
/// connection counts.
#[derive(Clone)]
pub struct Peer {
    pub address: SocketAddr,
    /// Nobody between here and there can read what is sent.
    pub secure: bool,
    place: Arc<(OwnedSemaphorePermit, Place)>,
}

impl Peer {
    /// Somebody who may come in has shown up: from now on the connection doesn't make room for others.
    pub fn welcome(&self) {
        self.place.1.welcome();
    }
}

/// All connections, by number, in the order of their beginning.
#[derive(Clone, Default)]
struct Crowd(Arc<Mutex<BTreeMap<u64, Member>>>);

struct Member {
    address: IpAddr,
    welcome: bool,
    ended: CancellationToken,
}

/// One of the connections.
struct Place {
    crowd: Crowd,
    number: u64,
    /// Cancelled when it has to make room.
    ended: CancellationToken,
}

impl Crowd {
    fn members(&self) -> MutexGuard<'_, BTreeMap<u64, Member>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Room for one more of this address; `None` if it has as many as it may.
    fn enter(&self, address: IpAddr, most: usize) -> Option<Place> {
        let address = address.to_canonical();
        let mut members = self.members();
        if members.values().filter(|member| member.address == address).count() >= most {
            return None;
        }
        let number = members.last_key_value().map_or(0, |(number, _)| number + 1);
        let ended = CancellationToken::new();
        members.insert(number, Member { address, welcome: false, ended: ended.clone() });
        Some(Place { crowd: self.clone(), number, ended })
    }

    /// Ends a connection on which nobody has shown who they are: the oldest of the address that has most of those. The
    /// newest is spared: it had no time for it.
    fn make_room(&self) {
        let members = self.members();
        let newest = members.last_key_value().map(|(number, _)| *number);
        let strangers =
            || members.iter().filter(|(number, member)| !member.welcome && Some(**number) != newest);
        let mut counts: HashMap<IpAddr, usize> = HashMap::new();
        strangers().for_each(|(_, member)| *counts.entry(member.address).or_default() += 1);
        let most = counts.values().max();
        if let Some((_, member)) = strangers().find(|(_, member)| counts.get(&member.address) == most) {
            member.ended.cancel();
        }
    }
}

impl Place {
    fn welcome(&self) {
        if let Some(member) = self.crowd.members().get_mut(&self.number) {
            member.welcome = true;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.members().remove(&self.number);
    }
}

/// What is logged at most once in [`TELL_PERIOD`], for it comes in crowds.
#[derive(Default)]
struct Seldom(Option<Instant>);

impl Seldom {
    fn tell(&mut self, tell: impl FnOnce()) {
        if self.0.is_none_or(|told| told.elapsed() > TELL_PERIOD) {
            tell();
            self.0 = Some(Instant::now());
        }
    }
}

/// Accepts and serves until `shutdown`, and returns at the latest [`GRACE`] after it. `pulse` tells that the runtime
/// still runs its tasks.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    tls: Option<Arc<Tls>>,
    pulse: &Pulse,
    shutdown: CancellationToken,
) {
    let permits = Arc::new(Semaphore::new(limits.connections));
    let limits = Arc::new(limits);
    let crowd = Crowd::default();
    let mut connections = JoinSet::new();
    let (mut failed, mut crowded, mut full) = (Seldom::default(), Seldom::default(), Seldom::default());
    loop {
        pulse.promise(BEAT + BEAT_SLACK);
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            () = sleep(BEAT) => continue,
            Some(ended) = connections.join_next() => {
                if ended.is_err_and(|error: tokio::task::JoinError| error.is_panic()) {
                    log::error!("a request ended in a panic; its connection was closed");
                }
                continue;
            }
            accepted = accept(&listener, &permits) => accepted,
        };
        match accepted {
            Ok((stream, address, permit)) => {
                let Some(place) = crowd.enter(address.ip(), limits.address_connections) else {
                    let most = limits.address_connections;
                    crowded.tell(|| {
                        log::warn!("{} has {most} connections, further ones are closed", address.ip())
                    });
                    continue;
                };
                if permits.available_permits() == 0 {
                    full.tell(|| {
                        log::warn!("{} connections are open (server.max_connections)", limits.connections)
                    });
                    crowd.make_room();
                }
                let peer = Peer { address, secure: false, place: Arc::new((permit, place)) };
                let connection = Connection {
                    peer,
                    router: router.clone(),
                    limits: limits.clone(),
                    shutdown: shutdown.clone(),
                };
                let ended = connection.peer.place.1.ended.clone();
                connections.spawn(ended.run_until_cancelled_owned(connection.serve(stream, tls.clone())));
            }
            Err(error) if concerns_one_connection(&error) => log::debug!("a connection was lost: {error}"),
            Err(error) => {
                failed.tell(|| log::error!("no connection can be accepted, trying on: {error}"));
                tokio::select! {
                    () = shutdown.cancelled() => break,
                    () = sleep(ACCEPT_PAUSE) => {}
                }
            }
        }
    }
    pulse.rest();
    drop(listener);
    // All permits are back when the last connection has ended, upgraded ones (WebSockets) among them.
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    if timeout(GRACE, permits.acquire_many(all)).await.is_err() {
        log::info!(
            "{} connections were cut off at the end",
            limits.connections - permits.available_permits()
        );
    }
    connections.abort_all();
}

/// The next connection, once there is room for it. Dropping the future loses none.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = permits.clone().acquire_owned().await.expect("the semaphore is never closed");
    let (stream, address) = listener.accept().await?;
    Ok((stream, address, permit))
}

/// accept(2) also reports errors of the connection that it would have returned.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// One connection.
struct Connection {
    peer: Peer,
    router: Router,
    limits: Arc<Limits>,
    shutdown: CancellationToken,
}

impl Connection {
    /// Serves it to its end, encrypted if there is something to encrypt with and the peer begins so.
    async fn serve(mut self, stream: TcpStream, tls: Option<Arc<Tls>>) {
        let address = self.peer.address;
        if let Err(error) = tune(&stream) {
            log::debug!("{address}: the connection can't be tuned: {error}");
        }
        let stall = self.limits.stall;
        let Some(tls) = tls else { return self.serve_http(with_stall(stream, stall)).await };
        let beginning = async {
            let mut first = [0];
            let count = stream.peek(&mut first).await?;
            let stream = with_stall(stream, stall);
            if count == 1 && first[0] == HANDSHAKE {
                Ok::<_, io::Error>(Either::Left(tls.accept(stream).await?))
            } else {
                Ok(Either::Right(stream))
            }
        };
        let begun = tokio::select! {
            begun = timeout(self.limits.head, beginning) => begun,
            () = self.shutdown.cancelled() => return,
        };
        match begun {
            Ok(Ok(Either::Left(stream))) => {
                self.peer.secure = true;
                self.serve_http(stream).await;
            }
            Ok(Ok(Either::Right(stream))) => self.serve_http(stream).await,
            Ok(Err(error)) => log::debug!("{address}: the encrypted connection doesn't begin: {error}"),
            Err(_) => log::debug!("{address}: nothing came in time"),
        }
    }

    async fn serve_http(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let Self { peer, router, limits, shutdown } = self;
        let address = peer.address;
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            router.clone().oneshot(request.map(Body::new))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_buf_size(limits.head_bytes)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            log_end(address, &error, limits.stall);
        }
    }
}

/// A peer that takes no bytes for so long is an error.
fn with_stall(stream: TcpStream, stall: Duration) -> Pin<Box<TimeoutStream<TcpStream>>> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(stall));
    Box::pin(stream)
}

/// Says once why a connection ended, if it is worth saying.
pub fn log_end(address: SocketAddr, error: &(dyn Error + 'static), stall: Duration) {
    if stalled(error) {
        log::info!("{address} took no bytes for {} s and was cut off", stall.as_secs_f64());
    } else {
        log::debug!("{address}: {error}");
    }
}

/// Whether an error comes from the write time-out.
fn stalled(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = socket2::SockRef::from(stream);
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.set_tcp_notsent_lowat(UNSENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_is_found_below_other_errors() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] io::Error);
        assert!(stalled(&Outer(io::ErrorKind::TimedOut.into())));
        assert!(!stalled(&Outer(io::ErrorKind::BrokenPipe.into())));
    }

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let crowd = Crowd::default();
        let (here, there) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let places: Vec<_> = (0..3).map(|_| crowd.enter(here, 3)).collect();
        assert!(places.iter().all(Option::is_some));
        assert!(crowd.enter(here, 3).is_none() && crowd.enter(there, 3).is_some());
        drop(places);
        assert!(crowd.enter(here, 3).is_some());
        assert!(crowd.members().is_empty(), "nobody is remembered");
    }

    #[test]
    fn room_is_made_by_strangers_of_the_address_that_has_most_of_them() {
        let crowd = Crowd::default();
        let enter = |last: u8| crowd.enter([10, 0, 0, last].into(), 9).unwrap();
        let (viewer, first, second, third, alone) = (enter(1), enter(2), enter(2), enter(2), enter(3));
        viewer.welcome();
        first.welcome();
        let newest = enter(4);
        let ended =
            || [&viewer, &first, &second, &third, &alone, &newest].map(|place| place.ended.is_cancelled());
        crowd.make_room();
        assert_eq!(ended(), [false, false, true, false, false, false]);
        drop(second);
        for place in [&third, &alone] {
            assert!(!place.ended.is_cancelled());
        }
        crowd.make_room();
        assert!(third.ended.is_cancelled() != alone.ended.is_cancelled(), "one each");
        third.welcome();
        alone.welcome();
        crowd.make_room();
        assert!(!newest.ended.is_cancelled(), "it has just come");
    }

    #[test]
    fn only_errors_of_one_connection_are_passed_over() {
        assert!(concerns_one_connection(&io::Error::from_raw_os_error(libc::ECONNABORTED)));
        assert!(!concerns_one_connection(&io::Error::from_raw_os_error(libc::EMFILE)));
    }
}
