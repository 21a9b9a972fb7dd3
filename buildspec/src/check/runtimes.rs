//! `runtime-versions` (reference §1.6.2, §2.9).

use super::subject::Subject;
use crate::finding::{ClientMessage, Finding, Findings, Severity};
use crate::quote::quote;
use crate::suggest::closest;

/// The runtimes of CodeBuild's images, old ones included (§4.3).
const RUNTIMES: &[&str] = &[
    "android", "docker", "dotnet", "golang", "java", "nodejs", "php", "python", "ruby",
];

/// Names that people use for them.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("node", "nodejs"),
    ("node.js", "nodejs"),
    ("npm", "nodejs"),
    ("go", "golang"),
    ("jdk", "java"),
    ("openjdk", "java"),
    ("corretto", "java"),
    ("python3", "python"),
    ("py", "python"),
    ("dotnetcore", "dotnet"),
    (".net", "dotnet"),
    ("rb", "ruby"),
];

/// A runtime that CodeBuild's images do not have.
pub(super) fn unknown_name(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(install) = &subject.document.phases.install else {
        return;
    };
    for runtime in &install.runtime_versions {
        let name = runtime.name.value.as_str();
        if RUNTIMES.contains(&name) || findings.is_full(Severity::Warning) {
            continue;
        }
        let lower = name.to_ascii_lowercase();
        let other = OTHER_NAMES.iter().find(|(wrong, _)| *wrong == lower);
        let meant = other
            .map(|(_, meant)| *meant)
            .or_else(|| closest(&lower, RUNTIMES));
        let answer = format!(
            "Unknown runtime named '{name}'. This build image has the following runtimes: \
             dotnet, golang, java, nodejs, php, python, ruby"
        );
        findings.push(
            Finding::warning(
                "runtime.unknown-name",
                runtime.name.span,
                format!("CodeBuild's images have no runtime {}", quote(name)),
            )
            .with_help(match meant {
                Some(meant) => format!("Did you mean `{meant}`?"),
                None => format!("The runtimes are `{}`", RUNTIMES.join("`, `")),
            })
            .with_status(ClientMessage::yaml_file_error(answer)),
        );
    }
}

/// A runtime without a version.
pub(super) fn no_version(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(install) = &subject.document.phases.install else {
        return;
    };
    for runtime in &install.runtime_versions {
        if runtime.value.value.trim().is_empty() {
            findings.push(
                Finding::warning(
                    "runtime.no-version",
                    runtime.name.span,
                    format!("{} has no version", quote(&runtime.name.value)),
                )
                .with_help("Write a version of the image, or `latest`"),
            );
        }
    }
}
