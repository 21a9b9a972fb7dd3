//! Tests against a real S3 server, and against a proxy before it that makes faults.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod errors;
mod faults;
mod proxy;
mod resume;
mod scene;
mod whole;
