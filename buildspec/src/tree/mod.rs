//! YAML text to a tree in which every node knows its place.
//!
//! Nothing outside this folder names the parser. The tree keeps scalars as they are written, because
//! CodeBuild sees `3.10` and `010` and not numbers (reference §1.2). Aliases and merge keys are
//! resolved here; what came through an alias has the alias's place. The tree knows no buildspec.
//!
//! Hostile text is bounded by [`limits`]: nesting, number of nodes, and what aliases may add up to.

mod alias;
mod build;
mod merge;
mod node;
mod parse;
mod syntax;

pub(crate) use node::{Entry, Node, Value};
pub(crate) use parse::{Parsed, parse};

/// The bounds on one text. Real buildspecs stay below a hundredth of each.
mod limits {
    /// The deepest nesting, also through aliases.
    pub(super) const DEPTH: usize = 64;
    /// The most nodes that are written out.
    pub(super) const NODES: usize = 200_000;
    /// The most that aliases may add: a node counts 1, a scalar its bytes as well.
    pub(super) const ALIASED: usize = 500_000;
}
