//! Sources in S3, asked for with the caller's own credentials.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::{RequestId as _, RequestIdExt as _};

use super::SourceError;
use super::refusal::Refusal;
use crate::aws::{self, causes};
use crate::model::S3Source;

/// Reads a small object, a buildspec for one; one of more than `limit` bytes is refused.
pub async fn read_object(
    place: &S3Source,
    region: &str,
    limit: u64,
) -> Result<Vec<u8>, SourceError> {
    let client = aws::s3(region).await;
    let request = client.get_object().bucket(&place.bucket).key(&place.key);
    let answer = request.send().await.map_err(|error| refused(&error))?;
    let mut body = answer.body;
    let mut content = Vec::new();
    while let Some(piece) = body.next().await {
        content.extend_from_slice(&piece.map_err(|error| interrupted(&error))?);
        if content.len() as u64 > limit {
            return Err(SourceError::Refused(Refusal::new(
                format!("`{place}` is larger than {limit} bytes"),
                "name another object",
            )));
        }
    }
    Ok(content)
}

fn interrupted(error: &(dyn std::error::Error + 'static)) -> SourceError {
    SourceError::Refused(Refusal::new(
        format!("the download broke off: {}", causes(error)),
        "try again",
    ))
}

/// Returns what a failure of S3 means, in CodeBuild's form (reference §2.9): code, text, status and ids.
fn refused<E>(error: &SdkError<E>) -> SourceError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let answer = error.raw_response();
    let Some((answer, code)) = answer.zip(error.code()) else {
        return SourceError::Refused(Refusal::new(
            format!("S3 cannot be asked: {}", causes(error)),
            "see that `aws s3 ls` works here: credentials (`aws sso login`, AWS_PROFILE), region and network",
        ));
    };
    let status = answer.status().as_u16();
    let message = error.message().unwrap_or("no reason given");
    let request = error.request_id().unwrap_or("none");
    let host = error.extended_request_id().unwrap_or("none");
    let help = match code {
        "NoSuchKey" | "NoSuchBucket" | "NoSuchVersion" => {
            "correct bucket, key and version: `aws s3 ls` lists what is there"
        }
        "PermanentRedirect" | "AuthorizationHeaderMalformed" => {
            "set AWS_REGION to the region of the bucket"
        }
        _ => "see that your credentials may read it: `aws s3 cp` with the same address",
    };
    SourceError::Refused(Refusal::new(
        format!(
            "{code}: {message}\n\tstatus code: {status}, request id: {request}, host id: {host} "
        ),
        help,
    ))
}
