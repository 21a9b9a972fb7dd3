//! `phases` (reference §1.6).

use super::section::{Section, home};
use super::{Reader, commands, on_failure, runtimes};
use crate::document::{Phase, Phases};
use crate::finding::{ClientMessage, Finding, Severity};
use crate::quote::quote;
use crate::span::Spanned;
use crate::suggest::closest;
use crate::tree::{Entry, Node, Value};

const PHASES: Section = Section {
    name: "`phases`",
    keys: &["install", "pre_build", "build", "post_build"],
    unknown_key: "phases.unknown-name",
    wrong_kind: "phases.wrong-kind",
    weight: Severity::Error,
};

/// One phase.
pub(super) const PHASE: Section = Section {
    name: "a phase",
    keys: &[
        "run-as",
        "on-failure",
        "runtime-versions",
        "commands",
        "finally",
        "steps",
    ],
    unknown_key: "phase.unknown-key",
    wrong_kind: "phase.wrong-kind",
    weight: Severity::Error,
};

/// The most characters of a wrong name that CodeBuild's answer repeats here.
const LONGEST_ANSWERED: usize = 200;

/// Reads `phases`.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Phases {
    let mut phases = Phases::default();
    for entry in reader.entries(&PHASES, node) {
        let place = match entry.key.value.as_str() {
            "install" => &mut phases.install,
            "pre_build" => &mut phases.pre_build,
            "build" => &mut phases.build,
            "post_build" => &mut phases.post_build,
            _ => {
                unknown_name(reader, &entry.key);
                continue;
            }
        };
        *place = Some(phase(reader, entry));
    }
    phases
}

/// Reports a name that is no phase; unlike other unknown keys, CodeBuild refuses it (§1.2).
fn unknown_name(reader: &mut Reader<'_>, key: &Spanned<String>) {
    if reader.findings.is_full(Severity::Error) {
        return;
    }
    let message = format!("{} is not the name of a phase", quote(&key.value));
    let help = match (closest(&key.value, PHASES.keys), home(&key.value)) {
        (Some(known), _) => format!("Did you mean `{known}`?"),
        (None, Some(home)) => format!("{} belongs {home}", quote(&key.value)),
        (None, None) => format!("The phases are `{}`", PHASES.keys.join("`, `")),
    };
    let name: String = key.value.chars().take(LONGEST_ANSWERED).collect();
    let answer = format!(
        "Invalid buildspec phase name: {name}. Expecting: build,install,post_build,pre_build"
    );
    reader.report(
        Finding::error(PHASES.unknown_key, key.span, message)
            .with_help(help)
            .with_status(ClientMessage::yaml_file_error(answer)),
    );
}

fn phase(reader: &mut Reader<'_>, entry: &Entry) -> Phase {
    let mut phase = Phase {
        name: entry.key.clone(),
        run_as: None,
        on_failure: None,
        runtime_versions: Vec::new(),
        commands: Vec::new(),
        finally: Vec::new(),
    };
    if matches!(entry.value.value, Value::Scalar { .. } | Value::List(_)) {
        let kind = entry.value.value.kind();
        let message = format!(
            "The phase `{}` must be a mapping, not {kind}",
            entry.key.value
        );
        let finding = Finding::error(PHASE.wrong_kind, entry.value.span, message);
        reader.report(finding.with_help("Put the commands in a list below `commands:`"));
        return phase;
    }
    for entry in reader.entries(&PHASE, &entry.value) {
        match entry.key.value.as_str() {
            "run-as" => phase.run_as = reader.text(&PHASE, entry),
            "on-failure" => phase.on_failure = on_failure::read(reader, entry),
            "runtime-versions" if phase.name.value == "install" => {
                phase.runtime_versions = runtimes::read(reader, entry);
            }
            "runtime-versions" => runtimes::misplaced(reader, &entry.key),
            "commands" => phase.commands = commands::read(reader, entry),
            "finally" => phase.finally = commands::read(reader, entry),
            "steps" => reader.report(
                Finding::warning("phase.steps", entry.key.span, "`steps` is not run")
                    .with_help("CodeBuild has given it up; write the steps as `commands`"),
            ),
            _ => reader.unknown_key(&PHASE, &entry.key),
        }
    }
    phase
}
