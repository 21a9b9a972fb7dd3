//! From what was typed, the project file and the settings to one request.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf, absolute};
use std::time::Duration;

use super::args::{BuildArgs, Docker, Power, Workspace};
use super::artifacts::places;
use super::cache_place::{cache_access, cache_place};
use super::compute::limits;
use super::exit::CliError;
use super::project_source::of_project;
use super::source::{Sources, s3, sources};
use super::variables::variables;
use crate::config::Settings;
use crate::model::{
    BuildRequest, BuildspecPlace, DockerAccess, DockerPower, ImageCache, ImageDeclaration,
    LentCredentials, NO_ACCOUNT, Owner, RequestVariable, Source, SourceFiles, WorkspaceKind,
};
use crate::plan;
use crate::project::{self, ImageFinding, Project, ProjectError};

/// CodeBuild's default (reference §2.10).
const DEFAULT_TIMEOUT_MINUTES: f64 = 60.0;
/// CodeBuild's longest; far below what a timer can hold.
const LONGEST_TIMEOUT_MINUTES: f64 = 2160.0;
/// Files that people write by hand.
const TEXT_LIMIT: u64 = 4 * 1024 * 1024;

/// What `run` needs beside the request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) request: BuildRequest,
    /// What the caller should know before the build starts: message and next step.
    pub(super) warnings: Vec<(String, String)>,
}

/// Puts the request together; flags win over the project.
pub(super) fn request(args: &BuildArgs, settings: &Settings) -> Result<Asked, CliError> {
    let project = match &args.project {
        None => Project::default(),
        Some(path) => read_project(path, args.project_name.as_deref())?,
    };
    let unheeded = unheeded(&project, args);
    let mut warnings: Vec<(String, String)> = unheeded.into_iter().collect();
    let named = args.source.project_source.then(|| of_project(&project));
    let Sources { primary, secondary } = sources(&args.source, named.transpose()?)?;
    let buildspec = buildspec(args, &project)?;
    if let (Source::None, BuildspecPlace::InSource { path, .. }) = (&primary, &buildspec) {
        return Err(CliError::unusable(
            format!("without a source there is no `{path}`"),
            "give the buildspec itself: `-b -` and standard input, or text in the project",
        ));
    }
    let image = args
        .image
        .clone()
        .or_else(|| project.environment.image.clone())
        .ok_or_else(|| {
            CliError::unusable(
                "no build image is given",
                "name one with `-i IMAGE`, or a CodeBuild project with `-p FILE`",
            )
        })?;
    let privileged = args.privileged || project.environment.privileged_mode;
    let docker = match args.docker {
        Some(Docker::Host) => DockerAccess::Host,
        Some(Docker::Nested) => DockerAccess::Nested,
        Some(Docker::None) => {
            if privileged {
                warnings.push((
                    "the build is privileged, and `--docker none` leaves it without privileges and Docker".to_owned(),
                    "give it an engine of its own with `--docker nested`".to_owned(),
                ));
            }
            DockerAccess::None
        }
        None if privileged => DockerAccess::Nested,
        None => DockerAccess::None,
    };
    let name = project_name(&project, &primary)?;
    let given = variables(args, &project)?;
    let initiator = initiator(&given, &project, settings);
    let artifacts = places(&args.artifacts, &project, &name)?;
    let cache = cache_place(args.cache.as_deref(), &project.cache, settings)?;
    let request = BuildRequest {
        // Two directories of the same name are two projects, unless somebody says that they are one.
        cache_scope: match &project.name {
            Some(name) => name.clone(),
            None => format!("{name}@{}", plan::fingerprint(&primary.location())),
        },
        project: name,
        source_files: if args.include_ignored {
            SourceFiles::All
        } else {
            SourceFiles::Tracked
        },
        buildspec,
        image,
        registry_credential: project
            .environment
            .registry_credential
            .as_ref()
            .map(|named| named.credential.clone()),
        compute_type: project
            .environment
            .compute_type
            .clone()
            .unwrap_or_else(|| "BUILD_GENERAL1_SMALL".into()),
        limits: limits(args, &project)?,
        docker,
        docker_cache: docker_cache(args, docker)?,
        docker_allow: args.docker_allow.iter().copied().map(power).collect(),
        artifacts,
        reports: Some(reports(args, settings)?),
        cache_namespace: project.cache.cache_namespace.clone(),
        cache: cache.local,
        cache_bucket: cache.bucket,
        cache_access: cache_access(args, &primary, &given),
        workspace: args.workspace.map(workspace),
        timeout: timeout(args, &project)?,
        debug: false,
        credentials: credentials(args)?,
        images: images(args, &project)?,
        image_definitions: args.image_definitions.clone(),
        image_cache: image_cache(args),
        owner: Owner {
            region: project.region().unwrap_or(&settings.region).to_owned(),
            account: project.account().unwrap_or(NO_ACCOUNT).to_owned(),
        },
        encryption_key: project.encryption_key.clone(),
        public_alias: project.public_alias().map(str::to_owned),
        initiator,
        variables: given,
        source: primary,
        secondary_sources: secondary,
    };
    Ok(Asked { request, warnings })
}

fn images(args: &BuildArgs, project: &Project) -> Result<Vec<ImageDeclaration>, CliError> {
    let refused = |finding: ImageFinding| {
        CliError::unusable(format!("--image-build: {}", finding.message), finding.help)
    };
    let typed = args.image_build.iter();
    let typed: Result<_, _> = typed.map(|text| project::image_flag(text)).collect();
    typed
        .and_then(|typed| project::with_images(&project.images, typed))
        .map_err(refused)
}

fn image_cache(args: &BuildArgs) -> ImageCache {
    if args.no_image_cache {
        ImageCache::Off
    } else {
        ImageCache::On
    }
}

fn reports(args: &BuildArgs, settings: &Settings) -> Result<PathBuf, CliError> {
    match &args.reports {
        Some(path) => directory(path),
        None => Ok(settings.reports()),
    }
}

/// Layers can only be kept of an engine that ends with its build.
fn docker_cache(args: &BuildArgs, docker: DockerAccess) -> Result<bool, CliError> {
    if args.docker_cache && docker != DockerAccess::Nested {
        return Err(CliError::unusable(
            "`--docker-cache` keeps the layers of an engine of the build's own, and the build has none",
            "give it one with `--docker nested`; this machine's engine keeps its layers by itself",
        ));
    }
    Ok(args.docker_cache)
}

fn credentials(args: &BuildArgs) -> Result<LentCredentials, CliError> {
    match &args.role_arn {
        None if args.aws => Ok(LentCredentials::Callers),
        None => Ok(LentCredentials::None),
        Some(role) if role.starts_with("arn:") && role.contains(":role/") => {
            Ok(LentCredentials::Role(role.clone()))
        }
        Some(role) => Err(CliError::unusable(
            format!("--role-arn: `{role}` is not a role's ARN"),
            "write `--role-arn arn:aws:iam::ACCOUNT:role/NAME`",
        )),
    }
}

fn workspace(asked: Workspace) -> WorkspaceKind {
    match asked {
        Workspace::Layers => WorkspaceKind::Layers,
        Workspace::Copy => WorkspaceKind::Copy,
    }
}

fn power(power: Power) -> DockerPower {
    match power {
        Power::Privileged => DockerPower::Privileged,
        Power::HostPaths => DockerPower::HostPaths,
        Power::HostNamespaces => DockerPower::HostNamespaces,
        Power::Engine => DockerPower::Engine,
    }
}

/// Reads the project of a file, the one called `name` where there are several.
pub(super) fn read_project(path: &Path, name: Option<&str>) -> Result<Project, CliError> {
    let text = read_text(path).map_err(|error| {
        CliError::unusable(
            format!("project file `{}` cannot be read: {error}", path.display()),
            "give a file that `aws codebuild create-project --cli-input-yaml` would take",
        )
    })?;
    project::parse(&text, name).map_err(|error| {
        if let ProjectError::Images(findings) = &error {
            return CliError::unusable(placed(path, findings), error.help());
        }
        CliError::unusable(
            format!("project file `{}`: {error}", path.display()),
            error.help(),
        )
    })
}

/// Returns findings with their places, one a line; what to do follows each but the first, whose help the error has.
fn placed(path: &Path, findings: &[ImageFinding]) -> String {
    let mut lines = Vec::new();
    for (index, finding) in findings.iter().enumerate() {
        let (line, column) = finding.place.unwrap_or((1, 1));
        let help = if index == 0 {
            String::new()
        } else {
            format!(" ({})", finding.help)
        };
        lines.push(format!(
            "{}:{line}:{column}: {}{help}",
            path.display(),
            finding.message
        ));
    }
    lines.join("\n")
}

/// Returns what the caller should know of the fields that are not heeded, if there are any.
fn unheeded(project: &Project, args: &BuildArgs) -> Option<(String, String)> {
    let of_source = |field: &&String| field.to_lowercase().contains("source");
    let of_artifacts = |field: &&String| field.to_lowercase().contains("artifacts");
    let fields: Vec<&str> = project
        .unheeded
        .iter()
        .filter(|field| !(args.source.project_source && of_source(field)))
        // Who says where artifacts go knows where they do not.
        .filter(|field| args.artifacts.is_empty() || !of_artifacts(field))
        .map(String::as_str)
        .collect();
    let help = if project.unheeded.iter().any(|field| of_source(&field)) {
        "the build runs without it; `--project-source` takes the project's sources, `understudy plan` shows what is done"
    } else if fields
        .iter()
        .any(|field| of_artifacts(&&(*field).to_owned()))
    {
        "artifacts stay on this machine; `--artifacts project` brings them where the project says"
    } else {
        "the build runs without it; `understudy plan` shows what it does"
    };
    (!fields.is_empty()).then(|| {
        (
            format!("the project's {} is not heeded here", fields.join(", ")),
            help.to_owned(),
        )
    })
}

/// Who asks: whom the caller names in place of the service, else who started the build that is run again, else the
/// caller.
fn initiator(given: &[RequestVariable], project: &Project, settings: &Settings) -> String {
    let named = given
        .iter()
        .rfind(|variable| variable.name == "CODEBUILD_INITIATOR");
    let named = named.map(|variable| &variable.value);
    let known = named.or(project.initiator.as_ref());
    known.unwrap_or(&settings.user).clone()
}

fn buildspec(args: &BuildArgs, project: &Project) -> Result<BuildspecPlace, CliError> {
    let given = match args.buildspec.as_deref() {
        Some("-") => {
            let mut text = String::new();
            let read = std::io::stdin().take(TEXT_LIMIT).read_to_string(&mut text);
            read.map_err(|error| {
                CliError::unusable(
                    format!("the buildspec on standard input cannot be read: {error}"),
                    "give UTF-8 text, or a path with `-b PATH`",
                )
            })?;
            return Ok(BuildspecPlace::Inline(text));
        }
        Some(path) => Some(path),
        None => project
            .source
            .buildspec
            .as_deref()
            .filter(|text| !text.is_empty()),
    };
    Ok(match given {
        None => BuildspecPlace::InSource {
            path: "buildspec.yml".into(),
            explicit: false,
        },
        // Several lines, or a mapping, are the buildspec itself (reference §1.1).
        Some(text) if text.contains('\n') || text.trim_start().starts_with('{') => {
            BuildspecPlace::Inline(text.to_owned())
        }
        Some(text) if text.starts_with("arn:") => match s3(text).transpose()? {
            Some(place) if !place.is_folder() => BuildspecPlace::S3(place),
            _ => {
                return Err(CliError::unusable(
                    format!("`{text}` is no buildspec"),
                    "name an object in S3, `arn:aws:s3:::bucket/key`",
                ));
            }
        },
        Some(path) => BuildspecPlace::InSource {
            path: path.strip_prefix("./").unwrap_or(path).to_owned(),
            explicit: true,
        },
    })
}

fn project_name(project: &Project, source: &Source) -> Result<String, CliError> {
    let name = match &project.name {
        Some(name) => name.clone(),
        None => own_name(source)
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
                    c
                } else {
                    '-'
                }
            })
            .collect::<String>()
            .trim_start_matches(['-', '_'])
            .to_owned(),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    // Reference §12.3, the wider of the two limits; a name also becomes a directory's name.
    if name.is_empty() && project.name.is_none() {
        return Ok("build".into());
    }
    if name.is_empty()
        || name.len() > 255
        || !name.chars().all(plain)
        || name.starts_with(['-', '_'])
    {
        return Err(CliError::unusable(
            format!("`{name}` is not a project's name"),
            "use letters, digits, dash and underscore, beginning with a letter or digit",
        ));
    }
    Ok(name)
}

/// Returns the name that a source has of its own.
fn own_name(source: &Source) -> String {
    let path = match source {
        Source::Directory(path) => return last_part(path),
        Source::Archive(path) => path.with_extension(""),
        Source::Git(git) => git.url.path().into(),
        Source::S3(s3) if s3.key.is_empty() => PathBuf::from(&s3.bucket),
        Source::S3(s3) => Path::new(&s3.key).with_extension(""),
        Source::None => PathBuf::new(),
    };
    last_part(&path)
}

fn last_part(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn timeout(args: &BuildArgs, project: &Project) -> Result<Duration, CliError> {
    let minutes = args
        .timeout
        .or(project.timeout_in_minutes)
        .unwrap_or(DEFAULT_TIMEOUT_MINUTES);
    if !(minutes > 0.0 && minutes <= LONGEST_TIMEOUT_MINUTES) {
        return Err(CliError::unusable(
            format!("a timeout of {minutes} minutes is not possible"),
            format!("give more than 0 and at most {LONGEST_TIMEOUT_MINUTES} minutes"),
        ));
    }
    Ok(Duration::from_secs_f64(minutes * 60.0))
}

pub(super) fn directory(path: &Path) -> Result<PathBuf, CliError> {
    absolute(path).map_err(|error| {
        CliError::unusable(
            format!("`{}`: {error}", path.display()),
            "give a directory's path",
        )
    })
}

/// Reads a text file of a sane size.
pub(super) fn read_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?
        .take(TEXT_LIMIT)
        .read_to_string(&mut text)?;
    Ok(text)
}
