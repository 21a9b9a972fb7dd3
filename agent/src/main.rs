//! The `understudy` program.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    understudy::cli::main().await
}
