//! Every kind of finding, with why it matters: what `--explain` prints and code scanning tools show.

mod document;
mod scripts;
mod sections;

// Why two kinds matter that every section has.
const UNKNOWN_KEY: &str =
    "CodeBuild passes over keys that it does not know, and with them what was asked for.";
const WRONG_KIND: &str = "CodeBuild cannot read the value and ends the build in DOWNLOAD_SOURCE.";

/// One kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The stable code, such as `directory.drift`.
    pub code: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// Why it matters, and where the fact comes from.
    pub why: &'static str,
}

/// Returns every kind of finding, in the order of their codes.
pub fn kinds() -> Vec<Kind> {
    let mut kinds: Vec<Kind> = [document::KINDS, sections::KINDS, scripts::KINDS].concat();
    kinds.sort_by_key(|kind| kind.code);
    kinds
}

/// Returns one kind of finding.
pub fn kind(code: &str) -> Option<Kind> {
    kinds().into_iter().find(|kind| kind.code == code)
}

const fn kind_of(code: &'static str, title: &'static str, why: &'static str) -> Kind {
    Kind { code, title, why }
}
