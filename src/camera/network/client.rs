//! Asks an HTTP camera for its pictures: one connection that is used again where the camera allows it, with Basic or
//! Digest authentication.

use super::{Address, Connection, Login, Protocol, fault, login, tls};
use crate::camera::CameraError;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, USER_AGENT, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_auth::{PasswordClient, PasswordParams};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Host;

/// For a connection, and for TLS on it.
const CONNECTING: Duration = Duration::from_secs(5);

/// For the head of an answer.
const ANSWERING: Duration = Duration::from_secs(5);

/// Of an answer's head.
const MOST_HEAD_BYTES: usize = 64 << 10;

pub struct Client {
    pub address: Address,
    login: Option<Login>,
    tls: Option<TlsConnector>,
    /// The camera's question, once it has asked.
    challenge: Option<PasswordClient>,
    connection: Option<SendRequest<Empty<Bytes>>>,
}

impl Client {
    /// Connects to nothing yet.
    pub fn new(connection: &Connection, login: Option<Login>) -> Result<Self, CameraError> {
        let encrypted = connection.address.protocol() == Protocol::Https;
        let tls = if encrypted { Some(tls::connector(connection)?) } else { None };
        Ok(Self { address: connection.address.clone(), login, tls, challenge: None, connection: None })
    }

    /// Asks for what is at the address. The answer's status is 200.
    ///
    /// # Errors
    /// All other answers, and none.
    pub async fn get(&mut self) -> Result<Response<Incoming>, CameraError> {
        let place = self.address.place();
        let mut asked = false;
        loop {
            let response = self.send().await?;
            match response.status() {
                StatusCode::OK => return Ok(response),
                StatusCode::UNAUTHORIZED => {
                    // What is left of the answer would be in the next one's way.
                    self.connection = None;
                    if self.login.is_none() {
                        return Err(login::missing(&place));
                    }
                    // The first answer is the question, and a question that is too old is asked anew.
                    if asked {
                        return Err(login::wrong(&self.address, self.login.as_ref()));
                    }
                    asked = true;
                    self.challenge = Some(challenge(response.headers(), &place)?);
                }
                other => return Err(fault::status(&place, other.as_u16())),
            }
        }
    }

    /// Sends one request. A kept connection that the camera has closed meanwhile is made anew, once.
    async fn send(&mut self) -> Result<Response<Incoming>, CameraError> {
        let place = self.address.place();
        if let Some(mut kept) = self.connection.take()
            && kept.ready().await.is_ok()
        {
            let request = self.request()?;
            if let Ok(Ok(response)) = timeout(ANSWERING, kept.send_request(request)).await {
                self.connection = Some(kept);
                return Ok(response);
            }
        }
        let mut connection = self.connect().await?;
        let request = self.request()?;
        let response = timeout(ANSWERING, connection.send_request(request)).await;
        let response = response.map_err(|_| fault::silent(&place))?;
        let response = response.map_err(|error| {
            let what = if error.is_parse() { "doesn't speak HTTP at this port" } else { "gives no answer" };
            CameraError::Lost(format!("{place} {what}: {}", fault::shortened(&error.to_string())))
        })?;
        self.connection = Some(connection);
        Ok(response)
    }

    fn request(&mut self) -> Result<Request<Empty<Bytes>>, CameraError> {
        let path = self.address.path();
        let refuse = |what: &str| CameraError::Lost(format!("{}: {what}", self.address.place()));
        let mut request = Request::get(&path)
            .header(HOST, self.address.place())
            .header(USER_AGENT, concat!("edge-cctv/", env!("CARGO_PKG_VERSION")))
            .body(Empty::new())
            .map_err(|_| refuse("its address can't be asked for"))?;
        if let (Some(challenge), Some(login)) = (&mut self.challenge, &self.login) {
            let answer = challenge.respond(&PasswordParams {
                username: &login.username,
                password: &login.password,
                uri: &path,
                method: "GET",
                body: Some(&[]),
            });
            let answer = answer.ok().and_then(|answer| HeaderValue::from_str(&answer).ok());
            let mut answer = answer.ok_or_else(|| refuse("the user or password can't be sent by HTTP"))?;
            answer.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, answer);
        }
        Ok(request)
    }

    async fn connect(&self) -> Result<SendRequest<Empty<Bytes>>, CameraError> {
        let place = self.address.place();
        let host = self.address.host().ok_or_else(|| fault::silent(&place))?;
        let port = self.address.port();
        let connecting = async {
            match &host {
                Host::Domain(name) => TcpStream::connect((*name, port)).await,
                Host::Ipv4(ip) => TcpStream::connect((*ip, port)).await,
                Host::Ipv6(ip) => TcpStream::connect((*ip, port)).await,
            }
        };
        let stream = timeout(CONNECTING, connecting).await.map_err(|_| fault::silent(&place))?;
        let stream = stream.map_err(|error| fault::connecting(&place, &error.to_string()))?;
        let Some(tls) = &self.tls else { return handshake(TokioIo::new(stream), &place).await };
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name.to_string()).ok(),
            Host::Ipv4(ip) => Some(ServerName::IpAddress(ip.into())),
            Host::Ipv6(ip) => Some(ServerName::IpAddress(ip.into())),
        };
        let name = name.ok_or_else(|| CameraError::Gone(format!("{place}: this is no host's name")))?;
        let stream =
            timeout(CONNECTING, tls.connect(name, stream)).await.map_err(|_| fault::silent(&place))?;
        handshake(TokioIo::new(stream.map_err(|error| tls::fault(&place, &error))?), &place).await
    }
}

/// HTTP on a connection, which a task drives until its sender is dropped.
async fn handshake<S>(stream: S, place: &str) -> Result<SendRequest<Empty<Bytes>>, CameraError>
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    // Cameras are made by people who never read the standard.
    builder
        .max_buf_size(MOST_HEAD_BYTES)
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .ignore_invalid_headers_in_responses(true);
    let (sender, connection) =
        builder.handshake(stream).await.map_err(|error| fault::broken(place, &error.to_string()))?;
    tokio::spawn(connection);
    Ok(sender)
}

/// How the camera wants the password: Digest, or else Basic.
fn challenge(headers: &HeaderMap, place: &str) -> Result<PasswordClient, CameraError> {
    let values = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let builder = values.fold(PasswordClient::builder(), |builder, value| builder.challenges(value));
    builder.build().map_err(|_| {
        CameraError::Denied(format!(
            "{place} asks for a login of an unknown kind; set the camera to Digest or Basic"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(address: &str) -> Client {
        let address = Address::parse(address).unwrap();
        let login = address.login().cloned();
        Client { address, login, tls: None, challenge: None, connection: None }
    }

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (WWW_AUTHENTICATE, value.parse().unwrap())).collect()
    }

    #[test]
    fn nothing_secret_is_sent_before_the_camera_asks() {
        let request = client("http://me:secret@cam:81/a?b=c").request().unwrap();
        assert!(request.headers().get(AUTHORIZATION).is_none());
        assert_eq!(
            (request.uri().to_string().as_str(), &request.headers()[HOST]),
            ("/a?b=c", &"cam:81".parse().unwrap())
        );
    }

    #[test]
    fn digest_is_taken_before_basic_and_its_answer_is_that_of_the_standard() {
        let mut client = client("http://Mufasa:CircleOfLife@cam/dir/index.html");
        // RFC 2069, 2.4, with the erratum: no qop, so that the answer hangs on nothing random.
        let digest = "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
                      opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
        client.challenge = Some(challenge(&headers(&["Basic realm=\"x\"", digest]), "cam").unwrap());
        let answer = client.request().unwrap().headers()[AUTHORIZATION].clone();
        assert!(answer.is_sensitive());
        let answer = answer.to_str().unwrap();
        assert!(answer.contains("response=\"1949323746fe6a43ef61f9606e7febea\""), "{answer}");

        client.challenge = Some(challenge(&headers(&["Basic realm=\"x\""]), "cam").unwrap());
        let answer = client.request().unwrap().headers()[AUTHORIZATION].clone();
        assert_eq!(answer, "Basic TXVmYXNhOkNpcmNsZU9mTGlmZQ==");
    }

    #[test]
    fn an_unknown_kind_of_login_is_told() {
        for values in [&["NTLM"][..], &[]] {
            let why = challenge(&headers(values), "cam").unwrap_err().to_string();
            assert!(why.contains("Digest or Basic"), "{why}");
        }
    }
}
