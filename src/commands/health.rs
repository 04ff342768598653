//! `edge-cctv health`: does the service do its work? For whoever supervises it, and for the judgement after an update.

use crate::commands::Failure;
use crate::service::durable;
use crate::service::health::{self, Report, SOCKET};
use clap::Args;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The part that is always asked for.
const SERVER: &str = "server";

/// The server has so long to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// With `--within`: how often it is looked, and for how long everything has to be well. A service that works for a
/// moment, fails and is started again isn't well.
const PERIOD: Duration = Duration::from_secs(1);
const STEADY: Duration = Duration::from_secs(10);

/// A record has at most so many bytes.
const MOST: u64 = 1 << 20;

#[derive(Debug, Args)]
#[command(
    after_help = "Cameras that should run deliver fresh frames, the server answers, the network is loaded, outputs \
and inputs can be used. Exit status 0 if it is so, and 1 with the reasons if not.

Examples:
  sudo edge-cctv health
  sudo edge-cctv health --record before.json                    before an update
  sudo edge-cctv health --as-before before.json --within 120    and after it"
)]
pub struct Health {
    /// Wait so many seconds until everything has been well for ten
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..=3600))]
    within: Option<u64>,
    /// Write down what works now, whatever that is, and end with 0
    #[arg(long, value_name = "FILE", conflicts_with_all = ["within", "as_before"])]
    record: Option<PathBuf>,
    /// Demand only what worked when this was written; a file that isn't there demands that the server answers
    #[arg(long, value_name = "FILE")]
    as_before: Option<PathBuf>,
    /// Where the service answers
    #[arg(long, value_name = "SOCKET", default_value = SOCKET)]
    socket: PathBuf,
}

/// The parts with the reason, in words, of each that doesn't work.
type Parts = BTreeMap<String, Option<String>>;

/// What worked at a moment.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Record {
    works: BTreeSet<String>,
}

impl Record {
    fn of(parts: &Parts) -> Self {
        let works = parts.iter().filter(|(_, fault)| fault.is_none());
        Self { works: works.map(|(name, _)| name.clone()).collect() }
    }

    /// What is demanded by the file at `path`.
    fn read(path: &Path) -> Result<Self, Failure> {
        let unreadable = |why: String| Failure::from(format!("{} can't be read: {why}", path.display()));
        match durable::read(path, MOST).map_err(|error| unreadable(error.to_string()))? {
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string())),
            None => Ok(Self { works: [SERVER.to_string()].into() }),
        }
    }
}

impl Health {
    /// # Errors
    /// Something doesn't work that is demanded; or a file can't be read or written.
    pub fn run(&self) -> Result<(), Failure> {
        if let Some(path) = &self.record {
            let (parts, _) = look(&self.socket);
            return record(path, &Record::of(&parts));
        }
        let demanded = self.as_before.as_deref().map(Record::read).transpose()?;
        let begun = Instant::now();
        let mut well_since = None;
        loop {
            let (parts, version) = look(&self.socket);
            let faults = faults(&parts, demanded.as_ref());
            let Some(limit) = self.within.map(Duration::from_secs) else {
                return verdict(&faults, &parts, version);
            };
            if !faults.is_empty() {
                well_since = None;
            }
            let now = Instant::now();
            let steady = faults.is_empty() && now - *well_since.get_or_insert(now) >= STEADY;
            // What is well when the time is over gets the rest of the ten seconds.
            if steady || (now - begun >= limit && !faults.is_empty()) {
                return verdict(&faults, &parts, version);
            }
            sleep(PERIOD);
        }
    }
}

/// What works, and which version it is that says so.
fn look(socket: &Path) -> (Parts, Option<String>) {
    match health::ask(socket) {
        Ok(Report { version, address, mut parts }) => {
            parts.insert(SERVER.into(), answers(address).err().map(|error| error.to_string()));
            (parts, Some(version))
        }
        Err(error) => {
            let why = format!("no service answers at {}: {error}", socket.display());
            ([(SERVER.to_string(), Some(why))].into(), None)
        }
    }
}

/// The server says something in HTTP. Over TLS that is where to find it: no certificate has to be believed.
fn answers(address: SocketAddr) -> io::Result<()> {
    let address = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), address.port()),
        _ => address,
    };
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(
        format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes(),
    )?;
    let mut start = [0; 13];
    stream.read_exact(&mut start)?;
    match start {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1', b' ', b'2'..=b'4', _, _, b' '] => Ok(()),
        _ => Err(io::Error::other(format!("it answers {}", String::from_utf8_lossy(&start)))),
    }
}

/// What is demanded and doesn't work, in words. Without a record everything is demanded.
fn faults(parts: &Parts, demanded: Option<&Record>) -> Vec<String> {
    // Where no service answers, the one reason says it all; if the server isn't demanded, it isn't told.
    let silent = matches!(parts.get(SERVER), Some(Some(_)))
        && demanded.is_some_and(|record| record.works.contains(SERVER));
    let fault = |name: &String| match parts.get(name) {
        Some(None) => None,
        Some(Some(why)) => Some(format!("{name}: {why}")),
        None if silent => None,
        None => Some(format!("{name}: nothing is known of it")),
    };
    match demanded {
        Some(record) => record.works.iter().filter_map(fault).collect(),
        None => parts.keys().filter_map(fault).collect(),
    }
}

fn verdict(faults: &[String], parts: &Parts, version: Option<String>) -> Result<(), Failure> {
    if !faults.is_empty() {
        return Err(Failure::from(format!("not healthy: {}", faults.join("; "))));
    }
    match version {
        Some(version) => {
            let works: Vec<_> = Record::of(parts).works.into_iter().collect();
            println!("healthy ({version}): {}", works.join(", "));
        }
        None => println!("nothing is demanded, and no service runs"),
    }
    Ok(())
}

fn record(path: &Path, record: &Record) -> Result<(), Failure> {
    let text = serde_json::to_vec(record).expect("names are plain JSON");
    durable::replace(path, &path.with_extension("unfinished"), &text)
        .map_err(|error| Failure::from(format!("{} can't be written: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn parts(list: &[(&str, Option<&str>)]) -> Parts {
        list.iter().map(|(name, fault)| (name.to_string(), fault.map(String::from))).collect()
    }

    #[test]
    fn only_what_worked_before_is_demanded_and_without_a_record_everything() {
        let before = parts(&[("server", None), ("camera yard", None), ("camera door", Some("unplugged"))]);
        let demanded = Record::of(&before);
        let now =
            parts(&[("server", None), ("camera yard", Some("no frame")), ("camera door", Some("unplugged"))]);
        assert_eq!(faults(&now, Some(&demanded)), ["camera yard: no frame"]);
        assert_eq!(faults(&now, None).len(), 2);
        let gone = parts(&[("server", None)]);
        assert_eq!(faults(&gone, Some(&demanded)), ["camera yard: nothing is known of it"]);
        // A service that says nothing is one reason; and it is missed though its server wasn't well before.
        let dead = parts(&[("server", Some("no service"))]);
        assert_eq!(faults(&dead, Some(&demanded)), ["server: no service"]);
        let without_server = Record::of(&parts(&[("server", Some("refused")), ("camera yard", None)]));
        assert_eq!(faults(&dead, Some(&without_server)), ["camera yard: nothing is known of it"]);
        let stopped = Record::of(&parts(&[("server", Some("no service"))]));
        assert!(faults(&parts(&[("server", Some("no service"))]), Some(&stopped)).is_empty());
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_one_that_is_missing_asks_for_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("before.json");
        assert_eq!(Record::read(&path).unwrap().works.into_iter().collect::<Vec<_>>(), [SERVER]);
        let written = Record::of(&parts(&[("server", None), ("camera yard", None)]));
        record(&path, &written).unwrap();
        assert_eq!(Record::read(&path).unwrap(), written);
        std::fs::write(&path, "{").unwrap();
        assert!(Record::read(&path).is_err());
    }

    #[test]
    fn an_answer_in_http_will_do_and_nothing_else() {
        let reply = |reply: &'static str| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 16];
                stream.read_exact(&mut request).unwrap();
                stream.write_all(reply.as_bytes()).unwrap();
            });
            let result = answers(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port()));
            server.join().unwrap();
            result.is_ok()
        };
        assert!(reply("HTTP/1.1 200 OK\r\n\r\n"));
        assert!(reply("HTTP/1.1 308 Permanent Redirect\r\n\r\n"));
        assert!(!reply("HTTP/1.1 503 Service Unavailable\r\n\r\n"));
        assert!(!reply("SSH-2.0-OpenSSH_9.2p1"));
        assert!(!reply(""));
    }
}
