//! The way to the real engine: one connection a call, as the Docker CLI has it.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::tasks::Tasks;

/// A body that we may read or make.
pub(super) type Body = UnsyncBoxBody<Bytes, Failure>;
/// What can happen to a connection.
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the engine says about one object, or in one list.
const ANSWER_LIMIT: usize = 32 * 1024 * 1024;

/// The engine.
#[derive(Debug)]
pub(super) struct Upstream {
    address: Address,
    /// Connections; each ends with its call.
    connections: Tasks,
}

/// Where it listens.
#[derive(Debug)]
enum Address {
    /// On this machine.
    Unix(PathBuf),
    /// `host:port`.
    Tcp(String),
}

impl Upstream {
    /// Reads an address as `DOCKER_HOST` has it.
    pub(super) fn at(address: &str) -> Option<Self> {
        let address = match address.split_once("://")? {
            ("unix", path) => Address::Unix(path.into()),
            ("tcp" | "http", host) => Address::Tcp(host.trim_end_matches('/').to_owned()),
            _ => return None,
        };
        Some(Self {
            address,
            connections: Tasks::default(),
        })
    }

    /// Whether the engine is on this machine.
    pub(super) fn is_local(&self) -> bool {
        matches!(self.address, Address::Unix(_))
    }

    /// Ends all connections.
    pub(super) async fn hang_up(&self) {
        self.connections.end(Duration::ZERO).await;
    }

    /// Makes a call; the answer's body flows, and its connection may become a stream.
    pub(super) async fn call(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, Failure> {
        let stream = match &self.address {
            Address::Unix(path) => Stream::Unix(UnixStream::connect(path).await?),
            Address::Tcp(host) => Stream::Tcp(TcpStream::connect(host).await?),
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        self.connections.spawn(async {
            // The call itself says what went wrong.
            let _ended = connection.with_upgrades().await;
        });
        let host = match &self.address {
            Address::Unix(_) => "docker",
            Address::Tcp(host) => host,
        };
        request.headers_mut().insert(HOST, host.parse()?);
        Ok(sender.send_request(request).await?)
    }

    /// Asks for something on our own account; returns status and answer.
    pub(super) async fn ask(
        &self,
        method: &str,
        target: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), Failure> {
        let mut request = Request::builder().method(method).uri(target);
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let answer = self.call(request.body(whole(body))?).await?;
        let status = answer.status().as_u16();
        let bytes = Limited::new(answer.into_body(), ANSWER_LIMIT)
            .collect()
            .await?
            .to_bytes();
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }
}

/// Returns a body that is known whole.
pub(super) fn whole(content: impl Into<Bytes>) -> Body {
    Full::new(content.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Returns a body that flows.
pub(super) fn flowing(body: Incoming) -> Body {
    body.map_err(Failure::from).boxed_unsync()
}

enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
