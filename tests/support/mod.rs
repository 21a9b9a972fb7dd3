//! What the tests share: where things are, what `dev/up` has made, and a build as a sentence.

mod outcome;
mod run;
mod setup;

pub(crate) use outcome::Outcome;
pub(crate) use run::{Run, Running};
pub(crate) use setup::{checkout, dev};
