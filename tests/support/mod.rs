//! What the tests share: where things are, what `dev/up` has made, and a build as a sentence.

mod aws;
mod docker;
mod engine_proxy;
mod fixture;
mod git;
mod git_server;
mod live;
mod log_lines;
mod outcome;
mod refusal;
mod registry;
mod root;
mod run;
mod setup;
mod shell;
mod small_disk;
mod told;
mod zip_file;

pub(crate) use aws::{Kept, User};
pub(crate) use docker::{ImageName, docker};
pub(crate) use engine_proxy::{EngineProxy, Slow};
pub(crate) use fixture::{KidsLearn, fixture};
pub(crate) use git::{commit_all, git};
pub(crate) use git_server::{GitServer, Readers};
pub(crate) use live::{Live, poll};
pub(crate) use log_lines::{agent_time, masked};
pub(crate) use outcome::Outcome;
pub(crate) use refusal::{obeying_modes, refused};
pub(crate) use registry::{Repository, log_in, loopback};
pub(crate) use run::{Run, Running};
pub(crate) use setup::{checkout, dev, program};
pub(crate) use shell::{Shell, on_every_driver, on_every_shell};
pub(crate) use small_disk::SmallDisk;
pub(crate) use told::Told;
pub(crate) use zip_file::ZipFile;
