//! Why none of a phase's commands can run, in words: the image lacks what the buildspec asks for.

use super::journal_line::Obstacle;
use crate::model::{PhaseContext, StatusCode};
use crate::plan::{PhasePlan, failure};

/// Returns why a phase failed. CodeBuild's own words are not known; the frame is that of every failed command.
pub(super) fn context(obstacle: Obstacle, phase: &PhasePlan, shell: &str) -> PhaseContext {
    let user = phase.run_as.as_deref().unwrap_or("root");
    let (reason, help) = match obstacle {
        Obstacle::Shell => (
            format!("the image has no shell `{shell}`"),
            format!("leave `env.shell` out to use `sh`, or use an image that has `{shell}`"),
        ),
        Obstacle::User => (
            format!("the image has no user `{user}`"),
            format!(
                "add the user to the image, or in an earlier phase (`useradd {user}`), or change `run-as`"
            ),
        ),
        Obstacle::Switch => (
            format!("the image has nothing to become user `{user}` with"),
            "add `setpriv` (util-linux), `chroot` (coreutils) or `su` to the image, or remove `run-as`"
                .to_owned(),
        ),
    };
    let first = phase.commands.iter().chain(&phase.finally).next();
    let first = first.map_or("", |command| &command.text);
    PhaseContext::new(StatusCode::CommandExecutionError, failure(first, &reason)).with_help(help)
}
