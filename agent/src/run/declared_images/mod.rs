//! The images that the project declares (DESIGN §6): built, pushed, pinned; and the files that name them.

mod bases;
mod files;
mod make;
mod publish;
mod repository;
mod wanted;

pub(super) use files::{pushed_for, write_files};
pub(super) use make::make;

use super::phase_end::PhaseEnd;
use crate::model::{PhaseContext, StatusCode};

/// What the caller declared, or the build left, does not do.
fn refused(message: impl Into<String>, help: impl Into<String>) -> PhaseEnd {
    PhaseEnd::failed(PhaseContext::new(StatusCode::ClientError, message).with_help(help))
}
