//! Why an object cannot be had or put: which one, what S3 said, and what to do next.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId as _;

/// A request that did not come to its end. [`fmt::Display`] names the object and the cause; [`Self::help`] is the next step.
#[derive(Debug)]
pub struct ObjectError {
    /// `s3://bucket/key`.
    pub place: String,
    /// Why.
    pub cause: Cause,
}

/// Why a request did not come to its end.
#[derive(Debug)]
pub enum Cause {
    /// S3 answered with an error.
    Refused(Box<Refusal>),
    /// There are no credentials to ask with.
    NoCredentials(String),
    /// Nobody answers, or answers broke off to the last attempt.
    Unreachable(String),
    /// The object is larger than the caller takes.
    TooLarge {
        /// The most bytes that the caller takes.
        limit: u64,
    },
    /// What came is not what was put, or is another object than was asked for.
    Damaged(String),
    /// A local file cannot be read or written, or changed while it was sent.
    File {
        /// The file.
        path: PathBuf,
        /// What is the matter.
        reason: String,
    },
}

/// An error that S3 answered with.
#[derive(Debug)]
pub struct Refusal {
    /// S3's code, such as `AccessDenied`; the status where it gave none.
    pub code: String,
    /// S3's words.
    pub message: String,
    /// The status of the answer.
    pub status: u16,
    /// The id by which AWS finds the request.
    pub request_id: Option<String>,
    /// The bucket's region, where S3 said it.
    pub region: Option<String>,
}

impl ObjectError {
    pub(crate) fn new(place: &str, cause: Cause) -> Self {
        Self {
            place: place.to_owned(),
            cause,
        }
    }

    pub(crate) fn file(place: &str, path: &Path, reason: &dyn fmt::Display) -> Self {
        let (path, reason) = (path.to_owned(), reason.to_string());
        Self::new(place, Cause::File { path, reason })
    }

    /// Reads what the SDK says about a request for `place`.
    pub(crate) fn of_sdk<E>(place: &str, error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let Some(answer) = error.raw_response() else {
            let words = causes(error);
            return Self::new(
                place,
                if is_want_of_credentials(error) {
                    Cause::NoCredentials(words)
                } else {
                    Cause::Unreachable(words)
                },
            );
        };
        let status = answer.status().as_u16();
        let region = answer.headers().get("x-amz-bucket-region");
        let refusal = Refusal {
            code: error
                .code()
                .map_or_else(|| format!("status {status}"), str::to_owned),
            message: error.message().unwrap_or("no reason given").to_owned(),
            status,
            request_id: error.request_id().map(str::to_owned),
            region: region.filter(|name| is_region(name)).map(str::to_owned),
        };
        Self::new(place, Cause::Refused(refusal.into()))
    }

    /// Returns S3's code, where S3 answered.
    pub fn code(&self) -> Option<&str> {
        match &self.cause {
            Cause::Refused(refusal) => Some(&refusal.code),
            _ => None,
        }
    }

    /// Says whether S3 answered that there is no such object. An answer to HEAD has a status alone.
    pub(crate) fn is_absent(&self) -> bool {
        match &self.cause {
            Cause::Refused(refusal) => {
                let something_else = ["NoSuchBucket", "NoSuchUpload"];
                refusal.status == 404 && !something_else.contains(&refusal.code.as_str())
            }
            _ => false,
        }
    }

    /// Says whether the condition of a request did not hold.
    pub(crate) fn is_precondition(&self) -> bool {
        matches!(&self.cause, Cause::Refused(refusal) if refusal.status == 412)
    }

    /// Says whether somebody else wrote the object at the same time, and nothing is decided (409).
    pub(crate) fn is_conflict(&self) -> bool {
        self.code() == Some("ConditionalRequestConflict")
    }

    /// Returns the next step.
    pub fn help(&self) -> String {
        let text = match &self.cause {
            Cause::Refused(refusal) => return refusal.help(),
            Cause::NoCredentials(_) => {
                "give credentials: `aws sso login`, AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            }
            Cause::Unreachable(_) => {
                "see that network, proxy and AWS_ENDPOINT_URL_S3 are right: `aws s3 ls` must work here"
            }
            Cause::TooLarge { .. } => "name a smaller object",
            Cause::Damaged(_) => "delete the object and put it again",
            Cause::File { .. } => {
                "see that the file is there, that nobody writes to it meanwhile, and that there is space"
            }
        };
        text.to_owned()
    }
}

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: ", self.place)?;
        match &self.cause {
            Cause::Refused(refusal) => refusal.fmt(f),
            Cause::NoCredentials(words) => write!(f, "there are no credentials: {words}"),
            Cause::Unreachable(words) => write!(f, "S3 cannot be asked: {words}"),
            Cause::TooLarge { limit } => write!(f, "it is larger than {limit} bytes"),
            Cause::Damaged(what) => write!(f, "it is damaged: {what}"),
            Cause::File { path, reason } => {
                write!(f, "the file `{}`: {reason}", path.display())
            }
        }
    }
}

impl Error for ObjectError {}

impl Refusal {
    fn help(&self) -> String {
        let elsewhere = matches!(self.status, 301 | 307) || ELSEWHERE.contains(&self.code.as_str());
        let text = match self.code.as_str() {
            _ if elsewhere => match &self.region {
                Some(region) => return format!("set AWS_REGION={region}: the bucket is there"),
                None => {
                    "set AWS_REGION to the region of the bucket: `aws s3api get-bucket-location` says it"
                }
            },
            "NoSuchBucket" => "make the bucket or correct its name: `aws s3 ls` lists yours",
            "NoSuchUpload" => "run it again: the upload was ended meanwhile and begins anew",
            "NoSuchKey" | "NoSuchVersion" => "correct the key: `aws s3 ls` lists what is there",
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "ExpiredToken"
            | "InvalidToken"
            | "TokenRefreshRequired" => {
                "renew the credentials (`aws sso login`, AWS_PROFILE): `aws sts get-caller-identity` says whose they are"
            }
            "RequestTimeTooSkewed" => "set this machine's clock",
            "SlowDown" | "ServiceUnavailable" | "InternalError" => BUSY,
            "BadDigest" | "XAmzContentChecksumMismatch" | "InvalidDigest" => {
                "try again: what arrived was not what was sent"
            }
            "NotImplemented" | "InvalidRequest" | "InvalidArgument" => {
                "see that this server knows what was asked for, encryption for one"
            }
            _ => match self.status {
                401 | 403 => {
                    "have these credentials allowed s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload there, and the use of the bucket's KMS key if it has one"
                }
                500.. => BUSY,
                _ => "see whether `aws s3 cp` works with the same address",
            },
        };
        text.to_owned()
    }
}

/// Codes of a bucket in another region.
const ELSEWHERE: [&str; 3] = [
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
];
const BUSY: &str = "try again later: S3 is too busy, and was asked several times";

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            code,
            message,
            status,
            request_id,
            ..
        } = self;
        write!(f, "{code}: {message} (status {status}")?;
        match request_id {
            Some(id) => write!(f, ", request id {id})"),
            None => f.write_str(")"),
        }
    }
}

/// A region's name comes from whoever answers, and goes to a terminal.
fn is_region(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=40).contains(&name.len()) && name.bytes().all(plain)
}

fn is_want_of_credentials(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.downcast_ref::<CredentialsError>().is_some() {
            return true;
        }
        next = error.source();
    }
    false
}

/// Joins an error and its causes, each said once: the SDK keeps what matters in the last of them.
pub(crate) fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        source = cause.source();
    }
    text
}
