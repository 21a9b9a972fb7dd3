//! `batch` (reference §1.10, §9).

use std::collections::{BTreeMap, BTreeSet};

use super::subject::{Subject, phases};
use crate::document::{BatchBuild, BatchBuilds};
use crate::finding::{Finding, Findings, Severity};
use crate::quote::quote;
use crate::suggest::nearest;

/// Returns the builds of a list or a graph.
fn builds<'a>(subject: &Subject<'a>) -> &'a [BatchBuild] {
    match subject
        .document
        .batch
        .as_ref()
        .and_then(|batch| batch.builds.as_ref())
    {
        Some(BatchBuilds::List(builds) | BatchBuilds::Graph(builds)) => builds,
        _ => &[],
    }
}

fn is_graph(subject: &Subject<'_>) -> bool {
    matches!(
        subject
            .document
            .batch
            .as_ref()
            .and_then(|batch| batch.builds.as_ref()),
        Some(BatchBuilds::Graph(_))
    )
}

/// A build without an identifier.
pub(super) fn no_identifier(subject: &Subject<'_>, findings: &mut Findings) {
    for build in builds(subject) {
        if build.identifier.is_none() {
            findings.push(
                Finding::warning(
                    "batch.no-identifier",
                    build.span,
                    "This build of the batch has no `identifier`",
                )
                .with_help("Add `identifier:` with a name of its own"),
            );
        }
    }
}

/// Two builds of the same name.
pub(super) fn duplicate_identifier(subject: &Subject<'_>, findings: &mut Findings) {
    let mut known = BTreeMap::new();
    for identifier in builds(subject)
        .iter()
        .filter_map(|build| build.identifier.as_ref())
    {
        if let Some(first) = known.insert(identifier.value.as_str(), identifier.span) {
            findings.push(
                Finding::warning(
                    "batch.duplicate-identifier",
                    identifier.span,
                    format!("The identifier {} is given twice", quote(&identifier.value)),
                )
                .with_related(first, "first given here")
                .with_help("Give each build of the batch a name of its own"),
            );
        }
    }
}

/// A dependency on a build that does not exist.
pub(super) fn unknown_dependency(subject: &Subject<'_>, findings: &mut Findings) {
    if !is_graph(subject) {
        return;
    }
    let identifiers = builds(subject)
        .iter()
        .filter_map(|build| build.identifier.as_ref());
    let known: BTreeSet<&str> = identifiers
        .map(|identifier| identifier.value.as_str())
        .collect();
    for dependency in builds(subject).iter().flat_map(|build| &build.depend_on) {
        if known.contains(dependency.value.as_str()) || findings.is_full(Severity::Warning) {
            continue;
        }
        let message = format!(
            "No build of the batch is called {}",
            quote(&dependency.value)
        );
        let finding = Finding::warning("batch.unknown-dependency", dependency.span, message);
        findings.push(match nearest(&dependency.value, known.iter().copied()) {
            Some(meant) => finding.with_help(format!("Did you mean `{meant}`?")),
            None => finding.with_help("Name the `identifier` of another build"),
        });
    }
}

/// Builds that wait for each other.
pub(super) fn cycle(subject: &Subject<'_>, findings: &mut Findings) {
    if !is_graph(subject) {
        return;
    }
    // Builds are taken out once all that they depend on is out; what stays behind waits in a circle, or
    // for one.
    let mut waiting: BTreeMap<&str, (&BatchBuild, usize)> = BTreeMap::new();
    let mut awaited: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for build in builds(subject) {
        if let Some(identifier) = &build.identifier {
            waiting.insert(&identifier.value, (build, 0));
        }
    }
    for build in builds(subject) {
        let Some(identifier) = &build.identifier else {
            continue;
        };
        for dependency in &build.depend_on {
            if waiting.contains_key(dependency.value.as_str()) {
                awaited
                    .entry(&dependency.value)
                    .or_default()
                    .push(&identifier.value);
                if let Some((_, count)) = waiting.get_mut(identifier.value.as_str()) {
                    *count += 1;
                }
            }
        }
    }
    let mut free: Vec<&str> = waiting
        .iter()
        .filter(|(_, (_, count))| *count == 0)
        .map(|(name, _)| *name)
        .collect();
    while let Some(name) = free.pop() {
        waiting.remove(name);
        for next in awaited.remove(name).unwrap_or_default() {
            if let Some((_, count)) = waiting.get_mut(next) {
                *count -= 1;
                if *count == 0 {
                    free.push(next);
                }
            }
        }
    }
    let Some(circle) = circle(&waiting) else {
        return;
    };
    let Some((first, _)) = circle.first().and_then(|name| waiting.get(name)) else {
        return;
    };
    let next = circle.get(1).or(circle.first()).copied();
    let mut dependencies = first.depend_on.iter();
    let link = dependencies.find(|dependency| Some(dependency.value.as_str()) == next);
    let span = link.map_or(first.span, |dependency| dependency.span);
    let names: Vec<_> = circle.iter().take(6).map(|name| quote(name)).collect();
    findings.push(
        Finding::warning(
            "batch.cycle",
            span,
            match names.as_slice() {
                [alone] => format!("The build {alone} waits for itself"),
                _ => format!("These builds wait for each other: {}", names.join(" → ")),
            },
        )
        .with_help("Take one `depend-on` out of the circle"),
    );
}

/// Returns the names along one circle of builds that wait.
fn circle<'a>(waiting: &BTreeMap<&'a str, (&'a BatchBuild, usize)>) -> Option<Vec<&'a str>> {
    let mut path: Vec<&str> = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut name = *waiting.keys().next()?;
    loop {
        if let Some(at) = seen.insert(name, path.len()) {
            return Some(path.get(at..)?.to_vec());
        }
        path.push(name);
        let (build, _) = waiting.get(name)?;
        let mut dependencies = build.depend_on.iter();
        name = dependencies
            .find(|dependency| waiting.contains_key(dependency.value.as_str()))?
            .value
            .as_str();
    }
}

/// `depend-on` where nothing depends on anything.
pub(super) fn dependency_outside_graph(subject: &Subject<'_>, findings: &mut Findings) {
    if is_graph(subject) {
        return;
    }
    for build in builds(subject) {
        if let Some(first) = build.depend_on.first() {
            findings.push(
                Finding::warning(
                    "batch.dependency-outside-graph",
                    first.span,
                    "`depend-on` does nothing in `build-list`, whose builds run all at once",
                )
                .with_help("Write `build-graph` instead of `build-list`"),
            );
        }
    }
}

/// A build without a buildspec of its own, in a buildspec without phases (§1.3).
pub(super) fn no_phases(subject: &Subject<'_>, findings: &mut Findings) {
    if phases(subject.document).next().is_some() {
        return;
    }
    for build in builds(subject) {
        if build.buildspec.is_none() {
            findings.push(
                Finding::warning(
                    "batch.no-phases",
                    build
                        .identifier
                        .as_ref()
                        .map_or(build.span, |name| name.span),
                    "This build runs this buildspec, which has no phases",
                )
                .with_help("Add `buildspec:` to it, or `phases:` to this file"),
            );
            return;
        }
    }
}

/// A fleet and a compute type, which exclude each other.
pub(super) fn fleet_and_compute_type(subject: &Subject<'_>, findings: &mut Findings) {
    for build in builds(subject) {
        if let (Some(fleet), Some(compute)) = (&build.env.fleet, &build.env.compute_type) {
            findings.push(
                Finding::warning(
                    "batch.fleet-and-compute-type",
                    fleet.span,
                    "A build has a `fleet` or a `compute-type`, not both",
                )
                .with_related(compute.span, "the compute type is here")
                .with_help("Delete one of them"),
            );
        }
    }
}

/// A batch that names no builds.
pub(super) fn no_builds(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(batch) = &subject.document.batch else {
        return;
    };
    let (span, what) = match &batch.builds {
        None => (batch.span, "The batch names no builds"),
        Some(BatchBuilds::List(builds) | BatchBuilds::Graph(builds)) if builds.is_empty() => {
            (batch.span, "The batch has no builds")
        }
        Some(BatchBuilds::Matrix(matrix))
            if matrix.buildspecs.is_empty()
                && matrix.compute_types.is_empty()
                && matrix.images.is_empty()
                && matrix.variables.is_empty() =>
        {
            (
                batch.span,
                "The matrix has no `dynamic` axis, so there is nothing to combine",
            )
        }
        Some(_) => return,
    };
    findings.push(Finding::warning("batch.no-builds", span, what).with_help(
        "Add builds below `build-list`, `build-graph`, `build-matrix` or `build-fanout`",
    ));
}
