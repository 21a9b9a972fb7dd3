//! Memory that ran out while a command ran: the kernel kills a process, and the command only knows a status.

use std::time::Duration;

use jiff::Timestamp;

use super::phase_end::PhaseEnd;
use crate::engine::{ContainerEngine, ContainerId};
use crate::model::Verdict;
use crate::plan;

/// What a process that was killed leaves in a shell.
const KILLED: i32 = 137;
/// The engine hears of a kill from the kernel, a moment later than the shell.
const A_MOMENT: Duration = Duration::from_secs(1);
/// What was said already comes at once.
const AT_ONCE: Duration = Duration::from_millis(100);

/// A command that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FailedCommand {
    pub(super) status: i32,
    /// When it began.
    pub(super) since: Timestamp,
}

/// Says so in a failed phase's context when it was for want of memory. The engine is asked, because a status alone says
/// nothing: a command may be killed by anybody, and a tool whose helper was killed ends with any status.
pub(super) async fn explain<E: ContainerEngine>(
    mut end: PhaseEnd,
    failed: Option<FailedCommand>,
    limit: Option<u64>,
    engine: &E,
    container: &ContainerId,
) -> PhaseEnd {
    let Some(failed) = failed.filter(|_| end.verdict == Verdict::Failed) else {
        return end;
    };
    let patience = if failed.status == KILLED {
        A_MOMENT
    } else {
        AT_ONCE
    };
    let asked = engine.memory_ran_out(container, failed.since, patience);
    // An engine that cannot say changes nothing: the command failed.
    if asked.await.unwrap_or(false)
        && let Some(context) = end.contexts.first_mut()
    {
        context.help = Some(help(limit));
    }
    end
}

/// The next step where memory ran out.
pub(super) fn help(limit: Option<u64>) -> String {
    let limit = limit.map_or_else(String::new, |limit| {
        format!(" of {} that this build may use", plan::gib(limit))
    });
    format!(
        "the kernel killed a process of the build, because the memory{limit} was used up: give it more with `--memory 8GiB`, or let its commands use less"
    )
}
