//! Reads AWS CodeBuild buildspecs: text in, document and findings out.
//!
//! [`read`] takes any text, stops at nothing and returns a [`Reading`]: the [`BuildSpec`] as far as
//! it could be understood, and every [`Finding`] with its place. [`render()`] shows findings the way a
//! compiler does. The crate is pure: it opens no file, reads no environment and waits for nothing.
//!
//! | Module | Job |
//! |---|---|
//! | `text` | bytes to text, and what no YAML reader may be given |
//! | `tree` | YAML to a tree of places; the only module that knows the parser |
//! | `document` | the document as written, with places |
//! | `reader` | tree to document, one file a section; judges shapes |
//! | `reference` | takes a Secrets Manager reference apart |
//! | `shell` | takes a command's text apart |
//! | `check` | one function a rule, over the whole document |
//! | `catalogue` | every kind of finding, with why it matters |
//! | `print`, `schema` | document to canonical text; the JSON Schema |
//! | `suggest`, `quote`, `lines` | helpers for messages |
//! | `render` | findings to a page for people |

mod catalogue;
mod check;
mod document;
mod finding;
mod lines;
mod print;
mod quote;
mod reader;
mod reference;
mod render;
mod schema;
mod shell;
mod span;
mod suggest;
mod text;
mod tree;

pub use catalogue::{Kind, kind, kinds};
pub use check::{Facts, check};
pub use document::{
    Artifacts, Batch, BatchBuild, BatchBuilds, BatchEnv, BatchFanout, BatchMatrix, BuildSpec,
    Cache, CacheAction, Env, OnFailure, Phase, Phases, Proxy, ReportGroup, Variable, Version,
};
pub use finding::{ClientMessage, Finding, Related, Severity};
pub use lines::Lines;
pub use print::print;
pub use reader::{Reading, read, read_bytes};
pub use reference::{ReferenceError, SecretReference, SecretVersion};
pub use render::{Style, render};
pub use schema::SCHEMA;
pub use span::{Position, Span, Spanned};
pub use suggest::nearest;
