//! Encrypted connections do all that others do; a certificate is made once, or exchanged while everything goes on; and
//! what isn't encrypted is sent over.

mod common;
#[path = "common/tls.rs"]
mod tls;

use common::{Server, answer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;
use tls::{BOTH, Client, make_pair, put};
use tungstenite::{Error, HandshakeError, Message};

const DEMO: &str = "[[camera]]\nname = \"c\"\nsource = \"demo\"\n";

/// Longer than two looks at the files, which come every two seconds.
const LOOKS: std::time::Duration = std::time::Duration::from_secs(5);

/// With these keys of `[server]`.
fn run_in(state: TempDir, keys: &str) -> Server {
    let file = state.path().join("config.toml");
    fs::write(&file, format!("[server]\n{keys}\n{DEMO}")).unwrap();
    Server::run_in(state, &["--config", file.to_str().unwrap()])
}

fn self_signed(keys: &str) -> Server {
    run_in(tempfile::tempdir().unwrap(), &format!("tls = \"self-signed\"\n{keys}"))
}

fn made(server: &Server) -> String {
    fs::read_to_string(server.folder.path().join("tls/certificate.pem")).unwrap()
}

/// Who trusts the certificate that the server made for itself.
fn friend(server: &Server) -> Client {
    Client::trusting(&made(server), BOTH)
}

/// The keys of `[server]` for a certificate and its key in this folder.
fn files_in(folder: &Path) -> String {
    let path = |name: &str| folder.join(name).display().to_string();
    format!(
        "tls = \"files\"\ncertificate = \"{}\"\ncertificate_key = \"{}\"",
        path("certificate.pem"),
        path("key.pem")
    )
}

/// A server with a certificate from files, and their folder.
fn with_files(certificate: &str, key: &str) -> (Server, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("certificate.pem"), certificate);
    put(&folder.path().join("key.pem"), key);
    (run_in(tempfile::tempdir().unwrap(), &files_in(folder.path())), folder)
}

fn trusts(certificate: &str, server: &Server) -> bool {
    Client::trusting(certificate, BOTH).connect(server, "localhost").is_ok()
}

#[test]
fn a_board_makes_its_certificate_once_and_tells_its_fingerprint() {
    let server = self_signed("");
    let first = made(&server);
    let der = CertificateDer::from_pem_slice(first.as_bytes()).unwrap();
    let fingerprint: Vec<_> = Sha256::digest(&der).iter().map(|byte| format!("{byte:02X}")).collect();
    assert!(server.log().contains(&fingerprint.join(":")), "{}", server.log());
    assert!(server.log().contains("listening on https://127.0.0.1:"), "{}", server.log());
    let mode = |server: &Server, name: &str| {
        fs::metadata(server.folder.path().join("tls").join(name)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(&server, "key.pem"), 0o600);

    let server = run_in(server.end(), "tls = \"self-signed\"");
    assert_eq!(made(&server), first, "a restart changes nothing");
    let server = run_in(server.end(), "tls = \"self-signed\"\nnames = [\"cctv.example.org\"]");
    assert_ne!(made(&server), first, "another name needs another certificate");
    assert_eq!(friend(&server).ask(&server, "cctv.example.org", "GET /healthz").status, 200);
    let named = made(&server);
    let state = server.end();
    fs::write(state.path().join("tls/key.pem"), "half a key").unwrap();
    let server = run_in(state, "tls = \"self-signed\"\nnames = [\"cctv.example.org\"]");
    assert_ne!(made(&server), named, "a damaged one is made anew");
    assert!(server.log().contains("a new certificate is made"), "{}", server.log());
    assert_eq!(mode(&server, "key.pem"), 0o600);
}

#[test]
fn the_boards_certificate_is_for_its_names_and_addresses() {
    let server = self_signed("");
    let friend = friend(&server);
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_ascii_lowercase();
    for name in ["localhost", "127.0.0.1", &host, &format!("{host}.local")] {
        let reply = friend.ask(&server, name, "GET /healthz");
        assert_eq!(reply.status, 200, "{name}");
        assert_eq!(reply.header("strict-transport-security"), "", "nobody vouches for it");
    }
    assert!(friend.connect(&server, "cctv.example.org").is_err());
}

#[test]
fn without_a_disk_to_keep_it_the_certificate_lasts_until_the_end() {
    let state = tempfile::tempdir().unwrap();
    // A file in the place of the folder: writing fails whoever runs the test.
    fs::write(state.path().join("tls"), "").unwrap();
    let server = run_in(state, "tls = \"self-signed\"");
    server.wait_for_log("the certificate can't be kept");
    let mut stream = server.connect();
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert_eq!(answer(stream).status, 308, "it is encrypted all the same");
}

#[test]
fn stream_and_page_and_commands_are_the_same_when_encrypted() {
    let server = self_signed("");
    let friend = friend(&server);
    for version in BOTH {
        let friend = Client::trusting(&made(&server), &[version]);
        assert!(friend.watch(&server, "/live?fps=5").next().is_some(), "{version:?}");
    }
    let mut stream = friend.watch(&server, "/live");
    assert!((0..20).all(|_| stream.next().is_some()));
    assert_eq!(friend.get(&server, "/api/session").json()["secure"], true);
    assert_eq!(friend.ask(&server, "localhost", "POST /stop").status, 200);
    while stream.next().is_some() {}
    assert_eq!(friend.get(&server, "/live").status, 503);
}

#[test]
fn a_websocket_works_encrypted_and_is_told_the_end() {
    let mut server = self_signed("");
    let stream = friend(&server).connect(&server, "localhost").unwrap();
    let url = format!("wss://localhost:{}/ws/live?fps=5", server.port);
    let (mut socket, _) = tungstenite::client(url, stream).unwrap();
    for _ in 0..3 {
        assert!(matches!(socket.read().unwrap(), Message::Text(_)));
        let Message::Binary(jpeg) = socket.read().unwrap() else { panic!("then the picture") };
        assert!(jpeg.starts_with(&[0xff, 0xd8]) && jpeg.ends_with(&[0xff, 0xd9]));
    }
    let silent = server.connect();
    let (status, _) = server.terminate();
    assert!(status.success(), "{status}:\n{}", server.log());
    let end = std::iter::from_fn(|| socket.read().ok()).find(Message::is_close);
    assert!(end.is_some(), "no word of farewell");
    drop(silent);
}

#[test]
fn a_stalled_viewer_is_cut_off_when_encrypted_too() {
    let server = self_signed("stall_seconds = 1.0");
    let friend = friend(&server);
    let mut stalled = friend.connect(&server, "localhost").unwrap();
    socket2::SockRef::from(&stalled.sock).set_recv_buffer_size(4096).unwrap();
    write!(stalled, "GET /live?quality=100 HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let address = stalled.sock.local_addr().unwrap();
    let mut reader = friend.watch(&server, "/live");
    server.wait_for_log(&format!("{address} took no bytes for 1 s"));
    assert!(reader.next().is_some(), "the other goes on");
}

#[test]
fn what_is_not_encrypted_is_sent_over_and_does_nothing_else() {
    let server = self_signed("");
    let plain = |head: &str| {
        let mut stream = server.connect();
        write!(stream, "{head}\r\n\r\n").unwrap();
        answer(stream)
    };
    let host = format!("Host: localhost:{}", server.port);
    let sent = plain(&format!("GET /status?camera=c&x=%20 HTTP/1.1\r\n{host}"));
    let wanted = format!("https://localhost:{}/status?camera=c&x=%20", server.port);
    assert_eq!((sent.status, sent.header("location")), (308, wanted.as_str()));
    assert!(sent.body.is_empty() && sent.header("strict-transport-security").is_empty());
    for line in
        ["POST /stop", "POST /api/login", "GET /live", "GET /nothing", "HEAD /", "DELETE /api/snapshots/x"]
    {
        assert_eq!(plain(&format!("{line} HTTP/1.1\r\n{host}")).status, 308, "{line}");
    }
    assert!(friend(&server).watch(&server, "/live").next().is_some(), "nobody stopped it");
    for (strange, status) in [
        ("", 400),
        ("Host: evil.example", 421),
        ("Host: a\\b", 421),
        ("Host: me@board", 421),
        ("Host: a b", 421),
        ("Host: \"", 421),
        ("Host: a/b", 421),
        ("Host: a\r\nHost: b", 421),
    ] {
        let reply = plain(format!("GET / HTTP/1.1\r\nX: y\r\n{strange}").trim_end());
        assert_eq!((reply.status, reply.header("location")), (status, ""), "{strange}");
    }
}

#[test]
fn another_certificate_is_taken_up_while_a_stream_goes_on() {
    let ((old, old_key), (new, new_key)) = (make_pair(), make_pair());
    let (server, folder) = with_files(&old, &old_key);
    let before = Client::trusting(&old, BOTH);
    assert_eq!(before.get(&server, "/healthz").header("strict-transport-security"), "max-age=31536000");
    let mut stream = before.watch(&server, "/live?fps=5");
    assert!(stream.next().is_some());

    // The certificate comes first, and the key that fits it only after some looks.
    put(&folder.path().join("certificate.pem"), &new);
    server.wait_for_log("the certificate stays as it was");
    assert!(trusts(&old, &server) && !trusts(&new, &server), "the old pair stays in use");
    put(&folder.path().join("key.pem"), &new_key);
    server.wait_for_log("another certificate is used from now on");
    assert!(trusts(&new, &server) && !trusts(&old, &server));
    assert!((0..5).all(|_| stream.next().is_some()), "the stream goes on");
    assert_eq!(server.log().matches("the certificate stays as it was").count(), 1, "{}", server.log());
}

#[test]
fn a_certificate_that_can_not_be_used_is_told_once_and_the_old_one_stays() {
    let ((old, old_key), (new, new_key)) = (make_pair(), make_pair());
    let (server, folder) = with_files(&old, &old_key);
    let certificate = folder.path().join("certificate.pem");
    put(&certificate, "this is no certificate");
    server.wait_for_log("the certificate stays as it was");
    std::thread::sleep(LOOKS);
    assert_eq!(server.log().matches("the certificate stays as it was").count(), 1, "{}", server.log());
    assert!(trusts(&old, &server));
    put(&folder.path().join("key.pem"), &new_key);
    put(&certificate, &new);
    server.wait_for_log("another certificate is used from now on");
    assert!(trusts(&new, &server));
}

#[test]
fn files_that_can_not_be_used_are_a_fault_of_the_configuration_in_words() {
    let (certificate, key) = make_pair();
    let (_, other_key) = make_pair();
    let folder = tempfile::tempdir().unwrap();
    let started = |certificate: Option<&str>, key: Option<&str>| {
        for (name, text) in [("certificate.pem", certificate), ("key.pem", key)] {
            let path = folder.path().join(name);
            let _ = fs::remove_file(&path);
            if let Some(text) = text {
                fs::write(path, text).unwrap();
            }
        }
        let config = folder.path().join("config.toml");
        fs::write(&config, format!("[server]\n{}\n{DEMO}", files_in(folder.path()))).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_edge-cctv"))
            .args(["run", "--listen", "127.0.0.1:0", "--config"])
            .arg(&config)
            .arg("--state")
            .arg(folder.path().join("state"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(78));
        let text = String::from_utf8(output.stderr).unwrap();
        text.replace(&format!("{}/", folder.path().display()), "")
    };
    let half = &certificate[..certificate.len() / 2];
    for ((certificate, key), wanted) in [
        ((None, Some(&*key)), "the certificate certificate.pem can't be read: No such file"),
        ((Some(&*certificate), None), "the certificate's key key.pem can't be read: No such file"),
        ((Some(""), Some(&*key)), "the certificate certificate.pem has no certificate in it"),
        ((Some(&*key), Some(&*key)), "the certificate certificate.pem has no certificate in it"),
        ((Some(half), Some(&*key)), "the certificate certificate.pem is damaged"),
        ((Some(&*certificate), Some("nothing")), "the certificate's key key.pem has no private key in it"),
        (
            (Some(&*certificate), Some(&*other_key)),
            "the certificate's key key.pem isn't that of the certificate certificate.pem",
        ),
    ] {
        let told = started(certificate, key);
        assert!(told.contains(wanted), "wanted:\n{wanted}\nfound:\n{told}");
    }
}

/// A ClientHello record with this version and SNI (RFC 5246, 7.4.1.2).
fn client_hello(version: [u8; 2], sni: &[u8]) -> Vec<u8> {
    let with_length = |bytes: Vec<u8>| [(bytes.len() as u16).to_be_bytes().to_vec(), bytes].concat();
    let names = with_length([vec![0], with_length(sni.to_vec())].concat());
    let extension = |kind: u8, content: Vec<u8>| [vec![0, kind], with_length(content)].concat();
    // Then curve P-256, its points uncompressed, signatures by ECDSA with SHA-256.
    let others = [
        extension(10, with_length(vec![0, 23])),
        extension(11, vec![1, 0]),
        extension(13, with_length(vec![4, 3])),
    ];
    let extensions = with_length([extension(0, names), others.concat()].concat());
    // Random, no session, ECDHE-ECDSA with AES in two kinds, no compression.
    let ciphers = with_length(vec![0xc0, 0x09, 0xc0, 0x2b]);
    let hello = [version.to_vec(), vec![7; 32], vec![0], ciphers, vec![1, 0], extensions].concat();
    let length = (hello.len() as u32).to_be_bytes()[1..].to_vec();
    [vec![22, 3, 1], with_length([vec![1], length, hello].concat())].concat()
}

#[test]
fn old_versions_and_other_protocols_are_refused() {
    let server = self_signed("");
    // TLS 1.0 and 1.1: "protocol_version" (RFC 8446, 6.2).
    for version in [[3, 1], [3, 2]] {
        let mut stream = server.connect();
        stream.write_all(&client_hello(version, b"localhost")).unwrap();
        let mut alert = [0; 7];
        stream.read_exact(&mut alert).unwrap();
        assert_eq!((alert[0], &alert[5..]), (21, [2, 70].as_slice()), "{version:?}");
    }
    let mut stream = server.connect();
    stream.write_all(&client_hello([3, 3], b"localhost")).unwrap();
    let mut record = [0; 1];
    stream.read_exact(&mut record).unwrap();
    assert_eq!(record, [22], "the same with TLS 1.2 is answered");
    let mut friend = friend(&server);
    friend.config.alpn_protocols = vec![b"h2".to_vec()];
    assert!(friend.connect(&server, "localhost").is_err());
    friend.config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = friend.connect(&server, "localhost").unwrap();
    assert_eq!(stream.conn.alpn_protocol(), Some(b"http/1.1".as_slice()));
}

#[test]
fn a_handshake_that_never_comes_or_never_ends_is_ended() {
    let server = self_signed("head_seconds = 1.0");
    let hello = client_hello([3, 3], b"localhost");
    for begun in [&[][..], &hello[..1], &hello[..40], b"GET / HTTP/1.1\r\nHost: local"] {
        let mut stream = server.connect();
        stream.write_all(begun).unwrap();
        let mut rest = Vec::new();
        // Also if it is by a reset: it must not be the test's own time-out.
        let end = stream.read_to_end(&mut rest).map_err(|error| error.kind());
        assert!(!matches!(end, Err(std::io::ErrorKind::WouldBlock)), "{begun:?} is still held");
    }
    assert_eq!(friend(&server).get(&server, "/healthz").status, 200);
}

#[test]
fn strangers_who_know_no_tls_write_nothing_into_the_log() {
    let server = self_signed("");
    server.wait_for_log("listening");
    let begin = server.log().len();
    let bent = |at: usize| {
        let mut hello = client_hello([3, 3], b"localhost");
        hello[at] ^= 0x55;
        hello
    };
    let mut attempts: Vec<_> = (0..client_hello([3, 3], b"localhost").len()).map(bent).collect();
    attempts.push(client_hello([3, 3], b"127.0.0.1"));
    attempts.push(client_hello([3, 3], b"written by a stranger"));
    for attempt in attempts {
        let mut stream = server.connect();
        let _ = stream.write_all(&attempt);
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    // Who doesn't trust the certificate says so in an alert.
    assert!(!trusts(&make_pair().0, &server));
    assert_eq!(friend(&server).get(&server, "/healthz").status, 200);
    let since: Vec<_> = server.log()[begin..]
        .lines()
        .filter(|line| line.contains("SNI") || line.contains("TLS") || line.contains("lert"))
        .map(str::to_string)
        .collect();
    assert!(since.is_empty(), "{since:?}");
}

#[test]
fn pages_of_other_sites_open_no_encrypted_websocket() {
    use tungstenite::client::IntoClientRequest;
    let server = self_signed("");
    let connect = |origin: &str| {
        let stream = friend(&server).connect(&server, "localhost").unwrap();
        let url = format!("wss://localhost:{}/ws/live", server.port);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        tungstenite::client(request, stream).map_err(Box::new)
    };
    assert!(connect(&format!("https://localhost:{}", server.port)).is_ok());
    let refused = connect("https://evil.example");
    let Some(HandshakeError::Failure(Error::Http(response))) = refused.err().map(|error| *error) else {
        panic!("it was let in")
    };
    assert_eq!(response.status(), 403);
}
