//! Tests of the program against real parts: a Docker Engine, a registry, the AWS APIs, npm and PostgreSQL.
//!
//! One file a subject, one binary for all. `make test` sets up what they need; a part that is missing fails the test
//! with a sentence that says how to start it.

#![cfg(test)]

mod artifacts;
mod artifacts_s3;
mod artifacts_zip;
mod bad_disk;
mod bad_input;
mod bad_registry;
mod buildspec_place;
mod cache;
mod cache_budget;
mod cache_keyed;
mod cache_s3;
mod check;
mod check_truth;
mod compute;
mod debug;
mod docker_host;
mod driver_abuse;
mod driver_alone;
mod driver_exits;
mod driver_output;
mod driver_state;
mod driver_surroundings;
mod environment;
mod fidelity;
mod image_by_hand;
mod image_cache;
mod image_ecr;
mod image_ecs;
mod image_faults;
mod image_pull;
mod images;
mod import_rule;
mod kids_learn;
mod lend;
mod migrate;
mod nested;
mod outputs;
mod outputs_codebuild;
mod outputs_pretty;
mod phases;
mod redaction;
mod reports;
mod retry;
mod run_as;
mod runtimes;
mod secrets;
mod smoke;
mod source;
mod sources_archive;
mod sources_git;
mod sources_s3;
mod stop;
mod support;
mod tools;
mod unprivileged;
mod workspace;
