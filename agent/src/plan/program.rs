//! The plan as text for the driver: pure, so that what runs can be read and compared.
//!
//! `driver.sh` beside this file is the interpreter; this file writes the program that it sources.

use std::fmt::Write as _;

use buildspec::Version;

use super::{CommandPlan, PhasePlan, Plan, RetryPlan, Value, Worth, layout};
use crate::model::Phase;

/// What the driver and the tools share, and what a shell that joins the build runs: name below [`layout::READONLY`], text.
pub const SCRIPTS: [(&str, &str); 6] = [
    ("driver.sh", include_str!("driver.sh")),
    ("execute.sh", include_str!("tools/execute.sh")),
    ("glob.sh", include_str!("tools/glob.sh")),
    ("join.sh", include_str!("tools/join.sh")),
    ("shell.sh", include_str!("tools/shell.sh")),
    ("shellrc", include_str!("tools/shellrc.sh")),
];

/// The build tools (reference §7.4, §8.8, §11.8): name below [`layout::TOOLS`], text.
pub const TOOLS: [(&str, &str); 4] = [
    (
        "codebuild-breakpoint",
        include_str!("tools/codebuild-breakpoint.sh"),
    ),
    (
        "codebuild-glob-search",
        include_str!("tools/codebuild-glob-search.sh"),
    ),
    (
        "codebuild-hash-files",
        include_str!("tools/codebuild-hash-files.sh"),
    ),
    (
        "codebuild-resume",
        include_str!("tools/codebuild-resume.sh"),
    ),
];

/// Returns the program of a plan.
pub fn program(plan: &Plan) -> String {
    let mut text = String::new();
    if plan.appends_tools {
        text.push_str("us_tools\n");
    }
    values(&mut text, "us_values", layout::VALUES, &plan.values);
    values(&mut text, "us_early", layout::EARLY, &plan.early);
    if plan.phases.iter().any(|phase| phase.run_as.is_some()) {
        line(&mut text, format_args!("us_grant"));
    }
    for phase in &plan.phases {
        line(&mut text, format_args!("us_enter {}", phase.phase));
        match &phase.retry {
            None => commands(&mut text, phase, plan.version),
            Some(retry) => {
                retryable(&mut text, retry);
                line(&mut text, format_args!("while :; do"));
                commands(&mut text, phase, plan.version);
                let (phase, times) = (phase.phase, retry.times);
                line(
                    &mut text,
                    format_args!("us_again {phase} {times} || break\ndone"),
                );
            }
        }
        if phase
            .commands
            .iter()
            .any(|command| command.version.is_some())
        {
            match &plan.own_version {
                Some(own) => line(
                    &mut text,
                    format_args!("us_define VERSION {}", quote(&quote(own))),
                ),
                None => line(&mut text, format_args!("us_forget VERSION")),
            }
        }
        if phase.phase == Phase::DownloadSource && !plan.early.is_empty() {
            text.push_str("[ \"$us_failed\" = 1 ] || { us_early; us_await; }\n");
        }
        let after_failure = if phase.ends_build() { "end" } else { "go" };
        line(
            &mut text,
            format_args!("us_leave {} {after_failure}", phase.phase),
        );
    }
    text
}

/// Returns what the driver sources before it does anything: variables that must not stand in the container's
/// configuration.
pub fn given(variables: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, value) in variables {
        line(&mut text, format_args!("export {name}={}", quote(value)));
    }
    text
}

/// Returns the script of one command: CodeBuild's wrapper as reconstructed in reference §2.2.
///
/// The three lines before the user's text make error messages say the same line numbers as in AWS.
fn script(command: &str, version: Version) -> String {
    let tmp = layout::TMP;
    let before = format!("cd \"$(cat {tmp}/dir.txt)\"\nset -a\n. {tmp}/env.sh\n");
    match version {
        Version::V0_2 => format!(
            "{before}{command}\nCODEBUILD_LAST_EXIT=$?\nexport -p > {tmp}/env.sh\npwd > {tmp}/dir.txt\nexit $CODEBUILD_LAST_EXIT\n"
        ),
        // Nothing is written back: in 0.1 neither directory nor variables carry over (reference §2.3).
        Version::V0_1 => format!("{before}{command}\n"),
    }
}

/// Tells the driver which failures, as `<command>.<status>`, let the phase begin anew.
fn retryable(text: &mut String, retry: &RetryPlan) {
    line(text, format_args!("us_retryable() {{\n  case $1 in"));
    for Worth { command, statuses } in &retry.worth {
        let patterns: Vec<String> = match statuses {
            None => vec![format!("{command}.*")],
            Some(statuses) => statuses
                .iter()
                .map(|status| format!("{command}.{status}"))
                .collect(),
        };
        line(text, format_args!("  {}) ;;", patterns.join(" | ")));
    }
    line(text, format_args!("  *) return 1 ;;\n  esac\n}}"));
}

/// A phase's commands, if they can run at all.
fn commands(text: &mut String, phase: &PhasePlan, version: Version) {
    if phase.commands.is_empty() && phase.finally.is_empty() {
        return;
    }
    let user = phase.run_as.as_deref().unwrap_or_default();
    line(text, format_args!("if us_ready {}; then", quote(user)));
    block(text, &phase.commands, version);
    block(text, &phase.finally, version);
    line(text, format_args!("else us_fail; fi"));
}

fn block(text: &mut String, commands: &[CommandPlan], version: Version) {
    if commands.is_empty() {
        return;
    }
    // Writing to a `String` cannot fail.
    text.push_str("{ ");
    for (index, command) in commands.iter().enumerate() {
        if index > 0 {
            text.push_str(" &&\n  ");
        }
        if let Some(version) = &command.version {
            let _infallible = write!(text, "us_define VERSION {} && ", quote(&quote(version)));
        }
        let script = quote(&script(&command.text, version));
        let _infallible = write!(text, "us_run {} {script}", command.number);
    }
    text.push_str("; } || us_fail\n");
}

/// A function that asks the shell for values, and leaves the answers in a folder of the record.
fn values(text: &mut String, name: &str, folder: &str, values: &[Value]) {
    line(text, format_args!("{name}() {{\n  :"));
    for (index, value) in values.iter().enumerate() {
        let script = quote(&value_script(value));
        line(text, format_args!("  us_value {folder}/{index} {script}"));
    }
    text.push_str("}\n");
}

/// Prints a value in the state that the last command left, in the source directory.
fn value_script(value: &Value) -> String {
    let print = match value {
        // The first byte tells "set but empty" from "never set".
        Value::Variable(name) => {
            format!("if [ \"${{{name}+set}}\" ]; then printf '=%s' \"${name}\"; fi\n")
        }
        Value::Text(text) => {
            // A here-document is the shell's own way to expand without splitting and without minding quotes.
            let mut end = String::from("UNDERSTUDY");
            while text.lines().any(|line| line == end) {
                end.push('_');
            }
            // Read back by the shell itself: the build may have left a PATH without `cat`.
            format!(
                "printf '='\nwhile IFS= read -r us_line; do printf '%s\\n' \"$us_line\"; done <<{end}\n{text}\n{end}\n"
            )
        }
    };
    format!(
        "cd \"$CODEBUILD_SRC_DIR\"\nset -a\n. {}/env.sh\n{print}",
        layout::TMP
    )
}

/// Returns `text` as one word of a POSIX shell.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = writeln!(text, "{arguments}");
}

#[cfg(test)]
mod tests {
    use super::*;

    // Reference §2.2: shell errors name `script.sh: line 4` for the user's first line.
    #[test]
    fn the_first_line_of_a_command_is_line_four_of_its_script() {
        for version in [Version::V0_1, Version::V0_2] {
            assert_eq!(script("first", version).lines().nth(3), Some("first"));
        }
    }

    #[test]
    fn quotes_in_a_command_stay_what_they_are() {
        assert_eq!(quote("it's"), r"'it'\''s'");
    }

    #[test]
    fn a_here_document_never_ends_at_a_line_of_the_text() {
        let script = value_script(&Value::Text("UNDERSTUDY\nmore".into()));
        assert!(
            script.ends_with("done <<UNDERSTUDY_\nUNDERSTUDY\nmore\nUNDERSTUDY_\n"),
            "{script}"
        );
    }
}
