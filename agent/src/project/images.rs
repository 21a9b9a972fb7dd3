//! Declared images: read with their places, and judged.

use indexmap::{IndexMap, IndexSet};
use serde::Deserialize;
use serde_yaml::Spanned;

use crate::model::{ImageDeclaration, ImageUri, RepositoryWish, Severity};

/// What is wrong with a declaration, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFinding {
    /// Line and column in the file, from 1; `None` for what was typed.
    pub place: Option<(u64, u64)>,
    /// What is wrong.
    pub message: String,
    /// The next step.
    pub help: String,
}

/// A declaration as it stands in a project file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Declared {
    name: Spanned<String>,
    context: Spanned<String>,
    repository: Spanned<String>,
    dockerfile: Option<Spanned<String>>,
    #[serde(default)]
    tags: Vec<Spanned<String>>,
    #[serde(default)]
    args: IndexMap<String, String>,
    target: Option<String>,
    platform: Option<Spanned<String>>,
    #[serde(default)]
    labels: IndexMap<String, String>,
    #[serde(default)]
    uri: ImageUri,
    create: Option<Create>,
    scan: Option<Scan>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Create {
    Asked(bool),
    Wish(Wish),
}

/// `create` of an image: what Kids Learn's construct makes, unless it says otherwise.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Wish {
    scan_on_push: bool,
    immutable: bool,
    kms_key: Option<String>,
    lifecycle: Option<Lifecycle>,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            scan_on_push: true,
            immutable: false,
            kms_key: None,
            lifecycle: None,
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Lifecycle {
    keep: Option<u32>,
    untagged_days: Option<u32>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Scan {
    fail_on: Spanned<String>,
}

/// Judges declarations; returns them, or everything that is wrong with them.
pub(super) fn judge(declared: &[Declared]) -> Result<Vec<ImageDeclaration>, Vec<ImageFinding>> {
    let mut findings = Vec::new();
    let images: Vec<ImageDeclaration> =
        declared
            .iter()
            .map(|declared| {
                let image = plain(declared, &mut findings);
                findings.extend(wrong(&image).into_iter().map(|(field, message, help)| {
                    ImageFinding {
                        place: Some(declared.place(field)),
                        message,
                        help: help.to_owned(),
                    }
                }));
                image
            })
            .collect();
    let mut names = IndexSet::new();
    for (image, declared) in images.iter().zip(declared) {
        if !names.insert(&image.name) {
            findings.push(ImageFinding {
                place: Some(declared.place(Field::Name)),
                message: twice(&image.name),
                help: "give each image a name of its own".to_owned(),
            });
        }
    }
    if findings.is_empty() {
        Ok(images)
    } else {
        findings.sort_by_key(|finding| finding.place);
        Err(findings)
    }
}

pub(super) fn twice(name: &str) -> String {
    format!("image `{name}` is declared twice")
}

/// The fields whose content is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    Context,
    Dockerfile,
    Repository,
    Tag(usize),
    Platform,
}

impl Declared {
    fn place(&self, field: Field) -> (u64, u64) {
        let found = match field {
            Field::Name => Some(&self.name),
            Field::Context => Some(&self.context),
            Field::Dockerfile => self.dockerfile.as_ref(),
            Field::Repository => Some(&self.repository),
            Field::Tag(index) => self.tags.get(index),
            Field::Platform => self.platform.as_ref(),
        };
        place(found.unwrap_or(&self.name))
    }
}

fn place(text: &Spanned<String>) -> (u64, u64) {
    (text.referenced.line(), text.referenced.column())
}

fn plain(declared: &Declared, findings: &mut Vec<ImageFinding>) -> ImageDeclaration {
    let fail_on = declared.scan.as_ref().and_then(|scan| {
        let found = Severity::of_word(&scan.fail_on.value);
        if found.is_none() {
            let words: Vec<&str> = Severity::ALL.iter().map(|(_, word)| *word).collect();
            findings.push(ImageFinding {
                place: Some(place(&scan.fail_on)),
                message: format!("`{}` is not a severity of ECR's scans", scan.fail_on.value),
                help: format!("use one of {}", words.join(", ")),
            });
        }
        found
    });
    let wish = match &declared.create {
        None | Some(Create::Asked(false)) => None,
        Some(Create::Asked(true)) => Some(Wish::default()),
        Some(Create::Wish(wish)) => Some(wish.clone()),
    };
    let pairs = |map: &IndexMap<String, String>| {
        let pairs = map
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()));
        pairs.collect()
    };
    let dockerfile = declared.dockerfile.as_ref();
    ImageDeclaration {
        name: declared.name.value.clone(),
        context: declared.context.value.clone(),
        dockerfile: dockerfile.map_or_else(
            || ImageDeclaration::DOCKERFILE.to_owned(),
            |path| path.value.clone(),
        ),
        repository: declared.repository.value.clone(),
        tags: declared.tags.iter().map(|tag| tag.value.clone()).collect(),
        args: pairs(&declared.args),
        target: declared.target.clone(),
        platform: declared.platform.as_ref().map(|it| it.value.clone()),
        labels: pairs(&declared.labels),
        uri: declared.uri,
        create: wish.map(|wish| {
            let lifecycle = wish.lifecycle.unwrap_or_default();
            RepositoryWish {
                scan_on_push: wish.scan_on_push,
                immutable: wish.immutable,
                kms_key: wish.kms_key,
                keep: lifecycle.keep,
                untagged_days: lifecycle.untagged_days,
            }
        }),
        fail_on,
    }
}

/// Returns what is wrong with a declaration's texts, as far as it can be seen before variables are expanded.
pub(super) fn wrong(image: &ImageDeclaration) -> Vec<(Field, String, &'static str)> {
    let mut found = Vec::new();
    let name = &image.name;
    // Reference §6.6: ECS's own rule for a container's name.
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 255 || !name.chars().all(plain) {
        found.push((
            Field::Name,
            format!("`{name}` is not a container's name"),
            "use up to 255 letters, digits, dashes and underscores: it is the container's name in the task definition",
        ));
    }
    for (field, path) in [
        (Field::Context, &image.context),
        (Field::Dockerfile, &image.dockerfile),
    ] {
        if !has_variable(path) && (path.is_empty() || path.starts_with('/') || climbs(path)) {
            found.push((
                field,
                format!("`{path}` of image `{name}` is not a path within the source"),
                "give a path relative to the source root, the Dockerfile's relative to its context",
            ));
        }
    }
    let repository = &image.repository;
    if !has_variable(repository)
        && let Err(reason) = is_repository(repository)
    {
        found.push((
            Field::Repository,
            format!("`{repository}` of image `{name}` is not a repository: {reason}"),
            "write `[host/]path`, such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com/web`, and tags under `tags`",
        ));
    }
    for (index, tag) in image.tags.iter().enumerate() {
        if !has_variable(tag) && !is_tag(tag) {
            found.push((
                Field::Tag(index),
                format!("`{tag}` of image `{name}` is not a tag"),
                "use up to 128 letters, digits, underscores, dots and dashes, the first a letter, digit or underscore",
            ));
        }
    }
    if let Some(platform) = &image.platform
        && !has_variable(platform)
        && !is_platform(platform)
    {
        found.push((
            Field::Platform,
            format!("`{platform}` of image `{name}` is not a platform"),
            "write `os/architecture`, such as `linux/amd64` or `linux/arm64`; one image has one platform",
        ));
    }
    found
}

fn has_variable(text: &str) -> bool {
    text.contains(['$', '`'])
}

/// Whether a path leads above where it starts.
fn climbs(path: &str) -> bool {
    let mut depth = 0_i32;
    path.split('/').any(|part| {
        depth += match part {
            "" | "." => 0,
            ".." => -1,
            _ => 1,
        };
        depth < 0
    })
}

fn is_repository(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.contains("://") {
        return Err("it is an address");
    }
    if text.contains('@') {
        return Err("it has a digest");
    }
    let (host, path) = match text.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
        _ => ("", text),
    };
    if path.contains(':') {
        return Err("it has a tag");
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    let is_part = |part: &str| {
        part.chars().all(plain)
            && part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    if !path.split('/').all(is_part) {
        return Err(
            "its path has something else than small letters, digits and `.`, `_`, `-` between them",
        );
    }
    let of_host = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    if !host.chars().all(of_host) {
        return Err("its host is none");
    }
    Ok(())
}

fn is_tag(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=128).contains(&text.len()) && text.chars().all(plain) && !text.starts_with(['.', '-'])
}

fn is_platform(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let parts: Vec<&str> = text.split('/').collect();
    (2..=3).contains(&parts.len())
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.chars().all(plain))
}

#[cfg(test)]
mod tests {
    use super::super::{ProjectError, parse};
    use super::*;

    fn findings(text: &str) -> Vec<(u64, u64, String)> {
        let Err(ProjectError::Images(findings)) = parse(text, None) else {
            panic!("no findings in {text}");
        };
        let placed = |finding: ImageFinding| {
            let (line, column) = finding.place.unwrap();
            (line, column, finding.message)
        };
        findings.into_iter().map(placed).collect()
    }

    #[test]
    fn every_field_of_a_declaration_is_read() {
        let text = "images:\n  - name: web\n    context: app\n    dockerfile: ci/Dockerfile\n    repository: h.test/web\n    tags: [a, b]\n    args: {NODE: 20, A: '$B'}\n    target: out\n    platform: linux/arm64\n    labels: {team: x}\n    uri: tag\n    create: {immutable: true, lifecycle: {keep: 10, untagged-days: 7}}\n    scan: {fail-on: HIGH}\n";
        let project = parse(text, None).unwrap();
        let image = &project.images[0];
        assert_eq!(
            image.args,
            [("NODE".into(), "20".into()), ("A".into(), "$B".into())]
        );
        assert_eq!(image.uri, ImageUri::Tag);
        assert_eq!(image.fail_on, Some(Severity::High));
        let wish = image.create.as_ref().unwrap();
        assert!(wish.scan_on_push && wish.immutable);
        assert_eq!((wish.keep, wish.untagged_days), (Some(10), Some(7)));
    }

    #[test]
    fn what_is_wrong_is_told_with_line_and_column() {
        let text = "name: p\nimages:\n  - name: web site\n    context: ../other\n    repository: h.test/web:1\n    tags: [ok, '-no', '${MAYBE}']\n    platform: arm64\n    scan: {fail-on: TERRIBLE}\n  - {name: a, context: ., repository: r}\n  - {name: a, context: ., repository: 'https://r'}\n";
        let found = findings(text);
        let places: Vec<(u64, u64)> = found.iter().map(|(l, c, _)| (*l, *c)).collect();
        assert_eq!(
            places,
            [
                (3, 11),
                (4, 14),
                (5, 17),
                (6, 16),
                (7, 15),
                (8, 21),
                (10, 12),
                (10, 39)
            ],
            "{found:#?}"
        );
    }

    #[test]
    fn a_path_may_go_up_as_long_as_it_stays_within() {
        assert!(!climbs("a/../b"));
        assert!(climbs("a/../../b"));
        assert!(is_repository("localhost:5000/a/b-c.d").is_ok());
        assert!(is_repository("Web").is_err());
    }
}
