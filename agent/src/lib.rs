//! Understudy runs AWS CodeBuild builds on machines you own.
//!
//! The rooms and what each may import are in `ARCHITECTURE.md`; the flow is one direction: a door makes a request,
//! `plan` decides, `run` conducts the hands, and events go out through `sink`.

pub mod artifacts;
pub mod aws;
pub mod cli;
pub mod config;
pub mod engine;
pub mod images;
pub mod journal;
pub mod lend;
pub mod lend_docker;
pub mod model;
pub mod plan;
pub mod project;
pub mod remote_cache;
pub mod report;
pub mod run;
pub mod secrets;
pub mod sink;
pub mod source;
pub mod workspace;
