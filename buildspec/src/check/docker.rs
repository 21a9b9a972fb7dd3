//! Docker in commands.

use std::collections::BTreeMap;

use super::subject::Subject;
use crate::document::{BatchBuilds, BatchEnv};
use crate::finding::{Finding, Findings};
use crate::quote::quote;
use crate::shell::{Nesting, Simple, Word};
use crate::span::Span;

/// The verbs that need a daemon.
const WITH_DAEMON: &[&str] = &[
    "build", "buildx", "run", "push", "pull", "tag", "load", "save", "exec", "compose", "create",
    "start", "cp", "image", "images", "ps",
];

fn is_docker(simple: &Simple<'_>) -> bool {
    simple.program() == Some("docker")
}

/// `docker build` in a project without `privilegedMode` (reference §4.2).
pub(super) fn not_privileged(subject: &Subject<'_>, findings: &mut Findings) {
    if subject.facts.privileged != Some(false) || has_privileged_batch(subject) {
        return;
    }
    let first = subject.simple_commands().find(|(_, simple)| {
        let has_daemon_verb = simple
            .arguments()
            .first()
            .is_some_and(|verb| WITH_DAEMON.iter().any(|known| verb.is(known)));
        (is_docker(simple) && has_daemon_verb) || simple.program() == Some("docker-compose")
    });
    if let Some((step, simple)) = first {
        findings.push(
            Finding::warning(
                "docker.not-privileged",
                subject.simple(step, simple),
                "The project has no `privilegedMode`, and without it no Docker daemon starts",
            )
            .with_help("Set `privilegedMode: true` in the project's environment"),
        );
    }
}

/// Tells whether a build of the batch asks for privileged mode by itself.
fn has_privileged_batch(subject: &Subject<'_>) -> bool {
    let builds = subject
        .document
        .batch
        .as_ref()
        .and_then(|batch| batch.builds.as_ref());
    let asks = |env: &BatchEnv| env.privileged_mode.as_ref().is_some_and(|flag| flag.value);
    match builds {
        Some(BatchBuilds::List(builds) | BatchBuilds::Graph(builds)) => {
            builds.iter().any(|build| asks(&build.env))
        }
        Some(BatchBuilds::Matrix(matrix)) => asks(&matrix.env),
        Some(BatchBuilds::Fanout(_)) | None => false,
    }
}

/// `docker run -it`, where there is no terminal (reference §2.2.2).
pub(super) fn terminal(subject: &Subject<'_>, findings: &mut Findings) {
    for (step, simple) in subject.simple_commands() {
        let is_run = simple.begins(&["run"]) || simple.begins(&["exec"]);
        if !is_docker(simple) || !is_run {
            continue;
        }
        // What stands behind the image belongs to the command in the container.
        let options = simple.arguments().iter().skip(1);
        let options: Vec<_> = options
            .take_while(|word| word.raw.starts_with('-'))
            .collect();
        let find = |letter: char, long: &str| {
            options
                .iter()
                .find(|word| word.raw == long || is_short_flag(word.raw, letter))
        };
        // Docker complains where it shall pass on its own input to a terminal.
        let is_detached = find('d', "--detach").is_some();
        if let (Some(word), Some(_), false) =
            (find('t', "--tty"), find('i', "--interactive"), is_detached)
        {
            findings.push(
                Finding::warning(
                    "docker.terminal",
                    subject.word(step, **word),
                    format!(
                        "{} asks for a terminal; Docker answers `the input device is not a TTY`",
                        quote(word.raw)
                    ),
                )
                .with_help("Leave the `t` out"),
            );
        }
    }
}

/// Tells whether a word is a group of `docker run`'s flags without values, and this one is among them.
fn is_short_flag(word: &str, letter: char) -> bool {
    word.strip_prefix('-').is_some_and(|flags| {
        flags.chars().all(|flag| matches!(flag, 'i' | 't' | 'd')) && flags.contains(letter)
    })
}

/// `docker login -p`.
pub(super) fn password(subject: &Subject<'_>, findings: &mut Findings) {
    for (step, simple) in subject.simple_commands() {
        if !is_docker(simple) || !simple.begins(&["login"]) {
            continue;
        }
        let given = simple.arguments().iter().find(|word| {
            word.raw == "-p"
                || word.raw == "--password"
                || word.raw.starts_with("--password=")
                || (word.raw.starts_with("-p") && word.raw.len() > 2)
        });
        if let Some(word) = given {
            findings.push(
                Finding::warning(
                    "docker.password",
                    subject.word(step, *word),
                    "The password stands on the command line, where every process can read it",
                )
                .with_help(
                    "Pipe it in: `printf '%s' \"$PASSWORD\" | docker login --username … \
                     --password-stdin …`",
                ),
            );
        }
    }
}

/// `aws ecr get-login`, which version 2 of the AWS CLI no longer has.
pub(super) fn removed_login(subject: &Subject<'_>, findings: &mut Findings) {
    for (step, simple) in subject.simple_commands() {
        if simple.program() != Some("aws") {
            continue;
        }
        let words = simple.arguments();
        let at = words.windows(2).find_map(|pair| match pair {
            [ecr, login] if ecr.raw == "ecr" && login.raw == "get-login" => Some(*login),
            _ => None,
        });
        if let Some(word) = at {
            findings.push(
                Finding::warning(
                    "docker.removed-login",
                    subject.word(step, word),
                    "Version 2 of the AWS CLI, which current images have, knows no `ecr get-login`",
                )
                .with_help(
                    "Write `aws ecr get-login-password | docker login --username AWS \
                     --password-stdin <registry>`",
                ),
            );
        }
    }
}

/// An image that is pushed under `latest` and nothing else.
pub(super) fn latest_alone(subject: &Subject<'_>, findings: &mut Findings) {
    let mut tags: BTreeMap<String, Vec<(String, Span)>> = BTreeMap::new();
    for (step, simple) in subject.simple_commands() {
        if !is_docker(simple) || !simple.begins(&["push"]) || simple.nesting == Nesting::Function {
            continue;
        }
        let options = ["-a", "--all-tags"];
        let image = simple.arguments().get(1..).unwrap_or_default();
        let Some(image) = image.iter().find(|word| !word.raw.starts_with('-')) else {
            continue;
        };
        let (repository, tag) = parts(*image);
        let tag = if simple.has_any(&options) { "all" } else { tag };
        let span = subject.word(step, *image);
        tags.entry(repository.to_owned())
            .or_default()
            .push((tag.to_owned(), span));
    }
    for (_, pushed) in tags {
        let is_latest_alone = pushed.iter().all(|(tag, _)| tag == "latest");
        if let (true, Some((_, span))) = (is_latest_alone, pushed.first()) {
            findings.push(
                Finding::warning(
                    "docker.latest-alone",
                    *span,
                    "The image is pushed as `latest` alone, so nobody can tell or bring back what ran before",
                )
                .with_help(
                    "Push a tag of the commit as well, such as \
                     `:$CODEBUILD_RESOLVED_SOURCE_VERSION`",
                ),
            );
        }
    }
}

/// Returns repository and tag of an image's name; a variable may hold both, so that nothing is known.
fn parts(image: Word<'_>) -> (&str, &str) {
    let bare = image.raw.trim_matches(['"', '\'']);
    match last_colon(bare) {
        Some(at) => (
            bare.get(..at).unwrap_or_default(),
            bare.get(at + 1..).unwrap_or_default(),
        ),
        None if bare.contains('$') => (bare, "unknown"),
        None => (bare, "latest"),
    }
}

/// Returns where the last `:` stands that is neither within `${…}` nor before a port.
fn last_colon(image: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut last = None;
    for (at, byte) in image.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' => open = open.saturating_sub(1),
            b':' if open == 0 => last = Some(at),
            b'/' if open == 0 => last = None,
            _ => {}
        }
    }
    last
}
