//! From document, request and facts to the plan.

use buildspec::{BuildSpec, Spanned};

use super::environment::unlike_asked;
use super::retry::retry;
use super::{
    ArtifactPlan, CachePlan, CommandPlan, ImagePlan, ImageRuntimes, PhasePlan, Plan, ReportPlan,
    RuntimeError, RuntimePlan, Text, Value, expand, is_name, source_places,
};
use crate::model::{BuildRequest, ImageDeclaration, Phase};

/// Why a document that CodeBuild accepts cannot be run as asked.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlanError {
    /// A runtime selection that the image cannot satisfy.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// An `on-failure: RETRY-…` whose pattern is no regular expression.
    #[error("line {line}: `on-failure` has no regular expression after `RETRY-`: {reason}")]
    Pattern {
        /// The line in the buildspec.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A part of the language that this version does not run; going on would give another result than CodeBuild's.
    #[error("line {line}: {what} is not supported yet; {way_out}")]
    Unsupported {
        /// The line in the buildspec.
        line: usize,
        /// What was found.
        what: String,
        /// What to do instead.
        way_out: String,
    },
}

/// Returns the plan.
///
/// `text` is the buildspec that `document` was read from, `environment` what [`super::environment`] returned, and
/// `image` what is known of its runtimes.
pub fn decide(
    text: &str,
    document: &BuildSpec,
    request: &BuildRequest,
    environment: &[(String, String)],
    image: ImageRuntimes<'_>,
) -> Result<Plan, PlanError> {
    refuse_unsupported(text, document)?;
    let mut values = Vec::new();
    let mut numbers = 1..;
    let (runtimes, selection) = runtimes(document, environment, image)?;
    let mut phases = vec![PhasePlan {
        phase: Phase::DownloadSource,
        commands: selection
            .into_iter()
            .zip(&mut numbers)
            .map(|((text, version), number)| CommandPlan {
                number,
                text,
                line: None,
                version,
            })
            .collect(),
        finally: Vec::new(),
        on_failure: None,
        retry: None,
        // Not the buildspec's commands, but the image's.
        run_as: None,
    }];
    let mut named_phases = Vec::new();
    for phase in Phase::USER {
        let written = written(document, phase);
        let mut commands = |list: &[Spanned<String>]| -> Vec<CommandPlan> {
            list.iter()
                .zip(&mut numbers)
                .map(|(command, number)| CommandPlan {
                    number,
                    text: command.value.clone(),
                    line: Some(command.span.position(text).line),
                    version: None,
                })
                .collect()
        };
        let on_failure = written.and_then(|written| written.on_failure.as_ref());
        let first = written.map_or_else(Vec::new, |written| commands(&written.commands));
        let finally = written.map_or_else(Vec::new, |written| commands(&written.finally));
        phases.push(PhasePlan {
            phase,
            retry: retry(text, on_failure, first.iter().chain(&finally))?,
            commands: first,
            finally,
            on_failure: on_failure.map(|on_failure| on_failure.value.clone()),
            run_as: run_as(document, written),
        });
        if let Some(written) = written {
            named_phases.push((written.name.span.start, phase, written.commands.len()));
        }
    }
    // CodeBuild lists them in any order (reference §5.2); the file's is the one that its reader can foresee.
    named_phases.sort_by_key(|(start, ..)| *start);
    let exported = document
        .env
        .exported_variables
        .iter()
        // Neither `AWS_` names nor references of the project are exportable (reference §2.8); a text that is no name
        // cannot be a variable.
        .filter(|name| is_name(&name.value) && !name.value.starts_with("AWS_"))
        .filter(|name| !request.is_reference(&name.value))
        .map(|name| {
            (
                name.value.clone(),
                ask(&mut values, Value::Variable(name.value.clone())),
            )
        })
        .collect();
    let (cache, early) = decide_cache(document, environment);
    Ok(Plan {
        version: document.version,
        shell: document
            .env
            .shell
            .as_ref()
            .map_or_else(|| "sh".into(), |shell| shell.value.clone()),
        source_directory: source_places(request).primary_directory(),
        runtimes,
        own_version: environment
            .iter()
            .find(|(name, _)| name == "VERSION")
            .map(|(_, value)| value.clone()),
        appends_tools: environment.iter().all(|(name, _)| name != "PATH"),
        phases,
        named_phases: named_phases
            .into_iter()
            .map(|(_, phase, commands)| (phase, commands))
            .collect(),
        exported,
        artifacts: artifacts(document, &mut values),
        reports: reports(document, &mut values),
        discovery: discovery(environment),
        cache,
        early,
        images: request
            .images
            .iter()
            .map(|image| image_plan(image, &mut values))
            .collect(),
        warnings: unlike_asked(document, request),
        values,
    })
}

/// A phase's own user wins over the document's (reference §1.3).
fn run_as(document: &BuildSpec, written: Option<&buildspec::Phase>) -> Option<String> {
    let own = written.and_then(|written| written.run_as.as_ref());
    let user = &own.or(document.run_as.as_ref())?.value;
    (user != "root").then(|| user.clone())
}

fn written(document: &BuildSpec, phase: Phase) -> Option<&buildspec::Phase> {
    match phase {
        Phase::Install => document.phases.install.as_ref(),
        Phase::PreBuild => document.phases.pre_build.as_ref(),
        Phase::Build => document.phases.build.as_ref(),
        Phase::PostBuild => document.phases.post_build.as_ref(),
        _ => None,
    }
}

/// Anything that would silently change the result is refused instead.
fn refuse_unsupported(text: &str, document: &BuildSpec) -> Result<(), PlanError> {
    let refuse = |span: buildspec::Span, what: String, way_out: &str| {
        Err(PlanError::Unsupported {
            line: span.position(text).line,
            what,
            way_out: way_out.into(),
        })
    };
    if let Some(shell) = &document.env.shell
        && document.env.has_windows_shell()
    {
        return refuse(
            shell.span,
            format!("`shell: {}` of a Windows build", shell.value),
            "use `sh` or `bash`, and call PowerShell within a command where the image has it: `pwsh -File build.ps1`",
        );
    }
    // What carries directory and variables from one command to the next is written for a POSIX shell.
    if let Some(shell) = &document.env.shell
        && shell.value == "pwsh"
    {
        return refuse(
            shell.span,
            format!("`shell: {}`", shell.value),
            "use `sh` or `bash`, and call PowerShell within a command: `pwsh -File build.ps1`",
        );
    }
    Ok(())
}

/// A runtime's command and, from a template, its `$VERSION`.
type RuntimeCommand = (String, Option<String>);

fn runtimes(
    document: &BuildSpec,
    environment: &[(String, String)],
    image: ImageRuntimes<'_>,
) -> Result<(RuntimePlan, Vec<RuntimeCommand>), PlanError> {
    let wanted: Vec<(String, String)> =
        document
            .phases
            .install
            .as_ref()
            .map_or_else(Vec::new, |install| {
                install
                    .runtime_versions
                    .iter()
                    .map(|one| {
                        (
                            one.name.value.clone(),
                            expand(&one.value.value, environment),
                        )
                    })
                    .collect()
            });
    let catalogue = match image {
        ImageRuntimes::Catalogue(catalogue) => catalogue,
        ImageRuntimes::None if !wanted.is_empty() => {
            return Ok((RuntimePlan::Unsupported, Vec::new()));
        }
        ImageRuntimes::Unknown if !wanted.is_empty() => {
            return Ok((RuntimePlan::Asked(wanted), Vec::new()));
        }
        ImageRuntimes::None | ImageRuntimes::Unknown => {
            return Ok((RuntimePlan::NotInPlay, Vec::new()));
        }
    };
    if wanted.is_empty() {
        return Ok((RuntimePlan::NoneAsked, Vec::new()));
    }
    let mut chosen = Vec::new();
    let mut commands = Vec::new();
    for selection in catalogue.select(&wanted)? {
        let version = selection.from_template.then(|| selection.version.clone());
        commands.extend(
            selection
                .commands
                .into_iter()
                .map(|text| (text, version.clone())),
        );
        chosen.push((selection.runtime, selection.version));
    }
    Ok((RuntimePlan::Selected(chosen), commands))
}

fn artifacts(document: &BuildSpec, values: &mut Vec<Value>) -> Vec<ArtifactPlan> {
    let Some(primary) = &document.artifacts else {
        return Vec::new();
    };
    let mut plan =
        |identifier: Option<&Spanned<String>>, artifact: &buildspec::Artifacts| ArtifactPlan {
            identifier: identifier.map(|identifier| identifier.value.clone()),
            base_directory: artifact
                .base_directory
                .as_ref()
                .map(|base| text(values, &base.value)),
            files: artifact
                .files
                .iter()
                .map(|file| text(values, &file.value))
                .collect(),
            exclude: artifact
                .exclude_paths
                .iter()
                .map(|glob| text(values, &glob.value))
                .collect(),
            discard_paths: artifact.discard_paths,
            enable_symlinks: artifact.enable_symlinks,
            name: artifact.name.as_ref().map(|name| text(values, &name.value)),
            s3_prefix: artifact
                .s3_prefix
                .as_ref()
                .map(|prefix| text(values, &prefix.value)),
        };
    // Only secondary artifacts: not in the guide, common in practice (reference §1.8).
    let first = (!primary.files.is_empty()).then(|| plan(None, primary));
    let mut all: Vec<ArtifactPlan> = first.into_iter().collect();
    for (identifier, artifact) in &primary.secondary {
        all.push(plan(Some(identifier), artifact));
    }
    all
}

fn reports(document: &BuildSpec, values: &mut Vec<Value>) -> Vec<ReportPlan> {
    document
        .reports
        .iter()
        .map(|report| ReportPlan {
            name: text(values, &report.name.value),
            base_directory: report
                .base_directory
                .as_ref()
                .map(|base| text(values, &base.value)),
            files: report
                .files
                .iter()
                .map(|file| text(values, &file.value))
                .collect(),
            format: report.file_format.value.to_ascii_uppercase(),
        })
        .collect()
}

/// On unless it is turned off, and in the whole source unless a directory is named (reference §3.1, §8.8).
fn discovery(environment: &[(String, String)]) -> Option<String> {
    let value = |wanted: &str| {
        let mut found = environment.iter().filter(|(name, _)| name == wanted);
        found.next().map(|(_, value)| value.as_str())
    };
    let is_off = value("CODEBUILD_CONFIG_AUTO_DISCOVER")
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("false"));
    let directory = value("CODEBUILD_CONFIG_AUTO_DISCOVER_DIR").filter(|value| !value.is_empty());
    (!is_off).then(|| directory.unwrap_or(".").to_owned())
}

fn image_plan(image: &ImageDeclaration, values: &mut Vec<Value>) -> ImagePlan {
    let tags: Vec<Text> = image.tags.iter().map(|tag| text(values, tag)).collect();
    let mut pairs = |pairs: &[(String, String)]| -> Vec<(String, Text)> {
        let pairs = pairs.iter();
        let expanded = pairs.map(|(name, value)| (name.clone(), text(values, value)));
        expanded.collect()
    };
    let (args, labels) = (pairs(&image.args), pairs(&image.labels));
    ImagePlan {
        name: image.name.clone(),
        context: text(values, &image.context),
        dockerfile: text(values, &image.dockerfile),
        repository: text(values, &image.repository),
        args,
        labels,
        target: image.target.as_ref().map(|it| text(values, it)),
        platform: image.platform.as_ref().map(|it| text(values, it)),
        uri: image.uri,
        create: image.create.clone(),
        fail_on: image.fail_on,
        tags: if tags.is_empty() {
            vec![Text::Fixed("latest".into())]
        } else {
            tags
        },
    }
}

/// Returns the part of the plan that is the cache's, with what is asked of the shell for it: it is known before anything
/// is known of the image. `fallback-keys` mean nothing without a `key` (reference §1.9).
pub fn decide_cache(
    document: &BuildSpec,
    environment: &[(String, String)],
) -> (Option<CachePlan>, Vec<Value>) {
    let mut asked = Vec::new();
    let cache = cache_plan(document, environment, &mut asked);
    (cache, asked)
}

fn cache_plan(
    document: &BuildSpec,
    environment: &[(String, String)],
    early: &mut Vec<Value>,
) -> Option<CachePlan> {
    let cache = document.cache.as_ref()?;
    let fallback_keys = cache.fallback_keys.iter().filter(|_| cache.key.is_some());
    Some(CachePlan {
        paths: cache
            .paths
            .iter()
            .map(|path| expand(&path.value, environment))
            .collect(),
        action: cache.action.as_ref().map(|action| action.value),
        key: cache.key.as_ref().map(|key| text(early, &key.value)),
        fallback_keys: fallback_keys.map(|key| text(early, &key.value)).collect(),
    })
}

/// Only a text with something to expand is worth asking the shell about.
fn text(values: &mut Vec<Value>, written: &str) -> Text {
    if written.contains(['$', '`']) {
        Text::Asked(ask(values, Value::Text(written.into())))
    } else {
        Text::Fixed(written.into())
    }
}

fn ask(values: &mut Vec<Value>, value: Value) -> usize {
    values.push(value);
    values.len() - 1
}
