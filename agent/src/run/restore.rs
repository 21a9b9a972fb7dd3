//! The cache before the container is made: its names where they are certain, its directories, and the entry that lies over
//! the source.

use buildspec::BuildSpec;

use super::blocking::blocking;
use super::download::Creating;
use super::hash_files::hash_files;
use super::phase_end::PhaseEnd;
use super::provision::Provisioned;
use super::teller::Teller;
use super::values::Values;
use super::variables::Variables;
use super::workspace::Workspace;
use super::{Build, cache, keep};
use crate::engine::ContainerEngine;
use crate::model::WorkspaceKind;
use crate::plan::{self, CachePaths, CachePlan};
use crate::workspace::Tree;

/// A cache that is prepared.
pub(super) struct Prepared {
    /// What it keeps.
    pub(super) paths: CachePaths,
    /// What is certain of what would be asked of the shell; `None` where the shell must be asked.
    pub(super) early: Option<Values>,
    /// What lies over the source.
    pub(super) laid: Laid,
}

/// Prepares the cache of a document; `source` is the source as it is below the workspace.
pub(super) async fn prepare<'a, E: ContainerEngine>(
    build: &Build,
    provisioned: &Provisioned,
    (document, variables): (&BuildSpec, &Variables),
    (workspace, source): (&mut Workspace, Tree),
    (engine, creating): (&'a E, &mut Option<Creating<'a>>),
    teller: &mut Teller<'_>,
) -> Result<Prepared, PhaseEnd> {
    let (cache, asked) = plan::decide_cache(document, variables.all());
    let early = certain(&asked, document, variables, source).await?;
    let directory = plan::source_places(&build.request).primary_directory();
    let paths = cache::paths(cache.as_ref(), &directory);
    let outside = (paths.outside.as_slice(), workspace.kind());
    let kept = keep::make(build, provisioned, outside, engine, creating, teller);
    workspace.keep(Box::pin(kept).await?);
    let laid = lay(build, cache.as_ref(), early.as_ref(), &paths, workspace).await?;
    Ok(Prepared { paths, early, laid })
}

/// What lies over the source before the container is made.
pub(super) enum Laid {
    /// Nothing, and nothing will.
    Nothing(cache::Restoring),
    /// Nothing yet: the cache is copied, or the shell has a say in its key.
    Later,
    /// A cache entry, which is being looked at.
    Entry(Box<cache::Checking>),
}

/// Answers what would be asked of the shell before INSTALL, where that is certain; `None` where the shell must be asked.
async fn certain(
    asked: &[plan::Value],
    document: &BuildSpec,
    variables: &Variables,
    source: Tree,
) -> Result<Option<Values>, PhaseEnd> {
    // The image's own commands come before, and may do anything.
    let has_runtimes = document
        .phases
        .install
        .as_ref()
        .is_some_and(|install| !install.runtime_versions.is_empty());
    if asked.is_empty() {
        return Ok(Some(Values::default()));
    }
    if has_runtimes {
        return Ok(None);
    }
    let (asked, known) = (asked.to_vec(), variables.all().to_vec());
    let answers = blocking(move |_abandoned| {
        let hash = |globs: &[String]| hash_files(&source, globs);
        let answer = |value: &plan::Value| match value {
            plan::Value::Text(text) => plan::certain(text, &known, &hash),
            plan::Value::Variable(_) => None,
        };
        asked.iter().map(answer).collect::<Option<Vec<String>>>()
    });
    let answers = answers
        .await
        .map_err(|error| PhaseEnd::fault(error.to_string(), "report this as a bug"))?;
    Ok(answers.map(Values::known))
}

/// Lays the cache over the source where the workspace is layers and its key is known.
async fn lay(
    build: &Build,
    cache: Option<&CachePlan>,
    early: Option<&Values>,
    paths: &CachePaths,
    workspace: &mut Workspace,
) -> Result<Laid, PhaseEnd> {
    let Some(early) = early.filter(|_| workspace.kind() == WorkspaceKind::Layers) else {
        return Ok(Laid::Later);
    };
    match cache::lease(build, cache, paths, early).await {
        Ok(stock) => Ok(match workspace.take(stock) {
            Ok(stock) => Laid::Entry(stock.check().into()),
            Err(restoring) => Laid::Nothing(restoring),
        }),
        Err(restoring) => Ok(Laid::Nothing(restoring)),
    }
}

/// Waits until the entry over the source was looked at; replaces one that is not what it should be. Returns whether the
/// layers have changed.
pub(super) async fn checked(
    checking: cache::Checking,
    workspace: &mut Workspace,
) -> Result<(cache::Restoring, bool), PhaseEnd> {
    let mut checking = checking;
    let mut changed = false;
    loop {
        let next = match checking.end().await {
            cache::Checked::Whole(restoring) => return Ok((restoring, changed)),
            cache::Checked::Damaged(next) => next,
        };
        changed = true;
        workspace.lift();
        checking = match *next {
            Ok(stock) => match workspace.take(stock) {
                Ok(stock) => stock.check(),
                Err(restoring) => return Ok((restoring, changed)),
            },
            Err(restoring) => return Ok((restoring, changed)),
        };
    }
}
