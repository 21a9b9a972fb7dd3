//! The one place where an AWS SDK configuration is made.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// Returns the caller's configuration for `region`: credentials, profile and endpoints from where the AWS CLI takes
/// them (`AWS_PROFILE`, `AWS_ENDPOINT_URL`, …). Nothing is sent yet.
pub async fn config(region: &str) -> SdkConfig {
    // One TLS provider in the whole program: rustls with ring.
    let client = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(client)
        .region(Region::new(region.to_owned()))
        .load()
        .await
}

/// Joins an error and its causes, each said once: the SDK keeps what matters in the last of them.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
