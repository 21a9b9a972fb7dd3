//! SOURCE and what belongs to it: from what was typed, or what a project says, to the sources of a build.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::CliError;
use crate::model::{
    GitSource, GitUrl, GitVersion, MOST_SECONDARY_SOURCES, S3Source, SecondarySource, Source,
};

/// Where the source comes from.
#[derive(Debug, Args)]
pub(super) struct SourceArgs {
    /// The source: a directory, which is copied and never written to; a git address (`https://…`, `ssh://…`,
    /// `git@host:path`, `file://…`); `s3://bucket/key.zip` or `s3://bucket/folder/`; a zip archive; or `none`
    /// [default: this directory]
    #[arg(value_name = "SOURCE")]
    pub(super) source: Option<OsString>,

    /// Take the sources, versions and submodules that the project names.
    #[arg(long, requires = "project", conflicts_with = "source")]
    pub(super) project_source: bool,

    /// The version of the source: a branch, tag, commit, `pr/N` or ref of a repository; an object's version in S3.
    #[arg(long, value_name = "REF")]
    source_version: Option<String>,

    /// How many commits of history are fetched; 0 and more than 25 are all of them [default: all].
    #[arg(long, value_name = "N")]
    git_depth: Option<u32>,

    /// Also fetch the submodules of git sources.
    #[arg(long)]
    submodules: bool,

    /// A further source, which lies in `CODEBUILD_SRC_DIR_ID`; up to 12.
    #[arg(long, value_name = "ID=SOURCE")]
    secondary_source: Vec<OsString>,

    /// The version of a further source.
    #[arg(long, value_name = "ID=REF")]
    secondary_source_version: Vec<String>,
}

/// The sources of a build.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) primary: Source,
    pub(super) secondary: Vec<SecondarySource>,
}

/// Returns the sources that were typed, or those of the project, `named`, where they were asked for.
pub(super) fn sources(args: &SourceArgs, named: Option<Sources>) -> Result<Sources, CliError> {
    let Sources {
        mut primary,
        mut secondary,
    } = if let Some(named) = named {
        named
    } else {
        let typed = args.source.as_deref().unwrap_or(OsStr::new("."));
        Sources {
            primary: self::typed(typed)?,
            secondary: Vec::new(),
        }
    };
    adjust(&mut primary, args);
    if let Some(version) = &args.source_version {
        set_version(&mut primary, version)?;
    }
    for typed in &args.secondary_source {
        let (id, typed) = id_and_source(typed)?;
        let mut found = self::typed(&typed)?;
        adjust(&mut found, args);
        secondary.push(SecondarySource { id, source: found });
    }
    for typed in &args.secondary_source_version {
        let (id, version) = typed.split_once('=').unwrap_or((typed, ""));
        let one = secondary.iter_mut().find(|one| one.id == id);
        let one = one.ok_or_else(|| {
            CliError::unusable(
                format!("there is no secondary source `{id}` to have a version"),
                "write `--secondary-source-version ID=REF`, with the ID of a `--secondary-source ID=SOURCE`",
            )
        })?;
        set_version(&mut one.source, version)?;
    }
    check_ids(&secondary)?;
    Ok(Sources { primary, secondary })
}

/// Reads one SOURCE.
pub(super) fn typed(typed: &OsStr) -> Result<Source, CliError> {
    let text = typed.to_string_lossy();
    if text == "none" {
        return Ok(Source::None);
    }
    if let Some(place) = s3(&text) {
        return place.map(Source::S3);
    }
    let path = Path::new(typed);
    if let Some(url) = GitUrl::parse(&text).filter(|_| !path.exists()) {
        return Ok(Source::Git(GitSource {
            url,
            version: None,
            depth: 0,
            submodules: false,
        }));
    }
    if (text.contains("://") || text.contains("::")) && !path.exists() {
        return Err(CliError::unusable(
            format!("`{}` is no source that can be fetched", without_user(&text)),
            "write `https://…`, `ssh://…`, `git@host:path` or `file:///…` for git, `s3://bucket/key` for S3",
        ));
    }
    on_disk(path)
}

fn on_disk(path: &Path) -> Result<Source, CliError> {
    let help = "give a directory that exists: `understudy run path/to/source`";
    let unreadable = |reason: &dyn std::fmt::Display| {
        CliError::unusable(
            format!("source `{}` cannot be read: {reason}", path.display()),
            help,
        )
    };
    let found: PathBuf = fs::canonicalize(path).map_err(|error| unreadable(&error))?;
    let metadata = fs::metadata(&found).map_err(|error| unreadable(&error))?;
    let is_zip = found
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    if metadata.is_file() && is_zip {
        return Ok(Source::Archive(found));
    }
    Ok(Source::Directory(found))
}

/// Reads a place in S3, `s3://bucket/key` or its ARN; `None` for other texts.
pub(super) fn s3(text: &str) -> Option<Result<S3Source, CliError>> {
    let place = text
        .strip_prefix("s3://")
        .or_else(|| text.strip_prefix("arn:aws:s3:::"))?;
    Some(s3_place(place))
}

/// Reads the place `bucket/key` in S3.
pub(super) fn s3_place(place: &str) -> Result<S3Source, CliError> {
    let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    // A key has at most 1024 bytes; a bucket's name 3 to 63, of old 255.
    let is_place =
        (3..=255).contains(&bucket.len()) && bucket.chars().all(plain) && key.len() <= 1024;
    if !is_place {
        return Err(CliError::unusable(
            format!("`{place}` is no place in S3"),
            "write `s3://bucket/key` for an archive or `s3://bucket/folder/` for a folder",
        ));
    }
    Ok(S3Source {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version: None,
    })
}

/// What a wrong address begins with may be a password.
fn without_user(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
        _ => text.to_owned(),
    }
}

fn adjust(source: &mut Source, args: &SourceArgs) {
    if let Source::Git(git) = source {
        git.depth = args.git_depth.unwrap_or(git.depth);
        git.submodules |= args.submodules;
    }
}

/// Sets the version of a source that can have any.
pub(super) fn set_version(source: &mut Source, version: &str) -> Result<(), CliError> {
    match source {
        Source::Git(git) => {
            let read = GitVersion::parse(version);
            git.version = Some(read.ok_or_else(|| {
                CliError::unusable(
                    format!("`{version}` is no version of a repository"),
                    "name a branch, a tag, a commit, `pr/N` or a ref such as `refs/heads/main`",
                )
            })?);
        }
        Source::S3(s3) if !s3.is_folder() => s3.version = Some(version.to_owned()),
        other => {
            return Err(CliError::unusable(
                format!("{} has no version `{version}`", other.location()),
                "leave the version out: only repositories and objects in S3 have any",
            ));
        }
    }
    Ok(())
}

fn id_and_source(typed: &OsStr) -> Result<(String, OsString), CliError> {
    let text = typed.to_string_lossy();
    let unusable = || {
        CliError::unusable(
            format!("`{}` is no secondary source", without_user(&text)),
            "write `--secondary-source ID=SOURCE`, such as `lib=https://github.com/owner/lib.git`",
        )
    };
    let (id, source) = text.split_once('=').ok_or_else(unusable)?;
    if source.is_empty() {
        return Err(unusable());
    }
    Ok((id.to_owned(), source.into()))
}

/// CodeBuild's rules for identifiers (reference §10.2).
fn check_ids(secondary: &[SecondarySource]) -> Result<(), CliError> {
    if secondary.len() > MOST_SECONDARY_SOURCES {
        return Err(CliError::unusable(
            format!("there are {} secondary sources", secondary.len()),
            format!("give at most {MOST_SECONDARY_SOURCES}, as in CodeBuild"),
        ));
    }
    for (index, one) in secondary.iter().enumerate() {
        let id = &one.id;
        let plain = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if id.is_empty() || id.len() >= 128 || !plain {
            return Err(CliError::unusable(
                format!("`{id}` is no identifier of a source"),
                "use letters, digits and underscore, fewer than 128 of them",
            ));
        }
        if secondary.iter().take(index).any(|other| other.id == *id) {
            return Err(CliError::unusable(
                format!("two secondary sources are called `{id}`"),
                "give each an identifier of its own",
            ));
        }
    }
    Ok(())
}
