//! What the tests share: where things are, what `dev/up` has made, and a build as a sentence.

mod docker;
mod fixture;
mod git;
mod outcome;
mod registry;
mod run;
mod setup;

pub(crate) use docker::{ImageName, docker};
pub(crate) use fixture::{KidsLearn, fixture};
pub(crate) use git::{commit_all, git};
pub(crate) use outcome::Outcome;
pub(crate) use registry::{Repository, log_in, loopback};
pub(crate) use run::{Run, Running};
pub(crate) use setup::{checkout, dev, program};
