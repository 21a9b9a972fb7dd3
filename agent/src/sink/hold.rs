//! A held build, for people: how to get in, and how to let it go on.

use anstyle::{AnsiColor, Style};

use crate::model::{HoldAnswer, HoldReason};

const BOLD: Style = Style::new().bold();

/// Returns what can be typed while the build `uuid` is held.
pub(super) fn held(uuid: &str, reason: HoldReason) -> String {
    let yellow = AnsiColor::Yellow.on_default().bold();
    let short = uuid.split('-').next().unwrap_or(uuid);
    let (at, ways) = match reason {
        HoldReason::Failure => (
            "at the failed command",
            "codebuild-resume            in that shell: goes on, the command failed\n  \
             codebuild-resume --retry    runs the command again, from the state before it\n  \
             codebuild-resume --skip     goes on as if it had succeeded",
        ),
        HoldReason::Breakpoint => (
            "at a breakpoint",
            "codebuild-resume            in that shell: goes on",
        ),
    };
    format!(
        "{yellow}HELD{yellow:#} {at}; the timeout goes on counting\n  \
         {BOLD}understudy shell {short}{BOLD:#}   a shell there: its directory, variables and user\n  {ways}"
    )
}

/// Returns how it goes on.
pub(super) fn resumed(answer: HoldAnswer) -> &'static str {
    match answer {
        HoldAnswer::GoOn => "resumed: the build goes on",
        HoldAnswer::Retry => "resumed: the command runs again",
        HoldAnswer::Skip => "resumed: the build goes on as if the command had succeeded",
    }
}
