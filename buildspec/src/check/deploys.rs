//! `post_build` runs also when `build` has failed (reference §2.6, §16).

use super::subject::Subject;
use crate::document::OnFailure;
use crate::finding::{Finding, Findings};
use crate::quote::quote;
use crate::shell::{Simple, Word};

/// A deployment in `post_build` that nothing keeps from running after a failure.
pub(super) fn after_failure(subject: &Subject<'_>, findings: &mut Findings) {
    let phases = &subject.document.phases;
    let Some(build) = &phases.build else { return };
    let aborts = build
        .on_failure
        .as_ref()
        .is_some_and(|on_failure| on_failure.value == OnFailure::Abort);
    let can_fail = subject.simple_commands().any(|(step, simple)| {
        step.phase.name.value == "build"
            && !matches!(
                simple.program(),
                None | Some("echo" | "cd" | "export" | "ls" | "pwd")
            )
    });
    if aborts || !can_fail {
        return;
    }
    let looks = |name: &str| name == "CODEBUILD_BUILD_SUCCEEDING";
    let post_build = || {
        let steps = subject.steps.iter();
        steps.filter(|step| step.phase.name.value == "post_build")
    };
    if post_build().any(|step| step.script.references.iter().any(|r| looks(r.name))) {
        return;
    }
    // A condition of the author's own keeps it from running.
    let is_guarded = post_build().any(|step| {
        let mut commands = step.script.commands.iter();
        commands.any(|simple| simple.program() == Some("exit"))
    });
    if is_guarded {
        return;
    }
    let builds_image = subject.simple_commands().any(|(step, simple)| {
        step.phase.name.value == "build"
            && simple.program() == Some("docker")
            && simple.has_any(&["build"])
    });
    for step in post_build() {
        for simple in &step.script.commands {
            // Without an image from `build` this fails, and what follows is not reached.
            if simple.program() == Some("docker") && simple.begins(&["push"]) && builds_image {
                return;
            }
            let Some(what) = deploys(simple) else {
                continue;
            };
            findings.push(
                Finding::warning(
                    "phase.deploys-after-failure",
                    subject.simple(step, simple),
                    format!("{} runs also when `build` has failed", quote(what)),
                )
                .with_help(
                    "Set `on-failure: ABORT` in `build`, or begin with \
                     `[ \"$CODEBUILD_BUILD_SUCCEEDING\" = 1 ] || exit 1`",
                ),
            );
            return;
        }
    }
}

/// Returns what a command is called, if it changes something that others use.
fn deploys(simple: &Simple<'_>) -> Option<&'static str> {
    let words = simple.arguments();
    let has = |name: &str| words.iter().any(|word| word.raw == name);
    match simple.program()? {
        "aws" if has("s3") && (has("sync") || has("cp")) => is_upload(words).then_some("aws s3"),
        "aws" if has("s3") && has("rm") => Some("aws s3 rm"),
        "mvn" if has("deploy") => Some("mvn deploy"),
        "aws" if has("cloudformation") && has("deploy") => Some("aws cloudformation deploy"),
        "aws" if has("update-function-code") => Some("aws lambda update-function-code"),
        "aws" if has("update-service") => Some("aws ecs update-service"),
        "cdk" if has("deploy") => Some("cdk deploy"),
        "npx" if has("cdk") && has("deploy") => Some("cdk deploy"),
        "sam" if has("deploy") => Some("sam deploy"),
        "terraform" if has("apply") => Some("terraform apply"),
        "kubectl" if simple.begins(&["apply"]) || simple.begins(&["set", "image"]) => {
            Some("kubectl")
        }
        "helm" if simple.begins(&["upgrade"]) || simple.begins(&["install"]) => Some("helm"),
        "npm" | "yarn" if has("publish") => Some("npm publish"),
        "serverless" | "sls" if has("deploy") => Some("serverless deploy"),
        _ => None,
    }
}

/// Tells whether the words of `aws s3` upload what others use; logs and test results are wanted after a
/// failure above all.
fn is_upload(words: &[Word<'_>]) -> bool {
    const RESULTS: [&str; 8] = [
        "log",
        "report",
        "coverage",
        "screenshot",
        "video",
        "test",
        "result",
        "cypress",
    ];
    let verb = words
        .iter()
        .position(|word| matches!(word.raw, "sync" | "cp"));
    let places = words.get(verb.map_or(0, |at| at + 1)..).unwrap_or_default();
    let mut places = places.iter().filter(|word| !word.raw.starts_with('-'));
    let (Some(source), Some(target)) = (places.next(), places.next()) else {
        return false;
    };
    let is_result = |place: &Word<'_>| {
        let lower = place.raw.to_ascii_lowercase();
        RESULTS.iter().any(|result| lower.contains(result))
    };
    !source.raw.contains("s3://")
        && target.raw.contains("s3://")
        && !is_result(source)
        && !is_result(target)
}
