//! Calls to a registry: bounded, authorized, repeated where that can help.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{
    AUTHORIZATION, HeaderMap, HeaderName, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::auth::{self, Challenge, TokenCall};
use super::error::RegistryError;
use super::place::{Place, Scheme};
use super::trust;
use crate::model::Credentials;

/// Until a connection is made.
const CONNECT: Duration = Duration::from_secs(5);
/// Until a whole answer is here; none is large.
const ANSWER: Duration = Duration::from_secs(15);
/// The pauses between attempts.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(3),
];
/// A registry may ask for a longer pause, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A blob may be somewhere else.
const MOST_REDIRECTS: usize = 5;
const TOKEN_LIMIT: usize = 256 * 1024;

/// One call.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) body: Bytes,
    /// The most bytes of an answer.
    pub(super) limit: usize,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Speaks to one registry about one repository.
#[derive(Debug)]
pub(super) struct Transport {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    place: Place,
    credentials: Option<Credentials>,
    /// What goes with each call.
    authorization: Option<String>,
    pub(super) patience: Patience,
}

/// How long a registry is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// As long as it may be busy.
    Long,
    /// For one answer.
    Brief,
}

impl Transport {
    pub(super) fn new(
        place: &Place,
        credentials: Option<Credentials>,
    ) -> Result<Self, RegistryError> {
        let config = trust::config(place);
        let config = config.map_err(|error| unreachable(place, error.to_string()))?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            authorization: credentials.as_ref().and_then(auth::basic),
            place: place.clone(),
            credentials,
            patience: Patience::Long,
        })
    }

    /// Sends a call, again where the registry is busy or the connection breaks; the answer may still be a refusal.
    pub(super) async fn send(&mut self, call: &Call) -> Result<Answer, RegistryError> {
        let mut pauses = PAUSES.iter();
        let mut asked_for_token = false;
        loop {
            let outcome = self.follow(call).await;
            let wait = match &outcome {
                Ok(answer) if answer.status == StatusCode::UNAUTHORIZED && !asked_for_token => {
                    asked_for_token = true;
                    if self.authorize(answer).await? {
                        continue;
                    }
                    None
                }
                Ok(answer) if is_passing(answer.status) => Some(asked_pause(answer)),
                Ok(_) => None,
                Err(_) => Some(Duration::ZERO),
            };
            let pause = pauses.next().filter(|_| self.patience == Patience::Long);
            match (wait, pause) {
                (Some(asked), Some(pause)) => tokio::time::sleep(asked.max(*pause)).await,
                _ => return outcome.map_err(|reason| unreachable(&self.place, reason)),
            }
        }
    }

    /// Sends a call to where it leads.
    async fn follow(&self, call: &Call) -> Result<Answer, String> {
        let mut address = format!("{}{}", self.place.address(), call.path);
        for _ in 0..MOST_REDIRECTS {
            // Who may use the registry is nobody else's business.
            let at_home = address.starts_with(&format!("{}/", self.place.address()));
            let authorization = self.authorization.as_ref().filter(|_| at_home);
            let answer = self.once(call, &address, authorization).await?;
            let reads = call.method == Method::GET || call.method == Method::HEAD;
            match answer.header(LOCATION.as_str()) {
                Some(next) if answer.status.is_redirection() && reads => {
                    if next.starts_with('/') {
                        address = format!("{}{next}", self.place.address());
                    } else if next.starts_with("https://")
                        || (next.starts_with("http://") && self.place.scheme == Scheme::Http)
                    {
                        next.clone_into(&mut address);
                    } else {
                        return Err("it leads to an address that is not protected".to_owned());
                    }
                }
                _ => return Ok(answer),
            }
        }
        Err("it leads from one address to the next without end".to_owned())
    }

    async fn once(
        &self,
        call: &Call,
        address: &str,
        authorization: Option<&String>,
    ) -> Result<Answer, String> {
        let address: Uri = address
            .parse()
            .map_err(|_no| "its address is none".to_owned())?;
        let mut request = Request::builder().method(call.method.clone()).uri(address);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.body(Full::new(call.body.clone()));
        // What is wrong with a header may be its secret.
        let request = request.map_err(|_secret| "a header of the call is none".to_owned())?;
        let work = async {
            let answer = self.client.request(request).await;
            let answer = answer.map_err(|error| innermost(&error))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, call.limit).collect().await;
            let body = body.map_err(|error| format!("the answer broke off: {error}"))?;
            Ok(Answer {
                status: head.status,
                headers: head.headers,
                body: body.to_bytes(),
            })
        };
        let answered = tokio::time::timeout(ANSWER, work).await;
        answered.map_err(|_elapsed| format!("no answer within {} s", ANSWER.as_secs()))?
    }

    /// Heeds what a registry wants; `false` when nothing more can be done.
    async fn authorize(&mut self, answer: &Answer) -> Result<bool, RegistryError> {
        let header = answer.header(WWW_AUTHENTICATE.as_str()).unwrap_or_default();
        let Some(Challenge::Bearer {
            realm,
            service,
            scope,
        }) = Challenge::read(header)
        else {
            // Name and password have gone along already, where there are any.
            return Ok(false);
        };
        // A token is for what it was asked for: whoever reads now may write next.
        let scope = scope.filter(|_| self.credentials.is_none());
        let scope = scope.unwrap_or_else(|| format!("repository:{}:pull,push", self.place.name));
        let plain = realm.starts_with("http://") && self.place.scheme == Scheme::Http;
        if !realm.starts_with("https://") && !plain {
            return Ok(false);
        }
        let credentials = self.credentials.as_ref();
        let basic = credentials.and_then(auth::basic);
        let call = auth::token_call(&realm, service.as_deref(), &scope, credentials);
        let (method, address, form) = match call {
            TokenCall::Get(address) => (Method::GET, address, String::new()),
            TokenCall::Post(address, form) => (Method::POST, address, form),
        };
        let mut headers = Vec::new();
        if method == Method::POST {
            let kind = "application/x-www-form-urlencoded".to_owned();
            headers.push((hyper::header::CONTENT_TYPE, kind));
        }
        let call = Call {
            method,
            path: String::new(),
            headers,
            body: Bytes::from(form),
            limit: TOKEN_LIMIT,
        };
        let given = self.once(&call, &address, basic.as_ref()).await;
        let given = given.map_err(|reason| unreachable(&self.place, reason))?;
        let token = auth::token(&given.body).filter(|_| given.status == StatusCode::OK);
        self.authorization = token.map(|token| format!("Bearer {token}"));
        Ok(self.authorization.is_some())
    }
}

/// Of an error's causes the last one says what is the matter.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

fn unreachable(place: &Place, reason: String) -> RegistryError {
    RegistryError::Unreachable {
        host: place.host.clone(),
        reason,
    }
}

/// Whether an answer may be another one in a moment.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

fn asked_pause(answer: &Answer) -> Duration {
    let seconds = answer.header(RETRY_AFTER.as_str());
    let seconds = seconds.and_then(|text| text.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(0)).min(LONGEST_PAUSE)
}
