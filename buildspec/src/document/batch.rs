//! `batch`: several builds from one buildspec (reference §1.10).

use super::Variable;
use crate::span::{Span, Spanned};

/// The `batch` block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Where the block stands.
    pub span: Span,
    /// Whether the first failure ends the whole batch.
    pub fast_fail: bool,
    /// The builds; `None` where no kind of batch is named.
    pub builds: Option<BatchBuilds>,
}

/// The four kinds of batch, of which a block names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchBuilds {
    /// `build-list`: all at once.
    List(Vec<BatchBuild>),
    /// `build-graph`: each when those that it depends on are over.
    Graph(Vec<BatchBuild>),
    /// `build-matrix`: one for each combination.
    Matrix(Box<BatchMatrix>),
    /// `build-fanout`: one for each share of the tests.
    Fanout(BatchFanout),
}

/// One build of a list or a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchBuild {
    /// Where the build stands.
    pub span: Span,
    /// Its name, which must be given and be unique.
    pub identifier: Option<Spanned<String>>,
    /// Its buildspec; the one that holds the batch when not given.
    pub buildspec: Option<Spanned<String>>,
    /// The identifiers of the builds that must be over before it starts; `build-graph` only.
    pub depend_on: Vec<Spanned<String>>,
    /// Whether a session may be opened in it.
    pub debug_session: bool,
    /// Whether its failure leaves the batch unharmed.
    pub ignore_failure: bool,
    /// Its environment, over the project's.
    pub env: BatchEnv,
}

/// `env` of one build of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchEnv {
    /// CodeBuild's compute type.
    pub compute_type: Option<Spanned<String>>,
    /// A fleet's name or ARN, instead of a compute type.
    pub fleet: Option<Spanned<String>>,
    /// The image.
    pub image: Option<Spanned<String>>,
    /// Whether commands may start a Docker daemon.
    pub privileged_mode: Option<Spanned<bool>>,
    /// The environment type, such as `LINUX_CONTAINER`.
    pub environment_type: Option<Spanned<String>>,
    /// Plain variables.
    pub variables: Vec<Variable>,
}

/// `build-matrix`: every combination of the dynamic axes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchMatrix {
    /// `static`: whether a failure leaves the batch unharmed.
    pub ignore_failure: bool,
    /// `static`: the environment of all builds.
    pub env: BatchEnv,
    /// `dynamic`: buildspecs.
    pub buildspecs: Vec<Spanned<String>>,
    /// `dynamic`: compute types.
    pub compute_types: Vec<Spanned<String>>,
    /// `dynamic`: images.
    pub images: Vec<Spanned<String>>,
    /// `dynamic`: variables with their values.
    pub variables: Vec<(Spanned<String>, Vec<Spanned<String>>)>,
}

/// `build-fanout`: tests in shares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchFanout {
    /// How many shares; `None` where it is missing or no number.
    pub parallelism: Option<Spanned<u32>>,
    /// Whether a failure leaves the batch unharmed.
    pub ignore_failure: bool,
}
