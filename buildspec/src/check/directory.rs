//! A `cd` lasts into later commands and phases (reference §2.2.1), and patterns start at the source
//! root all the same (§6.2).

use std::collections::BTreeSet;

use globset::{GlobBuilder, GlobMatcher};

use super::paths::{Directory, has_variables, without_dot};
use super::subject::{Step, Subject};
use crate::document::Artifacts;
use crate::finding::{Finding, Findings};
use crate::quote::quote;
use crate::shell::{Simple, Word};
use crate::span::{Span, Spanned};

/// The most patterns that are compared with each written file; real files have a dozen.
const MOST_PATTERNS: usize = 100;

/// The longest pattern that is compared, in bytes.
const LONGEST_PATTERN: usize = 500;

/// The most moves and written files that are followed.
const MOST_FOLLOWED: usize = 200;

/// A walk through all commands that knows the directory before each.
#[derive(Debug)]
struct Walk {
    directory: Directory,
    before: Directory,
    /// The last `cd` that counts.
    moved: Option<Span>,
    /// How many moves there were.
    moves: usize,
    /// The directory at the start of the step, and where its command begins in the text.
    step: (Directory, Span),
}

impl Walk {
    fn new() -> Self {
        Self {
            directory: Directory::Below(Vec::new()),
            before: Directory::Below(Vec::new()),
            moved: None,
            moves: 0,
            step: (Directory::Below(Vec::new()), Span::default()),
        }
    }

    /// Follows one simple command.
    fn follow(&mut self, subject: &Subject<'_>, step: &Step<'_>, simple: &Simple<'_>) {
        if self.step.1 != step.command.span {
            self.step = (self.directory.clone(), step.command.span);
        }
        if !simple.is_in_shell() {
            return;
        }
        let next = match simple.program() {
            _ if self.moves > MOST_FOLLOWED => Directory::Unknown,
            Some("cd") if !simple.is_certain() => Directory::Unknown,
            Some("cd") => match target(simple) {
                None => Directory::Outside,
                Some(word) if word.raw == "-" => self.before.clone(),
                Some(word) => self.directory.enter(word),
            },
            // A directory stack is not followed.
            Some("pushd" | "popd") => Directory::Unknown,
            // What its command did is not saved. Where it may not be reached, the other way is the usual one.
            Some("exit") if simple.is_certain() => self.step.0.clone(),
            _ => return,
        };
        self.moves += 1;
        self.before = std::mem::replace(&mut self.directory, next);
        self.moved = Some(subject.simple(step, simple));
    }
}

/// Returns the directory that a `cd` names.
fn target<'a>(simple: &Simple<'a>) -> Option<Word<'a>> {
    let mut words = simple.arguments().iter();
    words
        .find(|word| !matches!(word.raw, "-P" | "-L" | "--"))
        .copied()
}

/// A file is written where a `cd` led, and a pattern looks for it at the source root.
pub(super) fn drift(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(artifacts) = &subject.document.artifacts else {
        return;
    };
    if !subject.keeps_state() {
        return;
    }
    let moved_on = moved_on(subject);
    let mut places: Option<Vec<Patterns<'_>>> = None;
    let mut walk = Walk::new();
    let mut files = 0;
    for (step, simple) in subject.simple_commands() {
        let directory = match &walk.directory {
            Directory::Outside => Some("..".to_owned()),
            directory => directory.path().filter(|path| !path.is_empty()),
        };
        if let (Some(directory), Some(moved)) = (directory, walk.moved) {
            for file in written_files(simple) {
                files += 1;
                if files > MOST_FOLLOWED {
                    return;
                }
                let Some(name) = file.literal().filter(|name| is_plain(name)) else {
                    continue;
                };
                if moved_on.contains(without_dot(&name)) {
                    continue;
                }
                let lies_at = format!("{directory}/{}", without_dot(&name));
                // Few builds write a file where a `cd` led; for the others no pattern is made ready.
                let missed = places
                    .get_or_insert_with(|| patterns(artifacts))
                    .iter()
                    .find_map(|patterns| patterns.misses(without_dot(&name), &lies_at));
                if let Some(pattern) = missed {
                    findings.push(
                        Finding::warning(
                            "directory.drift",
                            moved,
                            format!(
                                "This `cd` lasts, so {} is written {} where the artifact pattern \
                                 {} does not look",
                                quote(&name),
                                if directory == ".." {
                                    "outside the source".to_owned()
                                } else {
                                    format!("to {}", quote(&directory))
                                },
                                quote(&pattern.value)
                            ),
                        )
                        .with_related(subject.word(step, file), "the file is written here")
                        .with_help(match walk.directory {
                            Directory::Outside => {
                                format!(
                                    "Write it to {}",
                                    quote(&format!("$CODEBUILD_SRC_DIR/{name}"))
                                )
                            }
                            _ => format!(
                                "Write it to \"$CODEBUILD_SRC_DIR/{name}\", or keep the `cd` to \
                                 one command: `(cd {directory} && …)`"
                            ),
                        }),
                    );
                    return;
                }
            }
        }
        walk.follow(subject, step, simple);
    }
}

/// Returns the files that commands move or copy on from where they were written.
fn moved_on(subject: &Subject<'_>) -> BTreeSet<String> {
    let moves = subject
        .simple_commands()
        .filter(|(_, simple)| matches!(simple.program(), Some("mv" | "cp" | "install" | "rsync")));
    let words = moves.flat_map(|(_, simple)| simple.arguments());
    words
        .filter_map(|word| Some(without_dot(&word.literal()?).to_owned()))
        .collect()
}

/// Returns the patterns of each artifact.
fn patterns(artifacts: &Artifacts) -> Vec<Patterns<'_>> {
    let secondary = artifacts.secondary.iter().map(|(_, secondary)| secondary);
    let all: Vec<_> = std::iter::once(artifacts).chain(secondary).collect();
    let count: usize = all.iter().map(|artifacts| artifacts.files.len()).sum();
    if count > MOST_PATTERNS || all.len() > MOST_PATTERNS {
        return Vec::new();
    }
    all.into_iter().map(Patterns::of).collect()
}

/// Tells whether a file's name says where the file lies.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with(['/', '~', '-', '&']) && !name.contains("..")
}

/// Returns the files that a command is told to write.
fn written_files<'a>(simple: &Simple<'a>) -> Vec<Word<'a>> {
    let mut files: Vec<_> = simple
        .redirects
        .iter()
        .filter(|redirect| redirect.operator.contains('>') && redirect.operator != ">&")
        .map(|redirect| redirect.target)
        .collect();
    let plain = |word: &&Word<'a>| !word.raw.starts_with('-');
    match simple.program() {
        Some("tee") => files.extend(simple.arguments().iter().filter(plain)),
        Some("zip") => files.extend(simple.arguments().iter().find(plain)),
        _ => {}
    }
    files
}

/// The patterns of one artifact, made ready where they say enough.
#[derive(Debug)]
struct Patterns<'a> {
    ready: Vec<(&'a Spanned<String>, GlobMatcher)>,
    /// Whether all of them could be made ready.
    is_complete: bool,
}

impl<'a> Patterns<'a> {
    fn of(artifacts: &'a Artifacts) -> Self {
        let base = artifacts
            .base_directory
            .as_ref()
            .map(|base| base.value.as_str());
        let mut ready = Vec::new();
        for pattern in &artifacts.files {
            let from_root = match base {
                Some(base) => format!("{}/{}", base.trim_end_matches('/'), pattern.value),
                None => pattern.value.clone(),
            };
            let from_root = from_root
                .replace("${CODEBUILD_SRC_DIR}/", "")
                .replace("$CODEBUILD_SRC_DIR/", "");
            if has_variables(&from_root) || from_root.len() > LONGEST_PATTERN {
                continue;
            }
            let glob = GlobBuilder::new(without_dot(&from_root))
                .literal_separator(true)
                .build();
            if let Ok(glob) = glob {
                ready.push((pattern, glob.compile_matcher()));
            }
        }
        Self {
            is_complete: ready.len() == artifacts.files.len(),
            ready,
        }
    }

    /// Returns the pattern that would take `name` at the root, if none takes it where it lies.
    fn misses(&self, name: &str, lies_at: &str) -> Option<&'a Spanned<String>> {
        let is_found = self.ready.iter().any(|(_, glob)| glob.is_match(lies_at));
        if is_found || !self.is_complete {
            return None;
        }
        let mut patterns = self.ready.iter();
        patterns
            .find(|(_, glob)| glob.is_match(name))
            .map(|(pattern, _)| *pattern)
    }
}

/// A directory is entered again from within itself, or by a phase that takes itself to start at the root.
pub(super) fn entered_again(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.keeps_state() {
        return;
    }
    let mut walk = Walk::new();
    let mut entered: Vec<(String, Vec<String>, Span)> = Vec::new();
    let mut made: Vec<String> = Vec::new();
    let mut phase = "";
    for (step, simple) in subject.simple_commands() {
        let is_new_phase = phase != step.phase.name.value;
        let path = match (simple.program(), target(simple)) {
            (Some("cd"), Some(word)) if simple.is_in_shell() && simple.is_certain() => {
                word.literal()
            }
            (Some("mkdir" | "git" | "cp" | "mv" | "unzip" | "tar"), _) => {
                made.extend(
                    simple
                        .arguments()
                        .iter()
                        .filter_map(|word| Some(word.literal()?.trim_end_matches('/').to_owned())),
                );
                made.truncate(MOST_FOLLOWED);
                None
            }
            _ => None,
        };
        let relative = path.filter(|path| is_plain(path) && path != ".");
        if let (Some(path), Directory::Below(at)) = (relative, &walk.directory) {
            let path = without_dot(path.trim_end_matches('/')).to_owned();
            let earlier = entered.iter().find(|(known, from, _)| {
                let mut inside = from.clone();
                inside.extend(known.split('/').map(str::to_owned));
                let is_inside = *known == path && at.starts_with(&inside);
                let is_lost = is_new_phase && *known == path && from.is_empty() && !at.is_empty();
                is_inside || is_lost
            });
            let is_made = made.iter().any(|name| name.ends_with(&path));
            if let (Some((_, _, first)), false) = (earlier, is_made) {
                let message = format!(
                    "The directory is {} already here, and {} is looked for within it",
                    quote(&at.join("/")),
                    quote(&path)
                );
                let way_back = "Delete this `cd`, or write `cd \"$CODEBUILD_SRC_DIR/";
                findings.push(
                    Finding::warning(
                        "directory.entered-again",
                        subject.simple(step, simple),
                        message,
                    )
                    .with_related(
                        *first,
                        "an earlier `cd` lasts into later commands and phases",
                    )
                    .with_help(format!("{way_back}{path}\"`")),
                );
                return;
            }
            if entered.len() == MOST_FOLLOWED {
                return;
            }
            entered.push((path, at.clone(), subject.simple(step, simple)));
            phase = &step.phase.name.value;
        }
        walk.follow(subject, step, simple);
    }
}
