//! HANDS: lends a build the caller's AWS credentials, by the contract with which containers are given theirs (reference
//! §2.11): an address and a token in variables, which the AWS CLI and every SDK know.
//!
//! The build is in a network of its own whose gateway is [`ADDRESS`], one of the few addresses that the SDKs ask without
//! TLS; what makes that network is not this room's matter. The endpoint listens there, answers to containers of that
//! network alone, and to those only for the build's own token.

mod endpoint;
mod error;
mod supply;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use uuid::Uuid;

pub use error::LendError;
pub use supply::Supply;

use endpoint::Endpoint;

/// Where credentials for containers are had (reference §2.11).
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(169, 254, 170, 2);
/// The network whose gateway that is.
pub const SUBNET: &str = "169.254.170.0/24";

/// One's own address is reached at once.
const REACH: Duration = Duration::from_secs(2);

/// Serves one build's credentials, until it is dropped.
#[derive(Debug)]
pub struct Lender {
    uri: String,
    token: String,
    first: Credentials,
    /// Ends with the lender.
    _serving: JoinSet<()>,
}

impl Lender {
    /// Listens at [`ADDRESS`], which must be one of this machine's.
    pub async fn open(supply: Arc<Supply>) -> Result<Self, LendError> {
        let (listener, place) = listen().await.map_err(LendError::Address)?;
        let first = supply.current().await?;
        let path = format!("/v2/credentials/{}", Uuid::new_v4());
        // Two times 122 random bits.
        let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let uri = format!("http://{place}{path}");
        let endpoint = Endpoint::new(path, token.clone(), supply);
        let mut serving = JoinSet::new();
        serving.spawn(endpoint.serve(listener));
        Ok(Self {
            uri,
            token,
            first,
            _serving: serving,
        })
    }

    /// Returns what `AWS_CONTAINER_CREDENTIALS_FULL_URI` has to be in the build. It is no secret.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Returns what `AWS_CONTAINER_AUTHORIZATION_TOKEN` has to be in the build: a secret.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Returns what is secret in the credentials that are lent at first: name and value.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &str)> {
        let key = Some(self.first.secret_access_key());
        let parts = [
            ("AWS_SECRET_ACCESS_KEY", key),
            ("AWS_SESSION_TOKEN", self.first.session_token()),
        ];
        parts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
    }
}

/// There are machines on which any address can be listened at, and only what can be reached is one's own.
async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(SocketAddr::from((ADDRESS, 0))).await?;
    let place = listener.local_addr()?;
    let reached = tokio::time::timeout(REACH, TcpStream::connect(place)).await?;
    reached.map(|_connection| (listener, place))
}
