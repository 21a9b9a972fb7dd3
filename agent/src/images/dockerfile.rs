//! Which images a Dockerfile begins from or copies from.

use indexmap::{IndexMap, IndexSet};

/// An image that a Dockerfile needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BaseImage {
    /// Its name as it stands there, variables expanded.
    pub name: String,
    /// The platform that its line asks for.
    pub platform: Option<String>,
}

/// A `FROM` that cannot be understood without a builder.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` names an image by what only its builder knows")]
pub struct UnknownBase(String);

/// Returns the images that a Dockerfile needs, in its order, each once. `args` are the build's arguments, `platform` what
/// it is built for.
pub fn base_images(
    text: &str,
    args: &[(String, String)],
    platform: &str,
) -> Result<Vec<BaseImage>, UnknownBase> {
    let mut variables = platform_arguments(platform);
    let mut stages: Vec<Option<String>> = Vec::new();
    let mut found = IndexSet::new();
    for line in instructions(text) {
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        match name.to_ascii_uppercase().as_str() {
            // Only arguments before the first stage are known to `FROM`.
            "ARG" if stages.is_empty() => {
                for word in rest.split_whitespace() {
                    let (name, default) = match word.split_once('=') {
                        Some((name, default)) => (name, Some(unquoted(default))),
                        None => (word, None),
                    };
                    let given = args.iter().rfind(|(known, _)| known == name);
                    let value = match given {
                        Some((_, value)) => Some(value.clone()),
                        None => default.and_then(|default| expand(default, &variables)),
                    };
                    match value {
                        Some(value) => variables.insert(name.to_owned(), value),
                        None => continue,
                    };
                }
            }
            "FROM" => {
                let mut words = rest.split_whitespace();
                let mut platform = None;
                let mut image = words.next();
                while let Some(flag) = image.filter(|word| word.starts_with("--")) {
                    platform = flag.strip_prefix("--platform=");
                    image = words.next();
                }
                let unknown = || UnknownBase(line.clone());
                let expanded = |text: &str| expand(unquoted(text), &variables).ok_or_else(unknown);
                let image = expanded(image.unwrap_or_default())?;
                let platform = platform.map(expanded).transpose()?;
                if image.is_empty() {
                    return Err(unknown());
                }
                if image != "scratch" && !is_stage(&stages, &image) {
                    found.insert(BaseImage {
                        name: image,
                        platform,
                    });
                }
                let named = words.next().filter(|word| word.eq_ignore_ascii_case("as"));
                let name = named.and_then(|_as| words.next());
                stages.push(name.map(str::to_ascii_lowercase));
            }
            "COPY" | "ADD" | "RUN" => {
                for image in other_images(rest) {
                    if is_stage(&stages, image) {
                        continue;
                    }
                    if image.contains('$') {
                        return Err(UnknownBase(line.clone()));
                    }
                    found.insert(BaseImage {
                        name: image.to_owned(),
                        platform: None,
                    });
                }
            }
            _ => {}
        }
    }
    Ok(found.into_iter().collect())
}

fn is_stage(stages: &[Option<String>], name: &str) -> bool {
    let number = name.parse::<usize>();
    number.is_ok_and(|number| number < stages.len())
        || stages
            .iter()
            .flatten()
            .any(|stage| stage.eq_ignore_ascii_case(name))
}

/// Returns what `--from=` and `--mount=…,from=` name.
fn other_images(rest: &str) -> impl Iterator<Item = &str> {
    let flags = rest
        .split_whitespace()
        .take_while(|word| word.starts_with("--"));
    flags.flat_map(|flag| {
        let from = flag.strip_prefix("--from=").into_iter();
        let mount = flag.strip_prefix("--mount=").unwrap_or_default();
        from.chain(
            mount
                .split(',')
                .filter_map(|part| part.strip_prefix("from=")),
        )
    })
}

fn platform_arguments(platform: &str) -> IndexMap<String, String> {
    let mut parts = platform.splitn(3, '/');
    let (os, architecture) = (parts.next(), parts.next());
    let variant = parts.next().unwrap_or_default();
    let (os, architecture) = (os.unwrap_or_default(), architecture.unwrap_or_default());
    let mut all = IndexMap::new();
    for (name, value) in [
        ("TARGETPLATFORM", platform),
        ("TARGETOS", os),
        ("TARGETARCH", architecture),
        ("TARGETVARIANT", variant),
    ] {
        all.insert(name.to_owned(), value.to_owned());
    }
    all
}

fn unquoted(text: &str) -> &str {
    let inner = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

/// Replaces `$A`, `${A}`, `${A:-default}` and `${A:+other}`; `None` for what is not known.
fn expand(text: &str, variables: &IndexMap<String, String>) -> Option<String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let (name, other, remaining) = if let Some(inner) = after.strip_prefix('{') {
            let (inner, remaining) = inner.split_once('}')?;
            let (name, other) = inner.split_at(name_length(inner));
            (name, other, remaining)
        } else {
            let (name, remaining) = after.split_at(name_length(after));
            (name, "", remaining)
        };
        let known = variables.get(name).filter(|value| !value.is_empty());
        if name.is_empty() {
            return None;
        } else if let Some(default) = other.strip_prefix(":-") {
            expanded.push_str(known.map_or(default, String::as_str));
        } else if let Some(instead) = other.strip_prefix(":+") {
            expanded.push_str(if known.is_some() { instead } else { "" });
        } else if other.is_empty() {
            expanded.push_str(known?);
        } else {
            return None;
        }
        rest = remaining;
    }
    expanded.push_str(rest);
    Some(expanded)
}

fn name_length(text: &str) -> usize {
    let end = text.find(|c: char| !is_of_name(c));
    end.unwrap_or(text.len())
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Returns the instructions, each on one line, without comments and without the text of here-documents.
fn instructions(text: &str) -> Vec<String> {
    let escape = escape(text);
    let mut all = Vec::new();
    let mut open = String::new();
    let mut ends: Vec<(String, bool)> = Vec::new();
    for line in text.lines() {
        if let Some((end, tabs)) = ends.first() {
            let line = if *tabs {
                line.trim_start_matches('\t')
            } else {
                line
            };
            if line == end {
                ends.remove(0);
            }
            continue;
        }
        let trimmed = line.trim();
        // A comment or an empty line does not end an instruction that goes on.
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if let Some(goes_on) = trimmed.strip_suffix(escape) {
            open.push_str(goes_on);
            open.push(' ');
            continue;
        }
        open.push_str(trimmed);
        let whole = std::mem::take(&mut open);
        ends = here_documents(&whole);
        all.push(whole.trim().to_owned());
    }
    if !open.trim().is_empty() {
        all.push(open.trim().to_owned());
    }
    all
}

/// The parser directive `# escape=` is heeded only at the top.
fn escape(text: &str) -> char {
    for line in text.lines() {
        let Some(comment) = line.trim().strip_prefix('#') else {
            break;
        };
        let Some((name, value)) = comment.split_once('=') else {
            break;
        };
        if name.trim().eq_ignore_ascii_case("escape") && value.trim() == "`" {
            return '`';
        }
    }
    '\\'
}

/// Returns the words that end the here-documents of an instruction, and whether tabs before them do not count.
fn here_documents(line: &str) -> Vec<(String, bool)> {
    let has_them = ["RUN", "COPY", "ADD"];
    let name = line.split_whitespace().next().unwrap_or_default();
    if !has_them.contains(&name.to_ascii_uppercase().as_str()) {
        return Vec::new();
    }
    let words = line.split_whitespace();
    words
        .filter_map(|word| {
            let at = word.find("<<")?;
            let (_, word) = word.split_at(at);
            let word = word.strip_prefix("<<")?;
            let (word, tabs) = match word.strip_prefix('-') {
                Some(word) => (word, true),
                None => (word, false),
            };
            let word = unquoted(word);
            let plain = !word.is_empty() && word.chars().all(is_of_name);
            plain.then(|| (word.to_owned(), tabs))
        })
        .collect()
}

impl BaseImage {
    /// Whether the name pins the image by its digest.
    pub fn digest(&self) -> Option<&str> {
        self.name.split_once('@').map(|(_, digest)| digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str, args: &[(&str, &str)]) -> Vec<String> {
        let args: Vec<_> = args
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let found = base_images(text, &args, "linux/arm64/v8").unwrap();
        found.into_iter().map(|base| base.name).collect()
    }

    #[test]
    fn every_image_that_a_dockerfile_names_is_found_once_and_no_stage() {
        let text = "# syntax=docker/dockerfile:1\nARG NODE=20\nARG BASE=node:${NODE}-slim\nFROM --platform=$TARGETPLATFORM $BASE AS build\nARG NODE=99\nRUN npm ci && \\\n  # a comment\n  npm test\nFROM build as test\nFROM \"alpine:${VERSION:-3}\"\nCOPY --from=build /a /b\nCOPY --from=0 /a /b\nCOPY --chown=1 --from=busybox:1 /a /b\nRUN --mount=type=bind,from=golang:1,target=/g --network=none ls\nFROM scratch\nFROM Build\n";
        assert_eq!(
            names(text, &[]),
            ["node:20-slim", "alpine:3", "busybox:1", "golang:1"]
        );
        assert_eq!(
            names(text, &[("NODE", "22")]),
            ["node:22-slim", "alpine:3", "busybox:1", "golang:1"]
        );
        let platform = base_images(text, &[], "linux/arm64")
            .unwrap()
            .remove(0)
            .platform;
        assert_eq!(platform.as_deref(), Some("linux/arm64"));
    }

    #[test]
    fn what_stands_in_a_here_document_or_a_comment_is_no_instruction() {
        let text = "FROM a\nRUN <<EOF\nFROM b\nEOF\nCOPY <<-'X' <<Y /d/\nFROM c\n\tX\nFROM d\nY\n# FROM e\nFROM f\n";
        assert_eq!(names(text, &[]), ["a", "f"]);
        let windows = "# escape=`\nFROM a `\n AS b\nRUN dir c:\\\nFROM c\n";
        assert_eq!(names(windows, &[]), ["a", "c"]);
    }

    #[test]
    fn a_base_that_is_not_known_is_told_and_not_guessed() {
        for text in [
            "FROM $NONE",
            "ARG A\nFROM x:$A",
            "FROM ${A:?no}",
            "FROM ",
            "FROM a\nCOPY --from=$A a b",
        ] {
            assert!(base_images(text, &[], "linux/amd64").is_err(), "{text}");
        }
    }
}
