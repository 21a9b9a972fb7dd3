//! The buildspec: found, read, and its findings told, in CodeBuild's words where the reference knows them (§2.9).

use std::path::Path;

use buildspec::{Facts, Reading, Severity, Style};

use super::phase_end::PhaseEnd;
use super::teller::Teller;
use crate::model::{
    BuildRequest, BuildspecPlace, EventKind, Phase, PhaseContext, S3Source, StatusCode,
};
use crate::plan;
use crate::source;
use crate::workspace::{Tree, normal};

/// A buildspec is text that people write; reference §14 knows no limit, and this is far beyond any.
const BUILDSPEC_LIMIT: u64 = 4 * 1024 * 1024;

/// Reads the buildspec and checks it.
pub(super) async fn read_buildspec(
    request: &BuildRequest,
    tree: &Tree,
) -> Result<(String, Reading), PhaseEnd> {
    let (text, reading) = read(request, tree).await?;
    let facts = Facts {
        image: Some(request.image.clone()),
        variables: request.variables.iter().map(|v| v.name.clone()).collect(),
        ..Facts::default()
    };
    let reading = reading.checked(&text, &facts);
    Ok((text, reading))
}

async fn read(request: &BuildRequest, tree: &Tree) -> Result<(String, Reading), PhaseEnd> {
    let (path, explicit) = match &request.buildspec {
        BuildspecPlace::Inline(text) => return Ok((text.clone(), buildspec::read(text))),
        BuildspecPlace::S3(place) => return fetched(place, &request.owner.region).await,
        BuildspecPlace::InSource { path, explicit } => (path, *explicit),
    };
    let missing = || {
        // The two messages are CodeBuild's (reference §2.9).
        let message = if explicit {
            let location = plan::buildspec_location(request);
            format!("stat {location}: no such file or directory")
        } else {
            "YAML file does not exist".to_owned()
        };
        PhaseEnd::failed(yaml_error(message).with_help(format!(
            "no `{path}` in {}: give the buildspec with `-b PATH`, relative to the source (files that git ignores are not taken)",
            request.source.location()
        )))
    };
    let inside = normal(Path::new(path)).ok_or_else(missing)?;
    match tree.read(&inside, BUILDSPEC_LIMIT) {
        Ok(bytes) => Ok(buildspec::read_bytes(&bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(missing()),
        Err(error) => Err(PhaseEnd::failed(
            yaml_error(format!("failed to read `{path}`: {error}"))
                .with_help("give a readable file within the source with `-b PATH`"),
        )),
    }
}

async fn fetched(place: &S3Source, region: &str) -> Result<(String, Reading), PhaseEnd> {
    let object = Box::pin(source::read_object(place, region, BUILDSPEC_LIMIT)).await;
    let bytes = object
        .map_err(|error| PhaseEnd::failed(yaml_error(error.to_string()).with_help(error.help())))?;
    Ok(buildspec::read_bytes(&bytes))
}

/// Tells what was found, and ends the phase when that makes the buildspec unusable.
pub(super) fn tell_findings(
    request: &BuildRequest,
    text: &str,
    reading: &Reading,
    teller: &mut Teller<'_>,
) -> Result<(), PhaseEnd> {
    if reading.findings.is_empty() {
        return Ok(());
    }
    let name = name(request);
    let errors = reading.findings.iter();
    let errors = errors.filter(|finding| finding.severity == Severity::Error);
    let errors = errors.count();
    teller.tell(EventKind::BuildspecFindings {
        // What keeps the build from running is shown in full; the rest must not bury the build's own output.
        text: if errors > 0 {
            buildspec::render(text, name, &reading.findings, Style::Plain)
        } else {
            brief(text, name, reading)
        },
        errors,
    });
    refuse(request, text, reading)
}

/// Returns a line for each finding, and where there is more.
fn brief(text: &str, name: &str, reading: &Reading) -> String {
    let mut lines: Vec<String> = reading
        .findings
        .iter()
        .take(MOST_LINES)
        .map(|finding| {
            let place = finding.span.position(text);
            let (line, column) = (place.line, place.column);
            let severity = finding.severity.name();
            format!(
                "{severity}: {name}:{line}:{column}: {} [{}]",
                finding.message, finding.code
            )
        })
        .collect();
    let more = reading.findings.len().saturating_sub(MOST_LINES);
    let and_more = if more > 0 {
        format!("{more} more; ")
    } else {
        String::new()
    };
    lines.push(format!(
        "  help: {and_more}`understudy check` shows each with its way out"
    ));
    lines.join("\n")
}

/// Returns the name that messages give the buildspec.
pub(super) fn name(request: &BuildRequest) -> &str {
    match &request.buildspec {
        BuildspecPlace::Inline(_) | BuildspecPlace::S3(_) => "buildspec",
        BuildspecPlace::InSource { path, .. } => path,
    }
}

/// Returns the first error as the end of the phase, if there is one.
pub(super) fn refuse(
    request: &BuildRequest,
    text: &str,
    reading: &Reading,
) -> Result<(), PhaseEnd> {
    let name = name(request);
    let mut findings = reading.findings.iter();
    let Some(first) = findings.find(|finding| finding.severity == Severity::Error) else {
        return Ok(());
    };
    let place = first.span.position(text);
    let message = match &first.status {
        Some(client) => client.message.clone(),
        None => first.message.clone(),
    };
    let mut help = format!("{name}:{}:{}: {}", place.line, place.column, first.message);
    if let Some(more) = &first.help {
        help = format!("{help}; {more}");
    }
    Err(PhaseEnd::failed(yaml_error(message).with_help(help)))
}

/// The most findings that a build names before it starts.
const MOST_LINES: usize = 10;

pub(super) fn empty_phases(reading: &Reading) -> Vec<Phase> {
    let phases = &reading.document.phases;
    Phase::USER
        .into_iter()
        .zip([
            &phases.install,
            &phases.pre_build,
            &phases.build,
            &phases.post_build,
        ])
        .filter(|(_, written)| {
            written
                .as_ref()
                .is_some_and(|written| written.commands.is_empty())
        })
        .map(|(phase, _)| phase)
        .collect()
}

pub(super) fn yaml_error(message: impl Into<String>) -> PhaseContext {
    PhaseContext::new(StatusCode::YamlFileError, message)
}
