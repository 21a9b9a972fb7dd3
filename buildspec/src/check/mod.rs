//! What a buildspec that can be run nevertheless gets wrong: one function a rule.
//!
//! A rule looks at the whole document, with every command taken apart. It warns of what CodeBuild
//! accepts and nobody can mean. A false alarm is worse than a miss: where a rule cannot know, it is
//! silent. Rules know nothing of each other; shapes are the matter of `reader`.

mod artifacts;
mod bash_only;
mod batch;
mod cache;
mod complete;
mod deploys;
mod directory;
mod docker;
mod drift;
mod exits;
mod facts;
mod hidden_failures;
mod lost_state;
mod names;
mod paths;
mod place;
mod prompts;
mod references;
mod reports;
mod runtimes;
mod secrets;
mod slips;
mod subject;
mod variables;
mod walk;

pub use facts::Facts;

use crate::document::BuildSpec;
use crate::finding::{Finding, Findings};
use crate::reader::Reading;
use subject::Subject;

/// A rule: looks at everything and reports what it finds.
type Rule = fn(&Subject<'_>, &mut Findings);

/// Every rule, in the order of a buildspec.
const RULES: &[Rule] = &[
    variables::literal_reference,
    variables::no_shell_name,
    variables::given_twice,
    variables::not_exportable,
    variables::unknown_codebuild_name,
    references::wrong_store,
    references::stage_and_id,
    references::too_many_fields,
    secrets::plain_text,
    secrets::in_command,
    secrets::printed,
    runtimes::unknown_name,
    runtimes::no_version,
    drift::drift,
    directory::entered_again,
    lost_state::shell_option,
    lost_state::trap,
    lost_state::alias,
    lost_state::function,
    lost_state::array,
    lost_state::forgotten,
    slips::nothing_to_run,
    exits::early_exit,
    exits::dropped_state,
    hidden_failures::pipe,
    hidden_failures::export,
    complete::open_quote,
    complete::open_compound,
    complete::open_here_document,
    complete::parenthesis,
    complete::continuation,
    complete::spaced_assignment,
    complete::foreign_expression,
    slips::long_dash,
    slips::option_behind_assignment,
    slips::version_redirect,
    slips::always_true,
    slips::curly_quote,
    slips::bracket_without_space,
    bash_only::under_sh,
    prompts::unanswered,
    docker::not_privileged,
    docker::terminal,
    docker::password,
    docker::latest_alone,
    docker::removed_login,
    deploys::after_failure,
    reports::wrong_extension,
    reports::too_many,
    reports::cannot_match,
    artifacts::cannot_match,
    artifacts::base_twice,
    artifacts::all_excluded,
    cache::constant_key,
    cache::fallback_without_key,
    cache::not_a_directory,
    cache::home_sign,
    cache::wrong_root,
    batch::no_identifier,
    batch::duplicate_identifier,
    batch::unknown_dependency,
    batch::cycle,
    batch::dependency_outside_graph,
    batch::fleet_and_compute_type,
    batch::no_builds,
    batch::no_phases,
];

/// Returns what is wrong with a document that `text` was read as, in the order of places.
///
/// Every finding is a warning: CodeBuild starts such a build. Time is linear in the text but for small
/// factors, and the number of findings is bounded.
pub fn check(text: &str, document: &BuildSpec, facts: &Facts) -> Vec<Finding> {
    let subject = Subject::new(text, document, facts);
    let mut findings = Findings::default();
    for rule in RULES {
        rule(&subject, &mut findings);
    }
    findings.into_sorted()
}

impl Reading {
    /// Returns the reading with what [`check`] finds as well, `text` being what was read.
    #[must_use]
    pub fn checked(mut self, text: &str, facts: &Facts) -> Self {
        let is_explained = self
            .findings
            .iter()
            .any(|found| found.code.starts_with("phase"));
        let mut found = check(text, &self.document, facts);
        // Commands that could not be read are why there are none.
        found.retain(|found| !(is_explained && found.code == "phases.nothing-to-run"));
        self.findings.extend(found);
        self.findings.sort_by_key(|finding| finding.span);
        self
    }
}
