//! Patterns start at the source root, wherever a `cd` has led (reference §6.2, §2.2.1).

use globset::{GlobBuilder, GlobMatcher};

use super::paths::{Directory, has_variables, is_plain, without_dot};
use super::subject::{Subject, all_artifacts};
use super::walk::Walk;
use crate::document::BuildSpec;
use crate::finding::{Finding, Findings};
use crate::quote::quote;
use crate::shell::{Simple, Word};
use crate::span::{Span, Spanned};

/// The most patterns that are compared with each written file; real files have a dozen.
const MOST_PATTERNS: usize = 100;

/// The longest pattern that is compared, in bytes.
const LONGEST_PATTERN: usize = 500;

/// The most written files that are followed.
const MOST_FILES: usize = 200;

/// A file is written where a `cd` led, and a pattern looks for it at the source root.
pub(super) fn drift(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.keeps_state() {
        return;
    }
    let mut places: Option<Vec<Patterns<'_>>> = None;
    let mut walk = Walk::new();
    let mut files = 0;
    let mut drifted: Option<Drifted<'_>> = None;
    for (step, simple) in subject.simple_commands() {
        // Whatever comes later may bring the file to where it belongs.
        if drifted.is_some() && could_bring(simple) {
            return;
        }
        let directory = match &walk.directory {
            Directory::Outside => Some("..".to_owned()),
            directory => directory.path().filter(|path| !path.is_empty()),
        };
        if let (Some(directory), Some(moved), None) = (directory, walk.moved, &drifted) {
            for file in written_files(simple) {
                files += 1;
                if files > MOST_FILES {
                    return;
                }
                let Some(name) = file.literal().filter(|name| is_plain(name)) else {
                    continue;
                };
                let name = without_dot(&name).to_owned();
                let lies_at = format!("{directory}/{name}");
                // Few builds write a file where a `cd` led; for the others no pattern is made ready.
                let places = places.get_or_insert_with(|| patterns(subject.document));
                if places.iter().any(|patterns| patterns.may_find(&lies_at)) {
                    continue;
                }
                if let Some(pattern) = places.iter().find_map(|p| p.wants(&name)) {
                    drifted = Some(Drifted {
                        name,
                        directory: directory.clone(),
                        moved,
                        written: subject.word(step, file),
                        pattern,
                    });
                }
            }
        }
        walk.follow(subject, step, simple);
    }
    findings.extend(drifted.map(Drifted::finding));
}

/// A file that lies where no pattern looks.
#[derive(Debug)]
struct Drifted<'a> {
    name: String,
    directory: String,
    moved: Span,
    written: Span,
    pattern: &'a Spanned<String>,
}

impl Drifted<'_> {
    fn finding(self) -> Finding {
        let place = match self.directory.as_str() {
            ".." => "outside the source".to_owned(),
            directory => format!("to {}", quote(directory)),
        };
        let message = format!(
            "This `cd` lasts, so {} is written {place} where the pattern {} does not look",
            quote(&self.name),
            quote(&self.pattern.value)
        );
        let at_root = quote(&format!("$CODEBUILD_SRC_DIR/{}", self.name));
        let help = match self.directory.as_str() {
            ".." => format!("Write it to {at_root}"),
            directory => {
                let alone = quote(&format!("(cd {directory} && …)"));
                format!("Write it to {at_root}, or keep the `cd` to one command: {alone}")
            }
        };
        Finding::warning("directory.drift", self.moved, message)
            .with_related(self.written, "the file is written here")
            .with_help(help)
    }
}

/// Tells whether a command could bring a file to another place: anything but what is known to leave files alone.
fn could_bring(simple: &Simple<'_>) -> bool {
    const LEAVES_FILES: [&str; 17] = [
        "echo", "printf", "cat", "ls", "cd", "pwd", "docker", "aws", "export", "test", "[", "date",
        "true", "exit", "jq", "set", "git",
    ];
    let goes_up = |word: &Word<'_>| word.raw.contains("../");
    let is_harmless = simple
        .program()
        .is_none_or(|program| LEAVES_FILES.contains(&program));
    !is_harmless
        || simple.words.iter().any(goes_up)
        || simple
            .redirects
            .iter()
            .any(|redirect| goes_up(&redirect.target))
}

/// Returns the patterns of each artifact and of each report.
fn patterns(document: &BuildSpec) -> Vec<Patterns<'_>> {
    let artifacts =
        all_artifacts(document).map(|found| (&found.files, found.base_directory.as_ref()));
    let reports = document.reports.iter();
    let reports = reports.map(|found| (&found.files, found.base_directory.as_ref()));
    let all: Vec<_> = artifacts.chain(reports).collect();
    let count: usize = all.iter().map(|(files, _)| files.len()).sum();
    if count > MOST_PATTERNS || all.len() > MOST_PATTERNS {
        return Vec::new();
    }
    let made = all
        .into_iter()
        .map(|(files, base)| Patterns::of(files, base));
    made.collect()
}

/// Returns the files that a command is told to write.
fn written_files<'a>(simple: &Simple<'a>) -> Vec<Word<'a>> {
    const OPTIONS: [&str; 4] = [
        "--junitxml=",
        "--junit-xml=",
        "--outputFile=",
        "--output-file=",
    ];
    let mut files: Vec<_> = simple
        .redirects
        .iter()
        .filter(|redirect| redirect.operator.contains('>') && redirect.operator != ">&")
        .map(|redirect| redirect.target)
        .collect();
    let arguments = simple.arguments();
    let plain = |word: &&Word<'a>| !word.raw.starts_with('-');
    match simple.program() {
        Some("tee") => files.extend(arguments.iter().filter(plain)),
        Some("zip") => files.extend(arguments.iter().find(plain)),
        Some("tar") => {
            let flags = arguments.first().map_or("", |flags| flags.raw);
            if flags.contains('c') && flags.ends_with('f') && !flags.starts_with("--") {
                files.extend(arguments.get(1));
            }
        }
        _ => {}
    }
    files.extend(arguments.iter().filter_map(|word| {
        let option = OPTIONS
            .iter()
            .find(|option| word.raw.starts_with(**option))?;
        Some(Word {
            raw: word.raw.get(option.len()..)?,
            start: word.start + option.len(),
        })
    }));
    files
}

/// The patterns of one artifact or report, made ready where they say enough.
#[derive(Debug)]
struct Patterns<'a> {
    ready: Vec<(&'a Spanned<String>, GlobMatcher)>,
    /// Whether all of them could be made ready.
    is_complete: bool,
}

impl<'a> Patterns<'a> {
    fn of(files: &'a [Spanned<String>], base: Option<&Spanned<String>>) -> Self {
        let mut ready = Vec::new();
        for pattern in files {
            let from_root = match base {
                Some(base) => format!("{}/{}", base.value.trim_end_matches('/'), pattern.value),
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
            is_complete: ready.len() == files.len(),
            ready,
        }
    }

    /// Tells whether a file may be found; where a pattern is not understood, any may.
    fn may_find(&self, path: &str) -> bool {
        !self.is_complete || self.ready.iter().any(|(_, glob)| glob.is_match(path))
    }

    /// Returns the pattern that takes a path.
    fn wants(&self, path: &str) -> Option<&'a Spanned<String>> {
        let mut patterns = self.ready.iter();
        let found = patterns.find(|(_, glob)| glob.is_match(path));
        found.map(|(pattern, _)| *pattern)
    }
}
