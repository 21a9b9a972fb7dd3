//! The endpoint: `GET` of one path, for one token, to containers of one network.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{ADDRESS, Supply};

/// A build asks with one short request a process; more at once have to wait.
const MOST_CONNECTIONS: usize = 64;
/// An SDK's request has a few hundred bytes; this is the least that the server takes.
const LONGEST_HEAD: usize = 8 * 1024;
/// A peer gets this long to ask.
const HEAD_PATIENCE: Duration = Duration::from_secs(5);
/// And this long in all: a role may have to be assumed.
const PATIENCE: Duration = Duration::from_mins(1);

/// What one build is served.
#[derive(Debug)]
pub(super) struct Endpoint {
    path: String,
    token: String,
    supply: Arc<Supply>,
}

impl Endpoint {
    pub(super) fn new(path: String, token: String, supply: Arc<Supply>) -> Self {
        Self {
            path,
            token,
            supply,
        }
    }

    /// Serves until it is dropped, and every connection with it.
    pub(super) async fn serve(self, listener: TcpListener) {
        let endpoint = Arc::new(self);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => match accepted {
                    Ok((stream, peer)) if is_in_network(peer) => {
                        connections.spawn(Arc::clone(&endpoint).connection(stream));
                    }
                    Ok(_) => {}
                    // Too many open files: only time can help, and without a pause this would be a busy loop.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn connection(self: Arc<Self>, stream: TcpStream) {
        let service = service_fn(|request| {
            let endpoint = Arc::clone(&self);
            async move { Ok::<_, Infallible>(endpoint.answer(&request).await) }
        });
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_PATIENCE)
            .max_buf_size(LONGEST_HEAD)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service);
        // Whatever is the matter with it, it is the peer's to ask again.
        let _ended = tokio::time::timeout(PATIENCE, serving).await;
    }

    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() != Method::GET || request.uri().path() != self.path {
            return refusal(StatusCode::NOT_FOUND, "NotFound", "there is nothing here");
        }
        let given = request.headers().get(AUTHORIZATION);
        let given = given.map(HeaderValue::as_bytes).unwrap_or_default();
        if !bool::from(given.ct_eq(self.token.as_bytes())) {
            let message = "the token is not that of this build";
            return refusal(StatusCode::UNAUTHORIZED, "Unauthorized", message);
        }
        match self.supply.current().await {
            Err(error) => {
                let (status, message) = (StatusCode::SERVICE_UNAVAILABLE, error.to_string());
                refusal(status, "CredentialsUnavailable", &message)
            }
            Ok(credentials) => {
                let end = Timestamp::try_from(self.supply.end(&credentials));
                let end = end.unwrap_or(Timestamp::MAX);
                // Keys without a session have no token. SDKs that are strict about the field want a text.
                let token = credentials.session_token().unwrap_or_default();
                let body = json!({
                    "AccessKeyId": credentials.access_key_id(),
                    "SecretAccessKey": credentials.secret_access_key(),
                    "Token": token,
                    "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                });
                response(StatusCode::OK, &body)
            }
        }
    }
}

/// A container of the network, and not the machine itself: every container of another network that the engine has
/// comes by its own address, for the engine translates only what leaves the machine.
fn is_in_network(peer: SocketAddr) -> bool {
    match peer.ip() {
        IpAddr::V4(peer) => peer.octets()[..3] == ADDRESS.octets()[..3] && peer != ADDRESS,
        IpAddr::V6(_) => false,
    }
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Response<Full<Bytes>> {
    response(status, &json!({ "code": code, "message": message }))
}

fn response(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests {
    use super::is_in_network;

    #[test]
    fn only_containers_of_the_network_are_heard() {
        for (peer, heard) in [
            ("169.254.170.7:4000", true),
            ("169.254.170.2:4000", false),
            ("169.254.171.7:4000", false),
            ("172.17.0.2:4000", false),
            ("127.0.0.1:4000", false),
            ("[::ffff:169.254.170.7]:4000", false),
        ] {
            assert_eq!(is_in_network(peer.parse().unwrap()), heard, "{peer}");
        }
    }
}
