//! What a build would do, without doing it.

use indexmap::IndexMap;
use serde::Serialize;
use uuid::Uuid;

use super::download::unplannable;
use super::phase_end::PhaseEnd;
use super::read_buildspec::{name, read_buildspec, refuse};
use super::resolve::references;
use super::variables::Variables;
use crate::model::{
    BuildId, BuildRequest, BuildspecPlace, PhaseContext, Reference, Source, StatusCode,
};
use crate::plan::{self, BuildFacts, ImageRuntimes, Plan};
use crate::workspace::Tree;

/// Variables that differ from build to build.
const SET_AT_START: [&str; 6] = [
    "CODEBUILD_BUILD_ARN",
    "CODEBUILD_BUILD_ID",
    "CODEBUILD_BUILD_NUMBER",
    "CODEBUILD_BUILD_URL",
    "CODEBUILD_LOG_PATH",
    "CODEBUILD_START_TIME",
];

/// A build as it is decided before it starts, plain data to print.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// The project's name.
    pub project: String,
    /// The image's name.
    pub image: String,
    /// Where the buildspec lies in the build.
    pub buildspec: String,
    /// The buildspec as it was understood, in its canonical form.
    pub understood: String,
    /// Name and value of every variable that is known by now; `***` for what may be a secret.
    pub environment: IndexMap<String, String>,
    /// The variables that would be resolved in AWS.
    pub references: Vec<Reference>,
    /// What was decided.
    pub plan: Plan,
    /// The findings as a page for people; empty when there are none.
    #[serde(skip)]
    pub findings: String,
}

/// Decides what a build of `request` would do. The source is read where it lies; no engine is asked, so that
/// runtimes are those that the buildspec asks for.
pub async fn preview(request: &BuildRequest) -> Result<Preview, PhaseContext> {
    decided(request).await.map_err(|end| {
        let mut contexts = end.contexts.into_iter();
        let nameless = || PhaseContext::new(StatusCode::InternalError, "nothing could be decided");
        contexts.next().unwrap_or_else(nameless)
    })
}

async fn decided(request: &BuildRequest) -> Result<Preview, PhaseEnd> {
    let (text, reading) = match &request.source {
        Source::Directory(directory) => {
            let tree = Tree::open(directory).map_err(|error| unreadable(request, &error))?;
            read_buildspec(request, &tree).await?
        }
        other => {
            if let BuildspecPlace::InSource { path, .. } = &request.buildspec {
                let message = format!("`{path}` lies in {}", other.location());
                let context = PhaseContext::new(StatusCode::YamlFileError, message);
                return Err(PhaseEnd::failed(context.with_help(
                    "a plan fetches no source: give the buildspec with `-b -`, or a directory",
                )));
            }
            // Nothing is read from it.
            let empty = tempfile::tempdir().map_err(|error| unreadable(request, &error))?;
            let tree = Tree::open(empty.path()).map_err(|error| unreadable(request, &error))?;
            read_buildspec(request, &tree).await?
        }
    };
    refuse(request, &text, &reading)?;
    let facts = BuildFacts {
        id: BuildId {
            project: request.project.clone(),
            uuid: Uuid::nil(),
        },
        number: 0,
        start_millis: 0,
        sources: Vec::new(),
    };
    let references = references(&reading.document, request)?;
    let names = references.wanted.iter().map(|one| one.name.clone());
    let resolved: Vec<_> = names.map(|name| (name, "***".to_owned())).collect();
    let environment = plan::environment(&reading.document, request, &resolved, &facts);
    // Before anything is decided: what is expanded into the plan must not show a secret either.
    let kept = references.names();
    let environment = Variables::new(environment, &kept, request).hidden();
    let plan = plan::decide(
        &text,
        &reading.document,
        request,
        &environment,
        ImageRuntimes::Unknown,
    )
    .map_err(|error| unplannable(&error))?;
    let known = environment.into_iter();
    let shown = known.filter(|(name, _)| !SET_AT_START.contains(&name.as_str()));
    Ok(Preview {
        project: request.project.clone(),
        image: request.image.clone(),
        buildspec: plan::buildspec_location(request),
        understood: buildspec::print(&reading.document),
        environment: shown.collect(),
        references: references.wanted,
        plan,
        findings: buildspec::render(
            &text,
            name(request),
            &reading.findings,
            buildspec::Style::Plain,
        ),
    })
}

fn unreadable(request: &BuildRequest, error: &std::io::Error) -> PhaseEnd {
    let location = request.source.location();
    PhaseEnd::fault(
        format!("failed to open `{location}`: {error}"),
        "give a directory that you can read",
    )
}
