//! Which directories a cache keeps: `cache.paths` are globs below the source, or absolute (reference §1.9, §7.2).

use std::path::{Component, Path};

/// What `cache.paths` come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CachePaths {
    /// Globs below the source, relative to it.
    pub inside: Vec<String>,
    /// Directories outside the source. No one lies within another.
    pub outside: Vec<OutsidePath>,
    /// Paths that are not kept, and why.
    pub left: Vec<(String, &'static str)>,
}

/// A directory outside the source, and what of it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsidePath {
    /// The directory in the container.
    pub directory: String,
    /// Globs relative to it.
    pub patterns: Vec<String>,
}

impl CachePaths {
    /// Names all that is kept, for a key: other paths are another cache.
    pub fn names(&self) -> Vec<String> {
        let inside = self.inside.iter().cloned();
        let outside = self.outside.iter().flat_map(|it| {
            let patterns = it.patterns.iter();
            patterns.map(|pattern| format!("{}/{pattern}", it.directory))
        });
        inside.chain(outside).collect()
    }
}

/// Where the image's own files are: too much to be kept, or none of a cache's business.
const SYSTEM: [&str; 15] = [
    "/", "/bin", "/boot", "/etc", "/home", "/lib", "/lib64", "/mnt", "/opt", "/root", "/sbin",
    "/srv", "/tmp", "/usr", "/var",
];
/// What is not the image's at all, with all that is below.
const FOREIGN: [&str; 6] = [
    "/codebuild",
    "/dev",
    "/proc",
    "/run",
    "/sys",
    "/var/lib/docker",
];

/// Takes the paths of a cache apart; `source` is the source's directory in the container, `home` what `~` stands for.
pub fn cache_paths(paths: &[String], source: &str, home: &str) -> CachePaths {
    let mut found = CachePaths::default();
    for path in paths {
        let absolute = match path.strip_prefix('~') {
            Some("") => home.to_owned(),
            Some(rest) if rest.starts_with('/') => format!("{home}{rest}"),
            _ => path.clone(),
        };
        if let Ok(below) = Path::new(&absolute).strip_prefix(source) {
            found.inside.push(below.to_string_lossy().into_owned());
        } else if absolute.starts_with('/') {
            match outside(&absolute) {
                Ok((directory, pattern)) => found.add(directory, pattern),
                Err(reason) => found.left.push((path.clone(), reason)),
            }
        } else if absolute.starts_with('~') {
            let reason = "only the home directory of the build's own user is known";
            found.left.push((path.clone(), reason));
        } else {
            found.inside.push(absolute);
        }
    }
    found.inside.retain(|path| !path.is_empty());
    found
}

/// Splits a path at its first wildcard. Without one, it is a directory that is kept whole.
fn outside(path: &str) -> Result<(String, String), &'static str> {
    let mut fixed = String::new();
    let mut rest = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::RootDir | Component::CurDir => {}
            Component::Normal(name) => {
                let name = name.to_string_lossy();
                if rest.is_empty() && !name.contains(['*', '?', '[', ']', '{', '}', '\\']) {
                    fixed.push('/');
                    fixed.push_str(&name);
                } else {
                    rest.push(name.into_owned());
                }
            }
            Component::ParentDir | Component::Prefix(_) => return Err("it has a `..` in it"),
        }
    }
    if fixed.is_empty() || SYSTEM.contains(&fixed.as_str()) {
        return Err("it names no directory of a cache's own before its first wildcard");
    }
    let mut foreign = FOREIGN.iter();
    if foreign.any(|foreign| Path::new(&fixed).starts_with(foreign)) {
        return Err("what is there is not the build's to keep");
    }
    if rest.is_empty() {
        rest.push("**".into());
        rest.push("*".into());
    }
    Ok((fixed, rest.join("/")))
}

impl CachePaths {
    /// Adds a pattern to the directory that holds it already, or takes in those that it holds.
    fn add(&mut self, directory: String, pattern: String) {
        let relative = |below: &str, above: &str, pattern: &str| {
            let between = Path::new(below).strip_prefix(above).ok()?;
            let between = between.to_string_lossy();
            Some(if between.is_empty() {
                pattern.to_owned()
            } else {
                format!("{between}/{pattern}")
            })
        };
        for known in &mut self.outside {
            if let Some(pattern) = relative(&directory, &known.directory, &pattern) {
                known.patterns.push(pattern);
                return;
            }
        }
        let mut patterns = vec![pattern];
        self.outside.retain(|known| {
            let below = |pattern: &String| relative(&known.directory, &directory, pattern);
            let taken: Option<Vec<String>> = known.patterns.iter().map(below).collect();
            let stays = taken.is_none();
            patterns.extend(taken.into_iter().flatten());
            stays
        });
        self.outside.push(OutsidePath {
            directory,
            patterns,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(paths: &[&str]) -> CachePaths {
        let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
        cache_paths(&paths, "/codebuild/output/src1/src", "/root")
    }

    fn outside(directory: &str, patterns: &[&str]) -> OutsidePath {
        OutsidePath {
            directory: directory.into(),
            patterns: patterns.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_path_is_kept_from_the_directory_before_its_first_wildcard() {
        let found = of(&[
            "node_modules/**/*",
            "/codebuild/output/src1/src/dist/*",
            "/root/.npm/**/*",
            "~/.m2",
            "/opt/cache/*.bin",
        ]);
        assert_eq!(found.inside, ["node_modules/**/*", "dist/*"]);
        let expected = [
            outside("/root/.npm", &["**/*"]),
            outside("/root/.m2", &["**/*"]),
            outside("/opt/cache", &["*.bin"]),
        ];
        assert_eq!(found.outside, expected);
        assert_eq!(found.left, []);
    }

    #[test]
    fn no_directory_lies_within_another() {
        let inner = "/root/.cache/pip/**/*";
        let outer = "/root/.cache/*";
        for paths in [[inner, outer], [outer, inner]] {
            let mut found = of(&paths).outside;
            found[0].patterns.sort();
            assert_eq!(found, [outside("/root/.cache", &["*", "pip/**/*"])]);
        }
    }

    #[test]
    fn what_is_the_systems_is_left() {
        let paths = [
            "/**/*",
            "/usr/*",
            "/proc/1/*",
            "/root/*",
            "/codebuild/output/other/*",
            "/root/../etc/x",
            "~nobody/x",
        ];
        let found = of(&paths);
        assert_eq!((found.inside.len(), found.outside.len()), (0, 0));
        let left: Vec<&str> = found.left.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(left, paths);
    }
}
