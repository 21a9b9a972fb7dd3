//! Tests of the program against real parts: a Docker Engine, a registry, the AWS APIs, npm and PostgreSQL.
//!
//! One file a subject, one binary for all. `make test` sets up what they need; a part that is missing fails the test
//! with a sentence that says how to start it.

#![cfg(test)]

mod driver_exits;
mod driver_state;
mod driver_surroundings;
mod import_rule;
mod kids_learn;
mod migrate;
mod smoke;
mod support;
mod unprivileged;
