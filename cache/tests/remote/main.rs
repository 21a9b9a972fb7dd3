//! Tests of the store in a bucket, against a real S3 server. Mounting needs root; who runs these without it tests the
//! unpacking alone.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod damage;
mod hosts;
mod round_trip;
mod scene;
