//! The one place where an AWS SDK configuration is made.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_types::service_config::ServiceConfigKey;

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

/// Returns a client for S3. With an endpoint of one's own, a stand-in for one, buckets are named in the path: their names are
/// no hosts there.
pub async fn s3(region: &str) -> aws_sdk_s3::Client {
    let config = config(region).await;
    let key = ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let for_s3 = config.service_config().zip(key.ok());
    let for_s3 = for_s3.and_then(|(service, key)| service.load_config(key));
    let own_endpoint = for_s3.is_some() || config.endpoint_url().is_some();
    let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(own_endpoint);
    aws_sdk_s3::Client::from_conf(config.build())
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
