//! The server: takes a call, has it judged, makes it at the engine, and lets both sides flow.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderMap, HeaderName, HeaderValue, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::copy_bidirectional;
use tokio::net::UnixStream;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;

use super::needs::{Desk, unreached};
use super::policy::{self, Answer, Lent};
use super::pushes::PushReader;
use super::rules::Refusal;
use super::tasks::Tasks;
use super::upstream::{Body, Failure, flowing, whole};
use crate::model::{DockerRefusal, EventKind};

/// A configuration is small; a context is not judged, and flows.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// What all connections share.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) desk: Desk,
    /// Where refusals are told, and what is pushed.
    pub(super) told: Sender<EventKind>,
    /// Refusals that nobody had room for.
    pub(super) untold: AtomicUsize,
    /// Calls that make something go on to their end, also when their clients are gone: whoever cleans up waits for them.
    pub(super) making: Tasks,
    /// Connections that became streams.
    pub(super) streams: Tasks,
}

impl Server {
    /// Serves one connection to its end.
    pub(super) async fn serve(self: Arc<Self>, stream: UnixStream) {
        let service = service_fn(move |request| {
            let server = Arc::clone(&self);
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        let connection = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        // What goes wrong with a connection is its client's affair.
        let _ended = connection.await;
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        match Arc::clone(&self).lend(request).await {
            Ok(response) => response,
            Err(refusal) => {
                self.tell(&method, &path, &refusal);
                let status = StatusCode::from_u16(refusal.status);
                answer(
                    status.unwrap_or(StatusCode::FORBIDDEN),
                    &json!({ "message": refusal.message() }),
                )
            }
        }
    }

    async fn lend(
        self: Arc<Self>,
        mut request: Request<Incoming>,
    ) -> Result<Response<Body>, Refusal> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let rules = &self.desk.rules;
        let mut lent = policy::look(method.as_str(), uri.path(), uri.query(), rules)?;
        if let Some((named, range)) = lent.named.clone()
            && let Some(name) = lent.call.parts.get(range.start).cloned()
        {
            let own = self.desk.own(named, &name).await?;
            if let Some(part) = lent.call.parts.get_mut(range.start) {
                *part = own;
            }
        }
        let upgraded = lent.upgrade && request.headers().contains_key(UPGRADE);
        let client = upgraded.then(|| hyper::upgrade::on(&mut request));
        let headers = headers(request.headers(), upgraded);
        let makes = matches!(lent.body, policy::Body::Judge(_));
        let push = PushReader::of(method.as_str(), &lent.call, &self.told);
        let body = self.body(&mut lent, request.into_body()).await?;
        let mut onward = Request::builder()
            .method(method.clone())
            .uri(lent.call.target())
            .body(body)
            .map_err(|error| Refusal::malformed(error.to_string()))?;
        *onward.headers_mut() = headers;
        content_type(onward.headers_mut(), makes);
        let response = self.call(onward, makes).await?;
        let answered = self.respond(response, lent.answer, client).await?;
        Ok(match push {
            Some(push) => read_by(answered, push),
            None => answered,
        })
    }

    /// Makes the call. One that makes something is not cut short by its client.
    async fn call(
        self: &Arc<Self>,
        request: Request<Body>,
        makes: bool,
    ) -> Result<Response<Incoming>, Refusal> {
        let failed = |error: Failure| unreached(&error.to_string());
        if !makes {
            return self.desk.upstream.call(request).await.map_err(failed);
        }
        let (tell, told) = oneshot::channel();
        let server = Arc::clone(self);
        self.making.spawn(async move {
            let made = server.desk.upstream.call(request).await;
            // Nobody may be there to hear it; it is made all the same.
            let _unheard = tell.send(made);
        });
        told.await
            .unwrap_or_else(|lost| Err(lost.into()))
            .map_err(failed)
    }

    async fn body(&self, lent: &mut Lent, body: Incoming) -> Result<Body, Refusal> {
        let needs = std::mem::take(&mut lent.needs);
        let policy::Body::Judge(rule) = lent.body else {
            for need in needs {
                let body = &mut Value::Null;
                self.desk.meet(&need, &mut lent.call, body).await?;
            }
            return Ok(flowing(body));
        };
        let bytes = Limited::new(body, BODY_LIMIT).collect().await;
        let bytes = bytes
            .map_err(|error| Refusal::malformed(format!("the body cannot be read: {error}")))?
            .to_bytes();
        let (mut body, further) = policy::judge(rule, &bytes, &self.desk.rules)?;
        for need in needs.iter().chain(&further) {
            self.desk.meet(need, &mut lent.call, &mut body).await?;
        }
        Ok(whole(match &body {
            Value::Object(fields) if fields.is_empty() => String::new(),
            body => body.to_string(),
        }))
    }

    async fn respond(
        &self,
        mut response: Response<Incoming>,
        kind: Answer,
        client: Option<hyper::upgrade::OnUpgrade>,
    ) -> Result<Response<Body>, Refusal> {
        let switched = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        if let (true, Some(client)) = (switched, client) {
            let engine = hyper::upgrade::on(&mut response);
            self.streams.spawn(async move {
                let (Ok(client), Ok(engine)) = tokio::join!(client, engine) else {
                    return;
                };
                // Each direction ends by itself: a client that has no more to say still wants to listen.
                let (mut client, mut engine) = (TokioIo::new(client), TokioIo::new(engine));
                let _ended = copy_bidirectional(&mut client, &mut engine).await;
            });
        }
        let kept = headers(response.headers(), switched);
        let status = response.status();
        if kind == Answer::WithoutContainers && status.is_success() {
            let bytes = Limited::new(response.into_body(), BODY_LIMIT)
                .collect()
                .await;
            let bytes = bytes.map_err(|error| unreached(&error.to_string()))?;
            let mut shown: Value = serde_json::from_slice(&bytes.to_bytes()).unwrap_or_default();
            if let Some(shown) = shown.as_object_mut() {
                shown.insert("Containers".into(), json!({}));
            }
            return Ok(answer(status, &shown));
        }
        let length = response.headers().get(CONTENT_LENGTH).cloned();
        let mut answer = Response::new(flowing(response.into_body()));
        *answer.status_mut() = status;
        *answer.headers_mut() = kept;
        if let Some(length) = length {
            answer.headers_mut().insert(CONTENT_LENGTH, length);
        }
        Ok(answer)
    }

    /// A refusal is told once it is one: that something is not there is no refusal.
    fn tell(&self, method: &Method, path: &str, refusal: &Refusal) {
        if refusal.status == 404 {
            return;
        }
        let shown: String = path.chars().take(200).collect();
        let told = DockerRefusal {
            call: format!("{method} {shown}"),
            reason: refusal.what.clone(),
            allow: refusal.power.map(|power| power.name().to_owned()),
        };
        let told = EventKind::DockerRefused(told);
        if let Err(TrySendError::Full(_)) = self.told.try_send(told) {
            self.untold.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Lets an answer be read as it flows.
fn read_by(answer: Response<Body>, mut reader: PushReader) -> Response<Body> {
    answer.map(|body| {
        let read = body.map_frame(move |frame| {
            if let Some(piece) = frame.data_ref() {
                reader.heed(piece);
            }
            frame
        });
        read.boxed_unsync()
    })
}

/// Returns the headers that concern more than one connection.
fn headers(from: &HeaderMap, upgraded: bool) -> HeaderMap {
    let mut headers = from.clone();
    for name in [
        CONNECTION,
        CONTENT_LENGTH,
        EXPECT,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
    ] {
        headers.remove(name);
    }
    if upgraded && let Some(protocol) = from.get(UPGRADE) {
        headers.insert(UPGRADE, protocol.clone());
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    }
    headers
}

/// The engine would read a form as part of the query, which was judged without it.
fn content_type(headers: &mut HeaderMap, judged: bool) {
    let sent = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let form = sent.is_some_and(|sent| {
        sent.to_ascii_lowercase()
            .windows(4)
            .any(|part| part == b"form")
    });
    if judged {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    } else if form {
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        );
    }
}

fn answer(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(whole(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
